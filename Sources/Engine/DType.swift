/// The element types of tensors.
package enum DType: UInt8, Sendable, CaseIterable, Hashable {
  case f32, f64, i32, i64, bool

  /// The word a user types: `f32`.
  package var name: String {
    switch self {
    case .f32: "f32"
    case .f64: "f64"
    case .i32: "i32"
    case .i64: "i64"
    case .bool: "bool"
    }
  }

  package init?(name: String) {
    guard let match = DType.allCases.first(where: { $0.name == name }) else { return nil }
    self = match
  }

  /// Bytes an element.
  package var size: Int {
    switch self {
    case .f32, .i32: 4
    case .f64, .i64: 8
    case .bool: 1
    }
  }

  package var isFloat: Bool { self == .f32 || self == .f64 }
  package var isInteger: Bool { self == .i32 || self == .i64 }
}

// What was measured on data and is applied to other data: scalers, trees, projections. Its numbers are
// kept with a saved model.

import Autodiff
import Diagnostics
import Engine
import Interpreter

/// One sort of fitted object. All that differs from sort to sort is here.
struct FittedKind: Sendable {
  /// The name of an array of numbers and its shape.
  typealias Part = (name: String, dims: [Int])
  /// A field that is worked out when it is asked for.
  typealias Computed = (name: String, value: @Sendable (FittedObject, Session) throws -> Value)

  /// The function that measures it: `standardize`.
  let name: String
  /// What errors call it.
  let typeName: String
  /// How many sizes a saved model notes, such as its columns.
  let sizeCount: Int
  /// The arrays that objects of these sizes have, of at most two axes.
  let parts: @Sendable (_ sizes: [Int]) -> [Part]
  /// Which arrays are fields of the value.
  let fields: [String]
  /// Fields that are worked out of them.
  let computed: [Computed]
  /// Why a part cannot hold these numbers, which are finite.
  let fault: @Sendable (_ object: FittedObject, _ part: String, _ values: [Double]) -> String?
  /// What prints behind its name: `3 columns`.
  let summary: @Sendable (_ object: FittedObject) -> String
  /// What it makes of rows.
  let apply: @Sendable (_ object: FittedObject, _ x: Node) throws -> Value
  /// The way back, where there is one.
  let undo: (@Sendable (_ object: FittedObject, _ y: Node) throws -> Value)?

  init(
    _ name: String, typeName: String, sizeCount: Int = 1, fields: [String],
    computed: [Computed] = [],
    parts: @escaping @Sendable ([Int]) -> [Part],
    fault: @escaping @Sendable (FittedObject, String, [Double]) -> String? = { _, _, _ in nil },
    summary: @escaping @Sendable (FittedObject) -> String = { counted($0.columns, "column") },
    apply: @escaping @Sendable (FittedObject, Node) throws -> Value,
    undo: (@Sendable (FittedObject, Node) throws -> Value)? = nil
  ) {
    (self.name, self.typeName, self.sizeCount, self.fields) = (name, typeName, sizeCount, fields)
    (self.computed, self.parts, self.fault, self.summary) = (computed, parts, fault, summary)
    (self.apply, self.undo) = (apply, undo)
  }

  /// All sorts, by which a saved model finds its own.
  static let all: [FittedKind] =
    Scalers.kinds + TreeFunctions.kinds + ClusterFunctions.kinds + NeighborFunctions.kinds
    + ProjectionFunctions.kinds
}

/// A fitted object: a function of rows, with its numbers as fields.
final class FittedObject: ForeignObject {
  let kind: FittedKind
  /// The first one is the number of columns that it takes.
  let sizes: [Int]
  /// In which its numbers are told: that of the data.
  let dtype: DType
  /// Empty until a file has given them.
  private var numbers: [String: [Double]]
  /// What `apply` made of the numbers to be quick.
  var prepared: AnyObject?

  init(_ kind: FittedKind, sizes: [Int], dtype: DType, numbers: [String: [Double]]) {
    (self.kind, self.sizes, self.dtype, self.numbers) = (kind, sizes, dtype, numbers)
  }

  /// One whose numbers come from a file; nil where a size cannot be.
  init?(saved kind: FittedKind, sizes: [Int]) {
    guard sizes.count == kind.sizeCount, sizes.allSatisfy({ $0 >= 0 && $0 < 1 << 28 }) else {
      return nil
    }
    (self.kind, self.sizes, dtype, numbers) = (kind, sizes, .f32, [:])
  }

  var columns: Int { sizes[0] }

  subscript(part: String) -> [Double] {
    get { numbers[part] ?? [] }
    set {
      numbers[part] = newValue
      prepared = nil
    }
  }

  /// What undo of an entry needs.
  func snapshot() -> () -> Void {
    let numbers = numbers
    return { [self] in
      self.numbers = numbers
      prepared = nil
    }
  }

  /// What makes one with other numbers, as a saved model notes it: `standardize(3)`.
  var source: String { "\(kind.name)(\(sizes.map(String.init).joined(separator: ", ")))" }

  // MARK: - As a value

  var typeName: String { kind.typeName }
  var isCallable: Bool { true }
  var fieldNames: [String] {
    (kind.undo == nil ? [] : ["undo"]) + kind.fields + kind.computed.map(\.name)
  }

  func isEqual(to other: any ForeignObject) -> Bool {
    guard let other = other as? FittedObject else { return false }
    return kind.name == other.kind.name && sizes == other.sizes && numbers == other.numbers
  }

  func field(_ name: String, _ session: Session) throws -> Value? {
    if name == "undo", kind.undo != nil { return .foreign(FittedUndoObject(self)) }
    if let field = kind.computed.first(where: { $0.name == name }) {
      return try field.value(self, session)
    }
    guard kind.fields.contains(name),
      let part = kind.parts(sizes).first(where: { $0.name == name })
    else { return nil }
    return .tensor(try session.graph.tensor(self[name], shape: part.dims, dtype: dtype))
  }

  func describe(_ session: Session) throws -> StyledText {
    StyledText("\(kind.name)  # \(kind.summary(self))")
  }

  func call(_ call: Call) throws -> Value {
    var value = call.value(0)
    if case .foreign(let table as TableObject) = value { value = try table.tensor(call.session) }
    guard let x = call.session.node(value) else {
      throw Problem(
        .type, "\(withArticle(kind.typeName)) takes tensors and tables, not \(value.typePhrase)",
        argument: 0)
    }
    return try kind.apply(self, x.floats)
  }

  /// Throws where rows have another number of columns; one column may come as a vector or a number.
  func check(_ x: Node) throws {
    guard x.shape.dims.last == columns || columns == 1 && x.shape.rank < 2 else {
      throw Problem(
        .shape,
        "this \(kind.typeName) knows \(counted(columns, "column")); it got the shape "
          + "\(x.shape)", argument: 0)
    }
  }
}

/// `s.undo`: the way back, as a function and as a stage of a model.
final class FittedUndoObject: ForeignObject {
  let object: FittedObject
  init(_ object: FittedObject) { self.object = object }

  var typeName: String { "function" }
  var isCallable: Bool { true }
  var callParameters: [HostFunction.Parameter]? {
    [HostFunction.Parameter("y", "what the \(object.kind.typeName) gave")]
  }
  func call(_ call: Call) throws -> Value {
    guard let undo = object.kind.undo else {
      throw Problem(.type, "\(withArticle(object.kind.typeName)) has no way back")
    }
    return try undo(object, call.tensor(0).floats)
  }
  func isEqual(to other: any ForeignObject) -> Bool {
    (other as? FittedUndoObject).map { object.isEqual(to: $0.object) } ?? false
  }
  func describe(_ session: Session) throws -> StyledText {
    StyledText("\(object.kind.name).undo  # \(object.kind.summary(object))")
  }
}

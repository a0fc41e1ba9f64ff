// Scalers: mean and deviation of columns, to scale with and to scale back.

import Autodiff
import Diagnostics
import Engine
import Interpreter

final class ScalerObject: ForeignObject {
  /// Numbers that are saved with a model under these names.
  enum Part: String, CaseIterable {
    case mean, std
  }

  let columns: Int
  /// In which its numbers are told: that of the data.
  private let dtype: DType
  /// Empty until a file has given them.
  private var numbers: [Part: [Double]] = [:]

  init(mean: [Double], deviation: [Double], dtype: DType) {
    columns = mean.count
    self.dtype = dtype
    numbers = [.mean: mean, .std: deviation]
  }

  /// One whose numbers come from a file.
  init(columns: Int) { (self.columns, dtype) = (columns, .f32) }

  subscript(part: Part) -> [Double] {
    get { numbers[part] ?? [] }
    set { numbers[part] = newValue }
  }

  /// What undo needs.
  func snapshot() -> () -> Void {
    let numbers = numbers
    return { [self] in self.numbers = numbers }
  }

  var typeName: String { "scaler" }
  var isCallable: Bool { true }
  var fieldNames: [String] { ["undo", "mean", "std"] }

  func isEqual(to other: any ForeignObject) -> Bool {
    guard let other = other as? ScalerObject else { return false }
    return numbers == other.numbers
  }

  /// The numbers as they meet `x`.
  private func vector(_ part: Part, _ x: Node) throws -> Node {
    try x.graph.tensor(self[part], shape: columns == 1 ? [] : [columns], dtype: x.dtype)
  }

  /// (x − mean) / std
  func scaled(_ x: Node) throws -> Node {
    try check(x)
    let centered = try x.graph.record(.subtract, [x, vector(.mean, x)])
    return try x.graph.record(.divide, [centered, vector(.std, x)])
  }

  /// y · std + mean
  func unscaled(_ y: Node) throws -> Node {
    try check(y)
    let spread = try y.graph.record(.multiply, [y, vector(.std, y)])
    return try y.graph.record(.add, [spread, vector(.mean, y)])
  }

  private func check(_ x: Node) throws {
    // One column may come as a vector, or as a number.
    guard x.shape.dims.last == columns || columns == 1 && x.shape.rank < 2 else {
      throw Problem(
        .shape,
        "this scaler knows \(columns) \(columns == 1 ? "column" : "columns"); it got the shape "
          + "\(x.shape)", argument: 0)
    }
  }

  func call(_ call: Call) throws -> Value {
    var value = call.value(0)
    if case .foreign(let table as TableObject) = value { value = try table.tensor(call.session) }
    guard let x = call.session.node(value) else {
      throw Problem(.type, "a scaler scales tensors and tables, not \(value.typePhrase)")
    }
    return .tensor(try scaled(x.floats))
  }

  func field(_ name: String, _ session: Session) throws -> Value? {
    if name == "undo" { return .foreign(ScalerUndoObject(self)) }
    guard let part = Part(rawValue: name) else { return nil }
    return .tensor(try session.graph.tensor(self[part], shape: [columns], dtype: dtype))
  }

  func describe(_ session: Session) throws -> StyledText {
    StyledText("standardize  # \(columns) columns")
  }
}

/// `s.undo`: the way back, as a function and as a stage of a model.
final class ScalerUndoObject: ForeignObject {
  let scaler: ScalerObject
  init(_ scaler: ScalerObject) { self.scaler = scaler }

  var typeName: String { "function" }
  var isCallable: Bool { true }
  var callParameters: [HostFunction.Parameter]? {
    [HostFunction.Parameter("y", "scaled values")]
  }
  func call(_ call: Call) throws -> Value { .tensor(try scaler.unscaled(call.tensor(0).floats)) }
  func isEqual(to other: any ForeignObject) -> Bool {
    (other as? ScalerUndoObject).map { scaler.isEqual(to: $0.scaler) } ?? false
  }
  func describe(_ session: Session) throws -> StyledText {
    StyledText("standardize.undo  # \(scaler.columns) columns")
  }
}

enum ScalerFunctions {
  static let standardize: HostFunction = HostFunction(
    name: "standardize",
    summary: "A scaler to mean 0 and deviation 1 of each column; s(x) scales, s.undo(y) undoes.",
    category: "Tables",
    parameters: [HostFunction.Parameter("x", "a tensor [n, d] or a table")],
    details: [
      "s.mean and s.std are its numbers; a column that never changes has the std 1.",
      "Scalers are stages: s >> net >> t.undo takes and gives what it was measured in, and save and",
      "load keep them with the model.",
    ],
    examples: [
      "let s = standardize([[1], [3]])\ns([[1], [3]])  # => [[-1], [1]]\ns.undo(1)  # => 3"
    ],
    action: { call in
      var value = call.value(0)
      if case .foreign(let table as TableObject) = value { value = try table.tensor(call.session) }
      guard let x = call.session.node(value), x.shape.rank > 0, x.shape[0] > 0 else {
        throw Problem(.type, "standardize wants rows of numbers", argument: 0)
      }
      let columns = x.shape.rank > 1 ? x.shape[x.shape.rank - 1] : 1
      let dtype = x.dtype.isFloat ? x.dtype : call.session.graph.defaultDType
      return .foreign(try scaler(call.session.graph.values(x), columns, dtype))
    })

  /// Distances are measured in the column's own range, so that small numbers count like large ones.
  private static func scaler(_ values: [Double], _ columns: Int, _ dtype: DType) throws
    -> ScalerObject
  {
    var low = [Double](repeating: .infinity, count: columns)
    var (high, mean, variance) = (low.map { -$0 }, low.map { _ in 0.0 }, low.map { _ in 0.0 })
    let count = Double(values.count / max(1, columns))
    for (index, v) in values.enumerated() {
      let column = index % columns
      guard v.isFinite else {
        throw Problem(
          .data,
          "row \(index / columns) of column \(column) is \(NumberFormat.shortest(v)); standardize "
            + "wants finite numbers", argument: 0)
      }
      (low[column], high[column]) = (min(low[column], v), max(high[column], v))
      mean[column] += v / count
    }
    for (index, v) in values.enumerated() {
      let column = index % columns
      let range = high[column] - low[column]
      guard range > 0 else { continue }
      let distance = (v - mean[column]) / range
      variance[column] += distance * distance / count
    }
    return ScalerObject(
      mean: (0..<columns).map { low[$0] == high[$0] ? low[$0] : mean[$0] },
      deviation: (0..<columns).map { column in
        let deviation = variance[column].squareRoot() * (high[column] - low[column])
        return deviation > 0 ? deviation : 1
      }, dtype: dtype)
  }
}

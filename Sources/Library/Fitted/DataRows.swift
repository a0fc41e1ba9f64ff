// Rows of numbers that something is fitted to or asked about.

import Autodiff
import Engine
import Interpreter

/// Finite numbers [count, width]; a vector is one column.
struct DataRows {
  let node: Node
  let count: Int
  let width: Int
  let values: [Double]

  /// An argument of a call: a tensor [n, d] or a table.
  init(_ call: Call, _ index: Int) throws {
    node = try call.data(index)
    let what = "\(call.parameters[index].name) of \(call.name)"
    guard node.shape.rank == 1 || node.shape.rank == 2 else {
      throw Problem(
        .shape, "\(what) is rows of numbers [n, d], not \(node.shape)", argument: index)
    }
    (count, width) = (node.shape[0], node.shape.rank == 2 ? node.shape[1] : 1)
    guard count > 0, width > 0 else {
      throw Problem(.shape, "\(what) has no numbers: it is \(node.shape)", argument: index)
    }
    values = try DataRows.numbers(node, width, call.name, argument: index)
  }

  /// What a fitted object of so many columns is asked about; axes before the last one are rows.
  init(_ x: Node, for object: FittedObject) throws {
    try object.check(x)
    (node, width) = (x, object.columns)
    count = DataRows.leading(x, object).reduce(1, *)
    values = try DataRows.numbers(x, width, "a \(object.kind.typeName)", argument: 0)
  }

  /// The shape of one result for each row.
  static func leading(_ x: Node, _ object: FittedObject) -> [Int] {
    object.columns == 1 && x.shape.rank < 2 ? x.shape.dims : x.shape.dims.dropLast()
  }

  /// The element type of what is told about the rows.
  var dtype: DType { node.dtype.isFloat ? node.dtype : node.graph.defaultDType }

  private static func numbers(_ node: Node, _ width: Int, _ who: String, argument: Int) throws
    -> [Double]
  {
    if let problem = MatrixProduct.problem { throw Problem(.file, problem) }
    try node.graph.force([node])
    guard let buffer = node.buffer else { return [] }
    if let index = buffer.firstNonFinite {
      throw Problem(
        .data,
        "row \(index / max(1, width)) of column \(index % max(1, width)) is "
          + "\(NumberFormat.shortest(buffer[index])); \(who) wants finite numbers",
        argument: argument)
    }
    return PointSet.doubles(buffer)
  }

  func points(like other: PointSet? = nil) -> PointSet {
    PointSet(values, count: count, width: width, like: other)
  }
}

extension Call {
  /// A whole number within bounds.
  func int(
    _ index: Int, default standard: Int? = nil, in range: ClosedRange<Int>, _ why: String = ""
  )
    throws -> Int
  {
    let value = try standard.map { try int(index, default: $0) } ?? int(index)
    guard range.contains(value) else {
      let bounds =
        range.upperBound == .max
        ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
      throw Problem(
        .value, "\(parameters[index].name) of \(name) is \(bounds)\(why), not \(value)",
        argument: index)
    }
    return value
  }

  /// One of some words.
  func word(_ index: Int, _ words: [String]) throws -> Int {
    let given = try string(index, default: words[0])
    guard let place = words.firstIndex(of: given) else {
      throw Problem(
        .value,
        "\(parameters[index].name) of \(name) is "
          + words.map { "\"\($0)\"" }.joined(separator: " or ") + ", not \"\(given)\"",
        argument: index)
    }
    return place
  }
}

/// The way to numbers of a fitted object that came from a file or from a fit: made once.
extension FittedObject {
  func preparedPoints(_ part: String, count: Int) -> PointSet {
    if let points = prepared as? PointSet { return points }
    let points = PointSet(self[part], count: count, width: columns)
    prepared = points
    return points
  }
}

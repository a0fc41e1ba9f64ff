// How operators are written in ONNX.

import Engine

/// How an operator is written in ONNX; `ONNXForms` has one for each.
enum ONNXForm: Sendable {
  /// One ONNX operator with the same operands and nothing else to tell.
  case same(String)
  /// Several, or with attributes; gives the name of the result.
  case made(@Sendable (ONNXCall) throws(OperatorProblem) -> String)
  /// The same of its first operand alone; the others are read when it is written.
  case ofFirst(@Sendable (ONNXCall) throws(OperatorProblem) -> String)
  /// Its composition of simpler operators is written instead.
  case composed
  /// Why it cannot be written; the end of a sentence that begins with "because".
  case none(because: String)

  var isOfFirst: Bool {
    if case .ofFirst = self { return true }
    return false
  }
}

/// An operator that is being written, with its operands.
///
/// The same computation was recorded with two numbers of rows. Sizes that differ are the batch's: they
/// are nil here, and a file leaves them open.
struct ONNXCall {
  let graph: ONNXGraph
  let node: Node
  /// The same node with another number of rows.
  let twin: Node
  /// The names of the operands.
  let operands: [String]

  var attributes: Attributes { node.attributes }
  var rank: Int { node.inputs.first?.shape.rank ?? 0 }

  /// The axes that a reduction works on.
  var axes: [Int] { attributes.axes ?? Array(0..<rank) }

  static func dims(_ node: Node, _ twin: Node) -> [Int?] {
    zip(node.shape.dims, twin.shape.dims).map { $0 == $1 ? $0 : nil }
  }

  /// The sizes of the result and of an operand, nil where they are the batch's.
  var dims: [Int?] { ONNXCall.dims(node, twin) }
  func dims(_ operand: Int) -> [Int?] {
    ONNXCall.dims(node.inputs[operand], twin.inputs[operand])
  }

  // MARK: - Writing

  func add(
    _ op: String, _ inputs: [String], _ attributes: [(name: String, value: ONNXAttribute)] = []
  ) -> String {
    graph.add(op, inputs, attributes, name: node.name)
  }

  func ints(_ values: [Int]) throws(OperatorProblem) -> String { try graph.ints(values) }
  func scalar(_ value: Double) throws(OperatorProblem) -> String {
    try graph.scalar(value, node.dtype)
  }

  func cast(_ value: String, to dtype: DType) -> String {
    add("Cast", [value], [("to", .int(dtype.onnx))])
  }

  /// An operand in the element type of the result.
  func converted(_ operand: Int) -> String {
    node.inputs[operand].dtype == node.dtype
      ? operands[operand] : cast(operands[operand], to: node.dtype)
  }

  /// The sizes of the result as a tensor [rank] (i64).
  func shape() throws(OperatorProblem) -> String {
    var parts: [String] = []
    for (size, other) in zip(node.shape.dims, twin.shape.dims) {
      parts.append(try size == other ? ints([size]) : open(size, other))
    }
    if parts.isEmpty { return try ints([]) }
    return parts.count == 1 ? parts[0] : graph.add("Concat", parts, [("axis", .int(0))])
  }

  /// A size that is a multiple of the batch's, [1].
  private func open(_ size: Int, _ other: Int) throws(OperatorProblem) -> String {
    let times = (other - size) / (ONNXTrace.otherRows - ONNXTrace.rows)
    guard other - size == times * (ONNXTrace.otherRows - ONNXTrace.rows),
      size == times * ONNXTrace.rows
    else {
      throw problem("its size \(size) is no multiple of the batch")
    }
    let batch = try graph.batch()
    return times == 1 ? batch : graph.add("Mul", [batch, try ints([times])])
  }

  /// The value in the shape of the result.
  func reshaped(_ value: String) throws(OperatorProblem) -> String {
    // One size may be left to be found out.
    let sizes =
      dims.filter { $0 == nil }.count < 2 && !dims.contains(0)
      ? try ints(dims.map { $0 ?? -1 }) : try shape()
    return add("Reshape", [value, sizes])
  }

  func problem(_ why: String) -> OperatorProblem {
    OperatorProblem(
      .value, "\(node.op.name) cannot be written to an ONNX file: \(why)", origin: node.origin)
  }
}

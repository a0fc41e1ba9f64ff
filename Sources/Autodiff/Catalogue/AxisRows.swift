// Rows along any axis: the axis is brought to the end, and back.

import Engine

/// The order of axes in which one comes last.
enum AxisRows {
  static func order(_ axis: Int, rank: Int) -> [Int] {
    (0..<rank).filter { $0 != axis } + [axis]
  }

  static func inverse(_ order: [Int]) -> [Int] {
    var inverse = order
    for (place, axis) in order.enumerated() { inverse[axis] = place }
    return inverse
  }
}

extension KernelCall {
  /// The axis that the operator was given, else the last.
  var axis: Int { attributes.axes?.first ?? Swift.max(0, shape.rank - 1) }

  /// Gives operand 0 and the result to a body, both with the axis last.
  func withAxisLast(_ body: (_ x: Buffer, _ y: Buffer) throws(OperatorProblem) -> Void)
    throws(OperatorProblem)
  {
    guard shape.rank > 0, axis != shape.rank - 1 else { return try body(inputs[0], output) }
    let order = AxisRows.order(axis, rank: shape.rank)
    let x = try Kernels.buffer(inputs[0].dtype, inputs[0].count)
    Movement.permute(inputs[0], inputShapes[0], x, order)
    let y = try Kernels.buffer(output.dtype, output.count)
    defer { withExtendedLifetime((x, y)) {} }
    try body(x, y)
    Movement.permute(y, Shape(order.map { shape[$0] }), output, AxisRows.inverse(order))
  }
}

extension Node {
  /// The axis that its operator was given, else the last.
  var ownAxis: Int { attributes.axes?.first ?? Swift.max(0, shape.rank - 1) }

  func withLast(_ axis: Int) -> Node {
    if axis >= shape.rank - 1 { return self }
    return apply(.transpose, [], Attributes(sizes: AxisRows.order(axis, rank: shape.rank)))
  }

  /// Undoes `withLast`.
  func withBack(_ axis: Int) -> Node {
    if axis >= shape.rank - 1 { return self }
    let order = AxisRows.inverse(AxisRows.order(axis, rank: shape.rank))
    return apply(.transpose, [], Attributes(sizes: order))
  }
}

// Arithmetic on nodes, for the rules of gradients and optimizers. A failure inside a rule is kept on
// the graph and thrown by `Graph.rule`, which runs it.

import Engine

extension Graph {
  /// Runs a rule that computes with nodes; throws its first failure.
  package func rule<T>(_ body: () -> T) throws(OperatorProblem) -> T {
    let outer = deferredProblem
    deferredProblem = nil
    defer { deferredProblem = outer }
    let result = body()
    if let problem = deferredProblem { throw problem }
    return result
  }
}

extension Node {
  func attempt(_ body: () throws(OperatorProblem) -> Node) -> Node {
    do { return try body() } catch {
      if graph.deferredProblem == nil { graph.deferredProblem = error }
      return self
    }
  }

  private func combine(_ op: Operator, _ other: Node) -> Node {
    attempt { () throws(OperatorProblem) in
      let dtype = Promotion.common(dtype, other.dtype)
      return try graph.record(op, [converted(to: dtype), other.converted(to: dtype)])
    }
  }

  package func apply(_ op: Operator, _ others: [Node] = [], _ attributes: Attributes = Attributes())
    -> Node
  {
    attempt { () throws(OperatorProblem) in try graph.record(op, [self] + others, attributes) }
  }

  package static func + (a: Node, b: Node) -> Node { a.combine(.add, b) }
  package static func - (a: Node, b: Node) -> Node { a.combine(.subtract, b) }
  package static func * (a: Node, b: Node) -> Node { a.combine(.multiply, b) }
  package static func / (a: Node, b: Node) -> Node { a.combine(.divide, b) }
  package static prefix func - (a: Node) -> Node { a.apply(.negate) }
  package static func + (a: Node, b: Double) -> Node { a + a.graph.constant(b, a.dtype) }
  package static func - (a: Node, b: Double) -> Node { a - a.graph.constant(b, a.dtype) }
  package static func * (a: Node, b: Double) -> Node { a * a.graph.constant(b, a.dtype) }
  package static func / (a: Node, b: Double) -> Node { a / a.graph.constant(b, a.dtype) }
  package static func + (a: Double, b: Node) -> Node { b.graph.constant(a, b.dtype) + b }
  package static func - (a: Double, b: Node) -> Node { b.graph.constant(a, b.dtype) - b }
  package static func * (a: Double, b: Node) -> Node { b.graph.constant(a, b.dtype) * b }
  package static func / (a: Double, b: Node) -> Node { b.graph.constant(a, b.dtype) / b }

  package func compare(_ op: Operator, _ other: Node) -> Node { combine(op, other) }
  package func compare(_ op: Operator, _ other: Double) -> Node {
    combine(op, graph.constant(other, dtype))
  }

  /// 1 where the condition holds, 0 elsewhere, in an element type.
  package func indicator(_ dtype: DType) -> Node {
    apply(.convert, [], Attributes(dtype: dtype))
  }

  /// 0 where the condition holds, whatever stands there.
  package func zeroed(where condition: Node) -> Node {
    condition.apply(.whereOperator, [graph.constant(0, dtype), self])
  }

  package func matmul(_ other: Node) -> Node { combine(.matmul, other) }

  /// The last two axes exchanged.
  package var transposed: Node {
    guard shape.rank >= 2 else { return self }
    var order = Array(0..<shape.rank)
    order.swapAt(shape.rank - 1, shape.rank - 2)
    return apply(.transpose, [], Attributes(sizes: order))
  }

  package func sum(axes: [Int], keep: Bool) -> Node {
    axes.isEmpty ? self : apply(.sum, [], Attributes(axes: axes, keep: keep))
  }

  package func reshaped(_ dims: [Int]) -> Node {
    dims == shape.dims ? self : apply(.reshape, [], Attributes(sizes: dims))
  }

  package func expanded(_ dims: [Int]) -> Node {
    dims == shape.dims ? self : apply(.expand, [], Attributes(sizes: dims))
  }

  /// Undoes a reduction for a gradient: reduced axes back as size 1, then stretched.
  package func unreduced(_ reduction: Node) -> Node {
    guard let source = reduction.inputs.first else { return self }
    let axes = reduction.attributes.axes ?? Array(0..<source.shape.rank)
    let kept = source.shape.dims.enumerated().map { axes.contains($0.offset) ? 1 : $0.element }
    return reshaped(kept).expanded(source.shape.dims)
  }
}

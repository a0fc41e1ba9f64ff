// Limits of the gradients of one step.

import Autodiff
import Engine

/// What an optimizer's `clip_norm` and `clip_value` do to the gradients of a step, in this order.
struct GradientClipping {
  /// min(1, clip_norm / ‖all gradients‖); nil where nothing is scaled.
  private(set) var scale: Node?
  private let limit: Double

  /// - Parameter gradients: of all params; those that a step leaves alone do not count.
  init(
    _ options: OptimizerOptions, _ gradients: some Sequence<(Parameter, Node?)>, _ graph: Graph
  ) throws(OperatorProblem) {
    limit = options["clip_value"]
    let bound = options["clip_norm"]
    guard bound > 0 else { return }
    var squares: [Node] = []
    for case (let parameter, let gradient?) in gradients where !parameter.isFrozen {
      squares.append(try graph.detach(gradient))
    }
    guard !squares.isEmpty else { return }
    scale = try graph.rule {
      let sums = squares.map { ($0 * $0).sum(axes: Array(0..<$0.shape.rank), keep: false) }
      let norm = sums.dropFirst().reduce(sums[0], +).apply(.sqrt)
      let one = graph.constant(1, norm.dtype)
      // PyTorch's clip_grad_norm_ adds as much, so that a norm of 0 is harmless.
      return (graph.constant(bound, norm.dtype) / (norm + 1e-6)).apply(.minimum, [one])
    }
  }

  /// A gradient within its limits.
  func clipped(_ g: Node, scale other: Node? = nil) -> Node {
    var g = g
    if let scale = other ?? scale { g = g * scale.converted(like: g) }
    guard limit > 0 else { return g }
    let (low, high) = (g.graph.constant(-limit, g.dtype), g.graph.constant(limit, g.dtype))
    return low.apply(.maximum, [high.apply(.minimum, [g])])
  }
}

extension Node {
  fileprivate func converted(like other: Node) -> Node {
    dtype == other.dtype ? self : apply(.convert, [], Attributes(dtype: other.dtype))
  }
}

// Dropout.

import Autodiff
import Engine

extension LayerRecord {
  static let dropout = LayerRecord(
    name: "dropout",
    summary: "Zeroes elements at random while training, and scales the others up.",
    parameters: [LayerParameter("rate", "the share that is zeroed, from 0 to 1", .number)],
    details: [
      "net(x, train: true) and fit train; net(x) leaves x as it is, and backward on a loss made of",
      "it warns once",
      "in plain nns: x -> x * bernoulli(1 - rate, x.shape) / (1 - rate)",
    ],
    examples: [
      "dropout(0.5)(ones(3))  # => [1, 1, 1]",
      "max(dropout(0.5)(ones(100), train: true))  # => 2",
    ],
    samples: [LayerSample("dropout(0.5)", [2, 3]), LayerSample("dropout(0)", [4])],
    make: { graph, call throws(OperatorProblem) in try Dropout(graph, call) })
}

/// Zeroes elements with a probability while training, and scales the others up.
package final class Dropout: Layer {
  package let call: LayerCall
  private let graph: Graph
  private let rate: Double
  private let bypass: Bypass

  init(_ graph: Graph, _ call: LayerCall) throws(OperatorProblem) {
    (self.graph, self.call) = (graph, call)
    rate = call.number("rate")
    bypass = Bypass(call.source)
    guard rate >= 0, rate < 1 else {
      throw OperatorProblem(
        .value, "dropout wants a rate from 0 to 1 (1 excluded)", operands: [0])
    }
  }

  private init(_ other: Dropout) {
    (call, graph, rate) = (other.call, other.graph, other.rate)
    bypass = Bypass(call.source)
  }

  package func forward(_ x: Node, isTraining: Bool) throws(OperatorProblem) -> Node {
    guard rate > 0 else { return x }
    guard isTraining else { return try graph.bypass(x, bypass) }
    let kept = 1 - rate
    let mask = try graph.random(
      .bernoulli, Attributes(sizes: x.shape.dims, reals: [kept], dtype: x.dtype))
    let scale = try graph.record(.multiply, [mask, graph.constant(1 / kept, x.dtype)])
    return try graph.record(.multiply, [x, scale])
  }

  package func copy() -> any Layer { Dropout(self) }
}

// Several axes as one.

import Autodiff
import Engine

extension LayerRecord {
  static let flatten = LayerRecord(
    name: "flatten", summary: "All axes but the first as one: [n, …] to [n, rest].",
    examples: [
      "flatten(ones(2, 3, 4)).shape  # => [2, 12]",
      "let net = flatten >> dense(12, 5)\nnet(ones(2, 3, 4)).shape  # => [2, 5]",
    ],
    samples: [LayerSample("flatten", [2, 2, 3]), LayerSample("flatten", [3, 2])],
    make: { _, call throws(OperatorProblem) in Flatten(call) })
}

package final class Flatten: Layer {
  package let call: LayerCall
  init(_ call: LayerCall) { self.call = call }

  package func forward(_ x: Node, isTraining: Bool) throws(OperatorProblem) -> Node {
    guard x.shape.rank > 0 else {
      throw OperatorProblem(.shape, "flatten wants rows, not a number", operands: [0])
    }
    let rest = x.shape.dims.dropFirst().reduce(1, *)
    return try x.graph.record(.reshape, [x], Attributes(sizes: [x.shape[0], rest]))
  }

  package func copy() -> any Layer { self }
}

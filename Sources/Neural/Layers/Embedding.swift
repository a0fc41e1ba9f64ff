// A table of rows for class numbers.

import Autodiff
import Engine

extension LayerRecord {
  static let embedding = LayerRecord(
    name: "embedding", summary: "A row of its own for each of so many numbers: x[…] to […, width].",
    parameters: [
      LayerParameter("count", "how many numbers there are: 0 … count − 1", .size(atLeast: 1)),
      LayerParameter("width", "the size of a row", .size(atLeast: 1)),
    ],
    details: [
      "weight [count, width], normal with deviation 1", "in plain nns: x -> gather(weight, x)",
    ],
    examples: [
      "embedding(10, 4)([1, 5, 1]).shape  # => [3, 4]",
      "let table = embedding(3, 2)\nall(table([2]) == table.weight[2])  # => true",
      "embedding(3, 2)([3])  # error: index",
    ],
    samples: [
      LayerSample("embedding(3, 2)", [4], classes: 3),
      LayerSample("embedding(2, 1)", [2, 2], classes: 2),
    ],
    make: { graph, call throws(OperatorProblem) in try Embedding(graph, call) })
}

/// y = weight[x], weight [count, width].
package final class Embedding: Layer {
  package let call: LayerCall
  private let weight: Parameter

  init(_ graph: Graph, _ call: LayerCall) throws(OperatorProblem) {
    self.call = call
    weight = Parameter(
      "weight",
      value: try graph.random(
        .normal,
        Attributes(sizes: [call.size("count"), call.size("width")], dtype: graph.defaultDType)))
  }

  private init(_ other: Embedding) { (call, weight) = (other.call, other.weight.copy()) }

  package var parameters: [(name: String, parameter: Parameter)] { [("weight", weight)] }

  package func forward(_ x: Node, isTraining: Bool) throws(OperatorProblem) -> Node {
    guard x.dtype != .bool else {
      throw OperatorProblem(
        .dtype, "\(call.source) wants class numbers, not bools", operands: [0])
    }
    return try weight.graph.record(.gather, [weight.node, x])
  }

  package func copy() -> any Layer { Embedding(self) }
}

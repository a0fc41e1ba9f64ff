// A fully connected layer.

import Autodiff
import Engine

extension LayerRecord {
  package static let dense = LayerRecord(
    name: "dense", summary: "A fully connected layer: y = x @ weight + bias.",
    parameters: [
      LayerParameter("inputs", "the last size of x", .size(atLeast: 0)),
      LayerParameter("outputs", "the last size of y", .size(atLeast: 0)),
      LayerParameter("bias", "whether it has a bias", .flag, default: .flag(true)),
      LayerParameter(
        "init", "how the weights begin: glorot, he, normal or zeros",
        .word(Initializer.allCases.map(\.rawValue)), default: .word("glorot")),
      LayerParameter(
        "flat", "whether its one output comes without an axis: y is [n], not [n, 1]", .flag,
        default: .flag(false)),
    ],
    details: [
      "weight [inputs, outputs], uniform in ±√(6 / (inputs + outputs)); bias [outputs], 0",
      "init: he is normal with deviation √(2 / inputs), for relu; normal has deviation 0.01",
      "in plain nns: x -> x @ weight + bias",
    ],
    input: "inputs",
    examples: [
      "dense(2, 3)(ones(4, 2)).shape  # => [4, 3]",
      "dense(2, 1, flat: true)(ones(4, 2)).shape  # => [4]",
      "dense(2, 3, bias: false, init: \"he\")"
        + "  # => dense(2, 3, bias: false, init: \"he\")  # 6 parameters",
    ],
    samples: [
      LayerSample("dense(3, 2)", [4, 3]), LayerSample("dense(2, 3, bias: false)", [2, 2]),
      LayerSample("dense(3, 1)", [3]), LayerSample("dense(2, 2)", [2, 3, 2]),
      LayerSample("dense(3, 1, flat: true)", [4, 3]),
    ],
    pytorch: ["weight": PyTorchEntry(name: "weight", isTransposed: true)],
    make: { graph, call throws(OperatorProblem) in try Dense(graph, call) })
}

/// y = x @ weight + bias, weight [inputs, outputs], bias [outputs].
package final class Dense: Layer {
  package let call: LayerCall
  private let weight: Parameter
  private let bias: Parameter?

  /// Weights by the initializer, bias zero.
  init(_ graph: Graph, _ call: LayerCall) throws(OperatorProblem) {
    self.call = call
    let (inputs, outputs) = (call.size("inputs"), call.size("outputs"))
    guard outputs == 1 || !call.flag("flat") else {
      throw OperatorProblem(
        .value, "a flat dense has one output, not \(outputs)", help: "leave flat out")
    }
    let initializer = Initializer(rawValue: call.word("init")) ?? .glorot
    weight = Parameter("weight", value: try initializer.make(graph, [inputs, outputs]))
    bias =
      call.flag("bias")
      ? Parameter("bias", value: try Initializer.zeros.make(graph, [outputs])) : nil
  }

  private init(_ other: Dense) {
    call = other.call
    weight = other.weight.copy()
    bias = other.bias?.copy()
  }

  package var parameters: [(name: String, parameter: Parameter)] {
    [("weight", weight)] + (bias.map { [("bias", $0)] } ?? [])
  }

  package func forward(_ x: Node, isTraining: Bool) throws(OperatorProblem) -> Node {
    try call.checkInput(x)
    let product = try weight.graph.binary(.matmul, x, weight.node, floats: true)
    let y = try bias.map { bias throws(OperatorProblem) in
      try weight.graph.binary(.add, product, bias.node)
    }
    return try flattened(y ?? product)
  }

  private func flattened(_ y: Node) throws(OperatorProblem) -> Node {
    guard call.flag("flat") else { return y }
    return try y.graph.record(.squeeze, [y], Attributes(axes: [y.shape.rank - 1]))
  }

  package func copy() -> any Layer { Dense(self) }
}

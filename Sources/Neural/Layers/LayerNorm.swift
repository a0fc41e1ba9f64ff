// Layer normalisation.

import Autodiff
import Engine

extension LayerRecord {
  static let layerNorm = LayerRecord(
    name: "layer_norm", summary: "Rows with mean 0 and variance 1, then scaled and shifted.",
    parameters: [
      LayerParameter("width", "the last size of x", .size(atLeast: 1)),
      LayerParameter("eps", "added to the variance", .number, default: .number(1e-5)),
    ],
    details: [
      "gain [width], 1; bias [width], 0",
      "in plain nns: x -> (x - mean(x, axis: -1, keep: true))"
        + " / sqrt(var(x, axis: -1, keep: true) + eps) * gain + bias",
    ],
    input: "width",
    examples: ["layer_norm(2)([[1, 3]])  # => [[-1, 1]]"],
    samples: [
      LayerSample("layer_norm(3)", [2, 3]), LayerSample("layer_norm(4, eps: 0.1)", [4]),
      LayerSample("layer_norm(2)", [2, 2, 2]),
    ],
    pytorch: ["gain": PyTorchEntry(name: "weight", isTransposed: false)],
    make: { graph, call throws(OperatorProblem) in try LayerNorm(graph, call) })
}

/// (x − mean) / √(var + ε) · gain + bias over the last axis (Ba, Kiros, Hinton 2016).
package final class LayerNorm: Layer {
  package let call: LayerCall
  private let gain: Parameter
  private let bias: Parameter

  init(_ graph: Graph, _ call: LayerCall) throws(OperatorProblem) {
    self.call = call
    let width = call.size("width")
    gain = Parameter(
      "gain", value: try graph.record(.full, [graph.constant(1)], Attributes(sizes: [width])))
    bias = Parameter("bias", value: try Initializer.zeros.make(graph, [width]))
  }

  private init(_ other: LayerNorm) {
    call = other.call
    gain = other.gain.copy()
    bias = other.bias.copy()
  }

  package var parameters: [(name: String, parameter: Parameter)] {
    [("gain", gain), ("bias", bias)]
  }

  package func forward(_ x: Node, isTraining: Bool) throws(OperatorProblem) -> Node {
    try call.checkInput(x)
    let graph = gain.graph
    let rows = try graph.record(.layerNormCore, [x], Attributes(reals: [call.number("eps")]))
    return try graph.binary(.add, graph.binary(.multiply, rows, gain.node), bias.node)
  }

  package func copy() -> any Layer { LayerNorm(self) }
}

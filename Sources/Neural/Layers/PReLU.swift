// A relu whose slope below zero is trained.

import Autodiff
import Engine

extension LayerRecord {
  static let prelu = LayerRecord(
    name: "prelu", summary: "x above zero, a trained part of it below.",
    parameters: [
      LayerParameter(
        "width", "the last size of x for a slope each, 1 for one slope", .size(atLeast: 1),
        default: .number(1))
    ],
    details: [
      "slope [width], 0.25; its derivative at x = 0 is that of the lower side",
      "in plain nns: x -> where(x > 0, x, slope * x)",
    ],
    examples: ["prelu()([[-4, 2]])  # => [[-1, 2]]", "prelu(3)(ones(2, 2))  # error: shape"],
    samples: [
      LayerSample("prelu()", [2, 3]), LayerSample("prelu(3)", [2, 3]), LayerSample("prelu(4)", [4]),
    ],
    pytorch: ["slope": PyTorchEntry(name: "weight", isTransposed: false)],
    make: { graph, call throws(OperatorProblem) in try PReLU(graph, call) })
}

/// x where it is above 0, slope · x elsewhere (He, Zhang, Ren, Sun 2015); slope [width].
package final class PReLU: Layer {
  package let call: LayerCall
  private let slope: Parameter

  init(_ graph: Graph, _ call: LayerCall) throws(OperatorProblem) {
    self.call = call
    slope = Parameter(
      "slope",
      value: try graph.record(
        .full, [graph.constant(0.25)], Attributes(sizes: [call.size("width")])))
  }

  private init(_ other: PReLU) { (call, slope) = (other.call, other.slope.copy()) }

  package var parameters: [(name: String, parameter: Parameter)] { [("slope", slope)] }

  package func forward(_ x: Node, isTraining: Bool) throws(OperatorProblem) -> Node {
    let width = call.size("width")
    guard width == 1 || x.shape.dims.last == width else {
      throw OperatorProblem(
        .shape, "\(call.source) wants rows of \(width) numbers, {0} has the shape \(x.shape)",
        operands: [0])
    }
    let graph = slope.graph
    let below = try graph.binary(.multiply, slope.node, x)
    let isAbove = try graph.binary(.greater, x, graph.constant(0))
    return try graph.record(.whereOperator, [isAbove, x.converted(to: below.dtype), below])
  }

  package func copy() -> any Layer { PReLU(self) }
}

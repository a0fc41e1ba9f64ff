// Batch normalisation.

import Autodiff
import Engine

extension LayerRecord {
  static let batchNorm = LayerRecord(
    name: "batch_norm",
    summary: "Channels with mean 0 and variance 1 over a batch, then scaled and shifted.",
    parameters: [
      LayerParameter("width", "channels: the size of axis 1", .size(atLeast: 1)),
      LayerParameter(
        "momentum", "how much of a batch goes into the running mean and variance", .number,
        default: .number(0.1)),
      LayerParameter("eps", "added to the variance", .number, default: .number(1e-5)),
    ],
    details: [
      "x is [n, width], [n, width, length] or [n, width, height, width of an image].",
      "Training, mean and variance are those of the batch, and the running ones, mean and variance,",
      "move to them by the share momentum (to the variance estimated from a sample, n / (n − 1) times",
      "as large); otherwise the running ones are used. They are saved with the net, and are no params.",
      "gain [width], 1; bias [width], 0",
      "in plain nns, training on [n, width]: x -> (x - mean(x, axis: 0)) / sqrt(var(x, axis: 0) + eps)"
        + " * gain + bias",
    ],
    examples: [
      "let norm = batch_norm(2)\nnorm([[1, 2], [3, 6]], train: true)  # => [[-1, -1], [1, 1]]\n"
        + "norm.mean  # => [0.2, 0.4]",
      "batch_norm(2)([[1, 2], [3, 6]])  # => [[1, 2], [3, 6]]",
    ],
    samples: [
      LayerSample("batch_norm(2)", [3, 2]), LayerSample("batch_norm(1, eps: 0.1)", [2, 1, 2]),
      LayerSample("batch_norm(2)", [2, 2, 1, 2]),
    ],
    pytorch: [
      "gain": PyTorchEntry(name: "weight", isTransposed: false),
      "mean": PyTorchEntry(name: "running_mean", isTransposed: false),
      "variance": PyTorchEntry(name: "running_var", isTransposed: false),
    ],
    make: { graph, call throws(OperatorProblem) in try BatchNorm(graph, call) })
}

/// (x − mean) / √(var + ε) · gain + bias over everything but axis 1 (Ioffe, Szegedy 2015).
package final class BatchNorm: Layer {
  package let call: LayerCall
  private let gain: Parameter
  private let bias: Parameter
  private let mean: Parameter
  private let variance: Parameter

  init(_ graph: Graph, _ call: LayerCall) throws(OperatorProblem) {
    self.call = call
    guard (0...1).contains(call.number("momentum")), call.number("eps") >= 0 else {
      throw OperatorProblem(
        .value, "batch_norm wants a momentum from 0 to 1 and an eps from 0", operands: [0])
    }
    let width = call.size("width")
    let ones = { () throws(OperatorProblem) in
      try graph.record(.full, [graph.constant(1)], Attributes(sizes: [width]))
    }
    gain = Parameter("gain", value: try ones())
    bias = Parameter("bias", value: try Initializer.zeros.make(graph, [width]))
    mean = Parameter(
      "the running mean of \(call.source)", value: try Initializer.zeros.make(graph, [width]))
    variance = Parameter("the running variance of \(call.source)", value: try ones())
    for parameter in [mean, variance] { parameter.isFrozen = true }
  }

  private init(_ other: BatchNorm) {
    call = other.call
    (gain, bias) = (other.gain.copy(), other.bias.copy())
    (mean, variance) = (other.mean.copy(), other.variance.copy())
    for parameter in [mean, variance] { parameter.isFrozen = true }
  }

  package var parameters: [(name: String, parameter: Parameter)] {
    [("gain", gain), ("bias", bias)]
  }
  package var state: [(name: String, parameter: Parameter)] {
    [("mean", mean), ("variance", variance)]
  }

  package func forward(_ x: Node, isTraining: Bool) throws(OperatorProblem) -> Node {
    let (shape, width) = (x.shape, call.size("width"))
    guard shape.rank > 1, shape[1] == width else {
      let help =
        shape.dims.last == width && shape.rank > 2 ? "the channels are axis 1, not the last" : nil
      throw OperatorProblem(
        .shape, "\(call.source) wants [n, \(width), …] but got \(shape)", operands: [0],
        help: help ?? (shape.rank > 1 ? "batch_norm(\(shape[1])) takes it" : nil))
    }
    let graph = gain.graph
    let x = try x.converted(to: Promotion.meet(x, gain.node, floats: true))
    let spread = [width] + [Int](repeating: 1, count: shape.rank - 2)
    let column = { (node: Node) throws(OperatorProblem) in
      try graph.record(.reshape, [node], Attributes(sizes: spread))
    }
    let epsilon = call.number("eps")
    let (center, variance) =
      isTraining ? try statistics(x) : (try column(mean.node), try column(self.variance.node))
    if isTraining { try learn(center, variance, from: x) }
    let (scale, shift) = (try column(gain.node), try column(bias.node))
    return try graph.rule { (x - center) / (variance + epsilon).apply(.sqrt) * scale + shift }
  }

  /// Mean and variance of every channel, [1, width, 1, …].
  private func statistics(_ x: Node) throws(OperatorProblem) -> (Node, Node) {
    guard x.shape.count > x.shape[1] else {
      throw OperatorProblem(
        .shape,
        "\(call.source) cannot train on \(x.shape): a channel has \(x.shape.count / x.shape[1]) "
          + "numbers, and their variance wants several", operands: [0])
    }
    return try x.graph.rule {
      let center = BatchNorm.mean(x)
      let distance = x - center
      return (center, BatchNorm.mean(distance * distance))
    }
  }

  /// Along all axes but axis 1: those behind it first, as the elements lie.
  private static func mean(_ x: Node) -> Node {
    let behind = Array(2..<x.shape.rank)
    let rows = behind.isEmpty ? x : x.apply(.mean, [], Attributes(axes: behind, keep: true))
    return rows.apply(.mean, [], Attributes(axes: [0], keep: true))
  }

  /// Moves the running mean and variance.
  private func learn(_ center: Node, _ variance: Node, from x: Node) throws(OperatorProblem) {
    let graph = gain.graph
    let share = call.number("momentum")
    let count = Double(x.shape.count / x.shape[1])
    for (kept, batch, factor) in [
      (mean, center, 1), (self.variance, variance, count / (count - 1)),
    ] {
      let new = try graph.detach(batch)
      let old = try graph.detach(kept.node)
      try kept.store(
        graph.rule {
          old * (1 - share) + new.reshaped(old.shape.dims) * (share * factor)
        })
    }
  }

  package func copy() -> any Layer { BatchNorm(self) }
}

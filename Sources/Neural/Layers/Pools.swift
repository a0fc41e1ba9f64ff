// Pools over sequences and images.

import Autodiff
import Engine

extension LayerRecord {
  static let maxPool = pool(
    "max_pool", .maxPool, "The largest element of each window of sequences or images.",
    padding: "elements on both sides that are never the largest, or \"same\"",
    examples: [
      "max_pool(2)(ones(1, 3, 8, 8)).shape  # => [1, 3, 4, 4]",
      "max_pool(2)([[[1, 5, 7, 2]]])  # => [[[5, 7]]]",
      "max_pool(3, stride: 2, padding: 1)  # => max_pool(3, stride: 2, padding: 1)",
    ],
    samples: [
      LayerSample("max_pool(2)", [1, 2, 4]), LayerSample("max_pool(2, stride: 1)", [1, 1, 3, 3]),
    ])
  static let averagePool = pool(
    "avg_pool", .averagePool, "The mean of each window of sequences or images.",
    padding: "zeros on both sides, which count as elements, or \"same\"",
    examples: [
      "avg_pool(2)(ones(1, 3, 8, 8)).shape  # => [1, 3, 4, 4]",
      "avg_pool(2)([[[1, 5, 7, 3]]])  # => [[[3, 5]]]",
    ],
    samples: [
      LayerSample("avg_pool(2)", [1, 2, 4]),
      LayerSample("avg_pool([2, 1], stride: 1)", [1, 1, 3, 2]),
    ])

  private static func pool(
    _ name: String, _ op: Operator, _ summary: String, padding: String, examples: [String],
    samples: [LayerSample]
  ) -> LayerRecord {
    LayerRecord(
      name: name, summary: summary,
      parameters: [
        LayerParameter(
          "size", "elements of a window, a list has one for each axis",
          .sizes(axes: 2, atLeast: 1)),
        LayerParameter(
          "stride", "from one window to the next, as many as its elements where it is left out",
          .sizes(axes: 2, atLeast: 1), default: LayerArgument.none),
        LayerParameter("padding", padding, .padding(axes: 2), default: .number(0)),
      ],
      details: [
        "x is [n, channels, length] or [n, channels, height, width]",
        "in plain nns: x -> \(name)2d(x, size, stride, padding)",
      ],
      examples: examples, samples: samples,
      make: { _, call throws(OperatorProblem) in Pool(call, op) })
  }

  static let globalAveragePool = LayerRecord(
    name: "global_avg_pool",
    summary: "The mean of each channel: [n, channels, …] to [n, channels].",
    details: ["in plain nns: x -> mean(x, axis: [2, 3])"],
    examples: [
      "global_avg_pool(ones(4, 3, 8, 8)).shape  # => [4, 3]",
      "let net = conv2d(1, 8, 3) >> relu >> global_avg_pool >> dense(8, 2)\n"
        + "net(ones(5, 1, 9, 9)).shape  # => [5, 2]",
    ],
    samples: [
      LayerSample("global_avg_pool", [2, 2, 3]), LayerSample("global_avg_pool", [1, 2, 2, 2]),
    ],
    make: { _, call throws(OperatorProblem) in GlobalAveragePool(call) })
}

/// The largest elements or the means of windows.
package final class Pool: Layer {
  package let call: LayerCall
  private let op: Operator

  init(_ call: LayerCall, _ op: Operator) { (self.call, self.op) = (call, op) }

  package func forward(_ x: Node, isTraining: Bool) throws(OperatorProblem) -> Node {
    let sizes = call.sizes("size")
    let axes = x.shape.rank - 2
    guard axes == 2 || axes == 1 && sizes.count == 1 else {
      let wanted =
        sizes.count == 1
        ? "[n, channels, length] or [n, channels, height, width]" : "[n, channels, height, width]"
      throw OperatorProblem(
        .shape, "\(call.source) wants \(wanted) but got \(x.shape)", operands: [0])
    }
    let kernels = sizes.count == 1 ? [Int](repeating: sizes[0], count: axes) : sizes
    let options = call.windowOptions(
      stride: call.isNone("stride") ? kernels : call.sizes("stride"))
    return try call.named { () throws(OperatorProblem) in
      try x.graph.pool(op, x, kernels: kernels, options)
    }
  }

  package func copy() -> any Layer { self }
}

package final class GlobalAveragePool: Layer {
  package let call: LayerCall
  init(_ call: LayerCall) { self.call = call }

  package func forward(_ x: Node, isTraining: Bool) throws(OperatorProblem) -> Node {
    guard x.shape.rank > 2 else {
      throw OperatorProblem(
        .shape, "global_avg_pool wants [n, channels, …] but got \(x.shape)", operands: [0])
    }
    return try x.graph.record(.mean, [x.floats], Attributes(axes: Array(2..<x.shape.rank)))
  }

  package func copy() -> any Layer { self }
}

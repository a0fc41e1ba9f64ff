// Convolutions over sequences and images.

import Autodiff
import Engine

extension LayerRecord {
  static let conv1d = convolution(
    "conv1d", axes: 1, "A convolution over sequences [n, inputs, length].",
    weight: "[outputs, inputs, kernel]",
    examples: [
      "conv1d(1, 4, 3)(ones(2, 1, 10)).shape  # => [2, 4, 8]",
      "conv1d(2, 3, 3, padding: \"same\")(ones(5, 2, 7)).shape  # => [5, 3, 7]",
      "conv1d(2, 1, 3)(ones(5, 7))  # error: shape",
    ],
    samples: [
      LayerSample("conv1d(1, 2, 2)", [1, 1, 4]),
      LayerSample("conv1d(2, 1, 3, stride: 2, padding: 1, bias: false)", [2, 2, 3]),
    ])
  static let conv2d = convolution(
    "conv2d", axes: 2, "A convolution over images [n, inputs, height, width].",
    weight: "[outputs, inputs, kernel, kernel]",
    examples: [
      "conv2d(1, 6, 5, padding: 2)(ones(3, 1, 28, 28)).shape  # => [3, 6, 28, 28]",
      "let net = conv2d(3, 8, 3) >> relu >> max_pool(2) >> flatten >> dense(72, 10)\n"
        + "net(ones(4, 3, 8, 8)).shape  # => [4, 10]",
      "conv2d(1, 6, [3, 5], stride: 2)"
        + "  # => conv2d(1, 6, [3, 5], stride: 2)  # 96 parameters",
    ],
    samples: [
      LayerSample("conv2d(1, 2, 2)", [1, 1, 3, 3]),
      LayerSample("conv2d(2, 1, [1, 2], padding: \"same\", dilation: 2)", [1, 2, 2, 3]),
    ])

  private static func convolution(
    _ name: String, axes: Int, _ summary: String, weight: String, examples: [String],
    samples: [LayerSample]
  ) -> LayerRecord {
    LayerRecord(
      name: name, summary: summary, parameters: Convolution.parameters(axes: axes),
      details: [
        "weight \(weight), uniform in ±√(6 / (fan in + fan out)), the fans being inputs and outputs",
        "times the elements of a window; bias [outputs], 0",
        "in plain nns: x -> convolve(x, weight, stride, padding, dilation) + reshape(bias, -1"
          + String(repeating: ", 1", count: axes) + ")",
      ],
      examples: examples, samples: samples,
      make: { graph, call throws(OperatorProblem) in
        try Convolution(graph, call, axes: axes, isTransposed: false)
      })
  }

  static let convTranspose2d = LayerRecord(
    name: "conv_transpose2d",
    summary: "The way back of a convolution: images [n, inputs, height, width] become larger.",
    parameters: Convolution.parameters(axes: 2) + [
      LayerParameter(
        "output_padding", "further rows and columns, fewer than the stride",
        .sizes(axes: 2, atLeast: 0), default: .number(0))
    ],
    details: [
      "weight [inputs, outputs, kernel, kernel] as in conv2d; bias [outputs], 0",
      "in plain nns: x -> convolve_transpose(x, weight, stride, padding, dilation, output_padding)"
        + " + reshape(bias, -1, 1, 1)",
    ],
    examples: [
      "conv_transpose2d(8, 3, 2, stride: 2)(ones(1, 8, 7, 7)).shape  # => [1, 3, 14, 14]"
    ],
    samples: [
      LayerSample("conv_transpose2d(1, 2, 2, stride: 2)", [1, 1, 2, 2]),
      LayerSample("conv_transpose2d(2, 1, 2, stride: 2, output_padding: 1)", [1, 2, 2, 1]),
    ],
    make: { graph, call throws(OperatorProblem) in
      try Convolution(graph, call, axes: 2, isTransposed: true)
    })
}

/// y = x ∗ weight + bias, or the way back.
package final class Convolution: Layer {
  package let call: LayerCall
  private let axes: Int
  private let isTransposed: Bool
  private let weight: Parameter
  private let bias: Parameter?

  fileprivate static func parameters(axes: Int) -> [LayerParameter] {
    let each = axes > 1 ? ", a list has one for each axis" : ""
    return [
      LayerParameter("inputs", "channels of x", .size(atLeast: 1)),
      LayerParameter("outputs", "channels of y", .size(atLeast: 1)),
      LayerParameter(
        "kernel", "elements of a window" + each, .sizes(axes: axes, atLeast: 1)),
      LayerParameter(
        "stride", "from one window to the next", .sizes(axes: axes, atLeast: 1),
        default: .number(1)),
      LayerParameter(
        "padding", "zeros on both sides, or \"same\"", .padding(axes: axes), default: .number(0)),
      LayerParameter(
        "dilation", "from one element that a window sees to the next",
        .sizes(axes: axes, atLeast: 1), default: .number(1)),
      LayerParameter("bias", "whether it has a bias", .flag, default: .flag(true)),
      LayerParameter(
        "init", "how the weights begin: glorot, he, normal or zeros",
        .word(Initializer.allCases.map(\.rawValue)), default: .word("glorot")),
    ]
  }

  init(_ graph: Graph, _ call: LayerCall, axes: Int, isTransposed: Bool) throws(OperatorProblem) {
    (self.call, self.axes, self.isTransposed) = (call, axes, isTransposed)
    let (inputs, outputs) = (call.size("inputs"), call.size("outputs"))
    let kernel = Convolution.both(call.sizes("kernel"), axes)
    let window = kernel.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
    let fans = (
      inputs: inputs.multipliedReportingOverflow(by: window).partialValue,
      outputs: outputs.multipliedReportingOverflow(by: window).partialValue
    )
    let initializer = Initializer(rawValue: call.word("init")) ?? .glorot
    let ends = isTransposed ? [inputs, outputs] : [outputs, inputs]
    weight = Parameter("weight", value: try initializer.make(graph, ends + kernel, fans: fans))
    bias =
      call.flag("bias")
      ? Parameter("bias", value: try Initializer.zeros.make(graph, [outputs])) : nil
  }

  private init(_ other: Convolution) {
    (call, axes, isTransposed) = (other.call, other.axes, other.isTransposed)
    weight = other.weight.copy()
    bias = other.bias?.copy()
  }

  /// A number for every axis.
  private static func both(_ sizes: [Int], _ axes: Int) -> [Int] {
    sizes.count == axes ? sizes : [Int](repeating: sizes[0], count: axes)
  }

  package var parameters: [(name: String, parameter: Parameter)] {
    [("weight", weight)] + (bias.map { [("bias", $0)] } ?? [])
  }

  package func forward(_ x: Node, isTraining: Bool) throws(OperatorProblem) -> Node {
    try call.checkChannels(x, call.size("inputs"), axes: axes)
    let graph = weight.graph
    let options = call.windowOptions(stride: call.sizes("stride"), dilation: call.sizes("dilation"))
    let product = try call.named { () throws(OperatorProblem) in
      isTransposed
        ? try graph.convolveTranspose(
          x, weight.node, options, extra: call.sizes("output_padding"))
        : try graph.convolve(x, weight.node, options)
    }
    guard let bias else { return product }
    let spread = [call.size("outputs")] + [Int](repeating: 1, count: axes)
    let column = try graph.record(.reshape, [bias.node], Attributes(sizes: spread))
    return try graph.binary(.add, product, column)
  }

  package func copy() -> any Layer { Convolution(self) }
}

// Convolutions, pools and padding as functions of tensors.

import Autodiff
import Engine
import Interpreter

enum WindowFunctions {
  static let all: [HostFunction] = [convolve, convolveTranspose, maxPool, averagePool, pad]
  private typealias P = HostFunction.Parameter

  private static let stride = P(
    "stride", "from one window to the next; a list has one for each axis", default: .optional("1"))
  private static let padding = P(
    "padding", "zeros on both sides, one for each axis, or \"same\"", default: .optional("0"))
  private static let dilation = P(
    "dilation", "from one element that a window sees to the next", default: .optional("1"))

  private static let windowDetails = [
    "Along an axis of n elements with padding p on both sides there are",
    "(n + 2 p − dilation (k − 1) − 1) // stride + 1 windows of k elements; with padding: \"same\",",
    "⌈n / stride⌉. Images come first: [n, channels, height, width], sequences are [n, channels, length].",
  ]

  static let convolve: HostFunction = HostFunction(
    name: "convolve", summary: Operator.convolve.summary, category: "Tensors",
    parameters: [
      P("x", "images [n, inputs, height, width] or sequences [n, inputs, length]"),
      P("weight", "[outputs, inputs, height, width] or [outputs, inputs, length]"),
      stride, padding, dilation,
    ],
    details: [
      "formula: y[i, o, r, s] = Σ x[i, c, r · stride + u, s · stride + v] · weight[o, c, u, v]",
      "The weights are not turned round. conv2d(…) is the layer.",
    ] + windowDetails,
    examples: [
      "convolve([[[1, 2, 3, 4]]], [[[1, -1]]])  # => [[[-1, -1, -1]]]",
      "convolve(ones(2, 3, 28, 28), ones(6, 3, 5, 5), stride: 2, padding: \"same\").shape"
        + "  # => [2, 6, 14, 14]",
    ], isOperator: true,
    action: { call in
      let (x, weight) = (try call.tensor(0), try call.tensor(1))
      let options = try options(call, first: 2, axes: max(1, weight.shape.rank - 2))
      return try call.recording([0, 1]) {
        .tensor(try call.session.graph.convolve(x, weight, options))
      }
    })

  static let convolveTranspose: HostFunction = HostFunction(
    name: "convolve_transpose", summary: Operator.convolveTranspose.summary, category: "Tensors",
    parameters: [
      P("x", "images [n, inputs, height, width] or sequences [n, inputs, length]"),
      P("weight", "[inputs, outputs, height, width] or [inputs, outputs, length]"),
      stride, padding, dilation,
      P(
        "output_padding", "further elements behind each axis, fewer than the stride",
        default: .optional("0")),
    ],
    details: [
      "What convolve with these weights and windows hands back: the gradient of sum(convolve(z, w) * x)",
      "in z. Along an axis it gives (n − 1) stride + dilation (k − 1) + 1 − 2 padding + output_padding",
      "elements; with padding: \"same\", n · stride.",
    ],
    examples: [
      "convolve_transpose([[[1, 2]]], [[[1, 10]]], stride: 2)  # => [[[1, 10, 2, 20]]]"
    ], isOperator: true,
    action: { call in
      let (x, weight) = (try call.tensor(0), try call.tensor(1))
      let axes = max(1, weight.shape.rank - 2)
      let options = try options(call, first: 2, axes: axes)
      let extra = call.isGiven(5) ? try call.sizes(5, axes: axes, atLeast: 0) : [0]
      return try call.recording([0, 1]) {
        .tensor(try call.session.graph.convolveTranspose(x, weight, options, extra: extra))
      }
    })

  private static func pool(_ name: String, _ op: Operator, example: String) -> HostFunction {
    HostFunction(
      name: name, summary: op.summary, category: "Tensors",
      parameters: [
        P("x", "a tensor [.., height, width]"),
        P("size", "elements of a window, a list has one for each axis"),
        P("stride", "from one window to the next", default: .optional("size")), padding,
      ],
      details: [
        "\(op.name)(size) is the layer, which takes sequences too.",
        "The padding is at most half of a window."
          + (op === Operator.maxPool ? " It is never the largest." : ""),
      ], examples: [example], isOperator: true,
      action: { call in
        let x = try call.tensor(0)
        let kernels = try call.sizes(1, axes: 2, atLeast: 1)
        let both = kernels.count == 1 ? [kernels[0], kernels[0]] : kernels
        let options = WindowOptions(
          stride: call.isGiven(2) ? try call.sizes(2, axes: 2, atLeast: 1) : kernels,
          padding: try call.padding(3, axes: 2))
        return try call.recording([0]) {
          .tensor(try call.session.graph.pool(op, x, kernels: both, options))
        }
      })
  }

  static let maxPool: HostFunction = pool(
    "max_pool2d", .maxPool, example: "max_pool2d([[1, 5], [7, 2]], 2)  # => [[7]]")
  static let averagePool: HostFunction = pool(
    "avg_pool2d", .averagePool, example: "avg_pool2d([[1, 5], [7, 3]], 2)  # => [[4]]")

  private static func options(_ call: Call, first: Int, axes: Int) throws -> WindowOptions {
    WindowOptions(
      stride: call.isGiven(first) ? try call.sizes(first, axes: axes, atLeast: 1) : [1],
      padding: try call.padding(first + 1, axes: axes),
      dilation: call.isGiven(first + 2) ? try call.sizes(first + 2, axes: axes, atLeast: 1) : [1])
  }

  // MARK: - Padding

  static let pad: HostFunction = HostFunction(
    name: "pad", summary: Operator.pad.summary, category: "Tensors",
    parameters: [
      P("x", "a tensor"),
      P(
        "width",
        "how many elements: a number for all sides, or [before, behind] for each axis, as "
          + "in list([0, 0], [1, 2])"),
      P("value", "what they are", default: .optional("0")),
      P("axis", "an axis, several, or none for all", default: .optional("none")),
    ],
    details: ["A pair [before, behind] alone is for all axes."],
    examples: [
      "pad([1, 2], 1)  # => [0, 1, 2, 0]", "pad([1, 2], [0, 2], value: 9)  # => [1, 2, 9, 9]",
      "pad([[1], [2]], 1, axis: 1)  # => [[0, 1, 0], [0, 2, 0]]",
    ], isOperator: true,
    action: { call in
      let x = try call.tensor(0)
      let value = try call.number(2, default: 0)
      let axes = try call.axes(3, rank: x.shape.rank, .none) ?? Array(0..<x.shape.rank)
      let pairs = try widths(call, axes.count)
      var sizes = [Int](repeating: 0, count: 2 * x.shape.rank)
      for (axis, pair) in zip(axes, pairs) {
        (sizes[axis], sizes[x.shape.rank + axis]) = (pair[0], pair[1])
      }
      return try call.recording([0]) {
        .tensor(
          try call.session.graph.record(.pad, [x], Attributes(sizes: sizes, reals: [value])))
      }
    })

  /// Before and behind, for each of so many axes.
  private static func widths(_ call: Call, _ axes: Int) throws -> [[Int]] {
    let pair = { (value: Value) -> [Int] in
      let numbers = try (call.session.elements(value) ?? [value]).map {
        try call.session.whole($0, "a width")
      }
      guard numbers.count == 1 || numbers.count == 2, numbers.allSatisfy({ $0 >= 0 }) else {
        throw Problem(
          .value, "width of pad is a number from 0, or [before, behind]", argument: 1)
      }
      return numbers.count == 1 ? [numbers[0], numbers[0]] : numbers
    }
    let value = call.value(1)
    guard let parts = try call.session.elements(value),
      parts.contains(where: { call.session.isList($0) })
    else { return try [[Int]](repeating: pair(value), count: axes) }
    guard parts.count == axes else {
      throw Problem(
        .value,
        "width of pad has \(parts.count) pairs for \(axes == 1 ? "1 axis" : "\(axes) axes")",
        argument: 1)
    }
    return try parts.map(pair)
  }
}

extension Session {
  /// Whether a value has elements: a list, a tuple, a tensor that is no number.
  fileprivate func isList(_ value: Value) -> Bool {
    switch value {
    case .list, .tuple: true
    default: node(value).map { $0.shape.rank > 0 } ?? false
    }
  }
}

extension Call {
  /// A whole number for all axes, or a list with one for each.
  func sizes(_ index: Int, axes: Int, atLeast least: Int) throws -> [Int] {
    let what = "\(parameters[index].name) of \(name)"
    let value = value(index)
    let elements = try session.isList(value) ? session.elements(value) ?? [value] : [value]
    guard elements.count == 1 || elements.count == axes else {
      let wanted = axes == 1 ? "one number" : "a number or a list of \(axes)"
      throw Problem(
        .value, "\(what) is \(wanted), not a list of \(elements.count)", argument: index)
    }
    return try elements.map { element in
      let size = try session.whole(element, what)
      guard size >= least else {
        throw Problem(.value, "\(what) is at least \(least), not \(size)", argument: index)
      }
      return size
    }
  }

  /// Whether a padding is "same".
  func isSame(_ index: Int) throws -> Bool {
    guard case .string(let word) = value(index) else { return false }
    guard word.text == "same" else {
      throw Problem(
        .value, "padding of \(name) is a number, a list or \"same\", not \"\(word.text)\"",
        argument: index, help: word.text == "valid" ? "write padding: 0" : nil)
    }
    return true
  }

  func padding(_ index: Int, axes: Int) throws -> WindowOptions.Padding {
    guard isGiven(index) else { return .elements([0]) }
    return try isSame(index) ? .same : .elements(sizes(index, axes: axes, atLeast: 0))
  }
}

// What convolutions and pools are told: how their windows go along each axis.

import Engine

extension Attributes {
  private static let numbersAnAxis = 6

  /// Windows along some axes, as `sizes`.
  package init(windows: [WindowAxis]) {
    self.init(
      sizes: windows.flatMap {
        [$0.size, $0.kernel, $0.stride, $0.before, $0.after, $0.dilation]
      })
  }

  package var windows: [WindowAxis] {
    let count = Attributes.numbersAnAxis
    return stride(from: 0, to: sizes.count / count * count, by: count).map { first in
      WindowAxis(
        size: sizes[first], kernel: sizes[first + 1], stride: sizes[first + 2],
        before: sizes[first + 3], after: sizes[first + 4], dilation: sizes[first + 5])
    }
  }
}

/// How windows are to go over axes of a tensor, for one number or one for each axis.
package struct WindowOptions: Sendable {
  package enum Padding: Hashable, Sendable {
    /// So many elements on both sides, for each axis.
    case elements([Int])
    /// As many as make a window begin at every stride-th element.
    case same
  }

  package var stride: [Int]
  package var padding: Padding
  package var dilation: [Int]

  package init(stride: [Int], padding: Padding = .elements([0]), dilation: [Int] = [1]) {
    (self.stride, self.padding, self.dilation) = (stride, padding, dilation)
  }

  private static func entry(_ values: [Int], _ axis: Int) -> Int {
    values.count == 1 ? values[0] : values[axis]
  }

  /// Windows over axes of these sizes; none where a size is beyond all that a product takes.
  package func axes(_ sizes: [Int], kernels: [Int]) throws(OperatorProblem) -> [WindowAxis] {
    var axes: [WindowAxis] = []
    for (axis, size) in sizes.enumerated() {
      let kernel = kernels[axis]
      let (stride, dilation) = (
        WindowOptions.entry(self.stride, axis), WindowOptions.entry(self.dilation, axis)
      )
      let most = Int(Int32.max)
      guard kernel <= most, stride <= most, dilation <= most, size <= most else {
        throw OperatorProblem(
          .memory, "windows go over axes of at most \(most) elements, and are no larger")
      }
      let (before, after) = try sides(axis, size, kernel, stride, dilation)
      let window = WindowAxis(
        size: size, kernel: kernel, stride: stride, before: before, after: after,
        dilation: dilation)
      guard size > 0, window.count > 0 else {
        throw OperatorProblem(.shape, WindowOptions.misfit(window, axis + 2), operands: [0])
      }
      axes.append(window)
    }
    return axes
  }

  /// The padding of an axis; what "same" cannot share out evenly goes behind, as everywhere.
  private func sides(_ axis: Int, _ size: Int, _ kernel: Int, _ stride: Int, _ dilation: Int)
    throws(OperatorProblem) -> (Int, Int)
  {
    guard case .elements(let given) = padding else {
      let windows = (size + stride - 1) / stride
      let total = max(0, (windows - 1) * stride + (kernel - 1) * dilation + 1 - size)
      return (total / 2, total - total / 2)
    }
    let padding = WindowOptions.entry(given, axis)
    guard padding <= Int(Int32.max) else {
      throw OperatorProblem(.memory, "a padding of \(padding) elements fits no memory")
    }
    return (padding, padding)
  }

  /// `a window of 5 elements does not fit on axis 2 of {0}, which has 3`
  private static func misfit(_ window: WindowAxis, _ axis: Int) -> String {
    let spread = window.dilation > 1 ? ", \(window.dilation) apart," : ""
    let padding = window.before + window.after
    let padded = padding > 0 ? " and \(padding) of padding" : ""
    return "a window of \(window.kernel) elements\(spread) does not fit on axis \(axis) of {0}, "
      + "which has \(window.size)\(padded)"
  }
}

extension Convolution {
  /// - Parameters:
  ///   - images: x, weight: w; both of rank 2 + the windows' axes, an axis being left out for
  ///     sequences.
  init(images: Int, inputs: Int, outputs: Int, _ windows: [WindowAxis]) {
    self.init(
      images: images, inputs: inputs, outputs: outputs,
      windows.count > 1 ? windows[0] : .single, windows.last ?? .single)
  }
}

// MARK: - Recording

extension Graph {
  /// x [images, inputs, …] ∗ weight [outputs, inputs, …]; one or two axes for the windows.
  package func convolve(_ x: Node, _ weight: Node, _ options: WindowOptions)
    throws(OperatorProblem) -> Node
  {
    let (x, weight) = try floats(x, weight)
    try checkImages(x, weight, "convolve")
    let windows = try options.axes(
      Array(x.shape.dims.dropFirst(2)), kernels: Array(weight.shape.dims.dropFirst(2)))
    return try record(.convolve, [x, weight], Attributes(windows: windows))
  }

  /// x [images, inputs, …] with weight [inputs, outputs, …]: the result has as many elements along an
  /// axis as a convolution with these windows needs to give x, and `extra` more.
  package func convolveTranspose(
    _ x: Node, _ weight: Node, _ options: WindowOptions, extra: [Int] = [0]
  ) throws(OperatorProblem) -> Node {
    let (x, weight) = try floats(x, weight)
    try checkImages(x, weight, "convolve_transpose")
    let kernels = Array(weight.shape.dims.dropFirst(2))
    var sizes: [Int] = []
    for (axis, count) in x.shape.dims.dropFirst(2).enumerated() {
      sizes.append(try options.size(of: count, kernel: kernels[axis], axis, extra: extra))
    }
    let windows = try options.axes(sizes, kernels: kernels)
    return try record(.convolveTranspose, [x, weight], Attributes(windows: windows))
  }

  /// A pool over the last axes, one for each of the kernels.
  package func pool(_ op: Operator, _ x: Node, kernels: [Int], _ options: WindowOptions)
    throws(OperatorProblem) -> Node
  {
    let x = try x.floats
    guard x.shape.rank >= kernels.count else {
      throw OperatorProblem(
        .shape, "\(op.name) wants \(kernels.count) axes for its windows, {0} is \(x.shape)",
        operands: [0])
    }
    let windows = try options.axes(Array(x.shape.dims.suffix(kernels.count)), kernels: kernels)
    for window in windows where max(window.before, window.after) > window.kernel / 2 {
      throw OperatorProblem(
        .value,
        "a padding of \(max(window.before, window.after)) is more than half of a window "
          + "of \(window.kernel) elements")
    }
    return try record(op, [x], Attributes(windows: windows))
  }

  /// Both in the float type in which they meet.
  private func floats(_ x: Node, _ weight: Node) throws(OperatorProblem) -> (Node, Node) {
    let dtype = Promotion.meet(x, weight, floats: true)
    return (try x.converted(to: dtype), try weight.converted(to: dtype))
  }

  private func checkImages(_ x: Node, _ weight: Node, _ name: String) throws(OperatorProblem) {
    let rank = weight.shape.rank
    guard rank == 3 || rank == 4 else {
      throw OperatorProblem(
        .shape,
        "\(name) wants weights [outputs, inputs, width] or [outputs, inputs, height, width],"
          + " {1} is \(weight.shape)", operands: [1])
    }
    guard x.shape.rank == rank else {
      let axes = rank == 3 ? "[n, channels, length]" : "[n, channels, height, width]"
      throw OperatorProblem(
        .shape, "\(name) with weights of shape \(weight.shape) wants \(axes), {0} is \(x.shape)",
        operands: [0],
        help: x.shape.rank == rank - 1 ? "write {0}[none, ..] for a batch of one" : nil)
    }
  }
}

extension WindowOptions {
  /// How many elements an axis has whose windows are so many.
  fileprivate func size(of count: Int, kernel: Int, _ axis: Int, extra: [Int])
    throws(OperatorProblem) -> Int
  {
    let most = Int(Int32.max)
    let (stride, dilation, more) = (
      WindowOptions.entry(self.stride, axis), WindowOptions.entry(self.dilation, axis),
      WindowOptions.entry(extra, axis)
    )
    guard more < stride || more == 0 else {
      throw OperatorProblem(
        .value, "an output padding is smaller than the stride, \(stride); this one is \(more)")
    }
    guard max(count, kernel) <= most, max(stride, dilation) <= most else {
      throw OperatorProblem(.memory, "the result would be larger than a matrix product takes")
    }
    guard case .elements(let given) = padding else { return count * stride }
    let taken = 2 * min(most, WindowOptions.entry(given, axis))
    let whole = max(0, count - 1) * stride + (kernel - 1) * dilation + 1 + more
    guard whole > taken else {
      throw OperatorProblem(
        .shape,
        "a padding of \(taken / 2) takes off more than there is: along axis \(axis + 2) the windows "
          + "of {0} cover \(whole) elements", operands: [0])
    }
    return whole - taken
  }
}

// What the three operators of a convolution share: checks, and which elements meet.

import Engine

enum ConvolutionRules {
  /// Two tensors of floats with an axis of images, one of channels, and those of the windows.
  static func check(
    _ name: String, _ types: [TensorType], _ attributes: Attributes
  ) throws(OperatorProblem) {
    let rank = 2 + attributes.windows.count
    for (index, type) in types.enumerated() where type.shape.rank != rank {
      throw OperatorProblem(
        .shape, "\(name) wants \(rank) axes, {\(index)} is \(type.shape)", operands: [index])
    }
    guard types[0].dtype.isFloat, types[0].dtype == types[1].dtype else {
      throw OperatorProblem(
        .dtype,
        "\(name) wants floats of one type, not \(types[0].dtype.name) and \(types[1].dtype.name)")
    }
    let most = Int(Int32.max)
    for (index, type) in types.enumerated() {
      let image = type.shape.dims.dropFirst().reduce(1) { $0.multipliedClamped(by: $1) }
      guard image <= most else {
        throw OperatorProblem(
          .memory, "{\(index)} of shape \(type.shape) is larger than a matrix product takes",
          operands: [index])
      }
    }
    try Rules.library()
  }

  static func misfit(_ types: [TensorType]) -> OperatorProblem {
    OperatorProblem(
      .shape,
      "the windows do not fit the shapes \(types[0].shape) of {0} and \(types[1].shape) of {1}")
  }

  /// The type of a result; the matrices of all three products have sizes that the library takes.
  static func result(_ dims: [Int], _ dtype: DType) throws(OperatorProblem) -> TensorType {
    guard let shape = Shape(checking: dims) else { throw Rules.unfitting(dims) }
    let image = dims.dropFirst().reduce(1) { $0.multipliedClamped(by: $1) }
    guard image <= Int(Int32.max) else {
      throw OperatorProblem(.memory, "an image of \(shape) is larger than a matrix product takes")
    }
    return TensorType(shape, dtype)
  }

  // MARK: - Elements

  /// One of the three tensors x, w and y of y = x ∗ w.
  enum Part: Sendable { case images, weight, result }

  /// The elements that meet where two of the three make the third.
  static func elements(_ a: Part, _ b: Part, _ result: Part) -> Operator.Elements {
    let shape = { @Sendable (node: Node) in
      Meeting(
        shapes: [a: node.inputs[0].shape, b: node.inputs[1].shape, result: node.shape],
        node.attributes.windows)
    }
    return .pairs(
      Operator.ElementPairs(
        pairs: { node, element in
          shape(node).triples(result, element).map { ($0[a], $0[b]) }
        },
        partners: { node, operand, element in
          let (own, other) = operand == 0 ? (a, b) : (b, a)
          return shape(node).triples(own, element).map { ($0[result], $0[other]) }
        }))
  }

  /// Elements of x, w and y that meet.
  private struct Triple {
    let x: Int
    let w: Int
    let y: Int

    subscript(part: Part) -> Int {
      switch part {
      case .images: x
      case .weight: w
      case .result: y
      }
    }
  }

  private struct Meeting {
    let images: Int
    let inputs: Int
    let outputs: Int
    let vertical: WindowAxis
    let horizontal: WindowAxis

    init(shapes: [Part: Shape], _ windows: [WindowAxis]) {
      let (x, w, y) = (
        shapes[.images] ?? .scalar, shapes[.weight] ?? .scalar, shapes[.result] ?? .scalar
      )
      (images, inputs, outputs) = (x[0], w[1], y[1])
      vertical = windows.count > 1 ? windows[0] : .single
      horizontal = windows.last ?? .single
    }

    private func x(_ image: Int, _ channel: Int, _ row: Int, _ column: Int) -> Int {
      ((image * inputs + channel) * vertical.size + row) * horizontal.size + column
    }

    private func w(_ output: Int, _ channel: Int, _ down: Int, _ across: Int) -> Int {
      ((output * inputs + channel) * vertical.kernel + down) * horizontal.kernel + across
    }

    private func y(_ image: Int, _ output: Int, _ row: Int, _ column: Int) -> Int {
      ((image * outputs + output) * vertical.count + row) * horizontal.count + column
    }

    /// The triples in which an element of one of the three stands.
    func triples(_ part: Part, _ element: Int) -> [Triple] {
      switch part {
      case .images: ofImages(element)
      case .weight: ofWeight(element)
      case .result: ofResult(element)
      }
    }

    /// An index as places along four axes.
    private func places(_ index: Int, _ b: Int, _ c: Int, _ d: Int) -> (Int, Int, Int, Int) {
      (index / (b * c * d), index / (c * d) % b, index / d % c, index % d)
    }

    private func ofResult(_ element: Int) -> [Triple] {
      let (image, output, row, column) = places(
        element, outputs, vertical.count, horizontal.count)
      var found: [Triple] = []
      for channel in 0..<inputs {
        for down in 0..<vertical.kernel {
          guard let top = vertical.element(row, down) else { continue }
          for across in 0..<horizontal.kernel {
            guard let left = horizontal.element(column, across) else { continue }
            found.append(
              Triple(
                x: x(image, channel, top, left), w: w(output, channel, down, across), y: element))
          }
        }
      }
      return found
    }

    private func ofImages(_ element: Int) -> [Triple] {
      let (image, channel, top, left) = places(element, inputs, vertical.size, horizontal.size)
      var found: [Triple] = []
      for output in 0..<outputs {
        for down in 0..<vertical.kernel {
          guard let row = vertical.window(of: top, at: down) else { continue }
          for across in 0..<horizontal.kernel {
            guard let column = horizontal.window(of: left, at: across) else { continue }
            found.append(
              Triple(
                x: element, w: w(output, channel, down, across), y: y(image, output, row, column)))
          }
        }
      }
      return found
    }

    private func ofWeight(_ element: Int) -> [Triple] {
      let (output, channel, down, across) = places(
        element, inputs, vertical.kernel, horizontal.kernel)
      var found: [Triple] = []
      for image in 0..<images {
        for row in 0..<vertical.count {
          guard let top = vertical.element(row, down) else { continue }
          for column in 0..<horizontal.count {
            guard let left = horizontal.element(column, across) else { continue }
            found.append(
              Triple(
                x: x(image, channel, top, left), w: element, y: y(image, output, row, column)))
          }
        }
      }
      return found
    }
  }
}

extension Int {
  /// The product, no larger than a number that no size reaches.
  func multipliedClamped(by other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? Int.max / 2 : Swift.min(product, Int.max / 2)
  }
}

// Operators that move elements: reshape, transpose, concat, slices and their updates.

import Engine

extension Catalogue {
  static let movement: [Operator] = [
    .reshape, .transpose, .expand, .squeeze, .concat, .stack, .slice, .sliceUpdate, .sliceAdd, .pad,
  ]
}

extension Operator {
  package static let reshape: Operator = Operator(
    name: "reshape", summary: "The same elements in another shape; one size may be -1.",
    parameters: [Parameter("x", .tensor), Parameter("sizes", .sizes)], formula: "reshape({0})",
    infer: { types, attributes throws(OperatorProblem) in
      var dims = attributes.sizes
      guard dims.count <= Shape.maximumRank else { throw Rules.unfitting(dims) }
      if let free = dims.firstIndex(of: -1) {
        let known = dims.filter { $0 != -1 }.reduce(1) {
          $0.multipliedReportingOverflow(by: $1).partialValue
        }
        if known > 0 { dims[free] = types[0].shape.count / known }
      }
      guard let shape = Shape(checking: dims), shape.count == types[0].shape.count else {
        throw OperatorProblem(
          .shape,
          "cannot reshape {0}: its \(types[0].shape.count) elements \(types[0].shape) do not fill "
            + "[\(attributes.sizes.map(String.init).joined(separator: ", "))]", operands: [0])
      }
      return TensorType(shape, types[0].dtype)
    },
    kernel: { call throws(OperatorProblem) in Movement.copy(call.inputs[0], call.output) },
    gradient: .rule { g, node in [g.reshaped(node.inputs[0].shape.dims)] },
    notation: ["{g} in the shape of {0}"],
    samples: Samples.reshape, examples: ["reshape([1, 2, 3, 4], 2, 2)  # => [[1, 2], [3, 4]]"],
    role: .view)

  package static let transpose: Operator = Operator(
    name: "transpose", summary: "Axes in another order; without one, the last two exchanged.",
    parameters: [Parameter("x", .tensor), Parameter("order", .order, default: .none)],
    formula: "{0}'",
    infer: { types, attributes throws(OperatorProblem) in
      let shape = types[0].shape
      guard attributes.sizes.sorted() == Array(0..<shape.rank) else {
        throw OperatorProblem(
          .shape,
          "\(attributes.sizes) is no order of the \(shape.rank) axes of {0}", operands: [0])
      }
      return TensorType(Shape(attributes.sizes.map { shape[$0] }), types[0].dtype)
    },
    kernel: { call throws(OperatorProblem) in
      Movement.permute(call.inputs[0], call.inputShapes[0], call.output, call.attributes.sizes)
    },
    gradient: .rule { g, node in
      let order = node.attributes.sizes
      var inverse = order
      for (place, axis) in order.enumerated() { inverse[axis] = place }
      return [g.apply(.transpose, [], Attributes(sizes: inverse))]
    }, notation: ["{g}'"],
    notationForm: { node in
      node.attributes.sizes.count == 2 ? nil : ["{g} with its axes put back"]
    },
    samples: Samples.transpose, examples: ["transpose([[1, 2], [3, 4]])  # => [[1, 3], [2, 4]]"],
    role: .transpose)

  package static let expand: Operator = Operator(
    name: "expand", summary: "Stretches axes of size 1, and adds leading ones; -1 keeps a size.",
    parameters: [Parameter("x", .tensor), Parameter("sizes", .sizes)], formula: "expand({0})",
    infer: { types, attributes throws(OperatorProblem) in
      // A size of -1 stays as it is.
      let (own, leading) = (types[0].shape, attributes.sizes.count - types[0].shape.rank)
      let dims = attributes.sizes.enumerated().map { axis, size in
        size == -1 && axis >= leading && leading >= 0 ? own[axis - leading] : size
      }
      guard dims.allSatisfy({ $0 >= 0 }), leading >= 0,
        own.dims.enumerated().allSatisfy({ $1 == 1 || $1 == dims[$0 + leading] })
      else {
        throw OperatorProblem(
          .shape,
          "cannot stretch {0} of shape \(own) to "
            + "[\(attributes.sizes.map(String.init).joined(separator: ", "))]", operands: [0])
      }
      guard let shape = Shape(checking: dims) else { throw Rules.unfitting(dims) }
      return TensorType(shape, types[0].dtype)
    },
    kernel: { call throws(OperatorProblem) in
      Movement.strided(
        call.inputs[0], call.output, call.shape, offset: 0,
        strides: BroadcastWalk.strides(call.inputShapes[0], in: call.shape))
    },
    gradient: .rule { g, _ in [g] }, notation: ["{g}"],
    samples: Samples.expand,
    examples: [
      "expand([[1], [2]], 2, 3)  # => [[1, 1, 1], [2, 2, 2]]",
      "expand([[1], [2]], -1, 2)  # => [[1, 1], [2, 2]]",
    ], role: .stretch)

  package static let squeeze: Operator = Operator(
    name: "squeeze", summary: "Without the axes of size 1, or without those named.",
    parameters: [Parameter("x", .tensor), Parameter("axis", .axes, default: .none)],
    formula: "squeeze({0})",
    infer: { types, attributes throws(OperatorProblem) in
      let shape = types[0].shape
      if let wrong = attributes.axes?.first(where: { shape[$0] != 1 }) {
        throw OperatorProblem(
          .shape, "cannot squeeze axis \(wrong) of {0}: its size is \(shape[wrong])", operands: [0])
      }
      let dims = (0..<shape.rank).filter { axis in
        attributes.axes.map { !$0.contains(axis) } ?? (shape[axis] != 1)
      }
      return TensorType(Shape(dims.map { shape[$0] }), types[0].dtype)
    },
    kernel: { call throws(OperatorProblem) in Movement.copy(call.inputs[0], call.output) },
    gradient: .rule { g, node in [g.reshaped(node.inputs[0].shape.dims)] },
    notation: ["{g} in the shape of {0}"],
    samples: Samples.squeeze, examples: ["squeeze([[1, 2]])  # => [1, 2]"], role: .view)

  package static let concat: Operator = Operator(
    name: "concat", summary: "Tensors one after the other along an axis.",
    parameters: [Parameter("x", .tensors), Parameter("axis", .axis, default: .number(0))],
    formula: "concat({0}, {1})",
    infer: { types, attributes throws(OperatorProblem) in
      let first = types[0].shape
      let axis = attributes.axes?.first ?? 0
      guard first.rank > 0 else {
        throw OperatorProblem(.shape, "numbers cannot be concatenated", help: "write stack(…)")
      }
      var total = 0
      for (index, type) in types.enumerated() {
        let shape = type.shape
        guard shape.rank == first.rank,
          (0..<first.rank).allSatisfy({ $0 == axis || shape[$0] == first[$0] })
        else {
          throw OperatorProblem(
            .shape,
            "cannot concatenate \(first) and \(shape) along axis \(axis): "
              + "the other sizes differ", operands: [0, index])
        }
        total += shape[axis]
      }
      var dims = first.dims
      dims[axis] = total
      guard let shape = Shape(checking: dims) else {
        throw OperatorProblem(.memory, "the result is too large")
      }
      return TensorType(shape, types[0].dtype)
    },
    kernel: { call throws(OperatorProblem) in
      let axis = call.attributes.axes?.first ?? 0
      let strides = call.shape.strides
      var offset = 0
      for (input, shape) in zip(call.inputs, call.inputShapes) {
        Movement.scatterStrided(input, call.output, shape, offset: offset, strides: strides)
        offset += shape[axis] * strides[axis]
      }
    },
    gradient: .rule { g, node in
      let axis = node.attributes.axes?.first ?? 0
      var start = 0
      return node.inputs.map { input in
        defer { start += input.shape[axis] }
        var starts = [Int](repeating: 0, count: node.shape.rank)
        starts[axis] = start
        return g.sliced(starts: starts, lengths: input.shape.dims)
      }
    }, notation: ["{g} where {x} went"],
    samples: Samples.concat, examples: ["concat([1, 2], [3])  # => [1, 2, 3]"])

  package static let stack: Operator = Operator(
    name: "stack", summary: "Tensors of equal shape along a new axis.",
    parameters: [Parameter("x", .tensors), Parameter("axis", .size, default: .number(0))],
    formula: "[{0}, {1}]",
    infer: { types, attributes throws(OperatorProblem) in
      let first = types[0].shape
      if let index = types.firstIndex(where: { $0.shape != first }) {
        throw OperatorProblem(
          .shape, "cannot stack \(first) and \(types[index].shape)", operands: [0, index])
      }
      var dims = first.dims
      let axis = attributes.sizes.first ?? 0
      guard axis >= 0, axis <= dims.count else {
        throw OperatorProblem(.index, "\(first) has no place \(axis) for a new axis")
      }
      dims.insert(types.count, at: axis)
      guard let shape = Shape(checking: dims) else {
        throw OperatorProblem(.shape, "a tensor has at most 8 axes")
      }
      return TensorType(shape, types[0].dtype)
    },
    kernel: { call throws(OperatorProblem) in
      let axis = call.attributes.sizes.first ?? 0
      var strides = call.shape.strides
      let step = strides.remove(at: axis)
      for (index, input) in call.inputs.enumerated() {
        Movement.scatterStrided(
          input, call.output, call.inputShapes[index], offset: index * step, strides: strides)
      }
    },
    gradient: .rule { g, node in
      let axis = node.attributes.sizes.first ?? 0
      return node.inputs.indices.map { index in
        var starts = [Int](repeating: 0, count: node.shape.rank)
        starts[axis] = index
        var lengths = node.shape.dims
        lengths[axis] = 1
        return g.sliced(starts: starts, lengths: lengths).reshaped(node.inputs[index].shape.dims)
      }
    }, notation: ["{g} where {x} went"],
    samples: Samples.stack, examples: ["stack([1, 2], [3, 4])  # => [[1, 2], [3, 4]]"])

  /// inputs: x, starts (i64 [rank]); sizes: lengths, then steps.
  package static let slice: Operator = Operator(
    name: "slice", summary: "A block of a tensor.", parameters: [Parameter("x", .tensor)],
    formula: "{0}[…]",
    infer: { types, attributes throws(OperatorProblem) in
      let rank = types[0].shape.rank
      guard attributes.sizes.count == 2 * rank, types[1] == TensorType(Shape([rank]), .i64),
        let shape = Shape(checking: attributes.sizes.prefix(rank))
      else {
        throw OperatorProblem(.shape, "a block of {0} wants a start, length and step for each axis")
      }
      return TensorType(shape, types[0].dtype)
    },
    kernel: { call throws(OperatorProblem) in
      let (offset, strides) = try layout(
        call.inputShapes[0], call.attributes, call.shape, starts: call.inputs[1])
      Movement.strided(call.inputs[0], call.output, call.shape, offset: offset, strides: strides)
    },
    gradient: .rule { g, node in
      let x = node.inputs[0]
      let zeros = g.graph.constant(0, g.dtype).expanded(x.shape.dims)
      return [zeros.apply(.sliceUpdate, [g, node.inputs[1]], node.attributes), nil]
    }, notation: ["{g} where it was taken, 0 elsewhere"], samples: Samples.slice, isHidden: true)

  /// inputs: x, value, starts; x with a block replaced.
  package static let sliceUpdate: Operator = Operator(
    name: "slice_update", summary: "A tensor with a block replaced.",
    parameters: [Parameter("x", .tensor), Parameter("value", .tensor)], formula: "{0}[…] = {1}",
    infer: { types, attributes throws(OperatorProblem) in
      let rank = types[0].shape.rank
      guard attributes.sizes.count == 2 * rank, types[2] == TensorType(Shape([rank]), .i64),
        let block = Shape(checking: attributes.sizes.prefix(rank)),
        types[1] == TensorType(block, types[0].dtype)
      else {
        throw OperatorProblem(
          .shape, "{1} of shape \(types[1].shape) does not fill a block of \(types[0].shape)")
      }
      return types[0]
    },
    kernel: { call throws(OperatorProblem) in
      Movement.copy(call.inputs[0], call.output)
      let (offset, strides) = try layout(
        call.shape, call.attributes, call.inputShapes[1], starts: call.inputs[2])
      Movement.scatterStrided(
        call.inputs[1], call.output, call.inputShapes[1], offset: offset, strides: strides)
    },
    gradient: .rule { g, node in
      let value = node.inputs[1]
      let zeros = g.graph.constant(0, g.dtype).expanded(value.shape.dims)
      return [
        g.apply(.sliceUpdate, [zeros, node.inputs[2]], node.attributes),
        g.apply(.slice, [node.inputs[2]], node.attributes), nil,
      ]
    }, notation: ["{g}, 0 where {1} went", "{g} where {1} went"], samples: Samples.sliceUpdate,
    isHidden: true, changesElements: true)

  /// inputs: x, value, starts; x with value added to a block.
  package static let sliceAdd: Operator = Operator(
    name: "slice_add", summary: "A tensor with a block added to.",
    parameters: [Parameter("x", .tensor), Parameter("value", .tensor)], formula: "{0}[…] += {1}",
    infer: { types, attributes throws(OperatorProblem) in
      guard types[0].dtype.isFloat else {
        throw OperatorProblem(.dtype, "slice_add wants floats, {0} holds \(types[0].dtype.name)")
      }
      return try sliceUpdate.infer(types, attributes)
    },
    kernel: { call throws(OperatorProblem) in
      Movement.copy(call.inputs[0], call.output)
      let (offset, strides) = try layout(
        call.shape, call.attributes, call.inputShapes[1], starts: call.inputs[2])
      Movement.addStrided(
        call.inputs[1], call.output, call.inputShapes[1], offset: offset, strides: strides)
    },
    gradient: .rule { g, node in
      [g, g.apply(.slice, [node.inputs[2]], node.attributes), nil]
    }, notation: ["{g}", "{g} where {1} went"], samples: Samples.sliceUpdate, isHidden: true,
    changesElements: true)

  /// Offset and strides of a block, which must lie inside the tensor.
  private static func layout(
    _ shape: Shape, _ attributes: Attributes, _ block: Shape, starts: Buffer
  ) throws(OperatorProblem) -> (offset: Int, strides: [Int]) {
    let own = shape.strides
    var offset = 0
    var strides = own
    for axis in 0..<shape.rank {
      let start = Int(starts.pointer(as: Int64.self)[axis])
      let step = attributes.sizes[shape.rank + axis]
      let (reach, far) = step.multipliedReportingOverflow(by: Swift.max(0, block[axis] - 1))
      let (end, beyond) = start.addingReportingOverflow(reach)
      let range = 0..<shape[axis]
      guard block.count == 0 || !far && !beyond && range.contains(start) && range.contains(end)
      else {
        throw OperatorProblem(
          .index, "elements \(start) to \(end) are not within axis \(axis) of \(shape)",
          operands: [0])
      }
      offset += block.count == 0 ? 0 : start * own[axis]
      strides[axis] = own[axis] * step
    }
    return (offset, strides)
  }
}

extension Node {
  /// The block at `starts` with `lengths`; both within the shape.
  package func sliced(starts: [Int], lengths: [Int], steps: [Int]? = nil) -> Node {
    guard let buffer = try? Buffer(.i64, values: starts.map(Double.init)) else { return self }
    let place = graph.leaf(buffer, Shape([starts.count]))
    let steps = steps ?? [Int](repeating: 1, count: lengths.count)
    return apply(.slice, [place], Attributes(sizes: lengths + steps))
  }
}

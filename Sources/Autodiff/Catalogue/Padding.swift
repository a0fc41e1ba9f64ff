// Elements put around a tensor.

import Engine

extension Operator {
  /// sizes: how many elements go before each axis, then how many behind; reals: which.
  package static let pad: Operator = Operator(
    name: "pad", summary: "A tensor with elements of one value put around it.",
    parameters: [Parameter("x", .tensor)], formula: "pad({0})",
    infer: { types, attributes throws(OperatorProblem) in
      let rank = types[0].shape.rank
      let sizes = attributes.sizes
      guard sizes.count == 2 * rank, sizes.allSatisfy({ $0 >= 0 }) else {
        throw OperatorProblem(
          .shape, "pad wants how many elements go before and behind each axis of {0}")
      }
      let dims = types[0].shape.dims.enumerated().map { axis, size in
        size.addingReportingOverflow(sizes[axis]).partialValue
          .addingReportingOverflow(sizes[rank + axis]).partialValue
      }
      guard sizes.allSatisfy({ $0 < 1 << 60 }), let shape = Shape(checking: dims) else {
        throw OperatorProblem(.memory, "a tensor with so much padding fits no memory")
      }
      let value = attributes.reals.first ?? 0
      guard types[0].dtype != .bool || value == 0 || value == 1,
        Graph.fits(value, types[0].dtype)
      else {
        throw OperatorProblem(
          .value, "{0} holds \(types[0].dtype.name), which \(NumberFormat.shortest(value)) is not",
          operands: [0])
      }
      return TensorType(shape, types[0].dtype)
    },
    kernel: { call throws(OperatorProblem) in
      let value = call.attributes.reals.first ?? 0
      if value == 0 { Movement.clear(call.output) } else { call.output.fill { _ in value } }
      let strides = call.shape.strides
      let offset = Swift.zip(call.attributes.sizes, strides).reduce(0) { $0 + $1.0 * $1.1 }
      Movement.scatterStrided(
        call.inputs[0], call.output, call.inputShapes[0], offset: offset, strides: strides)
    },
    gradient: .rule { g, node in
      let x = node.inputs[0].shape
      return [
        g.sliced(starts: Array(node.attributes.sizes.prefix(x.rank)), lengths: x.dims)
      ]
    }, notation: ["{g} without the padding"], samples: Samples.pad, isHidden: true)
}

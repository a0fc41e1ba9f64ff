// Pools over images, and what they hand back.

import Engine

extension Catalogue {
  static let pools: [Operator] = [
    .maxPool, .maxPoolTake, .maxPoolReturn, .averagePool, .averagePoolReturn,
  ]
}

extension Operator {
  /// Axes in front of those of the windows are planes that know nothing of each other.
  private static func pooling(_ planes: Shape, _ windows: [WindowAxis]) -> Pooling {
    Pooling(
      planes: planes.dims.dropLast(windows.count).reduce(1, *),
      windows.count > 1 ? windows[0] : .single, windows.last ?? .single)
  }

  /// The shape with the last axes exchanged for these; checks that they are what the windows say.
  private static func exchanged(
    _ name: String, _ type: TensorType, _ windows: [WindowAxis], from: (WindowAxis) -> Int,
    to: (WindowAxis) -> Int
  ) throws(OperatorProblem) -> TensorType {
    let dims = type.shape.dims
    guard type.dtype.isFloat else {
      throw OperatorProblem(
        .dtype, "\(name) wants floats, {0} holds \(type.dtype.name)", operands: [0],
        help: "write {0}.f32")
    }
    guard dims.count >= windows.count, dims.suffix(windows.count).elementsEqual(windows.map(from))
    else {
      throw OperatorProblem(.shape, "the windows do not fit the shape \(type.shape) of {0}")
    }
    return TensorType(Shape(dims.dropLast(windows.count) + windows.map(to)), type.dtype)
  }

  private static let single: [Parameter] = [Parameter("x", .tensor)]

  package static let maxPool: Operator = Operator(
    name: "max_pool", summary: "The largest element of each window.", parameters: single,
    formula: "max_pool({0})",
    infer: { types, attributes throws(OperatorProblem) in
      try exchanged("max_pool", types[0], attributes.windows, from: \.size, to: \.count)
    },
    kernel: { call throws(OperatorProblem) in
      let pooling = pooling(call.shape, call.attributes.windows)
      try Kernels.guarded { () throws(MemoryProblem) in
        try pooling.largest(call.inputs[0], call.output)
      }
    },
    gradient: .rule { g, node in
      [node.inputs[0].stopped.apply(.maxPoolReturn, [g], node.attributes)]
    }, notation: ["{g} at the first largest of each window, 0 elsewhere"],
    samples: Samples.pools, isHidden: true)

  /// inputs: x, and y of its shape; y where x is largest.
  package static let maxPoolTake: Operator = Operator(
    name: "max_pool_take", summary: "The elements of y at the first largest of x in each window.",
    parameters: [Parameter("x", .tensor), Parameter("y", .tensor)],
    formula: "max_pool_take({0}, {1})",
    infer: { types, attributes throws(OperatorProblem) in
      guard types[0] == types[1] else {
        throw OperatorProblem(.shape, "max_pool_take wants two tensors of equal shape")
      }
      return try exchanged(
        "max_pool_take", types[0], attributes.windows, from: \.size, to: \.count)
    },
    kernel: { call throws(OperatorProblem) in
      pooling(call.shape, call.attributes.windows)
        .chosen(call.inputs[0], call.inputs[1], call.output)
    },
    gradient: .rule { g, node in
      [nil, node.inputs[0].stopped.apply(.maxPoolReturn, [g], node.attributes)]
    }, notation: ["0", "{g} at the first largest of {0}, 0 elsewhere"],
    samples: Samples.poolsTaken, isHidden: true)

  /// inputs: x, and g of its windows; the adjoint of max_pool_take.
  package static let maxPoolReturn: Operator = Operator(
    name: "max_pool_return", summary: "Elements added up at the first largest of each window.",
    parameters: [Parameter("x", .tensor), Parameter("g", .tensor)],
    formula: "max_pool_return({0}, {1})",
    infer: { types, attributes throws(OperatorProblem) in
      let windows = try exchanged(
        "max_pool_return", types[0], attributes.windows, from: \.size, to: \.count)
      guard types[1] == windows else {
        throw OperatorProblem(.shape, "{1} of shape \(types[1].shape) is not \(windows.shape)")
      }
      return types[0]
    },
    kernel: { call throws(OperatorProblem) in
      pooling(call.shape, call.attributes.windows)
        .returned(call.inputs[0], call.inputs[1], call.output)
    },
    gradient: .rule { g, node in
      [nil, node.inputs[0].stopped.apply(.maxPoolTake, [g], node.attributes)]
    }, notation: ["0", "{g} at the first largest of {0} in each window"],
    samples: Samples.poolsReturned, isHidden: true)

  package static let averagePool: Operator = Operator(
    name: "avg_pool", summary: "The mean of each window; padding counts as zeros.",
    parameters: single, formula: "avg_pool({0})",
    infer: { types, attributes throws(OperatorProblem) in
      try exchanged("avg_pool", types[0], attributes.windows, from: \.size, to: \.count)
    },
    kernel: { call throws(OperatorProblem) in
      pooling(call.shape, call.attributes.windows).mean(call.inputs[0], call.output)
    },
    gradient: .rule { g, node in [g.apply(.averagePoolReturn, [], node.attributes)] },
    notation: ["{g} divided among the elements of each window"],
    samples: Samples.pools, isHidden: true)

  /// The adjoint of avg_pool.
  package static let averagePoolReturn: Operator = Operator(
    name: "avg_pool_return", summary: "Each element divided among those of its window.",
    parameters: single, formula: "avg_pool_return({0})",
    infer: { types, attributes throws(OperatorProblem) in
      try exchanged("avg_pool_return", types[0], attributes.windows, from: \.count, to: \.size)
    },
    kernel: { call throws(OperatorProblem) in
      pooling(call.shape, call.attributes.windows).spread(call.inputs[0], call.output)
    },
    gradient: .rule { g, node in [g.apply(.averagePool, [], node.attributes)] },
    notation: ["avg_pool({g})"], samples: Samples.averagesReturned, isHidden: true)
}

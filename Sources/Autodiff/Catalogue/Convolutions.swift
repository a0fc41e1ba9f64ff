// The convolution and what it hands back. Each of the three is linear in both of its operands, and the
// derivatives of each are the two others: all three go over the same triples of elements.

import Engine

extension Catalogue {
  static let convolutions: [Operator] = [
    .convolve, .convolveTranspose, .convolveWeight,
  ]
}

extension Operator {
  /// x [images, inputs, …] and w [outputs, inputs, …] give [images, outputs, …].
  package static let convolve: Operator = Operator(
    name: "convolve",
    summary: "Slides windows over images and multiplies what they see with weights.",
    parameters: [Parameter("x", .tensor), Parameter("weight", .tensor)],
    formula: "convolve({0}, {1})",
    infer: { types, attributes throws(OperatorProblem) in
      let (x, w, windows) = (types[0].shape, types[1].shape, attributes.windows)
      try ConvolutionRules.check("convolve", types, attributes)
      guard x[1] == w[1] else {
        throw OperatorProblem(
          .shape,
          "cannot convolve {0} with {1}: {0} has \(channels(x[1])), {1} takes \(w[1])")
      }
      guard x.dims.dropFirst(2).elementsEqual(windows.map(\.size)),
        w.dims.dropFirst(2).elementsEqual(windows.map(\.kernel))
      else { throw ConvolutionRules.misfit(types) }
      return try ConvolutionRules.result([x[0], w[0]] + windows.map(\.count), types[0].dtype)
    },
    kernel: { call throws(OperatorProblem) in
      let convolution = Convolution(
        images: call.shape[0], inputs: call.inputShapes[0][1], outputs: call.shape[1],
        call.attributes.windows)
      try Kernels.guarded { () throws(MemoryProblem) in
        try convolution.forward(call.inputs[0], call.inputs[1], call.output)
      }
    },
    gradient: .rule { g, node in
      let (x, w) = (node.inputs[0], node.inputs[1])
      return [
        x.isTracked ? g.apply(.convolveTranspose, [w], node.attributes) : nil,
        w.isTracked ? x.apply(.convolveWeight, [g], node.attributes) : nil,
      ]
    },
    notation: [
      "convolve_transpose({g}, {1})", "what the windows see of {0}, times {g}, added up",
    ],
    elements: ConvolutionRules.elements(.images, .weight, .result),
    samples: Samples.convolve, isHidden: true)

  private static func channels(_ count: Int) -> String {
    count == 1 ? "1 channel" : "\(count) channels"
  }

  /// y [images, outputs, …] and w [outputs, inputs, …] give [images, inputs, …]: every element of y
  /// adds its weights where its window is.
  package static let convolveTranspose: Operator = Operator(
    name: "convolve_transpose",
    summary: "Adds the weights times every element up where its window lies.",
    parameters: [Parameter("x", .tensor), Parameter("weight", .tensor)],
    formula: "convolve_transpose({0}, {1})",
    infer: { types, attributes throws(OperatorProblem) in
      let (y, w, windows) = (types[0].shape, types[1].shape, attributes.windows)
      try ConvolutionRules.check("convolve_transpose", types, attributes)
      guard y[1] == w[0] else {
        throw OperatorProblem(
          .shape,
          "cannot convolve {0} with {1}: {0} has \(channels(y[1])), {1} takes \(w[0])")
      }
      guard y.dims.dropFirst(2).elementsEqual(windows.map(\.count)),
        w.dims.dropFirst(2).elementsEqual(windows.map(\.kernel))
      else { throw ConvolutionRules.misfit(types) }
      return try ConvolutionRules.result([y[0], w[1]] + windows.map(\.size), types[0].dtype)
    },
    kernel: { call throws(OperatorProblem) in
      let convolution = Convolution(
        images: call.shape[0], inputs: call.shape[1], outputs: call.inputShapes[0][1],
        call.attributes.windows)
      try Kernels.guarded { () throws(MemoryProblem) in
        try convolution.toImages(call.inputs[0], call.inputs[1], call.output)
      }
    },
    gradient: .rule { g, node in
      let (y, w) = (node.inputs[0], node.inputs[1])
      return [
        y.isTracked ? g.apply(.convolve, [w], node.attributes) : nil,
        w.isTracked ? g.apply(.convolveWeight, [y], node.attributes) : nil,
      ]
    },
    notation: ["convolve({g}, {1})", "what the windows see of {g}, times {0}, added up"],
    elements: ConvolutionRules.elements(.result, .weight, .images),
    samples: Samples.convolveTranspose, isHidden: true)

  /// x [images, inputs, …] and y [images, outputs, …] give [outputs, inputs, …]: what windows see,
  /// times the elements of y that they make.
  package static let convolveWeight: Operator = Operator(
    name: "convolve_weight", summary: "What the windows see, times what they make, added up.",
    parameters: [Parameter("x", .tensor), Parameter("y", .tensor)],
    formula: "convolve_weight({0}, {1})",
    infer: { types, attributes throws(OperatorProblem) in
      let (x, y, windows) = (types[0].shape, types[1].shape, attributes.windows)
      try ConvolutionRules.check("convolve_weight", types, attributes)
      guard x[0] == y[0], x.dims.dropFirst(2).elementsEqual(windows.map(\.size)),
        y.dims.dropFirst(2).elementsEqual(windows.map(\.count))
      else { throw ConvolutionRules.misfit(types) }
      return try ConvolutionRules.result([y[1], x[1]] + windows.map(\.kernel), types[0].dtype)
    },
    kernel: { call throws(OperatorProblem) in
      let convolution = Convolution(
        images: call.inputShapes[0][0], inputs: call.shape[1], outputs: call.shape[0],
        call.attributes.windows)
      try Kernels.guarded { () throws(MemoryProblem) in
        try convolution.toWeight(call.inputs[0], call.inputs[1], call.output)
      }
    },
    gradient: .rule { g, node in
      let (x, y) = (node.inputs[0], node.inputs[1])
      return [
        x.isTracked ? y.apply(.convolveTranspose, [g], node.attributes) : nil,
        y.isTracked ? x.apply(.convolve, [g], node.attributes) : nil,
      ]
    },
    notation: ["convolve_transpose({1}, {g})", "convolve({0}, {g})"],
    elements: ConvolutionRules.elements(.images, .result, .weight),
    samples: Samples.convolveWeight, isHidden: true)
}

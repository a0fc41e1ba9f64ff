// Functions of one tensor, element by element.

import Engine

extension Catalogue {
  static let elementwise: [Operator] =
    [
      .exp, .log, .sqrt, .sin, .cos, .tanh, .abs, .sign, .floor, .round, .sigmoid, .relu, .gelu,
      .silu,
      .softplus, .erf, .clip, .convert,
    ] + elementary
}

extension Operator {
  /// A function of floats, or of floats and whole numbers.
  static func unary(
    _ name: String, _ summary: String, _ operation: TileOperation, whole: WholeFunction? = nil,
    _ gradient: Gradient,
    formula: String? = nil, notation: [String]? = nil, domain: ClosedRange<Double> = -2...2,
    kinks: [Double] = [], infer: Infer? = nil, example: String, isHidden: Bool = false
  ) -> Operator {
    Operator(
      name: name, summary: summary, parameters: [Parameter("x", .tensor)],
      formula: formula ?? "\(name)({0})", infer: infer ?? Rules.floats(name),
      kernel: { call throws(OperatorProblem) in
        if let whole, call.output.dtype.isInteger { return try whole.kernel(call, name) }
        try Kernels.tiled(call, operation)
      },
      gradient: gradient, notation: notation, elements: .each, domain: domain, kinks: kinks,
      samples: Samples.unary, examples: [example], isHidden: isHidden, role: .element(operation))
  }

  package static let exp: Operator = unary(
    "exp", "e to the power of every element.", .exp,
    .rule { g, node in [g * node] }, notation: ["{y}"], example: "exp([0, 1])  # => [1, 2.7183]")
  package static let log: Operator = unary(
    "log", "The natural logarithm.", .log,
    .rule { g, node in [g / node.inputs[0]] }, notation: ["1 / {0}"], domain: 0.3...3,
    example: "log([1, 10])  # => [0, 2.3026]")
  package static let sqrt: Operator = unary(
    "sqrt", "The square root.", .sqrt,
    .rule { g, node in [g / (2 * node)] }, notation: ["1 / (2 {y})"], domain: 0.3...3,
    example: "sqrt([4, 9])  # => [2, 3]")
  package static let sin: Operator = unary(
    "sin", "The sine, in radians.", .sin,
    .rule { g, node in [g * node.inputs[0].apply(.cos)] }, notation: ["cos({0})"],
    example: "sin([0, pi / 2])  # => [0, 1]")
  package static let cos: Operator = unary(
    "cos", "The cosine, in radians.", .cos,
    .rule { g, node in [-(g * node.inputs[0].apply(.sin))] }, notation: ["−sin({0})"],
    example: "cos(0)  # => 1")
  package static let tanh: Operator = unary(
    "tanh", "Squashes every element into −1 … 1.", .tanh,
    .rule { g, node in [g * (1 - node * node)] }, notation: ["(1 − {y}²)"],
    example: "tanh([0, 1])  # => [0, 0.7616]")
  package static let abs: Operator = unary(
    "abs", "The distance from zero.", .abs, whole: .magnitude,
    .rule { g, node in [g * node.inputs[0].stopped.apply(.sign)] }, notation: ["sign({0})"],
    kinks: [0], infer: Rules.numbers("abs"),
    example: "abs([-3, 2])  # => [3, 2]")
  package static let sign: Operator = unary(
    "sign", "−1, 0 or 1.", .sign, whole: .sign,
    .none(because: "the sign is flat almost everywhere"), infer: Rules.numbers("sign"),
    example: "sign([-3, 0, 2])  # => [-1, 0, 1]")
  package static let floor: Operator = unary(
    "floor", "Rounds down.", .floor, whole: .itself,
    .none(because: "rounding is flat almost everywhere"), infer: Rules.numbers("floor"),
    example: "floor([1.5, -1.5])  # => [1, -2]")
  package static let round: Operator = unary(
    "round", "Rounds to the nearest whole number, halves to the even one.", .round, whole: .itself,
    .none(because: "rounding is flat almost everywhere"), infer: Rules.numbers("round"),
    example: "round([1.4, 2.5])  # => [1, 2]")
  package static let sigmoid: Operator = unary(
    "sigmoid", "The logistic function 1 / (1 + e^−x): squashes every element into 0 … 1.", .sigmoid,
    .rule { g, node in [g * node * (1 - node)] }, notation: ["{y} (1 − {y})"],
    example: "sigmoid(0)  # => 0.5")
  package static let relu: Operator = unary(
    "relu", "Zero for what is negative; its derivative at 0 is 0.", .relu,
    .rule { g, node in [g * node.inputs[0].stopped.compare(.greater, 0).indicator(g.dtype)] },
    notation: ["({0} > 0)"], kinks: [0], example: "relu([-1, 2])  # => [0, 2]")
  package static let gelu: Operator = unary(
    "gelu", "x Φ(x), with the distribution function Φ of the normal distribution.", .gelu,
    .rule { g, node in
      let x = node.inputs[0]
      let phi = 0.5 * (1 + (x * 0.5.squareRoot()).apply(.erf))
      let density = (x * x * -0.5).apply(.exp) * 0.398_942_280_401_432_7
      return [g * (phi + x * density)]
    }, notation: ["Φ({0}) + {0} φ({0})"], example: "gelu([0, 1])  # => [0, 0.8413]")
  package static let silu: Operator = unary(
    "silu", "x sigmoid(x), also called swish.", .silu,
    .rule { g, node in
      let s = node.inputs[0].apply(.sigmoid)
      return [g * (s + node * (1 - s))]
    }, notation: ["sigmoid({0}) + {y} (1 − sigmoid({0}))"],
    example: "silu([0, 1])  # => [0, 0.7311]")
  package static let softplus: Operator = unary(
    "softplus", "log(1 + e^x), a smooth relu.", .softplus,
    .rule { g, node in [g * node.inputs[0].apply(.sigmoid)] }, notation: ["sigmoid({0})"],
    example: "softplus(0)  # => 0.6931")
  package static let erf: Operator = unary(
    "erf", "The error function.", .erf,
    .rule { g, node in
      let x = node.inputs[0]
      return [g * (-(x * x)).apply(.exp) * 1.128_379_167_095_512_6]
    }, notation: ["2 e^(−{0}²) / √π"], example: "erf(0)  # => 0")

  package static let clip: Operator = Operator(
    name: "clip", summary: "Limits every element to min … max; one of the two may be left out.",
    parameters: [
      Parameter("x", .tensor), Parameter("min", .real(-.infinity), default: .none),
      Parameter("max", .real(.infinity), default: .none),
    ], formula: "clip({0}, min, max)",
    infer: { types, attributes throws(OperatorProblem) in
      // A fraction makes whole numbers floats; an infinite bound is none.
      let isWhole = attributes.reals.allSatisfy { $0 == $0.rounded() }
      return try (isWhole ? Rules.numbers("clip") : Rules.floats("clip"))(types, attributes)
    },
    kernel: { call throws(OperatorProblem) in
      switch call.output.dtype {
      case .f32, .f64: try Kernels.tiled(call, .clip)
      case .i64: WholeArithmetic.clip(call, Int64.self)
      case .i32: WholeArithmetic.clip(call, Int32.self)
      case .bool: break
      }
    },
    gradient: .rule { g, node in
      let x = node.inputs[0].stopped
      let inside =
        x.compare(.greaterOrEqual, node.attributes.reals[0]).indicator(g.dtype)
        * x.compare(.lessOrEqual, node.attributes.reals[1]).indicator(g.dtype)
      return [g * inside]
    }, notation: ["(min ≤ {0} ≤ max)"], elements: .each, kinks: [-1, 1],
    samples: Samples.unary.map { Sample($0.shapes, Attributes(reals: [-1, 1])) },
    examples: [
      "clip([-5, 0, 5], -1, 1)  # => [-1, 0, 1]", "clip([-5, 5], min: 0)  # => [0, 5]",
      "clip([-5, 5], [0, 1], [1, 3])  # => [0, 3]",
    ], role: .element(.clip))
}

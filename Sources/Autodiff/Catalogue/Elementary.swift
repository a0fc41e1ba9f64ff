// Further functions of elements: logarithms and powers near zero and of other bases, angles and
// hyperbolic functions, rounding.

import Engine

extension Catalogue {
  package static let elementary: [Operator] = [
    .log1p, .expm1, .log2, .log10, .exp2, .cbrt, .tan, .asin, .acos, .atan, .sinh, .cosh, .asinh,
    .acosh, .atanh, .ceil, .trunc, .atan2, .hypot,
  ]
}

extension Operator {
  static let ln2 = 0.693_147_180_559_945_3
  static let ln10 = 2.302_585_092_994_045_7

  package static let log1p: Operator = unary(
    "log1p", "log(1 + x), exact for small x as well; -inf at -1.", .log1p,
    .rule { g, node in [g / (1 + node.inputs[0])] }, notation: ["1 / (1 + {0})"],
    domain: -0.6...2, example: "log1p([0, 1e-10])  # => [0, 1e-10]")
  package static let expm1: Operator = unary(
    "expm1", "e^x − 1, exact for small x as well.", .expm1,
    .rule { g, node in [g * (node + 1)] }, notation: ["({y} + 1)"],
    example: "expm1([0, 1e-10])  # => [0, 1e-10]")
  package static let log2: Operator = unary(
    "log2", "The logarithm to base 2.", .log2,
    .rule { g, node in [g / (node.inputs[0] * ln2)] }, notation: ["1 / ({0} log(2))"],
    domain: 0.3...3, example: "log2([1, 8])  # => [0, 3]")
  package static let log10: Operator = unary(
    "log10", "The logarithm to base 10.", .log10,
    .rule { g, node in [g / (node.inputs[0] * ln10)] }, notation: ["1 / ({0} log(10))"],
    domain: 0.3...3, example: "log10([1, 1000])  # => [0, 3]")
  package static let exp2: Operator = unary(
    "exp2", "2 to the power of every element.", .exp2,
    .rule { g, node in [g * (node * ln2)] }, notation: ["{y} log(2)"],
    example: "exp2([0, 3])  # => [1, 8]")
  package static let cbrt: Operator = unary(
    "cbrt", "The cube root; its derivative at 0 is infinite.", .cbrt,
    .rule { g, node in [g / (3 * (node * node))] }, notation: ["1 / (3 {y}²)"], domain: 0.3...3,
    kinks: [0], example: "cbrt([8, -27])  # => [2, -3]")

  package static let tan: Operator = unary(
    "tan", "The tangent, in radians.", .tan,
    .rule { g, node in [g * (1 + node * node)] }, notation: ["(1 + {y}²)"], domain: -1.2...1.2,
    example: "tan([0, pi / 4])  # => [0, 1]")
  package static let asin: Operator = unary(
    "asin", "The angle whose sine is x, from −π/2 to π/2; NaN beyond −1 … 1.", .asin,
    .rule { g, node in [g / ((1 - node.inputs[0]) * (1 + node.inputs[0])).apply(.sqrt)] },
    notation: ["1 / sqrt(1 − {0}²)"], domain: -0.8...0.8, example: "asin([0, 1])  # => [0, 1.5708]")
  package static let acos: Operator = unary(
    "acos", "The angle whose cosine is x, from 0 to π; NaN beyond −1 … 1.", .acos,
    .rule { g, node in [-g / ((1 - node.inputs[0]) * (1 + node.inputs[0])).apply(.sqrt)] },
    notation: ["−1 / sqrt(1 − {0}²)"], domain: -0.8...0.8,
    example: "acos([1, -1])  # => [0, 3.1416]")
  package static let atan: Operator = unary(
    "atan", "The angle whose tangent is x, from −π/2 to π/2.", .atan,
    .rule { g, node in [g / (1 + node.inputs[0] * node.inputs[0])] },
    notation: ["1 / (1 + {0}²)"], example: "atan([0, 1])  # => [0, 0.7854]")

  package static let sinh: Operator = unary(
    "sinh", "The hyperbolic sine, (e^x − e^−x) / 2.", .sinh,
    .rule { g, node in [g * node.inputs[0].apply(.cosh)] }, notation: ["cosh({0})"],
    example: "sinh([0, 1])  # => [0, 1.1752]")
  package static let cosh: Operator = unary(
    "cosh", "The hyperbolic cosine, (e^x + e^−x) / 2.", .cosh,
    .rule { g, node in [g * node.inputs[0].apply(.sinh)] }, notation: ["sinh({0})"],
    example: "cosh([0, 1])  # => [1, 1.5431]")
  package static let asinh: Operator = unary(
    "asinh", "The number whose hyperbolic sine is x.", .asinh,
    .rule { g, node in [g / node.inputs[0].apply(.hypot, [g.graph.constant(1, g.dtype)])] },
    notation: ["1 / sqrt({0}² + 1)"], example: "asinh([0, 1])  # => [0, 0.8814]")
  package static let acosh: Operator = unary(
    "acosh", "The positive number whose hyperbolic cosine is x; NaN below 1.", .acosh,
    .rule { g, node in
      [g / ((node.inputs[0] - 1).apply(.sqrt) * (node.inputs[0] + 1).apply(.sqrt))]
    }, notation: ["1 / sqrt({0}² − 1)"], domain: 1.3...3, example: "acosh([1, 2])  # => [0, 1.317]")
  package static let atanh: Operator = unary(
    "atanh", "The number whose tanh is x; infinite at −1 and 1, NaN beyond.", .atanh,
    .rule { g, node in [g / ((1 - node.inputs[0]) * (1 + node.inputs[0]))] },
    notation: ["1 / (1 − {0}²)"], domain: -0.8...0.8, example: "atanh([0, 0.5])  # => [0, 0.5493]")

  package static let ceil: Operator = unary(
    "ceil", "Rounds up.", .ceil, whole: .itself,
    .none(because: "rounding is flat almost everywhere"), infer: Rules.numbers("ceil"),
    example: "ceil([1.5, -1.5])  # => [2, -1]")
  package static let trunc: Operator = unary(
    "trunc", "Rounds towards zero.", .trunc, whole: .itself,
    .none(because: "rounding is flat almost everywhere"), infer: Rules.numbers("trunc"),
    example: "trunc([1.5, -1.5])  # => [1, -1]")

  /// Two floats, broadcast.
  private static func floatPair(_ name: String, _ verb: String) -> Infer {
    let infer = Rules.broadcast(verb, "and")
    return { types, attributes throws(OperatorProblem) in
      _ = try Rules.floats(name)(types, attributes)
      return try infer(types, attributes)
    }
  }

  package static let atan2: Operator = Operator(
    name: "atan2",
    summary: "The angle of the point (x, y), from −π to π; its derivatives at (0, 0) are 0.",
    parameters: [Parameter("y", .tensor), Parameter("x", .tensor)], formula: "atan2({0}, {1})",
    infer: floatPair("atan2", "take the angle of"),
    kernel: { call throws(OperatorProblem) in try Kernels.tiled(call, .atan2) },
    gradient: .rule { g, node in
      let (y, x) = (node.inputs[0], node.inputs[1])
      let length = y.apply(.hypot, [x])
      let isOrigin = length.stopped.compare(.equal, 0)
      // Twice by the length: its square might be beyond all numbers, or below them.
      return [
        (g * (x / length / length)).zeroed(where: isOrigin),
        (-(g * (y / length / length))).zeroed(where: isOrigin),
      ]
    }, notation: ["{1} / ({0}² + {1}²)", "−{0} / ({0}² + {1}²)"], elements: .each,
    domain: 0.5...2, samples: Samples.binary,
    examples: ["atan2(1, [1, 0, -1])  # => [0.7854, 1.5708, 2.3562]"], role: .element(.atan2))

  package static let hypot: Operator = Operator(
    name: "hypot",
    summary: "√(a² + b²), without overflow on the way; its derivatives at (0, 0) are 0.",
    parameters: [Parameter("a", .tensor), Parameter("b", .tensor)], formula: "hypot({0}, {1})",
    infer: floatPair("hypot", "take the length of"),
    kernel: { call throws(OperatorProblem) in try Kernels.tiled(call, .hypot) },
    gradient: .rule { g, node in
      let isOrigin = node.stopped.compare(.equal, 0)
      return [
        (g * (node.inputs[0] / node)).zeroed(where: isOrigin),
        (g * (node.inputs[1] / node)).zeroed(where: isOrigin),
      ]
    }, notation: ["{0} / {y}", "{1} / {y}"], elements: .each, domain: 0.5...2,
    samples: Samples.binary, examples: ["hypot([3, 5], [4, 12])  # => [5, 13]"],
    role: .element(.hypot))
}

// + − × ÷ and their kin, comparisons and logic.

import Engine

extension Catalogue {
  static let arithmetic: [Operator] = [
    .add, .subtract, .multiply, .divide, .floorDivide, .remainder, .power, .negate, .maximum,
    .minimum,
  ]
  static let comparisons: [Operator] = [
    .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .logicalAnd, .logicalOr,
    .logicalNot,
  ]
}

extension Operator {
  private static let pair: [Parameter] = [Parameter("a", .tensor), Parameter("b", .tensor)]

  package static let add: Operator = Operator(
    name: "add", summary: "Adds element by element.", parameters: pair, formula: "{0} + {1}",
    infer: Rules.numbers("add", "+"),
    kernel: { call throws(OperatorProblem) in
      try Kernels.arithmetic(call, .add, .add, "+")
    },
    gradient: .rule { g, _ in [g, g] }, notation: ["1", "1"], elements: .each,
    samples: Samples.binary,
    examples: ["[1, 2] + [10, 20]  # => [11, 22]"], isHidden: true,
    role: .element(.add))

  package static let subtract: Operator = Operator(
    name: "subtract", summary: "Subtracts element by element.", parameters: pair,
    formula: "{0} − {1}", infer: Rules.numbers("subtract", "-"),
    kernel: { call throws(OperatorProblem) in
      try Kernels.arithmetic(call, .subtract, .subtract, "-")
    },
    gradient: .rule { g, _ in [g, -g] }, notation: ["1", "−1"], elements: .each,
    samples: Samples.binary,
    examples: ["[10, 20] - [1, 2]  # => [9, 18]"], isHidden: true,
    role: .element(.subtract))

  package static let multiply: Operator = Operator(
    name: "multiply", summary: "Multiplies element by element.", parameters: pair,
    formula: "{0} · {1}", infer: Rules.numbers("multiply", "*"),
    kernel: { call throws(OperatorProblem) in
      try Kernels.arithmetic(call, .multiply, .multiply, "*")
    },
    gradient: .rule { g, node in [g * node.inputs[1], g * node.inputs[0]] },
    notation: ["{1}", "{0}"], elements: .each,
    samples: Samples.binary, examples: ["[1, 2] * [10, 20]  # => [10, 40]"], isHidden: true,
    role: .element(.multiply))

  package static let divide: Operator = Operator(
    name: "divide", summary: "Divides element by element; the result is a float.",
    parameters: pair, formula: "{0} / {1}", infer: Rules.numbers("divide", "/"),
    kernel: { call throws(OperatorProblem) in
      try Kernels.arithmetic(call, .divide, .quotient, "/")
    },
    gradient: .rule { g, node in
      [g / node.inputs[1], -(g * node) / node.inputs[1]]
    }, notation: ["1 / {1}", "−{y} / {1}"], elements: .each, domain: 0.5...3,
    samples: Samples.binary,
    examples: ["[1, 4] / 2  # => [0.5, 2]"], isHidden: true,
    role: .element(.divide))

  package static let floorDivide: Operator = Operator(
    name: "floor_divide", summary: "Divides and rounds down, as // does.", parameters: pair,
    formula: "{0} // {1}", infer: Rules.numbers("divide", "//"),
    kernel: { call throws(OperatorProblem) in
      try Kernels.arithmetic(call, floorQuotient, floorQuotient, .floorQuotient, "//")
    },
    gradient: .none(because: "rounding is flat almost everywhere"), domain: 0.5...3,
    samples: Samples.binary, examples: ["[7, -7] // 2  # => [3, -4]"], isHidden: true)

  package static let remainder: Operator = Operator(
    name: "remainder", summary: "What is left after //; it has the divisor's sign.",
    parameters: pair, formula: "{0} % {1}", infer: Rules.numbers("divide", "%"),
    kernel: { call throws(OperatorProblem) in
      try Kernels.arithmetic(call, floorRemainder, floorRemainder, .floorRemainder, "%")
    },
    gradient: .rule { g, node in
      [g, -(g * (node.inputs[0] / node.inputs[1]).stopped.apply(.floor))]
    }, notation: ["1", "−floor({0} / {1})"], elements: .each, domain: 0.6...0.9,
    samples: Samples.binary,
    examples: ["[7, -7] % 3  # => [1, 2]"], isHidden: true)

  /// Python's quotient: (a − a % b) / b, so that 1 // 0.1 is 9.
  @inlinable @Sendable package static func floorQuotient<T: BinaryFloatingPoint>(_ a: T, _ b: T)
    -> T
  {
    if b == 0 { return a / b }
    let r = a.truncatingRemainder(dividingBy: b)
    let quotient = ((a - r) / b).rounded(.toNearestOrEven)
    return r != 0 && (r < 0) != (b < 0) ? quotient - 1 : quotient
  }

  /// Python's remainder: the divisor's sign.
  @inlinable @Sendable package static func floorRemainder<T: BinaryFloatingPoint>(_ a: T, _ b: T)
    -> T
  {
    let r = a.truncatingRemainder(dividingBy: b)
    return r != 0 && (r < 0) != (b < 0) ? r + b : r
  }

  package static let power: Operator = Operator(
    name: "power", summary: "Raises element by element.", parameters: pair, formula: "{0}^{1}",
    infer: Rules.numbers("raise", "^"),
    kernel: { call throws(OperatorProblem) in
      switch call.output.dtype {
      case .f32, .f64: try Kernels.tiled(call, .power)
      case .i64: try WholeArithmetic.power(call, Int64.self)
      case .i32: try WholeArithmetic.power(call, Int32.self)
      case .bool: break
      }
    },
    gradient: .rule { g, node in
      let (a, b) = (node.inputs[0], node.inputs[1])
      let left: Node
      if b.op === Operator.constant, let n = b.attributes.reals.first {
        switch n {
        case 0: left = 0 * g
        case 1: left = g
        case 2: left = 2 * a * g
        default: left = g * n * a.apply(.power, [a.graph.constant(n - 1, a.dtype)])
        }
      } else {
        left = (g * b * a.apply(.power, [b - 1])).zeroed(where: b.compare(.equal, 0))
      }
      guard b.isTracked else { return [left, nil] }
      // 0^b stays 0 for every b above 0.
      let isFlat = a.compare(.equal, 0).apply(.logicalAnd, [b.compare(.greaterOrEqual, 0)])
      return [left, (g * node * a.apply(.log)).zeroed(where: isFlat)]
    }, notation: ["{1} {0}^({1} − 1)", "{y} log({0})"], elements: .each, domain: 0.5...2,
    samples: Samples.binary,
    examples: ["[1, 2, 3]^2  # => [1, 4, 9]"], isHidden: true,
    role: .element(.power))

  package static let negate: Operator = Operator(
    name: "negate", summary: "The opposite sign.", parameters: [Parameter("x", .tensor)],
    formula: "−{0}",
    infer: { types, _ throws(OperatorProblem) in
      guard types[0].dtype != .bool else {
        throw OperatorProblem(
          .dtype, "- wants numbers, {0} holds bools", operands: [0],
          help: "write not {0} for the opposite, {0}.i64 for numbers")
      }
      return types[0]
    },
    kernel: { call throws(OperatorProblem) in
      switch call.output.dtype {
      case .f32, .f64: try Kernels.tiled(call, .negate)
      case .i64: try WholeArithmetic.negate(call, Int64.self)
      case .i32: try WholeArithmetic.negate(call, Int32.self)
      case .bool: break
      }
    }, gradient: .rule { g, _ in [-g] }, notation: ["−1"], elements: .each, samples: Samples.unary,
    examples: ["-[1, -2]  # => [-1, 2]"], isHidden: true,
    role: .element(.negate))

  package static let maximum: Operator = Operator(
    name: "maximum", summary: "The larger of two, element by element.", parameters: pair,
    formula: "max({0}, {1})", infer: Rules.broadcast("take the larger of", "and"),
    kernel: { call throws(OperatorProblem) in
      try Kernels.arithmetic(call, .maximum, .maximum, "max")
    },
    gradient: .rule { g, node in
      let first = node.inputs[0].stopped.compare(.greaterOrEqual, node.inputs[1].stopped)
        .indicator(g.dtype)
      return [g * first, g * (1 - first)]
    }, notation: ["({0} ≥ {1})", "({0} < {1})"], elements: .each, samples: Samples.binary,
    examples: ["maximum([1, 5], 3)  # => [3, 5]"],
    role: .element(.maximum))

  package static let minimum: Operator = Operator(
    name: "minimum", summary: "The smaller of two, element by element.", parameters: pair,
    formula: "min({0}, {1})", infer: Rules.broadcast("take the smaller of", "and"),
    kernel: { call throws(OperatorProblem) in
      try Kernels.arithmetic(call, .minimum, .minimum, "min")
    },
    gradient: .rule { g, node in
      let first = node.inputs[0].stopped.compare(.lessOrEqual, node.inputs[1].stopped)
        .indicator(g.dtype)
      return [g * first, g * (1 - first)]
    }, notation: ["({0} ≤ {1})", "({0} > {1})"], elements: .each, samples: Samples.binary,
    examples: ["minimum([1, 5], 3)  # => [1, 3]"],
    role: .element(.minimum))

  private static func comparison(
    _ name: String, _ symbol: String, _ summary: String, _ operation: TileOperation,
    _ whole: @escaping @Sendable (Int64, Int64) -> Bool
  ) -> Operator {
    Operator(
      name: name, summary: summary, parameters: pair, formula: "{0} \(symbol) {1}",
      infer: Rules.broadcast("compare", symbol, .bool),
      kernel: { call throws(OperatorProblem) in
        try Kernels.comparison(call, operation, whole)
      },
      gradient: .none(because: "a comparison jumps between true and false"),
      samples: Samples.binary, isHidden: true, role: .element(operation))
  }

  package static let equal: Operator = comparison(
    "equal", "==", "Whether elements are equal.",
    .equal, { $0 == $1 })
  package static let notEqual: Operator = comparison(
    "not_equal", "!=", "Whether elements differ.",
    .notEqual, { $0 != $1 })
  package static let less: Operator = comparison(
    "less", "<", "Whether elements are smaller.",
    .less, { $0 < $1 })
  package static let lessOrEqual: Operator = comparison(
    "less_or_equal", "<=", "Whether elements are smaller or equal.",
    .lessOrEqual, { $0 <= $1 })
  package static let greater: Operator = comparison(
    "greater", ">", "Whether elements are larger.",
    .greater, { $0 > $1 })
  package static let greaterOrEqual: Operator = comparison(
    "greater_or_equal", ">=", "Whether elements are larger or equal.",
    .greaterOrEqual, { $0 >= $1 })

  private static func logic(
    _ name: String, _ word: String, _ f: @escaping @Sendable (UInt8, UInt8) -> UInt8
  ) -> Operator {
    Operator(
      name: name, summary: "Logical \(word), element by element.", parameters: pair,
      formula: "{0} \(word) {1}",
      infer: { types, attributes throws(OperatorProblem) in
        for (index, type) in types.enumerated() where type.dtype != .bool {
          throw OperatorProblem(
            .dtype, "'\(word)' wants bools, {\(index)} holds \(type.dtype.name)",
            operands: [index])
        }
        return try Rules.broadcast("combine", word)(types, attributes)
      },
      kernel: { call throws(OperatorProblem) in Kernels.zip(call, UInt8.self, UInt8.self, f) },
      gradient: .none(because: "logic jumps between true and false"), samples: [], isHidden: true)
  }

  package static let logicalAnd: Operator = logic("logical_and", "and") { $0 & $1 }
  package static let logicalOr: Operator = logic("logical_or", "or") { $0 | $1 }
  package static let logicalNot: Operator = Operator(
    name: "logical_not", summary: "Logical not, element by element.",
    parameters: [Parameter("x", .tensor)], formula: "not {0}",
    infer: { types, _ throws(OperatorProblem) in
      guard types[0].dtype == .bool else {
        throw OperatorProblem(.dtype, "'not' wants bools, {0} holds \(types[0].dtype.name)")
      }
      return types[0]
    },
    kernel: { call throws(OperatorProblem) in
      Elementwise.map(call.inputs[0], call.output, UInt8.self, UInt8.self) { $0 ^ 1 }
    }, gradient: .none(because: "logic jumps between true and false"), isHidden: true)
}

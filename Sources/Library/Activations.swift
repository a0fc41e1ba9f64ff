// Activations that are made of other operators: plans make one loop of each, so that they take no longer
// than one with a kernel of its own.

import Autodiff
import Engine
import Interpreter

enum ActivationFunctions {
  static let all: [HostFunction] = [
    leakyReLU, elu, selu, mish, softsign, hardtanh, hardsigmoid, hardswish, relu6, logSigmoid, glu,
    isNaN, isFinite,
  ]
  private typealias P = HostFunction.Parameter

  private static func activation(
    _ name: String, _ summary: String, _ parameters: [HostFunction.Parameter] = [],
    formula: String, kinks: String? = nil, examples: [String],
    _ body: @escaping @Sendable (_ f: Composed, _ x: Node) throws -> Node
  ) -> HostFunction {
    HostFunction(
      name: name, summary: summary, category: "Tensors",
      parameters: [P("x", "a tensor")] + parameters,
      details: ["in plain nns: \(formula)"] + (kinks.map { [$0] } ?? []), examples: examples,
      isOperator: true,
      action: { call in
        let f = try Composed(call)
        return f.value(try body(f, f.floats))
      })
  }

  private static func setting(_ call: Call, _ standard: Double) throws -> Node {
    guard call.isGiven(1) else { return call.session.graph.constant(standard) }
    return try call.tensor(1)
  }

  static let leakyReLU: HostFunction = activation(
    "leaky_relu", "x above zero, a small part of it below.",
    [P("slope", "the slope below zero", default: .optional("0.01"))],
    formula: "x -> where(x > 0, x, slope * x)", kinks: "derivative at 0: the slope",
    examples: ["leaky_relu([-1, 2])  # => [-0.01, 2]", "leaky_relu([-1, 2], 0.2)  # => [-0.2, 2]"]
  ) { f, x in
    let below = try f(.multiply, setting(f.call, 0.01), x)
    return try f(.whereOperator, f(.greater, x, f.number(0)), x, below)
  }

  /// alpha (e^x − 1) below zero; e^x is taken of nothing above it, where it could overflow.
  private static func exponential(_ f: Composed, _ x: Node, _ alpha: Node) throws -> Node {
    let below = try f(.multiply, alpha, f(.expm1, f(.minimum, x, f.number(0))))
    return try f(.whereOperator, f(.greater, x, f.number(0)), x, below)
  }

  static let elu: HostFunction = activation(
    "elu", "x above zero, alpha (e^x − 1) below.",
    [P("alpha", "what it goes to, with the opposite sign", default: .optional("1"))],
    formula: "x -> where(x > 0, x, alpha * expm1(min(x, 0)))", kinks: "derivative at 0: alpha",
    examples: ["elu([-1, 2])  # => [-0.6321, 2]"]
  ) { f, x in try exponential(f, x, setting(f.call, 1)) }

  static let selu: HostFunction = activation(
    "selu", "A scaled elu that keeps mean 0 and variance 1 from layer to layer.",
    formula: "x -> 1.0507009873554805 * elu(x, 1.6732632423543772)",
    kinks: "the two numbers are those of Klambauer et al. (2017)",
    examples: ["selu([-1, 1])  # => [-1.1113, 1.0507]"]
  ) { f, x in
    let alpha = f.number(1.673_263_242_354_377_2)
    return try f(.multiply, f.number(1.050_700_987_355_480_5), exponential(f, x, alpha))
  }

  static let mish: HostFunction = activation(
    "mish", "x tanh(softplus(x)), a smooth relu with a dip below zero.",
    formula: "x -> x * tanh(softplus(x))", examples: ["mish([0, 1])  # => [0, 0.8651]"]
  ) { f, x in try f(.multiply, x, f(.tanh, f(.softplus, x))) }

  static let softsign: HostFunction = activation(
    "softsign", "x / (1 + |x|): squashes every element into −1 … 1.",
    formula: "x -> x / (1 + abs(x))",
    examples: ["softsign([-1, 3])  # => [-0.5, 0.75]"]
  ) { f, x in try f(.divide, x, f(.add, f.number(1), f(.abs, x))) }

  /// Bounds first: where an element is one of them, the derivative is 0, as in PyTorch.
  private static func limited(_ f: Composed, _ x: Node, _ low: Node, _ high: Node) throws -> Node {
    try f(.maximum, low, f(.minimum, high, x))
  }

  private static let flatBounds = "derivative at both bounds: 0"

  static let hardtanh: HostFunction = activation(
    "hardtanh", "Limits every element to −1 … 1, or to other bounds.",
    [
      P("low", "the lower bound", default: .optional("-1")),
      P("high", "the upper bound", default: .optional("1")),
    ], formula: "x -> max(low, min(high, x))", kinks: flatBounds,
    examples: ["hardtanh([-3, 0.5, 2])  # => [-1, 0.5, 1]"]
  ) { f, x in
    let high = f.call.isGiven(2) ? try f.call.tensor(2) : f.number(1)
    return try limited(f, x, setting(f.call, -1), high)
  }

  /// 0 below −3, 1 above 3, straight between them.
  private static func ramp(_ f: Composed, _ x: Node) throws -> Node {
    let middle = try f(.add, f(.divide, x, f.number(6)), f.number(0.5))
    return try limited(f, middle, f.number(0), f.number(1))
  }

  static let hardsigmoid: HostFunction = activation(
    "hardsigmoid", "A sigmoid of straight lines: 0 below −3, 1 above 3.",
    formula: "x -> max(0, min(1, x / 6 + 0.5))", kinks: flatBounds,
    examples: ["hardsigmoid([-4, 0, 1.5])  # => [0, 0.5, 0.75]"]
  ) { f, x in try ramp(f, x) }

  static let hardswish: HostFunction = activation(
    "hardswish", "x hardsigmoid(x), a silu of lines and a parabola.",
    formula: "x -> x * hardsigmoid(x)",
    kinks: "derivative at −3: 0, at 3: 1", examples: ["hardswish([-4, 1.5, 5])  # => [0, 1.125, 5]"]
  ) { f, x in try f(.multiply, x, ramp(f, x)) }

  static let relu6: HostFunction = activation(
    "relu6", "relu, limited to 6.", formula: "x -> max(0, min(6, x))", kinks: flatBounds,
    examples: ["relu6([-1, 2, 9])  # => [0, 2, 6]"]
  ) { f, x in try limited(f, x, f.number(0), f.number(6)) }

  static let logSigmoid: HostFunction = activation(
    "log_sigmoid", "The logarithm of sigmoid, without overflow.", formula: "x -> -softplus(-x)",
    examples: ["log_sigmoid([0, -1000])  # => [-0.6931, -1000]"]
  ) { f, x in try f(.negate, f(.softplus, f(.negate, x))) }

  static let glu: HostFunction = activation(
    "glu", "The first half along an axis, times the sigmoid of the second.",
    [P("axis", "an axis of even size", default: .optional("-1"))],
    formula: "x -> x[.., ..n] * sigmoid(x[.., n..])", examples: ["glu([1, 2, 0, 0])  # => [0.5, 1]"]
  ) { f, x in
    let shape = x.shape
    guard let axis = try f.call.axes(1, rank: shape.rank, .number(-1))?.first,
      shape[axis] % 2 == 0
    else {
      throw Problem(
        .shape, "glu wants an axis of even size, \(shape) has none there", argument: 0)
    }
    var lengths = shape.dims
    lengths[axis] /= 2
    var starts = [Int](repeating: 0, count: shape.rank)
    let first = try f.block(x, starts, lengths)
    starts[axis] = lengths[axis]
    return try f(.multiply, first, f(.sigmoid, f.block(x, starts, lengths)))
  }

  static let isNaN: HostFunction = HostFunction(
    name: "is_nan", summary: "Whether elements are NaN.", category: "Tensors",
    parameters: [P("x", "a tensor")], details: ["in plain nns: x -> x != x"],
    examples: ["is_nan([1, nan])  # => [false, true]"], isOperator: true,
    action: { call in
      let f = try Composed(call)
      return f.value(try f(.notEqual, f[0], f[0]))
    })

  static let isFinite: HostFunction = HostFunction(
    name: "is_finite", summary: "Whether elements are neither infinite nor NaN.",
    category: "Tensors", parameters: [P("x", "a tensor")],
    details: ["in plain nns: x -> abs(x) < inf"],
    examples: ["is_finite([1, -inf, nan])  # => [true, false, false]"], isOperator: true,
    action: { call in
      let f = try Composed(call)
      guard f[0].dtype.isFloat else { return f.value(try f(.equal, f[0], f[0])) }
      return f.value(try f(.less, f(.abs, f[0]), f.number(.infinity)))
    })
}

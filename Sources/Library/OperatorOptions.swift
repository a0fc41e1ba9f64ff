// Options of functions whose operator has none: what they add is made of other operators.

import Autodiff
import Engine
import Interpreter

/// One further argument of an operator's function.
struct OperatorOption: Sendable {
  let op: Operator
  let parameter: HostFunction.Parameter
  let examples: [String]
  /// The value made instead of the operator's; nil to go on with it.
  var made: (@Sendable (_ call: Call, _ place: Int) throws -> Value?)?
  /// What becomes of the operator's value, of n elements each.
  var finished:
    (@Sendable (_ value: Value, _ call: Call, _ place: Int, _ n: Double) throws -> Value)?
}

enum OperatorOptions {
  static let all: [OperatorOption] = [
    ddof(.variance), ddof(.std), order, digits, logits, LossFunctions.smoothing,
    LossFunctions.weights,
  ]

  private static func options(_ op: Operator) -> [OperatorOption] { all.filter { $0.op === op } }

  /// The first option of an operator that a call gives, with its place: they come last.
  private static func given(_ op: Operator, _ call: Call) -> (OperatorOption, Int)? {
    let options = options(op)
    let first = call.parameters.count - options.count
    return options.enumerated().lazy.map { ($1, first + $0) }.first { call.isGiven($1) }
  }

  static func parameters(_ op: Operator) -> [HostFunction.Parameter] {
    options(op).map(\.parameter)
  }

  static func examples(_ op: Operator) -> [String] { options(op).flatMap(\.examples) }

  static func made(_ op: Operator, _ call: Call) throws -> Value? {
    if op === Operator.clip { return try clipped(call) }
    guard let (option, place) = given(op, call) else { return nil }
    return try option.made?(call, place)
  }

  static func finish(_ op: Operator, _ call: Call, _ value: Value, _ inputs: [Node]) throws -> Value
  {
    guard let (option, place) = given(op, call), let finished = option.finished,
      let node = call.session.node(value), let x = inputs.first
    else { return value }
    return try finished(
      value, call, place, Double(x.shape.count) / Double(max(1, node.shape.count)))
  }

  private static func scaled(_ value: Value, by factor: Double, _ call: Call) throws -> Value {
    if case .number(let x) = value { return .number(x * factor) }
    guard let node = call.session.node(value) else { return value }
    return .tensor(
      try call.session.graph.binary(.multiply, node, call.session.graph.constant(factor)))
  }

  /// n − ddof instead of n.
  private static func ddof(_ op: Operator) -> OperatorOption {
    OperatorOption(
      op: op,
      parameter: HostFunction.Parameter(
        "ddof", "what is taken off n: 1 for the estimate from a sample", default: .optional("0")),
      examples: [
        op === Operator.std ? "std([1, 3], ddof: 1)  # => 1.4142" : "var([1, 3], ddof: 1)  # => 2"
      ],
      finished: { value, call, place, n in
        let ddof = try call.number(place)
        guard ddof >= 0 else {
          throw Problem(
            .value, "ddof is 0 or more, not \(NumberFormat.shortest(ddof))", argument: place)
        }
        let factor = n / max(0, n - ddof)
        return try scaled(value, by: op === Operator.std ? factor.squareRoot() : factor, call)
      })
  }

  private static let order: OperatorOption = OperatorOption(
    op: .norm,
    parameter: HostFunction.Parameter(
      "ord", "1: the sum of magnitudes, 2, or inf: the largest", default: .optional("2")),
    examples: ["norm([3, -4], ord: 1)  # => 7", "norm([3, -4], ord: inf)  # => 4"],
    made: { call, place in
      let order = try call.number(place)
      if order == 2 { return nil }
      guard order == 1 || order == .infinity else {
        throw Problem(
          .value, "ord of norm is 1, 2 or inf, not \(NumberFormat.shortest(order))", argument: place
        )
      }
      let x = try call.tensor(0)
      let graph = call.session.graph
      let sizes = try graph.record(.abs, [x.floats])
      let attributes = Attributes(
        axes: try call.axes(1, rank: x.shape.rank, .none), keep: try call.bool(2, default: false))
      return .tensor(try graph.record(order == 1 ? .sum : .max, [sizes], attributes))
    })

  private static let digits: OperatorOption = OperatorOption(
    op: .round,
    parameter: HostFunction.Parameter(
      "digits", "how many behind the point", default: .optional("0")),
    examples: ["round(pi, 2)  # => 3.14", "round([1234, 5678.5], -2)  # => [1200, 5700]"],
    made: { call, place in
      let digits = try call.int(place)
      guard abs(digits) <= 300 else {
        throw Problem(.value, "digits of round are at most 300, not \(digits)", argument: place)
      }
      let x = try call.tensor(0)
      if digits == 0 || digits > 0 && !x.dtype.isFloat { return nil }
      var scale = 1.0
      for _ in 0..<abs(digits) { scale *= 10 }
      let scaled = { (op: Operator, value: Value) in
        try OperatorFunctions.value(
          op, call, [call.session.node(value) ?? x, call.session.graph.input(scale)])
      }
      let (there, back): (Operator, Operator) =
        digits > 0 ? (.multiply, .divide) : (.divide, .multiply)
      let large = try scaled(there, call.value(0))
      let whole = try OperatorFunctions.value(.round, call, [call.session.node(large) ?? x])
      return try scaled(back, whole)
    })

  /// softplus(x) − t x, which does not overflow.
  private static let logits: OperatorOption = OperatorOption(
    op: .binaryCrossEntropy,
    parameter: HostFunction.Parameter(
      "logits", "whether the prediction comes before the sigmoid", default: .optional("false")),
    examples: ["binary_cross_entropy([0], [1], logits: true)  # => 0.6931"],
    made: { call, place in
      guard try call.bool(place, default: false) else { return nil }
      let graph = call.session.graph
      var (x, t) = (try call.tensor(0), try call.tensor(1))
      if !x.dtype.isFloat { x = try x.converted(to: graph.defaultDType) }
      t = try t.converted(to: x.dtype)
      _ = try Operator.binaryCrossEntropy.infer([x.type, t.type], Attributes())
      let losses = try graph.record(
        .subtract, [graph.record(.softplus, [x]), graph.record(.multiply, [x, t])])
      return .tensor(try graph.record(.mean, [losses]))
    })

  /// clip between tensors, element by element; between numbers it is the operator's.
  private static func clipped(_ call: Call) throws -> Value? {
    let bounds = try [1, 2].map { place -> Node? in
      call.isGiven(place) ? try call.tensor(place) : nil
    }
    guard bounds[0] != nil || bounds[1] != nil else {
      throw Problem(.type, "clip wants a min, a max or both")
    }
    if let low = bounds[0], let high = bounds[1], low.isNumber, high.isNumber,
      low.exact > high.exact
    {
      throw Problem(
        .value,
        "clip wants min ≤ max: \(NumberFormat.shortest(low.exact)) is above "
          + NumberFormat.shortest(high.exact), argument: 1)
    }
    if bounds.allSatisfy({ $0?.isNumber ?? true }) { return nil }
    var value = call.value(0)
    for (op, bound) in zip([Operator.maximum, .minimum], bounds) {
      guard let bound, let x = call.session.node(value) else { continue }
      value = try OperatorFunctions.value(op, call, [x, bound])
    }
    return value
  }
}

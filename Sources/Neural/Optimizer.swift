// Optimizers: a rule for one parameter, recorded as nodes, and its state. The traversal is written
// once.

import Autodiff
import Engine

/// One optimizer's rule.
package struct OptimizerRule: Sendable {
  package let name: String
  package let summary: String
  /// Options with their standard values, in the order of the constructor; `lr` first.
  package let options: [OptimizerOption]
  /// The tensors of state that a parameter has.
  package let states: [String]
  /// The numbers of step `t`, which counts from 1, made of options; with what the walk calls each:
  /// `β₁`, `(1 − β₁)`.
  let numbers: @Sendable (_ o: OptimizerOptions, _ t: Double) -> [(value: Double, symbol: String)]
  /// New value and new state of one parameter. `n` are the numbers of the step. What it does to an
  /// element is what the walk writes down.
  let update:
    @Sendable (
      _ p: Node, _ g: Node, _ state: [Node], _ n: OptimizerNumbers, _ o: OptimizerOptions,
      _ t: Double
    ) -> (Node, [Node])
}

/// One option of an optimizer.
package struct OptimizerOption: Sendable {
  package enum Range: Sendable {
    /// Any finite number from 0.
    case amount
    /// From 0 to 1, 1 excluded.
    case share
    case flag

    package func contains(_ x: Double) -> Bool {
      switch self {
      case .amount: x >= 0 && x.isFinite
      case .share: x >= 0 && x < 1
      case .flag: x == 0 || x == 1
      }
    }

    /// As messages and help say it.
    package var text: String {
      switch self {
      case .amount: "a number from 0"
      case .share: "a number from 0 to 1 (1 excluded)"
      case .flag: "true or false"
      }
    }
  }

  package let name: String
  package let value: Double
  package let range: Range
  /// What the walk calls it.
  let symbol: String

  init(_ name: String, _ value: Double, _ range: Range = .amount, symbol: String? = nil) {
    (self.name, self.value, self.range) = (name, value, range)
    self.symbol = symbol ?? name
  }

  /// The rate, moments' decays, and what else Adam has.
  static func adam(weightDecay: Double) -> [OptimizerOption] {
    [
      OptimizerOption("lr", 0.001), OptimizerOption("beta1", 0.9, .share, symbol: "β₁"),
      OptimizerOption("beta2", 0.999, .share, symbol: "β₂"),
      OptimizerOption("eps", 1e-8, symbol: "ε"),
      OptimizerOption("weight_decay", weightDecay, symbol: "λ"),
    ]
  }
}

/// The options of an optimizer by name.
struct OptimizerOptions {
  let values: [String: Double]

  subscript(name: String) -> Double { values[name] ?? 0 }
}

/// The numbers of a step as inputs of the plan, in the parameter's element type: another number makes
/// no new plan. Those that a rule does not ask for are not made.
final class OptimizerNumbers {
  private let like: Node
  private let values: [(value: Double, symbol: String)]
  /// Whether they are called as the walk calls them.
  private let isExplained: Bool
  private(set) var nodes: [Node?]

  init(_ values: [(value: Double, symbol: String)], like: Node, isExplained: Bool = false) {
    (self.values, self.like, self.isExplained) = (values, like, isExplained)
    nodes = [Node?](repeating: nil, count: values.count)
  }

  subscript(index: Int) -> Node {
    if let node = nodes[index] { return node }
    let node = like.graph.input(values[index].value, like.dtype)
    if isExplained { node.name = values[index].symbol }
    nodes[index] = node
    return node
  }
}

package enum Optimizers {
  package static let all: [OptimizerRule] = [sgd, adam, adamw]

  /// v ← μ v + g, w ← w − lr v (Nesterov: g + μ v), PyTorch's form.
  package static let sgd: OptimizerRule = OptimizerRule(
    name: "sgd", summary: "Stochastic gradient descent, with momentum and weight decay.",
    options: [
      OptimizerOption("lr", 0.01), OptimizerOption("momentum", 0, .share, symbol: "μ"),
      OptimizerOption("nesterov", 0, .flag), OptimizerOption("weight_decay", 0, symbol: "λ"),
    ], states: ["velocity"],
    numbers: { o, _ in [(o["lr"], "lr"), (o["momentum"], "μ"), (o["weight_decay"], "λ")] }
  ) { p, g, state, n, o, t in
    let (rate, mu, decay) = (0, 1, 2)
    var g = g
    if o["weight_decay"] != 0 { g = g + n[decay] * p }
    guard o["momentum"] != 0 else { return (p - n[rate] * g, state) }
    let velocity = t == 1 ? g : n[mu] * state[0] + g
    let direction = o["nesterov"] != 0 ? g + n[mu] * velocity : velocity
    return (p - n[rate] * direction, [velocity])
  }

  /// Kingma and Ba 2015, with bias correction.
  package static let adam: OptimizerRule = OptimizerRule(
    name: "adam", summary: "Adam: step sizes from running means of the gradient and its square.",
    options: OptimizerOption.adam(weightDecay: 0), states: ["m", "v"],
    numbers: { o, t in moments(o, t) + [(o["weight_decay"], "λ")] }
  ) { p, g, state, n, o, _ in
    moments(p, o["weight_decay"] != 0 ? g + n[7] * p : g, state, n)
  }

  /// Loshchilov and Hutter 2019: the weight decay apart from the gradient.
  package static let adamw: OptimizerRule = OptimizerRule(
    name: "adamw", summary: "Adam with the weight decay apart from the gradient.",
    options: OptimizerOption.adam(weightDecay: 0.01), states: ["m", "v"],
    numbers: { o, t in moments(o, t) + [(1 - o["lr"] * o["weight_decay"], "(1 − lr λ)")] }
  ) { p, g, state, n, _, _ in moments(p * n[7], g, state, n) }

  @Sendable private static func moments(_ o: OptimizerOptions, _ t: Double) -> [(
    value: Double, symbol: String
  )] {
    let (b1, b2) = (o["beta1"], o["beta2"])
    return [
      (b1, "β₁"), (1 - b1, "(1 − β₁)"), (b2, "β₂"), (1 - b2, "(1 − β₂)"),
      (1 / (1 - raised(b2, t)).squareRoot(), "(1 / √(1 − β₂^t))"), (o["eps"], "ε"),
      (o["lr"] / (1 - raised(b1, t)), "(lr / (1 − β₁^t))"),
    ]
  }

  @Sendable private static func moments(
    _ p: Node, _ g: Node, _ state: [Node], _ n: OptimizerNumbers
  ) -> (Node, [Node]) {
    let m = state[0] * n[0] + g * n[1]
    let v = state[1] * n[2] + g * g * n[3]
    let spread = v.apply(.sqrt) * n[4] + n[5]
    return (p - n[6] * m / spread, [m, v])
  }

  private static func raised(_ x: Double, _ t: Double) -> Double {
    var result = 1.0
    var base = x
    var n = Int(t)
    while n > 0 {
      if n & 1 == 1 { result *= base }
      base *= base
      n >>= 1
    }
    return result
  }
}

/// An optimizer over parameters, with its state.
package final class Optimizer {
  package let rule: OptimizerRule
  package let parameters: [Parameter]
  package var options: [String: Double] { didSet { known = [] } }
  private var states: [[Node]]
  /// How often each parameter was updated: one that joins late begins at 1.
  private var steps: [Int]
  /// The numbers of steps that were asked for last.
  private var known: [(step: Int, values: [Double])] = []
  /// The numbers of the last step by parameter.
  private var numbers: [OptimizerNumbers?]

  package init(_ rule: OptimizerRule, _ parameters: [Parameter], options: [String: Double]) {
    self.rule = rule
    self.parameters = parameters
    self.options = options
    states = parameters.map { _ in [] }
    steps = parameters.map { _ in 0 }
    numbers = parameters.map { _ in nil }
  }

  /// How often each parameter was updated, and its state, which one never updated does not have.
  package var progress: [(steps: Int, states: [Node])] {
    zip(steps, states).map { ($0, $1) }
  }

  /// Goes on from where another run has come; one entry for each parameter, states of its shape.
  package func resume(_ progress: [(steps: Int, states: [Node])], options: [String: Double]) {
    for old in states.joined() { old.handles -= 1 }
    self.options = options
    steps = progress.map(\.steps)
    states = progress.map { $0.states.map(hold) }
    numbers = parameters.map { _ in nil }
  }

  /// What undo needs.
  package func snapshot() -> () -> Void {
    let (states, steps, options) = (states, steps, options)
    return { [self] in (self.states, self.steps, self.options) = (states, steps, options) }
  }

  /// One step with the gradients that `backward` left; parameters without one are left alone.
  package func step(_ given: [Node]? = nil) throws(OperatorProblem) {
    guard let graph = parameters.first?.graph else { return }
    let gradients: [Node?] = given ?? parameters.map(\.gradient)
    try check(gradients)
    let options = OptimizerOptions(values: options)
    for (index, parameter) in parameters.enumerated() {
      numbers[index] = nil
      guard !parameter.isFrozen, let gradient = gradients[index] else { continue }
      let p = try graph.detach(parameter.node)
      let g = try graph.detach(gradient)
      if states[index].isEmpty {
        let zero = graph.constant(0, p.dtype)
        for _ in rule.states {
          states[index].append(
            hold(try graph.record(.full, [zero], Attributes(sizes: p.shape.dims))))
        }
      }
      steps[index] += 1
      let count = Double(steps[index])
      let n = OptimizerNumbers(rule.numbers(options, count), like: p)
      numbers[index] = n
      let (value, state) = try graph.rule {
        rule.update(p, g, states[index], n, options, count)
      }
      let record = graph.keepsSteps ? kept(parameter, g, states[index], steps[index]) : nil
      for old in states[index] { old.handles -= 1 }
      states[index] = state.map(hold)
      try parameter.store(value)
      parameter.node.version?.step = record
    }
  }

  /// What it takes to go through a step again.
  private func kept(_ parameter: Parameter, _ g: Node, _ state: [Node], _ count: Int)
    -> StepRecord
  {
    // The one before it needs no history any more.
    parameter.node.version?.step?.settle()
    let (name, rule) = (parameter.name, rule)
    let options = OptimizerOptions(values: options)
    let loss = parameter.graph.lastBackward?.loss.name ?? "loss"
    let operands = [(name, parameter.node), ("∂\(loss)/∂\(name)", g)] + zip(rule.states, state)
    return StepRecord(
      rule: "\(rule.name), step \(count): \(symbols(count))",
      operands: operands.map { ($0.0, $0.1) }
    ) {
      let count = Double(count)
      let n = OptimizerNumbers(rule.numbers(options, count), like: $0[0], isExplained: true)
      let (value, new) = rule.update($0[0], $0[1], Array($0.dropFirst(2)), n, options, count)
      return zip(rule.states, new).map { ("new \($0.0)", $0.1) } + [("new \(name)", value)]
    }
  }

  /// `lr = 0.1, μ = 0.9, t = 3`: the options that have an effect.
  private func symbols(_ count: Int) -> String {
    let told = rule.options.compactMap { option -> String? in
      let x = options[option.name] ?? option.value
      if option.range == .flag { return x == 0 ? nil : option.symbol }
      return x == 0 ? nil : "\(option.symbol) = \(NumberFormat.shortest(x))"
    }
    return (told + ["t = \(count)"]).joined(separator: ", ")
  }

  /// A gradient is never stretched: it has a number for each of its parameter.
  private func check(_ gradients: [Node?]) throws(OperatorProblem) {
    for (parameter, gradient) in zip(parameters, gradients) {
      guard let gradient, gradient.shape != parameter.node.shape else { continue }
      throw OperatorProblem(
        .shape,
        "the gradient of \(parameter.name) has its shape, \(parameter.node.shape); this one has "
          + "\(gradient.shape)", operands: [1])
    }
  }

  // MARK: - Steps that are not recorded

  /// The state of all parameters.
  package var stateNodes: [Node] { states.flatMap { $0 } }

  /// Where a number of the last step came from: its parameter, and which of the numbers it is.
  package func place(of number: Node) -> (parameter: Int, number: Int)? {
    for (parameter, numbers) in numbers.enumerated() {
      if let index = numbers?.nodes.firstIndex(where: { $0 === number }) {
        return (parameter, index)
      }
    }
    return nil
  }

  /// The numbers of a parameter's step, so many after the last one.
  package func numbers(of parameter: Int, after count: Int) -> [Double] {
    let step = steps[parameter] + count
    if let known = known.first(where: { $0.step == step }) { return known.values }
    let values = rule.numbers(OptimizerOptions(values: options), Double(step)).map(\.value)
    known = known.suffix(1) + [(step, values)]
    return values
  }

  /// The state after so many steps of the parameters that the last one updated.
  package func advance(_ count: Int, to state: (Node) -> Node) {
    for index in parameters.indices where numbers[index] != nil {
      steps[index] += count
      states[index] = states[index].map { old in
        old.handles -= 1
        return hold(state(old))
      }
    }
  }

  /// State is a root of the next plan.
  private func hold(_ node: Node) -> Node {
    node.handles += 1
    return node
  }
}

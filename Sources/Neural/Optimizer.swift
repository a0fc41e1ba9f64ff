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
  /// New value and new state of one parameter. `o` are the options, `t` counts from 1. What it does
  /// to an element is what the walk writes down.
  package let update:
    @Sendable (_ p: Node, _ g: Node, _ state: [Node], _ o: OptionNodes, _ t: Double) -> (
      Node, [Node]
    )
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

/// Options as numbers of the plan: changing one makes no new plan.
package struct OptionNodes {
  let graph: Graph
  let values: [String: Double]
  /// Whether numbers are called as the walk calls them.
  var isExplained = false

  subscript(name: String) -> Double { values[name] ?? 0 }

  /// The option, or a number computed from options, as an input in the parameter's element type.
  ///
  /// - Parameter symbol: what the walk calls it: `β₁`, `(1 − β₁)`.
  func node(_ value: Double, _ like: Node, _ symbol: String) -> Node {
    let node = graph.input(value, like.dtype)
    if isExplained { node.name = symbol }
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
    ], states: ["velocity"]
  ) { p, g, state, o, t in
    var g = g
    if o["weight_decay"] != 0 { g = g + o.node(o["weight_decay"], p, "λ") * p }
    let rate = o.node(o["lr"], p, "lr")
    guard o["momentum"] != 0 else { return (p - rate * g, state) }
    let mu = o.node(o["momentum"], p, "μ")
    let velocity = t == 1 ? g : mu * state[0] + g
    let direction = o["nesterov"] != 0 ? g + mu * velocity : velocity
    return (p - rate * direction, [velocity])
  }

  /// Kingma and Ba 2015, with bias correction.
  package static let adam: OptimizerRule = OptimizerRule(
    name: "adam", summary: "Adam: step sizes from running means of the gradient and its square.",
    options: OptimizerOption.adam(weightDecay: 0), states: ["m", "v"]
  ) { p, g, state, o, t in
    let decay = o["weight_decay"]
    return moments(p, decay != 0 ? g + o.node(decay, p, "λ") * p : g, state, o, t)
  }

  /// Loshchilov and Hutter 2019: the weight decay apart from the gradient.
  package static let adamw: OptimizerRule = OptimizerRule(
    name: "adamw", summary: "Adam with the weight decay apart from the gradient.",
    options: OptimizerOption.adam(weightDecay: 0.01), states: ["m", "v"]
  ) { p, g, state, o, t in
    let kept = o.node(1 - o["lr"] * o["weight_decay"], p, "(1 − lr λ)")
    return moments(p * kept, g, state, o, t)
  }

  @Sendable private static func moments(
    _ p: Node, _ g: Node, _ state: [Node], _ o: OptionNodes, _ t: Double
  ) -> (Node, [Node]) {
    let (b1, b2) = (o["beta1"], o["beta2"])
    let m = state[0] * o.node(b1, p, "β₁") + g * o.node(1 - b1, p, "(1 − β₁)")
    let v = state[1] * o.node(b2, p, "β₂") + g * g * o.node(1 - b2, p, "(1 − β₂)")
    let rate = o["lr"] / (1 - raised(b1, t))
    let root = 1 / (1 - raised(b2, t)).squareRoot()
    let spread = v.apply(.sqrt) * o.node(root, p, "(1 / √(1 − β₂^t))") + o.node(o["eps"], p, "ε")
    return (p - o.node(rate, p, "(lr / (1 − β₁^t))") * m / spread, [m, v])
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
  package var options: [String: Double]
  private var states: [[Node]]
  /// How often each parameter was updated: one that joins late begins at 1.
  private var steps: [Int]

  package init(_ rule: OptimizerRule, _ parameters: [Parameter], options: [String: Double]) {
    self.rule = rule
    self.parameters = parameters
    self.options = options
    states = parameters.map { _ in [] }
    steps = parameters.map { _ in 0 }
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
    let nodes = OptionNodes(graph: graph, values: options)
    for (index, parameter) in parameters.enumerated() where !parameter.isFrozen {
      guard let gradient = gradients[index] else { continue }
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
      let (value, state) = try graph.rule {
        rule.update(p, g, states[index], nodes, Double(steps[index]))
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
    let nodes = OptionNodes(graph: parameter.graph, values: options, isExplained: true)
    let loss = parameter.graph.lastBackward?.loss.name ?? "loss"
    let operands = [(name, parameter.node), ("∂\(loss)/∂\(name)", g)] + zip(rule.states, state)
    return StepRecord(
      rule: "\(rule.name), step \(count): \(symbols(count))",
      operands: operands.map { ($0.0, $0.1) }
    ) {
      let (value, new) = rule.update($0[0], $0[1], Array($0.dropFirst(2)), nodes, Double(count))
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

  /// State is a root of the next plan.
  private func hold(_ node: Node) -> Node {
    node.handles += 1
    return node
  }
}

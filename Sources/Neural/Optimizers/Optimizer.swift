// Optimizers over parameters, with their state. The traversal is written once.

import Autodiff
import Engine

/// An optimizer over parameters, with its state.
package final class Optimizer {
  package let rule: OptimizerRule
  package let parameters: [Parameter]
  package var options: [String: Double] { didSet { known = [] } }
  /// Where `lr` comes from, step by step, if it is not an option that stays.
  package var schedule: Schedule? { didSet { known = [] } }
  private var states: [[Node]]
  /// How often each parameter was updated: one that joins late begins at 1.
  private var steps: [Int]
  /// The numbers of steps that were asked for last.
  private var known: [(step: Int, time: Int, values: [Double])] = []
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
    let (states, steps, options, schedule) = (states, steps, options, schedule)
    return { [self] in
      (self.states, self.steps, self.options) = (states, steps, options)
      self.schedule = schedule
    }
  }

  /// How many steps were made.
  package var time: Int { steps.max() ?? 0 }

  /// Whether its rate follows a schedule.
  package var isScheduled: Bool { schedule != nil }

  /// The options of the step that follows so many.
  package func options(after time: Int) -> [String: Double] {
    guard let schedule else { return options }
    var result = options
    result["lr"] = schedule.rate(after: time)
    return result
  }

  /// One step with the gradients that `backward` left; parameters without one are left alone.
  package func step(_ given: [Node]? = nil) throws(OperatorProblem) {
    guard let graph = parameters.first?.graph else { return }
    let gradients: [Node?] = given ?? parameters.map(\.gradient)
    try check(gradients)
    let options = OptimizerOptions(values: options(after: time))
    let clipping = try GradientClipping(options, zip(parameters, gradients), graph)
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
        rule.update(p, clipping.clipped(g), states[index], n, options, count)
      }
      let record =
        graph.keepsSteps
        ? kept(parameter, g, states[index], steps[index], options, clipping) : nil
      for old in states[index] { old.handles -= 1 }
      states[index] = state.map(hold)
      try parameter.store(value)
      parameter.node.version?.step = record
    }
  }

  /// What it takes to go through a step again.
  private func kept(
    _ parameter: Parameter, _ g: Node, _ state: [Node], _ count: Int, _ options: OptimizerOptions,
    _ clipping: GradientClipping
  ) -> StepRecord {
    // The one before it needs no history any more.
    parameter.node.version?.step?.settle()
    let (name, rule) = (parameter.name, rule)
    let loss = parameter.graph.lastBackward?.loss.name ?? "loss"
    let operands =
      [(name, parameter.node), ("∂\(loss)/∂\(name)", g)] + zip(rule.states, state)
      + (clipping.scale.map { [("clip", $0)] } ?? [])
    return StepRecord(
      rule: "\(rule.name), step \(count): \(symbols(count, options))",
      operands: operands.map { ($0.0, $0.1) }
    ) {
      let count = Double(count)
      let n = OptimizerNumbers(rule.numbers(options, count), like: $0[0], isExplained: true)
      let g = clipping.clipped($0[1], scale: clipping.scale == nil ? nil : $0.last)
      let states = Array($0.dropFirst(2).prefix(rule.states.count))
      let (value, new) = rule.update($0[0], g, states, n, options, count)
      return zip(rule.states, new).map { ("new \($0.0)", $0.1) } + [("new \(name)", value)]
    }
  }

  /// `lr = 0.1, μ = 0.9, t = 3`: the options that have an effect.
  private func symbols(_ count: Int, _ options: OptimizerOptions) -> String {
    let told = rule.options.compactMap { option -> String? in
      let x = options.values[option.name] ?? option.value
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
    // A step counts from 1, the time from 0.
    let (step, time) = (steps[parameter] + count, time + count - 1)
    if let known = known.first(where: { $0.step == step && $0.time == time }) {
      return known.values
    }
    let options = OptimizerOptions(values: options(after: time))
    let values = rule.numbers(options, Double(step)).map(\.value)
    known = known.suffix(1) + [(step, time, values)]
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

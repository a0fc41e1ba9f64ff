// Optimizers as values of the language.

import Autodiff
import Diagnostics
import Engine
import Interpreter
import Neural

/// An optimizer over a model's parameters; without a model it waits for `fit`.
final class OptimizerObject: ForeignObject {
  let rule: OptimizerRule
  private let initial: OptimizerSettings
  let optimizer: Optimizer?
  /// A function of the steps made so far, which gives each step its rate.
  private let rateFunction: Value?

  init(_ rule: OptimizerRule, _ settings: OptimizerSettings, _ parameters: [Parameter]) {
    (self.rule, initial, rateFunction) = (rule, settings, settings.rateFunction)
    optimizer = parameters.isEmpty ? nil : settings.optimizer(rule, parameters)
  }

  private init(_ rule: OptimizerRule, _ settings: OptimizerSettings, _ optimizer: Optimizer?) {
    (self.rule, initial, self.optimizer) = (rule, settings, optimizer)
    rateFunction = settings.rateFunction
  }

  var options: [String: Double] { optimizer.map { $0.options(after: $0.time) } ?? initial.options }
  var schedule: Schedule? { optimizer.map(\.schedule) ?? initial.schedule }
  var hasRateFunction: Bool { rateFunction != nil }

  /// The optimizer of these params: its own, if it has some.
  func optimizer(for parameters: [Parameter]) -> Optimizer {
    optimizer ?? initial.optimizer(rule, parameters)
  }

  /// Gives the next step of an optimizer its rate, where a function knows it.
  func prepareRate(of optimizer: Optimizer, _ session: Session) throws {
    guard let rateFunction, let option = rule.options.first else { return }
    let t = Value.number(Double(optimizer.time))
    let rate = try session.call(rateFunction, [t], named: [])
    optimizer.options["lr"] = try OptimizerObject.number(option, of: rule.name, rate, session)
  }

  var stepper: (any Stepper)? { rateFunction == nil ? optimizer : nil }
  var typeName: String { "optimizer" }
  var fieldNames: [String] { rule.options.map(\.name) }

  func field(_ name: String, _ session: Session) throws -> Value? {
    if name == "lr" { try checkSchedule() }
    return rule.options.first { $0.name == name }.map { value($0) }
  }

  private func value(_ option: OptimizerOption) -> Value {
    let x = options[option.name] ?? option.value
    return option.range == .flag ? .bool(x != 0) : .number(x)
  }

  /// One with params changes; one without is a value.
  func settingField(_ name: String, to value: Value, _ session: Session) throws -> Value? {
    guard let option = rule.options.first(where: { $0.name == name }) else { return nil }
    var settings = initial
    if let optimizer {
      (settings.options, settings.schedule) = (optimizer.options, optimizer.schedule)
    }
    settings.rateFunction = rateFunction
    try settings.set(option, of: rule, to: value, session)
    guard let optimizer else { return .foreign(OptimizerObject(rule, settings, nil)) }
    session.willChange(optimizer) { [optimizer] in optimizer.snapshot() }
    (optimizer.options, optimizer.schedule) = (settings.options, settings.schedule)
    let isSame = rateFunction == nil && settings.rateFunction == nil
    return .foreign(isSame ? self : OptimizerObject(rule, settings, optimizer))
  }

  /// A value for an option, checked.
  static func number(
    _ option: OptimizerOption, of rule: String, _ value: Value, _ session: Session,
    argument: Int? = nil
  ) throws -> Double {
    let what = "\(option.name) of \(rule) is \(option.range.text)"
    if option.range == .flag, case .bool(let flag) = value { return flag ? 1 : 0 }
    guard let node = session.node(value), node.shape.count == 1, node.dtype != .bool else {
      throw Problem(.type, "\(what), not \(value.typePhrase)", argument: argument)
    }
    var x = try session.graph.item(node)
    if node.isNumber { x = node.exact }
    guard option.range.contains(x) else {
      throw Problem(.value, "\(what), not \(NumberFormat.shortest(x))", argument: argument)
    }
    return x
  }

  func describe(_ session: Session) throws -> StyledText {
    let words = try rule.options.compactMap { option -> String? in
      if option.name == "lr", rateFunction != nil { return "lr: a function" }
      if option.name == "lr", let schedule { return "lr: \(schedule.source)" }
      if option.isQuiet, options[option.name] ?? 0 == 0 { return nil }
      return "\(option.name): \(try session.echo(value(option)))"
    }
    return StyledText("\(rule.name)(\(words.joined(separator: ", ")))")
  }
}

/// How an optimizer is set up.
struct OptimizerSettings {
  var options: [String: Double]
  var schedule: Schedule?
  var rateFunction: Value?

  init(_ options: [String: Double] = [:]) { self.options = options }

  func optimizer(_ rule: OptimizerRule, _ parameters: [Parameter]) -> Optimizer {
    let optimizer = Optimizer(rule, parameters, options: options)
    optimizer.schedule = schedule
    return optimizer
  }

  /// Takes a number, or for `lr` a schedule or a function of the steps.
  mutating func set(
    _ option: OptimizerOption, of rule: OptimizerRule, to value: Value, _ session: Session,
    argument: Int? = nil
  ) throws {
    guard option.name == "lr" else {
      options[option.name] = try OptimizerObject.number(
        option, of: rule.name, value, session, argument: argument)
      return
    }
    (schedule, rateFunction) = (nil, nil)
    options["lr"] = options["lr"] ?? option.value
    if case .foreign(let object as ScheduleObject) = value {
      schedule = object.schedule
    } else if session.isCallable(value) {
      rateFunction = value
    } else {
      options["lr"] = try OptimizerObject.number(
        option, of: rule.name, value, session, argument: argument)
    }
  }
}

extension Optimizer: Stepper {
  package func number(_ node: Node, after steps: Int) -> Double? {
    place(of: node).map { numbers(of: $0.parameter, after: steps)[$0.number] }
  }

  package func willAdvance(_ session: Session) {
    session.willChange(self) { self.snapshot() }
  }
}

enum OptimizerFunctions {
  static let all: [HostFunction] = [step] + Optimizers.all.map(optimizer) + ScheduleFunctions.all
  private typealias P = HostFunction.Parameter
  private static let rateHelp =
    "a number from 0, a schedule such as cosine_decay(0.1), or a function of the steps made so far"

  private static func optimizer(_ rule: OptimizerRule) -> HostFunction {
    HostFunction(
      name: rule.name, summary: rule.summary, category: "Optimizers",
      parameters: [
        P("params", "a model or params; left out inside fit", default: .optional("none"))
      ]
        + rule.options.map {
          P(
            $0.name, $0.help ?? ($0.name == "lr" ? rateHelp : $0.range.text),
            default: .optional(
              $0.range == .flag
                ? ($0.value != 0 ? "true" : "false") : NumberFormat.shortest($0.value)))
        },
      examples: [
        "let net = dense(2, 1)\nlet opt = \(rule.name)(net, lr: 0.1)\nopt.lr  # => 0.1",
        "\(rule.name)(lr: -1)  # error: value",
      ],
      action: { call in
        var settings = OptimizerSettings(rule.standardOptions)
        for (index, option) in rule.options.enumerated() where call.isGiven(index + 1) {
          try settings.set(
            option, of: rule, to: call.value(index + 1), call.session, argument: index + 1)
        }
        guard call.isGiven(0) else { return .foreign(OptimizerObject(rule, settings, [])) }
        let parameters = call.session.parameters(of: call.raw(0)).map(\.parameter)
        guard !parameters.isEmpty else { throw call.withoutParams(0) }
        return .foreign(OptimizerObject(rule, settings, parameters))
      })
  }

  static let step: HostFunction = HostFunction(
    name: "step", summary: "Updates the params of an optimizer by their gradients.",
    category: "Optimizers",
    parameters: [
      P("optimizer", "made with a model or params"),
      P(
        "gradients", "values instead of .grad, each shaped as its param", default: .optional("none")
      ),
    ],
    examples: [
      "param w = [1, 2]\nlet opt = sgd(w, lr: 0.5)\nbackward(sum(w^2))\nstep(opt)\nw  # => [0, 0]",
      "# Gradients of several small batches, added up.\nparam w = 1\nlet opt = sgd(w, lr: 0.5)\n"
        + "for x in [1, 2] { backward((w * x) / 2, add: true) }\nstep(opt)\nw  # => 0.25",
    ],
    isStep: true,
    action: { call in
      guard case .foreign(let object as OptimizerObject) = call.value(0),
        let optimizer = object.optimizer
      else {
        throw Problem(
          .type, "step wants an optimizer that knows its params", argument: 0,
          help: "write let opt = sgd(net, lr: 0.1)")
      }
      let given = call.isGiven(1) ? try gradients(call, optimizer) : nil
      try object.checkSchedule()
      call.session.willChange(optimizer) { [optimizer] in optimizer.snapshot() }
      try object.prepareRate(of: optimizer, call.session)
      try optimizer.step(given)
      return .none
    })

  /// One for each param: a model's gradients are records and lists like the model.
  private static func gradients(_ call: Call, _ optimizer: Optimizer) throws -> [Node] {
    // A stage without params has the gradient none in grad(loss, net).
    let given = call.session.leaves(of: call.value(1)).filter {
      if case .none = $0.leaf { false } else { true }
    }
    guard given.count == optimizer.parameters.count else {
      throw Problem(
        .value, "there are \(given.count) gradients for \(optimizer.parameters.count) params",
        argument: 1)
    }
    return try zip(given, optimizer.parameters).map { leaf, parameter in
      guard let node = call.session.node(leaf.leaf) else {
        throw Problem(
          .type, "the gradient of \(parameter.name) is a tensor, not \(leaf.leaf.typeName)",
          argument: 1)
      }
      return node
    }
  }
}

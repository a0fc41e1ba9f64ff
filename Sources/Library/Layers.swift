// Layers and optimizers as values of the language.

import Autodiff
import Diagnostics
import Engine
import Interpreter
import Neural

/// A native layer.
final class LayerObject: ForeignObject {
  let layer: any Layer
  private let label: LayerLabel
  init(_ layer: any Layer) {
    self.layer = layer
    label = LayerLabel(source: layer.source, parameter: layer.parameters.first?.parameter)
  }

  var typeName: String { "layer" }
  var isCallable: Bool { true }
  var fieldNames: [String] { layer.parameters.map(\.name) }
  var parameters: [(path: String, parameter: Parameter)] {
    layer.parameters.map { ($0.name, $0.parameter) }
  }
  func field(_ name: String, _ session: Session) throws -> Value? {
    layer.parameters.first { $0.name == name }.map { .foreign(ParameterObject($0.parameter)) }
  }
  func call(_ call: Call) throws -> Value {
    let x = try call.tensor(0)
    return .tensor(
      try call.session.graph.grouped(label) {
        try layer.forward(x, isTraining: call.isTraining)
      })
  }
  func copy() throws -> any ForeignObject { LayerObject(layer.copy()) }
  func describe(_ session: Session) throws -> StyledText {
    let count = layer.parameters.reduce(0) { $0 + $1.parameter.node.shape.count }
    return StyledText(layer.source + (count > 0 ? "  # \(count) parameters" : ""))
  }
}

/// An optimizer over a model's parameters; without a model it waits for `fit`.
final class OptimizerObject: ForeignObject {
  let rule: OptimizerRule
  let options: [String: Double]
  let optimizer: Optimizer?
  init(_ rule: OptimizerRule, _ options: [String: Double], _ optimizer: Optimizer?) {
    (self.rule, self.options, self.optimizer) = (rule, options, optimizer)
  }

  var typeName: String { "optimizer" }
  var fieldNames: [String] { rule.options.map(\.name) }
  func field(_ name: String, _ session: Session) throws -> Value? {
    (optimizer?.options ?? options)[name].map { .number($0) }
  }
  func settingField(_ name: String, to value: Value, _ session: Session) throws -> Value? {
    guard let optimizer, case .number(let x) = value, options[name] != nil else { return nil }
    session.willChange(optimizer) { optimizer.snapshot() }
    optimizer.options[name] = x
    return .foreign(self)
  }
  func describe(_ session: Session) throws -> StyledText {
    let options = rule.options.map {
      "\($0.name): \(NumberFormat.shortest((optimizer?.options ?? self.options)[$0.name] ?? $0.value))"
    }
    return StyledText("\(rule.name)(\(options.joined(separator: ", ")))")
  }
}

enum LayerFunctions {
  static let all: [HostFunction] =
    Layers.all.map(layer) + [step] + Optimizers.all.map(optimizer)
  private typealias P = HostFunction.Parameter

  /// A layer's constructor; one without parameters is the layer itself.
  private static func layer(_ record: LayerRecord) -> HostFunction {
    let isLayer = record.parameters.isEmpty
    return HostFunction(
      name: record.name, summary: record.summary, category: "Layers",
      parameters: isLayer
        ? [P("x", "a tensor")]
        : record.parameters.map { parameter in
          P(
            parameter.name, parameter.summary,
            default: parameter.standard.map { .optional($0.source) } ?? .required)
        },
      details: record.details, examples: record.examples,
      action: { call in
        let arguments = try record.parameters.indices.map { place in
          try argument(record.parameters[place], call, place)
        }
        let layer = try record.make(call.session.graph, LayerCall(record, arguments))
        guard isLayer else { return .foreign(LayerObject(layer)) }
        return .tensor(try layer.forward(call.tensor(0), isTraining: call.isTraining))
      })
  }

  /// What was given for a parameter, or its standard.
  private static func argument(_ parameter: LayerParameter, _ call: Call, _ place: Int) throws
    -> LayerArgument
  {
    if let standard = parameter.standard, !call.isGiven(place) { return standard }
    switch parameter.kind {
    case .number: return .number(try call.number(place))
    case .flag: return .flag(try call.bool(place, default: false))
    case .size(let least):
      let size = try call.int(place)
      guard size >= least else {
        throw Problem(
          .value, "\(parameter.name) of \(call.name) is at least \(least), not \(size)",
          argument: place)
      }
      return .number(Double(size))
    case .word(let words):
      let word = try call.string(place)
      guard words.contains(word) else {
        throw Problem(
          .value,
          "\(parameter.name) of \(call.name) is one of \(words.joined(separator: ", ")), not '\(word)'",
          argument: place,
          help: Suggestion.nearest(to: word, in: words).map { "did you mean \"\($0)\"?" })
      }
      return .word(word)
    }
  }

  private static func optimizer(_ rule: OptimizerRule) -> HostFunction {
    HostFunction(
      name: rule.name, summary: rule.summary, category: "Optimizers",
      parameters: [
        P("params", "a model or params; left out inside fit", default: .optional("none"))
      ]
        + rule.options.map {
          P($0.name, "a number", default: .optional(NumberFormat.shortest($0.value)))
        },
      examples: ["let net = dense(2, 1)\nlet opt = \(rule.name)(net, lr: 0.1)\nopt.lr  # => 0.1"],
      action: { call in
        var options: [String: Double] = [:]
        for (index, option) in rule.options.enumerated() {
          if case .bool(let flag) = call.value(index + 1) {
            options[option.name] = flag ? 1 : 0
          } else {
            options[option.name] = try call.number(index + 1, default: option.value)
          }
        }
        guard call.isGiven(0) else { return .foreign(OptimizerObject(rule, options, nil)) }
        let parameters = call.session.parameters(of: call.raw(0)).map(\.parameter)
        guard !parameters.isEmpty else {
          throw Problem(.type, "there are no params in a \(call.value(0).typeName)", argument: 0)
        }
        return .foreign(
          OptimizerObject(rule, options, Optimizer(rule, parameters, options: options)))
      })
  }

  static let step: HostFunction = HostFunction(
    name: "step", summary: "Updates the params of an optimizer by their gradients.",
    category: "Optimizers",
    parameters: [
      P("optimizer", "made with a model or params"),
      P("gradients", "values instead of .grad", default: .optional("none")),
    ],
    examples: [
      "param w = [1, 2]\nlet opt = sgd(w, lr: 0.5)\nbackward(sum(w^2))\nstep(opt)\nw  # => [0, 0]"
    ],
    action: { call in
      guard case .foreign(let object as OptimizerObject) = call.value(0),
        let optimizer = object.optimizer
      else {
        throw Problem(
          .type, "step wants an optimizer that knows its params", argument: 0,
          help: "write let opt = sgd(net, lr: 0.1)")
      }
      call.session.willChange(optimizer) { optimizer.snapshot() }
      guard call.isGiven(1) else {
        try optimizer.step()
        return .none
      }
      var gradients: [Node?] = []
      func collect(_ value: Value) throws {
        if case .tensor(let tensor) = value { return gradients.append(tensor.node) }
        switch value {
        case .tuple(let tuple): try tuple.elements.forEach(collect)
        case .list(let list): try list.elements.forEach(collect)
        case .record(let record): try record.fields.forEach { try collect($0.value) }
        default: break
        }
      }
      try collect(call.value(1))
      guard gradients.count == optimizer.parameters.count else {
        throw Problem(
          .value, "there are \(gradients.count) gradients for \(optimizer.parameters.count) params",
          argument: 1)
      }
      try optimizer.step(gradients)
      return .none
    })
}

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
    [dense, dropout, layerNorm, flatten, step] + Optimizers.all.map(optimizer)
  private typealias P = HostFunction.Parameter

  static let dense: HostFunction = HostFunction(
    name: "dense", summary: "A fully connected layer: y = x @ weight + bias.",
    category: "Layers",
    parameters: [
      P("inputs", "the last size of x"), P("outputs", "the last size of y"),
      P("bias", "whether it has a bias", default: .optional("true")),
      P("init", "glorot, he, normal or zeros", default: .optional("\"glorot\"")),
    ],
    details: [
      "weight [inputs, outputs], uniform in ±√(6 / (inputs + outputs)); bias [outputs], 0",
      "in plain nns: x -> x @ weight + bias",
    ],
    examples: ["dense(2, 3)(ones(4, 2)).shape  # => [4, 3]"],
    action: { call in
      let (i, o) = (try call.int(0), try call.int(1))
      guard i >= 0, o >= 0 else { throw Problem(.value, "the sizes of a layer are not negative") }
      let name = try call.string(3, default: "glorot")
      guard let initializer = Initializer(rawValue: name) else {
        throw Problem(
          .value, "there is no initializer '\(name)'", argument: 3,
          help: "use \(Initializer.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      return .foreign(
        LayerObject(
          try Dense(
            call.session.graph, inputs: i, outputs: o, hasBias: call.bool(2, default: true),
            initializer: initializer)))
    })

  static let dropout: HostFunction = HostFunction(
    name: "dropout", summary: "Zeroes elements at random while training.", category: "Layers",
    parameters: [P("rate", "the share that is zeroed")],
    details: ["in plain nns: x -> x * bernoulli(1 - rate, x.shape) / (1 - rate)"],
    examples: ["dropout(0.5)(ones(3))  # => [1, 1, 1]"],
    action: { call in
      let rate = try call.number(0)
      guard rate >= 0, rate < 1 else {
        throw Problem(.value, "dropout wants a rate from 0 to 1 (1 excluded)", argument: 0)
      }
      return .foreign(LayerObject(Dropout(call.session.graph, rate: rate)))
    })

  static let layerNorm: HostFunction = HostFunction(
    name: "layer_norm", summary: "Rows with mean 0 and variance 1, then scaled and shifted.",
    category: "Layers",
    parameters: [
      P("width", "the last size of x"),
      P("eps", "added to the variance", default: .optional("0.00001")),
    ],
    details: [
      "in plain nns: x -> (x - mean(x, axis: -1, keep: true)) / sqrt(var(x, axis: -1, keep: true) + eps) * gain + bias"
    ],
    examples: ["layer_norm(2)([[1, 3]])  # => [[-1, 1]]"],
    action: { call in
      let width = try call.int(0)
      guard width > 0 else {
        throw Problem(.value, "layer_norm wants a width above 0", argument: 0)
      }
      return .foreign(
        LayerObject(
          try LayerNorm(
            call.session.graph, width: width, epsilon: call.number(1, default: 1e-5))))
    })

  static let flatten: HostFunction = HostFunction(
    name: "flatten", summary: "All axes but the first as one.", category: "Layers",
    parameters: [P("x", "a tensor")], examples: ["flatten(ones(2, 3, 4)).shape  # => [2, 12]"],
    action: { call in .tensor(try Flatten().forward(call.tensor(0), isTraining: false)) })

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

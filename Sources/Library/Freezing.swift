// freeze and unfreeze: params that training leaves alone.

import Autodiff
import Interpreter

enum FreezingFunctions {
  static let all: [HostFunction] = [
    function(
      "freeze", "Keeps params as they are: backward and optimizers leave them alone.", true,
      details: [
        "freeze(net[..4]) before training what is behind them: transfer of what was learned elsewhere.",
        "A saved model does not say what is frozen.",
      ],
      examples: [
        "param w = [1, 2]\nparam b = 3\nfreeze(w)\nlet opt = sgd((w, b), lr: 0.5)\nbackward(sum(w) * b)\nstep(opt)\n(w, b)  # => ([1, 2], 1.5)"
      ]),
    function(
      "unfreeze", "Lets frozen params be trained again.", false, details: [],
      examples: [
        "param w = 1\nfreeze(w)\nunfreeze(w)\nbackward(2 * w)\nw.grad  # => 2"
      ]),
  ]

  private static func function(
    _ name: String, _ summary: String, _ isFrozen: Bool, details: [String], examples: [String]
  ) -> HostFunction {
    HostFunction(
      name: name, summary: summary, category: "Training",
      parameters: [HostFunction.Parameter("params", "a model, a part of it, or params")],
      details: details, examples: examples,
      action: { call in
        let parameters = call.session.parameters(of: call.raw(0)).map(\.parameter)
        guard !parameters.isEmpty else { throw call.withoutParams(0) }
        for parameter in parameters where parameter.isFrozen != isFrozen {
          call.session.willChange(parameter) {
            let before = parameter.isFrozen
            return { parameter.isFrozen = before }
          }
          parameter.isFrozen = isFrozen
        }
        return .none
      })
  }
}

extension Call {
  /// The error for an argument without params, with the word that was to give it some.
  func withoutParams(_ index: Int) -> Problem {
    var help: String?
    switch value(index) {
    // Params of one shape in a list are one tensor already.
    case .tensor:
      help = "write param w = … instead of let w = …; several params are given as (W1, W2)"
    // What let names in its body is no part of a model.
    case .foreign(let model as ModelObject):
      help = "in model \(model.name) write layer a = … instead of let a = …, or param for numbers"
    default: break
    }
    return Problem(
      .type, "there are no params in \(value(index).typePhrase)", argument: index, help: help)
  }
}

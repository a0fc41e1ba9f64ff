// fit, evaluate, predict, accuracy.

import Autodiff
import Diagnostics
import Engine
import Interpreter

enum TrainingFunctions {
  static let all: [HostFunction] = [fit, evaluate, predict, accuracy]
  private typealias P = HostFunction.Parameter

  static let fit: HostFunction = HostFunction(
    name: "fit", summary: "Trains a model and gives the history of its figures.",
    category: "Training",
    parameters: [
      P("net", "a model"), P("x", "inputs [n, …], a tensor or a table"),
      P("y", "targets [n, …], a tensor or a table"),
      P("loss", "a function of prediction and target"),
      P("optimizer", "an optimizer", default: .optional("adam()")),
      P("epochs", "how often all rows are seen", default: .optional("10")),
      P("batch", "rows a step", default: .optional("32")),
      P("validation", "(x, y) to judge by after each epoch", default: .optional("none")),
      P(
        "metrics", "a list of functions of prediction and target, or a record that names them",
        default: .optional("[]")),
      P("until", "stops when this function of the history is true", default: .optional("none")),
      P(
        "patience", "stops after so many epochs without a better val_loss (or loss)",
        default: .optional("none")),
      P("verbose", "whether to show how far it is", default: .optional("true")),
      P(
        "each", "called with the history after each epoch, such as monitor(net)",
        default: .optional("none")),
      P(
        "augment", "what a step sees instead of its inputs, such as x -> augment(x, shift: 2)",
        default: .optional("none")),
    ],
    details: [
      "The history is a record of vectors, one number an epoch: loss, the metrics, val_loss, …",
      "With patience the net ends with the weights of its best epoch, not of its last.",
      "Ctrl-C ends it at a whole step: the net keeps what it learned, the history its whole epochs.",
      "On a terminal a bar on standard error shows epoch, figures and the time left; elsewhere a line",
      "for an epoch does, at most some twenty of them.",
    ],
    examples: [
      "seed(1)\nlet net = dense(1, 1)\nlet x = [[0], [1], [2]]\n"
        + "let h = fit(net, x, 2 * x, loss: mse, optimizer: sgd(lr: 0.1), epochs: 100)\n"
        + "h.loss[-1] < 0.01  # => true"
    ],
    action: { call in try call.session.withPromptInterrupts { try Trainer(call).run() } })

  static let evaluate: HostFunction = HostFunction(
    name: "evaluate", summary: "Loss and metrics of a model on data.", category: "Training",
    parameters: [
      P("net", "a model"), P("x", "inputs, a tensor or a table"),
      P("y", "targets, a tensor or a table"), P("loss", "a loss"),
      P(
        "metrics", "a list of functions of prediction and target, or a record that names them",
        default: .optional("[]")),
    ],
    examples: ["evaluate(x -> x, [[1]], [[3]], loss: mse).loss  # => 4"],
    action: { call in
      let pair = try DataPair(call, x: 1, y: 2)
      let judge = try Judge(call, loss: 3, metrics: 4)
      return .record(try judge.figures(call.function(0), pair).map { ($0.name, .number($0.value)) })
    })

  static let predict: HostFunction = HostFunction(
    name: "predict", summary: "What a model gives for inputs, without training.",
    category: "Training",
    parameters: [P("net", "a model"), P("x", "inputs, a tensor or a table")],
    details: ["A model that begins with encode, e >> s >> net, takes a table as it is."],
    examples: [
      "predict(x -> 2 * x, [1, 2])  # => [2, 4]",
      "let e = encode(table({a: [\"no\", \"yes\"]}))\n"
        + "predict(e >> tensor, table({a: [\"yes\"]}))  # => [[1]]",
    ],
    action: { call in
      var x = call.value(1)
      let net = try call.function(0)
      if case .foreign = x, encoder(of: net) == nil { x = .tensor(try call.data(1)) }
      let result = try call.invoke(net, [x])
      guard let node = call.session.node(result) else { return result }
      return .tensor(try call.session.graph.detach(node))
    })

  /// The encoder that a model begins with, which makes numbers of a table itself.
  static func encoder(of net: Value) -> EncodedTable? {
    switch net {
    case .function(let composition as CompositionObject):
      composition.stages.first.flatMap(encoder)
    case .foreign(let object): object as? EncodedTable
    default: nil
    }
  }

  static let accuracy: HostFunction = HostFunction(
    name: "accuracy", summary: "The share of right classes.", category: "Metrics",
    parameters: ClassPairs.parameters,
    details: [
      "Of rows of several classes the largest is meant; of one column the numbers themselves where all",
      "are whole, else 1 above a half.",
    ],
    examples: [
      "accuracy([[1, 2], [3, 1]], [1, 1])  # => 0.5", "accuracy([0.2, 0.9], [0, 1])  # => 1",
      "accuracy([0, 2, 1], [0, 2, 2])  # => 0.6667",
    ],
    action: { call in
      let pairs = try ClassPairs(call)
      guard !pairs.truth.isEmpty else { return .number(.nan) }
      let right = zip(pairs.predicted, pairs.truth).lazy.filter { $0 == $1 }.count
      return .number(Double(right) / Double(pairs.truth.count))
    })
}

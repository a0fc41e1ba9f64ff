// fit, evaluate, predict, summary, batches, split.

import Autodiff
import Diagnostics
import Engine
import Interpreter
import Neural

enum TrainingFunctions {
  static let all: [HostFunction] = [
    fit, evaluate, predict, summary, batches, split, shuffle, accuracy,
  ]
  private typealias P = HostFunction.Parameter

  static let fit: HostFunction = HostFunction(
    name: "fit", summary: "Trains a model and gives the history of its figures.",
    category: "Training",
    parameters: [
      P("net", "a model"), P("x", "inputs [n, …]"), P("y", "targets [n, …]"),
      P("loss", "a function of prediction and target"),
      P("optimizer", "an optimizer", default: .optional("adam()")),
      P("epochs", "how often all rows are seen", default: .optional("10")),
      P("batch", "rows a step", default: .optional("32")),
      P("validation", "(x, y) to judge by after each epoch", default: .optional("none")),
      P("metrics", "a list of functions", default: .optional("[]")),
      P("until", "stops when this function of the history is true", default: .optional("none")),
      P(
        "patience", "stops after so many epochs without a better val_loss (or loss)",
        default: .optional("none")),
    ],
    details: ["The history is a record of vectors, one number an epoch: loss, val_loss, …"],
    examples: [
      "seed(1)\nlet net = dense(1, 1)\nlet x = [[0], [1], [2]]\n"
        + "let h = fit(net, x, 2 * x, loss: mse, optimizer: sgd(lr: 0.1), epochs: 100)\n"
        + "h.loss[-1] < 0.01  # => true"
    ],
    action: { call in try Trainer(call).run() })

  static let evaluate: HostFunction = HostFunction(
    name: "evaluate", summary: "Loss and metrics of a model on data.", category: "Training",
    parameters: [
      P("net", "a model"), P("x", "inputs"), P("y", "targets"), P("loss", "a loss"),
      P("metrics", "a list of functions", default: .optional("[]")),
    ],
    examples: ["evaluate(x -> x, [[1]], [[3]], loss: mse).loss  # => 4"],
    action: { call in
      let metrics = call.isGiven(4) ? try call.elements(4) : []
      let prediction = try call.invoke(call.function(0), [call.value(1)])
      var fields = [
        ("loss", Value.number(try figure(call.function(3), prediction, call.value(2), call)))
      ]
      for metric in metrics {
        fields.append(
          (Library.name(of: metric), .number(try figure(metric, prediction, call.value(2), call))))
      }
      return .record(fields)
    })

  static func figure(_ f: Value, _ prediction: Value, _ target: Value, _ call: Call) throws
    -> Double
  {
    let value = try call.invoke(f, [prediction, target])
    guard let node = call.session.node(value) else {
      throw Problem(.type, "a loss or metric gives a number, not a \(value.typeName)")
    }
    return try call.session.graph.item(node)
  }

  static let predict: HostFunction = HostFunction(
    name: "predict", summary: "What a model gives for inputs, without training.",
    category: "Training", parameters: [P("net", "a model"), P("x", "inputs")],
    examples: ["predict(x -> 2 * x, [1, 2])  # => [2, 4]"],
    action: { call in
      let result = try call.invoke(call.function(0), [call.value(1)])
      guard let node = call.session.node(result) else { return result }
      return .tensor(try call.session.graph.detach(node))
    })

  static let accuracy: HostFunction = HostFunction(
    name: "accuracy", summary: "The share of right classes.", category: "Metrics",
    parameters: [
      P("prediction", "logits or probabilities [n, classes], or probabilities of one class"),
      P("target", "class numbers, or one-hot rows"),
    ],
    examples: ["accuracy([[1, 2], [3, 1]], [1, 1])  # => 0.5"],
    action: { call in
      let graph = call.session.graph
      let (p, t) = (try call.tensor(0), try call.tensor(1))
      let predicted: Node
      var target = t
      if p.shape.rank >= 2, p.shape[p.shape.rank - 1] > 1 {
        predicted = try graph.record(.argmax, [p], Attributes(axes: [p.shape.rank - 1]))
        if t.shape == p.shape {
          target = try graph.record(.argmax, [t], Attributes(axes: [t.shape.rank - 1]))
        }
      } else {
        predicted = try graph.binary(.greater, p, graph.constant(0.5))
      }
      guard predicted.shape.count == target.shape.count else {
        throw Problem(
          .shape, "accuracy compares \(p.shape) with \(t.shape): they do not fit", argument: 1)
      }
      let (a, b) = (try graph.values(predicted), try graph.values(target))
      guard !a.isEmpty else { return .number(.nan) }
      let right = zip(a, b).lazy.filter { $0 == $1 }.count
      return .number(Double(right) / Double(a.count))
    })

  static let summary: HostFunction = HostFunction(
    name: "summary", summary: "The layers of a model with their parameters.",
    category: "Training", parameters: [P("net", "a model")],
    examples: ["print(summary(dense(2, 3)))"],
    action: { call in
      let parameters = call.session.parameters(of: call.raw(0))
      var lines = [try call.session.echo(call.value(0))]
      for (path, parameter) in parameters {
        let shape = parameter.node.shape
        lines.append("  \(path.isEmpty ? parameter.name : path) \(shape)  \(shape.count)")
      }
      let total = parameters.reduce(0) { $0 + $1.parameter.node.shape.count }
      lines.append("  \(total) parameters in all")
      return .string(lines.joined(separator: "\n"))
    })

  static let batches: HostFunction = HostFunction(
    name: "batches", summary: "Rows in portions, for a loop; the last may be smaller.",
    category: "Training",
    parameters: [
      P("x", "a tensor"), P("y", "a tensor with as many rows", default: .optional("none")),
      P("size", "rows a portion", default: .optional("32")),
      P("shuffle", "in a random order", default: .optional("false")),
    ],
    examples: ["len(batches(zeros(10, 2), zeros(10), size: 4))  # => 3"],
    action: { call in
      let graph = call.session.graph
      let x = try call.tensor(0)
      let y = call.isGiven(1) ? try call.tensor(1) : nil
      let size = try call.int(2, default: 32)
      guard x.shape.rank > 0, size > 0, y == nil || y?.shape.dims.first == x.shape[0] else {
        throw Problem(.shape, "batches wants tensors with equally many rows and a size above 0")
      }
      let rows = x.shape[0]
      let order =
        try call.bool(3, default: false) ? graph.random.permutation(rows) : Array(0..<rows)
      var result: [Value] = []
      for start in stride(from: 0, to: rows, by: size) {
        let picks = order[start..<min(rows, start + size)].map(Double.init)
        let index = try graph.tensor(picks, shape: [picks.count], dtype: .i64)
        let part = Value.tensor(try graph.record(.gather, [x, index]))
        if let y {
          result.append(.tuple([part, .tensor(try graph.record(.gather, [y, index]))]))
        } else {
          result.append(part)
        }
      }
      return .list(result)
    })

  static let split: HostFunction = HostFunction(
    name: "split", summary: "Rows in two parts at random; a string at a separator.",
    category: "Data",
    parameters: [
      P("data", "a tensor, a table, a tuple of them, or a string"),
      P("share", "the first part's share, or the separator"),
      P("shuffle", "at random rather than in order", default: .optional("true")),
      P("stratify", "classes to spread evenly", default: .optional("none")),
    ],
    examples: [
      "split(\"a,b\", \",\")  # => [\"a\", \"b\"]",
      "let (a, b) = split(zeros(10, 2), 0.8)\nlen(a)  # => 8",
    ],
    action: { call in
      if case .string(let text) = call.value(0) {
        let separator = try call.string(1)
        guard !separator.isEmpty else {
          throw Problem(.value, "the separator is empty", argument: 1)
        }
        return .list(
          text.text.split(separator: separator, omittingEmptySubsequences: false).map {
            .string(String($0))
          })
      }
      let share = try call.number(1)
      guard share > 0, share < 1 else {
        throw Problem(.value, "split wants a share between 0 and 1", argument: 1)
      }
      var parts = [call.value(0)]
      if case .tuple(let tuple) = parts[0] { parts = tuple.elements }
      guard let rows = call.session.length(parts[0]),
        parts.allSatisfy({ call.session.length($0) == rows })
      else { throw Problem(.shape, "split wants data with equally many rows", argument: 0) }
      try checkRows(rows)
      let (first, second) = try indices(call, rows, share)
      let halves = try [first, second].map { picks -> Value in
        let chosen = try parts.map { try Library.rows($0, picks, call.session) }
        return chosen.count == 1 ? chosen[0] : .tuple(chosen)
      }
      return .tuple(halves)
    })

  private static func indices(_ call: Call, _ rows: Int, _ share: Double) throws -> ([Int], [Int]) {
    let graph = call.session.graph
    let order =
      try call.bool(2, default: true) ? graph.random.permutation(rows) : Array(0..<rows)
    guard call.isGiven(3) else {
      let cut = Int((Double(rows) * share).rounded())
      return (Array(order[..<cut]), Array(order[cut...]))
    }
    let classes = try call.elements(3).map { try call.session.display($0) }
    guard classes.count == rows else {
      throw Problem(.shape, "stratify has \(classes.count) rows, the data \(rows)", argument: 3)
    }
    var (first, second): ([Int], [Int]) = ([], [])
    for name in Set(classes).sorted() {
      let members = order.filter { classes[$0] == name }
      let cut = Int((Double(members.count) * share).rounded())
      first += members[..<cut]
      second += members[cut...]
    }
    return (first.sorted(), second.sorted())
  }

  static let shuffle: HostFunction = HostFunction(
    name: "shuffle", summary: "The rows in a random order.", category: "Data",
    parameters: [P("data", "a tensor or table")],
    examples: ["sum(shuffle([1, 2, 3]))  # => 6"],
    action: { call in
      guard let rows = call.session.length(call.value(0)) else {
        throw Problem(.type, "a \(call.value(0).typeName) has no rows", argument: 0)
      }
      try checkRows(rows)
      return try Library.rows(
        call.value(0), call.session.graph.random.permutation(rows), call.session)
    })

  /// A range may be longer than memory.
  private static func checkRows(_ rows: Int) throws {
    guard rows <= 1 << 28 else {
      throw Problem(.memory, "an order of \(rows) rows fits no memory", argument: 0)
    }
  }
}

/// One run of `fit`.
private final class Trainer {
  private let call: Call
  private let session: Session
  private let graph: Graph
  private var history: [(name: String, values: [Double])] = []

  init(_ call: Call) {
    self.call = call
    session = call.session
    graph = call.session.graph
  }

  func run() throws -> Value {
    let (x, y) = (try call.tensor(1), try call.tensor(2))
    try graph.force([x, y])
    guard x.shape.rank > 0, y.shape.rank > 0, x.shape[0] == y.shape[0] else {
      throw Problem(
        .shape, "fit wants as many targets as inputs: x is \(x.shape), y is \(y.shape)",
        argument: 2)
    }
    let epochs = try call.int(5, default: 10)
    let size = try call.int(6, default: 32)
    guard epochs >= 0, size > 0 else { throw Problem(.value, "epochs and batch are above 0") }
    let optimizer = try optimizer()
    let patience = call.isGiven(10) ? try call.int(10) : nil
    var best = (value: Double.infinity, epoch: 0)
    for epoch in 0..<epochs {
      do { try self.epoch(x, y, size, optimizer, epoch, epochs) } catch {
        guard isInterrupt(error) else { throw error }
        session.output(StyledText("interrupted in epoch \(epoch + 1); the model keeps its steps"))
        break
      }
      try judge(epoch, epochs)
      let watched = history.first { $0.name == "val_loss" } ?? history[0]
      let latest = watched.values[watched.values.count - 1]
      if latest < best.value { best = (latest, epoch) }
      if let patience, epoch - best.epoch >= patience { break }
      if call.isGiven(9), try session.condition(call.invoke(call.function(9), [record()])) { break }
    }
    session.progress?(nil)
    return try record()
  }

  private func isInterrupt(_ error: any Error) -> Bool {
    if let problem = error as? OperatorProblem { return problem.kind == .interrupt }
    if let problem = error as? Problem { return problem.kind == .interrupt }
    if let diagnostic = error as? Diagnostic { return diagnostic.kind == .interrupt }
    return false
  }

  private func optimizer() throws -> Optimizer {
    let parameters = session.parameters(of: call.raw(0)).map(\.parameter)
    guard !parameters.isEmpty else {
      throw Problem(.type, "this model has no params to train", argument: 0)
    }
    guard call.isGiven(4) else {
      return Optimizer(Optimizers.adam, parameters, options: standard(Optimizers.adam))
    }
    guard case .foreign(let object as OptimizerObject) = call.value(4) else {
      throw Problem(.type, "optimizer of fit is an optimizer such as adam(lr: 0.001)", argument: 4)
    }
    return object.optimizer ?? Optimizer(object.rule, parameters, options: object.options)
  }

  private func standard(_ rule: OptimizerRule) -> [String: Double] {
    Dictionary(uniqueKeysWithValues: rule.options.map { ($0.name, $0.value) })
  }

  private func epoch(
    _ x: Node, _ y: Node, _ size: Int, _ optimizer: Optimizer, _ epoch: Int, _ epochs: Int
  ) throws {
    let rows = x.shape[0]
    let order = graph.random.permutation(rows)
    var total = 0.0
    var metricTotals = [Double](repeating: 0, count: try metrics().count)
    for start in stride(from: 0, to: rows, by: size) {
      if Interrupts.isRequested { throw Problem(.interrupt, "interrupted") }
      let picks = order[start..<min(rows, start + size)].map(Double.init)
      let index = try graph.tensor(picks, shape: [picks.count], dtype: .i64)
      let inputs = TensorObject(try graph.record(.gather, [x, index]))
      let targets = TensorObject(try graph.record(.gather, [y, index]))
      let prediction = try session.call(
        call.value(0), [.tensor(inputs)], isTraining: true)
      let value = try call.invoke(call.function(3), [prediction, .tensor(targets)])
      guard let loss = session.node(value) else {
        throw Problem(.type, "a loss gives a number, not a \(value.typeName)", argument: 3)
      }
      try graph.backward(loss)
      session.willChange(optimizer) { optimizer.snapshot() }
      try optimizer.step()
      let weight = Double(picks.count) / Double(rows)
      try graph.flush(also: [loss])
      session.finishTurn()
      total += try graph.item(loss) * weight
      for (place, metric) in try metrics().enumerated() {
        metricTotals[place] +=
          try TrainingFunctions.figure(
            metric, prediction, .tensor(targets), call) * weight
      }
      session.progress?(
        "epoch \(epoch + 1)/\(epochs)  \(min(rows, start + size))/\(rows)  loss "
          + NumberFormat.significant(
            total * Double(rows) / Double(min(rows, start + size)), digits: 4))
    }
    note("loss", total)
    for (place, metric) in try metrics().enumerated() {
      note(Library.name(of: metric), metricTotals[place])
    }
  }

  private func metrics() throws -> [Value] { call.isGiven(8) ? try call.elements(8) : [] }

  private func judge(_ epoch: Int, _ epochs: Int) throws {
    guard call.isGiven(7) else { return }
    guard case .tuple(let pair) = call.value(7), pair.elements.count == 2 else {
      throw Problem(.type, "validation of fit is a tuple (x, y)", argument: 7)
    }
    let prediction = try call.invoke(call.value(0), [pair.elements[0]])
    note(
      "val_loss", try TrainingFunctions.figure(call.function(3), prediction, pair.elements[1], call)
    )
    for metric in try metrics() {
      note(
        "val_" + Library.name(of: metric),
        try TrainingFunctions.figure(metric, prediction, pair.elements[1], call))
    }
  }

  private func note(_ name: String, _ value: Double) {
    if let place = history.firstIndex(where: { $0.name == name }) {
      history[place].values.append(value)
    } else {
      history.append((name, [value]))
    }
  }

  private func record() throws -> Value {
    .record(
      try history.map { name, values in
        (name, .tensor(try graph.tensor(values, shape: [values.count], dtype: .f64)))
      })
  }
}

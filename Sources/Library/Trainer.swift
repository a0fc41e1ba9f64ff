// One run of `fit`.

import Autodiff
import Diagnostics
import Engine
import Interpreter
import Neural

final class Trainer {
  private let call: Call
  private let session: Session
  private let graph: Graph
  private let net: Value
  private let data: DataPair
  private let judge: Judge
  private let validation: DataPair?
  private let optimizer: Optimizer
  private let optimizerObject: OptimizerObject
  private let parameters: [(path: String, parameter: Parameter)]
  private let epochs: Int
  private let size: Int
  private let batches: Batches
  private let patience: Int?
  private let each: Value?
  private let augment: Value?
  private let progress: TrainingProgress
  private let repeated: RepeatedSteps?
  private var history: History
  private var best = (value: Double.infinity, epoch: -1, weights: [Buffer?]())
  /// The last step that was well, for the story of one that was not.
  private var lastGood: (epoch: Int, step: Int, loss: Double)?

  init(_ call: Call) throws {
    self.call = call
    session = call.session
    graph = call.session.graph
    net = call.value(0)
    data = try DataPair(call, x: 1, y: 2)
    judge = try Judge(call, loss: 3, metrics: 8)
    validation = call.isGiven(7) ? try DataPair(call, validation: 7) : nil
    parameters = call.session.parameters(of: call.raw(0))
    (optimizerObject, optimizer) = try Trainer.optimizer(call, parameters.map(\.parameter))
    epochs = try Trainer.count(call, 5, default: 10, least: 0)
    size = try Trainer.count(call, 6, default: 32, least: 1)
    batches = Batches([data.x, data.y], size: size, isShuffled: true)
    optimizer.schedule = optimizer.schedule?.filled(
      steps: batches.count.multipliedReportingOverflow(by: epochs).partialValue)
    patience = call.isGiven(10) ? try Trainer.count(call, 10, default: 0, least: 1) : nil
    each = call.isGiven(12) ? try call.function(12) : nil
    augment = call.isGiven(13) ? try call.function(13) : nil
    let names = ["loss"] + judge.metrics.map(\.name)
    history = History(validation == nil ? names : names + names.map { "val_" + $0 })
    progress = TrainingProgress(
      try call.bool(11, default: true) ? session.progress : nil, epochs: epochs, rows: data.rows)
    repeated =
      optimizerObject.hasRateFunction || augment != nil
      ? nil
      : RepeatedSteps(session, net, judge, batches, optimizer, parameters.map(\.parameter))
  }

  private static func count(_ call: Call, _ index: Int, default standard: Int, least: Int) throws
    -> Int
  {
    let count = try call.int(index, default: standard)
    guard count >= least else {
      throw Problem(
        .value, "\(call.parameters[index].name) of fit is at least \(least), not \(count)",
        argument: index)
    }
    return count
  }

  private static func optimizer(_ call: Call, _ parameters: [Parameter]) throws
    -> (OptimizerObject, Optimizer)
  {
    guard !parameters.isEmpty else { throw call.withoutParams(0) }
    guard call.isGiven(4) else {
      let standard = OptimizerSettings(Optimizers.adam.standardOptions)
      let object = OptimizerObject(Optimizers.adam, standard, [])
      return (object, object.optimizer(for: parameters))
    }
    guard case .foreign(let object as OptimizerObject) = call.value(4) else {
      throw Problem(.type, "optimizer of fit is an optimizer such as adam(lr: 0.001)", argument: 4)
    }
    let optimizer = object.optimizer(for: parameters)
    guard parameters.contains(where: { own in optimizer.parameters.contains { $0 === own } }) else {
      throw Problem(
        .value, "this optimizer was made for another net: it knows none of the params of {0}",
        argument: 4, help: "write optimizer: \(object.rule.name)(…) without a net")
    }
    return (object, optimizer)
  }

  func run() throws -> Value {
    defer { progress.clear() }
    var isInterrupted = false
    var epoch = 0
    do {
      while epoch < epochs {
        var figures = try self.epoch(epoch)
        if let validation {
          figures += try pausing(epoch, "its validation") {
            try judge.figures(net, validation).map(\.value)
          }
        }
        history.append(figures)
        progress.epochEnded(history)
        try callEach(epoch)
        epoch += 1
        if try isEnough(epoch - 1) { break }
      }
    } catch {
      guard isInterrupt(error) else { throw error }
      isInterrupted = true
    }
    return try finished(epoch, isInterrupted)
  }

  /// Model and history stay, whatever ended the run.
  private func finished(_ epoch: Int, _ isInterrupted: Bool) throws -> Value {
    if isInterrupted {
      // What is left to do here is little and has to be done; then the program is told again.
      Interrupts.clear()
      session.dropTurn()
    }
    defer { if isInterrupted { Interrupts.request() } }
    var ending: String?
    try repeated?.finish()
    if isInterrupted {
      session.output(StyledText("interrupted in epoch \(epoch + 1); the model keeps its steps"))
    } else if patience != nil, best.epoch >= 0, best.epoch < epoch - 1 {
      for (entry, buffer) in zip(parameters, best.weights) {
        guard let buffer else { continue }
        try entry.parameter.store(graph.leaf(buffer, entry.parameter.node.shape))
      }
      ending = "the net has the weights of epoch \(best.epoch + 1), its best"
    }
    try graph.flush()
    session.finishTurn()
    progress.ended(history, ending)
    return .record(
      try history.figures.map { name, values in
        (name, .tensor(try graph.tensor(values, shape: [values.count], dtype: .f64)))
      })
  }

  private func isInterrupt(_ error: any Error) -> Bool {
    switch error {
    case let problem as OperatorProblem: problem.kind == .interrupt
    case let problem as Problem: problem.kind == .interrupt
    case let diagnostic as Diagnostic: diagnostic.kind == .interrupt
    default: false
    }
  }

  /// Does a part of the work; after an interrupt somebody may look around, and the part begins anew.
  private func pausing<T>(_ epoch: Int, _ place: String, _ body: () throws -> T) throws -> T {
    while true {
      let random = graph.random
      do { return try body() } catch {
        guard isInterrupt(error) else { throw error }
        session.dropTurn()
        graph.random = random
        progress.clear()
        guard session.goesOn("epoch \(epoch + 1) of \(epochs), \(place)") else { throw error }
      }
    }
  }

  // MARK: - An epoch

  private func epoch(_ epoch: Int) throws -> [Double] {
    let order = try pausing(epoch, "row 0 of \(data.rows)") { try batches.order() }
    var totals = [Double](repeating: 0, count: 1 + judge.metrics.count)
    for step in 0..<batches.count {
      let (start, end) = (batches.places(step).lowerBound, batches.places(step).upperBound)
      if let loss = repeated?.run(order[start..<end], left: left(epoch, step)) {
        totals[0] += loss * Double(end - start)
        lastGood = (epoch, step, loss)
        progress.stepped(epoch, end, loss: totals[0] / Double(end), history)
        continue
      }
      try repeated?.finish()
      graph.trail.begin(epoch: epoch, batch: step)
      do {
        let figures = try pausing(epoch, "row \(start) of \(data.rows)") {
          try self.step(order[start..<end], isFirst: epoch == 0 && step == 0)
        }
        for (place, figure) in figures.enumerated() {
          totals[place] += figure * Double(end - start)
        }
        if figures[0].isFinite { lastGood = (epoch, step, figures[0]) }
      } catch let problem as OperatorProblem {
        throw told(problem, epoch, step, Array(order[start..<end]))
      }
      progress.stepped(epoch, end, loss: totals[0] / Double(end), history)
    }
    if looksAtEpochs {
      try repeated?.finish()
      repeated?.forget()
    }
    for place in totals.indices { totals[place] /= Double(data.rows) }
    return totals
  }

  /// Steps that are left in this run; none where that is not known.
  private func left(_ epoch: Int, _ step: Int) -> Int {
    if session.keptSteps > 0, patience != nil || call.isGiven(9) { return 0 }
    return (epochs - epoch) * batches.count - step
  }

  /// Whether somebody looks at the net or the optimizer between two epochs, and may change them.
  private var looksAtEpochs: Bool {
    each != nil || validation != nil || patience != nil || call.isGiven(9)
  }

  /// One update with some rows; gives loss and metrics before it.
  private func step(_ picks: ArraySlice<Int>, isFirst: Bool) throws -> [Double] {
    if Interrupts.isRequested { throw Problem(.interrupt, "interrupted") }
    let (x, y) = (try batches.take(0, picks), try batches.take(1, picks))
    let (inputs, targets) = (TensorObject(x), TensorObject(y))
    let prediction = try predicted(try augmented(inputs))
    if isFirst { try judge.check(prediction, data) }
    let loss = try judge.lossNode(prediction, .tensor(targets))
    try graph.backward(loss)
    session.willChange(optimizer) { [optimizer] in optimizer.snapshot() }
    try optimizerObject.prepareRate(of: optimizer, session)
    try optimizer.step()
    try graph.flush(also: [loss])
    let figures =
      try [graph.item(loss)]
      + judge.metrics.map { try judge.metric($0, prediction, .tensor(targets)) }
    // An interrupt before this takes the whole step back, so that it can be done again.
    session.finishTurn()
    graph.trail.endTurn(level: nil, hasTrained: true)
    repeated?.learn(picks.count, [x, y], loss: loss)
    return figures
  }

  /// What is made of the inputs of a step before the net sees them.
  private func augmented(_ inputs: TensorObject) throws -> TensorObject {
    guard let augment else { return inputs }
    let result = try call.invoke(augment, [.tensor(inputs)])
    guard let node = session.node(result), node.shape.rank > 0,
      node.shape[0] == inputs.node.shape[0]
    else {
      throw Problem(
        .shape, "augment gives a tensor of as many rows as it gets, not \(result.typePhrase)",
        argument: 13)
    }
    return TensorObject(node)
  }

  private func predicted(_ inputs: TensorObject) throws -> Value {
    do { return try session.call(net, [.tensor(inputs)], isTraining: true) } catch {
      guard var problem = error as? Problem, problem.kind == .shape else { throw error }
      // The label is for all rows, where the message speaks of a batch.
      (problem.arguments, problem.isInner) = ([1], false)
      throw problem
    }
  }

  /// What a step met, told by the user's rows and the net's paths.
  private func told(_ problem: OperatorProblem, _ epoch: Int, _ step: Int, _ picks: [Int])
    -> Problem
  {
    let text = { (text: String) in Session.renumbered(text) { _ in "the loss" } }
    var result = Problem(
      DiagnosticKind(rawValue: problem.kind.rawValue) ?? .value, text(problem.message),
      help: problem.help.map(text))
    result.isInner = true
    if problem.message.hasPrefix("{0} does not depend") {
      result.help = "a loss is made of its first argument, the prediction"
    }
    if let row = problem.row, row < picks.count {
      result.message = result.message.split(
        separator: "row \(row)", maxSplits: 1, omittingEmptySubsequences: false
      ).joined(separator: "row \(picks[row]) of the data")
    }
    let wild = parameters.first { $0.parameter.node.buffer?.firstNonFinite != nil }
    guard let wild, let buffer = wild.parameter.node.buffer, let index = buffer.firstNonFinite
    else {
      return result
    }
    let name =
      wild.parameter.name.contains(where: { ".[".contains($0) })
      ? wild.parameter.name : Session.joined("net", wild.path)
    result.message =
      "the new value of \(name) is not finite: element \(index) became "
      + "\(NumberFormat.shortest(buffer[index])) in epoch \(epoch + 1), step \(step + 1)"
    let story = graph.takeRefused().map { session.refusalStory($0) } ?? []
    result.notes =
      story + [
        lastGood.map {
          "the last good step was epoch \($0.epoch + 1), step \($0.step + 1), with the loss "
            + "\(NumberFormat.significant($0.loss, digits: 4)); the net keeps its weights"
        } ?? "it was the first step; the net keeps its weights"
      ]
    result.help = "a smaller learning rate often helps"
    return result
  }

  // MARK: - Between epochs

  private func callEach(_ epoch: Int) throws {
    guard let each else { return }
    progress.clear()
    _ = try pausing(epoch, "each") { try call.invoke(each, [record()]) }
    session.finishTurn()
  }

  private func isEnough(_ epoch: Int) throws -> Bool {
    let latest = history.watched
    if latest < best.value {
      best.value = latest
      best.epoch = epoch
      if patience != nil { best.weights = parameters.map { $0.parameter.node.buffer } }
    }
    if let patience, epoch - best.epoch >= patience { return true }
    guard call.isGiven(9) else { return false }
    return try pausing(epoch, "until") {
      try session.condition(call.invoke(call.function(9), [record()]))
    }
  }

  private func record() throws -> Value {
    .record(
      try history.figures.map { name, values in
        (name, .tensor(try graph.tensor(values, shape: [values.count], dtype: .f64)))
      })
  }
}

/// Figures by name, one number an epoch.
struct History {
  private(set) var figures: [(name: String, values: [Double])]

  init(_ names: [String]) { figures = names.map { ($0, []) } }

  mutating func append(_ values: [Double]) {
    for (place, value) in values.enumerated() { figures[place].values.append(value) }
  }

  var epochs: Int { figures[0].values.count }
  /// The latest val_loss, or loss.
  var watched: Double {
    (figures.first { $0.name == "val_loss" } ?? figures[0]).values.last ?? .nan
  }
}

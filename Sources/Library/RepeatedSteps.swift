// Steps of `fit` that are known to do what the last ones did, run without being recorded.

import Autodiff
import Engine
import Interpreter
import Neural

/// The steps of one run of `fit`, where a net and a loss do nothing but record.
final class RepeatedSteps {
  private let session: Session
  private let optimizer: Optimizer
  private let steps: ResidentSteps
  /// Steps that are recorded in any case, because each can be taken back.
  private let kept: Int

  /// Nil where a step may do more than record.
  init?(
    _ session: Session, _ net: Value, _ judge: Judge, _ batches: Batches, _ optimizer: Optimizer,
    _ parameters: [Parameter]
  ) {
    guard judge.metrics.isEmpty, session.recordsOnly(net), session.recordsOnly(judge.loss) else {
      return nil
    }
    (self.session, self.optimizer) = (session, optimizer)
    steps = ResidentSteps(session.graph, parameters, batches)
    kept = session.keptSteps
  }

  /// Runs a step; nil where it has to be recorded. Gives its loss.
  ///
  /// - Parameter left: steps that are left in this run, as far as is known.
  func run(_ rows: ArraySlice<Int>, left: Int) -> Double? {
    guard left > kept, session.watch == nil else { return nil }
    return steps.run(rows, isScheduled: optimizer.isScheduled) { [optimizer] in
      optimizer.numbers(of: $0, after: $1)
    }
  }

  /// A step was recorded with some rows of all parts.
  func learn(_ rows: Int, _ parts: [Node], loss: Node) {
    steps.learn(rows, loss: loss, others: optimizer.stateNodes) { node in
      if let part = parts.firstIndex(where: { $0 === node }) { return .rows(part) }
      if let (parameter, number) = optimizer.place(of: node) {
        return .number(parameter: parameter, number: number)
      }
      return node.isNumber ? .same : nil
    }
  }

  /// Brings params and optimizer to where the steps have come.
  func finish() throws {
    guard steps.count > 0 else { return }
    session.willChange(optimizer) { [optimizer] in optimizer.snapshot() }
    try steps.finish { optimizer.advance($0, to: $1) }
    session.finishTurn()
  }

  /// The net or the optimizer may be another one than before.
  func forget() { steps.forget() }
}

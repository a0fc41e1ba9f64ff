// The rows that turns take which are run without being interpreted.

import Autodiff
import Engine

/// Elements of a list for its turns, or batches for the turns of epochs.
final class TurnRows {
  private let cycle: TurnCycle
  private let loop: RepeatedLoop
  private let graph: Graph
  private let sources: [Batches]
  private let batches: [LoopWalk.Batch?]
  /// The order of the rows in this cycle, of each source.
  private var orders: [[Int]] = []
  private var saved: RandomStream
  /// The cycle that was begun last, and what was there before it.
  private var begun: (cycle: Int, random: RandomStream)

  init(_ walk: LoopWalk, _ loop: RepeatedLoop) {
    (cycle, self.loop, graph) = (walk.cycle, loop, walk.session.graph)
    (sources, batches) = (walk.sources, walk.batches)
    saved = graph.random
    begun = (0, saved)
  }

  /// Begins a cycle; false where it is interrupted.
  func begin(_ cycle: Int) -> Bool {
    begun = (cycle, graph.random)
    if cycle % self.cycle.stretch == 0 { saved = graph.random }
    do {
      orders = try sources.map { try $0.order() }
      return true
    } catch {
      graph.random = begun.random
      return false
    }
  }

  /// Gives a turn its rows; false where there is no memory for them.
  func prepare(_ cycle: Int, _ turn: Int) -> Bool {
    let repetition = self.cycle.turns[turn]
    guard repetition.takesRows else { return true }
    if let batch = batches[turn] {
      let source = sources[batch.source]
      return repetition.take(source, orders[batch.source][source.places(batch.index)])
    }
    return loop.give(repetition, ahead: cycle)
  }

  /// Only so many cycles stay: all before the last one, or those before its stretch.
  func rewind(_ cycle: Int) {
    graph.random = cycle == begun.cycle ? begun.random : saved
  }
}

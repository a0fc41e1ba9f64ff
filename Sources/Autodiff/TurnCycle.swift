// Turns of loops run without being recorded: where it is known that the program does the same again, the
// next turn is its plan once more, with what the turn before it made.

import Engine

/// Turns that come again and again in the same order: one of a simple loop, those of an epoch.
///
/// They make the same values, if of other shapes: what one leaves is found by the event that made it.
package final class TurnCycle {
  /// In their order; one may stand there many times.
  package let turns: [TurnRepetition]
  private let last: TurnRepetition
  private let graph: Graph
  /// How often they were run.
  package private(set) var count = 0
  /// After a turn that fails, at most so many cycles are recorded again before it.
  package let stretch: Int

  /// Nil where the turns are not alike, or there are none.
  package init?(_ turns: [TurnRepetition]) {
    guard let last = turns.last, turns.allSatisfy({ $0.isLike(last) }) else { return nil }
    (self.turns, self.last, graph) = (turns, last, last.graph)
    stretch = max(1, 16 / turns.count)
    for turn in turns where turn !== last { turn.follow(last) }
  }

  /// Whether turns store to params.
  package var trains: Bool { last.trains }

  // MARK: - Running

  private func reside() -> Bool {
    let events = Set(turns.flatMap(\.taken)).sorted()
    let buffers = events.compactMap(last.value)
    guard buffers.count == events.count else { return false }
    let states = ResidentStates(buffers)
    return turns.allSatisfy { $0.resident != nil || $0.reside(states, events) }
  }

  /// Runs them, at most so many times, as long as `begins` says that they come once more, and
  /// `prepare` gives each turn what it begins with.
  ///
  /// Where a turn fails, or leaves a param that is not finite, its cycle is not run, and neither are
  /// some before it, so that they can be recorded and explain it: `rewind` is told how many stay.
  package func run(
    atMost limit: Int, begins: (_ cycle: Int) -> Bool,
    prepare: (_ cycle: Int, _ turn: Int) -> Bool, rewind: (_ cycle: Int) -> Void
  ) {
    guard reside(), let resident = last.resident else { return }
    var safe = 0
    while count < limit, !Interrupts.isRequested, !Interrupts.isPauseRequested, begins(count) {
      if count % stretch == 0, count > 0 {
        guard (try? resident.save()) != nil else { return rewind(count) }
        safe = count
      }
      switch runOnce(prepare) {
      case .done: count += 1
      // What stopped the turn says nothing against it.
      case .stopped where turns.count == 1: return rewind(count)
      case .stopped, .failed:
        if safe > 0 { resident.restore() }
        count = safe
        return rewind(safe)
      }
    }
  }

  private enum Outcome { case done, stopped, failed }

  private func runOnce(_ prepare: (_ cycle: Int, _ turn: Int) -> Bool) -> Outcome {
    for (index, turn) in turns.enumerated() {
      guard prepare(count, index), let resident = turn.resident else { return .failed }
      do throws(OperatorProblem) {
        guard try resident.run() else { return .failed }
      } catch {
        return error.kind == .interrupt ? .stopped : .failed
      }
    }
    return .done
  }

  // MARK: - The end

  /// The events that are certain values now; nil for what the last turn did not make.
  package func events(of nodes: [Node]) -> [Int?] { nodes.map(last.event) }

  /// Whether `finish` can give what an event made.
  package func keeps(_ event: Int) -> Bool { last.keeps(event) }

  /// The params and their gradients get what the turns made of them. Gives what single events of the
  /// last one made, as plain values.
  package func finish(_ events: [Int]) -> [Int: Node] {
    graph.leaveLastBackward()
    var nodes: [Int: Node] = [:]
    for (parameter, event) in last.gradients {
      guard let node = last.node(event) else { continue }
      graph.willChange(parameter)
      parameter.gradient = node
      nodes[event] = node
    }
    for (parameter, event, slot) in last.stores {
      guard let buffer = last.resident?.result(slot) else { continue }
      parameter.advance(to: buffer, at: last.origin(of: event))
      nodes[event] = parameter.node
    }
    for event in events where nodes[event] == nil {
      if let node = last.node(event) { nodes[event] = node }
    }
    let run = count * turns.count
    graph.trail.pass(run)
    graph.turnsRepeated += run
    graph.turn.end?.replace(nodes)
    return nodes
  }
}

// The last `backward`, for explanations.

import Engine

/// What one `backward` did, and in which turn, kept with the values of that moment.
package struct BackwardRecord {
  package internal(set) var loss: Node
  package let gradients: [(parameter: Parameter, node: Node, gradient: Node)]
  /// The last serial of the backward before, where this one's history begins.
  let previousSerial: Int
  /// Counted from 1 over the turns of training of a statement.
  package let turn: Int
  /// Counted from 1, where a training has such.
  package let epoch: Int
  package let batch: Int
  /// The params' values when the next backward began; empty for the last one, and they are the
  /// params' own.
  package internal(set) var after: [Node] = []

  /// The params' values after the turn.
  package var values: [Node] {
    after.isEmpty ? gradients.map(\.parameter.node) : after
  }

  /// Where its values begin in the order of recording.
  package var firstSerial: Int { gradients.map(\.node.serial).min() ?? loss.serial }

  /// Whether the way from the loss to the params is still there.
  package var isWhole: Bool {
    let reached = Set(loss.graph.reachable(from: loss, targets: []).map(\.serial))
    return gradients.allSatisfy { reached.contains($0.node.serial) }
  }
}

/// Where the last `backward` is written down.
enum BackwardSource {
  case none
  case record(BackwardRecord)
  /// In a turn that was recognised, which stays until the next `backward`; with the last serial of
  /// the backward before and the turn of the training.
  case turn(TurnMemory, Int, Node, previous: Int, turn: (number: Int, epoch: Int, batch: Int))
}

extension Graph {
  /// The graph of the last `backward`.
  package var lastBackward: BackwardRecord? {
    switch backwardSource {
    case .none: return nil
    case .record(let record): return record
    case .turn(let memory, let index, let loss, let previous, let turn):
      let known = memory.trace.backwards[index]
      let entries = known.targets.enumerated().compactMap { place, target in
        if let node = memory.node(target), let parameter = node.version?.parameter,
          let gradient = memory.nodes[known.position + place]
        {
          return (parameter, node, gradient)
        }
        return nil as (parameter: Parameter, node: Node, gradient: Node)?
      }
      return BackwardRecord(
        loss: loss, gradients: entries, previousSerial: previous, turn: turn.number,
        epoch: turn.epoch, batch: turn.batch)
    }
  }

  /// The serials of the values that explain the last `backward`.
  var explained: ClosedRange<Int>? {
    switch backwardSource {
    case .none: nil
    case .record(let record):
      min(record.previousSerial + 1, record.loss.serial)...record.loss.serial
    case .turn(_, _, let loss, let previous, _): min(previous + 1, loss.serial)...loss.serial
    }
  }

  /// Another `backward` begins: what the last one leaves.
  func leaveLastBackward() {
    // Where nobody can walk through them, a few tell how the numbers grew.
    if case .turn = backwardSource, !keepsSteps, !trail.wantsNext {
      trail.pass()
    } else {
      trail.leave(lastBackward, isWalked: keepsSteps)
    }
    unpin()
  }

  /// The turn that tells the last `backward` need not stay any longer.
  func unpin() {
    guard let memory = tellingMemory else { return }
    // It held the loss.
    backwardSource = .none
    if memory !== turn.memory { memory.unpin(self) }
  }

  private var tellingMemory: TurnMemory? {
    if case .turn(let memory, _, _, _, _) = backwardSource { return memory }
    return nil
  }

  /// A turn gives away its nodes: what it tells of a `backward` is written down.
  func writeDown(_ memory: TurnMemory) {
    guard case .turn(let told, _, _, _, _) = backwardSource, told === memory,
      let record = lastBackward
    else { return }
    memory.isPinned = false
    backwardSource = .record(record)
  }

  /// Another memory has taken over the nodes of the turn.
  func move(from memory: TurnMemory, to other: TurnMemory) {
    guard case .turn(let told, let index, let loss, let previous, let turn) = backwardSource,
      told === memory
    else { return }
    (memory.isPinned, other.isPinned) = (false, true)
    backwardSource = .turn(other, index, loss, previous: previous, turn: turn)
  }
}

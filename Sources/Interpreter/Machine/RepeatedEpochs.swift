// Epochs that do what the last one did, run without being interpreted: turns of a loop in which another
// loop trains with one batch after the other.

import Autodiff

/// The loops of a training by epochs, and what is learned of one epoch for the next.
struct Epochs {
  /// The end of a turn of the loop over batches, its frame, and that of the loop around it.
  fileprivate var inner: UnsafePointer<Instruction>?
  fileprivate var frame: UnsafeMutablePointer<Machine.Frame>?
  fileprivate var outer: UnsafePointer<Instruction>?
  /// Whether batches have ended since the last epoch did.
  fileprivate(set) var areOpen = false
  /// Whether the turns of this epoch are written down.
  fileprivate(set) var areLearned = false
  /// The different turns of this epoch, each as it was the last time, and their order; nil where one of
  /// them is not to be run again.
  private var kinds: [TurnRepetition] = []
  private var order: [Int]? = []
  fileprivate var count = 0
  /// Epochs until one is learned.
  fileprivate var wait = 1
  private var penalty = 2

  /// More turns are not worth it: each of them was learned.
  fileprivate static let maximumTurns = 4096

  fileprivate mutating func begin() {
    (kinds, order, count, areOpen, areLearned) = ([], [], 0, false, false)
  }

  /// A turn with a batch has ended.
  fileprivate mutating func note() {
    areOpen = true
    count += 1
  }

  /// It is written down; nil for one that is not to be run again.
  fileprivate mutating func learn(_ turn: TurnRepetition?) {
    guard let turn, let known = order, known.count < Epochs.maximumTurns else { return order = nil }
    if let index = kinds.firstIndex(where: { $0.isSame(as: turn) }) {
      kinds[index] = turn
      order?.append(index)
    } else {
      kinds.append(turn)
      order?.append(kinds.count - 1)
    }
  }

  /// The turns of the epoch; nil where it is not to be run again.
  fileprivate var turns: [TurnRepetition]? {
    guard let order, !order.isEmpty else { return nil }
    return order.map { kinds[$0] }
  }

  fileprivate mutating func refuse() {
    wait = penalty
    penalty = min(penalty * 2, 1024)
  }

  fileprivate mutating func accept() { penalty = 2 }
}

extension Machine {
  /// A turn has ended that computed something; true where it is written down, and not to be repeated by
  /// itself.
  func noteBatch() -> Bool {
    let code = top.pointee.next - 1
    let iterator = RepeatedLoop.iterator(endingAt: code, top)
    guard iterator?._withUnsafeGuaranteedRef({ $0.givesRows }) == true,
      let loop = RepeatedLoop(endingAt: code, top)
    else {
      if epochs.areLearned { epochs.learn(nil) }
      return epochs.areLearned
    }
    if epochs.inner != code || epochs.frame != top {
      epochs = Epochs()
      (epochs.inner, epochs.frame) = (code, top)
    }
    epochs.note()
    guard epochs.areLearned else { return false }
    epochs.learn(session.graph.repetition(rows: loop.parts))
    return true
  }

  /// A turn has ended that computed nothing after batches did: runs further epochs, if it is one and it
  /// is known what they do.
  func repeatEpochs(_ kind: LoopKind, level: Int) {
    let end = top.pointee.next - 1
    if isInBatches(end) { return }
    let (turns, count, isLearned) = (epochs.turns, epochs.count, epochs.areLearned)
    epochs.begin()
    guard let loop = RepeatedLoop(endingAt: end, top), isAroundBatches(loop) else { return }
    if epochs.outer != end {
      (epochs.outer, epochs.wait) = (end, 1)
      return
    }
    if isLearned {
      if let turns, run(turns, of: loop, kind, level: level) {
        epochs.accept()
      } else {
        epochs.refuse()
      }
    }
    if epochs.wait > 0 { return epochs.wait -= 1 }
    // What is recorded on the way for explanations would end the turns too soon.
    guard session.watch == nil, count > 0, loop.iterator.isOfNumbers,
      session.graph.turnsBetweenKept >= Machine.fewTurns * count,
      loop.iterator.left > 1 + keptTurns / count
    else { return }
    epochs.areLearned = true
    if !session.graph.knowsLastEnd { session.graph.noteEnd() }
  }

  /// Whether a loop is one in the body of that over batches, or in a function which that calls.
  private func isInBatches(_ end: UnsafePointer<Instruction>) -> Bool {
    guard let frame = epochs.frame, let inner = epochs.inner else { return false }
    return frame == top ? inner + 1 + inner.a < end && end < inner : frame < top
  }

  /// Whether a loop has that over batches in its body, or in a function that it calls.
  private func isAroundBatches(_ loop: RepeatedLoop) -> Bool {
    guard let frame = epochs.frame, let inner = epochs.inner else { return false }
    return frame == top ? loop.start < inner && inner < loop.end : frame > top
  }

  /// Runs epochs; false where it is not known what they do.
  private func run(
    _ turns: [TurnRepetition], of loop: RepeatedLoop, _ kind: LoopKind, level: Int
  ) -> Bool {
    let limit = limit(loop, cycle: turns.count)
    // A turn on the way that is kept for explanations is nothing against the epochs after it.
    guard limit > 0 else { return true }
    guard let cycle = TurnCycle(turns), run(cycle, of: loop, atMost: limit) else { return false }
    session.turnsRepeated(
      cycle.count * turns.count, kind, level: level + 1, hasTrained: cycle.trains)
    session.turnsRepeated(cycle.count, kind, level: level, hasTrained: false)
    return true
  }
}

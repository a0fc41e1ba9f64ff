// What the instructions of a turn recorded, by which they are recognised.

import Engine

/// The steps of a turn by the number of events before them.
package final class TurnScript {
  private var lines: ContiguousArray<TurnLine?>
  private var spans: [Int: TurnSpan] = [:]

  init() { lines = [] }

  /// The beginning of another script.
  init(_ other: TurnScript, events: Int) {
    lines = ContiguousArray(other.lines.prefix(events))
    spans = other.spans.filter { $0.value.end <= events }
  }

  func span(at position: Int) -> TurnSpan? { spans[position] }

  func add(_ span: TurnSpan) { spans[span.position] = span }

  package func line(at position: Int) -> TurnLine? {
    position < lines.count ? lines[position] : nil
  }

  package func add(_ line: TurnLine) {
    while lines.count <= line.step.position { lines.append(nil) }
    lines[line.step.position] = line
  }
}

/// A call of something that does nothing but record: a layer, a step of an optimizer.
package final class TurnSpan {
  /// The instruction, as of a line.
  package let code: UnsafeRawPointer
  private let owner: AnyObject
  package let callee: AnyObject
  package let isTraining: Bool
  /// Its events and its leaves.
  let position: Int
  let end: Int
  let leaves: Int
  /// Its tensor operands, its operands that are truth values, and what it gives.
  let operands: [TurnReference?]
  package let flags: [Bool?]
  package let result: Int?

  init(
    code: UnsafeRawPointer, owner: AnyObject, callee: AnyObject, isTraining: Bool,
    events: Range<Int>, leaves: Int, operands: [TurnReference?], flags: [Bool?], result: Int?
  ) {
    (self.code, self.owner, self.callee, self.isTraining) = (code, owner, callee, isTraining)
    (position, end, self.leaves) = (events.lowerBound, events.upperBound, leaves)
    (self.operands, self.flags, self.result) = (operands, flags, result)
  }
}

extension Graph {
  /// Whether a call that records is still to be learned here.
  package var learnsSpans: Bool {
    turn.predicted.map { $0.script.span(at: turn.position) == nil } ?? false
  }

  /// Remembers what a call recorded since a mark.
  package func learn(
    _ code: UnsafeRawPointer, owner: AnyObject, callee: AnyObject, isTraining: Bool,
    since mark: TurnMark, _ operands: [Node?], flags: [Bool?], result: Node?
  ) {
    guard turn.id == mark.turn, turn.position > mark.position, turn.backwards == mark.backwards,
      turn.computes == mark.computes, let script = turn.predicted?.script
    else { return }
    let references = operands.map { $0.flatMap { $0.turn == turn.id ? $0.reference : nil } }
    script.add(
      TurnSpan(
        code: code, owner: owner, callee: callee, isTraining: isTraining,
        events: mark.position..<turn.position, leaves: turn.leafCount - mark.leaves,
        operands: references, flags: flags,
        result: result.flatMap { $0.turn == turn.id ? Int($0.reference) : nil }))
  }
}

/// An instruction with the step that it made.
package final class TurnLine {
  /// The instruction, by its address, which is no other's while its owner is held.
  package let code: UnsafeRawPointer
  private let owner: AnyObject
  /// The function that it calls.
  package let callee: AnyObject?
  /// Whether it ran in a call that trains.
  package let isTraining: Bool
  /// The name that it gives to its result.
  package let name: String?
  package let origin: Origin
  package let step: TurnStep

  package init(
    code: UnsafeRawPointer, owner: AnyObject, callee: AnyObject?, isTraining: Bool, name: String?,
    origin: Origin,
    step: TurnStep
  ) {
    (self.code, self.owner, self.callee, self.isTraining) = (code, owner, callee, isTraining)
    (self.name, self.origin, self.step) = (name, origin, step)
  }
}

// What the instructions of a turn recorded, by which they are recognised.

import Engine

/// The steps of a turn by the number of events before them.
package final class TurnScript {
  private var lines: ContiguousArray<TurnLine?>

  init() { lines = [] }

  /// The beginning of another script.
  init(_ other: TurnScript, events: Int) { lines = ContiguousArray(other.lines.prefix(events)) }

  package func line(at position: Int) -> TurnLine? {
    position < lines.count ? lines[position] : nil
  }

  package func add(_ line: TurnLine) {
    while lines.count <= line.step.position { lines.append(nil) }
    lines[line.step.position] = line
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

// The calls that ran when something failed, with their variables.

import Diagnostics

/// A call as it was at one moment.
package struct FrameSnapshot {
  /// The function's name, empty for what was entered.
  package let name: String
  /// What it was doing.
  package let span: SourceSpan
  /// Its variables, those of inner blocks last.
  package let variables: [(name: String, value: Value)]
  /// How deep the call is, for those that still run.
  let level: Int
}

extension Machine {
  /// The innermost calls that run, the last one first.
  func snapshots() -> [FrameSnapshot] {
    (0..<min(depth, 50)).map { index in
      let frame = (top - index).pointee
      let spans = frame.chunk.spans
      let place =
        spans.isEmpty ? frame.chunk.range : spans[min(frame.position, spans.count - 1)].whole
      return FrameSnapshot(
        name: frame.chunk.name, span: SourceSpan(frame.chunk.source, place),
        variables: variables(of: frame), level: depth - index)
    }
  }

  /// Gives a variable of a call that waits another value.
  func set(_ name: String, at level: Int, to value: Value) throws {
    guard level > 0, level <= depth else { return }
    let place = top - (depth - level)
    let frame = place.pointee
    guard
      let local = frame.chunk.locals.last(where: {
        $0.name == name && $0.start <= frame.position && frame.position < $0.end ?? .max
      })
    else { return }
    if let slot = slot(local.place, frame), case .foreign(let object) = slot.value,
      let param = object as? ParameterObject, let node = session.node(value)
    {
      return try param.parameter.store(node)
    }
    place.pointee.holdsObjects = true
    switch local.place {
    case .register(let index): frame.registers[value: index] = value
    case .cell(let index):
      cell(frame.registers[index]).map { set($0, value) }
    case .capture(let index):
      set(frame.closure._withUnsafeGuaranteedRef { $0.capture(index) }.takeUnretainedValue(), value)
    case .global: return
    }
  }

  private func set(_ cell: CellObject, _ value: Value) {
    session.journal.note(cell)
    cell.set(Slot(value))
  }

  /// Later variables of the same name hide earlier ones.
  private func variables(of frame: Frame) -> [(name: String, value: Value)] {
    var result: [(name: String, value: Value)] = []
    for local in frame.chunk.locals
    where local.start <= frame.position && frame.position < local.end ?? .max {
      guard let slot = slot(local.place, frame), !slot.isUndefined else { continue }
      result.removeAll { $0.name == local.name }
      result.append((local.name, session.read(slot.value)))
    }
    return result
  }

  /// What a loop's body left in its names.
  func keepLast(_ names: [LocalName], _ frame: Frame) {
    session.lastLocals = names.compactMap { local in
      guard let slot = slot(local.place, frame), !slot.isUndefined else { return nil }
      return (local.name, session.read(slot.value))
    }
  }

  private func slot(_ place: Variable.Place, _ frame: Frame) -> Slot? {
    switch place {
    case .register(let index): return frame.registers[index]
    case .cell(let index):
      let slot = frame.registers[index]
      guard slot.is(.cell) else { return nil }
      return slot.unmanaged(as: CellObject.self)._withUnsafeGuaranteedRef { $0.slot }
    case .capture(let index):
      let cell = frame.closure._withUnsafeGuaranteedRef { $0.capture(index) }
      return cell._withUnsafeGuaranteedRef { $0.slot }
    case .global: return nil
    }
  }
}

// First values: what it takes to bring a moment back.

import Autodiff
import Engine

/// The values that globals, captured variables, params and objects of the library had before they
/// were changed.
struct ChangeLog {
  /// What brings an object's old state back, and what makes such a thing for its present state.
  private struct Saved {
    let restore: () -> Void
    let save: () -> () -> Void
  }

  private var globals: [(slot: Int, old: Value?)] = []
  private var cells: [(cell: CellObject, old: Value)] = []
  private var parameters: [(parameter: Parameter, old: Parameter.State)] = []
  private var objects: [ObjectIdentifier: Saved] = [:]
  /// Single elements of lists that changed in place, in order; without an index all of them.
  private var elements: [(list: ListStorage, index: Int?, old: [Value])] = []
  var settings: Journal.Settings
  /// About what the params in it take.
  private(set) var bytes = 0

  init(_ settings: Journal.Settings) { self.settings = settings }

  var isEmpty: Bool {
    globals.isEmpty && cells.isEmpty && parameters.isEmpty && objects.isEmpty && elements.isEmpty
  }
  /// Whether a param has another value now.
  var isStep: Bool { parameters.contains { $0.parameter.hasMoved(since: $0.old) } }

  /// Params and objects of the library alone: a step of training.
  var step: ChangeLog {
    var step = self
    (step.globals, step.cells, step.elements) = ([], [], [])
    return step
  }

  mutating func add(_ slot: Int, _ old: Value?) { globals.append((slot, old)) }
  mutating func add(_ cell: CellObject) { cells.append((cell, cell.slot.value)) }

  mutating func add(_ list: ListStorage, _ index: Int?, _ old: [Value]) {
    elements.append((list, index, old))
  }

  mutating func add(_ parameter: Parameter) {
    parameters.append((parameter, parameter.snapshot()))
    // With its gradient, and what optimizers keep for it.
    bytes += 4 * parameter.node.shape.count * parameter.node.dtype.size
  }

  func has(_ object: AnyObject) -> Bool { objects[ObjectIdentifier(object)] != nil }

  mutating func add(
    _ object: AnyObject, restore: @escaping () -> Void, save: @escaping () -> () -> Void
  ) {
    objects[ObjectIdentifier(object)] = Saved(restore: restore, save: save)
  }

  /// Brings the old values back; gives what brings the present ones back. Latest first: what was
  /// noted first is what there was.
  @discardableResult
  func restore(_ session: Session) -> ChangeLog {
    var inverse = ChangeLog(session.settings)
    inverse.bytes = bytes
    for (key, object) in objects {
      inverse.objects[key] = Saved(restore: object.save(), save: object.save)
      object.restore()
    }
    for (parameter, _) in parameters
    where !inverse.parameters.contains(where: { $0.parameter === parameter }) {
      inverse.parameters.append((parameter, parameter.snapshot()))
    }
    for (parameter, old) in parameters.reversed() { parameter.restore(old) }
    var seen: Set<Int> = []
    for (slot, _) in globals where seen.insert(slot).inserted {
      inverse.globals.append((slot, session.globals[slot]))
    }
    for (cell, _) in cells { inverse.add(cell) }
    for (list, _, _) in elements where !inverse.elements.contains(where: { $0.list === list }) {
      inverse.elements.append((list, nil, list.elements))
    }
    for (list, index, old) in elements.reversed() {
      if let index { list.restore(index, old[0]) } else { list.restore(old) }
    }
    for (cell, old) in cells.reversed() { cell.set(Slot(old)) }
    for (slot, old) in globals.reversed() { session.globals[slot] = old }
    settings.restore(session.graph)
    return inverse
  }

  mutating func forget() {
    if !globals.isEmpty { globals.removeAll(keepingCapacity: true) }
    if !cells.isEmpty { cells.removeAll(keepingCapacity: true) }
    if !parameters.isEmpty { parameters.removeAll(keepingCapacity: true) }
    if !objects.isEmpty { objects.removeAll(keepingCapacity: true) }
    if !elements.isEmpty { elements.removeAll(keepingCapacity: true) }
    bytes = 0
  }

  /// What happened later is part of this.
  mutating func add(_ later: ChangeLog) {
    globals += later.globals
    cells += later.cells
    parameters += later.parameters
    objects.merge(later.objects) { first, _ in first }
    elements += later.elements
    bytes = max(bytes, later.bytes)
  }
}

// What a statement changed: enough to take it back, as a whole or only its unfinished turn.

import Autodiff
import Engine
import Synchronization

/// First values only, of globals, captured variables, params and objects of the library.
///
/// A turn is one time round a loop at the top level, or what a statement does without one. Turns are
/// numbered in the order in which they begin; whoever changes something notes its value once a turn.
struct Journal {
  private struct Log {
    var globals: [(slot: Int, old: Value?)] = []
    var cells: [(cell: CellObject, old: Value)] = []
    var objects: [ObjectIdentifier: () -> Void] = [:]
    var random: RandomStream

    var isEmpty: Bool { globals.isEmpty && cells.isEmpty && objects.isEmpty }

    /// Latest first: what was noted first is what there was.
    func restore(_ session: Session) {
      for undo in objects.values { undo() }
      for (cell, old) in cells.reversed() { cell.set(Slot(old)) }
      for (slot, old) in globals.reversed() { session.globals[slot] = old }
      session.graph.random = random
    }

    mutating func forget() {
      if !globals.isEmpty { globals.removeAll(keepingCapacity: true) }
      if !cells.isEmpty { cells.removeAll(keepingCapacity: true) }
      if !objects.isEmpty { objects.removeAll(keepingCapacity: true) }
    }

    mutating func add(_ later: Log) {
      globals += later.globals
      cells += later.cells
      objects.merge(later.objects) { first, _ in first }
    }
  }

  private static let lastTurn = Atomic<UInt64>(0)
  private var statement: Log
  private var unfinished: Log
  private let firstTurn: UInt64
  private(set) var turn: UInt64

  init(random: RandomStream = RandomStream(seed: 0)) {
    statement = Log(random: random)
    unfinished = Log(random: random)
    firstTurn = Journal.nextTurn()
    turn = firstTurn
  }

  private static func nextTurn() -> UInt64 { lastTurn.wrappingAdd(1, ordering: .relaxed).newValue }

  var isEmpty: Bool { statement.isEmpty }

  // MARK: - Noting

  /// A global is about to change.
  mutating func note(_ slot: Int, of globals: Globals) {
    let last = globals.lastNoted(slot)
    guard last != turn else { return }
    unfinished.globals.append((slot, globals[slot]))
    if last < firstTurn { statement.globals.append((slot, globals[slot])) }
    globals.markNoted(slot, in: turn)
  }

  /// A captured variable is about to change; one that was made in this statement is nobody's yet.
  mutating func note(_ cell: CellObject) {
    guard cell.turn != turn else { return }
    unfinished.cells.append((cell, cell.slot.value))
    if cell.turn < firstTurn { statement.cells.append((cell, cell.slot.value)) }
    cell.turn = turn
  }

  /// A parameter is about to change.
  mutating func note(_ parameter: Parameter) {
    note(parameter) {
      let state = parameter.snapshot()
      return { parameter.restore(state) }
    }
  }

  /// An object is about to change; `restore` makes what brings its present state back.
  mutating func note(_ object: AnyObject, _ restore: () -> () -> Void) {
    let key = ObjectIdentifier(object)
    guard unfinished.objects[key] == nil else { return }
    let undo = restore()
    unfinished.objects[key] = undo
    if statement.objects[key] == nil { statement.objects[key] = undo }
  }

  // MARK: - Turns

  /// A turn is over: what it did stays when a later one fails.
  mutating func checkpoint(random: RandomStream) {
    unfinished.forget()
    unfinished.random = random
    turn = Journal.nextTurn()
  }

  /// What a statement inside this one changed is part of this one.
  mutating func absorb(_ inner: Journal) {
    statement.add(inner.statement)
    unfinished.add(inner.statement)
    turn = Journal.nextTurn()
  }

  mutating func restoreTurn(_ session: Session) {
    unfinished.restore(session)
    unfinished.forget()
    if turn == firstTurn { statement.forget() }
  }

  func restoreStatement(_ session: Session) { statement.restore(session) }
}

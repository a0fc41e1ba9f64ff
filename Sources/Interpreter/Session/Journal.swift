// What a statement changed: enough to take it back, as a whole or only its unfinished turn.

import Autodiff
import Engine
import Synchronization

/// First values only, of globals, captured variables, params and objects of the library.
///
/// A turn is one time round a loop at the top level, or what a statement does without one. Turns are
/// numbered in the order in which they begin; whoever changes something notes its value once a turn.
struct Journal {
  /// Where the random stream stands, and the element type of literals.
  struct Settings {
    var random = RandomStream(seed: 0)
    var dtype = DType.f32

    func restore(_ graph: Graph) {
      graph.random = random
      graph.defaultDType = dtype
    }
  }

  private struct Log {
    var globals: [(slot: Int, old: Value?)] = []
    var cells: [(cell: CellObject, old: Value)] = []
    var objects: [ObjectIdentifier: () -> Void] = [:]
    /// Single elements of lists that changed in place, in order; without an index all of them.
    var elements: [(list: ListStorage, index: Int?, old: [Value])] = []
    var settings: Settings

    var isEmpty: Bool {
      globals.isEmpty && cells.isEmpty && objects.isEmpty && elements.isEmpty
    }

    /// Latest first: what was noted first is what there was.
    func restore(_ session: Session) {
      for undo in objects.values { undo() }
      for (list, index, old) in elements.reversed() {
        if let index { list.restore(index, old[0]) } else { list.restore(old) }
      }
      for (cell, old) in cells.reversed() { cell.set(Slot(old)) }
      for (slot, old) in globals.reversed() { session.globals[slot] = old }
      settings.restore(session.graph)
    }

    mutating func forget() {
      if !globals.isEmpty { globals.removeAll(keepingCapacity: true) }
      if !cells.isEmpty { cells.removeAll(keepingCapacity: true) }
      if !objects.isEmpty { objects.removeAll(keepingCapacity: true) }
      if !elements.isEmpty { elements.removeAll(keepingCapacity: true) }
    }

    mutating func add(_ later: Log) {
      globals += later.globals
      cells += later.cells
      objects.merge(later.objects) { first, _ in first }
      elements += later.elements
    }
  }

  private static let lastTurn = Atomic<UInt64>(0)
  private var statement: Log
  private var unfinished: Log
  private let firstTurn: UInt64
  private(set) var turn: UInt64

  init(_ settings: Settings = Settings()) {
    statement = Log(settings: settings)
    unfinished = Log(settings: settings)
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

  /// An element of a list is about to change in place.
  ///
  /// The statement keeps all elements that the list had before; a turn keeps single ones, until
  /// keeping all is cheaper.
  mutating func note(_ list: ListStorage, _ index: Int) {
    if list.wholeTurn == turn { return }
    if max(list.wholeTurn, list.placesTurn) < firstTurn {
      statement.elements.append((list, nil, list.elements))
    }
    if list.placesTurn != turn { (list.placesTurn, list.places) = (turn, 0) }
    list.places += 1
    if list.places > max(8, list.elements.count / 8) {
      unfinished.elements.append((list, nil, list.elements))
      list.wholeTurn = turn
    } else {
      unfinished.elements.append((list, index, [list.elements[index]]))
    }
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
  mutating func checkpoint(_ settings: Settings) {
    unfinished.forget()
    unfinished.settings = settings
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

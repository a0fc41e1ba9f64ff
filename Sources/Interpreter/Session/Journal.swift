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
  struct Settings: Equatable {
    var random = RandomStream(seed: 0)
    var dtype = DType.f32

    func restore(_ graph: Graph) {
      graph.random = random
      graph.defaultDType = dtype
    }
  }

  private static let lastTurn = Atomic<UInt64>(0)
  private(set) var statement: ChangeLog
  private(set) var unfinished: ChangeLog
  private let firstTurn: UInt64
  private(set) var turn: UInt64

  init(_ settings: Settings = Settings()) {
    statement = ChangeLog(settings)
    unfinished = ChangeLog(settings)
    firstTurn = Journal.nextTurn()
    turn = firstTurn
  }

  private static func nextTurn() -> UInt64 { lastTurn.wrappingAdd(1, ordering: .relaxed).newValue }

  // MARK: - Noting

  /// A global is about to change.
  mutating func note(_ slot: Int, of globals: Globals) {
    let last = globals.lastNoted(slot)
    guard last != turn else { return }
    unfinished.add(slot, globals[slot])
    if last < firstTurn { statement.add(slot, globals[slot]) }
    globals.markNoted(slot, in: turn)
  }

  /// A captured variable is about to change; one that was made in this statement is nobody's yet.
  mutating func note(_ cell: CellObject) {
    guard cell.turn != turn else { return }
    unfinished.add(cell)
    if cell.turn < firstTurn { statement.add(cell) }
    cell.turn = turn
  }

  /// An element of a list is about to change in place.
  ///
  /// The statement keeps all elements that the list had before; a turn keeps single ones, until
  /// keeping all is cheaper.
  mutating func note(_ list: ListStorage, _ index: Int) {
    if list.wholeTurn == turn { return }
    if max(list.wholeTurn, list.placesTurn) < firstTurn {
      statement.add(list, nil, list.elements)
    }
    if list.placesTurn != turn { (list.placesTurn, list.places) = (turn, 0) }
    list.places += 1
    if list.places > max(8, list.count / 8) {
      unfinished.add(list, nil, list.elements)
      list.wholeTurn = turn
    } else {
      unfinished.add(list, index, [list.element(index)])
    }
  }

  /// A parameter is about to change.
  mutating func note(_ parameter: Parameter) {
    guard parameter.noted != turn else { return }
    unfinished.add(parameter)
    if parameter.noted < firstTurn { statement.add(parameter) }
    parameter.noted = turn
  }

  /// An object is about to change; `save` makes what brings its present state back.
  mutating func note(_ object: AnyObject, _ save: @escaping () -> () -> Void) {
    guard !unfinished.has(object) else { return }
    let restore = save()
    unfinished.add(object, restore: restore, save: save)
    if !statement.has(object) { statement.add(object, restore: restore, save: save) }
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
}

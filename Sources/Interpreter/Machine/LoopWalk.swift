// One turn of a loop, gone through without carrying anything out: whether it does nothing but record
// what was recorded before, and compute numbers. Then further turns need not be interpreted.

import Autodiff

/// A way through one turn of a loop, from its `next` to its `loop`; where that is an epoch, with the turns
/// of the loop over its batches.
///
/// It keeps to the way that the turn takes with the present values. What depends on a number that
/// changes from turn to turn becomes part of `scalars`, with a check for each jump that depends on one.
final class LoopWalk {
  /// What is known of a value.
  enum Known {
    /// The same in every turn.
    case slot(Slot)
    /// A number or, where `isBool`, a truth value that is computed in every turn.
    case cell(Int, isBool: Bool)
    /// A tensor that the turn makes, or that the one before it made.
    case event(Int)
    case past(Int)
    /// A part of the element that a loop has come to, and that element, of so many parts.
    case rows(Int, element: Int)
    case element(parts: Int, element: Int)
    /// Batches by their number among the sources.
    case batches(Int)
    /// A tensor that was there before; what holds it now does so for as long as the walk takes.
    case tensor(Unmanaged<Node>)
    /// A tensor that every turn makes of the same numbers.
    case fresh
    case range(Int, Int)
    case iterator(Counter)
  }

  /// An iterator that the turn makes: over numbers, or over the batches of a source.
  final class Counter {
    var (position, end): (Int, Int)
    let source: Int?
    init(_ position: Int, _ end: Int, source: Int? = nil) {
      (self.position, self.end, self.source) = (position, end, source)
    }
  }

  /// A batch of a source.
  struct Batch {
    let source: Int
    let index: Int
  }

  /// Where a value is kept.
  enum Place: Hashable {
    /// Counted from the first register of the frame of the loop.
    case register(Int)
    case global(Int)
    case cell(UnsafeRawPointer)
  }

  /// A call that the walk is in.
  struct Level {
    let closure: Unmanaged<ClosureObject>
    let base: Int
    let target: Int
    let back: UnsafePointer<Instruction>?
    let given: UInt64
    let isTraining: Bool
    var routine: Routine { closure._withUnsafeGuaranteedRef { $0.routine } }
  }

  private static let maximumSteps = 100_000

  let session: Session
  let cycle: TurnCycle
  let frame: UnsafeMutablePointer<Machine.Frame>
  /// Numbers that the loop carries from turn to turn, each with its cell.
  let carried: [Place: Int]
  var scalars: LoopScalars
  /// Number leaves of the turns with the cells that hold them.
  var numberLeaves: [(turn: Int, leaf: Int, cell: Int)] = []
  var known: [Place: Known] = [:]
  /// Params that were stored to, with their last stores.
  var stored: [ObjectIdentifier: Known] = [:]
  /// The optimizers whose steps are part of the turns, in their order; numbers of each step.
  var steppers: [(turn: Int, stepper: any Stepper)] = []
  var stepNumbers: [(turn: Int, leaf: Int, number: Node, stepper: any Stepper)] = []
  /// Where batches come from, and what each turn has of them.
  var sources: [Batches] = []
  var batches: [Batch?] = []
  var batch: Batch?
  /// How many elements loops over batches have come to.
  var elements = 0
  /// How many turns of the cycle have been gone through.
  private(set) var turn = 0
  /// Numbers from before the turn that it reads.
  var read: Set<Place> = []
  var place = TurnPlace()
  var levels: [Level]
  /// Turns of loops and calls, which a budget counts.
  var polls = 1

  /// - Parameter element: the register of the loop's element, with what is known of it.
  init(
    _ session: Session, _ cycle: TurnCycle, _ frame: UnsafeMutablePointer<Machine.Frame>,
    _ scalars: LoopScalars, carried: [Place: Int], element: (register: Int, known: Known)
  ) {
    (self.session, self.cycle, self.frame) = (session, cycle, frame)
    (self.scalars, self.carried) = (scalars, carried)
    levels = [
      Level(
        closure: frame.pointee.closure, base: 0, target: 0, back: nil, given: frame.pointee.given,
        isTraining: frame.pointee.isTraining)
    ]
    known[.register(element.register)] = element.known
  }

  /// What is recorded now.
  var repetition: TurnRepetition { cycle.turns[min(turn, cycle.turns.count - 1)] }

  /// Goes through the instructions from `start` to `end`; false where one does something else than
  /// what is known.
  func run(from start: UnsafePointer<Instruction>, to end: UnsafePointer<Instruction>) -> Bool {
    var next = start
    for _ in 0..<LoopWalk.maximumSteps {
      if next == end, levels.count == 1 { return endTurn() && turn == cycle.turns.count }
      guard let following = step(next) else { return false }
      next = following
    }
    return false
  }

  /// The end of a turn of some loop: where all is recorded that one of the cycle has, the next one
  /// begins. False where its batch does not fit.
  func endTurn() -> Bool {
    guard turn < cycle.turns.count, repetition.isEnd(place) else { return true }
    if let batch, !repetition.takes(sources[batch.source], batch.index) { return false }
    batches.append(batch)
    turn += 1
    if turn < cycle.turns.count { place = TurnPlace() }
    known = known.mapValues(Self.older)
    stored = stored.mapValues(Self.older)
    return true
  }

  /// What is known of a value when a turn is over.
  private static func older(_ value: Known) -> Known {
    switch value {
    case .event(let event): .past(event)
    case .past: .slot(.undefined)
    default: value
    }
  }

  // MARK: - Values

  private func address(_ register: Int) -> Place {
    .register(levels[levels.count - 1].base + register)
  }

  subscript(register: Int) -> Known {
    get { self[address(register)] }
    set { known[address(register)] = newValue }
  }

  subscript(place: Place) -> Known {
    get {
      if let known = known[place] { return known }
      if let cell = carried[place] { return .cell(cell, isBool: false) }
      let slot = present(place)
      if slot.isNumber { read.insert(place) }
      guard slot.is(.tensor) else { return .slot(slot) }
      return .tensor(
        slot.unmanaged(as: TensorObject.self)._withUnsafeGuaranteedRef { $0.reference })
    }
    set { known[place] = newValue }
  }

  /// What a place holds at the end of the turn before.
  func present(_ place: Place) -> Slot {
    switch place {
    case .register(let index):
      index < frame.pointee.routine.registerCount ? frame.pointee.registers[index] : .none
    case .global(let index): session.globals.slots[index]
    case .cell(let address):
      Unmanaged<CellObject>.fromOpaque(address)._withUnsafeGuaranteedRef { $0.slot }
    }
  }

  /// A right operand: a register, or a constant where negative.
  func operand(_ index: Int, _ i: UnsafePointer<Instruction>) -> Known {
    index >= 0 ? self[index] : .slot((UnsafePointer<Slot>(slots: i) + index).pointee)
  }

  /// The cell of a number; nil for what is none.
  func number(_ known: Known) -> Int? {
    switch known {
    case .cell(let cell, isBool: false): cell
    case .slot(let slot) where slot.isNumber: scalars.cell(slot.number)
    default: nil
    }
  }

  static func isNumber(_ known: Known) -> Bool {
    switch known {
    case .cell(_, let isBool): !isBool
    case .slot(let slot): slot.isNumber
    default: false
    }
  }

  /// The value of a param, as a name of it gives it.
  func value(of parameter: Parameter) -> Known {
    stored[ObjectIdentifier(parameter)] ?? .tensor(.passUnretained(parameter.node))
  }

  /// A value as an operand of what the turn records; nil for what is none.
  func operand(_ known: Known) -> TurnValue? {
    switch known {
    case .event(let event): .event(event)
    case .past(let event): .past(event)
    case .rows(let part, let element) where element == elements: .rows(part)
    case .tensor(let node): .node(node)
    case .fresh: .fresh
    case .cell(_, isBool: false): .computed
    case .slot(let slot) where slot.isNumber: .number(slot.number)
    default: nil
    }
  }

  /// The object that a value is in every turn, nil for others.
  static func object(_ known: Known) -> Slot? {
    if case .slot(let slot) = known, slot.isObject { return slot }
    return nil
  }

  static func parameter(_ known: Known) -> Parameter? {
    guard let slot = object(known), slot.is(.foreign) else { return nil }
    return slot.unmanaged(as: ForeignBox.self)._withUnsafeGuaranteedRef { $0.parameter?.parameter }
  }
}

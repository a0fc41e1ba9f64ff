// One turn of a loop, gone through without carrying anything out: whether it does nothing but record
// what its last turn recorded, and compute numbers. Then further turns need not be interpreted.

import Autodiff

/// A way through one turn of a loop, from its `next` to its `loop`.
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
    /// A tensor that the turn makes.
    case event(Int)
    /// A tensor that was there before; what holds it now does so for as long as the walk takes.
    case tensor(Unmanaged<Node>)
    /// A tensor that every turn makes of the same numbers.
    case fresh
    case range(Int, Int)
    case iterator(Counter)
  }

  /// An iterator that the turn makes.
  final class Counter {
    var (position, end): (Int, Int)
    init(_ position: Int, _ end: Int) { (self.position, self.end) = (position, end) }
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
  let repetition: TurnRepetition
  let frame: UnsafeMutablePointer<Machine.Frame>
  /// Numbers that the loop carries from turn to turn, each with its cell.
  let carried: [Place: Int]
  var scalars: LoopScalars
  /// Number leaves of the turn with the cells that hold them.
  var numberLeaves: [(leaf: Int, cell: Int)] = []
  var known: [Place: Known] = [:]
  /// Params that the turn has stored to, with their last stores.
  var stored: [ObjectIdentifier: Int] = [:]
  /// The optimizers whose steps are part of the turn, and their numbers.
  var steppers: [any Stepper] = []
  var stepNumbers: [(leaf: Int, number: Node, stepper: any Stepper)] = []
  /// Numbers from before the turn that it reads.
  var read: Set<Place> = []
  var place = TurnPlace()
  var levels: [Level]
  /// Turns of loops and calls, which a budget counts.
  var polls = 1

  /// - Parameter element: the register of the loop's element, with its cell.
  init(
    _ session: Session, _ repetition: TurnRepetition, _ frame: UnsafeMutablePointer<Machine.Frame>,
    _ scalars: LoopScalars, carried: [Place: Int], element: (register: Int, cell: Int)
  ) {
    (self.session, self.repetition, self.frame) = (session, repetition, frame)
    (self.scalars, self.carried) = (scalars, carried)
    levels = [
      Level(
        closure: frame.pointee.closure, base: 0, target: 0, back: nil, given: frame.pointee.given,
        isTraining: frame.pointee.isTraining)
    ]
    known[.register(element.register)] = .cell(element.cell, isBool: false)
  }

  /// Goes through the instructions from `start` to `end`; false where one does something else than
  /// what is known.
  func run(from start: UnsafePointer<Instruction>, to end: UnsafePointer<Instruction>) -> Bool {
    var next = start
    for _ in 0..<LoopWalk.maximumSteps {
      if next == end, levels.count == 1 { return repetition.isEnd(place) }
      guard let following = step(next) else { return false }
      next = following
    }
    return false
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
    stored[ObjectIdentifier(parameter)].map { .event($0) }
      ?? .tensor(.passUnretained(parameter.node))
  }

  /// A value as an operand of what the turn records; nil for what is none.
  static func operand(_ known: Known) -> TurnValue? {
    switch known {
    case .event(let event): .event(event)
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

// The end of a turn of a training loop: where the next turns do the same again, they are run without
// being interpreted, as many as nobody will want to look at.

import Autodiff

/// What turns compute besides tensors, from one to the next.
private final class TurnNumbers {
  private var scalars: LoopScalars
  private let element: Int
  private let first: Double
  private let carried: [(from: Int, to: Int)]
  private let finals: [Int]
  private let leaves: [(leaf: Int, cell: Int)]
  private let repetition: TurnRepetition
  private let stepNumbers: [(leaf: Int, number: Node, stepper: any Stepper)]
  private var isSteady = false
  private var given: [Double?]
  /// What the finals are after so many turns.
  private(set) var values: [Double]
  private var turns = 0
  private var saved: (turns: Int, scalars: LoopScalars, values: [Double])

  init(_ walk: LoopWalk, element: Int, carried: [(from: Int, to: Int)], finals: [Int]) {
    (scalars, self.element, self.carried, self.finals) = (walk.scalars, element, carried, finals)
    (leaves, repetition, first) = (walk.numberLeaves, walk.repetition, walk.scalars[element])
    stepNumbers = walk.stepNumbers
    given = [Double?](repeating: nil, count: walk.numberLeaves.count)
    values = finals.map { [scalars] in scalars[$0] }
    saved = (0, scalars, values)
  }

  /// Begins a turn; false where it goes another way than those before it.
  func begin(_ turn: Int) -> Bool {
    finish(turn)
    if turn % TurnRepetition.stretch == 0 { saved = (turn, scalars, values) }
    scalars[element] = first + Double(turn)
    guard scalars.run() else { return false }
    for (index, (leaf, cell)) in leaves.enumerated() where given[index] != scalars[cell] {
      guard (try? repetition.set(leaf, to: scalars[cell])) != nil else { return false }
      given[index] = scalars[cell]
    }
    return setStepNumbers(turn)
  }

  /// Gives the numbers of optimizers their values in a turn; false where there is no memory for them.
  private func setStepNumbers(_ turn: Int) -> Bool {
    if isSteady { return true }
    // Those that do not differ in two steps stay as they are.
    isSteady = stepNumbers.allSatisfy {
      $0.stepper.number($0.number, after: turn + 1) == $0.stepper.number($0.number, after: turn + 2)
    }
    for (leaf, number, stepper) in stepNumbers {
      guard let value = stepper.number(number, after: turn + 1),
        (try? repetition.set(leaf, to: value)) != nil
      else { return false }
    }
    return true
  }

  /// So many turns are over.
  func finish(_ turn: Int) {
    guard turns < turn else { return }
    turns = turn
    for (index, cell) in finals.enumerated() { values[index] = scalars[cell] }
    let ends = carried.map { scalars[$0.from] }
    for (index, (_, to)) in carried.enumerated() { scalars[to] = ends[index] }
  }

  /// Only so many turns stay.
  func rewind(_ turn: Int) {
    if turn == saved.turns { (turns, scalars, values) = saved }
  }
}

extension Machine {
  /// Fewer turns are not worth looking at.
  private static let fewTurns = 4

  /// Runs further turns of the loop whose turn has just ended, if it is known what they do.
  func repeatTurns(_ kind: LoopKind, level: Int) {
    let code = top.pointee.next - 1
    if code != repetitions.code { repetitions = Repetitions(code: code) }
    if repetitions.wait > 0 {
      repetitions.wait -= 1
      return
    }
    let start = code + 1 + code.a
    guard start.pointee.op == .next, session.watch == nil,
      let iterator = iterator(top.pointee.registers[start.b])
    else { return repetitions.refuse() }
    let kept = session.undoHistory.keepsSteps ? UndoHistory.stepLimit : 1
    let limit = min(
      iterator.numbersLeft - kept, session.graph.turnsToRepeat, (budget - 1) / 64)
    guard limit >= Machine.fewTurns else { return }
    guard session.graph.knowsLastEnd else { return session.graph.noteEnd() }
    guard let repetition = session.graph.repetition(),
      let turns = run(repetition, from: start, to: code, iterator, limit)
    else { return repetitions.refuse() }
    repetitions.accept()
    session.turnsRepeated(
      turns, kind, level: level, hasTrained: repetition.trains)
  }

  private func iterator(_ slot: Slot) -> IteratorObject? {
    guard slot.is(.iterator) else { return nil }
    let iterator = slot.unmanaged(as: IteratorObject.self).takeUnretainedValue()
    return iterator.isOfNumbers ? iterator : nil
  }

  private func run(
    _ repetition: TurnRepetition, from start: UnsafePointer<Instruction>,
    to end: UnsafePointer<Instruction>, _ iterator: IteratorObject, _ limit: Int
  ) -> Int? {
    var base = LoopScalars()
    let element = base.cell(iterator.nextValue)
    var carried: [LoopWalk.Place: Int] = [:]
    for _ in 0..<Machine.fewTurns {
      let walk = LoopWalk(
        session, repetition, top, base, carried: carried, element: (start.a, element))
      guard walk.run(from: start + 1, to: end), let ends = walk.ends(below: start.b) else {
        return nil
      }
      let found = ends.filter { walk.read.contains($0.place) && carried[$0.place] == nil }
      guard found.isEmpty else {
        // They begin with what they have now, and go on with what the turn makes of them.
        for (place, _) in found { carried[place] = base.cell(walk.present(place).number) }
        continue
      }
      let turns = run(walk, ends, carried, element, limit)
      if turns > 0 { iterator.advance(turns) }
      budget -= turns * walk.polls
      return turns
    }
    return nil
  }

  private func run(
    _ walk: LoopWalk, _ ends: [(place: LoopWalk.Place, value: LoopWalk.Known)],
    _ carried: [LoopWalk.Place: Int], _ element: Int, _ limit: Int
  ) -> Int {
    var cells: [LoopWalk.Place: Int] = [:]
    for (place, value) in ends { cells[place] = walk.cell(of: value) }
    let repetition = walk.repetition
    let states = walk.steppers.flatMap(\.stateNodes)
    let stateEvents = repetition.events(of: states)
    let places = ends.map(\.place).filter { cells[$0] != nil }
    let numbers = TurnNumbers(
      walk, element: element,
      carried: carried.compactMap { place, to in cells[place].map { ($0, to) } },
      finals: places.compactMap { cells[$0] })
    repetition.run(atMost: limit, begins: numbers.begin, rewind: numbers.rewind)
    guard repetition.turns > 0 else { return 0 }
    numbers.finish(repetition.turns)
    let events = ends.compactMap { if case .event(let event) = $0.value { event } else { nil } }
    let nodes = repetition.finish(events + stateEvents.compactMap { $0 })
    let changed = Dictionary(
      uniqueKeysWithValues: zip(states, stateEvents).compactMap { node, event in
        event.flatMap { nodes[$0] }.map { (ObjectIdentifier(node), $0) }
      })
    for stepper in walk.steppers {
      stepper.willAdvance(session)
      stepper.advance(repetition.turns) { changed[ObjectIdentifier($0)] ?? $0 }
    }
    for (place, value) in ends {
      switch value {
      case .event(let event):
        if let node = nodes[event] { put(Slot(TensorObject(node)), in: place) }
      case .cell(_, let isBool):
        guard let index = places.firstIndex(of: place) else { continue }
        let number = numbers.values[index]
        put(isBool ? Slot(number != 0) : Slot(number), in: place)
      default: break
      }
    }
    return repetition.turns
  }

  /// Gives a variable outside of the loop its value.
  private func put(_ slot: Slot, in place: LoopWalk.Place) {
    switch place {
    case .register(let index): top.pointee.registers.put(index, slot)
    case .global(let index):
      session.journal.note(index, of: session.globals)
      session.globals.slots.put(index, slot)
    case .cell(let address):
      let cell = Unmanaged<CellObject>.fromOpaque(address).takeUnretainedValue()
      session.journal.note(cell)
      cell.set(slot)
    }
    if slot.isObject { top.pointee.holdsObjects = true }
  }
}

extension LoopWalk {
  /// What the turn leaves in variables outside of the loop that it changes; nil where that is nothing
  /// that a later turn could give. Registers below `first` are such.
  func ends(below first: Int) -> [(place: Place, value: Known)]? {
    var ends: [(place: Place, value: Known)] = []
    for (place, value) in known {
      if case .register(let index) = place, index >= first { continue }
      switch value {
      case .slot(let slot) where slot.bits == present(place).bits: continue
      case .slot(let slot) where slot.isNumber:
        ends.append((place, .cell(scalars.cell(slot.number), isBool: false)))
      case .cell: ends.append((place, value))
      case .event(let event) where repetition.keeps(event): ends.append((place, value))
      case .tensor(let node):
        let slot = present(place)
        guard slot.is(.tensor),
          slot.unmanaged(as: TensorObject.self)._withUnsafeGuaranteedRef({ $0.reference })
            .toOpaque()
            == node.toOpaque()
        else { return nil }
      default: return nil
      }
    }
    return ends
  }

  func cell(of value: Known) -> Int? {
    if case .cell(let cell, _) = value { return cell }
    return nil
  }
}

/// When a loop is looked at again whose turns could not be repeated.
struct Repetitions {
  var code: UnsafePointer<Instruction>?
  var wait = 0
  private var penalty = 1

  init(code: UnsafePointer<Instruction>? = nil) { self.code = code }

  mutating func refuse() {
    wait = penalty
    penalty = min(penalty * 2, 4096)
  }

  mutating func accept() { penalty = 1 }
}

extension Session {
  /// Turns of a loop have ended that were not interpreted.
  func turnsRepeated(_ turns: Int, _ kind: LoopKind, level: Int, hasTrained: Bool) {
    guard turns > 0 else { return }
    if hasTrained || kind == .topLevel { finishTurn() }
    if hasTrained { trainedTurns += turns }
    graph.trail.endTurns(turns, level: kind == .topLevel ? level : nil, hasTrained: hasTrained)
  }
}

// The end of a turn of a training loop: where the next turns do the same again, they are run without
// being interpreted, as many as nobody will want to look at.

import Autodiff

/// The loop whose turns are to be run.
struct RepeatedLoop {
  let start: UnsafePointer<Instruction>
  let end: UnsafePointer<Instruction>
  let iterator: IteratorObject

  /// Nil for what is no `for`, or over nothing that can be looked at ahead.
  init?(endingAt end: UnsafePointer<Instruction>, _ frame: UnsafeMutablePointer<Machine.Frame>) {
    (start, self.end) = (end + 1 + end.a, end)
    guard let iterator = RepeatedLoop.iterator(endingAt: end, frame)?.takeUnretainedValue(),
      iterator.isOfNumbers || iterator.givesRows
    else { return nil }
    self.iterator = iterator
  }

  /// The iterator of a `for`, nil for another loop.
  static func iterator(
    endingAt end: UnsafePointer<Instruction>, _ frame: UnsafeMutablePointer<Machine.Frame>
  ) -> Unmanaged<IteratorObject>? {
    let start = end + 1 + end.a
    guard start.pointee.op == .next, frame.pointee.registers[start.b].is(.iterator) else {
      return nil
    }
    return frame.pointee.registers[start.b].unmanaged(as: IteratorObject.self)
  }

  /// The parts of the element that the loop has come to.
  var parts: [Node] { RepeatedLoop.parts(iterator.current) }

  /// The parts of an element; none where it is no tensor, and no tuple of tensors.
  private static func parts(_ element: Value?) -> [Node] {
    switch element {
    case .tensor(let tensor)?: return [tensor.node]
    case .tuple(let tuple)?:
      let nodes = tuple.elements.compactMap { value -> Node? in
        if case .tensor(let tensor) = value { tensor.node } else { nil }
      }
      return nodes.count == tuple.elements.count ? nodes : []
    default: return []
    }
  }

  /// How many of the next elements have parts as a turn takes them.
  func fitting(_ repetition: TurnRepetition, atMost limit: Int) -> Int {
    let batches = iterator.batches
    var count = 0
    while count < limit {
      let fits =
        batches.map { $0.source.isPlain && repetition.takes($0.source, $0.next + count) }
        ?? repetition.takes(RepeatedLoop.parts(iterator.ahead(count)))
      guard fits else { break }
      count += 1
    }
    return count
  }

  /// Gives a turn the parts of an element ahead; false where there is no memory for them.
  func give(_ repetition: TurnRepetition, ahead count: Int) -> Bool {
    if let (source, order, next) = iterator.batches {
      return repetition.take(source, order[source.places(next + count)])
    }
    repetition.take(RepeatedLoop.parts(iterator.ahead(count)))
    return true
  }
}

extension Machine {
  /// Fewer turns are not worth looking at.
  static let fewTurns = 4

  /// Turns that are interpreted in any case, because each can be taken back.
  var keptTurns: Int { session.undoHistory.keepsSteps ? UndoHistory.stepLimit : 1 }

  /// How many turns of a loop may be run, each a cycle of so many turns that train.
  func limit(_ loop: RepeatedLoop, cycle turns: Int) -> Int {
    min(
      loop.iterator.left - (keptTurns + turns - 1) / turns, session.graph.turnsToRepeat / turns,
      (budget - 1) / 64 / turns)
  }

  /// Runs further turns of the loop whose turn has just ended, if it is known what they do.
  func repeatTurns(_ kind: LoopKind, level: Int) {
    let code = top.pointee.next - 1
    if code != repetitions.code { repetitions = Repetitions(code: code) }
    if repetitions.wait > 0 {
      repetitions.wait -= 1
      return
    }
    guard session.watch == nil, let loop = RepeatedLoop(endingAt: code, top) else {
      return repetitions.refuse()
    }
    let limit = limit(loop, cycle: 1)
    guard limit >= Machine.fewTurns else { return }
    guard session.graph.knowsLastEnd else { return session.graph.noteEnd() }
    guard let repetition = session.graph.repetition(rows: loop.parts),
      let cycle = TurnCycle([repetition])
    else { return repetitions.refuse() }
    let most = loop.iterator.isOfNumbers ? limit : loop.fitting(repetition, atMost: limit)
    guard most >= Machine.fewTurns else { return }
    guard run(cycle, of: loop, atMost: most) else { return repetitions.refuse() }
    repetitions.accept()
    session.turnsRepeated(cycle.count, kind, level: level, hasTrained: cycle.trains)
  }

  /// Runs cycles that are turns of a loop, at most so many; false where it is not known what they do.
  func run(_ cycle: TurnCycle, of loop: RepeatedLoop, atMost limit: Int) -> Bool {
    var base = LoopScalars()
    let (iterator, start) = (loop.iterator, loop.start)
    let element = iterator.isOfNumbers ? base.cell(iterator.nextValue) : nil
    var known = element.map { LoopWalk.Known.cell($0, isBool: false) }
    if known == nil { known = LoopWalk.element(of: iterator.current) }
    guard let known else { return false }
    var carried: [LoopWalk.Place: Int] = [:]
    for _ in 0..<Machine.fewTurns {
      let walk = LoopWalk(session, cycle, top, base, carried: carried, element: (start.a, known))
      guard walk.run(from: start + 1, to: loop.end), let ends = walk.ends(below: start.b) else {
        return false
      }
      let found = ends.filter { walk.read.contains($0.place) && carried[$0.place] == nil }
      guard found.isEmpty else {
        // They begin with what they have now, and go on with what the turn makes of them.
        for (place, _) in found { carried[place] = base.cell(walk.present(place).number) }
        continue
      }
      run(walk, ends, carried, element, loop, limit)
      if cycle.count > 0 { iterator.advance(cycle.count) }
      budget -= cycle.count * walk.polls
      return true
    }
    return false
  }

  private func run(
    _ walk: LoopWalk, _ ends: [(place: LoopWalk.Place, value: LoopWalk.Known)],
    _ carried: [LoopWalk.Place: Int], _ element: Int?, _ loop: RepeatedLoop, _ limit: Int
  ) {
    var cells: [LoopWalk.Place: Int] = [:]
    for (place, value) in ends { cells[place] = walk.cell(of: value) }
    let cycle = walk.cycle
    let steppers = walk.distinctSteppers
    let states = steppers.flatMap(\.stepper.stateNodes)
    let stateEvents = cycle.events(of: states)
    let places = ends.map(\.place).filter { cells[$0] != nil }
    let numbers = TurnNumbers(
      walk, element: element,
      carried: carried.compactMap { place, to in cells[place].map { ($0, to) } },
      finals: places.compactMap { cells[$0] })
    let rows = TurnRows(walk, loop)
    cycle.run(
      atMost: limit,
      begins: { numbers.begin($0) && rows.begin($0) },
      prepare: { numbers.prepare($0, $1) && rows.prepare($0, $1) },
      rewind: {
        numbers.rewind($0)
        rows.rewind($0)
      })
    guard cycle.count > 0 else { return }
    numbers.finish(cycle.count)
    let events = ends.compactMap { LoopWalk.event($0.value) }
    let nodes = cycle.finish(events + stateEvents.compactMap { $0 })
    let changed = Dictionary(
      uniqueKeysWithValues: zip(states, stateEvents).compactMap { node, event in
        event.flatMap { nodes[$0] }.map { (ObjectIdentifier(node), $0) }
      })
    for (stepper, steps) in steppers {
      stepper.willAdvance(session)
      stepper.advance(cycle.count * steps) { changed[ObjectIdentifier($0)] ?? $0 }
    }
    for (place, value) in ends {
      if let node = LoopWalk.event(value).flatMap({ nodes[$0] }) {
        put(Slot(TensorObject(node)), in: place)
      } else if case .cell(_, let isBool) = value, let index = places.firstIndex(of: place) {
        let number = numbers.values[index]
        put(isBool ? Slot(number != 0) : Slot(number), in: place)
      }
    }
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
      case .past(let event) where cycle.keeps(event): ends.append((place, value))
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

  /// The event of the last turn that made a value.
  static func event(_ value: Known) -> Int? {
    if case .past(let event) = value { return event }
    return nil
  }

  /// What is known of the element of a list: only that it has the parts that the turn takes.
  static func element(of value: Value?) -> Known? {
    switch value {
    case .tensor?: .rows(0, element: 0)
    case .tuple(let tuple)?: .element(parts: tuple.elements.count, element: 0)
    default: nil
    }
  }

  /// Each optimizer with how many steps it makes in the cycle.
  var distinctSteppers: [(stepper: any Stepper, steps: Int)] {
    var result: [(stepper: any Stepper, steps: Int)] = []
    for (_, stepper) in steppers {
      if let index = result.firstIndex(where: { $0.stepper === stepper }) {
        result[index].steps += 1
      } else {
        result.append((stepper, 1))
      }
    }
    return result
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

// Turns of one structure in a row, run without being recorded: where it is known that the program does
// the same again, the next turn is the plan once more, with what the turn before it made.

import Engine

/// Which values a turn had made when it ended, for comparison with what the next one begins with.
///
/// The values are held by nobody here: they are compared at the end of the next turn, whose leaves live.
struct TurnEnd {
  let turn: Int
  unowned let trace: TurnTrace
  /// The events by their nodes.
  private var events: [UnsafeRawPointer: Int] = [:]
  /// The leaves that the turn had, and for numbers their values.
  private let leaves: [UnsafeRawPointer?]
  private let numbers: [Double?]
  /// What data held, where that is little.
  private let data: [Buffer?]

  init(_ turn: Int, _ memory: TurnMemory) {
    (self.turn, trace) = (turn, memory.trace)
    for (event, node) in memory.nodes.enumerated() {
      if let node { events[TurnEnd.address(node)] = event }
    }
    leaves = memory.leaves.map { $0.map(TurnEnd.address) }
    numbers = memory.leaves.map { $0.flatMap { $0.isNumber ? $0.exact : nil } }
    data = memory.leaves.map { $0.flatMap { TurnEnd.isSmall($0) ? $0.buffer : nil } }
  }

  /// Turns that were not recorded have left these nodes.
  mutating func replace(_ nodes: [Int: Node]) {
    events = [:]
    for (event, node) in nodes { events[TurnEnd.address(node)] = event }
  }

  private static func isSmall(_ node: Node) -> Bool {
    node.op === Operator.data && node.shape.count <= 1 << 12
  }

  fileprivate static func address(_ node: Node) -> UnsafeRawPointer {
    UnsafeRawPointer(Unmanaged.passUnretained(node).toOpaque())
  }

  /// Where a leaf of the turn after it came from; nil where that is not known.
  func origin(of leaf: Node, at index: Int) -> TurnRepetition.Leaf? {
    if leaf.op === Operator.number {
      return .number(leaf.dtype, isSame: numbers[index]?.bitPattern == leaf.exact.bitPattern)
    }
    if leaf.op === Operator.constant { return .same }
    if let event = events[TurnEnd.address(leaf)] { return .event(event) }
    if leaves[index] == TurnEnd.address(leaf) { return .same }
    guard TurnEnd.isSmall(leaf), let buffer = leaf.buffer, let old = data[index],
      buffer.hasSameBytes(as: old)
    else { return nil }
    return .fresh
  }
}

/// A turn that is run again and again.
package final class TurnRepetition {
  /// Where a leaf of the next turn comes from.
  package enum Leaf: Equatable {
    /// It is the same in every turn, or made anew with the same numbers.
    case same
    case fresh
    /// What the turn before it made.
    case event(Int)
    /// A number that is no part of the structure; whether it was the same in two turns.
    case number(DType, isSame: Bool)
  }

  /// Plans whose results take more bytes are not worth it: recording is a small part of them.
  private static let maximumBytes = 1 << 20
  /// After a turn that fails, so many at most are recorded again before it.
  package static let stretch = 16

  /// What becomes of something that the plan keeps.
  private struct Kept {
    let slot: Int
    let origin: Origin
    let name: String?
    /// The version of a param whose end ended its history.
    let stale: ParameterVersion?
    /// Whether it is a plain value when the turn is over.
    let isPlain: Bool
    /// The node that was it.
    let address: UnsafeRawPointer?
  }

  private let graph: Graph
  private let plan: Plan
  let trace: TurnTrace
  package let leaves: [Leaf]
  /// What the leaves of the next turn are, numbers aside.
  private let expected: [Node?]
  /// The numbers of the plan's leaves in the first turn.
  private var buffers: [Buffer] = []
  private var resident: ResidentPlan?
  private var carried: [(place: Int, slot: Int)] = []
  private var stores: [(parameter: Parameter, event: Int, slot: Int)] = []
  private var gradients: [(parameter: Parameter, event: Int)] = []
  /// For each number, the plan's leaves.
  private var numbers: [Int: [Int]] = [:]
  private var kept: [Int: Kept] = [:]
  /// Turns that were run.
  package private(set) var turns = 0
  /// Whether a turn stores to params.
  package var trains: Bool { !stores.isEmpty }

  /// Nil where the last two turns do not tell what the next one begins with.
  fileprivate init?(_ graph: Graph, _ memory: TurnMemory, after end: TurnEnd) {
    let trace = memory.trace
    guard trace.computes.count == 1, let compute = trace.computes.first, compute.isEndOfTurn,
      let plan = compute.plan, !trace.backwards.contains(where: \.isAdding)
    else { return nil }
    var leaves: [Leaf] = []
    for (index, leaf) in memory.leaves.enumerated() {
      guard let leaf, let origin = end.origin(of: leaf, at: index) else { return nil }
      leaves.append(origin)
    }
    (self.graph, self.plan, self.trace, self.leaves) = (graph, plan, trace, leaves)
    expected = leaves.enumerated().map { index, leaf in
      if case .event(let event) = leaf { return memory.nodes[event] }
      return memory.leaves[index]
    }
    guard findKept(compute, memory) <= TurnRepetition.maximumBytes,
      findLeaves(compute, memory), findStores(memory), findGradients(memory)
    else { return nil }
  }

  /// Gives how many bytes that is.
  private func findKept(_ compute: TurnCompute, _ memory: TurnMemory) -> Int {
    let fates = Dictionary(uniqueKeysWithValues: trace.fates.map { ($0.event, $0.fate) })
    var bytes = 0
    for result in compute.results where result.isRoot {
      let node = memory.nodes[result.event]
      var (stale, isPlain) = (nil as ParameterVersion?, true)
      switch fates[result.event] {
      case .over(let reference): stale = memory.node(reference)?.version
      case .alive, .open: isPlain = false
      case nil: break
      }
      kept[result.event] = Kept(
        slot: result.slot, origin: node?.origin ?? .unknown, name: node?.name, stale: stale,
        isPlain: isPlain, address: node.map(TurnEnd.address))
      let type = trace.events[result.event].type
      bytes += type.shape.count * type.dtype.size
    }
    return bytes
  }

  private func findLeaves(_ compute: TurnCompute, _ memory: TurnMemory) -> Bool {
    for (place, source) in compute.sources.enumerated() {
      guard case .leaf(let index) = source else {
        guard case .fixed(let buffer) = source else { return false }
        buffers.append(buffer)
        continue
      }
      var node = memory.leaves[index]
      switch leaves[index] {
      case .same, .fresh: break
      case .event(let event):
        guard let kept = kept[event] else { return false }
        carried.append((place, kept.slot))
        node = memory.nodes[event]
      case .number: numbers[index, default: []].append(place)
      }
      guard let buffer = node?.buffer else { return false }
      buffers.append(buffer)
    }
    return true
  }

  private func findStores(_ memory: TurnMemory) -> Bool {
    for (event, known) in trace.events.enumerated() where known.op === Operator.parameter {
      guard let node = memory.nodes[event], let kept = kept[event],
        let parameter = node.version?.parameter, parameter.node === node,
        !stores.contains(where: { $0.parameter === parameter })
      else { return false }
      stores.append((parameter, event, kept.slot))
    }
    return !stores.isEmpty || !trace.backwards.isEmpty
  }

  private func findGradients(_ memory: TurnMemory) -> Bool {
    for backward in trace.backwards {
      for (index, target) in backward.targets.enumerated() {
        guard let parameter = memory.node(target)?.version?.parameter, !parameter.isFrozen,
          kept[backward.position + index] != nil
        else { return false }
        gradients.append((parameter, backward.position + index))
      }
      for leaf in backward.frozen where memory.node(leaf)?.version?.parameter?.isFrozen != true {
        return false
      }
    }
    return true
  }

  // MARK: - Running

  /// Sets a number that the program computes, for the turn that comes next.
  package func set(_ leaf: Int, to value: Double) throws(OperatorProblem) {
    do {
      for place in numbers[leaf] ?? [] { try resident?.set(place) { _ in value } }
    } catch { throw Graph.memoryProblem(error) }
  }

  /// Runs turns, at most so many, as long as `begins` says that another one comes.
  ///
  /// A turn that fails, or after which a param is not finite, is not run, and neither are some before
  /// it, so that they can be recorded and explain it: `rewind` is told how many turns stay.
  package func run(
    atMost limit: Int, begins: (_ turn: Int) -> Bool, rewind: (_ turn: Int) -> Void
  ) {
    // Without memory for it the turns are recorded.
    resident = try? ResidentPlan(
      plan, buffers, ResidentStates(carried.map { buffers[$0.place] }),
      before: carried.enumerated().map { ($1.place, $0) },
      after: carried.enumerated().map { ($1.slot, $0) }, checked: stores.map(\.slot))
    guard let resident else { return }
    var safe = 0
    while turns < limit, !Interrupts.isRequested, !Interrupts.isPauseRequested, begins(turns) {
      if turns % TurnRepetition.stretch == 0, turns > 0 {
        guard (try? resident.save()) != nil else { return rewind(turns) }
        safe = turns
      }
      do throws(OperatorProblem) {
        if try resident.run() {
          turns += 1
          continue
        }
      } catch {
        // What stopped the turn says nothing against it.
        if error.kind == .interrupt { return rewind(turns) }
      }
      if safe > 0 { resident.restore() }
      turns = safe
      return rewind(turns)
    }
  }

  /// Whether `finish` can give what an event made.
  package func keeps(_ event: Int) -> Bool { kept[event]?.isPlain ?? false }

  /// The params and their gradients get what the turns made of them. Gives what single events made, as
  /// plain values.
  package func finish(_ events: [Int]) -> [Int: Node] {
    graph.leaveLastBackward()
    var nodes: [Int: Node] = [:]
    for (parameter, event) in gradients {
      guard let node = node(event) else { continue }
      graph.willChange(parameter)
      parameter.gradient = node
      nodes[event] = node
    }
    for (parameter, event, slot) in stores {
      guard let buffer = resident?.result(slot) else { continue }
      parameter.advance(to: buffer, at: kept[event]?.origin ?? .unknown)
      nodes[event] = parameter.node
    }
    for event in events where nodes[event] == nil {
      if let node = node(event) { nodes[event] = node }
    }
    graph.trail.pass(turns)
    graph.turnsRepeated += turns
    graph.turn.end?.replace(nodes)
    return nodes
  }

  private func node(_ event: Int) -> Node? {
    guard let kept = kept[event], let buffer = resident?.result(kept.slot) else { return nil }
    let known = trace.events[event]
    let node = Node(
      graph: graph, op: known.op, inputs: [], attributes: known.attributes, type: known.type,
      origin: kept.origin, buffer: buffer, version: nil, isTracked: false,
      serial: graph.nextSerial())
    (node.name, node.staleVersion) = (kept.name, kept.stale)
    return node
  }
}

extension Graph {
  /// Turns that may be run before one is to be recorded again, because it is kept for explanations.
  package var turnsToRepeat: Int { trail.turnsToNext }

  /// Whether the last turns had one structure.
  package var repeatsTurns: Bool { turn.streak >= 2 }

  /// The last turn, to be run again; nil where it is not known what the next one begins with. To be
  /// asked at the end of a turn.
  package func repetition() -> TurnRepetition? {
    guard repeatsTurns, turn.predicts, let memory = turn.last?.memories.last else { return nil }
    guard knowsLastEnd, let end = turn.end else { return nil }
    turn.end = TurnEnd(turn.id, memory)
    return TurnRepetition(self, memory, after: end)
  }

  /// Whether the end of the turn before the last one was noted.
  package var knowsLastEnd: Bool {
    guard let end = turn.end else { return false }
    return end.turn == turn.id - 1 && end.trace === turn.last
  }

  /// Notes what there is at the end of a turn, for `repetition` at the end of the next one.
  package func noteEnd() {
    if let memory = turn.last?.memories.last { turn.end = TurnEnd(turn.id, memory) }
  }
}

// MARK: - What the turn records

/// How far through the turn's structure somebody has come who goes through its instructions.
package struct TurnPlace {
  package fileprivate(set) var position = 0
  fileprivate var leaves = 0
  fileprivate var backwards = 0

  package init() {}
}

/// An operand in the next turn.
package enum TurnValue {
  /// What an event of the turn makes.
  case event(Int)
  /// A tensor from before the turn; whoever asks holds it.
  case node(Unmanaged<Node>)
  /// A tensor of the same numbers that every turn makes.
  case fresh
  /// The same number in every turn, or one that is computed.
  case number(Double)
  case computed
}

extension TurnRepetition {
  /// Whether that is all that the turn records.
  package func isEnd(_ place: TurnPlace) -> Bool {
    place.position == trace.events.count && place.leaves == trace.leaves.count
      && place.backwards == trace.backwards.count
  }

  /// The instruction that stands there, which records something.
  package func line(at place: TurnPlace) -> TurnLine? { trace.script.line(at: place.position) }

  /// Goes past it; nil where its operands are others than the turn had. Gives the leaves of the turn
  /// that are numbers among the operands.
  package func pass(_ line: TurnLine, _ operands: [TurnValue], _ place: inout TurnPlace)
    -> [(leaf: Int, operand: Int)]?
  {
    let step = line.step
    guard graph.defaultDType == step.dtype else { return nil }
    var numbers: [(leaf: Int, operand: Int)] = []
    for (index, entry) in step.entries.enumerated() {
      let leaf = place.leaves + index
      switch entry {
      case .operand(let operand):
        guard isSame(operands[operand], ~TurnReference(truncatingIfNeeded: leaf)) else {
          return nil
        }
      case .number(let operand, _): numbers.append((leaf, operand))
      case .fixed: break
      }
    }
    for (operand, reference) in step.checks where !isSame(operands[operand], reference) {
      return nil
    }
    for (operand, bits) in step.numbers {
      guard case .number(let number) = operands[operand], number.bitPattern == bits else {
        return nil
      }
    }
    place.position += step.count
    place.leaves += step.entries.count
    return numbers
  }

  private func isSame(_ value: TurnValue, _ reference: TurnReference) -> Bool {
    switch value {
    case .event(let event): return Int(reference) == event
    case .node(let node):
      let leaf = Int(~reference)
      guard reference < 0, leaf < expected.count, let known = expected[leaf] else { return false }
      return Unmanaged.passUnretained(known).toOpaque() == node.toOpaque()
    case .fresh:
      let leaf = Int(~reference)
      guard reference < 0, leaf < leaves.count else { return false }
      switch leaves[leaf] {
      case .fresh, .number(_, isSame: true): return true
      default: return false
      }
    case .number, .computed: return false
    }
  }

  /// The call that stands there, which does nothing but record.
  package func span(at place: TurnPlace) -> TurnSpan? { trace.script.span(at: place.position) }

  /// Goes past it; nil where its operands are others, or it begins with something that is neither an
  /// operand nor a param nor one of `states`. Gives the leaves that are numbers of its own, and whether
  /// each was the same in two turns.
  package func pass(
    _ span: TurnSpan, _ operands: [TurnValue?], _ states: [Node], _ place: inout TurnPlace
  ) -> [(leaf: Int, number: Node, isSame: Bool)]? {
    for (value, reference) in zip(operands, span.operands) {
      switch (value, reference) {
      case (nil, nil): continue
      case (let value?, let reference?) where isSame(value, reference): continue
      default: return nil
      }
    }
    var numbers: [(leaf: Int, number: Node, isSame: Bool)] = []
    for leaf in place.leaves..<place.leaves + span.leaves {
      guard let node = expected[leaf] else { return nil }
      let isOperand = span.operands.contains(~TurnReference(truncatingIfNeeded: leaf))
      switch leaves[leaf] {
      case .number(_, let isSame): numbers.append((leaf, node, isSame))
      case .fresh where !isOperand: return nil
      case .same, .event, .fresh:
        let isParameter = node.version?.isCurrent == true && node.version?.parameter?.node === node
        guard
          isOperand || isParameter || node.op === Operator.constant
            || states.contains(where: { $0 === node })
        else { return nil }
      }
    }
    place.position = span.end
    place.leaves += span.leaves
    return numbers
  }

  /// The params that events of a call store to.
  package func stores(of span: TurnSpan) -> [(parameter: Parameter, event: Int)] {
    stores.filter { $0.event >= span.position && $0.event < span.end }.map {
      ($0.parameter, $0.event)
    }
  }

  /// The events that are certain values at the end of the turn; nil for what the turn did not make.
  package func events(of nodes: [Node]) -> [Int?] {
    nodes.map { node in
      kept.first { $0.value.address == TurnEnd.address(node) }?.key
    }
  }

  /// Goes past the store of a param over its value so far; gives its event, nil where the turn has
  /// another one there.
  package func passStore(_ value: TurnValue, over old: TurnValue, _ place: inout TurnPlace)
    -> Int?
  {
    guard place.position < trace.events.count else { return nil }
    let event = trace.events[place.position]
    guard event.op === Operator.parameter, isSame(value, event.operands[0]),
      isSame(old, event.operands[1])
    else { return nil }
    for operand in event.operands where operand == ~TurnReference(truncatingIfNeeded: place.leaves)
    {
      place.leaves += 1
    }
    place.position += 1
    return place.position - 1
  }

  /// Goes past a `backward`; false where the turn has none there.
  package func passBackward(_ loss: TurnValue, _ place: inout TurnPlace) -> Bool {
    guard place.backwards < trace.backwards.count else { return false }
    let known = trace.backwards[place.backwards]
    guard known.position == place.position, isSame(loss, known.loss) else { return false }
    place.position += known.targets.count
    place.backwards += 1
    return true
  }

  /// The event that is the gradient of a param so far in the turn.
  package func gradient(of parameter: Parameter, at place: TurnPlace) -> Int? {
    gradients.last { $0.parameter === parameter && $0.event < place.position }?.event
  }
}

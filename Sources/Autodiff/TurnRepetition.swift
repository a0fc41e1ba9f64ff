// One turn of a loop, to be run without being recorded: what its plan begins with and what it leaves.

import Engine

/// A turn that is run again and again.
package final class TurnRepetition {
  /// Where a leaf of the next turn comes from.
  package enum Leaf: Equatable {
    /// It is the same in every turn, or made anew with the same numbers.
    case same
    case fresh
    /// What the turn before it made.
    case event(Int)
    /// A part of the element that the loop has come to.
    case rows(Int)
    /// A number that is no part of the structure; whether it was the same in two turns.
    case number(DType, isSame: Bool)
  }

  /// Plans whose results take more bytes are not worth it: recording is a small part of them.
  private static let maximumBytes = 1 << 20

  /// What becomes of something that the plan keeps.
  private struct Kept {
    let slot: Int
    let origin: Origin
    let name: String?
    /// The version of a param whose end ended its history.
    let stale: ParameterVersion?
    /// Whether it is a plain value when the turn is over.
    let isPlain: Bool
    /// What was it.
    let node: Node?
  }

  let graph: Graph
  private let plan: Plan
  let trace: TurnTrace
  package let leaves: [Leaf]
  /// What the leaves of the next turn are, numbers aside.
  private(set) var expected: [Node?]
  /// The numbers of the plan's leaves in the first turn.
  private var buffers: [Buffer] = []
  private(set) var resident: ResidentPlan?
  /// The plan's leaves that the turn before made, by its events.
  private var carried: [(place: Int, event: Int)] = []
  private(set) var stores: [(parameter: Parameter, event: Int, slot: Int)] = []
  private(set) var gradients: [(parameter: Parameter, event: Int)] = []
  /// The plan's leaves that are parts of the loop's element.
  private var rows: [(leaf: Int, part: Int)] = []
  /// For each leaf of the turn that is a number, the plan's leaves and what they have.
  private var numbers: [(places: [Int], given: Double?)] = []
  private var kept: [Int: Kept] = [:]
  /// Whether a turn stores to params.
  package var trains: Bool { !stores.isEmpty }
  /// Whether it takes parts of the loop's element.
  package var takesRows: Bool { !rows.isEmpty }

  /// Nil where the last two turns do not tell what the next one begins with.
  ///
  /// - Parameter rows: the parts of the element that the loop had come to.
  init?(_ graph: Graph, _ memory: TurnMemory, after end: TurnEnd, rows: [Node]) {
    let trace = memory.trace
    guard trace.computes.count == 1, let compute = trace.computes.first, compute.isEndOfTurn,
      let plan = compute.plan, !trace.backwards.contains(where: \.isAdding),
      end.trace.isLike(trace)
    else { return nil }
    var leaves: [Leaf] = []
    for (index, leaf) in memory.leaves.enumerated() {
      guard let leaf else { return nil }
      let part = rows.firstIndex { $0 === leaf }
      guard let origin = part.map(Leaf.rows) ?? end.origin(of: leaf, at: index) else { return nil }
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
        isPlain: isPlain, node: node)
      let type = trace.events[result.event].type
      bytes += type.shape.count * type.dtype.size
    }
    return bytes
  }

  private func findLeaves(_ compute: TurnCompute, _ memory: TurnMemory) -> Bool {
    numbers = leaves.map { _ in ([], nil) }
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
        guard kept[event] != nil else { return false }
        carried.append((place, event))
        node = memory.nodes[event]
      case .rows(let part): rows.append((place, part))
      case .number: numbers[index].places.append(place)
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

  // MARK: - Several turns

  /// Whether another turn makes and stores the same, if of other shapes or from other values.
  func isLike(_ other: TurnRepetition) -> Bool {
    self === other
      || trace.isLike(other.trace)
        && stores.elementsEqual(other.stores) {
          $0.parameter === $1.parameter && $0.event == $1.event
        }
        && gradients.elementsEqual(other.gradients) {
          $0.parameter === $1.parameter && $0.event == $1.event
        }
  }

  /// Whether another turn is the same and begins with what this one begins with.
  package func isSame(as other: TurnRepetition) -> Bool {
    trace === other.trace && leaves == other.leaves
  }

  /// It comes after a turn like it, which was the last one.
  func follow(_ last: TurnRepetition) {
    for (index, leaf) in leaves.enumerated() {
      switch leaf {
      case .event(let event): expected[index] = last.kept[event]?.node
      case .number(let dtype, _):
        guard index < last.expected.count, let number = last.expected[index], number.isNumber,
          number.dtype == dtype
        else { continue }
        expected[index] = number
      case .same, .fresh, .rows: continue
      }
    }
  }

  /// What it takes from the turn before it.
  var taken: [Int] { carried.map(\.event) }

  /// What an event made when it was recorded.
  func value(of event: Int) -> Buffer? { kept[event]?.node?.buffer }

  /// Makes its plan one that runs again and again; false where it cannot.
  ///
  /// - Parameter states: what goes from turn to turn, by the events that make it.
  func reside(_ states: ResidentStates, _ events: [Int]) -> Bool {
    var (indices, after) = ([Int: Int](), [(slot: Int, state: Int)]())
    for (index, event) in events.enumerated() {
      guard let kept = kept[event] else { return false }
      indices[event] = index
      after.append((kept.slot, index))
    }
    // Without memory for it the turns are recorded.
    resident = try? ResidentPlan(
      plan, buffers, states,
      before: carried.compactMap { place, event in indices[event].map { (place, $0) } },
      after: after, checked: stores.map(\.slot))
    return resident != nil
  }

  // MARK: - What a turn begins with

  /// Sets a number that the program computes, for the turn that comes next; false where there is no
  /// memory for it.
  package func set(_ leaf: Int, to value: Double) -> Bool {
    if numbers[leaf].given?.bitPattern == value.bitPattern { return true }
    for place in numbers[leaf].places {
      guard (try? resident?.set(place) { _ in value }) != nil else { return false }
    }
    numbers[leaf].given = value
    return true
  }

  /// Whether parts are such as it takes.
  package func takes(_ parts: [Node]) -> Bool {
    takes(count: parts.count) { part in
      parts[part].buffer == nil || parts[part].isTracked ? nil : parts[part].type
    }
  }

  /// Whether a batch is such as it takes.
  package func takes(_ batches: Batches, _ batch: Int) -> Bool {
    takes(count: batches.parts.count) { batches.type($0, batch) }
  }

  private func takes(count: Int, _ type: (Int) -> TensorType?) -> Bool {
    for (leaf, known) in zip(leaves, trace.leaves) {
      guard case .rows(let part) = leaf else { continue }
      guard part < count, type(part) == known.type else { return false }
    }
    return true
  }

  /// Its rows are these, for as long as somebody holds them.
  package func take(_ parts: [Node]) {
    for (leaf, part) in rows {
      if let buffer = parts[part].buffer { resident?.place(leaf, at: buffer) }
    }
  }

  /// Its rows are those of a batch; false where there is no memory for them.
  package func take(_ batches: Batches, _ places: ArraySlice<Int>) -> Bool {
    (try? resident?.take(rows, places, of: batches)) ?? false
  }

  // MARK: - What turns leave

  /// Whether `node` can give what an event made.
  package func keeps(_ event: Int) -> Bool { kept[event]?.isPlain ?? false }

  /// The event that made a value of the last turn that was recorded; nil where none did.
  func event(of node: Node) -> Int? { kept.first { $0.value.node === node }?.key }

  /// What the last turn that was run made, as a plain value.
  func node(_ event: Int) -> Node? {
    guard let kept = kept[event], let buffer = resident?.result(kept.slot) else { return nil }
    let known = trace.events[event]
    let node = Node(
      graph: graph, op: known.op, inputs: [], attributes: known.attributes, type: known.type,
      origin: kept.origin, buffer: buffer, version: nil, isTracked: false,
      serial: graph.nextSerial())
    (node.name, node.staleVersion) = (kept.name, kept.stale)
    return node
  }

  /// Where an event was recorded.
  func origin(of event: Int) -> Origin { kept[event]?.origin ?? .unknown }
}

extension Graph {
  /// Turns that may be run before one is to be recorded again, because it is kept for explanations.
  package var turnsToRepeat: Int { trail.turnsToNext }

  /// Whether the last turns had one structure.
  package var repeatsTurns: Bool { turn.streak >= 2 }

  /// Turns from one that is kept for explanations to the next.
  package var turnsBetweenKept: Int { trail.stride }

  /// The last turn, to be run again; nil where it is not known what the next one begins with. To be
  /// asked at the end of a turn.
  ///
  /// - Parameter rows: the parts of the element that the loop has come to.
  package func repetition(rows: [Node] = []) -> TurnRepetition? {
    guard turn.predicts, let memory = turn.last?.memories.last, knowsLastEnd, let end = turn.end
    else { return nil }
    turn.end = TurnEnd(turn.id, memory)
    return TurnRepetition(self, memory, after: end, rows: rows)
  }

  /// Whether the end of the turn before the last one was noted.
  package var knowsLastEnd: Bool { turn.end?.turn == turn.id - 1 }

  /// Notes what there is at the end of a turn, for `repetition` at the end of the next one.
  package func noteEnd() {
    if let memory = turn.last?.memories.last { turn.end = TurnEnd(turn.id, memory) }
  }
}

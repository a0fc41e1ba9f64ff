// The present turn. The turns of a loop record the same again and again; a turn is compared with
// earlier ones while it is recorded, and as far as it agrees, its shapes, gradients and plans are
// known: no shape rule runs, no gradient is derived, no plan is looked for, and its nodes are those
// of an earlier turn (`TurnMemory`).

import Engine

/// What is recorded from one flush to the next.
final class Turn {
  private static let maximumTraces = 16
  private static let maximumEvents = 100_000
  /// Of each trace: the present turn's, that of the last `backward`, and the one before it, whose
  /// params' values that one began with.
  private static let maximumMemories = 3

  /// Number of the turn; nodes remember in which they were recorded or first used.
  private(set) var id = 0
  /// Events so far.
  private(set) var position = 0
  private(set) var leafCount = 0
  private(set) var backwards = 0
  private(set) var computes = 0
  /// How many of the `backward`s that were left to the plan have been derived after all.
  private(set) var expanded = 0
  /// Whether what is recorded belongs to no event: the inner steps of a gradient.
  var isSuspended = false
  /// False records every turn anew; for tests that compare.
  var predicts = true
  /// The earlier turn with which this one has agreed so far.
  private(set) var predicted: TurnTrace?
  /// Where its values are; nil as long as it has none.
  private(set) var memory: TurnMemory?
  /// What is written down once it agrees with none; nil where it cannot be foretold.
  private(set) var built: TurnTrace?
  /// The last ones, latest last.
  private var traces: [TurnTrace] = []
  /// The structures of the last two turns.
  private var recent: (beforeLast: TurnTrace?, last: TurnTrace?) = (nil, nil)
  /// What the present turn was expected to be because of them.
  private unowned(unsafe) var guess: TurnTrace?
  /// Turns in a row that agreed with the latest one from beginning to end.
  private(set) var streak = 0
  /// What was there at the end of the turn before the last one.
  var end: TurnEnd?

  var isPredicted: Bool { predicted != nil }
  /// The structure of the last turn, where that was recognised to its end.
  private(set) var last: TurnTrace?
  /// How many turns are remembered.
  var memories: Int { traces.reduce(0) { $0 + $1.memories.count } }

  /// The turn is over; a new one begins.
  func finish(_ graph: Graph) {
    last = position > 0 ? predicted : nil
    if let predicted {
      // Only a turn that was begun says something about the next.
      if position > 0 {
        streak = recent.last === predicted ? streak + 1 : 0
        if recent.last !== predicted, guess !== predicted {
          traces.removeAll { $0 === predicted }
          traces.append(predicted)
        }
        note(predicted)
      }
    } else if let built, position > 0, position <= Turn.maximumEvents {
      if traces.count == Turn.maximumTraces { retire(traces.removeFirst(), graph.keeper) }
      (built.nodes, built.leafNodes) = ([], [])
      traces.append(built)
      streak = 0
      note(built)
    }
    reset()
  }

  /// A turn is over that had this structure.
  private func note(_ trace: TurnTrace) {
    if let last = recent.last { last.note(trace, after: recent.beforeLast) }
    recent = (recent.last, trace)
  }

  /// A failed turn tells nothing.
  func reset() {
    id += 1
    (position, leafCount, backwards, computes, expanded) = (0, 0, 0, 0, 0)
    memory = nil
    // What came after the last two turns the last time; else the same again.
    let expected = recent.last?.successor(after: recent.beforeLast)
    guess = expected.flatMap { id in traces.last { ObjectIdentifier($0) == id } }
    if predicts, let likely = guess ?? traces.last {
      predicted = likely
      if built != nil { built = nil }
    } else {
      predicted = nil
      built = TurnTrace()
    }
  }

  /// Forgets all earlier turns.
  func close(_ keeper: (any HandleKeeper)?) {
    for trace in traces { retire(trace, keeper) }
    (traces, streak, last, end) = ([], 0, nil, nil)
    (recent, guess) = ((nil, nil), nil)
    (predicted, memory, built) = (nil, nil, nil)
  }

  private func retire(_ trace: TurnTrace, _ keeper: (any HandleKeeper)?) {
    for memory in trace.memories { memory.release(keeper) }
    // They hold each other.
    trace.memories = []
  }

  /// The memory of the turn that is foretold, ready for its values.
  func remembered(_ graph: Graph, _ trace: TurnTrace) -> TurnMemory {
    if let memory { return memory }
    let spare = spare(graph, trace)
    memory = spare
    return spare
  }

  private func spare(_ graph: Graph, _ trace: TurnTrace) -> TurnMemory {
    let memory: TurnMemory
    if trace.memories.count >= Turn.maximumMemories,
      let place = trace.memories.firstIndex(where: { !$0.isPinned })
    {
      memory = trace.memories.remove(at: place)
      memory.recycle(graph.keeper)
    } else {
      memory = TurnMemory(trace)
    }
    memory.backwards.removeAll(keepingCapacity: true)
    trace.memories.append(memory)
    return memory
  }

  /// The turn goes its own way from here on.
  private func leave(_ graph: Graph) throws(OperatorProblem) {
    guard let known = predicted else { return }
    let built = TurnTrace(
      known, events: position, leaves: leafCount, backwards: backwards, computes: computes)
    let memory = memory
    if let memory { graph.writeDown(memory) }
    let given = memory?.giveAway(position, graph.keeper) ?? []
    self.built = built
    predicted = nil
    self.memory = nil
    built.nodes = given
    built.leafNodes =
      memory.map { memory in (0..<leafCount).compactMap { memory.leaves[$0] } } ?? []
    graph.resume(given)
    if let memory { try graph.expand(memory, built, from: expanded) }
    expanded = backwards
  }

  /// What an earlier turn says; the first that begins like this one is asked first.
  private func ask<T>(_ graph: Graph, _ test: (TurnTrace, TurnMemory) -> T?)
    throws(OperatorProblem) -> T?
  {
    guard let known = predicted else { return nil }
    let memory = remembered(graph, known)
    let before = leafCount
    if let answer = test(known, memory) { return answer }
    forgetLeaves(from: before, memory)
    for other in traces.reversed() where other !== known {
      guard
        other.agrees(
          with: known, events: position, leaves: leafCount, backwards: backwards,
          computes: computes)
      else { continue }
      let otherMemory = spare(graph, other)
      otherMemory.takeOver(position, leaves: leafCount, from: memory)
      if let answer = test(other, otherMemory) {
        graph.move(from: memory, to: otherMemory)
        predicted = other
        self.memory = otherMemory
        return answer
      }
      forgetLeaves(from: before, otherMemory)
      memory.takeOver(position, leaves: leafCount, from: otherMemory)
    }
    try leave(graph)
    return nil
  }

  /// Values that were not the turn's after all.
  private func forgetLeaves(from count: Int, _ memory: TurnMemory) {
    for index in count..<leafCount { memory.leaves[index]?.turn = -1 }
    leafCount = count
  }

  // MARK: - Values

  /// The value of an event that an earlier turn had here, where it is the same operator of the same
  /// operands.
  func foretell(
    _ graph: Graph, _ op: Operator, _ operands: [Node], _ attributes: Attributes,
    isComputed: Bool = false
  ) throws(OperatorProblem) -> Node? {
    guard predicted != nil else { return nil }
    let isKnown: Bool? = try ask(graph) { trace, memory in
      guard position < trace.events.count else { return nil }
      let event = trace.events[position]
      guard event.op === op, event.operands.count == operands.count,
        event.isComputed == isComputed
      else { return nil }
      for (index, operand) in operands.enumerated() {
        guard agrees(operand, event.operands[index], trace, memory) else { return nil }
      }
      return event.attributes == attributes ? true : nil
    }
    guard isKnown != nil, let memory else { return nil }
    return lend(graph, memory).takeUnretainedValue()
  }

  /// As above, for a param's store over its value so far.
  func foretellStore(_ graph: Graph, _ value: Node, over old: Node, isComputed: Bool)
    throws(OperatorProblem) -> Node?
  {
    guard predicted != nil else { return nil }
    let isKnown: Bool? = try ask(graph) { trace, memory in
      guard position < trace.events.count else { return nil }
      let event = trace.events[position]
      guard event.op === Operator.parameter, event.isComputed == isComputed,
        agrees(value, event.operands[0], trace, memory),
        agrees(old, event.operands[1], trace, memory)
      else { return nil }
      return true
    }
    guard isKnown != nil, let memory else { return nil }
    return lend(graph, memory).takeUnretainedValue()
  }

  /// The node of the next event.
  func lend(_ graph: Graph, _ memory: TurnMemory) -> Unmanaged<Node> {
    let lent = memory.take(position, graph)
    lent._withUnsafeGuaranteedRef { node in
      node.memory = memory
      node.serial = graph.nextSerial()
      node.origin = graph.origin
      if let group = graph.group { node.group = group }
      node.turn = id
      node.reference = TurnReference(truncatingIfNeeded: position)
    }
    position += 1
    if Graph.isTimeToLook(position) {
      graph.noteWaiting(position, isIdle: predicted?.isIdle ?? false)
    }
    return lent
  }

  /// A number that a step brings into the turn: the leaf of an earlier turn, where it is the same.
  func enter(
    _ number: Double, _ dtype: DType, isLiteral: Bool, _ memory: TurnMemory, _ graph: Graph
  ) {
    let index = leafCount
    let leaf: Node
    if let known = memory.leaves[index], known.isNumber, known.dtype == dtype,
      known.exact.bitPattern == number.bitPattern
    {
      leaf = known
    } else {
      leaf = isLiteral ? graph.constant(number, dtype) : graph.input(number, dtype)
      memory.enter(leaf, at: index)
    }
    leaf.turn = id
    leaf.reference = ~TurnReference(truncatingIfNeeded: index)
    leafCount += 1
  }

  func agrees(
    _ node: Node, _ reference: TurnReference, _ trace: TurnTrace, _ memory: TurnMemory
  ) -> Bool {
    if node.turn == id { return node.reference == reference }
    guard reference == ~TurnReference(truncatingIfNeeded: leafCount) else { return false }
    // Data that was there an earlier turn needs no second look.
    if node.isTracked || !memory.holds(node, at: leafCount) {
      guard TurnLeaf(node) == trace.leaves[leafCount] else { return false }
      memory.enter(node, at: leafCount)
    }
    node.turn = id
    node.reference = reference
    leafCount += 1
    return true
  }

  /// A node that was recorded anew; `operands` as in `foretell`.
  func add(_ node: Node, _ operands: [Node], isComputed: Bool = false) {
    let reference = TurnReference(truncatingIfNeeded: position)
    if let built {
      let references = operands.compactMap { self.reference($0) }
      if references.count == operands.count {
        built.events.append(
          TurnEvent(
            op: node.op, attributes: node.attributes, operands: references, type: node.type,
            isTracked: node.isTracked, isComputed: isComputed))
        built.nodes.append(node)
      } else {
        forgetBuilt()
      }
    }
    node.turn = id
    node.reference = reference
    position += 1
  }

  private func forgetBuilt() { built = nil }

  /// How this turn refers to a value; nil where that would not tell the whole structure.
  private func reference(_ node: Node) -> TurnReference? {
    if node.turn == id { return node.reference }
    guard let built, let leaf = TurnLeaf(node) else { return nil }
    node.turn = id
    node.reference = ~TurnReference(truncatingIfNeeded: leafCount)
    built.leafNodes.append(node)
    built.leaves.append(leaf)
    leafCount += 1
    return node.reference
  }

  // MARK: - Gradients

  /// The `backward` that an earlier turn had here.
  func expectBackward(_ graph: Graph, _ loss: Node, isAdding: Bool) throws(OperatorProblem)
    -> (TurnBackward, TurnMemory)?
  {
    guard predicted != nil else { return nil }
    let answer: (TurnBackward, TurnMemory)? = try ask(graph) { trace, memory in
      guard backwards < trace.backwards.count else { return nil }
      let known = trace.backwards[backwards]
      guard known.position == position, known.isAdding == isAdding, loss.turn == id,
        loss.reference == known.loss
      else { return nil }
      for target in known.targets {
        guard let version = memory.node(target)?.version, version.isCurrent,
          version.parameter?.isFrozen == false
        else { return nil }
      }
      for leaf in known.frozen where memory.node(leaf)?.version?.parameter?.isFrozen != true {
        return nil
      }
      return (known, memory)
    }
    if answer != nil { backwards += 1 }
    return answer
  }

  /// All `backward`s so far have been derived.
  func noteExpanded() { expanded = backwards }

  func addBackward(
    _ loss: Node, isAdding: Bool, targets: [Node], frozen: [Node], serials: Int
  ) {
    defer {
      backwards += 1
      expanded = backwards
    }
    guard let built else { return }
    let loss = reference(loss)
    let references = (targets.compactMap(reference), frozen.compactMap(reference))
    guard let loss, references.0.count == targets.count, references.1.count == frozen.count else {
      return forgetBuilt()
    }
    built.backwards.append(
      TurnBackward(
        position: position, loss: loss, isAdding: isAdding, targets: references.0,
        frozen: references.1, serials: serials))
  }

  // MARK: - Plans

  /// The plan that an earlier turn ran here; what waits for the end of the turn asks for no roots of
  /// its own.
  func expectCompute(_ graph: Graph, _ roots: [Node]?, keepsTracked: Bool)
    throws(OperatorProblem) -> (TurnCompute, TurnMemory)?
  {
    guard predicted != nil, position > 0 || roots != nil else { return nil }
    if let memory { graph.keeper?.count(memory, position) }
    let answer: (TurnCompute, TurnMemory)? = try ask(graph) { trace, memory in
      guard computes < trace.computes.count else { return nil }
      let known = trace.computes[computes]
      guard known.position == position, known.backwards == backwards,
        known.keepsTracked == keepsTracked, known.isEndOfTurn == (roots == nil),
        isSame(roots, known, memory), known.sources.allSatisfy({ $0.isReady(memory) })
      else { return nil }
      return (known, memory)
    }
    if answer != nil { computes += 1 }
    return answer
  }

  private func isSame(_ roots: [Node]?, _ known: TurnCompute, _ memory: TurnMemory) -> Bool {
    if let roots {
      guard roots.count == known.roots.count else { return false }
      for (root, reference) in zip(roots, known.roots)
      where root.turn != id || root.reference != reference { return false }
    }
    // Whether the program holds a value decides whether the plan keeps it.
    for event in 0..<position {
      guard let node = memory.nodes[event] else { return false }
      guard (node.buffer == nil && node.handles > 0) == known.isHeld[event] else { return false }
    }
    return true
  }

  /// A plan that was looked for and found or made, nil where nothing was to be computed; before it
  /// runs, while leaves are leaves.
  func addCompute(
    _ key: PlanKey?, _ plan: Plan?, _ roots: [Node], keepsTracked: Bool, isEndOfTurn: Bool
  ) {
    defer { computes += 1 }
    guard let built else { return }
    let leaves = key?.leaves ?? []
    let sources = leaves.compactMap(source)
    let references = roots.compactMap { $0.turn == id ? $0.reference : nil }
    guard sources.count == leaves.count, references.count == roots.count,
      built.nodes.count == position, built.heldCount + position <= TurnTrace.maximumHeldCount
    else { return forgetBuilt() }
    built.heldCount += position
    var results: [TurnCompute.Result] = []
    for (slot, node) in (key?.nodes ?? []).enumerated() where node.turn == id {
      guard node.reference >= 0 else { continue }
      results.append(
        TurnCompute.Result(
          slot: slot, event: Int(node.reference), isRoot: key?.entries[slot].isRoot ?? false))
    }
    built.computes.append(
      TurnCompute(
        position: position, backwards: backwards, keepsTracked: keepsTracked,
        isEndOfTurn: isEndOfTurn, roots: references, plan: plan, sources: sources,
        results: results,
        isHeld: built.nodes.map { $0.buffer == nil && $0.handles > 0 }))
  }

  private func source(_ leaf: Node) -> TurnCompute.Source? {
    if leaf.turn == id {
      return leaf.reference >= 0 ? .event(Int(leaf.reference)) : .leaf(Int(~leaf.reference))
    }
    return leaf.op === Operator.constant ? leaf.buffer.map { .fixed($0) } : nil
  }
}

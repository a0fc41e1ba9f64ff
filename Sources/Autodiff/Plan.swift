// What is to be computed, recognised by its structure: record → key → plan → run (`Plans`).

import Engine

/// One entry of a plan's key: everything that decides what a node does, nothing that changes from
/// step to step.
struct PlanEntry: Hashable {
  let op: Int
  let attributes: Attributes
  let type: TensorType
  /// Slots of the operands; -1 - i for the i-th leaf.
  let operands: [Int32]
  /// Whether its numbers are wanted when the plan has run.
  let isRoot: Bool
}

/// The structure of what is to be computed, in topological order, with its leaves.
struct PlanKey {
  var entries: [PlanEntry] = []
  var leafTypes: [TensorType] = []
  /// Literals of the source that simplify what they meet, nil for all other leaves.
  var literals: [Double?] = []
  var nodes: [Node] = []
  var leaves: [Node] = []
  var hash = 0

  /// Orders everything that `roots` need. No recursion: graphs can be deep.
  init(_ graph: Graph, roots: [Node], keepsTracked: Bool) {
    let mark = graph.nextMark()
    var order: [Node] = []
    var stack: [Node] = roots
    var seen: [Node] = []
    while let node = stack.popLast() {
      if node.mark == mark { continue }
      node.mark = mark
      seen.append(node)
      if node.buffer == nil {
        order.append(node)
        for input in node.inputs where input.mark != mark { stack.append(input) }
      } else {
        node.slot = -1 - leaves.count
        leaves.append(node)
        leafTypes.append(node.type)
        literals.append(PlanKey.literal(node))
      }
    }
    for root in roots { root.isWanted = true }
    // Operands are recorded before what uses them.
    order.sort { $0.serial < $1.serial }
    var hasher = Hasher()
    for (slot, node) in order.enumerated() {
      node.slot = slot
      let wanted =
        node.isWanted || node.handles > 0
        || (keepsTracked && node.isTracked && node.turn == graph.turn.id
          && node.shape.count <= 1 << 18)
      node.isWanted = false
      let entry = PlanEntry(
        op: node.op.id, attributes: node.attributes, type: node.type,
        operands: node.inputs.map { Int32(truncatingIfNeeded: $0.slot) }, isRoot: wanted)
      hasher.combine(entry)
      entries.append(entry)
    }
    nodes = order
    for root in roots { root.isWanted = false }
    for type in leafTypes { hasher.combine(type) }
    hasher.combine(literals)
    hash = hasher.finalize()
  }

  /// 0 or 1 where the source spells it out; other numbers change nothing in a plan.
  private static func literal(_ node: Node) -> Double? {
    guard node.op === Operator.constant, node.exact == 0 || node.exact == 1 else { return nil }
    return node.exact
  }
}

extension Graph {
  private static let maximumPlans = 512

  /// Computes all `roots` in one plan.
  package func force(_ roots: [Node]) throws(OperatorProblem) {
    if notesLooks, looked == nil { looked = roots.first { $0.isTracked } }
    let missing = roots.filter { $0.buffer == nil }
    guard !missing.isEmpty else { return }
    try compute(missing, keepsTracked: true)
    // What was recorded for it is over with the turn, which is recognised when it comes again.
    wantsFlush = true
  }

  /// Computes `roots` and what must be kept on the way, by the plan that an earlier turn ran here or
  /// by one that is looked for.
  func compute(_ roots: [Node], keepsTracked: Bool) throws(OperatorProblem) {
    if let (known, memory) = try turn.expectCompute(self, roots, keepsTracked: keepsTracked) {
      try run(known, memory)
      return letOperandsGo(known, memory)
    }
    try computeAnew(roots, keepsTracked: keepsTracked, isEndOfTurn: false)
  }

  func computeAnew(_ roots: [Node], keepsTracked: Bool, isEndOfTurn: Bool)
    throws(OperatorProblem)
  {
    try expandBackwards()
    let key = PlanKey(self, roots: roots, keepsTracked: keepsTracked)
    let plan = try plan(for: key)
    turn.addCompute(
      key, plan, roots, keepsTracked: keepsTracked, isEndOfTurn: isEndOfTurn)
    defer { plan.releaseOutputs() }
    try plan.run(key.leaves.compactMap(\.buffer)) { key.nodes[$0] }
    recentPlans?.note(plan, key, self)
    for (slot, node) in key.nodes.enumerated() where plan.entries[slot].isRoot {
      node.finish(plan.outputs[slot])
    }
  }

  /// Runs the plan that an earlier turn ran here.
  func run(_ known: TurnCompute, _ memory: TurnMemory) throws(OperatorProblem) {
    planHits += 1
    guard let plan = known.plan else { return }
    known.gather(memory)
    defer {
      known.releaseLeaves()
      plan.releaseOutputs()
    }
    do throws(OperatorProblem) {
      try plan.run(known.leaves) { step in
        known.results.first { $0.slot == step }.flatMap { memory.nodes[$0.event] }
      }
    } catch {
      guard error.kind != .interrupt, error.origin == .unknown else { throw error }
      try failAgain(known.roots.compactMap { memory.node($0) }, known.keepsTracked)
      throw error
    }
    for result in known.results where result.isRoot {
      memory.nodes[result.event]?.buffer = plan.outputs[result.slot]
    }
  }

  /// Values without a gradient path need their operands no more; what becomes of the others the end
  /// of the turn tells.
  func letOperandsGo(_ known: TurnCompute, _ memory: TurnMemory) {
    for result in known.results where result.isRoot {
      if let node = memory.nodes[result.event], !node.isTracked, !isWalked(node) {
        node.dropInputs()
      }
    }
  }

  /// What failed in a derivative that was left to the plan fails again with the derivative
  /// recorded, which knows where it comes from.
  private func failAgain(_ roots: [Node], _ keepsTracked: Bool) throws(OperatorProblem) {
    try expandBackwards()
    let key = PlanKey(self, roots: roots, keepsTracked: keepsTracked)
    let plan = try plan(for: key)
    defer { plan.releaseOutputs() }
    try plan.run(key.leaves.compactMap(\.buffer)) { key.nodes[$0] }
  }

  /// The plan of a structure, found or made.
  private func plan(for key: PlanKey) throws(OperatorProblem) -> Plan {
    if let known = plans[key.hash]?.first(where: { $0.matches(key) }) {
      planHits += 1
      return known
    }
    let plan = try Plan(key)
    planCount += 1
    if plans.count >= Graph.maximumPlans { plans.removeAll(keepingCapacity: true) }
    plans[key.hash, default: []].append(plan)
    return plan
  }
}

extension Node {
  /// The user's name, also for the same numbers in another element type.
  var knownName: String? {
    var node = self
    while node.name == nil, node.op === Operator.convert, let inner = node.inputs.first {
      node = inner
    }
    return node.version?.parameter?.name ?? node.name
  }

  /// Takes its numbers; without a gradient path it needs its operands no more.
  func finish(_ buffer: Buffer?) {
    self.buffer = buffer
    // What a param's value was made of tells how it came about, should it not be finite.
    if version != nil { return }
    if isTracked {
      graph.candidates.append(self)
    } else if graph.keepsOperands {
      graph.finished.append(self)
    } else if !graph.isWalked(self) {
      dropInputs()
    }
  }
}

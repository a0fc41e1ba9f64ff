// Plans: what to compute in which order, found again by structure. Record → key → plan → run.

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
    hash = hasher.finalize()
  }
}

/// One operator call of a plan.
final class PlanStep {
  let op: Operator
  let attributes: Attributes
  let type: TensorType
  /// Slots of the operands; −1 − i for the i-th leaf.
  let operands: [Int32]
  let inputShapes: [Shape]
  /// Slots whose last reader it is.
  let releases: [Int]

  init(_ node: Node, operands: [Int32], releases: [Int]) {
    (op, attributes, type) = (node.op, node.attributes, node.type)
    inputShapes = node.inputs.map(\.shape)
    (self.operands, self.releases) = (operands, releases)
  }
}

/// Steps in order.
final class Plan {
  let entries: [PlanEntry]
  let leafTypes: [TensorType]
  let steps: [PlanStep]

  init(_ key: PlanKey) {
    entries = key.entries
    leafTypes = key.leafTypes
    var lastUse = [Int](repeating: -1, count: key.entries.count)
    for (step, entry) in key.entries.enumerated() {
      for operand in entry.operands where operand >= 0 { lastUse[Int(operand)] = step }
    }
    var releases = [[Int]](repeating: [], count: key.entries.count)
    for (slot, step) in lastUse.enumerated() where step >= 0 && !key.entries[slot].isRoot {
      releases[step].append(slot)
    }
    steps = key.nodes.enumerated().map { index, node in
      PlanStep(node, operands: key.entries[index].operands, releases: releases[index])
    }
  }

  func matches(_ key: PlanKey) -> Bool {
    entries == key.entries && leafTypes == key.leafTypes
  }
}

extension Graph {
  private static let maximumPlans = 512

  /// Computes all `roots` in one plan.
  package func force(_ roots: [Node]) throws(OperatorProblem) {
    let missing = roots.filter { $0.buffer == nil }
    guard !missing.isEmpty else { return }
    try compute(missing, keepsTracked: true)
  }

  func compute(_ roots: [Node], keepsTracked: Bool) throws(OperatorProblem) {
    if let (known, leaves) = try turn.expectCompute(self, roots, keepsTracked: keepsTracked) {
      planHits += 1
      let nodes = turn.nodes
      var places = [Int](repeating: -1, count: known.plan.steps.count)
      for (slot, event, _) in known.events { places[slot] = event }
      let buffers: [Buffer?]
      do throws(OperatorProblem) {
        buffers = try run(known.plan, leaves) { step in
          places[step] >= 0 ? nodes[places[step]].origin : .unknown
        }
      } catch {
        guard error.kind != .interrupt, error.origin == .unknown else { throw error }
        try failAgain(roots, keepsTracked)
        throw error
      }
      for (slot, event, _) in known.events where known.plan.entries[slot].isRoot {
        nodes[event].finish(buffers[slot])
      }
      return
    }
    try expandBackwards()
    let key = PlanKey(self, roots: roots, keepsTracked: keepsTracked)
    let plan = plan(for: key)
    turn.addCompute(key, plan, roots, keepsTracked: keepsTracked)
    let buffers = try run(plan, key.leaves.compactMap(\.buffer)) { key.nodes[$0].origin }
    for (slot, node) in key.nodes.enumerated() where plan.entries[slot].isRoot {
      node.finish(buffers[slot])
    }
  }

  /// What failed in a derivative that was left to the plan fails again with the derivative
  /// recorded, which knows where it comes from.
  private func failAgain(_ roots: [Node], _ keepsTracked: Bool) throws(OperatorProblem) {
    try expandBackwards()
    let key = PlanKey(self, roots: roots, keepsTracked: keepsTracked)
    _ = try run(plan(for: key), key.leaves.compactMap(\.buffer)) { key.nodes[$0].origin }
  }

  /// The plan of a structure, found or made.
  private func plan(for key: PlanKey) -> Plan {
    if let known = plans[key.hash]?.first(where: { $0.matches(key) }) {
      planHits += 1
      return known
    }
    let plan = Plan(key)
    planCount += 1
    if plans.count >= Graph.maximumPlans { plans.removeAll(keepingCapacity: true) }
    plans[key.hash, default: []].append(plan)
    return plan
  }

  /// Runs a plan step by step; the buffers of its slots, nil for those that were let go.
  private func run(_ plan: Plan, _ leaves: [Buffer], origin: (Int) -> Origin)
    throws(OperatorProblem) -> [Buffer?]
  {
    var buffers = [Buffer?](repeating: nil, count: plan.steps.count)
    for index in plan.steps.indices {
      do throws(OperatorProblem) {
        buffers[index] = try run(plan.steps[index], buffers, leaves)
      } catch {
        var problem = error
        if problem.kind != .memory { problem.origin = origin(index) }
        throw problem
      }
      for slot in plan.steps[index].releases { buffers[slot] = nil }
    }
    return buffers
  }

  /// Throws where work was interrupted: kernels that were just end.
  package static func checkInterrupt() throws(OperatorProblem) {
    if Interrupts.isRequested { throw OperatorProblem(.interrupt, "interrupted") }
  }

  private func run(_ step: PlanStep, _ buffers: [Buffer?], _ leaves: [Buffer])
    throws(OperatorProblem) -> Buffer
  {
    var inputs: [Buffer] = []
    inputs.reserveCapacity(step.operands.count)
    for operand in step.operands {
      guard let buffer = operand >= 0 ? buffers[Int(operand)] : leaves[Int(-1 - operand)] else {
        throw OperatorProblem(.memory, "an operand of \(step.op.name) was let go too early")
      }
      inputs.append(buffer)
    }
    if step.op.isAlias { return inputs[0] }
    let output: Buffer
    do { output = try Buffer(step.type.dtype, count: step.type.shape.count) } catch {
      throw Graph.memoryProblem(error)
    }
    do throws(OperatorProblem) {
      try step.op.kernel(
        KernelCall(
          inputs: inputs, inputShapes: step.inputShapes, output: output, shape: step.type.shape,
          attributes: step.attributes))
    } catch {
      // What an interrupted kernel complains about may be its own half of the work.
      try Graph.checkInterrupt()
      throw error
    }
    try Graph.checkInterrupt()
    return output
  }
}

extension Node {
  /// Takes its numbers; without a gradient path it needs its operands no more.
  func finish(_ buffer: Buffer?) {
    self.buffer = buffer
    if !isTracked || version != nil { dropInputs() } else { graph.candidates.append(self) }
  }

  /// Lets the operands go without recursion, however long the chain behind them.
  func dropInputs() {
    var stack = inputs
    inputs = []
    while var last = stack.popLast() {
      if isKnownUniquelyReferenced(&last), !last.inputs.isEmpty {
        stack.append(contentsOf: last.inputs)
        last.inputs = []
      }
    }
  }
}

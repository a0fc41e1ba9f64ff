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
        || (keepsTracked && node.isTracked && node.shape.count <= 1 << 18)
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

/// Steps in order with what may be let go after each.
final class Plan {
  let entries: [PlanEntry]
  let leafTypes: [TensorType]
  /// Slots whose last reader is the step of this index.
  let releases: [[Int]]

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
    self.releases = releases
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
    let key = PlanKey(self, roots: roots, keepsTracked: keepsTracked)
    let plan: Plan
    if let known = plans[key.hash]?.first(where: { $0.matches(key) }) {
      plan = known
      planHits += 1
    } else {
      plan = Plan(key)
      planCount += 1
      if plans.count >= Graph.maximumPlans { plans.removeAll(keepingCapacity: true) }
      plans[key.hash, default: []].append(plan)
    }
    try run(plan, key)
  }

  /// Runs a plan step by step on the nodes of a key.
  private func run(_ plan: Plan, _ key: PlanKey) throws(OperatorProblem) {
    var buffers = [Buffer?](repeating: nil, count: plan.entries.count)
    for step in 0..<plan.entries.count {
      if isInterrupted() { throw OperatorProblem(.interrupt, "interrupted") }
      let node = key.nodes[step]
      buffers[step] = try runStep(node, plan.entries[step], buffers, key.leaves)
      for slot in plan.releases[step] { buffers[slot] = nil }
    }
    for step in 0..<plan.entries.count where plan.entries[step].isRoot {
      key.nodes[step].finish(buffers[step])
    }
  }

  private func runStep(
    _ node: Node, _ entry: PlanEntry, _ buffers: [Buffer?], _ leaves: [Node]
  ) throws(OperatorProblem) -> Buffer {
    var inputs: [Buffer] = []
    var shapes: [Shape] = []
    for (index, operand) in entry.operands.enumerated() {
      let buffer = operand >= 0 ? buffers[Int(operand)] : leaves[Int(-1 - operand)].buffer
      guard let buffer else {
        throw OperatorProblem(.memory, "an operand of \(node.op.name) was let go too early")
      }
      inputs.append(buffer)
      shapes.append(node.inputs[index].shape)
    }
    if node.op.isAlias { return inputs[0] }
    let output: Buffer
    do { output = try Buffer(node.dtype, count: node.shape.count) } catch {
      throw Graph.memoryProblem(error)
    }
    do {
      try node.op.kernel(
        KernelCall(
          inputs: inputs, inputShapes: shapes, output: output, shape: node.shape,
          attributes: node.attributes, isInterrupted: isInterrupted))
    } catch {
      var problem = error
      problem.origin = node.origin
      throw problem
    }
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

// The present turn. The turns of a loop record the same again and again; a turn is compared with
// earlier ones while it is recorded, and as far as it agrees, its shapes, gradients and plans are
// known: no shape rule runs, no gradient is derived, no plan is looked for.

import Engine

/// What is recorded from one flush to the next.
final class Turn {
  /// A `backward` whose gradients are still to be derived: the plan knows them.
  struct PendingBackward {
    let loss: Node
    let targets: [Node]
    let results: [Node]
    let serial: Int
    let origin: Origin
  }

  private static let maximumTraces = 16
  private static let maximumEvents = 100_000

  /// Number of the turn; nodes remember in which they were recorded or first used.
  private(set) var id = 0
  /// The node of every event.
  private(set) var nodes: [Node] = []
  /// Values from before the turn, in the order of their first use.
  private(set) var leaves: [Node] = []
  private(set) var backwards = 0
  private(set) var computes = 0
  var pending: [PendingBackward] = []
  /// Whether what is recorded belongs to no event: the inner steps of a gradient.
  var isSuspended = false
  /// False records every turn anew; for tests that compare.
  var predicts = true
  /// The earlier turn with which this one has agreed so far.
  private var predicted: TurnTrace?
  /// What is written down once it agrees with none; nil where it cannot be foretold.
  private var built: TurnTrace?
  /// The last ones, latest last.
  private var traces: [TurnTrace] = []

  var position: Int { nodes.count }
  var isPredicted: Bool { predicted != nil }

  /// The turn is over; a new one begins.
  func finish() {
    if let predicted {
      // Only a turn that was begun says something about the next.
      if position > 0, traces.last !== predicted {
        traces.removeAll { $0 === predicted }
        traces.append(predicted)
      }
    } else if let built, position > 0, position <= Turn.maximumEvents {
      if traces.count == Turn.maximumTraces { traces.removeFirst() }
      traces.append(built)
    }
    reset()
  }

  /// A failed turn tells nothing.
  func reset() {
    id += 1
    nodes.removeAll(keepingCapacity: true)
    leaves.removeAll(keepingCapacity: true)
    pending.removeAll(keepingCapacity: true)
    (backwards, computes) = (0, 0)
    predicted = predicts ? traces.last : nil
    built = predicted == nil ? TurnTrace() : nil
  }

  /// The turn goes its own way from here on.
  private func leave(_ graph: Graph) throws(OperatorProblem) {
    guard let known = predicted else { return }
    built = TurnTrace(
      known, events: position, leaves: leaves.count, backwards: backwards, computes: computes)
    predicted = nil
    try graph.expandBackwards()
  }

  /// What an earlier turn says; the first that begins like this one is asked first.
  private func ask<T>(_ graph: Graph, _ test: (TurnTrace) -> T?) throws(OperatorProblem) -> T? {
    guard let known = predicted else { return nil }
    if let answer = test(known) { return answer }
    for other in traces.reversed() where other !== known {
      guard
        other.agrees(
          with: known, events: position, leaves: leaves.count, backwards: backwards,
          computes: computes)
      else { continue }
      if let answer = test(other) {
        predicted = other
        return answer
      }
    }
    try leave(graph)
    return nil
  }

  // MARK: - Values

  /// The event that an earlier turn had here, where it is the same operator of the same operands.
  func expect(
    _ graph: Graph, _ op: Operator, _ operands: [Node], _ attributes: Attributes,
    isComputed: Bool = false
  ) throws(OperatorProblem) -> TurnEvent? {
    guard predicted != nil else { return nil }
    return try ask(graph) { trace in
      guard position < trace.events.count else { return nil }
      let event = trace.events[position]
      guard event.op === op, event.operands.count == operands.count,
        event.isComputed == isComputed
      else { return nil }
      for (index, operand) in operands.enumerated() {
        guard agrees(operand, event.operands[index], trace) else { return nil }
      }
      return event.attributes == attributes ? event : nil
    }
  }

  private func agrees(_ node: Node, _ reference: TurnReference, _ trace: TurnTrace) -> Bool {
    if node.turn == id { return node.reference == reference }
    let index = leaves.count
    guard reference == ~TurnReference(truncatingIfNeeded: index),
      TurnLeaf(node) == trace.leaves[index]
    else { return false }
    enter(leaf: node)
    return true
  }

  private func enter(leaf: Node) {
    leaf.turn = id
    leaf.reference = ~TurnReference(truncatingIfNeeded: leaves.count)
    leaves.append(leaf)
  }

  /// A node that was recorded; `operands` as in `expect`.
  func add(
    _ node: Node, _ operands: [Node], isComputed: Bool = false, isKnown: Bool
  ) {
    let reference = TurnReference(truncatingIfNeeded: position)
    if !isKnown, let built {
      let references = operands.compactMap { self.reference($0) }
      if references.count == operands.count {
        built.events.append(
          TurnEvent(
            op: node.op, attributes: node.attributes, operands: references, type: node.type,
            isTracked: node.isTracked, isComputed: isComputed))
      } else {
        self.built = nil
      }
    }
    node.turn = id
    node.reference = reference
    nodes.append(node)
  }

  /// How this turn refers to a value; nil where that would not tell the whole structure.
  private func reference(_ node: Node) -> TurnReference? {
    if node.turn == id { return node.reference }
    guard let built, let leaf = TurnLeaf(node) else { return nil }
    enter(leaf: node)
    built.leaves.append(leaf)
    return node.reference
  }

  private func node(_ reference: TurnReference) -> Node {
    reference >= 0 ? nodes[Int(reference)] : leaves[Int(~reference)]
  }

  // MARK: - Gradients

  /// The params' leaves and the types of their gradients, where an earlier turn had this
  /// `backward` here.
  func expectBackward(_ graph: Graph, _ loss: Node, isAdding: Bool) throws(OperatorProblem) -> (
    targets: [Node], types: [TensorType], serials: Int
  )? {
    guard predicted != nil else { return nil }
    let answer: (TurnBackward, [Node], [TensorType])? = try ask(graph) { trace in
      guard backwards < trace.backwards.count else { return nil }
      let known = trace.backwards[backwards]
      guard known.position == position, known.isAdding == isAdding, loss.turn == id,
        loss.reference == known.loss
      else { return nil }
      let targets = known.targets.map(node)
      let isSame =
        targets.allSatisfy {
          $0.version?.parameter?.isFrozen == false && $0.version?.isCurrent == true
        }
        && known.frozen.allSatisfy { node($0).version?.parameter?.isFrozen == true }
      guard isSame else { return nil }
      let types = trace.events[position..<position + targets.count].map(\.type)
      return (known, targets, types)
    }
    guard let (known, targets, types) = answer else { return nil }
    backwards += 1
    return (targets, types, known.serials)
  }

  func addBackward(
    _ loss: Node, isAdding: Bool, targets: [Node], frozen: [Node], serials: Int
  ) {
    defer { backwards += 1 }
    guard let built else { return }
    guard let loss = reference(loss) else {
      self.built = nil
      return
    }
    let (targets, frozen) = (targets.compactMap(reference), frozen.compactMap(reference))
    guard self.built != nil else { return }
    built.backwards.append(
      TurnBackward(
        position: position, loss: loss, isAdding: isAdding, targets: targets, frozen: frozen,
        serials: serials))
  }

  // MARK: - Plans

  /// The plan that an earlier turn ran here, with the buffers of its leaves.
  func expectCompute(_ graph: Graph, _ roots: [Node], keepsTracked: Bool) throws(OperatorProblem)
    -> (TurnCompute, [Buffer])?
  {
    guard predicted != nil else { return nil }
    let answer: (TurnCompute, [Buffer])? = try ask(graph) { trace in
      guard computes < trace.computes.count else { return nil }
      let known = trace.computes[computes]
      guard known.position == position, known.backwards == backwards,
        known.keepsTracked == keepsTracked, known.roots.count == roots.count
      else { return nil }
      for (root, reference) in zip(roots, known.roots) {
        guard root.turn == id, root.reference == reference else { return nil }
      }
      for (_, event, isHeld) in known.events {
        let node = nodes[event]
        guard node.buffer == nil, (node.handles > 0) == isHeld else { return nil }
      }
      var buffers: [Buffer] = []
      buffers.reserveCapacity(known.sources.count)
      for source in known.sources {
        let buffer =
          switch source {
          case .leaf(let index): leaves[index].buffer
          case .event(let index): nodes[index].buffer
          case .fixed(let buffer): buffer
          }
        guard let buffer else { return nil }
        buffers.append(buffer)
      }
      return (known, buffers)
    }
    if answer != nil { computes += 1 }
    return answer
  }

  /// A plan that was looked for and found or made; before it runs, while leaves are leaves.
  func addCompute(_ key: PlanKey, _ plan: Plan, _ roots: [Node], keepsTracked: Bool) {
    defer { computes += 1 }
    guard let built else { return }
    let sources = key.leaves.compactMap(source)
    let references = roots.compactMap { $0.turn == id ? $0.reference : nil }
    guard sources.count == key.leaves.count, references.count == roots.count else {
      self.built = nil
      return
    }
    var events: [(slot: Int, event: Int, isHeld: Bool)] = []
    for (slot, node) in key.nodes.enumerated() where node.turn == id && node.reference >= 0 {
      events.append((slot, Int(node.reference), node.handles > 0))
    }
    built.computes.append(
      TurnCompute(
        position: position, backwards: backwards, keepsTracked: keepsTracked, roots: references,
        plan: plan, sources: sources, events: events))
  }

  private func source(_ leaf: Node) -> TurnCompute.Source? {
    if leaf.turn == id {
      return leaf.reference >= 0 ? .event(Int(leaf.reference)) : .leaf(Int(~leaf.reference))
    }
    return leaf.op === Operator.constant ? leaf.buffer.map { .fixed($0) } : nil
  }
}

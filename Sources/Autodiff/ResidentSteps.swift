// Steps of a training that differ in their rows alone, run without being recorded: a step that was
// recognised tells for each number of rows what its plan begins with and what it leaves.

import Engine

/// The steps of one training.
///
/// States are the values that go from step to step: params, and what the optimizer keeps.
package final class ResidentSteps {
  /// What a leaf of a step is that is neither data nor a state.
  package enum Leaf {
    /// The rows of a part that the step takes.
    case rows(Int)
    /// The same in every step.
    case same
    /// A number that the optimizer computes.
    case number(parameter: Int, number: Int)
  }

  /// A step with a certain number of rows.
  private final class Step {
    let plan: ResidentPlan
    let rows: [(leaf: Int, part: Int)]
    let numbers: [(leaf: Int, parameter: Int, number: Int)]
    let random: [(leaf: Int, count: Int)]
    let loss: Int
    let gradients: [(parameter: Parameter, slot: Int, type: TensorType, origin: Origin)]
    var given: [Double?]
    /// Whether the numbers of the next step are those of this one, and so those of all later ones.
    var isSteady = false

    init(
      _ plan: ResidentPlan, _ leaves: Leaves, loss: Int,
      gradients: [(parameter: Parameter, slot: Int, type: TensorType, origin: Origin)]
    ) {
      (self.plan, self.loss, self.gradients) = (plan, loss, gradients)
      (rows, random) = (leaves.rows, leaves.random)
      numbers = leaves.numbers.sorted { $0.parameter < $1.parameter }
      given = leaves.numbers.map { _ in nil }
    }
  }

  /// The leaves of a plan by what they are.
  private struct Leaves {
    var buffers: [Buffer] = []
    var before: [(leaf: Int, state: Int)] = []
    var rows: [(leaf: Int, part: Int)] = []
    var numbers: [(leaf: Int, parameter: Int, number: Int)] = []
    var random: [(leaf: Int, count: Int)] = []
  }

  /// Steps whose results take more bytes are not worth it: recording is a small part of them.
  private static let maximumBytes = 1 << 20

  private let graph: Graph
  private let parameters: [Parameter]
  private let batches: Batches
  /// The states when the last step that was recorded ended: params first.
  private var nodes: [Node] = []
  private var indices: [ObjectIdentifier: Int] = [:]
  private var states = ResidentStates([])
  private var steps: [Int: Step] = [:]
  private var last: Step?
  private var origin = Origin.unknown
  /// Steps since then, and how many of them may follow.
  package private(set) var count = 0
  private var limit = 0

  package init(_ graph: Graph, _ parameters: [Parameter], _ batches: Batches) {
    (self.graph, self.parameters, self.batches) = (graph, parameters, batches)
  }

  /// Whether a step with so many rows can be run now.
  package func knows(_ rows: Int) -> Bool { count < limit && steps[rows] != nil }

  /// Whether a step makes so much that recording is a small part of it: nothing is learned, and nothing
  /// held on to.
  private var isLarge: Bool {
    let bytes = parameters.reduce(0) { $0 + $1.node.shape.count * $1.node.dtype.size }
    return bytes > ResidentSteps.maximumBytes
  }

  /// What was learned holds no longer.
  package func forget() {
    steps = [:]
    nodes = []
    limit = 0
  }

  // MARK: - Learning

  /// A step was recorded and has ended; `others` are the states besides the params.
  ///
  /// - Parameter leaf: what a leaf is, nil where that is not known.
  package func learn(_ rows: Int, loss: Node, others: [Node], leaf: (Node) -> Leaf?) {
    if isLarge { return }
    let before = indices
    let isFirst = nodes.isEmpty
    nodes = parameters.map(\.node) + others
    indices = [:]
    for (index, node) in nodes.enumerated() { indices[ObjectIdentifier(node)] = index }
    let buffers = nodes.compactMap(\.buffer)
    guard buffers.count == nodes.count, let memory = graph.turn.last?.memories.last else {
      return forget()
    }
    // Plans of other numbers of rows go on with these values.
    if states.count == buffers.count {
      states.replace(buffers)
    } else {
      states = ResidentStates(buffers)
      steps = [:]
    }
    (count, limit) = (0, graph.trail.turnsToNext)
    origin = parameters.first?.node.origin ?? .unknown
    if isFirst || steps[rows] != nil { return }
    steps[rows] = step(memory, loss, before, leaf)
  }

  private func step(
    _ memory: TurnMemory, _ loss: Node, _ before: [ObjectIdentifier: Int], _ leaf: (Node) -> Leaf?
  ) -> Step? {
    let trace = memory.trace
    guard trace.computes.count == 1, let compute = trace.computes.first, compute.isEndOfTurn,
      let plan = compute.plan, trace.backwards.count == 1,
      let leaves = leaves(compute, memory, before, leaf)
    else { return nil }
    var (slots, bytes) = ([Int: Int](), 0)
    for result in compute.results where result.isRoot {
      slots[result.event] = result.slot
      let type = trace.events[result.event].type
      bytes += type.shape.count * type.dtype.size
    }
    var after: [(slot: Int, state: Int)] = []
    for (event, node) in memory.nodes.enumerated() {
      guard let node, let state = indices[ObjectIdentifier(node)] else { continue }
      guard let slot = slots[event] else { return nil }
      after.append((slot, state))
    }
    guard bytes <= ResidentSteps.maximumBytes, loss.reference >= 0,
      memory.nodes[Int(loss.reference)] === loss, let lossSlot = slots[Int(loss.reference)],
      let gradients = gradients(memory, slots),
      let resident = try? ResidentPlan(
        plan, leaves.buffers, states, before: leaves.before, after: after,
        checked: after.filter { $0.state < parameters.count }.map(\.slot))
    else { return nil }
    return Step(resident, leaves, loss: lossSlot, gradients: gradients)
  }

  private func leaves(
    _ compute: TurnCompute, _ memory: TurnMemory, _ before: [ObjectIdentifier: Int],
    _ known: (Node) -> Leaf?
  ) -> Leaves? {
    var leaves = Leaves()
    var draws: [(leaf: Int, place: Int, count: Int)] = []
    for (place, source) in compute.sources.enumerated() {
      guard case .leaf(let index) = source, let node = memory.leaves[index],
        let buffer = node.buffer
      else {
        guard case .fixed(let buffer) = source else { return nil }
        leaves.buffers.append(buffer)
        continue
      }
      leaves.buffers.append(buffer)
      if let state = before[ObjectIdentifier(node)] {
        leaves.before.append((place, state))
      } else if node.op === Operator.constant || node.version?.isCurrent == true {
        continue
      } else if let count = memory.trace.draws(index) {
        draws.append((index, place, count))
      } else {
        switch known(node) {
        case .rows(let part): leaves.rows.append((place, part))
        case .number(let parameter, let number): leaves.numbers.append((place, parameter, number))
        case .same: break
        case nil: return nil
        }
      }
    }
    // In the order in which they were drawn.
    leaves.random = draws.sorted { $0.leaf < $1.leaf }.map { ($0.place, $0.count) }
    return leaves
  }

  private func gradients(_ memory: TurnMemory, _ slots: [Int: Int]) -> [(
    parameter: Parameter, slot: Int, type: TensorType, origin: Origin
  )]? {
    var result: [(parameter: Parameter, slot: Int, type: TensorType, origin: Origin)] = []
    for backward in memory.trace.backwards {
      for (index, target) in backward.targets.enumerated() {
        let event = backward.position + index
        guard let parameter = memory.node(target)?.version?.parameter, let slot = slots[event]
        else { return nil }
        result.append(
          (
            parameter, slot, memory.trace.events[event].type,
            memory.nodes[event]?.origin ?? .unknown
          ))
      }
    }
    return result
  }

  // MARK: - Running

  /// Runs a step with some rows; nil where it has to be recorded. Gives its loss.
  ///
  /// - Parameters:
  ///   - isScheduled: whether these may change after steps in which they did not.
  ///   - numbers: those that the optimizer computes for a parameter in the n-th step from the last one
  ///     that was recorded.
  package func run(
    _ rows: ArraySlice<Int>, isScheduled: Bool, numbers: (_ parameter: Int, _ n: Int) -> [Double]
  ) -> Double? {
    guard count < limit, !Interrupts.isRequested, !Interrupts.isPauseRequested,
      let step = steps[rows.count]
    else { return nil }
    let random = graph.random
    do {
      guard try step.plan.take(step.rows, rows, of: batches) else { return nil }
      try setNumbers(step, isScheduled: isScheduled, numbers)
      for (leaf, count) in step.random {
        let position = graph.random.reserve(count)
        try step.plan.set(
          leaf, [Int64(bitPattern: graph.random.seed), Int64(bitPattern: position)])
      }
      guard try step.plan.run() else { throw OperatorProblem(.gradient, "not finite") }
    } catch {
      graph.random = random
      limit = 0
      return nil
    }
    count += 1
    last = step
    return step.plan.number(step.loss)
  }

  private func setNumbers(
    _ step: Step, isScheduled: Bool, _ numbers: (_ parameter: Int, _ n: Int) -> [Double]
  ) throws(MemoryProblem) {
    if step.isSteady { return }
    var values: [Double] = []
    var (known, isSteady) = (-1, !isScheduled)
    for (index, (leaf, parameter, number)) in step.numbers.enumerated() {
      if parameter != known {
        values = numbers(parameter, count + 1)
        known = parameter
        isSteady = isSteady && values == numbers(parameter, count + 2)
      }
      guard step.given[index] != values[number] else { continue }
      let value = values[number]
      step.given[index] = value
      try step.plan.set(leaf) { _ in value }
    }
    step.isSteady = isSteady
  }

  /// Params, gradients and the other states get what the steps made of them; the latter by `advance`.
  package func finish(advance: (_ steps: Int, _ state: (Node) -> Node) -> Void)
    throws(OperatorProblem)
  {
    guard count > 0, let last else { return }
    graph.leaveLastBackward()
    let (gradients, values): ([Buffer?], [Buffer?])
    do { (gradients, values) = (try copies(last), try stateCopies()) } catch {
      throw Graph.memoryProblem(error)
    }
    for ((parameter, _, type, origin), buffer) in zip(last.gradients, gradients) {
      graph.willChange(parameter)
      parameter.gradient = buffer.map { plain(.gradient, Attributes(), type, origin, $0) }
    }
    for (parameter, value) in zip(parameters, values) {
      if let value { parameter.advance(to: value, at: origin) }
    }
    advance(count) { old in
      guard let index = indices[ObjectIdentifier(old)], let value = values[index] else {
        return old
      }
      return plain(old.op, old.attributes, old.type, old.origin, value)
    }
    graph.trail.pass(count)
    graph.trail.endTurns(count, level: nil, hasTrained: true)
    graph.turnsRepeated += count
    (count, limit) = (0, 0)
  }

  private func copies(_ step: Step) throws(MemoryProblem) -> [Buffer?] {
    var copies: [Buffer?] = []
    for gradient in step.gradients { copies.append(try step.plan.copy(gradient.slot)) }
    return copies
  }

  private func stateCopies() throws(MemoryProblem) -> [Buffer?] {
    var copies: [Buffer?] = []
    for index in 0..<states.count {
      copies.append(states.hasMoved(index) ? try states.copy(index) : nil)
    }
    return copies
  }

  /// A computed value without history.
  private func plain(
    _ op: Operator, _ attributes: Attributes, _ type: TensorType, _ origin: Origin, _ buffer: Buffer
  ) -> Node {
    Node(
      graph: graph, op: op, inputs: [], attributes: attributes, type: type, origin: origin,
      buffer: buffer, version: nil, isTracked: false, serial: graph.nextSerial())
  }
}

extension TurnTrace {
  /// How many random numbers are drawn where a leaf tells from where; nil for other leaves.
  func draws(_ leaf: Int) -> Int? {
    let reference = ~TurnReference(truncatingIfNeeded: leaf)
    return events.first { $0.op.isRandom && $0.operands.contains(reference) }?.type.shape.count
  }
}

extension Operator {
  /// Whether its operand tells which random numbers it draws.
  var isRandom: Bool {
    [Operator.uniform, .normal, .bernoulli, .integers].contains { $0 === self }
  }
}

// The recorder and runner of tensor operators of one session: its state, and making leaves.

import Engine

/// The recorder and runner of tensor operators of one session.
///
/// `record` checks shapes at once and computes nothing. `force` finds or makes the plan for what is
/// asked and runs it. Not thread-safe: a session is one thread.
package final class Graph {
  /// Where the interpreter stands; recorded nodes remember it.
  package var origin = Origin.unknown
  /// The call of a layer that is recording.
  package var group: NodeGroup?
  /// Called before a parameter's value or gradient changes.
  package var willChange: (Parameter) -> Void = { _ in }
  /// The element type of literals and of numbers that meet no tensor.
  package var defaultDType = DType.f32
  /// The random stream; counters are taken when an operator is recorded.
  package var random = RandomStream(seed: 0)
  /// Whether params remember the step that made their value; it holds on to the optimizer's old
  /// state.
  package var keepsSteps = false
  /// Who makes handles on nodes for the language.
  package unowned(unsafe) var keeper: (any HandleKeeper)?
  /// What the last `backward` did, as far as it is written down.
  var backwardSource = BackwardSource.none
  /// Those before it that the same training did, where somebody may look at them.
  package var trail = Trail()
  /// The last store that was not made because its value is not finite.
  private(set) var refused: RefusedStore?
  /// What was recorded since the last flush.
  let turn = Turn()
  /// Whether it is noted which value with a history was looked at first, and that value.
  package var notesLooks = false { didSet { looked = nil } }
  package internal(set) var looked: Node?
  /// Plans by the hash of their structure.
  var plans: [Int: [Plan]] = [:]
  /// The values, in the order of recording, through which somebody walks.
  private(set) var walked: ClosedRange<Int>?
  /// Whether values that are computed keep their operands until somebody has looked at them, and those
  /// that do.
  private(set) var keepsOperands = false
  var finished: [Node] = []
  /// What plans compute on the way lies here.
  let planMemory = PlanMemory()
  /// The plans that ran last, where somebody wants to know what they cost.
  var recentPlans: RecentPlans?
  /// Bytes that plans keep between their runs.
  package var planBytes: Int { planMemory.bytes }
  /// Plans made, and runs that found one.
  package internal(set) var planCount = 0
  package internal(set) var planHits = 0
  /// Turns of loops that were run without being recorded.
  package internal(set) var turnsRepeated = 0

  /// Recorded and not computed, oldest first.
  var pending: [Node] = [] {
    didSet {
      guard Graph.isTimeToLook(pending.count) else { return }
      noteWaiting(pending.count, isIdle: !pending.contains(where: \.isTracked))
    }
  }
  /// Parameters whose newest value is not computed.
  package internal(set) var pendingStores: [Parameter] = [] {
    didSet { wantsFlush = !pendingStores.isEmpty || pending.count > Graph.pendingLimit }
  }
  /// Whether the end of a turn has something to compute: a parameter was stored to, or much waits.
  package internal(set) var wantsFlush = false
  private static let pendingLimit = 50_000
  /// So many values that wait are looked at: where no gradient will be asked of them they are worth a
  /// plan, and the same number of the next turns makes the same one.
  @inline(__always) static func isTimeToLook(_ count: Int) -> Bool { count & 0x1FF == 0x1FF }

  /// So many values wait to be computed; they are idle where no gradient will be asked of them.
  func noteWaiting(_ count: Int, isIdle: Bool) {
    if isIdle || count > Graph.pendingLimit { wantsFlush = true }
  }

  /// A turn that was recognised goes its own way: what it recorded waits like everything else.
  func resume(_ nodes: [Node]) {
    let waiting = nodes.filter { $0.buffer == nil }
    if !waiting.isEmpty { pending.insert(contentsOf: waiting, at: 0) }
  }

  /// Computed values that may keep operands only while a parameter on their path lives.
  var candidates: [Node] = []
  /// Parameters that have a gradient.
  var withGradient: [Parameter] = []
  /// The version that ended last, for messages.
  var lastEnded: ParameterVersion?
  /// Whether any node carries a `bypass`; most graphs need no search.
  var hasBypasses = false
  /// A failure of the rule that runs, thrown at its end.
  var deferredProblem: OperatorProblem?
  var serial = 0
  private var currentMark = 0

  package init() {}

  /// Whether turns are compared with earlier ones; false records every one anew, for tests that
  /// compare the two.
  package var recognisesTurns: Bool {
    get { turn.predicts }
    set {
      turn.predicts = newValue
      turn.reset()
    }
  }

  deinit { turn.close(nil) }

  /// To be called before the graph and who holds its nodes go: ends what they share.
  package func close() {
    unpin()
    backwardSource = .none
    turn.close(keeper)
    // Params hold the graph.
    (pending, candidates, withGradient, pendingStores) = ([], [], [], [])
  }

  func nextSerial() -> Int {
    serial += 1
    return serial
  }

  /// A fresh mark for a pass over the graph.
  func nextMark() -> Int {
    currentMark += 1
    return currentMark
  }
}

extension Graph {
  /// After a failure: nothing that was recorded and not computed is wanted any more.
  package func forgetPending() {
    pending.removeAll()
    pendingStores.removeAll()
    deferredProblem = nil
    turn.reset()
  }

  /// While somebody walks through values, what was recorded since the first of them keeps its
  /// operands; nil ends it.
  package func keepHistory(since first: Int?) {
    walked = first.flatMap { $0 <= serial ? $0...serial : nil }
  }

  func isWalked(_ node: Node) -> Bool { walked?.contains(node.serial) ?? false }

  func refuse(_ store: RefusedStore) { refused = store }

  /// The store whose failure was thrown; gives it once.
  package func takeRefused() -> RefusedStore? {
    defer { refused = nil }
    return refused
  }

  /// Runs something that looks at operands, also at those of values that are computed by it.
  package func keepingOperands<T>(_ body: () throws(OperatorProblem) -> T) throws(OperatorProblem)
    -> T
  {
    let outer = keepsOperands
    keepsOperands = true
    defer {
      keepsOperands = outer
      if !outer { finished.removeAll(keepingCapacity: true) }
    }
    let result = try body()
    if !outer { for node in finished { node.dropInputs() } }
    return result
  }

  /// Records `op(inputs)`: shapes are checked now, nothing is computed.
  package func record(
    _ op: Operator, _ inputs: [Node], _ attributes: Attributes = Attributes()
  ) throws(OperatorProblem) -> Node {
    if !turn.isSuspended, let node = try turn.foretell(self, op, inputs, attributes) {
      return node
    }
    let (type, isTracked) = try inferred(op, inputs, attributes)
    let node = Node(
      graph: self, op: op, inputs: inputs, attributes: attributes, type: type, origin: origin,
      buffer: nil, version: nil, isTracked: isTracked, serial: nextSerial())
    node.group = group
    pending.append(node)
    if !turn.isSuspended { turn.add(node, inputs) }
    return node
  }

  /// What the shape rule says, and whether a gradient can pass through the result.
  private func inferred(
    _ op: Operator, _ inputs: [Node], _ attributes: Attributes
  ) throws(OperatorProblem) -> (TensorType, Bool) {
    var types: [TensorType] = []
    types.reserveCapacity(inputs.count)
    var isTracked = false
    for input in inputs {
      types.append(input.type)
      if input.isTracked { isTracked = true }
    }
    let type = try op.infer(types, attributes)
    let bytes = type.shape.count.multipliedReportingOverflow(by: type.dtype.size)
    guard !bytes.overflow, bytes.partialValue <= Memory.limit else {
      throw Graph.tooLarge(type)
    }
    return (type, isTracked && op !== Operator.detached)
  }

  static func tooLarge(_ type: TensorType) -> OperatorProblem {
    let gigabytes = Double(type.shape.count) * Double(type.dtype.size) / 1e9
    return OperatorProblem(
      .memory,
      "a tensor of shape \(type.shape) would take \(NumberFormat.fixed(gigabytes, digits: 1)) GB, "
        + "the limit is \(NumberFormat.fixed(Double(Memory.limit) / 1e9, digits: 1)) GB")
  }

  /// A leaf with numbers.
  private func makeLeaf(
    _ op: Operator, _ buffer: Buffer?, _ shape: Shape, _ dtype: DType,
    _ attributes: Attributes = Attributes(), tracked: Bool = false
  ) -> Node {
    Node(
      graph: self, op: op, inputs: [], attributes: attributes, type: TensorType(shape, dtype),
      origin: origin, buffer: buffer, version: nil, isTracked: tracked, serial: nextSerial())
  }

  /// A number of the source: part of the plan's key.
  package func constant(_ value: Double, _ dtype: DType? = nil) -> Node {
    let dtype = dtype ?? defaultDType
    let node = makeLeaf(
      .constant, Graph.scalarBuffer(value, dtype), .scalar, dtype, Attributes(reals: [value]))
    node.exact = value
    return node
  }

  /// A computed number: an input of the plan.
  package func input(_ value: Double, _ dtype: DType? = nil) -> Node {
    let dtype = dtype ?? defaultDType
    let node = makeLeaf(.number, Graph.scalarBuffer(value, dtype), .scalar, dtype)
    node.exact = value
    return node
  }

  /// Data.
  package func leaf(_ buffer: Buffer, _ shape: Shape) -> Node {
    precondition(buffer.count == shape.count)
    let node = makeLeaf(.data, buffer, shape, buffer.dtype)
    // What a layer makes for its own use belongs to its call.
    if let group { node.group = group }
    return node
  }

  /// A leaf to which a gradient may flow: the argument of `grad(f)`.
  package func variable(_ value: Node) throws(OperatorProblem) -> Node {
    if value.isTracked { return try record(.identity, [value]) }
    try force([value])
    return makeLeaf(.variable, value.buffer, value.shape, value.dtype, tracked: true)
  }

  /// The call of `grad(f)` that made a variable is over: what it led to is a plain value now, and
  /// the turn of the loop around it computes it and lets its history go.
  package func end(_ variable: Node) {
    guard variable.op === Operator.variable else { return }
    variable.isEnded = true
    wantsFlush = true
  }

  /// The same numbers as plain data; an uncomputed node is recorded as detached.
  package func copied(_ node: Node) -> Node {
    if let buffer = node.buffer { return leaf(buffer, node.shape) }
    return (try? record(.detached, [node])) ?? node
  }

  package func detach(_ node: Node) throws(OperatorProblem) -> Node {
    node.isTracked ? try record(.detached, [node]) : node
  }

  /// A tensor with these values; throws where a value does not fit an integer type.
  package func tensor(_ values: [Double], shape: [Int], dtype: DType) throws(OperatorProblem)
    -> Node
  {
    guard let shape = Shape(checking: shape), shape.count == values.count else {
      throw OperatorProblem(.shape, "\(values.count) values do not fill the shape \(shape)")
    }
    if dtype.isInteger {
      for value in values where !Graph.fits(value, dtype) {
        throw OperatorProblem(
          .value, "\(NumberFormat.shortest(value)) is no \(dtype.name)")
      }
    }
    return leaf(try Graph.buffer(dtype, values: values), shape)
  }

  /// Whether a number has an exact place in an element type.
  package static func fits(_ value: Double, _ dtype: DType) -> Bool {
    switch dtype {
    case .i32: Int32(exactly: value) != nil
    case .i64: Int64(exactly: value) != nil
    default: true
    }
  }

  static func buffer(_ dtype: DType, values: [Double]) throws(OperatorProblem) -> Buffer {
    do { return try Buffer(dtype, values: values) } catch { throw memoryProblem(error) }
  }

  static func memoryProblem(_ problem: MemoryProblem) -> OperatorProblem {
    OperatorProblem(
      .memory,
      "\(NumberFormat.fixed(Double(problem.bytes) / 1e9, digits: 3)) GB more do not fit: the limit "
        + "is \(NumberFormat.fixed(Double(problem.limit) / 1e9, digits: 1)) GB")
  }

  private static func scalarBuffer(_ value: Double, _ dtype: DType) -> Buffer? {
    let fitting = fits(value, dtype) ? value : 0
    return try? Buffer(dtype, values: [fitting])
  }
}

extension Node {
  /// Whether it is a plain number, which takes the element type of the tensor it meets.
  package var isNumber: Bool { op === Operator.constant || op === Operator.number }
}

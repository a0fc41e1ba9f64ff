// The values of one recognised turn. Turns of one structure record the same values again and again,
// so the nodes of an earlier turn are used again where nobody else holds them.

import Engine

/// The nodes of a turn by event, and its leaves.
///
/// A node of it knows its operands by the structure of the turn alone (`Node.inputs`); before the
/// memory is used again, nodes that somebody still holds get operands of their own.
package final class TurnMemory {
  let trace: TurnTrace
  private(set) var nodes: ContiguousArray<Node?>
  private(set) var leaves: ContiguousArray<Node?>
  /// The language's handles on the nodes, to be used again with them.
  private var handles: ContiguousArray<AnyObject?>
  /// Serial and place of each `backward` whose gradients were left to the plan.
  var backwards: [(serial: Int, origin: Origin)] = []
  /// Whether the last `backward` of the graph is told by it.
  var isPinned = false

  init(_ trace: TurnTrace) {
    self.trace = trace
    nodes = ContiguousArray(repeating: nil, count: trace.events.count)
    handles = ContiguousArray(repeating: nil, count: trace.events.count)
    leaves = ContiguousArray(repeating: nil, count: trace.leaves.count)
  }

  /// The value of an event or leaf of the turn.
  func node(_ reference: TurnReference) -> Node? {
    reference >= 0 ? nodes[Int(reference)] : leaves[Int(~reference)]
  }

  func holds(_ leaf: Node, at index: Int) -> Bool { leaves[index] === leaf }

  func enter(_ leaf: Node, at index: Int) {
    if leaves[index] !== leaf { leaves[index] = leaf }
  }

  /// The node of an event, as if it had just been made.
  func take(_ index: Int, _ graph: Graph) -> Unmanaged<Node> {
    if let node = nodes[index] { return .passUnretained(node) }
    let event = trace.events[index]
    let node = Node(
      graph: graph, op: event.op, inputs: [], attributes: event.attributes, type: event.type,
      origin: .unknown, buffer: nil, version: nil, isTracked: event.isTracked, serial: 0)
    nodes[index] = node
    return .passUnretained(node)
  }

  /// For who makes handles.
  package func withHandles<T>(_ body: (inout ContiguousArray<AnyObject?>) -> T) -> T {
    body(&handles)
  }

  /// The operands of one of its nodes.
  func operands(of node: Node) -> [Node] {
    let event = trace.events[Int(node.reference)]
    // What a store replaces is no operand of it.
    if event.op === Operator.parameter {
      return event.isComputed ? [] : self.node(event.operands[0]).map { [$0] } ?? []
    }
    return event.operands.compactMap { self.node($0) }
  }

  // MARK: - Another turn

  /// Lets go of the nodes that somebody else holds, and makes the others new.
  func recycle(_ keeper: (any HandleKeeper)?) {
    release(keeper)
    for index in nodes.indices {
      nodes[index]?.renew(isTracked: trace.events[index].isTracked)
    }
  }

  /// Nodes that somebody else holds are on their own from here on. Latest first: operands of a node
  /// that lives on live on.
  func release(_ keeper: (any HandleKeeper)?) {
    keeper?.release(self)
    for index in nodes.indices.reversed()
    where nodes[index] != nil && !isKnownUniquelyReferenced(&nodes[index]) {
      let node = nodes[index]
      nodes[index] = nil
      if let node, node.memory === self { node.recall(from: self) }
    }
  }

  /// Gives away what a turn that went its own way has recorded so far.
  func giveAway(_ count: Int, _ keeper: (any HandleKeeper)?) -> [Node] {
    keeper?.release(self)
    var given: [Node] = []
    for index in (0..<count).reversed() {
      guard let node = nodes[index] else { continue }
      if node.memory === self { node.recall(from: self) }
      given.append(node)
    }
    for index in 0..<count { nodes[index] = nil }
    return given.reversed()
  }

  /// Takes over what a turn has recorded so far that agrees with this structure too.
  func takeOver(_ count: Int, leaves leafCount: Int, from other: TurnMemory) {
    for index in 0..<count {
      swap(&nodes[index], &other.nodes[index])
      swap(&handles[index], &other.handles[index])
      if let node = nodes[index], node.memory === other { node.memory = self }
    }
    for index in 0..<leafCount { swap(&leaves[index], &other.leaves[index]) }
    swap(&backwards, &other.backwards)
  }

  // MARK: - The end of the turn

  /// What becomes of tracked values that the program holds: those through which no gradient can pass
  /// any more need their operands no longer.
  func settle(_ graph: Graph, after explained: ClosedRange<Int>? = nil) {
    for (event, fate) in trace.fates {
      // What nobody holds any more may still be part of somebody's history.
      guard let node = nodes[event], node.handles > 0, node.isTracked,
        explained?.contains(node.serial) != true, !graph.isWalked(node)
      else { continue }
      switch fate {
      case .over(let reference): node.end(self.node(reference)?.version)
      case .alive: break
      case .open:
        if node.memory === self { node.recall(from: self) }
        graph.candidates.append(node)
      }
    }
  }

  /// No explanation of the last `backward` needs the values from before the turn any more: params'
  /// past values are let go, and other tensors that nobody holds, such as an optimizer's past state.
  /// Whatever computes next gets their memory while it is still in the caches.
  func unpin(_ graph: Graph) {
    isPinned = false
    graph.keeper?.count(self, nodes.count)
    settle(graph)
    release(graph.keeper)
    for index in leaves.indices {
      guard let leaf = leaves[index] else { continue }
      if trace.leaves[index].isParameter || (leaf.handles == 0 && leaf.shape.count > 1) {
        leaves[index] = nil
      }
    }
  }
}

/// Whoever makes handles on nodes for the language: those in a memory count as handles of a node only
/// while the program holds them.
package protocol HandleKeeper: AnyObject {
  /// Brings `Node.handles` of the first nodes up to date.
  func count(_ memory: TurnMemory, _ events: Int)
  /// Handles that the program holds are on their own from here on.
  func release(_ memory: TurnMemory)
}

extension Node {
  /// Gets its operands from the structure of its turn; so do, before it, those of them that have
  /// theirs from there. No recursion: chains can be long.
  func recall(from memory: TurnMemory) {
    inputs = memory.operands(of: self)
  }

  /// No gradient passes through it any more, because of a param's store.
  func end(_ version: ParameterVersion?) {
    staleVersion = version
    dropInputs()
    isTracked = false
  }
}

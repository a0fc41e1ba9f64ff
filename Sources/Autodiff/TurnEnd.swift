// What there is at the end of a turn, by which the next one tells what it began with.

import Engine

/// Which values a turn had made when it ended, for comparison with what the next one begins with.
///
/// The values are held by nobody here: they are compared at the end of the next turn, whose leaves live.
struct TurnEnd {
  let turn: Int
  let trace: TurnTrace
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

  private static func address(_ node: Node) -> UnsafeRawPointer {
    UnsafeRawPointer(Unmanaged.passUnretained(node).toOpaque())
  }

  /// Where a leaf of the turn after it came from; nil where that is not known.
  func origin(of leaf: Node, at index: Int) -> TurnRepetition.Leaf? {
    guard index < leaves.count else { return nil }
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

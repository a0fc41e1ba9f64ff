// What a turn recorded: its structure, by which the next turn is recognised.

import Engine

/// A value as a turn refers to it: the index of the event that made it, or −1 − i for the i-th of
/// the leaves, the values that were there before the turn.
typealias TurnReference = Int32

/// One value that a turn recorded.
final class TurnEvent: Equatable {
  let op: Operator
  let attributes: Attributes
  let operands: [TurnReference]
  let type: TensorType
  let isTracked: Bool
  /// For a param's store: whether the value had its numbers already.
  let isComputed: Bool

  init(
    op: Operator, attributes: Attributes, operands: [TurnReference], type: TensorType,
    isTracked: Bool, isComputed: Bool
  ) {
    (self.op, self.attributes, self.operands) = (op, attributes, operands)
    (self.type, self.isTracked, self.isComputed) = (type, isTracked, isComputed)
  }

  static func == (a: TurnEvent, b: TurnEvent) -> Bool {
    a === b
      || a.op === b.op && a.operands == b.operands && a.type == b.type
        && a.isTracked == b.isTracked && a.isComputed == b.isComputed
        && a.attributes == b.attributes
  }
}

/// What has to agree in a value from before the turn.
struct TurnLeaf: Equatable {
  let type: TensorType
  /// The bits of a literal's number, which is part of the structure.
  let literal: UInt64?
  let isParameter: Bool
  let isVariable: Bool

  /// Nil for a value whose history a gradient could reach: the turn does not tell its structure.
  init?(_ node: Node) {
    guard node.buffer != nil else { return nil }
    type = node.type
    literal = node.op === Operator.constant ? node.exact.bitPattern : nil
    isParameter = node.version != nil
    isVariable = node.op === Operator.variable
    guard !node.isTracked || isVariable || node.version?.isCurrent == true else { return nil }
  }
}

/// A `backward` of a turn: from which value, and which params got a gradient.
struct TurnBackward: Equatable {
  let position: Int
  let loss: TurnReference
  let isAdding: Bool
  /// The leaves that got gradients; these are events from `position` on.
  let targets: [TurnReference]
  /// The leaves of frozen params.
  let frozen: [TurnReference]
  /// How many numbers of the order of recording the transform took.
  let serials: Int
}

/// One plan that a turn ran.
final class TurnCompute {
  /// Where a plan's leaf comes from.
  enum Source {
    case leaf(Int)
    case event(Int)
    /// A number that a gradient rule spells out.
    case fixed(Buffer)

    func isReady(_ memory: TurnMemory) -> Bool {
      switch self {
      case .leaf(let index): memory.leaves[index]?.buffer != nil
      case .event(let index): memory.nodes[index]?.buffer != nil
      case .fixed: true
      }
    }

    func buffer(_ memory: TurnMemory) -> Buffer? {
      switch self {
      case .leaf(let index): memory.leaves[index]?.buffer
      case .event(let index): memory.nodes[index]?.buffer
      case .fixed(let buffer): buffer
      }
    }
  }

  /// An event that the plan computes, and whether it keeps it.
  struct Result {
    let slot: Int
    let event: Int
    let isRoot: Bool
  }

  let position: Int
  let backwards: Int
  let keepsTracked: Bool
  let isEndOfTurn: Bool
  let roots: [TurnReference]
  /// Nil where nothing was to be computed.
  let plan: Plan?
  let sources: [Source]
  let results: [Result]
  /// For each event up to there, whether the program held it and it was not computed.
  let isHeld: [Bool]
  /// While the plan runs: the numbers of its leaves.
  private(set) var leaves: [Buffer] = []

  init(
    position: Int, backwards: Int, keepsTracked: Bool, isEndOfTurn: Bool, roots: [TurnReference],
    plan: Plan?, sources: [Source], results: [Result], isHeld: [Bool]
  ) {
    (self.position, self.backwards, self.keepsTracked) = (position, backwards, keepsTracked)
    (self.isEndOfTurn, self.roots, self.plan) = (isEndOfTurn, roots, plan)
    (self.sources, self.results, self.isHeld) = (sources, results, isHeld)
  }

  func gather(_ memory: TurnMemory) {
    for source in sources {
      if let buffer = source.buffer(memory) { leaves.append(buffer) }
    }
  }

  func releaseLeaves() { leaves.removeAll(keepingCapacity: true) }
}

/// The structure of a whole turn.
final class TurnTrace {
  var events: [TurnEvent] = []
  var leaves: [TurnLeaf] = []
  var backwards: [TurnBackward] = []
  var computes: [TurnCompute] = []
  /// Whether no gradient is asked of any of its values; of a whole trace.
  private(set) lazy var isIdle = !events.contains(where: \.isTracked)
  /// How many values were noted as held or not by all computes together.
  var heldCount = 0
  /// A turn that computes again and again over more and more values is not one that a loop repeats: to
  /// note it would take time and memory with the square of its length.
  static let maximumHeldCount = 1 << 18
  /// What its last turns recorded, to be used again; each holds the trace.
  var memories: [TurnMemory] = []
  /// While the turn is recorded: the nodes of its events and its leaves.
  var nodes: [Node] = []
  var leafNodes: [Node] = []
  /// What the language knows about the instructions that record it.
  let script: TurnScript

  /// Which structures came after this one, by the one before it; they may be gone.
  private var successors: [(before: ObjectIdentifier?, next: ObjectIdentifier)] = []

  init() { script = TurnScript() }

  func note(_ next: TurnTrace, after before: TurnTrace?) {
    let (before, next) = (before.map { ObjectIdentifier($0) }, ObjectIdentifier(next))
    guard let index = successors.firstIndex(where: { $0.before == before }) else {
      if successors.count < 8 { successors.append((before, next)) }
      return
    }
    if successors[index].next != next { successors[index].next = next }
  }

  func successor(after before: TurnTrace?) -> ObjectIdentifier? {
    let before = before.map { ObjectIdentifier($0) }
    return successors.first { $0.before == before }?.next
  }

  /// The beginning of another trace, as far as a turn has come.
  init(_ other: TurnTrace, events: Int, leaves: Int, backwards: Int, computes: Int) {
    script = TurnScript(other.script, events: events)
    self.events = Array(other.events.prefix(events))
    self.leaves = Array(other.leaves.prefix(leaves))
    self.backwards = Array(other.backwards.prefix(backwards))
    self.computes = Array(other.computes.prefix(computes))
  }

  /// Whether another trace has the same operators in the same order.
  func isLike(_ other: TurnTrace) -> Bool {
    self === other || events.elementsEqual(other.events) { $0.op === $1.op }
  }

  /// Whether another trace begins alike.
  func agrees(
    with other: TurnTrace, events: Int, leaves: Int, backwards: Int, computes: Int
  ) -> Bool {
    self.events.count >= events && self.leaves.count >= leaves
      && self.backwards.count >= backwards && self.computes.count >= computes
      && self.events.prefix(events) == other.events.prefix(events)
      && self.leaves.prefix(leaves) == other.leaves.prefix(leaves)
      && self.backwards.prefix(backwards) == other.backwards.prefix(backwards)
      && zip(self.computes.prefix(computes), other.computes).allSatisfy { a, b in
        a.plan === b.plan && a.position == b.position && a.roots == b.roots
      }
  }

  // MARK: - What becomes of histories

  /// What becomes, at the end of the turn, of a tracked value that the program holds.
  enum Fate {
    /// A gradient can still pass through it to somebody.
    case alive
    /// No more, since this version of a param was stored over.
    case over(TurnReference)
    /// It depends on variables, whose end the structure does not tell.
    case open
  }

  /// Tracked values that a plan of the turn computes and keeps, with what becomes of them.
  private(set) lazy var fates: [(event: Int, fate: Fate)] = {
    var kept: Set<Int> = []
    for compute in computes {
      for result in compute.results
      where result.isRoot && events[result.event].isTracked
        && events[result.event].op !== Operator.parameter
      {
        kept.insert(result.event)
      }
    }
    let ended = Set(events.filter { $0.op === Operator.parameter }.map { $0.operands[1] })
    return kept.sorted().map { ($0, fate(of: $0, ended)) }
  }()

  private func fate(of event: Int, _ ended: Set<TurnReference>) -> Fate {
    var seen: Set<TurnReference> = []
    var stack = [TurnReference(truncatingIfNeeded: event)]
    var last: TurnReference?
    while let reference = stack.popLast() {
      guard seen.insert(reference).inserted else { continue }
      let isLeaf = reference < 0
      let isVersion =
        isLeaf
        ? leaves[Int(~reference)].isParameter
        : events[Int(reference)].op === Operator.parameter
      if isLeaf, leaves[Int(~reference)].isVariable { return .open }
      if isVersion {
        guard ended.contains(reference) else { return .alive }
        last = last ?? reference
      } else if !isLeaf, events[Int(reference)].isTracked {
        stack += events[Int(reference)].operands
      }
    }
    return last.map { .over($0) } ?? .open
  }
}

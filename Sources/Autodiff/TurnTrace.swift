// What a turn recorded: its structure, by which the next turn is recognised.

import Engine

/// A value as a turn refers to it: the index of the event that made it, or −1 − i for the i-th of
/// the leaves, the values that were there before the turn.
typealias TurnReference = Int32

/// One value that a turn recorded.
struct TurnEvent: Equatable {
  let op: Operator
  let attributes: Attributes
  let operands: [TurnReference]
  let type: TensorType
  let isTracked: Bool
  /// For a param's store: whether the value had its numbers already.
  let isComputed: Bool

  static func == (a: TurnEvent, b: TurnEvent) -> Bool {
    a.op === b.op && a.operands == b.operands && a.type == b.type && a.isTracked == b.isTracked
      && a.isComputed == b.isComputed && a.attributes == b.attributes
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
struct TurnCompute {
  /// Where a plan's leaf comes from.
  enum Source {
    case leaf(Int)
    case event(Int)
    /// A number that a gradient rule spells out.
    case fixed(Buffer)
  }

  let position: Int
  let backwards: Int
  let keepsTracked: Bool
  let roots: [TurnReference]
  let plan: Plan
  let sources: [Source]
  /// The events that the plan computes, and whether the program held each.
  let events: [(slot: Int, event: Int, isHeld: Bool)]
}

/// The structure of a whole turn.
final class TurnTrace {
  var events: [TurnEvent] = []
  var leaves: [TurnLeaf] = []
  var backwards: [TurnBackward] = []
  var computes: [TurnCompute] = []

  init() {}

  /// The beginning of another trace, as far as a turn has come.
  init(_ other: TurnTrace, events: Int, leaves: Int, backwards: Int, computes: Int) {
    self.events = Array(other.events.prefix(events))
    self.leaves = Array(other.leaves.prefix(leaves))
    self.backwards = Array(other.backwards.prefix(backwards))
    self.computes = Array(other.computes.prefix(computes))
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
}

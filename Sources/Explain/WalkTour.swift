// A place in the walk of a loss, and the moves from it: what the stepper's keys do.

import Autodiff
import Engine

extension Walk {
  /// A param and what an optimizer's step made of it.
  package struct Change {
    package let name: String
    package let old: Node
    package let gradient: [Double]
    package let new: [Double]
    /// How an optimizer made it, where one did and that is known.
    package let step: StepRecord?

    /// The learning rate, where it was plain gradient descent: the change is the same multiple of
    /// every gradient.
    var rate: Double? {
      let rates = gradient.indices.filter { gradient[$0] != 0 }.map {
        ((old.buffer?[$0] ?? 0) - new[$0]) / gradient[$0]
      }
      guard let first = rates.first, let low = rates.min(), let high = rates.max(),
        high - low <= (old.dtype == .f32 ? 0.01 : 1e-6) * first.magnitude
      else { return nil }
      return first
    }
  }

  /// The params that were stored to after the backward of this loss and before the next one.
  package static func changes(after loss: Node) throws(OperatorProblem) -> [Change] {
    let kept = WalkTurns(loss)?.record ?? loss.graph.lastBackward
    guard let record = kept, record.loss.serial == loss.serial else { return [] }
    var changes: [Change] = []
    for (entry, new) in zip(record.gradients, record.values) where new !== entry.node {
      guard new.shape == entry.node.shape, new.shape.count > 0 else { continue }
      let graph = new.graph
      changes.append(
        Change(
          name: entry.parameter.name, old: entry.node,
          gradient: try graph.values(entry.gradient), new: try graph.values(new),
          step: new.version?.step))
    }
    return changes
  }
}

/// Forward steps, backward steps, updates, one after the other; layers open and close.
package struct WalkTour {
  private var loss: Node
  private var changes: [Walk.Change] = []
  private var outermost: Walk
  /// The turns of the training of which it is one; nil where it is of none.
  package private(set) var turns: WalkTurns?
  private var walks: [Int: Walk] = [:]
  private var picks: [String: Int] = [:]
  package private(set) var depth = 1
  /// Counted from 0 over the frames of this depth.
  package private(set) var index = 0

  package init(_ loss: Node) throws(OperatorProblem) {
    self.loss = loss
    outermost = try Walk(loss)
    walks[1] = outermost
    turns = WalkTurns(loss)
    changes = try Walk.changes(after: loss)
    guard count > 0 else {
      throw OperatorProblem(.gradient, "{0} is a param: there is no step to walk through")
    }
  }

  /// Where the values of all walks from a loss begin in the order of recording.
  package static func firstSerial(of loss: Node) -> Int {
    let own = Walk.order(loss).first?.serial ?? loss.serial
    return min(own, WalkTurns(loss)?.firstSerial ?? own)
  }

  /// To the turn so many kept ones on or back, at the same step; false where there is none.
  package mutating func turn(by count: Int) throws(OperatorProblem) -> Bool {
    guard var turns, turns.move(by: count) else { return false }
    try go(to: turns)
    return true
  }

  /// To the kept turn nearest to a number; gives its number, nil where there are no turns.
  package mutating func turn(to number: Int) throws(OperatorProblem) -> Int? {
    guard var turns else { return nil }
    turns.move(to: number)
    try go(to: turns)
    return turns.record.turn
  }

  private mutating func go(to turns: WalkTurns) throws(OperatorProblem) {
    var other = try WalkTour(turns.record.loss)
    other.turns = turns
    if depth > 1 {
      _ = try other.opened(to: depth)
      other.depth = depth
    }
    // Another turn may have gone another way.
    other.index = max(0, min(index, other.count - 1))
    other.picks = picks
    self = other
  }

  package var walk: Walk {
    walks[depth] ?? outermost
  }
  package var count: Int { walk.steps.count * 2 + changes.count }

  /// Goes on; false at the end.
  package mutating func next() -> Bool {
    guard index + 1 < count else { return false }
    index += 1
    return true
  }

  /// Goes back; false at the start.
  package mutating func previous() -> Bool {
    guard index > 0 else { return false }
    index -= 1
    return true
  }

  /// The same step in the other half.
  package mutating func flip() {
    let steps = walk.steps.count
    index = index < steps * 2 ? steps * 2 - 1 - index : steps - 1
  }

  private var step: WalkStep? {
    let steps = walk.steps
    if index < steps.count { return steps[index] }
    return index < steps.count * 2 ? steps[steps.count * 2 - 1 - index] : nil
  }

  private var isBackward: Bool { index >= walk.steps.count }

  /// Into the step; false where nothing is inside.
  package mutating func enter() throws(OperatorProblem) -> Bool {
    guard let step, depth < 3 else { return false }
    for deeper in (depth + 1)...3 {
      let inner = try opened(to: deeper)
      let inside = inner.steps.indices.filter { inner.steps[$0].label.hasPrefix(step.label + ".") }
      guard let first = inside.first, let last = inside.last else { continue }
      let wasBackward = isBackward
      depth = deeper
      // Backward, the inside begins with the step's own last part.
      index = wasBackward ? inner.steps.count * 2 - 1 - min(last + 1, inner.steps.count - 1) : first
      return true
    }
    return false
  }

  private mutating func opened(to depth: Int) throws(OperatorProblem) -> Walk {
    if let walk = walks[depth] { return walk }
    let walk = try Walk(loss, WalkOptions(depth: depth))
    walks[depth] = walk
    return walk
  }

  /// Out of what was entered; false at the outside.
  package mutating func leave() -> Bool {
    guard depth > 1, let step else { return false }
    let wasBackward = isBackward
    let outer = outermost.steps
    let label = step.label.prefix { $0 != "." }
    depth = 1
    let place = outer.firstIndex { $0.label == label } ?? 0
    index = wasBackward ? outer.count * 2 - 1 - place : place
    return true
  }

  /// Another element of the step's value; false where it has none such.
  package mutating func focus(_ places: [Int]) -> Bool {
    let (shape, label): (Shape, String)
    if let step {
      (shape, label) = (step.node.shape, step.label)
    } else {
      let change = changes[index - walk.steps.count * 2]
      (shape, label) = (change.old.shape, change.name)
    }
    guard places.count == shape.rank,
      zip(places, shape.dims).allSatisfy({ $0 >= 0 && $0 < $1 })
    else { return false }
    picks[label] = zip(places, shape.strides).reduce(0) { $0 + $1.0 * $1.1 }
    return true
  }

  package func frame() throws(OperatorProblem) -> WalkFrame {
    let maker = FrameMaker(walk: walk, picks: picks)
    guard let step else { return try maker.update(changes[index - walk.steps.count * 2]) }
    return isBackward ? try maker.backward(step) : try maker.forward(step)
  }

  /// The user's names with the values of the moment.
  package var scope: [(name: String, node: Node)] { Walk.scope(of: walk.loss) }
}

extension Walk {
  /// The user's names for values on the way to a loss, with the values that they had.
  package static func scope(of loss: Node) -> [(name: String, node: Node)] {
    var found: [String: Node] = [:]
    var names: [String] = []
    for node in Walk.order(loss).flatMap({ [$0] + ($0.version == nil ? $0.inputs : []) }) {
      guard let name = WalkNames.own(node),
        name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }),
        node.op !== Operator.convert
      else { continue }
      if found.updateValue(node, forKey: name) == nil { names.append(name) }
    }
    return names.compactMap { name in found[name].map { (name, $0) } }
  }
}

// The gradient transform with a mistake in it: what somebody gets who makes it.

import Autodiff
import Engine

/// Walks a loss back with a say in what each step hands to its operands.
struct AlteredGradients {
  /// - Parameters:
  ///   - upstream: the gradient that arrives at the node.
  ///   - part: what its rule hands to the operand.
  typealias Change = (
    _ node: Node, _ operand: Int, _ upstream: Node, _ part: Node
  ) throws(OperatorProblem) -> Node?

  let loss: Node
  let target: Node
  /// What the target leads to, operands first, the loss last.
  let way: [Node]

  init(_ loss: Node, _ target: Node) {
    (self.loss, self.target) = (loss, target)
    var reached: Set<Int> = [target.serial]
    way = Walk.order(loss).filter { node in
      guard node !== target, node.version == nil,
        node.inputs.contains(where: { reached.contains($0.serial) })
      else { return false }
      reached.insert(node.serial)
      return true
    }
  }

  /// Each step's uses of an operand that lies on the way.
  func uses(of node: Node) -> [(user: Node, operand: Int)] {
    way.flatMap { user in
      user.inputs.indices.filter { user.inputs[$0] === node }.map { (user, $0) }
    }
  }

  /// The target's gradient; nil where nothing arrives.
  func gradient(_ change: Change) throws(OperatorProblem) -> Node? {
    let graph = loss.graph
    let known = Set(way.map(\.serial)).union([target.serial])
    var gradients: [Int: Node] = [loss.serial: try graph.filled(1, like: loss)]
    for node in way.reversed() {
      guard let upstream = gradients[node.serial], case .rule(let rule) = node.op.gradient else {
        continue
      }
      let parts = rule(upstream, node)
      for (operand, part) in parts.enumerated() {
        let input = node.inputs[operand]
        guard let part, known.contains(input.serial) else { continue }
        guard let changed = try change(node, operand, upstream, part) else { continue }
        let fitted = try changed.summed(to: input.shape).converted(to: input.dtype)
        guard fitted.shape == input.shape else { return nil }
        gradients[input.serial] =
          try gradients[input.serial].map { present throws(OperatorProblem) in
            try graph.record(.add, [present, fitted])
          } ?? fitted
      }
    }
    return gradients[target.serial]
  }
}

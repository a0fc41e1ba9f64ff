// Operators that stand for several simpler ones, opened: softmax, losses, normalised rows.

import Autodiff

enum Composites {
  /// A loss recorded again in simpler parts.
  struct Opened {
    /// The new value by the serial of the old, also of those of the rounds between.
    var nodes: [Int: Node] = [:]
    /// The loss as it was, and after each round.
    var roots: [Node]
  }

  /// The graph of a loss recorded again with every composite operator in its simpler parts. A
  /// composition may use composite operators itself, so there are levels: cross_entropy,
  /// log_softmax, logsumexp.
  static func opened(_ loss: Node, levels: Int) throws(OperatorProblem) -> Opened {
    var result: [Int: Node] = [:]
    var root = loss
    var roots = [loss]
    for _ in 0..<levels {
      let round = try once(root)
      guard let new = round[root.serial] else { break }
      for (old, present) in result { result[old] = round[present.serial] ?? present }
      for (old, new) in round where result[old] == nil { result[old] = new }
      root = new
      roots.append(root)
    }
    return Opened(nodes: result, roots: roots)
  }

  private static func once(_ loss: Node) throws(OperatorProblem) -> [Int: Node] {
    let graph = loss.graph
    let outer = graph.origin
    defer { graph.origin = outer }
    var result: [Int: Node] = [:]
    for node in Walk.order(loss) where !node.isLeaf && node.version == nil {
      // What is inside a step stands where the step stands.
      graph.origin = node.origin
      let inputs = node.inputs.map { result[$0.serial] ?? $0 }
      let new: Node
      if let composition = node.op.composition {
        new = try graph.rule { composition(inputs, node) }
      } else if node.inputs.contains(where: { result[$0.serial] != nil }) {
        new = try graph.record(node.op, inputs, node.attributes)
      } else {
        continue
      }
      new.name = node.name
      result[node.serial] = new
    }
    return result
  }
}

// Operators that stand for several simpler ones, opened: softmax, losses, normalised rows.

import Autodiff

enum Composites {
  /// The graph of a loss recorded again with every composite operator in its simpler parts: the
  /// new value by the serial of the old. A composition may use composite operators itself, so
  /// there are levels: cross_entropy, log_softmax, logsumexp.
  static func opened(_ loss: Node, levels: Int) throws(OperatorProblem) -> [Int: Node] {
    var result: [Int: Node] = [:]
    var root = loss
    for _ in 0..<levels {
      let round = try once(root)
      guard let new = round[root.serial] else { break }
      for (old, present) in result { result[old] = round[present.serial] ?? present }
      for (old, new) in round where result[old] == nil { result[old] = new }
      root = new
    }
    return result
  }

  private static func once(_ loss: Node) throws(OperatorProblem) -> [Int: Node] {
    let graph = loss.graph
    var result: [Int: Node] = [:]
    for node in Walk.order(loss) where !node.isLeaf && node.version == nil {
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

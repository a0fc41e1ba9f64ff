// What one step against the gradients does.

import Autodiff
import Engine

extension Walk {
  /// Each param before and after, its gradient, and the loss after the step.
  package struct Update {
    package struct Change {
      package let name: String
      package let gradientName: String
      package let node: Node
      package let old: [Double]
      package let gradient: [Double]
      package let new: [Double]
    }
    package let rate: Double
    package let changes: [Change]
    package let loss: Double
  }

  /// w ← w − lr · ∂loss/∂w for every param, and the loss computed again with the new values.
  package func update(_ rate: Double) throws(OperatorProblem) -> Update {
    let graph = loss.graph
    let order = Walk.order(loss)
    let leaves = order.filter { $0.version != nil }
    let gradients = try graph.gradients(of: loss, withRespectTo: leaves)
    var replaced: [Int: Node] = [:]
    var changes: [Update.Change] = []
    for (leaf, gradient) in zip(leaves, gradients) {
      guard let gradient, leaf.version?.parameter?.isFrozen != true else { continue }
      let new = leaf - gradient * rate
      try graph.force([new, gradient])
      replaced[leaf.serial] = try graph.detach(new)
      let name = leaf.version?.parameter?.name ?? leaf.name ?? "w"
      changes.append(
        Update.Change(
          name: name, gradientName: "∂\(lossName)/∂\(name)", node: leaf,
          old: leaf.buffer?.doubles ?? [], gradient: gradient.buffer?.doubles ?? [],
          new: new.buffer?.doubles ?? []))
    }
    for node in order where !node.isLeaf && node.version == nil {
      let inputs = node.inputs.map { replaced[$0.serial] ?? $0 }
      replaced[node.serial] = try graph.record(node.op, inputs, node.attributes)
    }
    return Update(
      rate: rate, changes: changes, loss: try graph.item(replaced[loss.serial] ?? loss))
  }
}

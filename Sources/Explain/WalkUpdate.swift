// What a step against the gradients does: one that is only thought of, or one that was made.

import Autodiff
import Engine

extension Walk {
  /// Each param before and after, its gradient, and the loss after the step.
  package struct Update {
    package struct Change {
      package let name: String
      package let node: Node
      package let old: [Double]
      package let gradient: [Double]
      package let new: [Double]
    }
    /// What the new values are made by: `adam, step 3: lr = 0.1, …`.
    package let rule: String
    /// The learning rate of plain descent, nil for an optimizer's step.
    package let rate: Double?
    package let changes: [Change]
    /// The optimizer's rule for the picked element.
    package let lines: [ScalarLine]
    package let loss: Double
  }

  /// w ← w − lr · ∂loss/∂w for every param, and the loss computed again with the new values.
  package func update(_ rate: Double) throws(OperatorProblem) -> Update {
    let graph = loss.graph
    let leaves = Walk.order(loss).filter { $0.version != nil }
    let gradients = try graph.gradients(of: loss, withRespectTo: leaves)
    var replaced: [Int: Node] = [:]
    var changes: [Update.Change] = []
    for (leaf, gradient) in zip(leaves, gradients) {
      guard let gradient, leaf.version?.parameter?.isFrozen != true else { continue }
      let new = leaf - gradient * rate
      try graph.force([new, gradient])
      replaced[leaf.serial] = try graph.detach(new)
      changes.append(
        Update.Change(
          name: leaf.version?.parameter?.name ?? leaf.name ?? "w", node: leaf,
          old: leaf.buffer?.doubles ?? [], gradient: gradient.buffer?.doubles ?? [],
          new: new.buffer?.doubles ?? []))
    }
    return Update(
      rule: "w − lr · ∂\(lossName)/∂w, lr = \(NumberText.written(rate, digits: 17))", rate: rate,
      changes: changes, lines: [], loss: try lossAfter(&replaced))
  }

  /// The step that an optimizer has made since the last backward of this loss, nil where none has.
  package func taken() throws(OperatorProblem) -> Update? {
    let changes = try Walk.changes(after: recorded).filter { $0.step != nil }
    guard let step = changes.first?.step else { return nil }
    var replaced: [Int: Node] = [:]
    for change in changes {
      replaced[change.old.serial] = try loss.graph.tensor(
        change.new, shape: change.old.shape.dims, dtype: change.old.dtype)
    }
    var lines: [ScalarLine] = []
    if let picked, let step = changes.first(where: { $0.old === picked.node })?.step {
      lines = try StepLines(step)?.lines(picked.element) ?? []
    }
    return Update(
      rule: step.rule, rate: nil,
      changes: changes.map { change in
        Update.Change(
          name: change.name, node: change.old, old: change.old.buffer?.doubles ?? [],
          gradient: change.gradient, new: change.new)
      }, lines: lines,
      loss: try lossAfter(&replaced))
  }

  /// The loss with other values of its params.
  private func lossAfter(_ replaced: inout [Int: Node]) throws(OperatorProblem) -> Double {
    for node in Walk.order(loss) where !node.isLeaf && node.version == nil {
      let inputs = node.inputs.map { replaced[$0.serial] ?? $0 }
      replaced[node.serial] = try loss.graph.record(node.op, inputs, node.attributes)
    }
    return try loss.graph.item(replaced[loss.serial] ?? loss)
  }
}

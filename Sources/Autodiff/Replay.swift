// A recorded graph once more, in f64 and with other values in one leaf: for gradient checks.

import Engine

extension Graph {
  /// What `root` would be in f64 with `target` replaced.
  ///
  /// Only what depends on the target is recorded again; everything else, random draws too, keeps
  /// the values it has.
  package func replay(_ root: Node, replacing target: Node, by replacement: Node)
    throws(OperatorProblem) -> Node
  {
    try expandBackwards()
    var replayed: [Int: Node] = [target.serial: replacement]
    for node in reachable(from: root, targets: []) where node !== target {
      // What was detached on purpose stays what it is.
      if node.op === Operator.detached { continue }
      guard node.inputs.contains(where: { replayed[$0.serial] != nil }) else { continue }
      var inputs: [Node] = []
      for input in node.inputs {
        let value = replayed[input.serial] ?? input
        inputs.append(value.dtype.isFloat ? try value.converted(to: .f64) : value)
      }
      var attributes = node.attributes
      if let dtype = attributes.dtype, dtype.isFloat { attributes.dtype = .f64 }
      replayed[node.serial] = try record(node.op, inputs, attributes)
    }
    return try (replayed[root.serial] ?? root).converted(to: .f64)
  }

  /// The one number that `root` would be in f64 with `target` replaced. Nothing of what is recorded for
  /// it stays, and no value on the way is kept.
  package func item(of root: Node, replacing target: Node, by replacement: Node)
    throws(OperatorProblem) -> Double
  {
    let recorded = pending.count
    defer { if pending.count > recorded { pending.removeLast(pending.count - recorded) } }
    let node = try replay(root, replacing: target, by: replacement)
    if node.buffer == nil { try compute([node], keepsTracked: false) }
    return node.buffer?[0] ?? .nan
  }
}

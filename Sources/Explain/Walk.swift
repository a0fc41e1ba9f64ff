// The backprop walk as a value: derived from the recorded graph of a loss, read by every view.

import Autodiff
import Engine

/// One value on the way to the loss.
package struct WalkStep {
  package let number: Int
  package let node: Node
  /// The user's name, or `[3]` where they gave none.
  package let name: String
  /// `x @ W1 + b1`
  package let formula: String
  package let value: [Double]
  /// Nil where no gradient arrives.
  package let gradient: [Double]?
  package let parts: [WalkPart]
}

/// What a step hands to one operand.
package struct WalkPart {
  package let operand: String
  /// The local derivative with the operands' names.
  package let rule: String
  package let shape: Shape
  package let value: [Double]
  /// Said in words where the operand was stretched.
  package let summed: String?
  package let isParameter: Bool
}

package struct Walk {
  package let loss: Node
  package let steps: [WalkStep]
  /// Params that were stored to after the loss was made; the walk shows the values before.
  package let updated: [String]
  /// Gradients that are sums over several uses: operand, then its contributions by step.
  package let ledgers:
    [(operand: String, total: [Double], parts: [(step: String, value: [Double])])]

  /// Walks from a loss with one element through everything that a param or variable leads to.
  package init(_ loss: Node) throws(OperatorProblem) {
    let graph = loss.graph
    if loss.inputs.isEmpty || !loss.isTracked { _ = try graph.currentLeaves(of: loss) }
    let order = Walk.order(loss)
    let folded = Walk.folded(order)
    let (named, upstreams) = Walk.names(order, folded)
    let inner = order.filter { !$0.isLeaf }
    updated = order.compactMap { node in
      node.version.flatMap { $0.isCurrent ? nil : $0.parameter?.name }
    }
    let targets = Walk.operands(order)
    let gradients = try graph.gradients(of: loss, withRespectTo: targets)
    var bySerial: [Int: Node] = [:]
    for (target, gradient) in zip(targets, gradients) { bySerial[target.serial] = gradient }
    var contributions: [Int: [(step: String, node: Node)]] = [:]
    var parts: [Int: [(Node, Int, Node)]] = [:]
    for node in inner {
      guard let upstream = bySerial[node.serial], case .rule(let rule) = node.op.gradient else {
        continue
      }
      for (index, piece) in rule(upstream, node).enumerated() where node.inputs[index].isTracked {
        guard let piece else { continue }
        let fitted = try piece.summed(to: node.inputs[index].shape)
        parts[node.serial, default: []].append((node.inputs[index], index, fitted))
        contributions[node.inputs[index].serial, default: []].append(
          (named[node.serial] ?? "?", fitted))
      }
    }
    try graph.force(
      order + gradients.compactMap { $0 } + parts.values.flatMap { $0.map(\.2) })
    self.loss = loss
    var steps: [WalkStep] = []
    let names = { (node: Node) in node.inputs.map { named[$0.serial] ?? Walk.literal($0) } }
    let handed = { (node: Node) -> [WalkPart] in
      (parts[node.serial] ?? []).filter { folded[$0.0.serial] == nil }.map { input, index, piece in
        WalkPart(
          operand: names(node)[index], rule: Walk.rule(node, index, names(node), named, upstreams),
          shape: input.shape, value: piece.buffer?.doubles ?? [],
          summed: Walk.stretch(input, node), isParameter: input.version != nil)
      }
    }
    for node in inner where folded[node.serial] == nil {
      let inside = inner.filter { folded[$0.serial] == node.serial }
      steps.append(
        WalkStep(
          number: steps.count + 1, node: node,
          name: named[node.serial] ?? "[\(steps.count + 1)]",
          formula: Walk.fill(node.op.formula, names(node), node, named),
          value: node.buffer?.doubles ?? [],
          gradient: bySerial[node.serial]?.buffer?.doubles,
          parts: handed(node) + inside.flatMap(handed)))
    }
    self.steps = steps
    ledgers = contributions.compactMap { serial, uses in
      guard uses.count > 1, let node = order.first(where: { $0.serial == serial }) else {
        return nil
      }
      return (
        named[serial] ?? Walk.literal(node), bySerial[serial]?.buffer?.doubles ?? [],
        uses.map { ($0.step, $0.node.buffer?.doubles ?? []) }
      )
    }.sorted { $0.0 < $1.0 }
  }

  /// Products that only feed a sum of the same shape are one step with it: `x @ W + b`. The serial
  /// of the sum by that of the product.
  private static func folded(_ order: [Node]) -> [Int: Int] {
    var uses: [Int: [Node]] = [:]
    for node in order where node.version == nil {
      for input in node.inputs { uses[input.serial, default: []].append(node) }
    }
    var result: [Int: Int] = [:]
    for node in order where node.op === Operator.matmul && node.name == nil {
      guard let users = uses[node.serial], users.count == 1, users[0].op === Operator.add,
        users[0].shape == node.shape
      else { continue }
      result[node.serial] = users[0].serial
    }
    return result
  }

  /// Tracked nodes and their operands, operands first.
  private static func order(_ loss: Node) -> [Node] {
    var seen: Set<Int> = []
    var result: [Node] = []
    var stack = [loss]
    while let node = stack.popLast() {
      guard seen.insert(node.serial).inserted else { continue }
      result.append(node)
      if node.version == nil { stack += node.inputs.filter(\.isTracked) }
    }
    return result.sorted { $0.serial < $1.serial }
  }

  private static func operands(_ order: [Node]) -> [Node] { order.filter(\.isTracked) }

  /// Each node's name: the user's, the param's, or its step's number; and the name under which its
  /// gradient arrives, which for a folded product is that of its sum.
  private static func names(_ order: [Node], _ folded: [Int: Int]) -> (
    named: [Int: String], upstreams: [Int: String]
  ) {
    var result: [Int: String] = [:]
    var step = 0
    for node in order {
      for input in node.inputs where result[input.serial] == nil && !input.isTracked {
        result[input.serial] = input.name ?? literal(input)
      }
      if folded[node.serial] != nil {
        let operands = node.inputs.map { result[$0.serial] ?? literal($0) }
        result[node.serial] = fill(node.op.formula, operands, node, result)
        continue
      }
      if !node.isLeaf { step += 1 }
      result[node.serial] =
        node.version?.parameter?.name ?? node.name ?? (node.isLeaf ? literal(node) : "[\(step)]")
    }
    var upstreams = result
    for (product, sum) in folded { upstreams[product] = result[sum] }
    return (result, upstreams)
  }

  /// How a value without a name is written: its number, or its shape.
  private static func literal(_ node: Node) -> String {
    if node.shape.rank == 0, let value = node.buffer?[0] {
      return node.dtype == .f32
        ? NumberFormat.shortest(Float(value)) : NumberFormat.shortest(value)
    }
    return "data\(node.shape)"
  }

  private static func fill(
    _ formula: String, _ operands: [String], _ node: Node, _ named: [Int: String]
  ) -> String {
    var result = formula
    for (index, operand) in operands.enumerated() {
      let isSum = formula.contains(" + ") && operand.contains(" @ ")
      let needsParentheses = operand.contains(" ") && formula != "{\(index)}" && !isSum
      result = replaced(result, "{\(index)}", needsParentheses ? "(\(operand))" : operand)
    }
    return replaced(result, "{y}", named[node.serial] ?? "y")
  }

  /// The local derivative as the record writes it, after the upstream gradient.
  private static func rule(
    _ node: Node, _ index: Int, _ operands: [String], _ named: [Int: String],
    _ upstreams: [Int: String]
  ) -> String {
    let upstream = "∂loss/∂\(upstreams[node.serial] ?? "y")"
    let notation = node.op.notation.flatMap { index < $0.count ? $0[index] : nil }
    guard let notation else {
      switch node.op.name {
      case "add": return upstream
      case "subtract": return index == 0 ? upstream : "−" + upstream
      case "negate": return "−" + upstream
      case "multiply": return "\(upstream) · \(operands[1 - index])"
      case "divide":
        return index == 0
          ? "\(upstream) / \(operands[1])"
          : "−\(upstream) · \(named[node.serial] ?? "y") / \(operands[1])"
      case "power" where index == 0:
        return "\(upstream) · \(operands[1]) · \(operands[0])^(\(operands[1]) − 1)"
      default: return upstream + " through \(node.op.name)"
      }
    }
    let filled = replaced(fill(notation, operands, node, named), "{g}", upstream)
    if notation.contains("{g}") { return filled }
    return node.shape.rank == 0 && upstream == "∂loss/∂loss" ? filled : "\(upstream) · \(filled)"
  }

  private static func stretch(_ input: Node, _ node: Node) -> String? {
    guard node.op.name == "add" || node.op.name == "subtract" || node.op.name == "multiply",
      input.shape.count != node.shape.count
    else { return nil }
    return "summed, because \(input.shape) was stretched to \(node.shape)"
  }

  private static func replaced(_ text: String, _ piece: String, _ other: String) -> String {
    text.split(separator: piece, omittingEmptySubsequences: false).joined(separator: other)
  }
}

extension Walk {
  /// What one step against the gradients does: each param before and after, and the loss after it.
  package struct Update {
    package let changes: [(name: String, shape: Shape, old: [Double], new: [Double])]
    package let loss: Double
  }

  /// w ← w − lr · ∂loss/∂w for every param, and the loss computed again with the new values.
  package func update(_ rate: Double) throws(OperatorProblem) -> Update {
    let graph = loss.graph
    let order = Walk.order(loss)
    let leaves = order.filter { $0.version != nil }
    let gradients = try graph.gradients(of: loss, withRespectTo: leaves)
    var replaced: [Int: Node] = [:]
    var changes: [(name: String, shape: Shape, old: [Double], new: [Double])] = []
    for (leaf, gradient) in zip(leaves, gradients) {
      guard let gradient else { continue }
      let new = leaf - gradient * rate
      try graph.force([new])
      replaced[leaf.serial] = try graph.detach(new)
      changes.append(
        (
          leaf.version?.parameter?.name ?? "w", leaf.shape, leaf.buffer?.doubles ?? [],
          new.buffer?.doubles ?? []
        ))
    }
    for node in order where !node.isLeaf && node.version == nil {
      let inputs = node.inputs.map { replaced[$0.serial] ?? $0 }
      replaced[node.serial] = try graph.record(node.op, inputs, node.attributes)
    }
    let after = replaced[loss.serial] ?? loss
    return Update(changes: changes, loss: try graph.item(after))
  }
}

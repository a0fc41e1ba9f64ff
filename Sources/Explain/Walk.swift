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
  /// Gradients that are sums over several uses: operand, then its contributions by step.
  package let ledgers:
    [(operand: String, total: [Double], parts: [(step: String, value: [Double])])]

  /// Walks from a loss with one element through everything that a param or variable leads to.
  package init(_ loss: Node) throws(OperatorProblem) {
    let graph = loss.graph
    _ = try graph.currentLeaves(of: loss)
    let order = Walk.order(loss)
    let named = Walk.names(order)
    let inner = order.filter { !$0.isLeaf }
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
    for (place, node) in inner.enumerated() {
      let operands = node.inputs.map { named[$0.serial] ?? Walk.literal($0) }
      steps.append(
        WalkStep(
          number: place + 1, node: node, name: named[node.serial] ?? "[\(place + 1)]",
          formula: Walk.fill(node.op.formula, operands, node, named),
          value: node.buffer?.doubles ?? [],
          gradient: bySerial[node.serial]?.buffer?.doubles,
          parts: (parts[node.serial] ?? []).map { input, index, piece in
            WalkPart(
              operand: operands[index], rule: Walk.rule(node, index, operands, named),
              shape: input.shape, value: piece.buffer?.doubles ?? [],
              summed: Walk.stretch(input, node), isParameter: input.version != nil)
          }))
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

  /// Each node's name: the user's, the param's, or its step's number.
  private static func names(_ order: [Node]) -> [Int: String] {
    var result: [Int: String] = [:]
    var step = 0
    for node in order {
      if !node.isLeaf { step += 1 }
      result[node.serial] =
        node.version?.parameter.name ?? node.name ?? (node.isLeaf ? literal(node) : "[\(step)]")
      if !node.isLeaf {
        for input in node.inputs where result[input.serial] == nil && !input.isTracked {
          result[input.serial] = input.name ?? literal(input)
        }
      }
    }
    return result
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
      let needsParentheses = operand.contains(" ") && formula != "{\(index)}"
      result = replaced(result, "{\(index)}", needsParentheses ? "(\(operand))" : operand)
    }
    return replaced(result, "{y}", named[node.serial] ?? "y")
  }

  /// The local derivative as the record writes it, after the upstream gradient.
  private static func rule(
    _ node: Node, _ index: Int, _ operands: [String], _ named: [Int: String]
  ) -> String {
    let upstream = "∂loss/∂\(named[node.serial] ?? "y")"
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
      input.shape != node.shape
    else { return nil }
    return "summed, because \(input.shape) was stretched to \(node.shape)"
  }

  private static func replaced(_ text: String, _ piece: String, _ other: String) -> String {
    text.split(separator: piece, omittingEmptySubsequences: false).joined(separator: other)
  }
}

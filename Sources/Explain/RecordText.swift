// The texts of operators' records with names put in: forward formulas and derivatives of tensors.

import Autodiff
import Engine

enum RecordText {
  /// `x @ W1 + b1`
  static func forward(_ node: Node, _ operands: [String], _ name: String) -> String {
    if node.op === Operator.concat { return "concat(\(operands.joined(separator: ", ")))" }
    if node.op === Operator.stack { return "[\(operands.joined(separator: ", "))]" }
    if node.op === Operator.transpose, node.shape.rank != 2 {
      return
        "transpose(\(operands[0]), \(node.attributes.sizes.map(String.init).joined(separator: ", ")))"
    }
    if node.op === Operator.gather, let axes = node.attributes.axes, axes != [0] {
      return "gather(\(operands.joined(separator: ", ")), axis: \(list(axes)))"
    }
    if node.op === Operator.slice { return operands[0] + block(node) }
    if node.op === Operator.reshape, Folding.isHelper(node) { return operands[0] }
    if node.op === Operator.reshape { return "reshape(\(operands[0]), \(node.shape))" }
    let text = filled(node.op.formula, operands, name, own: 0)
    guard text.hasSuffix(")"), text.hasPrefix(node.op.name) else { return text }
    return text.dropLast() + axes(node) + ")"
  }

  /// `, axis: 1, keep: true` where that is not what the operator does by itself.
  private static func axes(_ node: Node) -> String {
    let rank = node.inputs.first?.shape.rank ?? 0
    var text = ""
    for parameter in node.op.parameters {
      switch (parameter.kind, parameter.defaultValue) {
      case (.axes, .number(let axis)), (.axis, .number(let axis)):
        let usual = axis < 0 ? rank + Int(axis) : Int(axis)
        guard let axes = node.attributes.axes, axes != [usual] else { continue }
        text += ", \(parameter.name): \(list(axes))"
      case (.axes, _), (.axis, _):
        guard let axes = node.attributes.axes, rank > 1 else { continue }
        text += ", \(parameter.name): \(list(axes))"
      case (.keep, _): if node.attributes.keep { text += ", \(parameter.name): true" }
      default: continue
      }
    }
    return text
  }

  private static func list(_ axes: [Int]) -> String {
    axes.count == 1 ? "\(axes[0])" : "[\(axes.map(String.init).joined(separator: ", "))]"
  }

  /// `[0, 1:3]`: where a block begins and ends.
  private static func block(_ node: Node) -> String {
    let rank = node.shape.rank
    let steps = node.attributes.sizes.suffix(rank)
    guard node.inputs.count > 1, let starts = node.inputs[1].buffer?.doubles,
      starts.count == rank, steps.allSatisfy({ $0 == 1 })
    else { return "[…]" }
    var parts = (0..<rank).map { axis -> String in
      let start = Int(starts[axis])
      if node.shape[axis] == node.inputs[0].shape[axis] { return ".." }
      return node.shape[axis] == 1 ? "\(start)" : "\(start)..\(start + node.shape[axis])"
    }
    while parts.count > 1, parts.last == ".." { parts.removeLast() }
    return "[\(parts.joined(separator: ", "))]"
  }

  /// The record's notation for one operand.
  static func notation(_ node: Node, _ operand: Int) -> String? {
    guard let all = node.op.notationForm?(node) ?? node.op.notation else { return nil }
    return operand < all.count ? all[operand] : all.last
  }

  /// The derivative for one operand as a tensor, with the gradient that arrives: `∂loss/∂o · o (1 − o)`.
  static func backward(
    _ node: Node, _ operand: Int, _ operands: [String], _ name: String, upstream: String?
  ) -> String {
    guard let notation = notation(node, operand) else {
      return (upstream ?? "1") + " · ∂\(name)/∂\(operands[operand])"
    }
    if let formula = FormulaParser.parse(notation, operand: operand) {
      return backward(formula, operands, name, upstream)
    }
    return filled(notation, operands, name, own: operand, upstream: upstream ?? "1")
  }

  private static func backward(
    _ notation: Formula, _ operands: [String], _ name: String, _ upstream: String?
  ) -> String {
    let arriving = upstream.map { Formula.value(Formula.Symbol($0, 0)) } ?? .number(1)
    let hasUpstream = notation.contains { $0 == .upstream }
    let whole = notation.filled(0, nil) { hole, _ in
      switch hole {
      case .operand(let k):
        k < operands.count ? Formula.operand(operands[k]) : .value(Formula.Symbol("?", 0))
      case .result: .value(Formula.Symbol(name, 0))
      case .upstream: arriving
      case .symbol(let text): .value(Formula.Symbol(text, 0))
      case .row(let function, let k):
        .value(Formula.Symbol("\(function)(\(k < operands.count ? operands[k] : "?"))", 0))
      }
    }
    return (hasUpstream ? whole : .times(arriving, whole)).text(.symbols)
  }

  private static func filled(
    _ text: String, _ operands: [String], _ name: String, own: Int, upstream: String = ""
  ) -> String {
    var result = text
    for (index, operand) in operands.enumerated() {
      let isSum = text.contains(" + ") && operand.contains(" @ ")
      let isWhole = text == "{\(index)}" || text.contains("({\(index)}") && text.contains("(")
      let needsParentheses = operand.contains(" ") && !operand.hasSuffix("]") && !isSum && !isWhole
      result = replaced(result, "{\(index)}", needsParentheses ? "(\(operand))" : operand)
    }
    result = replaced(result, "{x}", own < operands.count ? operands[own] : "x")
    result = replaced(result, "{y}", name)
    return replaced(result, "{g}", upstream)
  }

  private static func replaced(_ text: String, _ piece: String, _ other: String) -> String {
    text.split(separator: piece, omittingEmptySubsequences: false).joined(separator: other)
  }
}

extension Formula {
  /// An operand by its name; a literal number as itself, so that `2 w^(2 − 1)` becomes `2 w`.
  static func operand(_ name: String) -> Formula {
    Double(name).map { .number($0) } ?? .value(Symbol(name, 0))
  }
}

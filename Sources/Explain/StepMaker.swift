// The steps of a walk: forward formulas, derivatives with names, and what the operands get.

import Autodiff
import Engine

struct StepMaker {
  let order: [Node]
  let formulas: ElementFormulas
  let back: Backward
  let given: [Int: String]

  private var names: WalkNames { formulas.names }
  private var folding: Folding { formulas.folding }

  func steps(_ shown: [Node]) -> [WalkStep] {
    shown.map { node in
      let inside = order.filter { folding.steps[$0.serial] == node.serial }
      return WalkStep(
        label: names.labels[node.serial] ?? "", node: node, name: names.name(node),
        formula: formula(node, inside),
        value: node.buffer?.doubles ?? [],
        gradient: back.gradients[node.serial]?.buffer?.doubles,
        parts: ([node] + inside.reversed()).flatMap { parts($0, of: node) },
        members: inside + [node], isLayer: folding.layers[node.serial] != nil && !inside.isEmpty)
    }
  }

  private func formula(_ node: Node, _ inside: [Node]) -> String {
    if let group = folding.layers[node.serial] {
      let members = inside + [node]
      // What the layer was called with: neither its own params nor what it made.
      let external = members.flatMap { member in
        member.inputs.filter { input in
          let isOwn = input.version?.parameter.map(group.label.owns) ?? false
          return !isOwn && !input.isNumber && input.group !== group
        }
      }
      var arguments: [String] = []
      for input in external where !arguments.contains(names.name(input)) {
        arguments.append(names.name(input))
      }
      return "\(group.label.text)(\(arguments.joined(separator: ", ")))"
    }
    if let text = given[node.serial] { return text }
    return RecordText.forward(node, node.inputs.map(names.name), names.name(node))
  }

  /// Formulas of values without history, taken before they were computed and let it go: `data`, or
  /// what they were made from where that has names.
  static func given(_ shown: [Node], _ names: WalkNames) -> [Int: String] {
    var result: [Int: String] = [:]
    for node in shown where !node.isTracked {
      result[node.serial] = told(node, names, levels: 3) ?? "data"
    }
    return result
  }

  private static func told(_ node: Node, _ names: WalkNames, levels: Int) -> String? {
    guard levels > 0, !node.isLeaf else { return nil }
    var operands: [String] = []
    for input in node.inputs {
      let isKnown =
        WalkNames.own(input) != nil || input.shape.rank == 0 || WalkNames.short(input) != nil
        || input.isTracked
      guard let text = isKnown ? names.name(input) : told(input, names, levels: levels - 1) else {
        return nil
      }
      operands.append(text)
    }
    return RecordText.forward(node, operands, names.name(node))
  }

  private func parts(_ node: Node, of step: Node) -> [WalkPart] {
    let all = back.parts[node.serial] ?? []
    return all.compactMap { part in
      let input = node.inputs[part.operand]
      guard !folding.isFolded(input) else { return nil }
      let name = names.name(input)
      let isTwice = node.inputs.count == 2 && node.inputs[0] === node.inputs[1]
      // Both parts of w · w are the same line.
      if isTwice, part.operand == 1, rule(node, 0, step) == rule(node, 1, step) { return nil }
      return WalkPart(
        operand: name, node: input,
        gradientName: names.gradient(input) ?? "∂\(names.lossName)/∂\(name)",
        rule: rule(node, part.operand, step), legend: legend(node, part.operand),
        shape: input.shape, dtype: input.dtype, value: part.gradient.buffer?.doubles ?? [],
        note: note(input, node, part.operand, isTwice: isTwice && all.count == 2),
        isParameter: input.version != nil,
        isPartial: (back.uses[input.serial]?.count ?? 0) > 1)
    }
  }

  /// Whether the gradient that arrives has a name: inside a folded step it may have none.
  private func hasRule(_ node: Node) -> Bool {
    node === formulas.loss || names.gradient(node) != nil
  }

  private func rule(_ node: Node, _ operand: Int, _ step: Node) -> String {
    guard hasRule(node) else {
      return "through \(folding.layers[step.serial]?.label.text ?? names.name(step)); depth: 2 "
        + "shows how"
    }
    return RecordText.backward(
      node, operand, node.inputs.map(names.name), names.name(node),
      upstream: node === formulas.loss ? nil : names.gradient(node))
  }

  /// The symbols of a derivative that are not operands, with their numbers.
  private func legend(_ node: Node, _ operand: Int) -> [(symbol: String, value: String)] {
    guard hasRule(node), let text = RecordText.notation(node, operand),
      let notation = FormulaParser.parse(text, operand: operand)
    else { return [] }
    var found: [String] = []
    _ = notation.contains { hole in
      if case .symbol(let name) = hole, !found.contains(name) { found.append(name) }
      return false
    }
    return found.map { ($0, number($0, node)) }
  }

  private func number(_ symbol: String, _ node: Node) -> String {
    let map = ElementMap(node: node)
    guard case .along(let standard, _) = node.op.elements else {
      return formulas.symbol(symbol, node, []).text(.numbers(digits: 6))
    }
    let axes = map.axes(standard)
    let x = node.inputs[0].shape
    let length = axes.reduce(1) { $0 * x[$1] }
    let rows = x.count / max(1, length)
    let isOfRows = symbol == "mean" || symbol == "var"
    let values = (0..<(isOfRows ? min(3, rows) : 1)).map { row in
      formulas.symbol(symbol, node, map.members(of: row, axes)).text(.numbers(digits: 6))
    }
    guard isOfRows, rows > 1 else { return values.first ?? "" }
    return "[" + values.joined(separator: ", ") + (rows > 3 ? ", …]" : "]")
  }

  /// What a derivative doesn't show by itself, in words.
  private func note(_ input: Node, _ node: Node, _ operand: Int, isTwice: Bool) -> String? {
    if isTwice, rule(node, 0, node) == rule(node, 1, node) {
      return "twice: \(names.name(input)) is both operands"
    }
    if case .each = node.op.elements, input.shape.count != node.shape.count {
      return "summed, because \(input.shape) was stretched to \(node.shape)"
    }
    guard case .along(let standard, _) = node.op.elements, hasRule(node),
      RecordText.notation(node, operand)?.contains("Σ") == true
    else { return nil }
    let axes = ElementMap(node: node).axes(standard)
    guard axes.count < input.shape.rank else { return nil }
    let noun = axes.count == 1 ? "axis" : "axes"
    return "Σ along \(noun) \(axes.map(String.init).joined(separator: ", "))"
  }
}

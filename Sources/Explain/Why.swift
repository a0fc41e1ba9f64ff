// Why one gradient is what it is: by sample, and along the path with the largest share.

import Autodiff
import Diagnostics
import Engine

/// The sum behind one element's gradient, taken apart.
package struct Why {
  /// `∂loss/∂W1[0, 1]` with its sum of products.
  package let line: ScalarLine
  /// What each row of the values that use it hands back, in order; empty where there are no rows.
  package let samples: [(row: Int, value: Double)]
  /// What the rows are rows of: `x`.
  package let rowsOf: String
  /// From the element to the loss.
  package let path: StrongestPath

  init(_ node: Node, _ element: Int, _ formulas: ElementFormulas) throws(OperatorProblem) {
    var local = formulas
    local.isLocal = true
    var terms: [(user: Node, operand: Int, term: Contribution)] = []
    for user in formulas.users(of: node) {
      for operand in user.inputs.indices where user.inputs[operand] === node {
        for term in try formulas.contributions(user, operand, element) {
          terms.append((user, operand, term))
        }
      }
    }
    line = ScalarLine(
      subject: formulas.gradientText(node, element),
      formula: terms.isEmpty ? .number(0) : .shortened(terms.map(\.term.formula)),
      terms: terms.count > 1 ? terms.map(\.term) : [],
      result: formulas.gradientValue(node, element), dtype: node.dtype)
    (samples, rowsOf) = Why.samples(terms, formulas)
    path = try StrongestPath(node, element, formulas, local)
  }

  /// Contributions by the first axis of the values through which they came.
  private static func samples(
    _ terms: [(user: Node, operand: Int, term: Contribution)], _ formulas: ElementFormulas
  ) -> ([(row: Int, value: Double)], String) {
    guard let first = terms.first?.user, first.shape.rank > 0, first.shape[0] > 1 else {
      return ([], "")
    }
    var totals: [Int: Double] = [:]
    for (user, _, term) in terms {
      guard user.shape.rank > 0, user.shape[0] == first.shape[0], let result = term.result else {
        return ([], "")
      }
      totals[result / max(1, user.shape.count / user.shape[0]), default: 0] += term.value
    }
    guard totals.count > 1 else { return ([], "") }
    let data = first.inputs.first {
      !$0.isTracked && $0.shape.rank >= first.shape.rank && $0.shape[0] == first.shape[0]
    }
    let owner = data ?? formulas.folding.carrier(first) ?? first
    return (
      totals.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, formulas.names.name(owner)
    )
  }
}

/// The way from an element to the loss that follows the largest contribution at every step.
package struct StrongestPath {
  /// `W1[0, 1]`, `h_in[0, 1]`, …
  package let elements: [String]
  /// What the gradient is multiplied by on the way, one factor a step; the last is the gradient
  /// where the path can't be followed element by element any more.
  package let factors: [Formula]
  package var value: Double { factors.reduce(1) { $0 * $1.evaluated } }

  init(
    _ start: Node, _ element: Int, _ formulas: ElementFormulas, _ local: ElementFormulas
  ) throws(OperatorProblem) {
    var (node, index) = (start, element)
    var elements = [formulas.names.element(node, index)]
    var factors: [Formula] = []
    while node !== formulas.loss {
      guard let step = try StrongestPath.next(node, index, formulas, local) else {
        factors.append(formulas.gradient(node, index))
        break
      }
      factors.append(step.factor)
      (node, index) = (step.node, step.index)
      if !formulas.folding.isFolded(node) {
        elements.append(
          node === formulas.loss
            ? formulas.names.lossName
            : formulas.names.element(node, index))
      }
    }
    self.elements = elements
    self.factors = factors.filter { if case .number(1) = $0 { false } else { true } }
  }

  private static func next(
    _ node: Node, _ index: Int, _ formulas: ElementFormulas, _ local: ElementFormulas
  ) throws(OperatorProblem) -> (node: Node, index: Int, factor: Formula)? {
    var best: (node: Node, index: Int, factor: Formula, size: Double)?
    for user in formulas.users(of: node) {
      for operand in user.inputs.indices where user.inputs[operand] === node {
        let whole = try formulas.contributions(user, operand, index)
        let parts = try local.contributions(user, operand, index)
        guard whole.count == parts.count else { return nil }
        for (term, part) in zip(whole, parts) {
          guard let result = term.result else { return nil }
          if term.value.magnitude > (best?.size ?? -1) {
            best = (user, result, part.formula, term.value.magnitude)
          }
        }
      }
    }
    return best.map { ($0.node, $0.index, $0.factor) }
  }
}

// MARK: - As text

extension Why {
  package func render(_ walk: Walk, _ layout: WalkLayout) -> StyledText {
    var writer = WalkWriter(layout)
    FocusText.append(line, &writer)
    if !samples.isEmpty { appendSamples(&writer) }
    if path.elements.count > 2 { appendPath(&writer) }
    return writer.text
  }

  private func appendSamples(_ writer: inout WalkWriter) {
    writer.put("by row of \(rowsOf)\n", .accent)
    let order = samples.sorted { $0.value.magnitude > $1.value.magnitude }
    let shown = order.prefix(6)
    let width = shown.map { String($0.row).count }.max() ?? 1
    let largest = order.first?.value.magnitude ?? 1
    let digits = writer.digits
    let number = { (x: Double) in
      NumberText.written(x, digits: digits, isSingle: line.isSingle)
    }
    let columns = shown.map { number($0.value).count }.max() ?? 0
    for (index, sample) in shown.enumerated() {
      let row = WalkText.padded("\(rowsOf)[\(sample.row)]", rowsOf.count + width + 2)
      let bar = Int((sample.value.magnitude / max(largest, .leastNormalMagnitude) * 12).rounded())
      writer.put("  \(row)  ", .name)
      writer.put(WalkText.padded(number(sample.value), columns, left: true), .number)
      writer.put("  " + String(repeating: "█", count: bar) + (index == 0 ? "  most" : ""), .dim)
      writer.end()
    }
    if order.count > shown.count {
      let rest = order.dropFirst(shown.count).reduce(0) { $0 + $1.value }
      writer.put("  \(order.count - shown.count) more = \(number(rest))\n", .dim)
    }
  }

  private func appendPath(_ writer: inout WalkWriter) {
    writer.put("the path with the largest share\n", .accent)
    writer.put("  ")
    for (index, element) in path.elements.enumerated() {
      writer.flow(index == 0 ? element : " → \(element)", .name, indent: 4)
    }
    writer.end()
    let product = Formula.times(path.factors)
    writer.put("  ")
    FocusText.append(
      ScalarLine(
        subject: "its share", formula: product, result: path.value,
        dtype: line.isSingle ? .f32 : .f64), &writer)
  }
}

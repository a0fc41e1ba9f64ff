// The scalar walk: from one element forward to the loss and back.

import Autodiff
import Engine

/// One line of scalar arithmetic.
package struct ScalarLine: Sendable {
  /// The label of the step it belongs to, nil for the element itself.
  package let step: String?
  /// `o_in[0, 0]`, `∂loss/∂W1[0, 1]`
  package let subject: String
  /// Nil where the operator has no formula for single elements.
  package let formula: Formula?
  /// What the operator does, for a line without a formula.
  package let words: String
  /// Where a gradient has several contributions: each of them.
  package let terms: [Contribution]
  package let result: Double
  package let isSingle: Bool
  /// Whether the result is true or false.
  package let isTruth: Bool

  package init(
    step: String? = nil, subject: String, formula: Formula?, words: String = "",
    terms: [Contribution] = [], result: Double, dtype: DType
  ) {
    (self.step, self.subject, self.formula, self.words) = (step, subject, formula, words)
    (self.terms, self.result) = (terms, result)
    (isSingle, isTruth) = (dtype == .f32, dtype == .bool)
  }
}

/// The scalar walk of one element.
package struct FocusWalk: Sendable {
  /// `W1[0, 1]`
  package let name: String
  package let value: Double
  package let element: Int
  package let gradient: Double
  package let isSingle: Bool
  package let forward: [ScalarLine]
  package let backward: [ScalarLine]
  /// Functions of rows that stand in the lines, each written out: `softmax(o)[0, 2]`.
  package let details: [ScalarLine]
  /// Values and gradients that stand in the lines and have none of their own.
  package let elsewhere: [Formula.Symbol]
  /// How many elements on the way have no line, by value: those with the smaller gradients.
  package let omitted: [(name: String, count: Int)]
  /// At most so many elements of one value have lines.
  static let breadth = 4

  init(
    _ node: Node, _ element: Int?, order: [Node], shown: [Node], _ formulas: ElementFormulas
  ) throws(OperatorProblem) {
    guard order.contains(where: { $0 === node }), let back = formulas.gradients[node.serial]?.buffer
    else {
      throw OperatorProblem(
        .gradient, "\(formulas.names.name(node)) is not on the way from a param to this loss")
    }
    guard node.shape.count > 0 else {
      throw OperatorProblem(.value, "\(formulas.names.name(node)) has no elements")
    }
    let gradients = back.doubles
    let index =
      element ?? gradients.indices.max { gradients[$0].magnitude < gradients[$1].magnitude } ?? 0
    var maker = FocusMaker(order: order, shown: shown, formulas: formulas)
    maker.spread(from: node, index)
    name = formulas.names.element(node, index)
    value = formulas.value(node, index)
    self.element = index
    gradient = gradients[index]
    isSingle = node.dtype == .f32
    forward = try maker.forwardLines(after: node)
    backward = try maker.backwardLines(downTo: node, index)
    omitted = maker.omitted
    details = maker.details(forward + backward)
    elsewhere = FocusWalk.elsewhere(forward + backward + details, name)
  }

  private static func elsewhere(_ lines: [ScalarLine], _ focus: String) -> [Formula.Symbol] {
    var known = Set(lines.map(\.subject))
    known.insert(focus)
    var found: [Formula.Symbol] = []
    for line in lines {
      line.formula?.visit { symbol in
        if symbol.isComputed, known.insert(symbol.text).inserted { found.append(symbol) }
      }
    }
    return found
  }
}

/// Collects the lines of a scalar walk.
private struct FocusMaker {
  let order: [Node]
  let shown: [Node]
  let formulas: ElementFormulas
  /// The elements on the way, by the serial of their value.
  private var reached: [Int: [Int]] = [:]
  private(set) var omitted: [(name: String, count: Int)] = []

  init(order: [Node], shown: [Node], formulas: ElementFormulas) {
    (self.order, self.shown, self.formulas) = (order, shown, formulas)
  }

  /// Finds the elements that hang on one, value by value.
  mutating func spread(from node: Node, _ index: Int) {
    reached[node.serial] = [index]
    for next in order where next.serial > node.serial && !next.isLeaf && next.version == nil {
      var elements: Set<Int> = []
      for (operand, input) in next.inputs.enumerated() {
        for element in reached[input.serial] ?? [] {
          elements.formUnion(results(next, operand, element))
        }
      }
      if !elements.isEmpty { keep(next, elements) }
    }
  }

  /// The few elements with the largest gradients.
  private mutating func keep(_ node: Node, _ elements: Set<Int>) {
    // Values inside a step have no lines; the step's own value is cut.
    if formulas.folding.isFolded(node) {
      reached[node.serial] = elements.sorted()
      return
    }
    let gradients = formulas.gradients[node.serial]?.buffer
    let size = { (index: Int) in gradients.map { $0[index].magnitude } ?? 0 }
    let sorted = elements.sorted { (size($0), $1) > (size($1), $0) }
    reached[node.serial] = sorted.prefix(FocusWalk.breadth).sorted()
    if sorted.count > FocusWalk.breadth {
      omitted.append((formulas.names.name(node), sorted.count - FocusWalk.breadth))
    }
  }

  private func results(_ node: Node, _ operand: Int, _ element: Int) -> [Int] {
    let map = ElementMap(node: node)
    switch node.op.elements {
    case .each: return map.results(operand, of: element)
    case .products, .pairs: return map.partners(operand, of: element).map(\.result)
    case .along(let standard, _):
      let axes = map.axes(standard)
      let row = map.row(of: element, axes)
      return map.keepsShape ? map.members(of: row, axes) : [row]
    case .derived:
      return (try? formulas.dependents(node, operand, element)) ?? []
    }
  }

  func forwardLines(after node: Node) throws(OperatorProblem) -> [ScalarLine] {
    var lines: [ScalarLine] = []
    for step in shown where step.serial > node.serial {
      for index in reached[step.serial] ?? [] {
        let operands = step.inputs.map(formulas.names.name)
        lines.append(
          ScalarLine(
            step: formulas.names.labels[step.serial], subject: formulas.names.element(step, index),
            formula: try formulas.forward(step, index),
            words: RecordText.forward(step, operands, formulas.names.name(step)),
            result: formulas.value(step, index), dtype: step.dtype))
      }
    }
    return lines
  }

  func backwardLines(downTo node: Node, _ index: Int) throws(OperatorProblem) -> [ScalarLine] {
    var lines: [ScalarLine] = []
    for value in order.reversed() where value.serial >= node.serial && value !== formulas.loss {
      guard !formulas.folding.isFolded(value) || value === node else { continue }
      for element in reached[value.serial] ?? [] {
        lines.append(try backward(value, element, isFocus: value === node))
      }
    }
    return lines
  }

  private func backward(_ value: Node, _ index: Int, isFocus: Bool) throws(OperatorProblem)
    -> ScalarLine
  {
    let terms = try formulas.contributions(to: value, index, through: formulas.users(of: value))
    let names = formulas.names
    let gradients = formulas.gradients[value.serial]?.buffer
    return ScalarLine(
      step: isFocus && value.isLeaf ? nil : names.labels[value.serial],
      subject: formulas.gradientText(value, index),
      formula: terms.isEmpty ? .number(0) : .shortened(terms.map(\.formula)),
      terms: terms.count > 1 ? terms : [], result: gradients.map { $0[index] } ?? 0,
      dtype: value.dtype)
  }

  /// Lines for functions of rows that the other lines use.
  func details(_ lines: [ScalarLine]) -> [ScalarLine] {
    var wanted: [String] = []
    for line in lines {
      line.formula?.visit { symbol in
        if symbol.text.hasPrefix("softmax(") || symbol.text.hasPrefix("log_softmax("),
          !wanted.contains(symbol.text)
        {
          wanted.append(symbol.text)
        }
      }
    }
    var result: [ScalarLine] = []
    for user in order where user.op === Operator.crossEntropy {
      let logits = user.inputs[0]
      for function in ["softmax", "log_softmax"] {
        for index in 0..<min(logits.shape.count, 1 << 16) {
          let subject =
            "\(function)(\(formulas.names.name(logits)))"
            + WalkNames.suffix(logits.shape, index)
          guard wanted.contains(subject) else { continue }
          let (formula, value) = formulas.row(function, logits, index)
          result.append(
            ScalarLine(
              subject: subject, formula: formula, result: value, dtype: logits.dtype))
        }
      }
    }
    return result
  }
}

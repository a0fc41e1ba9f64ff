// The formulas of single elements: how one is made, and what it hands back.

import Autodiff
import Engine
import Glibc

/// What one element of a result hands back to one element of an operand.
package struct Contribution: Sendable {
  package let formula: Formula
  /// The element (or row) through which it came.
  package let through: String
  package let value: Double
  package let isSingle: Bool
  /// The element of the result through which it came; nil where it came through a whole row.
  package let result: Int?
}

/// Formulas over elements of a computed walk.
struct ElementFormulas {
  let loss: Node
  let folding: Folding
  let names: WalkNames
  /// The gradient of every tracked value, computed.
  let gradients: [Int: Node]
  /// Whether contributions are local derivatives only: the gradient that arrives counts as 1.
  var isLocal = false
  private let writing = Writing()

  /// How far values inside a step are written out in the formula that is being made: what a recurrent
  /// layer uses twice in every turn would double with each.
  private final class Writing {
    static let deepest = 12
    static let most = 120
    /// Of a sum of more terms only a few are shown, and none of them is written out.
    static let fewTerms = 24
    var level = 0
    var count = 0

    /// Makes terms of a sum of so many.
    func terms<T>(_ count: Int, _ body: () throws(OperatorProblem) -> T) throws(OperatorProblem)
      -> T
    {
      guard count > Self.fewTerms else { return try body() }
      let outer = level
      level = Self.deepest
      defer { level = outer }
      return try body()
    }

    /// What `body` writes; nil where enough is written out already.
    func out<T>(_ body: () -> T?) -> T? {
      if level == 0 { count = 0 }
      guard level < Self.deepest, count < Self.most else { return nil }
      (level, count) = (level + 1, count + 1)
      defer { level -= 1 }
      return body()
    }
  }

  /// The operators on the way that use a value, each once.
  func users(of node: Node) -> [Node] {
    folding.distinctUses(node).filter { gradients[$0.serial] != nil }
  }

  func gradientText(_ node: Node, _ index: Int) -> String {
    names.gradient(node, index) ?? "∂\(names.lossName)/∂\(names.element(node, index))"
  }

  func gradientValue(_ node: Node, _ index: Int) -> Double {
    if node === loss { return 1 }
    guard let buffer = gradients[node.serial]?.buffer, index < buffer.count else { return 0 }
    return buffer[index]
  }

  /// An element as it stands in a formula.
  func element(_ node: Node, _ index: Int) -> Formula {
    if node.isNumber, node.name == nil { return .number(node.exact) }
    if folding.isFolded(node), let formula = writing.out({ try? forward(node, index) }) {
      return formula
    }
    return .value(
      Formula.Symbol(
        names.element(node, index), value(node, index), isSingle: node.dtype == .f32,
        isComputed: !node.isLeaf && node.version == nil && node.isTracked))
  }

  /// The gradient of an element; 1 for the loss itself.
  func gradient(_ node: Node, _ index: Int) -> Formula {
    if node === loss || isLocal { return .number(1) }
    let values = gradients[node.serial]?.buffer
    let text = gradientText(node, index)
    guard let values, index < values.count else { return .number(0) }
    return .value(
      Formula.Symbol(text, values[index], isSingle: node.dtype == .f32, isComputed: true))
  }

  func value(_ node: Node, _ index: Int) -> Double {
    guard let buffer = node.buffer, index < buffer.count else { return .nan }
    return buffer[index]
  }

  /// How an element is made of others; nil where no formula says it, or where the value has let its
  /// operands go.
  func forward(_ node: Node, _ index: Int) throws(OperatorProblem) -> Formula? {
    guard !node.isLeaf else { return nil }
    let map = ElementMap(node: node)
    switch node.op.elements {
    case .each:
      return FormulaParser.parse(node.op.formula)?.filled(index, nil) { hole, _ in
        fill(hole, map, at: index, row: [])
      }
    case .along(let standard, let text):
      let axes = map.axes(standard)
      let row = map.keepsShape ? map.row(of: index, axes) : index
      let members = map.members(of: row, axes)
      let place = map.keepsShape ? index : members.first ?? 0
      return try writing.terms(members.count) {
        FormulaParser.parse(text)?.filled(place, members) { hole, place in
          fill(hole, map, along: place, result: map.keepsShape ? place : row, members)
        }
      }
    case .products, .pairs:
      let pairs = map.pairs(index)
      return try writing.terms(pairs.count) {
        .shortened(
          pairs.map {
            Formula.times(element(node.inputs[0], $0.a), element(node.inputs[1], $0.b))
          })
      }
    case .derived:
      return try derivedForward(node, index)
    }
  }

  /// What all elements of `node` hand back to one element of an operand.
  func contributions(_ node: Node, _ operand: Int, _ element: Int) throws(OperatorProblem)
    -> [Contribution]
  {
    let map = ElementMap(node: node)
    let notation = RecordText.notation(node, operand).flatMap {
      FormulaParser.parse($0, operand: operand)
    }
    switch node.op.elements {
    case .each:
      guard let notation else { break }
      let results = map.results(operand, of: element)
      return try writing.terms(results.count) {
        results.map { result in
          let local = notation.filled(result, nil) { hole, _ in
            fill(hole, map, at: result, row: [])
          }
          return contribution(node, result, .times(gradient(node, result), local))
        }
      }
    case .along(let standard, _):
      guard let notation else { break }
      return [try along(notation, map, standard, operand, element)]
    case .products, .pairs:
      let partners = map.partners(operand, of: element)
      return try writing.terms(partners.count) {
        partners.map { result, partner in
          let other = self.element(node.inputs[1 - operand], partner)
          let arriving = gradient(node, result)
          return contribution(
            node, result, operand == 0 ? .times(arriving, other) : .times(other, arriving))
        }
      }
    case .derived: break
    }
    return try derived(node, operand, element)
  }

  /// What some operators hand back to one element of a value that they use, use by use.
  func contributions(to node: Node, _ element: Int, through users: [Node])
    throws(OperatorProblem) -> [Contribution]
  {
    var terms: [Contribution] = []
    for user in users where gradients[user.serial] != nil {
      for operand in user.inputs.indices where user.inputs[operand] === node {
        terms += try contributions(user, operand, element)
      }
    }
    return terms
  }

  private func contribution(_ node: Node, _ result: Int, _ formula: Formula) -> Contribution {
    let carrier = folding.carrier(node) ?? node
    return Contribution(
      formula: formula, through: names.element(carrier, result), value: formula.evaluated,
      isSingle: node.dtype == .f32, result: result)
  }

  private func along(
    _ notation: Formula, _ map: ElementMap, _ standard: Operator.Elements.Axes, _ operand: Int,
    _ element: Int
  ) throws(OperatorProblem) -> Contribution {
    let node = map.node
    let axes = map.axes(standard)
    let row = map.row(of: element, axes)
    let members = map.members(of: row, axes)
    let local = notation.filled(element, members) { hole, place in
      fill(hole, map, along: place, result: map.keepsShape ? place : row, members)
    }
    let arriving = gradient(node, map.keepsShape ? element : row)
    let isWhole = notation.contains { $0 == .upstream }
    var formula = isWhole ? local : Formula.times(arriving, local)
    // 0 / 0 in the formula, where the rule says 0: std and norm of what has no spread or length.
    if formula.evaluated.isNaN, arriving.evaluated.isFinite,
      let column = try column(node, operand, element), column.allSatisfy({ $0 == 0 })
    {
      let result = names.element(node, map.keepsShape ? element : row)
      formula = .value(Formula.Symbol("0 (by convention: \(result) = 0)", 0))
    }
    return Contribution(
      formula: formula,
      through: map.keepsShape ? names.name(node) : names.element(node, row),
      value: formula.evaluated, isSingle: node.dtype == .f32,
      result: map.keepsShape ? nil : row)
  }
}

// MARK: - Holes

extension ElementFormulas {
  private func fill(_ hole: Formula.Hole, _ map: ElementMap, at result: Int, row: [Int]) -> Formula
  {
    switch hole {
    case .operand(let k): element(map.node.inputs[k], map.source(k, of: result))
    case .result: element(map.node, result)
    case .upstream: gradient(map.node, result)
    case .symbol(let name): symbol(name, map.node, row)
    case .row(let name, let k): rowValue(name, map.node, k, result)
    }
  }

  private func fill(
    _ hole: Formula.Hole, _ map: ElementMap, along place: Int, result: Int, _ members: [Int]
  ) -> Formula {
    switch hole {
    case .operand(let k): element(map.node.inputs[k], place)
    case .result: element(map.node, result)
    case .upstream: gradient(map.node, result)
    case .symbol(let name): symbol(name, map.node, members)
    case .row(let name, let k): rowValue(name, map.node, k, place)
    }
  }

  /// The number behind `n`, `mean`, `ε` for a row of operand 0.
  func symbol(_ name: String, _ node: Node, _ members: [Int]) -> Formula {
    let count = Double(max(1, members.count))
    let mean = { members.reduce(0) { $0 + self.value(node.inputs[0], $1) } / count }
    let number: Double
    switch name {
    case "n": number = count
    case "rows":
      let shape = node.inputs[0].shape
      number = Double(shape.count / max(1, shape.rank > 0 ? shape[shape.rank - 1] : 1))
    case "mean": number = mean()
    case "var":
      let middle = mean()
      number =
        members.reduce(0) { $0 + pow(self.value(node.inputs[0], $1) - middle, 2) } / count
    case "ε", "min": number = node.attributes.reals.first ?? 1e-5
    case "max": number = node.attributes.reals.last ?? 0
    default: number = .nan
    }
    let isSingle = node.dtype == .f32 && (name == "mean" || name == "var")
    return .value(Formula.Symbol(name, number, isSingle: isSingle, isLegend: true))
  }

  /// `softmax(o)[0, 2]` and its kin: functions of the row in which an element lies.
  private func rowValue(_ name: String, _ node: Node, _ operand: Int, _ place: Int) -> Formula {
    let x = node.inputs[operand]
    let logits = node.inputs[0].shape
    let width = max(1, logits.rank > 0 ? logits[logits.rank - 1] : 1)
    let row = (place / width * width)..<(place / width * width + width)
    if name == "one_hot" {
      if x.shape == logits { return element(x, place) }
      return .number(value(x, place / width) == Double(place % width) ? 1 : 0)
    }
    if name == "row_sum" { return .shortened(row.map { element(x, $0) }) }
    let top = row.map { value(x, $0) }.max() ?? 0
    let normaliser = log(row.reduce(0) { $0 + exp(value(x, $1) - top) }) + top
    let logged = value(x, place) - normaliser
    return .value(
      Formula.Symbol(
        "\(name)(\(names.name(x)))\(WalkNames.suffix(x.shape, place))",
        name == "softmax" ? exp(logged) : logged, isSingle: x.dtype == .f32, isComputed: true))
  }
}

extension ElementFormulas {
  /// softmax or log_softmax of a row, written out for one element.
  func row(_ function: String, _ logits: Node, _ place: Int) -> (formula: Formula?, value: Double) {
    let width = max(1, logits.shape.rank > 0 ? logits.shape[logits.shape.rank - 1] : 1)
    let start = place / width * width
    guard let op = Catalogue.named(function), case .along(_, let text) = op.elements,
      let formula = FormulaParser.parse(text)
    else { return (nil, .nan) }
    let filled = formula.filled(place, Array(start..<start + width)) { _, place in
      element(logits, place)
    }
    return (filled, filled.evaluated)
  }
}

// MARK: - By the gradient rule

extension ElementFormulas {
  /// The derivatives of every element of the result by one element of an operand: the gradient rule
  /// is linear in the gradient that arrives, and its own derivative are the coefficients.
  private func column(_ node: Node, _ operand: Int, _ element: Int) throws(OperatorProblem)
    -> [Double]?
  {
    guard case .rule(let rule) = node.op.gradient else { return nil }
    let graph = node.graph
    let arriving = try graph.variable(
      graph.tensor(
        [Double](repeating: 1, count: node.shape.count), shape: node.shape.dims, dtype: node.dtype))
    let parts = rule(arriving, node)
    guard let part = parts[operand] else { return nil }
    let fitted = try part.summed(to: node.inputs[operand].shape)
    guard fitted.isTracked else { return nil }
    let one = fitted.reshaped([fitted.shape.count]).sliced(starts: [element], lengths: [1])
    guard let column = try graph.gradients(of: one, withRespectTo: [arriving])[0] else {
      return nil
    }
    return try graph.values(column)
  }

  private func derived(_ node: Node, _ operand: Int, _ element: Int) throws(OperatorProblem)
    -> [Contribution]
  {
    let column = try column(node, operand, element) ?? []
    let source = names.element(node.inputs[operand], element)
    return column.indices.filter { column[$0] != 0 }.map { result in
      let arriving = gradient(node, result)
      let local = column[result]
      guard local != 1, local != -1 else {
        return contribution(node, result, local == 1 ? arriving : .negated(arriving))
      }
      let symbol = Formula.Symbol(
        "∂\(names.element(node, result))/∂\(source)", local, isSingle: node.dtype == .f32)
      return contribution(node, result, .times(arriving, .value(symbol)))
    }
  }

  /// The elements of the result that change with one element of an operand.
  func dependents(_ node: Node, _ operand: Int, _ element: Int) throws(OperatorProblem) -> [Int] {
    let column = try column(node, operand, element) ?? []
    return column.indices.filter { column[$0] != 0 }
  }

  /// A sum of operands' elements, or a part of one, where the gradient rule says that the result is
  /// that.
  private func derivedForward(_ node: Node, _ index: Int) throws(OperatorProblem) -> Formula? {
    guard case .rule(let rule) = node.op.gradient else { return nil }
    let graph = node.graph
    var hot = [Double](repeating: 0, count: node.shape.count)
    hot[index] = 1
    let arriving = try graph.tensor(hot, shape: node.shape.dims, dtype: node.dtype)
    var terms: [Formula] = []
    var share: Double?
    for (operand, part) in rule(arriving, node).enumerated() {
      guard let part else { continue }
      let input = node.inputs[operand]
      let row = try graph.values(part.summed(to: input.shape))
      for place in row.indices where row[place] != 0 {
        guard row[place].magnitude == share ?? row[place].magnitude else { return nil }
        share = row[place].magnitude
        let source = element(input, place)
        terms.append(row[place] > 0 ? source : .negated(source))
      }
    }
    let sum = Formula.part(.shortened(terms), share ?? 1)
    let difference = (sum.evaluated - value(node, index)).magnitude
    return difference <= 1e-5 * max(1, value(node, index).magnitude) ? sum : nil
  }
}

// The story of the first number that is not finite: where it was made, of what, and how the numbers
// grew before it.

import Autodiff
import Engine

/// Finds it in a loss, on the way back, or in the update of a param.
package struct NonFinite {
  /// A value's place in the source, `mlp.nns:4`, and its text, where it is known.
  package typealias Origin = (place: String, text: String?)

  private let origin: (Node) -> Origin?

  package init(origin: @escaping (Node) -> Origin?) { self.origin = origin }

  private func place(_ node: Node) -> String { origin(node).map { " (\($0.place))" } ?? "" }

  // MARK: - In a walk

  /// Operator, element, operands and source of the first one, and how large the values before it
  /// were; empty where all numbers are finite.
  func story(_ walk: Walk) -> [String] {
    let forward = forward(walk)
    return forward.isEmpty ? backward(walk) : forward
  }

  private func forward(_ walk: Walk) -> [String] {
    for (index, step) in walk.steps.enumerated() {
      guard let element = step.value.firstIndex(where: { !$0.isFinite }) else { continue }
      let subject = walk.names.element(step.node, element)
      var words = [
        "the first number that is not finite: \(subject) = "
          + NumberFormat.shortest(step.value[element]) + ", in \(step.name) = \(step.formula)"
          + place(step.node)
      ]
      if let formula = try? walk.formulas.forward(step.node, element) {
        // In f64 it would be a number.
        let isTooLarge = step.node.dtype == .f32 && formula.evaluated.isFinite
        words.append(
          "\(subject) = \(formula.text(.symbols)) = \(formula.text(.numbers(digits: 6)))"
            + (isTooLarge ? ", more than the 3.4e38 that f32 holds" : ""))
      }
      let sizes = walk.steps[..<index].suffix(4).map { "\($0.name) \(Self.largest($0.value))" }
      if !sizes.isEmpty {
        words.append("the largest values before it: " + sizes.joined(separator: ", "))
      }
      return words
    }
    return []
  }

  private func backward(_ walk: Walk) -> [String] {
    let formulas = walk.formulas
    for node in Walk.order(walk.loss).reversed() where !formulas.folding.isFolded(node) {
      guard let gradient = formulas.gradients[node.serial]?.buffer?.doubles,
        let element = gradient.firstIndex(where: { !$0.isFinite })
      else { continue }
      let subject = formulas.gradientText(node, element)
      let users = formulas.users(of: node)
      let source = users.first.map(place) ?? place(node)
      var words = [
        "all values are finite; the first gradient on the way back that is not: \(subject) = "
          + NumberFormat.shortest(gradient[element]) + source
      ]
      let terms = users.flatMap { user in
        user.inputs.indices.filter { user.inputs[$0] === node }.flatMap {
          (try? formulas.contributions(user, $0, element)) ?? []
        }
      }
      // One that is not finite says why the sum isn't.
      let wild = terms.first { !$0.value.isFinite }.map(\.formula)
      if let formula = wild ?? (terms.isEmpty ? nil : .shortened(terms.map(\.formula))) {
        let sign = wild != nil && terms.count > 1 ? " has the term" : " ="
        words.append(
          "\(subject)\(sign) \(formula.text(.symbols)) = \(formula.text(.numbers(digits: 6)))")
      }
      return words
    }
    return []
  }

  private static func largest(_ values: [Double]) -> String {
    var largest = 0.0
    for value in values {
      if value.isNaN { return "nan" }
      largest = max(largest, value.magnitude)
    }
    return NumberFormat.significant(largest, digits: 3)
  }

  // MARK: - In an update

  /// How the value came about that a param refused.
  package func story(_ refused: RefusedStore) -> [String] {
    let told = try? refused.parameter.graph.keepingOperands { () throws(OperatorProblem) in
      tell(refused)
    }
    return told ?? []
  }

  private func tell(_ refused: RefusedStore) -> [String] {
    let last = refused.parameter.graph.lastBackward
    let made = NonFinite.made(refused.new)
    var words: [String] = []
    if let last, NonFinite.uses(made, last) || isOf(last, refused) {
      // What the walk cannot show leaves the rest of the story.
      let walk = try? Walk(last.loss, WalkOptions(depth: 2))
      words = walk.map(story) ?? []
      if words.isEmpty {
        let loss = walk?.lossName ?? "the loss"
        words = update(made, "all values and gradients of \(loss) are finite; ")
      }
      words += growth(refused, last)
      return words
    }
    return update(made, "")
  }

  /// Whether the param was stored to for the first time since a backward.
  private func isOf(_ last: BackwardRecord, _ refused: RefusedStore) -> Bool {
    last.gradients.contains { $0.parameter === refused.parameter && $0.node === refused.old }
  }

  private static func uses(_ made: [Node], _ last: BackwardRecord) -> Bool {
    let gradients = Set(last.gradients.map(\.gradient.serial))
    return made.contains { gradients.contains($0.serial) }
  }

  /// What a stored value is made of, back to params and gradients, operands first.
  private static func made(_ new: Node) -> [Node] {
    var seen: Set<Int> = []
    var result: [Node] = []
    var stack = new.inputs
    while let node = stack.popLast() {
      guard seen.insert(node.serial).inserted else { continue }
      result.append(node)
      if node.version == nil, node.op !== Operator.gradient { stack += node.inputs }
    }
    return result.sorted { $0.serial < $1.serial }
  }

  private func update(_ made: [Node], _ start: String) -> [String] {
    for node in made where node.version == nil && !node.inputs.isEmpty {
      guard node.op !== Operator.gradient,
        let values = try? node.graph.values(node),
        let element = values.firstIndex(where: { !$0.isFinite })
      else { continue }
      let origin = origin(node)
      var text = start + "the first number that is not finite is made in the update: "
      text += NonFinite.arithmetic(node, element, values[element])
      if let source = origin?.text { text += ", in \(source)" }
      return [text + (origin.map { " (\($0.place))" } ?? "")]
    }
    return []
  }

  /// `0 / 0 = nan`
  private static func arithmetic(_ node: Node, _ element: Int, _ value: Double) -> String {
    let result = NumberFormat.shortest(value)
    let map = ElementMap(node: node)
    guard case .each = node.op.elements, let formula = FormulaParser.parse(node.op.formula) else {
      return "\(node.op.name) gives \(result)"
    }
    let filled = formula.filled(element, nil) { hole, _ in
      guard case .operand(let k) = hole, let values = node.inputs[k].buffer?.doubles else {
        return .number(value)
      }
      let number = values[map.source(k, of: element)]
      return .value(Formula.Symbol("", number, isSingle: node.inputs[k].dtype == .f32))
    }
    return "\(filled.text(.numbers(digits: 6))) = \(result)"
  }

  // MARK: - Growth

  /// The loss and the param in the last turns, where there were several.
  private func growth(_ refused: RefusedStore, _ last: BackwardRecord) -> [String] {
    let graph = refused.parameter.graph
    let turns = NonFinite.turns(graph, last)
    guard turns.count > 1 else { return [] }
    let losses = turns.map { turn in
      (try? graph.item(turn.loss)).map { NumberFormat.significant($0, digits: 3) } ?? "?"
    }
    let sizes = turns.compactMap { turn in
      turn.gradients.first { $0.parameter === refused.parameter }?.node.buffer
        .map { NonFinite.largest($0.doubles) }
    }
    let numbers = turns.map { "\($0.turn)" }.joined(separator: ", ")
    var words = "in turns \(numbers) the loss was \(losses.joined(separator: " → "))"
    if sizes.count == turns.count {
      let sign = refused.parameter.node.shape.rank > 0 ? "the largest |" : "|"
      words += ", \(sign)\(refused.parameter.name)| \(sizes.joined(separator: " → "))"
    }
    return [words]
  }

  /// The last few; where the loss was not finite for longer, those around its first such value.
  private static func turns(_ graph: Graph, _ last: BackwardRecord) -> [BackwardRecord] {
    let kept = graph.trail.records.filter { $0.turn < last.turn }
    let isFinite = { (turn: BackwardRecord) in (try? graph.item(turn.loss))?.isFinite ?? false }
    let recent = kept.suffix(4)
    if recent.contains(where: isFinite) { return recent + [last] }
    guard let place = kept.lastIndex(where: isFinite) else { return recent + [last] }
    return kept[max(0, place - 2)...min(kept.count - 1, place + 1)] + [last]
  }
}

// The walk as questions: what is this gradient? With what a usual mistake would give instead.

import Autodiff
import Diagnostics
import Engine

/// Questions about one loss, from the loss back to the params.
package struct Quiz {
  /// One gradient to be told.
  package struct Question {
    /// `∂loss/∂o_in[0, 0]`
    package let subject: String
    /// `back through o = sigmoid(o_in)`
    package let title: String
    package let node: Node
    /// What is known: the numbers that its formula is made of.
    package let given: [Formula.Symbol]
    /// Whether the sum is too long to be added by hand.
    package let isLong: Bool
    /// The rule as tensors: `∂loss/∂o · o (1 − o)`
    package let hint: String
    package let line: ScalarLine
    package var answer: Double { line.result }
    /// What usual mistakes give, the simplest first.
    let wrong: [(name: String, words: String, value: Double)]
  }

  private struct Place {
    let step: WalkStep
    let part: WalkPart
  }

  package let loss: Node
  private let walk: Walk
  private let places: [Place]
  private var next = 0
  /// How many questions there may be; fewer where a usual mistake gives the right number.
  package var count: Int { places.count }
  /// Among how many values a question is looked for; of a longer walk some are asked.
  private static let most = 24

  package init(_ loss: Node) throws(OperatorProblem) {
    self.loss = loss
    // Losses stay whole, layers are open.
    let start = Walk.order(loss).first { $0.isLeaf || $0.version != nil }
    walk = try Walk(loss, WalkOptions(focus: start.map { ($0, nil) }))
    var seen: Set<Int> = []
    var found: [Place] = []
    for step in walk.steps.reversed() {
      for part in step.parts {
        // A gradient of several parts is asked for when the last of them is there.
        let uses = walk.steps.filter { other in
          other.parts.contains { $0.node === part.node }
        }
        guard uses.first?.label == step.label, part.node.shape.count > 0,
          walk.formulas.gradients[part.node.serial] != nil, seen.insert(part.node.serial).inserted
        else { continue }
        found.append(Place(step: step, part: part))
      }
    }
    let stride = Double(found.count) / Double(min(found.count, Quiz.most))
    places =
      found.count <= Quiz.most
      ? found : (0..<Quiz.most).map { found[Int(Double($0) * stride)] }
  }

  /// The next question, nil at the end. Numbers that a mistake gives as well are not asked for.
  package mutating func ask() throws(OperatorProblem) -> Question? {
    while next < places.count {
      let place = places[next]
      next += 1
      if let question = try question(place) { return question }
    }
    return nil
  }

  private func question(_ place: Place) throws(OperatorProblem) -> Question? {
    let node = place.part.node
    guard let truth = walk.formulas.gradients[node.serial]?.buffer?.doubles else { return nil }
    let mistakes = try QuizMistakes(walk, node, truth)
    let order = truth.indices.sorted { (truth[$0].magnitude, $1) > (truth[$1].magnitude, $0) }
    for index in order.prefix(4) where truth[index] != 0 && truth[index].isFinite {
      let wrong = mistakes.at(index)
      let same = wrong.filter { Quiz.isSame($0.value, truth[index]) }
      // With a small learning rate an update that comes too early changes next to nothing.
      guard same.allSatisfy({ $0.name == Mistake.updatedEarly.name }) else { continue }
      return try question(place, index, wrong.filter { !Quiz.isSame($0.value, truth[index]) })
    }
    return nil
  }

  private func question(
    _ place: Place, _ index: Int, _ wrong: [(name: String, words: String, value: Double)]
  ) throws(OperatorProblem) -> Question {
    let node = place.part.node
    let formulas = walk.formulas
    let terms = try formulas.contributions(to: node, index, through: formulas.users(of: node))
    let formula: Formula = terms.isEmpty ? .number(0) : .shortened(terms.map(\.formula))
    var given: [Formula.Symbol] = []
    formula.visit { symbol in
      if !given.contains(where: { $0.text == symbol.text }) { given.append(symbol) }
    }
    return Question(
      subject: formulas.gradientText(node, index),
      title: "back through \(place.step.name) = \(place.step.formula)", node: place.step.node,
      given: given.filter { !$0.isLegend }.sorted { $0.text < $1.text }, isLong: terms.count > 6,
      hint: "\(place.part.gradientName) = \(place.part.rule)"
        + place.part.legend.map { ", \($0.symbol) = \($0.value)" }.joined(),
      line: ScalarLine(
        subject: formulas.gradientText(node, index), formula: formula,
        terms: terms.count > 1 ? terms : [], result: formulas.gradientValue(node, index),
        dtype: node.dtype),
      wrong: wrong)
  }

  /// Whether one who answers with three digits could mean either.
  private static func isSame(_ a: Double, _ b: Double) -> Bool {
    (a - b).magnitude <= 2e-3 * max(a.magnitude, b.magnitude)
  }

  /// The names of the walk with their values of then.
  package var scope: [(name: String, node: Node)] { Walk.scope(of: loss) }
}

extension Quiz.Question {
  /// The mistake that gives an answer, in words.
  ///
  /// - Parameter matches: whether what was answered means a number.
  package func mistake(_ matches: (Double) -> Bool) -> (name: String, words: String)? {
    wrong.first { matches($0.value) }.map { ($0.name, $0.words) }
  }

  /// The question with what is known.
  package func render(_ number: Int, of count: Int, place: String?, _ layout: WalkLayout)
    -> StyledText
  {
    var writer = WalkWriter(layout)
    writer.put("\(number)/\(count)", .accent)
    writer.flow("  \(title)", .strong, indent: 4)
    if let place { writer.flow("  (\(place))", .dim, indent: 4) }
    writer.end()
    let shown = given.prefix(8)
    for (index, symbol) in shown.enumerated() {
      let value = NumberText.written(
        symbol.value, digits: layout.digits, isSingle: symbol.isSingle)
      let comma = index + 1 < shown.count ? "," : ""
      writer.flow("  \(symbol.text) = \(value)\(comma)", .number, indent: 2)
    }
    if !given.isEmpty { writer.end() }
    if isLong {
      writer.words(
        "  A long sum: type an expression; grad(loss, NAME) is the gradient that arrives at a value.",
        .dim, indent: 2)
      writer.end()
    }
    writer.put("What is \(subject)?\n", .name)
    return writer.text
  }

  /// The answer with its formula, with numbers.
  package func solution(_ layout: WalkLayout) -> StyledText {
    var writer = WalkWriter(layout)
    writer.put("  ")
    FocusText.append(line, &writer)
    return writer.text
  }
}

/// What the usual mistakes give for one gradient.
private struct QuizMistakes {
  private var results: [(name: String, result: Mistake.Result)] = []
  private let truth: [Double]
  private let shape: Shape

  init(_ walk: Walk, _ node: Node, _ truth: [Double]) throws(OperatorProblem) {
    (self.truth, shape) = (truth, node.shape)
    var setting = Mistake.Setting(
      altered: AlteredGradients(walk.loss, node), names: walk.names, truth: truth, mine: truth,
      mineShape: node.shape)
    setting.rates = try QuizMistakes.rates(walk)
    // Trying every mistake at every step of a long loss would take too long.
    guard setting.altered.way.count <= 60 else { return }
    for mistake in Mistake.all {
      for result in try mistake.results(setting) where result.values.count == truth.count {
        // A factor of 1 that is forgotten is no mistake.
        let isSame = zip(result.values, truth).allSatisfy {
          ($0 - $1).magnitude <= 1e-9 * $1.magnitude
        }
        if !isSame { results.append((mistake.name, result)) }
      }
    }
  }

  /// The learning rates with which a weight may have been updated too early: that of the step that was
  /// made, else some usual ones.
  private static func rates(_ walk: Walk) throws(OperatorProblem) -> [Double] {
    let made = try Walk.changes(after: walk.recorded).lazy.compactMap(\.rate).first { $0 > 0 }
    if let made { return [made] }
    return [0.5, 0.1, 0.01]
  }

  /// What each mistake gives for one element.
  func at(_ index: Int) -> [(name: String, words: String, value: Double)] {
    var found = results.map { ($0.name, $0.result.words, $0.result.values[index]) }
    if shape.rank == 2, shape[0] > 1, shape[1] > 1 {
      let (row, column) = (index / shape[1], index % shape[1])
      if row != column, column < shape[0], row < shape[1] {
        found.append(
          (
            "not transposed", "not transposed: this is the element [\(column), \(row)]",
            truth[column * shape[1] + row]
          ))
      }
    }
    return found.filter { $0.2.isFinite }
  }
}

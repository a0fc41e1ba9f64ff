// What is unhealthy in the walk of a loss, step by step, and the story of the first number that is
// not finite.

import Autodiff
import Diagnostics
import Engine

/// A look at all steps and params of a loss.
package struct Monitor {
  package struct Finding: Sendable {
    package let place: String
    package let words: String
    package let help: String
  }

  package let findings: [Finding]
  /// Each param with the sizes of its values and gradients.
  package let params: [(name: String, size: Double, gradient: Double)]
  /// The first value that is not finite.
  package let story: [String]

  /// - Parameter place: where a value was made.
  package init(_ loss: Node, place: (Node) -> String?) throws(OperatorProblem) {
    let walk = try Walk(loss, WalkOptions(depth: 2))
    story = Monitor.story(walk, place)
    var params: [(name: String, size: Double, gradient: Double)] = []
    for node in Walk.order(walk.loss) where node.version != nil {
      let gradient = walk.formulas.gradients[node.serial]?.buffer?.doubles ?? []
      params.append(
        (
          walk.names.name(node), Health.size(node.buffer?.doubles ?? []), Health.size(gradient)
        ))
    }
    self.params = params
    // Where numbers are not finite, what follows from them says nothing more.
    findings = story.isEmpty ? Monitor.steps(walk) + Monitor.flow(params) : []
  }

  private static func steps(_ walk: Walk) -> [Finding] {
    walk.steps.flatMap { step in
      Health.complaints(step.node, values: step.value).map { words in
        let help =
          words.hasPrefix("dead")
          ? "a smaller learning rate, he initialisation, or leaky_relu"
          : words.hasPrefix("saturated")
            ? "smaller initial weights, standardised inputs, or relu" : "see where it began"
        return Finding(place: "\(step.name) = \(step.formula)", words: words, help: help)
      }
    }
  }

  /// How the gradient grows or shrinks from the last params to the first.
  private static func flow(_ params: [(name: String, size: Double, gradient: Double)]) -> [Finding]
  {
    let sized = params.filter { $0.gradient > 0 && $0.gradient.isFinite }
    guard let largest = sized.max(by: { $0.gradient < $1.gradient }),
      let smallest = sized.min(by: { $0.gradient < $1.gradient })
    else { return [] }
    var result: [Finding] = []
    let ratio = NumberFormat.significant(largest.gradient / smallest.gradient, digits: 2)
    if smallest.gradient < largest.gradient * 1e-4 {
      result.append(
        Finding(
          place: smallest.name,
          words: "vanishing: its gradient is \(ratio) times smaller than that of \(largest.name)",
          help: "relu, normalised layers, or fewer of them"))
    }
    for param in sized where param.gradient > 10 * max(1, param.size) {
      let size = NumberFormat.significant(param.gradient, digits: 2)
      result.append(
        Finding(
          place: param.name, words: "exploding: its gradient has the size \(size)",
          help: "a smaller learning rate, standardised data, or clipped gradients"))
    }
    return result
  }

  /// Operator, element, operands and source of the first value that is not finite, and how large
  /// the values before it were.
  private static func story(_ walk: Walk, _ place: (Node) -> String?) -> [String] {
    for (index, step) in walk.steps.enumerated() {
      guard let element = step.value.firstIndex(where: { !$0.isFinite }) else { continue }
      let subject = walk.names.element(step.node, element)
      var words = [
        "the first number that is not finite: \(subject) = "
          + NumberFormat.shortest(step.value[element]) + ", in \(step.name) = \(step.formula)"
          + (place(step.node).map { " (\($0))" } ?? "")
      ]
      if let formula = try? walk.formulas.forward(step.node, element) {
        words.append(
          "\(subject) = \(formula.text(.symbols)) = \(formula.text(.numbers(digits: 6)))")
      }
      let sizes = walk.steps[..<index].suffix(4).map { before in
        let largest = before.value.map(\.magnitude).max() ?? 0
        return "\(before.name) \(NumberFormat.significant(largest, digits: 3))"
      }
      if !sizes.isEmpty {
        words.append("the largest values before it: " + sizes.joined(separator: ", "))
      }
      return words
    }
    for step in walk.steps.reversed() {
      guard let gradient = step.gradient, let element = gradient.firstIndex(where: { !$0.isFinite })
      else { continue }
      return [
        "all values are finite; the first gradient on the way back that is not: "
          + "\(walk.formulas.gradientText(step.node, element)) = "
          + NumberFormat.shortest(gradient[element]) + ", at \(step.name) = \(step.formula)"
          + (place(step.node).map { " (\($0))" } ?? "")
      ]
    }
    return []
  }

  package func render(_ layout: WalkLayout) -> StyledText {
    var writer = WalkWriter(layout)
    for words in story {
      writer.words(words, .warning, indent: 2)
      writer.end()
    }
    for finding in findings {
      writer.put(finding.place, .name)
      writer.line(at: 2)
      writer.words(finding.words, indent: 2)
      writer.line(at: 2)
      writer.words("what usually helps: \(finding.help)", .dim, indent: 2)
      writer.end()
    }
    if findings.isEmpty, story.isEmpty { writer.put("nothing unhealthy\n", .number) }
    let width = params.map { TextWidth.columns(of: $0.name) }.max() ?? 0
    for param in params {
      writer.put("  \(WalkText.padded(param.name, width))", .name)
      writer.flow("  values \(NumberFormat.significant(param.size, digits: 3))", indent: 4)
      writer.flow("  gradient \(NumberFormat.significant(param.gradient, digits: 3))", indent: 4)
      writer.end()
    }
    return writer.text
  }
}

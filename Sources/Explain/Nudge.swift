// What a small change of one element does to the loss, beside what the gradient says.

import Autodiff
import Diagnostics
import Engine

/// A nudge: predicted, actual, and how far a step against the gradient helps. All in f64.
package struct Nudge {
  package let name: String
  package let lossName: String
  package let step: Double
  package let loss: Double
  package let gradient: Double
  /// The second derivative by the element.
  package let second: Double
  /// The loss after the nudge.
  package let after: Double
  /// The learning rate from which a step of this element alone makes the loss no smaller; nil where
  /// none below 1e12 does, or the gradient is 0.
  package let limit: Double?

  package var predicted: Double { gradient * step }
  package var actual: Double { after - loss }
  package var curvature: Double { actual - predicted }

  package init(
    _ loss: Node, _ target: Node, _ element: Int, step: Double, name: String, lossName: String
  ) throws(OperatorProblem) {
    let graph = loss.graph
    let start = try graph.detach(target.converted(to: .f64))
    let values = try graph.values(start)
    let x = try graph.variable(start)
    let y = try graph.replay(loss, replacing: target, by: x)
    guard let slope = try graph.gradients(of: y, withRespectTo: [x])[0] else {
      throw OperatorProblem(.gradient, "the loss does not depend on \(name)")
    }
    let one = slope.reshaped([values.count]).sliced(starts: [element], lengths: [1])
    var bend = 0.0
    if one.isTracked, let second = try graph.gradients(of: one, withRespectTo: [x])[0] {
      bend = try graph.values(second)[element]
    }
    let moved = { (shift: Double) throws(OperatorProblem) -> Double in
      var point = values
      point[element] += shift
      let tensor = try graph.tensor(point, shape: target.shape.dims, dtype: .f64)
      return try graph.item(of: loss, replacing: target, by: tensor)
    }
    (self.name, self.lossName, self.step) = (name, lossName, step)
    self.loss = try graph.item(y)
    gradient = try graph.values(slope)[element]
    second = bend
    after = try moved(step)
    limit = try Nudge.limit(gradient, bend, self.loss, moved)
  }

  /// Where the loss along −gradient comes back to where it was.
  private static func limit(
    _ gradient: Double, _ second: Double, _ loss: Double,
    _ moved: (Double) throws(OperatorProblem) -> Double
  ) throws(OperatorProblem) -> Double? {
    guard gradient != 0, gradient.isFinite else { return nil }
    var low = 0.0
    var high = second > 0 ? 0.5 / second : 1e-3
    while high < 1e12, try moved(-high * gradient) < loss { (low, high) = (high, high * 2) }
    guard high < 1e12 else { return nil }
    for _ in 0..<24 {
      let middle = (low + high) / 2
      if try moved(-middle * gradient) < loss { low = middle } else { high = middle }
    }
    return high
  }

  package func render(_ layout: WalkLayout) -> StyledText {
    var writer = WalkWriter(layout)
    let number = { (x: Double) in NumberText.written(x, digits: layout.digits) }
    let sign = step < 0 ? "−" : "+"
    writer.put("\(name) \(sign) \(number(step.magnitude))", .strong)
    writer.put("   \(lossName) \(number(loss)) → \(number(after))\n")
    for (subject, words, value) in [
      ("predicted", "gradient · nudge = \(number(gradient)) · \(number(step))", predicted),
      ("actual", "", actual),
      ("curvature", "actual − predicted", curvature),
    ] {
      writer.put("  \(WalkText.padded(subject, 10))", .name)
      if !words.isEmpty { writer.flow(" \(words)", indent: 12) }
      writer.flow(" = \(number(value))", .number, indent: 12)
      if subject == "curvature", predicted != 0 {
        let share = NumberFormat.significant(100 * (value / predicted).magnitude, digits: 2)
        writer.flow("  (\(share) % of what was predicted)", .dim, indent: 12)
      }
      writer.end()
    }
    writer.put("  ")
    writer.words(verdict(number), indent: 2)
    writer.end()
    return writer.text
  }

  private func verdict(_ number: (Double) -> String) -> String {
    guard gradient != 0 else { return "The gradient is 0: no small step helps." }
    guard let limit else {
      return "A step against this gradient helps at every learning rate that was tried."
    }
    return "A step of \(name) alone against its gradient stops helping at lr = "
      + NumberFormat.significant(limit, digits: 3) + "."
  }
}

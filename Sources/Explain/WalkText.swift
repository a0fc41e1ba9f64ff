// The walk as text.

import Autodiff
import Diagnostics
import Engine

package enum WalkText {
  /// Forward lines, backward lines, ledgers; numbers with `digits` significant digits.
  package static func render(
    _ walk: Walk, lossName: String, place: String?, digits: Int = 6,
    update: (rate: Double, result: Walk.Update)? = nil
  ) -> StyledText {
    var text = StyledText("loss", .strong)
    text.append(lossName == "loss" ? "" : " (\(lossName))")
    text.append(" = \(walk.steps.last?.formula ?? "")")
    if let place { text.append("  \(place)", .dim) }
    text.append("\nforward\n", .accent)
    let names = walk.steps.map { "\($0.name) = \($0.formula)" }
    let width = min(48, names.map(\.count).max() ?? 0)
    for (step, name) in zip(walk.steps, names) {
      text.append(" \(padded(String(step.number), 2, left: true))  ", .dim)
      text.append(padded(name, width), .name)
      text.append("  \(step.node.shape)  ", .dim)
      text.append(corner(step.value, step.node.shape, digits) + "\n", .number)
    }
    text.append("backward\n", .accent)
    for step in walk.steps.reversed() {
      for (index, part) in step.parts.enumerated() {
        text.append(
          index == 0 ? " \(padded(String(step.number), 2, left: true))  " : "     ", .dim)
        text.append("∂loss/∂\(part.operand)", part.isParameter ? .strong : .name)
        text.append(" = \(part.rule) = ")
        text.append(corner(part.value, part.shape, digits), .number)
        if let summed = part.summed { text.append("  (\(summed))", .dim) }
        text.append("\n")
      }
    }
    for ledger in walk.ledgers {
      guard ledger.total.count == 1 else {
        text.append(
          "  ∂loss/∂\(ledger.operand) is the sum of its uses in "
            + ledger.parts.map(\.step).joined(separator: ", ") + "\n")
        continue
      }
      let terms = ledger.parts.map {
        "\(NumberFormat.significant($0.value.first ?? 0, digits: digits)) (through \($0.step))"
      }
      text.append("  ∂loss/∂\(ledger.operand) = \(terms.joined(separator: " + ")) = ")
      text.append(NumberFormat.significant(ledger.total[0], digits: digits) + "\n", .number)
    }
    if let update { text.append(self.update(update.rate, update.result, digits)) }
    for name in walk.updated {
      text.append("\(name) was updated since; these are the values before.\n", .dim)
    }
    return text
  }

  /// The update: old value, new value, and the loss after it.
  private static func update(_ rate: Double, _ result: Walk.Update, _ digits: Int) -> StyledText {
    var text = StyledText("update", .accent)
    text.append("  w − \(NumberFormat.shortest(rate)) · ∂loss/∂w\n")
    for change in result.changes {
      text.append("     \(change.name)", .strong)
      text.append(
        "  \(corner(change.old, change.shape, digits)) → \(corner(change.new, change.shape, digits))\n"
      )
    }
    text.append("     loss after it = ")
    text.append(NumberFormat.significant(result.loss, digits: digits) + "\n", .number)
    return text
  }

  /// A corner of a tensor, at most two rows of three.
  static func corner(_ values: [Double], _ shape: Shape, _ digits: Int) -> String {
    let number = { (x: Double) in
      NumberFormat.significant(x, digits: digits).split(
        separator: "-", omittingEmptySubsequences: false
      )
      .joined(separator: "−")
    }
    guard shape.rank > 0 else { return values.first.map(number) ?? "" }
    let columns = max(1, shape[shape.rank - 1])
    let rows = values.count / columns
    let row = { (index: Int) -> String in
      let shown = values[index * columns..<index * columns + min(3, columns)].map(number)
      return "[" + shown.joined(separator: ", ") + (columns > 3 ? ", …]" : "]")
    }
    guard rows > 0, !values.isEmpty else { return "[]" }
    if shape.rank == 1 || rows == 1 { return row(0) }
    let shown = (0..<min(2, rows)).map(row)
    return "[" + shown.joined(separator: ", ") + (rows > 2 ? ", …]" : "]")
  }

  private static func padded(_ text: String, _ width: Int, left: Bool = false) -> String {
    let space = String(repeating: " ", count: max(0, width - text.count))
    return left ? space + text : text + space
  }
}

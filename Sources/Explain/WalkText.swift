// The walk as text, for 80 columns where numbers allow it.

import Autodiff
import Diagnostics
import Engine

package enum WalkText {
  static let width = 80

  /// Forward lines, backward lines with their ledgers, the scalar walk, the update.
  package static func render(
    _ walk: Walk, place: String?, digits: Int = 6, update: Walk.Update? = nil
  ) -> StyledText {
    var text = StyledText(walk.lossName, .strong)
    text.append(" = \(walk.steps.last?.formula ?? "")")
    if let place { text.append("  \(place)", .dim) }
    text.append("\n")
    if let focus = walk.focus {
      FocusText.append(focus, walk, digits, to: &text)
    } else {
      forward(walk, digits, &text)
      backward(walk, digits, &text)
    }
    if let update { self.update(update, walk, digits, &text) }
    legend(walk, &text)
    for name in walk.updated {
      text.append("\(name) was updated since; these are the values before.\n", .dim)
    }
    return text
  }

  /// What the letters stand for, as many as fit on a line.
  private static func legend(_ walk: Walk, _ text: inout StyledText) {
    var line = ""
    for entry in walk.legend {
      let piece = "\(entry.symbol) = \(entry.meaning)"
      if !line.isEmpty, line.count + piece.count + 5 > width {
        text.append("  \(line)\n", .dim)
        line = ""
      }
      line += (line.isEmpty ? "" : "   ") + piece
    }
    if !line.isEmpty { text.append("  \(line)\n", .dim) }
  }

  private static func forward(_ walk: Walk, _ digits: Int, _ text: inout StyledText) {
    text.append("forward\n", .accent)
    let names = walk.steps.map { "\($0.name) = \($0.formula)" }
    let width = min(32, names.map(\.count).max() ?? 0)
    let shapes = walk.steps.map { "\($0.node.shape)" }
    let shapeWidth = shapes.map(\.count).max() ?? 0
    for (index, step) in walk.steps.enumerated() {
      text.append(" \(padded(String(step.number), 2, left: true))  ", .dim)
      text.append(padded(names[index], width), .name)
      text.append("  \(padded(shapes[index], shapeWidth))", .dim)
      let value = corner(step.value, step.node.shape, digits)
      let used = 5 + max(width, names[index].count) + 2 + shapeWidth + 2
      text.append(used + value.count > WalkText.width ? "\n       " : "  ")
      text.append(value + "\n", .number)
    }
  }

  private static func backward(_ walk: Walk, _ digits: Int, _ text: inout StyledText) {
    text.append("backward\n", .accent)
    let subjects = walk.steps.flatMap { $0.parts.map { $0.gradientName.count } }
    let width = min(20, subjects.max() ?? 0)
    for step in walk.steps.reversed() {
      for (index, part) in step.parts.enumerated() {
        let number = index == 0 ? padded(String(step.number), 2, left: true) : "  "
        text.append(" \(number)  ", .dim)
        append(part, in: step, width, digits, &text)
      }
      for ledger in walk.ledgers where ledger.readyAfter == step.number {
        append(ledger, digits, &text)
      }
    }
  }

  private static func append(
    _ part: WalkPart, in step: WalkStep, _ width: Int, _ digits: Int, _ text: inout StyledText
  ) {
    let subject =
      part.isPartial ? "\(part.gradientName) through \(step.name)" : part.gradientName
    text.append(padded(subject, width), part.isParameter ? .strong : .name)
    let legend = part.legend.map { ", \($0.symbol) = \($0.value)" }.joined()
    let value = corner(part.value, part.shape, digits)
    let rule = part.rule == value ? "" : " = \(part.rule)\(legend)"
    var used = 5 + max(width, subject.count) + rule.count
    text.append(rule)
    if used + 3 + value.count > WalkText.width {
      text.append("\n       ")
      used = 7
    }
    text.append(" = ")
    text.append(value, .number)
    used += 3 + value.count
    if let summed = part.summed {
      text.append(used + summed.count + 4 > WalkText.width ? "\n         " : "  ")
      text.append("(\(summed))", .dim)
    }
    text.append("\n")
  }

  private static func append(_ ledger: Ledger, _ digits: Int, _ text: inout StyledText) {
    text.append("     \(ledger.gradientName) =")
    let isNumber = ledger.total.count == 1
    var sum = ""
    var length = 7 + ledger.gradientName.count
    for (index, part) in ledger.parts.enumerated() {
      var number = corner(part.value, ledger.shape, digits)
      var sign = index == 0 ? " " : " + "
      if isNumber, index > 0, number.hasPrefix("−") {
        number.removeFirst()
        sign = " − "
      }
      let term = "\(sign)\(number) (through \(part.step))"
      if length + term.count > width {
        sum += "\n        "
        length = 8
      }
      sum += term
      length += term.count
    }
    text.append(sum)
    let total = corner(ledger.total, ledger.shape, digits)
    text.append(length + 3 + total.count > width ? "\n         = " : " = ")
    text.append(total + "\n", .number)
  }

  /// The update: old value, gradient, the rule with numbers, new value, and the loss after it.
  private static func update(
    _ update: Walk.Update, _ walk: Walk, _ digits: Int, _ text: inout StyledText
  ) {
    let rate = NumberText.written(update.rate, digits: 17)
    text.append("update", .accent)
    text.append("  w − lr · ∂\(walk.lossName)/∂w, lr = \(rate)\n")
    for change in update.changes {
      let shape = change.node.shape
      let parts = [
        " − \(rate) · \(corner(change.gradient, shape, digits))",
        " = \(corner(change.new, shape, digits))",
      ]
      text.append("     \(change.name)", .strong)
      let first = " ← \(corner(change.old, shape, digits))"
      text.append(first)
      var used = 5 + change.name.count + first.count
      for part in parts {
        if used + part.count > width {
          text.append("\n       ")
          used = 7
        }
        text.append(part)
        used += part.count
      }
      text.append("\n")
    }
    text.append("     \(walk.lossName) after it = ")
    text.append(number(update.loss, digits) + "\n", .number)
  }

  static func number(_ x: Double, _ digits: Int) -> String {
    NumberText.proper(NumberFormat.significant(x, digits: digits))
  }

  /// A corner of a tensor, at most two rows of three, fewer where they are long.
  static func corner(_ values: [Double], _ shape: Shape, _ digits: Int) -> String {
    let wide = corner(values, shape, digits, width: 3)
    return wide.count <= width - 11 ? wide : corner(values, shape, digits, width: 2)
  }

  private static func corner(_ values: [Double], _ shape: Shape, _ digits: Int, width: Int)
    -> String
  {
    let number = { (x: Double) in self.number(x, digits) }
    guard shape.rank > 0 else { return values.first.map(number) ?? "" }
    let columns = max(1, shape[shape.rank - 1])
    let rows = values.count / columns
    let row = { (index: Int) -> String in
      let shown = values[index * columns..<index * columns + min(width, columns)].map(number)
      return "[" + shown.joined(separator: ", ") + (columns > width ? ", …]" : "]")
    }
    guard rows > 0, !values.isEmpty else { return "[]" }
    if shape.rank == 1 || rows == 1 { return row(0) }
    let shown = (0..<min(2, rows)).map(row)
    return "[" + shown.joined(separator: ", ") + (rows > 2 ? ", …]" : "]")
  }

  static func padded(_ text: String, _ width: Int, left: Bool = false) -> String {
    let space = String(repeating: " ", count: max(0, width - text.count))
    return left ? space + text : text + space
  }
}

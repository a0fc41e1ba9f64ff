// Plans as text: steps with what they cost, and what keeps each from being faster.

import Autodiff
import Diagnostics
import Engine

package enum PlanText {
  /// What the steps are compared with, measured when it is first asked for; nil where that is not
  /// possible.
  static let machine: MachineSpeed? =
    MatrixProduct.problem == nil ? try? MachineSpeed.measured(seconds: 0.2) : nil

  /// All steps, what they come to, and the memory that they need.
  package static func render(_ report: PlanReport, columns: Int) -> StyledText {
    var text = StyledText()
    for (index, step) in report.steps.enumerated() {
      let number = "\(index + 1)"
      text.append(String(repeating: " ", count: max(0, 3 - number.count)) + number + "  ", .dim)
      text.append(step.kind.rawValue + String(repeating: " ", count: 9 - step.kind.rawValue.count))
      let size = [
        step.elements == 1 ? "1 element" : "\(step.elements) elements", amount(step.flops) + "FLOP",
        amount(step.bytes) + "B",
      ]
      text.append(lines(size, from: 14, columns) + "\n", .dim)
      if let seconds = step.seconds {
        text.append("     " + lines(speed(step, seconds), from: 5, columns) + "\n", .dim)
      }
      for formula in step.lines {
        text.append("     " + fitted(formula, columns: columns - 5) + "\n")
      }
    }
    let count = report.steps.count == 1 ? "1 step" : "\(report.steps.count) steps"
    var work = ["\(count): \(amount(report.flops))FLOP"]
    work.append("\(amount(report.bytes))B read and written")
    if let seconds = report.seconds { work.append(duration(seconds)) }
    text.append(list(work, columns) + "\n")
    text.append(
      list(
        [
          "memory: \(amount(Double(report.arenaBytes)))B between steps",
          "\(amount(Double(report.resultBytes)))B of results",
        ], columns))
    return text
  }

  /// Parts with commas between them.
  private static func list(_ parts: [String], _ columns: Int) -> String {
    let parts = parts.enumerated().map { $0 < parts.count - 1 ? $1 + "," : $1 }
    return lines(parts, from: 0, columns, gap: " ")
  }

  private static func speed(_ step: PlanSummary, _ seconds: Double) -> [String] {
    var parts = [
      duration(seconds), amount(step.flops / seconds) + "FLOP/s",
      amount(step.bytes / seconds) + "B/s",
    ]
    switch machine.flatMap(step.limit) {
    case .arithmetic(let share): parts.append("limited by arithmetic (\(percent(share)))")
    case .memory(let share): parts.append("limited by memory (\(percent(share)))")
    case .overhead: parts.append("limited by overhead")
    case .kernel(let share): parts.append("far from every limit (\(percent(share)))")
    case nil: break
    }
    return parts
  }

  /// Parts with blanks between them; where they do not fit they go on below the first one.
  private static func lines(_ parts: [String], from column: Int, _ columns: Int, gap: String = "  ")
    -> String
  {
    var result = ""
    var used = column
    for part in parts {
      let width = TextWidth.columns(of: part)
      if result.isEmpty {
        result = part
      } else if used + gap.count + width <= columns {
        result += gap + part
        used += gap.count
      } else {
        result += "\n" + String(repeating: " ", count: column) + part
        used = column
      }
      used += width
    }
    return result
  }

  /// `12.3 k`, with a space behind it: a unit follows.
  static func amount(_ x: Double) -> String {
    let units = ["", "k", "M", "G", "T"]
    var (value, unit) = (x, 0)
    while value >= 1000, unit < units.count - 1 { (value, unit) = (value / 1000, unit + 1) }
    let text =
      value >= 100 || unit == 0 && value == value.rounded()
      ? NumberFormat.fixed(value, digits: 0) : NumberFormat.significant(value, digits: 3)
    return text + " " + units[unit]
  }

  static func duration(_ seconds: Double) -> String {
    if seconds >= 1 { return NumberFormat.fixed(seconds, digits: 2) + " s" }
    if seconds < 1e-6 { return NumberFormat.fixed(seconds * 1e9, digits: 0) + " ns" }
    return seconds < 1e-3
      ? NumberFormat.fixed(seconds * 1e6, digits: 1) + " µs"
      : NumberFormat.fixed(seconds * 1e3, digits: 2) + " ms"
  }

  private static func percent(_ share: Double) -> String {
    NumberFormat.fixed(min(100, 100 * share), digits: 0) + " %"
  }
}

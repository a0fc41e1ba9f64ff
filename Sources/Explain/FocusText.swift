// The scalar walk as text: symbols, then numbers put in, then the result.

import Autodiff
import Diagnostics
import Engine

package enum FocusText {
  static func append(_ focus: FocusWalk, _ walk: Walk, _ digits: Int, to text: inout StyledText) {
    let value = NumberText.written(focus.value, digits: digits, isSingle: focus.isSingle)
    text.append("at ")
    text.append(focus.name, .strong)
    text.append(" = \(value)\n")
    text.append("forward\n", .accent)
    append(focus.forward, digits, &text)
    text.append("backward\n", .accent)
    append(focus.backward, digits, &text)
    if !focus.details.isEmpty {
      text.append("where\n", .accent)
      append(focus.details, digits, &text)
    }
    for part in focus.omitted {
      let noun = part.count == 1 ? "element" : "elements"
      text.append(
        "  \(part.count) more \(noun) of \(part.name), with smaller gradients, not shown\n", .dim)
    }
  }

  private static func append(_ lines: [ScalarLine], _ digits: Int, _ text: inout StyledText) {
    var last: Int?
    for line in lines {
      let number = line.step.flatMap { $0 == last ? nil : String($0) } ?? ""
      last = line.step
      text.append(" \(WalkText.padded(number, 2, left: true))  ", .dim)
      append(line, digits, &text)
    }
  }

  /// One line, broken before an equals sign where it would be too long.
  private static func append(_ line: ScalarLine, _ digits: Int, _ text: inout StyledText) {
    text.append(line.subject, .name)
    let pieces = self.pieces(line, digits)
    var used = 5 + line.subject.count
    let total = pieces.reduce(used) { $0 + $1.count + 3 }
    let indent = min(used, 24)
    for (index, piece) in pieces.enumerated() {
      if index > 0, total > WalkText.width {
        text.append("\n" + String(repeating: " ", count: indent))
        used = indent
      }
      text.append(" = ")
      used += 3
      let wrapped = wrap(piece, from: used, indent: indent + 3)
      if index == pieces.count - 1 {
        text.append(wrapped, .number)
      } else {
        text.append(wrapped)
      }
      used += piece.count
    }
    text.append("\n")
  }

  /// Symbols, numbers put in, the ledger, the result; what would only repeat is left out.
  package static func pieces(_ line: ScalarLine, _ digits: Int) -> [String] {
    let result = NumberText.written(line.result, digits: digits, isSingle: line.isSingle)
    guard let formula = line.formula else { return [line.words, result] }
    var pieces: [String] = []
    let legend = formula.legend.map {
      ", \($0.text) = \(NumberText.written($0.value, digits: digits, isSingle: $0.isSingle))"
    }
    let symbols = formula.text(.symbols)
    let numbers = formula.text(.numbers(digits: digits))
    if symbols != numbers { pieces.append(symbols + legend.joined()) }
    pieces.append(numbers)
    if !line.terms.isEmpty { pieces.append(ledger(line.terms, digits)) }
    if pieces.last != result { pieces.append(result) }
    return pieces
  }

  /// `0.0553994 (through o_in[0, 0]) − 0.0190491 (through o_in[0, 1])`
  private static func ledger(_ terms: [Contribution], _ digits: Int) -> String {
    let order = terms.indices.sorted { terms[$0].value.magnitude > terms[$1].value.magnitude }
    let shown = terms.count > 6 ? order.prefix(5).sorted() : Array(terms.indices)
    var result = ""
    for (place, index) in shown.enumerated() {
      var number = NumberText.written(terms[index].value, digits: digits)
      var sign = place == 0 ? "" : " + "
      if place > 0, number.hasPrefix("−") {
        number.removeFirst()
        sign = " − "
      }
      result += "\(sign)\(number) (through \(terms[index].through))"
    }
    guard shown.count < terms.count else { return result }
    let rest = order.dropFirst(5).reduce(0.0) { $0 + terms[$1].value }
    let number = NumberText.written(rest, digits: digits)
    return result + " + (\(terms.count - 5) more = \(number))"
  }

  /// Breaks a long sum before its signs.
  private static func wrap(_ text: String, from start: Int, indent: Int) -> String {
    guard start + text.count > WalkText.width else { return text }
    var result = ""
    var used = start
    for (index, piece) in parts(text).enumerated() {
      if index > 0, used + piece.count > WalkText.width {
        result += "\n" + String(repeating: " ", count: indent - 1)
        used = indent - 1
      }
      result += piece
      used += piece.count
    }
    return result
  }

  /// A text cut before every ` + ` and ` − `, and after the comma before a legend.
  private static func parts(_ text: String) -> [String] {
    var parts: [String] = []
    var current = ""
    var depth = 0
    let characters = Array(text)
    for (index, c) in characters.enumerated() {
      let isSign =
        c == " " && index + 2 < characters.count
        && (characters[index + 1] == "+" || characters[index + 1] == "−")
        && characters[index + 2] == " "
      let isLegend = c == " " && index > 0 && characters[index - 1] == "," && depth == 0
      if "([".contains(c) { depth += 1 }
      if ")]".contains(c) { depth -= 1 }
      if isSign || isLegend {
        parts.append(current)
        current = ""
      }
      current.append(c)
    }
    return parts + [current]
  }
}

// A question with the expression of its answer, and what a learner's answer to it is worth.

import Engine
import Glibc

/// `# ask: …`, `# hint: …`, `# answer: EXPR`.
package struct Exercise: Sendable {
  package let question: String
  package let hint: String?
  /// An expression of the language.
  package let answer: String

  init?(_ comments: [String]) {
    var parts: [String: String] = [:]
    var current = ""
    for line in comments {
      let text = line.dropFirst().trimmingSpaces
      if let name = ["ask", "hint", "answer"].first(where: { text.hasPrefix($0 + ":") }) {
        current = name
        parts[name] = text.dropFirst(name.count + 1).trimmingSpaces
      } else {
        parts[current, default: ""] += " " + text
      }
    }
    guard let question = parts["ask"], let answer = parts["answer"] else { return nil }
    self.question = question
    hint = parts["hint"]
    // What stands behind `# =>` is for the tests.
    self.answer = answer.split(separator: "#").first.map(\.trimmingSpaces) ?? answer
  }

  package enum Verdict: Sendable {
    case right
    /// Right as far as it goes, with too few digits.
    case tooFewDigits
    case wrong
  }

  /// What a number is worth; `typed` is the text, where it is a plain number.
  package static func judge(_ value: Double, typed: String?, answer: Double) -> Verdict {
    let size = answer.magnitude
    if value == answer || (value - answer).magnitude <= size * 1e-9 { return .right }
    guard let typed, let (digits, unit) = precision(typed) else {
      return (value - answer).magnitude <= size * 5e-4 ? .right : .wrong
    }
    guard (value - answer).magnitude <= 0.51 * unit else { return .wrong }
    return digits >= 3 ? .right : .tooFewDigits
  }

  /// How many digits a number was typed with, and what one of the last is worth; nil for what is
  /// no plain number.
  package static func precision(_ text: String) -> (digits: Int, unit: Double)? {
    let text = text.lowercased().filter { $0 != "_" }
    guard Double(text) != nil, text.contains(where: \.isNumber) else { return nil }
    let mantissa = text.prefix { $0 != "e" }
    var exponent = Int(text.dropFirst(mantissa.count + 1)) ?? 0
    let parts = mantissa.drop { $0 == "-" || $0 == "+" }.split(
      separator: ".", omittingEmptySubsequences: false)
    var digits = parts.joined().drop { $0 == "0" }
    if parts.count > 1 {
      exponent -= parts[1].count
    } else {
      // 68100 may be meant to the hundreds.
      while digits.last == "0" {
        digits.removeLast()
        exponent += 1
      }
    }
    return (digits.count, pow(10, Double(exponent)))
  }
}

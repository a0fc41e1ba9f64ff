// `# =>` and `# error:` lines: programs that say what they should give.

import Diagnostics
import Engine
import Syntax

/// Runs a source with expectations, and its test blocks.
package enum Expectations {
  package struct Report {
    package var passed = 0
    package var failures: [Diagnostic] = []

    mutating func add(_ other: Report) {
      passed += other.passed
      failures += other.failures
    }
  }

  /// The `nns` blocks of a Markdown text, each at the line where it stands; other text as it is.
  package static func programs(_ source: SourceText) -> [SourceText] {
    guard source.name.hasSuffix(".md") else { return [source] }
    var result: [SourceText] = []
    var lines: [String] = []
    var isInside = false
    for line in 1...source.lineStarts.count {
      let text = source.lineText(line)
      if text.hasPrefix("```") {
        if isInside {
          result.append(SourceText(name: source.name, text: lines.joined(separator: "\n")))
        }
        isInside = text == "```nns" && !isInside
        // Empty lines before the block keep line numbers true.
        lines = [String](repeating: "", count: line)
      } else if isInside {
        lines.append(text)
      }
    }
    return result
  }

  /// Runs one program in a session of its own.
  package static func check(_ source: SourceText, in session: Session) -> Report {
    var report = Report()
    let (program, diagnostics) = Parser.parse(source)
    let comments = program.comments.map {
      (line: source.line(at: Int($0.range.lower)), comment: $0)
    }
    if !diagnostics.isEmpty { return syntaxErrors(source, diagnostics, comments) }
    session.declare(program.statements, source)
    var answers = comments.filter { source.slice($0.comment.range).hasPrefix(answerMark) }[...]
    for (index, statement) in program.statements.enumerated() {
      let first = source.line(at: Int(statement.range.lower))
      while let answer = answers.first, answer.line < first {
        report.add(check(answer: answers.removeFirst().comment, source, session))
      }
      let last = source.line(at: max(0, Int(statement.range.upper) - 1))
      let limit =
        index + 1 < program.statements.count
        ? source.line(at: Int(program.statements[index + 1].range.lower)) : Int.max
      let wanted = expectation(source, comments, from: last, before: limit)
      do {
        let value = try session.runOne(statement, source)
        switch wanted {
        case .value(let text):
          let found = try session.display(value)
          if matches(found, text) {
            report.passed += 1
          } else {
            report.failures.append(
              Diagnostic(
                .assert, "expected \(text), got \(found)", at: SourceSpan(source, statement.range)))
          }
        case .failure(let wanted):
          report.failures.append(
            Diagnostic(
              .assert, "expected an error of kind \(wanted.kind), and there was none",
              at: SourceSpan(source, statement.range)))
        case nil: break
        }
      } catch {
        let found = session.diagnostics(error)
        if case .failure(let failure) = wanted, let first = found.first, failure.matches(first) {
          report.passed += 1
        } else {
          report.failures += found
        }
      }
    }
    for answer in answers { report.add(check(answer: answer.comment, source, session)) }
    for (name, chunk) in session.tests {
      do {
        _ = try session.runStatement(chunk)
        report.passed += 1
      } catch {
        for var diagnostic in session.diagnostics(error) {
          diagnostic.notes.append("in test \"\(name)\"")
          report.failures.append(diagnostic)
        }
      }
    }
    session.tests = []
    report.failures += session.testProblems.flatMap { session.diagnostics($0) }
    session.testProblems = []
    return report
  }

  /// The answer to a question of a lesson is an expression at that place, with an expectation or not.
  private static let answerMark = "# answer: "

  private static func check(answer: Comment, _ source: SourceText, _ session: Session) -> Report {
    let place = Int(answer.range.lower)
    let line = source.line(at: place)
    let column = place - source.lineStarts[line - 1] + answerMark.utf8.count
    // Empty lines and spaces before it keep places true.
    let text =
      String(repeating: "\n", count: line - 1) + String(repeating: " ", count: column)
      + source.slice(answer.range).dropFirst(answerMark.count)
    var report = check(SourceText(name: source.name, text: text), in: session)
    if report.failures.isEmpty { report.passed = max(1, report.passed) }
    return report
  }

  private enum Wanted {
    case value(String)
    case failure(Failure)
  }

  /// `# error: KIND` or `# error: KIND: TEXT`, the text being anywhere in the message, the labels, the
  /// notes or the help.
  private struct Failure {
    let kind: String
    let text: String

    init?(_ comment: String) {
      guard comment.hasPrefix("# error: ") else { return nil }
      let parts = comment.dropFirst("# error: ".count).split(separator: ":", maxSplits: 1)
      kind = parts.first.map { String($0) } ?? ""
      text = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
    }

    func matches(_ diagnostic: Diagnostic) -> Bool {
      guard diagnostic.kind.rawValue == kind, !text.isEmpty else {
        return diagnostic.kind.rawValue == kind
      }
      // Not as it is rendered: the line that it shows has the expectation itself in it.
      let told =
        [diagnostic.message] + diagnostic.labels.map(\.text) + diagnostic.notes
        + diagnostic.calls.notes + (diagnostic.help.map { [$0] } ?? [])
      return told.contains { $0.contains(text) }
    }
  }

  /// The expectation on the statement's last line or on the comment lines directly below it.
  private static func expectation(
    _ source: SourceText, _ comments: [(line: Int, comment: Comment)], from last: Int,
    before limit: Int
  ) -> Wanted? {
    var lines: [String] = []
    var next = last
    for (line, comment) in comments where line >= last && line < limit {
      let text = source.slice(comment.range)
      if lines.isEmpty {
        guard line <= last + 1 else { break }
        if let failure = Failure(text) { return .failure(failure) }
        guard text.hasPrefix("# =>") else { if line == last { continue } else { break } }
        lines.append(String(text.dropFirst(4)))
        next = line + 1
      } else {
        guard line == next, !text.hasPrefix("# =>"), !text.hasPrefix("##") else { break }
        lines.append(String(text.dropFirst(1)))
        next += 1
      }
    }
    guard !lines.isEmpty else { return nil }
    return .value(
      String(lines.joined(separator: " ").drop { $0 == " " }))
  }

  private static func syntaxErrors(
    _ source: SourceText, _ diagnostics: [Diagnostic],
    _ comments: [(line: Int, comment: Comment)]
  ) -> Report {
    var report = Report()
    for diagnostic in diagnostics {
      let line = diagnostic.span?.line ?? 0
      let isExpected = comments.contains {
        $0.line == line
          && Failure(source.slice($0.comment.range)).map { $0.matches(diagnostic) } ?? false
      }
      if isExpected { report.passed += 1 } else { report.failures.append(diagnostic) }
    }
    return report
  }

  /// Text exactly, numbers to the digits written, spaces ignored.
  package static func matches(_ found: String, _ wanted: String) -> Bool {
    var (a, b) = (tokens(found)[...], tokens(wanted)[...])
    while let x = a.popFirst() {
      guard let y = b.popFirst() else { return false }
      if x == y { continue }
      guard let p = Double(x), let q = Double(y) else { return false }
      if p == q { continue }
      guard (p - q).magnitude <= tolerance(y) else { return false }
    }
    return b.isEmpty
  }

  /// One and a bit of the last digit written; 15 digits allow the last bits of a double.
  private static func tolerance(_ text: String) -> Double {
    let mantissa = text.prefix { $0 != "e" && $0 != "E" }
    let exponent = Double(text.dropFirst(mantissa.count + 1)) ?? 0
    let decimals = mantissa.split(separator: ".", omittingEmptySubsequences: false)
    let places = decimals.count > 1 ? decimals[1].count : 0
    guard places > 0 || exponent != 0 else { return 0 }
    var unit = 0.51
    for _ in 0..<places { unit /= 10 }
    var scale = exponent
    while scale > 0 { (unit, scale) = (unit * 10, scale - 1) }
    while scale < 0 { (unit, scale) = (unit / 10, scale + 1) }
    let magnitude = (Double(text) ?? 0).magnitude
    return max(unit, magnitude * 2e-15)
  }

  /// Numbers, words and marks; white space separates.
  private static func tokens(_ text: String) -> [String] {
    var result: [String] = []
    var current = ""
    var previous: Character = " "
    for character in text {
      let isWord =
        character.isLetter || character.isNumber || character == "." || character == "_"
        || ((character == "-" || character == "+") && (current.isEmpty || previous == "e"))
      if isWord {
        current.append(character)
      } else {
        if !current.isEmpty { result.append(current) }
        current = ""
        if !character.isWhitespace { result.append(String(character)) }
      }
      previous = character
    }
    if !current.isEmpty { result.append(current) }
    return result
  }
}

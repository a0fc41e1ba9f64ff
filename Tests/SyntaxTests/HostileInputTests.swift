// Input that means no good: it is an error or it is read, it takes no time, and nothing ends.

import Diagnostics
import Syntax
import Testing

@Suite("Hostile input")
struct HostileInputTests {
  static let repeated: [(String, Int)] = [
    ("(", 100_000), ("[", 100_000), ("{a:", 100_000), ("([{", 50_000), ("-", 100_000),
    ("not ", 100_000), ("x->", 100_000), ("if x {", 50_000), ("f(", 100_000), ("\"{", 100_000),
    ("2^", 100_000), ("1+", 100_000), ("(1)", 100_000), ("x.", 100_000), ("'", 100_000),
    ("}", 100_000), (")", 100_000), ("\0", 100_000), ("\"", 100_000), ("\"\n", 100_000),
    ("#", 100_000), ("\\", 100_000), ("else ", 50_000), ("fn f(x) {", 50_000), ("let ", 50_000),
    ("σ", 100_000), ("\u{301}", 50_000), ("1 ", 50_000), ("a,", 50_000), ("|>", 50_000),
    ("model M {", 20_000), ("x = ", 50_000), ("[x for x in ", 50_000), ("((a,", 50_000),
    ("\r", 50_000), ("\u{0}\u{1}\u{7f}", 50_000), ("🙂", 50_000), ("x[", 50_000), ("..", 50_000),
  ]

  @Test("without end is read without a trap", arguments: repeated)
  func repeatedText(unit: String, count: Int) {
    let text = String(repeating: unit, count: count)
    let (program, diagnostics) = parse(text)
    #expect(diagnostics.count <= Lexer.maximumDiagnostics)
    for diagnostic in diagnostics.prefix(3) {
      let lines = DiagnosticRenderer.render(diagnostic).plain.split(separator: "\n")
      #expect(lines.allSatisfy { TextWidth.columns(of: String($0)) < 400 })
    }
    _ = Parser.isIncomplete(text)
    if diagnostics.isEmpty { _ = Formatter.format(program) }
    _ = Highlighter.tokens(program.source)
  }

  @Test("deep in all directions stays below the limits")
  func limits() {
    let deep = String(repeating: "(", count: 255) + "1" + String(repeating: ")", count: 255)
    #expect(parse(deep).diagnostics.isEmpty)
    #expect(messages("(\(deep))") == ["1: this is nested more than 256 levels deep"])
    let sum = "1" + String(repeating: " + 1", count: 998)
    #expect(parse(sum).diagnostics.isEmpty)
    #expect(messages(sum + " + 1 + 1") == ["1: more than 1000 operators in a row"])
    let elements = "[" + String(repeating: "1, ", count: 50_000) + "]"
    #expect(parse(elements).diagnostics.isEmpty)
  }

  @Test("in random bytes is survived, and twice the same")
  func randomBytes() {
    var numbers = SeededNumbers(seed: 7)
    let pieces = [
      "let ", "x", " = ", "(", ")", "[", "]", "{", "}", "\"", "'", "\n", " ", ",", ":", "1", ".",
      "..", "->", "|>", ">>", "if ", "else ", "fn ", "model ", "forward", "# c\n", "## d\n", ";",
      "not ", "and ", "^", "-", "*", "@", "=", "==", "<", "\\", "\0", "σ", "test ", "for ", "in ",
      "return ", "break", "param ", "layer ", "**", "&&", "None ", "_", "\t", "\r\n", "assert ",
    ]
    for _ in 0..<3_000 {
      let count = Int.random(in: 1...60, using: &numbers)
      let text = (0..<count).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &numbers)] }
        .joined()
      let (program, diagnostics) = parse(text)
      _ = Parser.isIncomplete(text)
      for diagnostic in diagnostics { _ = DiagnosticRenderer.render(diagnostic, style: .ansi) }
      guard diagnostics.isEmpty else { continue }
      let once = Formatter.format(program)
      #expect(formatted(once) == once, "\(text)")
      #expect(TreeDescription.describe(parse(once).program) == TreeDescription.describe(program))
    }
  }

  @Test("is named: control bytes, wrong escapes, strange signs")
  func isNamed() {
    #expect(messages("let a = \u{0}2")[0].hasPrefix("1: a NUL byte has no place"))
    #expect(messages("x \u{1b} y")[0].hasPrefix("1: the control character U+001B"))
    #expect(messages("\"a\u{0}b\"")[0].hasPrefix("1: a NUL byte"))
    #expect(messages("x\u{a0}+ 1") == ["1: an invisible character, U+00A0, stands here"])
    #expect(messages("x ☃ y") == ["1: the character '☃', U+2603, has no meaning here"])
    #expect(messages("\"\\u{d800}\"") == ["1: \\u wants the number of a character in braces"])
  }

  @Test("of ten megabytes on a line is read in time")
  func longLines() {
    let clock = ContinuousClock()
    let text = "let x = \"" + String(repeating: "abcdefghi ", count: 1_000_000) + "\" **"
    let time = clock.measure {
      let diagnostics = parse(text).diagnostics
      #expect(diagnostics.count == 1)
      #expect(diagnostics.map { DiagnosticRenderer.render($0).plain.utf8.count }.max() ?? 0 < 1_000)
    }
    #expect(time < .seconds(20))
  }
}

// Errors in the one form.

import Diagnostics
import Testing

@Suite("The renderer of diagnostics")
struct DiagnosticRendererTests {
  private let mlp = SourceText(
    name: "mlp.nns",
    text: String(repeating: "\n", count: 13) + "let y = x @ w + b\nlet z = y\n")

  /// The span of a piece of text in a source.
  private func span(_ source: SourceText, _ text: String) -> SourceSpan {
    let bytes = Array(text.utf8)
    var start = 0
    while start + bytes.count <= source.utf8.count {
      if Array(source.utf8[start..<start + bytes.count]) == bytes { break }
      start += 1
    }
    return SourceSpan(source, TextRange(start, start + bytes.count))
  }

  private func expect(
    _ diagnostic: Diagnostic, _ expected: String, _ location: SourceLocation = #_sourceLocation
  ) {
    let actual = DiagnosticRenderer.render(diagnostic, style: .plain)
    #expect(actual == expected + "\n", sourceLocation: location)
  }

  @Test("labels both operands, the rightmost on the line of the marks")
  func labelsBothOperands() {
    let diagnostic = Diagnostic(
      .shape, "cannot multiply x @ w: the inner sizes 784 and 128 differ", at: span(mlp, "x @ w"),
      labels: [
        .init(span(mlp, "x"), "[32, 784], from flatten of [32, 28, 28] at mlp.nns:12:9"),
        .init(span(mlp, "w"), "[128, 10], made at mlp.nns:4:9"),
      ], help: "put dense(784, 128) before it")
    expect(
      diagnostic,
      """
      error[shape]: cannot multiply x @ w: the inner sizes 784 and 128 differ
        --> mlp.nns:14:9
         |
      14 | let y = x @ w + b
         |         ^   ^ [128, 10], made at mlp.nns:4:9
         |         [32, 784], from flatten of [32, 28, 28] at mlp.nns:12:9
         = help: put dense(784, 128) before it
      """)
  }

  @Test("shows labels on other lines and in other files by themselves")
  func labelsElsewhere() {
    let lib = SourceText(name: "lib.nns", text: "fn f(x) = x\n")
    let diagnostic = Diagnostic(
      .name, "nothing is called 'q'", at: span(mlp, "let z"),
      labels: [.init(span(mlp, "w"), "a weight"), .init(span(lib, "f(x)"), "called here")],
      notes: ["in f", "two\nlines"])
    expect(
      diagnostic,
      """
      error[name]: nothing is called 'q'
        --> mlp.nns:15:1
         |
      15 | let z = y
         | ^^^^^
        --> mlp.nns:14:13
         |
      14 | let y = x @ w + b
         |             ^ a weight
        --> lib.nns:1:4
         |
       1 | fn f(x) = x
         |    ^^^^ called here
         = note: in f
         = note: two
                 lines
      """)
  }

  @Test("needs no place")
  func withoutPlace() {
    expect(
      Diagnostic(.memory, "this would need 8 TB", help: "use fewer rows"),
      """
      error[memory]: this would need 8 TB
        = help: use fewer rows
      """)
  }

  @Test("keeps marks under tabs, wide characters and combining marks")
  func columns() {
    let source = SourceText(name: "a", text: "\tlet 変数 = e\u{301} ** \u{7}x")
    expect(
      Diagnostic(.syntax, "no", at: span(source, "**")),
      """
      error[syntax]: no
       --> a:1:13
        |
      1 |     let 変数 = e\u{301} ** ␇x
        |                  ^^
      """)
    expect(
      Diagnostic(.syntax, "no", at: span(source, "変数")),
      """
      error[syntax]: no
       --> a:1:6
        |
      1 |     let 変数 = e\u{301} ** ␇x
        |         ^^^^
      """)
  }

  @Test("cuts long lines around the place")
  func longLines() {
    let text =
      String(repeating: "a ", count: 5_000) + "HERE" + String(repeating: " b", count: 5_000)
    let source = SourceText(name: "a", text: text)
    let lines = DiagnosticRenderer.render(
      Diagnostic(.syntax, "no", at: span(source, "HERE")), style: .plain
    ).split(separator: "\n")
    #expect(lines[3].hasPrefix("1 | …"))
    #expect(lines[3].hasSuffix("…"))
    #expect(TextWidth.columns(of: String(lines[3])) <= DiagnosticRenderer.sourceWidth + 4)
    let marks = Array(lines[4])
    let shown = Array(lines[3])
    #expect(marks.count == lines[4].count)
    let marked = zip(shown, marks).filter { $0.1 == "^" }.map(\.0)
    #expect(String(marked) == "HERE")
  }

  @Test("shows the end of a line and of a file")
  func ends() {
    let source = SourceText(name: "a", text: "f(x\n")
    expect(
      Diagnostic(.syntax, "no", at: SourceSpan(source, TextRange(3, 4))),
      """
      error[syntax]: no
       --> a:1:4
        |
      1 | f(x
        |    ^
      """)
    expect(
      Diagnostic(.syntax, "no", at: SourceSpan(source, TextRange(4, 4))),
      """
      error[syntax]: no
       --> a:2:1
        |
      2 |
        | ^
      """)
  }

  @Test("marks the first line of a span of several")
  func severalLines() {
    let source = SourceText(name: "a", text: "if x {\n  y\n}")
    expect(
      Diagnostic(.type, "no", at: SourceSpan(source, TextRange(3, 11))),
      """
      error[type]: no
       --> a:1:4
        |
      1 | if x {
        |    ^^^
      """)
  }

  @Test("survives spans that lie outside of the source")
  func outside() {
    let source = SourceText(name: "a", text: "x")
    for range in [TextRange(50, 60), TextRange(-5, -1), TextRange(1, 0)] {
      let diagnostic = Diagnostic(
        .internal, "no", at: SourceSpan(source, range),
        labels: [.init(SourceSpan(source, range), "here")])
      #expect(DiagnosticRenderer.render(diagnostic, style: .plain).contains("error[internal]: no"))
    }
  }

  @Test("in colour has the same text")
  func colour() {
    let diagnostic = Diagnostic(.value, "no", at: span(mlp, "x"), help: "yes")
    let ansi = DiagnosticRenderer.render(diagnostic, style: .ansi)
    #expect(ansi.hasPrefix("\u{1B}[1;31merror[value]\u{1B}[0m"))
    #expect(withoutEscapes(ansi) == DiagnosticRenderer.render(diagnostic, style: .plain))
  }

  private func withoutEscapes(_ text: String) -> String {
    var result = ""
    var isEscape = false
    for character in text {
      if character == "\u{1B}" { isEscape = true }
      if !isEscape { result.append(character) }
      if isEscape, character == "m" { isEscape = false }
    }
    return result
  }
}

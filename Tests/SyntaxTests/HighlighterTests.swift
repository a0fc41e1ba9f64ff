// What each piece of a source is to the eye.

import Diagnostics
import Syntax
import Testing

@Suite("The highlighter")
struct HighlighterTests {
  private func classes(_ text: String) -> [String] {
    let source = SourceText(name: "test", text: text)
    return Highlighter.tokens(source).map { "\(source.slice($0.0)) \($0.1)" }
  }

  @Test("tells the pieces apart")
  func pieces() {
    #expect(
      classes("let x = 1.5 # why\nf(x)") == [
        "let keyword", "x name", "= operator", "1.5 number", "# why comment", "f name",
        "( operator", "x name", ") operator",
      ])
    #expect(
      classes("\"a{x:.2f}\"") == [
        "\" string", "a string", "{ operator", "x name", ":.2f string", "} operator", "\" string",
      ])
  }

  @Test("knows words of the grammar by their place")
  func words() {
    #expect(classes("model M").first == "model keyword")
    #expect(classes("model").first == "model name")
    #expect(classes("let test = test").last == "test name")
    #expect(classes("test \"a\" { }").first == "test keyword")
    #expect(classes("none and true").allSatisfy { $0.hasSuffix("keyword") })
  }

  @Test("marks what is wrong, but not a string that is being typed")
  func errors() {
    #expect(classes("x ** 2")[1] == "** error")
    #expect(classes("print(\"abc").last == "\"abc string")
    #expect(classes("2x").first == "2x error")
  }

  @Test("loses nothing")
  func losesNothing() {
    let text = "fn f(x) { \"{x}\" } # é\n\t'a' \0 ∂w = 変 ** 2\n"
    let source = SourceText(name: "test", text: text)
    #expect(Highlighter.highlighted(source).plain == text)
  }
}

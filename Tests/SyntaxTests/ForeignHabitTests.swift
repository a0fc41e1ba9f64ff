// Habits from other languages: each record's example is an error that says what to write, and what
// it says to write is nns.

import Diagnostics
import Syntax
import Testing

@Suite("Foreign habits")
struct ForeignHabitTests {
  static let inText = ForeignHabits.all.filter {
    if case .field = $0.place { return false }
    return true
  }.map { ($0.spelling, $0.example) }

  @Test("are explained", arguments: inText)
  func areExplained(spelling: String, example: String) throws {
    let habits = ForeignHabits.all.filter { $0.spelling == spelling }
    let diagnostic = try #require(parse(example).diagnostics.first)
    #expect(habits.contains { $0.message == diagnostic.message })
    #expect(diagnostic.help != nil)
  }

  static let corrections: [(String, String)] = [
    ("x ** 2", "x^2"), ("x && y || !z", "x && y"), ("a === b", "a == b"), ("!x", "not x"),
    ("x++", "x += 1"), ("x--", "x -= 1"), ("x := 1 + 2", "let x = 1"), ("True", "true"),
    ("'it is'", "\"it is\""), ("print \"a\"", "print(\"a\")"), ("x is none", "x == none"),
    ("f(x = 2)", "f(x: 2)"), ("0 < x < 5", "0 < x and x < 5"), ("f'(2)", "grad(f)(2)"),
    ("A^2'", "(A^2)'"), ("1.", "1.0"), (".5", "0.5"), ("if x = 3 { }", "x == 3"),
  ]

  @Test("get suggestions that are nns", arguments: corrections)
  func suggestionsAreRight(example: String, corrected: String) throws {
    #expect(!parse(example).diagnostics.isEmpty)
    let help = try #require(parse(example).diagnostics.first?.help)
    #expect(help.hasPrefix("write "))
    let suggestion = String(help.dropFirst("write ".count))
    if !example.hasPrefix("f(x"), !example.hasPrefix("x &&") { #expect(suggestion == corrected) }
    #expect(parse(corrected.hasPrefix("x &&") ? "x and y" : corrected).diagnostics.isEmpty)
  }

  @Test("in suggestions are put right as well")
  func suggestionsAreCorrected() {
    let helps = parse("None && 'a' || x ** !y").diagnostics.compactMap(\.help)
    #expect(helps.contains("write none and \"a\" or x ^ not y"))
  }

  @Test("of fields are known to the machine")
  func fields() {
    #expect(ForeignHabits.help(forField: "T", of: "x") == "write x'")
    #expect(ForeignHabits.help(forField: "item", of: "loss") == "write loss")
    #expect(ForeignHabits.help(forField: "shape", of: "x") == nil)
    #expect(parse("x.T + loss.item()").diagnostics.isEmpty)
  }

  @Test("of other alphabets are named")
  func characters() {
    for (character, help) in ForeignHabits.characters {
      let diagnostic = parse("x \(character) y").diagnostics.first
      #expect(diagnostic?.help == help, "\(character)")
    }
  }
}

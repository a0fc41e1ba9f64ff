// What is wrong, as the user sees it: every program of `Tests/Snapshots/syntax-errors.txt` with its
// rendered errors. Reading a change of wording is reading that file's diff.

import Diagnostics
import Syntax
import Testing

@Suite("Syntax errors")
struct SyntaxErrorTests {
  struct Snapshot: CustomTestStringConvertible {
    var program: String
    var errors: String
    var testDescription: String { String(program.prefix(40)) }
  }

  static func snapshots() throws -> [Snapshot] {
    let text = try repositoryFile("Tests/Snapshots/syntax-errors.txt")
    var result: [Snapshot] = []
    var program: [Substring] = []
    var errors: [Substring] = []
    var isProgram = true
    func finish() {
      if program.isEmpty { return }
      while errors.last?.isEmpty ?? false { errors.removeLast() }
      result.append(
        Snapshot(
          program: program.joined(separator: "\n"), errors: errors.joined(separator: "\n")))
      program = []
      errors = []
    }
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      switch line {
      case ">>>":
        finish()
        isProgram = true
      case "<<<": isProgram = false
      default: if isProgram { program.append(line) } else { errors.append(line) }
      }
    }
    finish()
    return result
  }

  @Test("read as in the snapshots", arguments: try snapshots())
  func snapshot(snapshot: Snapshot) {
    let actual = rendered(snapshot.program)
    #expect(!actual.isEmpty)
    #expect(actual == snapshot.errors + "\n", "\(actual)")
  }

  static let recoveries: [(String, [String])] = [
    (
      "let = 1\nlet b = 2\nfoo(\nlet c = 3 4",
      [
        "1: expected the name that let defines, found '='",
        "3: this '(' is not closed",
        "4: expected the end of the statement, found '4'",
      ]
    ),
    (
      "fn f(x) {\n  let = 2\n  y +\n}\nlet z = )",
      [
        "2: expected the name that let defines, found '='",
        "4: expected a value, found '}'",
        "5: this ')' closes nothing",
      ]
    ),
    (
      "foo(a b,\n  c d,\n  e)\nbar(",
      ["1: expected ',' or ')', found 'b'", "4: this '(' is not closed"]
    ),
    (
      "x = \"abc\ny = 1.\nz = 'q'",
      [
        "1: this string is not closed on its line",
        "2: a number has digits on both sides of its dot",
        "3: text stands in double quotes",
      ]
    ),
    (
      "model M {\n  layer = 1\n  forward(x) = x +\n}\nx ++",
      [
        "2: a model holds layer, param, let and fn lines and one forward",
        "4: expected a value, found '}'",
        "5: there is no ++",
      ]
    ),
  ]

  @Test("after one the parser goes on, without consequences", arguments: recoveries)
  func recovers(text: String, expected: [String]) {
    #expect(messages(text) == expected)
  }

  @Test("stop at twenty")
  func stopAtTwenty() {
    #expect(parse(String(repeating: "let = 1\n", count: 100)).diagnostics.count == 20)
    #expect(parse(String(repeating: "\"abc\n", count: 100)).diagnostics.count == 20)
  }

  @Test("leave the statements around them whole")
  func leaveTheRest() {
    let (program, diagnostics) = parse("let a = 1\nlet = 2\nlet c = 3")
    #expect(diagnostics.count == 1)
    #expect(TreeDescription.describe(program) == "(let a 1)\ninvalid\n(let c 3)")
  }
}

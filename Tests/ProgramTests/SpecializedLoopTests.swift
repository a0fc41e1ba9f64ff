// Loops that are specialised do what they do in the general code: programs made at random, run both ways.

import Diagnostics
import Engine
import Interpreter
import Library
import Synchronization
import Testing

@Suite("Specialised loops", .serialized)
struct SpecializedLoopTests {
  @Test("random loops end as they do in the general code", arguments: [1, 2, 3, 4])
  func random(seed: UInt64) {
    let found = Mutex<[String]>([])
    _ = onLargeStack {
      var stream = RandomStream(seed: seed)
      for round in 0..<500 {
        var program = LoopProgram(&stream)
        let text = program.text(isTopLevel: round % 4 == 0)
        let (plain, specialized) = (Self.outcome(text, false), Self.outcome(text, true))
        if plain != specialized {
          found.withLock { $0.append("\(text)\nplain: \(plain)\nspecialised: \(specialized)") }
        }
      }
      return 0
    }
    let different = found.withLock { $0 }
    #expect(different.count == 0, "\(different.count) differ, the first:\n\(different.first ?? "")")
  }

  @Test("a loop that is interrupted by its budget tells the same place and the same values")
  func budget() {
    let text =
      "fn f() {\n  let s = 0\n  for i in 0..1000000 {\n    let t = i\n    s += t\n  }\n  s\n}\nf()"
    let found = Mutex<[String]>([])
    _ = onLargeStack {
      found.withLock { $0 = [false, true].map { Self.outcome(text, $0, limit: 5000) } }
      return 0
    }
    let outcomes = found.withLock { $0 }
    #expect(outcomes[0] == outcomes[1])
    #expect(outcomes[0].contains("budget"))
  }

  @Test(
    "loops over numbers, lists and strings run specialised but for their first turns",
    arguments: [
      "for i in 0..5000 { x += i % 7 }", "let i = 0\n  while i < 5000 { i += 1 }",
      "for i in 0..5000 { xs[i % 3] += sqrt(i) }", "for i in 0..5000 { s = s + \"x{i}\" }",
      "for i in 0..500 { for j in i..i + 10 { if j % 2 == 0 and j > 3 { x += j } } }",
      "for i in 0..5000 { xs = append(xs, i) }\n  for a in xs { x += a }",
    ])
  func turns(body: String) {
    let found = Mutex<Int>(0)
    let text =
      "fn f() {\n  let (x, xs, s) = (0, list(1, 2, 3), \"\")\n  \(body)\n  x\n}\nlet y = f()"
    _ = onLargeStack {
      let session = Library.makeSession { _ in }
      _ = try? session.run(SourceText(name: "loop", text: text))
      found.withLock { $0 = session.specializedTurns }
      return 0
    }
    #expect(found.withLock { $0 } > 4700)
  }

  /// What a program prints, or its error with its place.
  private static func outcome(_ text: String, _ isSpecialized: Bool, limit: Int = 20_000) -> String
  {
    var output = ""
    let session = Library.makeSession { output += $0.plain }
    session.specializesLoops = isSpecialized
    session.instructionLimit = limit
    do {
      _ = try session.run(SourceText(name: "loop", text: text))
    } catch let diagnostic as Diagnostic {
      output += DiagnosticRenderer.render(diagnostic, columns: 100).plain
    } catch {
      output += "\(error)"
    }
    return output
  }
}

/// A program with loops, made at random.
private struct LoopProgram {
  private var stream: RandomStream
  private var lines: [String] = []
  private var indent = 1
  private var loops = 0
  private let numbers = ["a", "b", "c"]

  init(_ stream: inout RandomStream) {
    self.stream = RandomStream(seed: UInt64(stream.below(1 << 30)))
  }

  mutating func text(isTopLevel: Bool) -> String {
    lines = []
    indent = isTopLevel ? 0 : 1
    let start = [
      "let (a, b, c) = (1, 2.5, -3)", "let (p, q) = (true, false)",
      "let xs = list(1, 2, 3, 4, 5, 6, 7)",
      "let ys = list(true, false, true)", "let zs = list(list(1, 2), list(3, 4))", "let s = \"\"",
      "let cell = 0", "let count = x -> cell + x", "let words = list(\"ab\", \"c\", \"def\")",
    ]
    for line in start { add(line) }
    loop(depth: 0)
    if stream.below(2) == 0 { loop(depth: 0) }
    let end = "(a, b, c, p, q, xs, ys, zs, s, cell, words)"
    let body = lines.joined(separator: "\n")
    return isTopLevel
      ? "\(body)\nprint(\(end))" : "fn f(n) {\n\(body)\n  \(end)\n}\nprint(f(90))\nprint(f(3))"
  }

  private mutating func add(_ line: String) {
    lines.append(String(repeating: "  ", count: indent) + line)
  }

  private mutating func loop(depth: Int) {
    let name = ["i", "j", "k", "l"][depth]
    loops += 1
    let turns = depth == 0 ? 90 : [2, 7, 50][stream.below(3)]
    switch stream.below(6) {
    case 0:
      add("let \(name) = 0")
      add("while \(name) < \(turns) {")
      indent += 1
      add("\(name) += 1")
      indent -= 1
    case 1: add("for \(name) in \(stream.below(3))..\(turns) {")
    case 2 where depth > 0: add("for \(name) in i..i + \(turns) {")
    case 3 where depth > 0:
      let over = ["xs", "(1, 2, 3)", "[4, 5, 6]", "zs[0]"][stream.below(4)]
      add("for \(name) in \(over) {")
    default: add("for \(name) in 0..\(turns) {")
    }
    indent += 1
    for _ in 0..<(2 + stream.below(4)) { statement(depth: depth, name) }
    indent -= 1
    add("}")
  }

  private mutating func statement(depth: Int, _ index: String) {
    let name = numbers[stream.below(3)]
    switch stream.below(26) {
    case 0...5: add("\(name) = \(expression(index, 2))")
    case 6, 7: add("\(name) += \(expression(index, 1))")
    case 8: add("p = \(condition(index))")
    case 9: add("q = \(condition(index)) \(stream.below(2) == 0 ? "and" : "or") p")
    case 10: add("xs[\(index) % 7] = \(expression(index, 1))")
    case 11: add("xs[\(index) % 7] += \(expression(index, 1))")
    case 12: add("ys[\(index) % 3] = \(condition(index))")
    case 13: add("s = s + \"x\"")
    case 14: add("s = \"{\(index)}-{\(name)}\"")
    case 15: add("if len(s) > 9 { s = \"\" }")
    case 16: add("if \(condition(index)) { \(["break", "continue"][stream.below(2)]) }")
    case 17 where lines.count < 40:
      add("if \(condition(index)) {")
      indent += 1
      statement(depth: depth, index)
      indent -= 1
      add("} else {")
      indent += 1
      statement(depth: depth, index)
      indent -= 1
      add("}")
    case 18 where depth < 2 && loops < 5, 19 where depth < 2 && loops < 5: loop(depth: depth + 1)
    case 20: add("if len(xs) < 40 { xs = append(xs, \(index)) }")
    case 21: add("cell += 1")
    case 22: add("let t = \(name)\n\(String(repeating: "  ", count: indent))\(name) = t + 1")
    case 23: add(rare(index, name))
    case 24: add("let ws = xs")
    default: add("(a, b) = (b, a)")
    }
  }

  /// What changes the kind of a variable, or fails, now and then.
  private mutating func rare(_ index: String, _ name: String) -> String {
    switch stream.below(9) {
    case 0: "if \(index) == 61 { \(name) = \"text\" }"
    case 1: "if \(index) == 62 { xs = list(1, 2) }"
    case 2: "if \(index) == 63 { ys[0] = 1 }"
    case 3: "if \(index) == 64 { xs[1] = true }"
    case 4: "xs[\(index)] = 0"
    case 5: "if \(index) == 65 { return a }"
    case 6: "words[\(index) % 3] = words[0] + \"y\""
    case 7: "if words[\(index) % 3] == \"c\" { a = -a }"
    default: "zs[0] = list(\(index), 2)"
    }
  }

  private mutating func condition(_ index: String) -> String {
    let op = ["<", "<=", ">", ">=", "==", "!="][stream.below(6)]
    switch stream.below(6) {
    case 0: return "ys[\(index) % 3]"
    case 1: return "not p"
    case 2: return "p"
    default: return "\(expression(index, 1)) \(op) \(expression(index, 0))"
    }
  }

  private mutating func expression(_ index: String, _ depth: Int) -> String {
    guard depth > 0 else {
      return [index, "a", "b", "c", "2", "0.5", "-7", "10"][stream.below(8)]
    }
    let (x, y) = (expression(index, depth - 1), expression(index, depth - 1))
    switch stream.below(16) {
    case 0: return "sqrt(abs(\(x)))"
    case 1: return "xs[\(index) % 7]"
    case 2: return "xs[2]"
    case 3: return "zs[\(index) % 2][1]"
    case 4: return "len(s)"
    case 5: return "min(\(x), \(y))"
    case 6: return "count(\(x))"
    case 7: return "(\(x) % \(y))"
    case 8: return "(\(x) // \(y))"
    case 9: return "len(words[\(index) % 3])"
    case 10: return "len(s[..min(len(s), 2)])"
    default: return "(\(x) \(["+", "-", "*", "/", "^"][stream.below(5)]) \(y))"
    }
  }
}

extension RandomStream {
  fileprivate mutating func below(_ count: Int) -> Int {
    min(count - 1, Int(nextUniform() * Double(count)))
  }
}

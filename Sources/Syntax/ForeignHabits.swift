// What people type who come from other languages, and how nns spells it: one table, read by the
// parser, by the machine for fields, and by a test that tries both columns.

/// A spelling of another language.
package struct ForeignHabit: Sendable {
  /// Where the spelling is met.
  package enum Place: Sendable {
    /// Between two values: `a && b`. The parser goes on as if the operator had been meant.
    case infix(Infix)
    /// Before a value, as an operator: `!x`.
    case prefix(UnaryOperator)
    /// Where a value is expected: `None`.
    case value
    /// Anything else between or after values: `x++`, `c ? a : b`.
    case after
    /// A word that something follows which can't follow a name: `def f(x)`.
    case word
    /// A letter directly before a string: `f"{x}"`.
    case stringPrefix
    /// After a dot: `x.T`. Only the machine knows whether there is such a field.
    case field
  }

  package var spelling: String
  package var place: Place
  package var message: String
  /// The suggestion; `LEFT` and `RIGHT` become what stands on either side.
  package var help: String
  /// A line that shows the habit, for the test.
  package var example: String

  init(
    _ spelling: String, _ place: Place, _ message: String, help: String, example: String
  ) {
    self.spelling = spelling
    self.place = place
    self.message = message
    self.help = help
    self.example = example
  }

  /// The suggestion with the user's own operands put in.
  package func help(left: String, right: String) -> String {
    var result = ""
    var rest = Substring(help)
    while let first = rest.first {
      if rest.hasPrefix("LEFT") {
        result += left
        rest = rest.dropFirst(4)
      } else if rest.hasPrefix("RIGHT") {
        result += right
        rest = rest.dropFirst(5)
      } else {
        result.append(first)
        rest = rest.dropFirst()
      }
    }
    return result
  }
}

package enum ForeignHabits {
  package static let all: [ForeignHabit] = operators + values + words + prefixes + fields

  private static let power = Infix(.power, .binary(.power))
  private static let and = Infix(.and, .and)
  private static let or = Infix(.or, .or)
  private static let equal = Infix(.comparison, .binary(.equal))
  private static let notEqual = Infix(.comparison, .binary(.notEqual))

  private static let operators: [ForeignHabit] = [
    .init(
      "**", .infix(power), "powers are written with ^", help: "write LEFT^RIGHT", example: "x ** 2"),
    .init("&&", .infix(and), "'and' is a word", help: "write LEFT and RIGHT", example: "a && b"),
    .init("||", .infix(or), "'or' is a word", help: "write LEFT or RIGHT", example: "a || b"),
    .init("&", .infix(and), "'and' is a word", help: "write LEFT and RIGHT", example: "a & b"),
    .init("|", .infix(or), "'or' is a word", help: "write LEFT or RIGHT", example: "a | b"),
    .init(
      "===", .infix(equal), "equality is written ==", help: "write LEFT == RIGHT",
      example: "a === b"),
    .init(
      "!==", .infix(notEqual), "inequality is written !=", help: "write LEFT != RIGHT",
      example: "a !== b"),
    .init(
      "<>", .infix(notEqual), "inequality is written !=", help: "write LEFT != RIGHT",
      example: "a <> b"),
    .init("!", .prefix(.not), "'not' is a word", help: "write not RIGHT", example: "!x"),
    .init("~", .prefix(.not), "'not' is a word", help: "write not RIGHT", example: "~x"),
    .init("++", .after, "there is no ++", help: "write LEFT += 1", example: "x++"),
    .init("--", .after, "there is no --", help: "write LEFT -= 1", example: "x--"),
    .init(
      "**=", .after, "powers are written with ^", help: "write LEFT ^= RIGHT", example: "x **= 2"),
    .init(
      ":=", .after, "names are defined with let", help: "write let LEFT = RIGHT", example: "x := 1"),
    .init(
      "=>", .after, "functions are written with ->", help: "write LEFT -> RIGHT", example: "x => x"),
    .init(
      "?", .after, "a choice is written with if", help: "write if LEFT { a } else { b }",
      example: "c ? a : b"),
    .init(
      "if", .after, "a choice begins with if", help: "write if c { LEFT } else { b }",
      example: "a if c else b"),
    .init(
      "in", .after, "what is in a list is asked with contains", help: "write contains(RIGHT, LEFT)",
      example: "3 in xs"),
    .init(
      "is", .after, "identity and equality are both ==", help: "write LEFT == RIGHT",
      example: "x is none"),
    .init(
      "mod", .after, "the remainder is %", help: "write LEFT % RIGHT", example: "5 mod 2"),
    .init(
      "div", .after, "whole division is //", help: "write LEFT // RIGHT", example: "5 div 2"),
    .init(
      "\\", .after, "lines need no mark to go on",
      help: "break the line after an operator or inside brackets", example: "1 + \\"),
  ]

  private static let values: [ForeignHabit] = [
    .init("None", .value, "the empty value is none", help: "write none", example: "None"),
    .init("null", .value, "the empty value is none", help: "write none", example: "null"),
    .init("NULL", .value, "the empty value is none", help: "write none", example: "NULL"),
    .init("nil", .value, "the empty value is none", help: "write none", example: "nil"),
    .init("undefined", .value, "the empty value is none", help: "write none", example: "undefined"),
    .init("True", .value, "true is written small", help: "write true", example: "True"),
    .init("TRUE", .value, "true is written small", help: "write true", example: "TRUE"),
    .init("False", .value, "false is written small", help: "write false", example: "False"),
    .init("FALSE", .value, "false is written small", help: "write false", example: "FALSE"),
    .init(
      "...", .value, "all of an axis is ..", help: "write ..", example: "x[..., 0]"),
    .init(
      "//", .value, "comments begin with #", help: "write # before the comment",
      example: "// a comment"),
    .init(
      "/*", .value, "comments begin with #", help: "write # before each line of the comment",
      example: "/* a comment */"),
    .init("+", .value, "a number needs no plus before it", help: "leave the + out", example: "+1"),
  ]

  private static let words: [ForeignHabit] =
    ["def", "function", "func", "fun"].map {
      .init(
        $0, .word, "functions are defined with fn", help: "write fn RIGHT(x) = … or { … }",
        example: "\($0) f(x) { x }")
    }
    + ["var", "const", "val", "auto", "local", "mut", "int", "float", "double"].map {
      .init(
        $0, .word, "names are defined with let", help: "write let RIGHT = …",
        example: "\($0) x = 1")
    }
    + ["with", "global", "nonlocal", "try", "except", "catch", "finally", "async", "await"].map {
      .init(
        $0, .word, "there is no \($0)", help: wordsWithoutNeed[$0] ?? "leave it out",
        example: "\($0) x { }")
    }
    + ["elif", "elsif", "elseif"].map {
      .init(
        $0, .word, "'\($0)' is spelled else if", help: "write } else if RIGHT {",
        example: "if a { 1 } \($0) b { 2 }")
    }
    + ["class", "struct"].map {
      .init(
        $0, .word, "networks of your own are models",
        help: "write model RIGHT(sizes) { … forward(x) = … }", example: "\($0) Net { }")
    }
    + ["raise", "throw"].map {
      .init(
        $0, .word, "a program stops itself with error", help: "write error(\"…\")",
        example: "\($0) Wrong")
    }
    + ["switch", "match"].map {
      .init(
        $0, .word, "choices are written with if", help: "write if … { } else if … { } else { }",
        example: "\($0) x { }")
    } + [
      .init(
        "lambda", .word, "functions without a name are written with ->",
        help: "write RIGHT -> …", example: "lambda x: x + 1"),
      .init(
        "print", .word, "a call has parentheses", help: "write print(RIGHT)", example: "print x"),
      .init(
        "from", .word, "files are imported by their name in quotes",
        help: "write import \"layers.nns\" as layers", example: "from layers import dense"),
      .init(
        "new", .word, "values are made by calling what makes them", help: "write RIGHT(…)",
        example: "new Net(3)"),
      .init(
        "del", .word, "values go when nobody needs them", help: "leave the line out",
        example: "del x"),
    ]

  private static let wordsWithoutNeed = [
    "global": "leave it out: functions see and update the names around them",
    "nonlocal": "leave it out: functions see and update the names around them",
    "with": "leave it out: files and gradients need no block",
    "try": "leave it out: a statement that fails is undone as a whole",
  ]

  private static let prefixes: [ForeignHabit] = ["f", "F", "r", "b", "u", "fr", "rf"].map {
    .init(
      $0, .stringPrefix, "strings have no letter before them; braces work in all of them",
      help: "write RIGHT", example: "\($0)\"{x}\"")
  }

  private static let fields: [ForeignHabit] = [
    .init(
      "view", .field, "another shape is asked with reshape", help: "write reshape(LEFT, 2, 3)",
      example: "x.view(2, 3)"),
    .init(
      "unsqueeze", .field, "a new axis is asked in brackets", help: "write LEFT[none, ..]",
      example: "x.unsqueeze(0)"),
    .init("tolist", .field, "tensors are what there is", help: "write LEFT", example: "x.tolist()"),
    .init(
      "detach_", .field, "detach gives a value", help: "write detach(LEFT)", example: "x.detach_()"),
    .init(
      "astype", .field, "an element type is a property", help: "write LEFT.f64",
      example: "x.astype(float)"),
    .init(
      "float", .field, "an element type is a property", help: "write LEFT.f32", example: "x.float()"
    ),
    .init(
      "double", .field, "an element type is a property", help: "write LEFT.f64",
      example: "x.double()"),
    .init(
      "long", .field, "an element type is a property", help: "write LEFT.i64", example: "x.long()"),
    .init(
      "int", .field, "an element type is a property", help: "write LEFT.i32", example: "x.int()"),
    .init("to", .field, "there is one device", help: "write LEFT", example: "x.to(device)"),
    .init(
      "format", .field, "values stand in the braces of a string", help: "write \"{x:.2f}\"",
      example: "s.format(x)"),
    .init(
      "backward", .field, "backward is a function", help: "write backward(LEFT)",
      example: "loss.backward()"),
    .init(
      "zero_grad", .field, "gradients need no reset",
      help: "leave it out: backward sets gradients anew", example: "opt.zero_grad()"),
    .init("step", .field, "step is a function", help: "write step(LEFT)", example: "opt.step()"),
    .init(
      "parameters", .field, "an optimizer takes the net itself", help: "write sgd(LEFT, lr: 0.1)",
      example: "net.parameters()"),
    .init(
      "train", .field, "training is told in the call", help: "write LEFT(x, train: true)",
      example: "net.train()"),
    .init(
      "eval", .field, "a call does not train unless told", help: "write LEFT(x)",
      example: "net.eval()"),
    .init(
      "fit", .field, "fit is a function", help: "write fit(LEFT, x, y, loss: mse)",
      example: "net.fit()"),
    .init(
      "predict", .field, "predict is a function", help: "write predict(LEFT, x)",
      example: "net.predict()"),
    .init(
      "ndim", .field, "axes are counted in the shape", help: "write len(LEFT.shape)",
      example: "x.ndim"),
    .init(
      "dim", .field, "axes are counted in the shape", help: "write len(LEFT.shape)",
      example: "x.dim()"),
    .init(
      "push", .field, "append gives a longer list", help: "write LEFT = append(LEFT, …)",
      example: "xs.push(1)"),
    .init("T", .field, "the transpose is written '", help: "write LEFT'", example: "x.T"),
    .init(
      "item", .field, "a tensor without axes is a number already", help: "write LEFT",
      example: "loss.item()"),
    .init("numpy", .field, "tensors are what there is", help: "write LEFT", example: "x.numpy()"),
    .init("cuda", .field, "there is one device", help: "write LEFT", example: "x.cuda()"),
    .init("cpu", .field, "there is one device", help: "write LEFT", example: "x.cpu()"),
    .init(
      "length", .field, "lengths are asked with len", help: "write len(LEFT)", example: "x.length"),
    .init(
      "size", .field, "sizes are asked with shape", help: "write LEFT.shape", example: "x.size()"),
    .init(
      "append", .field, "append gives a longer list", help: "write LEFT = append(LEFT, …)",
      example: "xs.append"),
  ]

  /// Signs of other alphabets and keyboards that look like signs of nns.
  package static let characters: [Unicode.Scalar: String] = [
    "“": "write \" for quotes", "”": "write \" for quotes", "„": "write \" for quotes",
    "«": "write \" for quotes", "»": "write \" for quotes", "‘": "write \" for quotes",
    "’": "write ' for the transpose, \" for quotes", "−": "write -", "–": "write -",
    "—": "write -", "×": "write *", "·": "write *", "⋅": "write *", "∗": "write *",
    "⊙": "write *", "÷": "write /", "∕": "write /", "≤": "write <=", "≥": "write >=",
    "≠": "write !=", "≡": "write ==", "→": "write ->", "⇒": "write ->", "←": "write =",
    "²": "write ^2", "³": "write ^3", "¹": "write ^1", "√": "write sqrt(x)", "∞": "write inf",
    "∑": "write sum(x)", "∏": "write prod(x)", "∧": "write and", "∨": "write or",
    "¬": "write not", "∈": "write in", "∘": "write >> between the functions",
    "⊤": "write ' for the transpose", "…": "write ..", "，": "write ,", "：": "write :",
    "；": "write ;", "（": "write (", "）": "write )",
  ]

  /// Escapes of other languages, by the byte after the backslash.
  static let escapes: [UInt8: String] = [
    UInt8(ascii: "r"): "write \\u{d}", UInt8(ascii: "0"): "write \\u{0}",
    UInt8(ascii: "a"): "write \\u{7}", UInt8(ascii: "b"): "write \\u{8}",
    UInt8(ascii: "f"): "write \\u{c}", UInt8(ascii: "v"): "write \\u{b}",
    UInt8(ascii: "e"): "write \\u{1b}", UInt8(ascii: "x"): "write \\u{41} for A",
    UInt8(ascii: "'"): "write ' without the backslash", UInt8(ascii: "{"): "write {{",
    UInt8(ascii: "}"): "write }}", UInt8(ascii: "$"): "write $ without the backslash",
  ]

  /// Whether a name has to be looked up among the values at all (`None`, `true` misspelt).
  static func mayBeValue(_ first: UInt8) -> Bool {
    switch first {
    case UInt8(ascii: "N"), UInt8(ascii: "n"), UInt8(ascii: "u"), UInt8(ascii: "T"),
      UInt8(ascii: "F"):
      true
    default: false
    }
  }

  static func infix(_ spelling: String) -> (habit: ForeignHabit, infix: Infix)? {
    for habit in operators where habit.spelling == spelling {
      if case .infix(let infix) = habit.place { return (habit, infix) }
    }
    return nil
  }

  /// How nns spells a sign or value of another language: `and` for `&&`, `"text"` for `'text'`.
  static func correction(_ spelling: String) -> String? {
    if spelling.hasPrefix("'''"), spelling.utf8.count > 6 {
      return "\"\(spelling.dropFirst(3).dropLast(3))\""
    }
    if spelling.hasPrefix("'"), spelling.utf8.count > 2 {
      return "\"\(spelling.dropFirst().dropLast())\""
    }
    if let infix = infix(spelling)?.infix {
      switch infix.meaning {
      case .and: return "and"
      case .or: return "or"
      case .binary(let op): return op.rawValue
      default: return nil
      }
    }
    if prefix(spelling) != nil { return "not " }
    guard let help = value(spelling)?.help, help.hasPrefix("write ") else { return nil }
    return String(help.dropFirst("write ".count))
  }

  static func prefix(_ spelling: String) -> (habit: ForeignHabit, op: UnaryOperator)? {
    for habit in operators where habit.spelling == spelling {
      if case .prefix(let op) = habit.place { return (habit, op) }
    }
    return nil
  }

  static func value(_ spelling: String) -> ForeignHabit? {
    values.first { $0.spelling == spelling }
  }

  static func after(_ spelling: String) -> ForeignHabit? {
    for habit in operators where habit.spelling == spelling {
      if case .after = habit.place { return habit }
    }
    return nil
  }

  static func stringPrefix(_ spelling: String) -> ForeignHabit? {
    prefixes.first { $0.spelling == spelling }
  }

  static func word(_ spelling: String) -> ForeignHabit? {
    words.first { $0.spelling == spelling }
  }

  /// What to write instead of a field that other languages have, `LEFT` being the value's text.
  package static func help(forField name: String, of value: String) -> String? {
    fields.first { $0.spelling == name }?.help(left: value, right: "")
  }
}

// Spellings of other languages, with what to write in nns: one table.

import Diagnostics

enum ForeignHabits {
  /// Token text to what to write.
  static let table: [String: (message: String, help: String)] = [
    "**": ("powers are written with ^", "write x^2"),
    "'": ("text stands in double quotes", "write \"text\""),
    "&&": ("'and' is a word", "write a and b"),
    "||": ("'or' is a word", "write a or b"),
    "&": ("'and' is a word", "write a and b"),
    "|": ("'or' is a word", "write a or b"),
    "!": ("'not' is a word", "write not x"),
    "?": ("there is no '?' here", "help(x) tells what x is"),
    ":=": ("names are defined with let", "write let x = 1"),
    "lambda": ("functions without a name are written with ->", "write x -> x + 1"),
    "def": ("functions are written with fn", "write fn f(x) = x + 1"),
    "elif": ("'elif' is spelled else if", "write else if"),
    "var": ("names are defined with let", "write let x = 1"),
    "const": ("names are defined with let", "write let x = 1"),
  ]

  /// The error for a foreign spelling at the parser's present token, if it is one.
  static func diagnose(_ parser: inout Parser) -> Parser.Abandon? {
    let token = parser.token
    var key = token.text
    var range = token.range
    if parser.index > 0, table[key] == nil {
      let before = parser.tokens[parser.index - 1]
      if before.kind == .name, table[before.text] != nil {
        key = before.text
        range = before.range
      }
    }
    guard let entry = table[key] else { return nil }
    return parser.fail(entry.message, at: range, help: entry.help)
  }
}

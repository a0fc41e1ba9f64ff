// The vocabulary: what kinds of token there are, and which words and signs they are spelled with.

import Diagnostics

/// What a token is.
///
/// Strings are several tokens: `"a {x:.2f}"` is stringStart, stringText, interpolationStart, name,
/// formatSpec, interpolationEnd, stringEnd.
package enum TokenKind: UInt8, Sendable {
  case name, number
  case stringStart, stringText, interpolationStart, formatSpec, interpolationEnd, stringEnd
  case newline, end
  /// Something that the lexer has already reported.
  case error
  /// A spelling of another language: `**`, `&&`, `'text'`; `ForeignHabits` knows what it means.
  case foreign

  // Reserved words.
  case `let`, fn, `if`, `else`, `for`, `in`, `while`, `break`, `continue`, `return`, `import`, `as`
  case and, or, not, `true`, `false`, none, assert

  // Signs.
  case plus, minus, star, slash, slashSlash, percent, at, caret, prime
  case dot, dotDot, comma, semicolon, colon, arrow, pipe, compose
  case leftParenthesis, rightParenthesis, leftBracket, rightBracket, leftBrace, rightBrace
  case equal, plusEqual, minusEqual, starEqual, slashEqual, atEqual, caretEqual
  case percentEqual, slashSlashEqual
  case equalEqual, notEqual, less, lessOrEqual, greater, greaterOrEqual

  /// How a reserved word or a sign is written; nil for names, numbers and the like.
  package var spelling: String? {
    switch self {
    case .name, .number, .stringStart, .stringText, .interpolationStart, .formatSpec,
      .interpolationEnd, .stringEnd, .newline, .end, .error, .foreign:
      nil
    case .let: "let"
    case .fn: "fn"
    case .if: "if"
    case .else: "else"
    case .for: "for"
    case .in: "in"
    case .while: "while"
    case .break: "break"
    case .continue: "continue"
    case .return: "return"
    case .import: "import"
    case .as: "as"
    case .and: "and"
    case .or: "or"
    case .not: "not"
    case .true: "true"
    case .false: "false"
    case .none: "none"
    case .assert: "assert"
    case .plus: "+"
    case .minus: "-"
    case .star: "*"
    case .slash: "/"
    case .slashSlash: "//"
    case .percent: "%"
    case .at: "@"
    case .caret: "^"
    case .prime: "'"
    case .dot: "."
    case .dotDot: ".."
    case .comma: ","
    case .semicolon: ";"
    case .colon: ":"
    case .arrow: "->"
    case .pipe: "|>"
    case .compose: ">>"
    case .leftParenthesis: "("
    case .rightParenthesis: ")"
    case .leftBracket: "["
    case .rightBracket: "]"
    case .leftBrace: "{"
    case .rightBrace: "}"
    case .equal: "="
    case .plusEqual: "+="
    case .minusEqual: "-="
    case .starEqual: "*="
    case .slashEqual: "/="
    case .atEqual: "@="
    case .caretEqual: "^="
    case .percentEqual: "%="
    case .slashSlashEqual: "//="
    case .equalEqual: "=="
    case .notEqual: "!="
    case .less: "<"
    case .lessOrEqual: "<="
    case .greater: ">"
    case .greaterOrEqual: ">="
    }
  }

  package var isKeyword: Bool {
    rawValue >= TokenKind.let.rawValue && rawValue <= TokenKind.assert.rawValue
  }

  /// A name or a reserved word: what may follow a dot or stand before a colon.
  package var isWord: Bool { self == .name || isKeyword }

  var isOpening: Bool {
    self == .leftParenthesis || self == .leftBracket || self == .leftBrace
  }

  var isClosing: Bool {
    self == .rightParenthesis || self == .rightBracket || self == .rightBrace
  }

  /// The bracket that closes this one.
  var closing: TokenKind? {
    switch self {
    case .leftParenthesis: .rightParenthesis
    case .leftBracket: .rightBracket
    case .leftBrace: .rightBrace
    default: nil
    }
  }

  /// Words that only begin statements; meeting one inside a bracket means that the bracket was
  /// not closed.
  var beginsStatementOnly: Bool {
    switch self {
    case .let, .fn, .while, .break, .continue, .return, .import, .assert: true
    default: false
    }
  }
}

/// A token: its kind, its place, and for brackets where the partner stands.
package struct Token: Sendable {
  package var range: TextRange
  /// For a bracket the index of the token that matches it, −1 where none does.
  var partner: Int32 = -1
  package var kind: TokenKind
  /// Whether white space, or nothing at all, stands before it.
  package var spaceBefore: Bool

  var lower: Int { Int(range.lower) }
  var upper: Int { Int(range.upper) }
}

/// The reserved words.
enum Keywords {
  static let all: [TokenKind] = [
    .let, .fn, .if, .else, .for, .in, .while, .break, .continue, .return, .import, .as, .and, .or,
    .not, .true, .false, .none, .assert,
  ]

  private static let longest = 8

  /// The keyword that some bytes spell, nil where they are a name.
  static func kind(of bytes: ArraySlice<UInt8>) -> TokenKind? {
    guard bytes.count >= 2, bytes.count <= longest, let first = bytes.first else { return nil }
    let candidates: [TokenKind]
    switch first {
    case UInt8(ascii: "a"): candidates = [.as, .and, .assert]
    case UInt8(ascii: "b"): candidates = [.break]
    case UInt8(ascii: "c"): candidates = [.continue]
    case UInt8(ascii: "e"): candidates = [.else]
    case UInt8(ascii: "f"): candidates = [.for, .fn, .false]
    case UInt8(ascii: "i"): candidates = [.if, .in, .import]
    case UInt8(ascii: "l"): candidates = [.let]
    case UInt8(ascii: "n"): candidates = [.not, .none]
    case UInt8(ascii: "o"): candidates = [.or]
    case UInt8(ascii: "r"): candidates = [.return]
    case UInt8(ascii: "t"): candidates = [.true]
    case UInt8(ascii: "w"): candidates = [.while]
    default: return nil
    }
    return candidates.first { $0.spelling.map { bytes.elementsEqual($0.utf8) } ?? false }
  }

  /// The words that belong to the grammar only where a statement begins (`forward`: in a model).
  package static let contextual: [String] = ["model", "layer", "param", "test", "forward"]
}

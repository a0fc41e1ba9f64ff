// Source bytes become tokens in one pass: linear time, no recursion. What a string holds in braces
// becomes tokens like any other, between interpolationStart and interpolationEnd. Brackets learn
// where their partners stand, so that the parser can tell `(x, y) -> …` from `(x, y)` and blame an
// unclosed bracket where it opened.

import Diagnostics

package struct Lexer {
  /// No run reports more than this many errors: what follows is noise.
  package static let maximumDiagnostics = 20

  let source: SourceText
  let bytes: [UInt8]
  var position = 0
  var spaceBefore = true
  package internal(set) var tokens: [Token] = []
  package internal(set) var comments: [Comment] = []
  package internal(set) var diagnostics: [Diagnostic] = []
  /// Tokens of brackets that are open here.
  private var open: [Int] = []
  /// Strings and the braces inside them that we are in, outermost first.
  var strings: [StringLevel] = []

  /// An open string, or an open brace inside one.
  struct StringLevel {
    /// The token that began it.
    var token: Int
    /// How many tokens, comments and brackets there were, to go back to if it is never closed.
    var openCount: Int
    /// Nil inside the quotes; inside an interpolation the brackets open there.
    var brackets: Int?
    var braces = 0
  }

  package init(_ source: SourceText) {
    self.source = source
    self.bytes = source.utf8
  }

  /// Fills `tokens` (the last is `.end`), `comments` and `diagnostics`.
  package mutating func run() {
    tokens.reserveCapacity(bytes.count / 4 + 2)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    if at(0) == UInt8(ascii: "#"), at(1) == UInt8(ascii: "!") { comment() }
    while position < bytes.count {
      if let level = strings.last, level.brackets == nil { stringContent() } else { next() }
    }
    abandonString()
    add(.end, from: position)
  }

  /// The byte at a distance from here, 0 past the end.
  func at(_ distance: Int) -> UInt8 {
    position + distance < bytes.count ? bytes[position + distance] : 0
  }

  /// Adds a token that ends at the present position.
  mutating func add(_ kind: TokenKind, from lower: Int) {
    tokens.append(
      Token(range: TextRange(lower, position), kind: kind, spaceBefore: spaceBefore))
    spaceBefore = false
  }

  mutating func report(_ message: String, _ lower: Int, _ upper: Int, help: String? = nil) {
    guard diagnostics.count < Lexer.maximumDiagnostics else { return }
    diagnostics.append(
      Diagnostic(.syntax, message, at: SourceSpan(source, TextRange(lower, upper)), help: help))
  }
}

// MARK: - One token

extension Lexer {
  private mutating func next() {
    let byte = bytes[position]
    switch byte {
    case UInt8(ascii: " "), UInt8(ascii: "\t"):
      position += 1
      spaceBefore = true
    case UInt8(ascii: "\r") where at(1) == UInt8(ascii: "\n"):
      position += 1
    case UInt8(ascii: "\n"):
      if strings.isEmpty { newline() } else { abandonString() }
    case UInt8(ascii: "#"):
      if strings.isEmpty { comment() } else { commentInString() }
    case UInt8(ascii: "\""): beginString()
    case UInt8(ascii: "0")...UInt8(ascii: "9"): number()
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "_"), 0x80...:
      name()
    case 0..<0x20, 0x7F: controlBytes()
    default: sign(byte)
    }
  }

  private mutating func newline() {
    position += 1
    add(.newline, from: position - 1)
    spaceBefore = true
  }

  private mutating func comment() {
    let start = position
    while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
    var end = position
    while end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    let isDocumentation =
      end - start >= 2 && bytes[start + 1] == UInt8(ascii: "#")
      && (end - start == 2 || bytes[start + 2] != UInt8(ascii: "#"))
    comments.append(Comment(range: TextRange(start, end), isDocumentation: isDocumentation))
    spaceBefore = true
  }

  private mutating func controlBytes() {
    let start = position
    while position < bytes.count, bytes[position] < 0x20 || bytes[position] == 0x7F,
      bytes[position] != UInt8(ascii: "\n"), bytes[position] != UInt8(ascii: "\t")
    {
      position += 1
    }
    report(Lexer.describeControl(bytes[start]), start, start + 1)
    add(.error, from: start)
  }

  static func describeControl(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    let code = "U+" + String(repeating: "0", count: 4 - digits.count) + digits.uppercased()
    return byte == 0
      ? "a NUL byte has no place in a program; is this a text file?"
      : "the control character \(code) has no place in a program"
  }

  /// Letters, digits and `_` of any script, also `∂`, `∇`, primes and subscripts.
  private mutating func name() {
    let start = position
    while position < bytes.count, Lexer.isPlainNameByte(bytes[position]) { position += 1 }
    if position == bytes.count || bytes[position] < 0x80 {
      add(Keywords.kind(of: bytes[start..<position]) ?? .name, from: start)
      return
    }
    // Other scripts: go on scalar by scalar.
    while position < bytes.count {
      if Lexer.isPlainNameByte(bytes[position]) {
        position += 1
      } else if bytes[position] >= 0x80, let (scalar, length) = scalar(),
        Lexer.isNamePart(scalar, first: position == start)
      {
        position += length
      } else {
        break
      }
    }
    if position > start { add(.name, from: start) } else { strangeCharacter() }
  }

  static func isPlainNameByte(_ byte: UInt8) -> Bool {
    (byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z"))
      || (byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z"))
      || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")) || byte == UInt8(ascii: "_")
  }

  private static func isNamePart(_ scalar: Unicode.Scalar, first: Bool) -> Bool {
    switch scalar {
    case "∂", "∇": true
    case "′", "″", "₀"..."₉": !first
    default: first ? scalar.properties.isXIDStart : scalar.properties.isXIDContinue
    }
  }

  /// The scalar at the present position and its length in bytes.
  private func scalar() -> (Unicode.Scalar, Int)? {
    let length = bytes[position] >= 0xF0 ? 4 : bytes[position] >= 0xE0 ? 3 : 2
    let end = min(position + length, bytes.count)
    guard let scalar = String(decoding: bytes[position..<end], as: UTF8.self).unicodeScalars.first
    else { return nil }
    return (scalar, end - position)
  }

  /// A character that is no part of the language: `×`, `“`, a no-break space.
  private mutating func strangeCharacter() {
    let start = position
    guard let (scalar, length) = scalar() else {
      position += 1
      return
    }
    position += length
    let digits = String(scalar.value, radix: 16).uppercased()
    let code = "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    if let help = ForeignHabits.characters[scalar] {
      report("'\(scalar)' is not a sign of nns", start, position, help: help)
    } else if scalar.properties.isWhitespace || scalar.properties.generalCategory == .format {
      report("an invisible character, \(code), stands here", start, position, help: "delete it")
    } else {
      report("the character '\(scalar)', \(code), has no meaning here", start, position)
    }
    add(.error, from: start)
  }
}

// MARK: - Signs

extension Lexer {
  private mutating func sign(_ byte: UInt8) {
    if byte == UInt8(ascii: "'") { return prime() }
    let start = position
    let (kind, length) = Lexer.sign(byte, at(1), at(2))
    position += length
    switch kind {
    case .leftParenthesis, .leftBracket, .leftBrace: openBracket(kind, start)
    case .rightParenthesis, .rightBracket, .rightBrace: closeBracket(kind, start)
    case .colon where strings.last?.brackets == 0: formatSpec(start)
    default: add(kind, from: start)
    }
  }

  /// The longest sign that three bytes begin with, and its length.
  private static func sign(_ a: UInt8, _ b: UInt8, _ c: UInt8) -> (TokenKind, Int) {
    let equal = UInt8(ascii: "=")
    switch a {
    case UInt8(ascii: "+"):
      if b == UInt8(ascii: "+") { return (.foreign, 2) }
      return b == equal ? (.plusEqual, 2) : (.plus, 1)
    case UInt8(ascii: "-"):
      if b == UInt8(ascii: ">") { return (.arrow, 2) }
      return b == equal ? (.minusEqual, 2) : (.minus, 1)
    case UInt8(ascii: "*"):
      if b == a { return (.foreign, c == equal ? 3 : 2) }
      return b == equal ? (.starEqual, 2) : (.star, 1)
    case UInt8(ascii: "/"):
      if b == a { return c == equal ? (.slashSlashEqual, 3) : (.slashSlash, 2) }
      if b == UInt8(ascii: "*") { return (.foreign, 2) }
      return b == equal ? (.slashEqual, 2) : (.slash, 1)
    case UInt8(ascii: "%"): return b == equal ? (.percentEqual, 2) : (.percent, 1)
    case UInt8(ascii: "@"): return b == equal ? (.atEqual, 2) : (.at, 1)
    case UInt8(ascii: "^"): return b == equal ? (.caretEqual, 2) : (.caret, 1)
    case UInt8(ascii: "="):
      if b == UInt8(ascii: ">") { return (.foreign, 2) }
      if b == equal { return c == equal ? (.foreign, 3) : (.equalEqual, 2) }
      return (.equal, 1)
    case UInt8(ascii: "!"):
      if b == equal { return c == equal ? (.foreign, 3) : (.notEqual, 2) }
      return (.foreign, 1)
    case UInt8(ascii: "<"):
      if b == UInt8(ascii: ">") { return (.foreign, 2) }
      return b == equal ? (.lessOrEqual, 2) : (.less, 1)
    case UInt8(ascii: ">"):
      if b == a { return (.compose, 2) }
      return b == equal ? (.greaterOrEqual, 2) : (.greater, 1)
    case UInt8(ascii: "|"):
      if b == UInt8(ascii: ">") { return (.pipe, 2) }
      return (.foreign, b == a ? 2 : 1)
    case UInt8(ascii: "&"): return (.foreign, b == a ? 2 : 1)
    case UInt8(ascii: "."):
      if b == a { return c == a ? (.foreign, 3) : (.dotDot, 2) }
      return (.dot, 1)
    case UInt8(ascii: ":"): return b == equal ? (.foreign, 2) : (.colon, 1)
    case UInt8(ascii: ","): return (.comma, 1)
    case UInt8(ascii: ";"): return (.semicolon, 1)
    case UInt8(ascii: "("): return (.leftParenthesis, 1)
    case UInt8(ascii: ")"): return (.rightParenthesis, 1)
    case UInt8(ascii: "["): return (.leftBracket, 1)
    case UInt8(ascii: "]"): return (.rightBracket, 1)
    case UInt8(ascii: "{"): return (.leftBrace, 1)
    case UInt8(ascii: "}"): return (.rightBrace, 1)
    default: return (.foreign, 1)
    }
  }

  private mutating func openBracket(_ kind: TokenKind, _ start: Int) {
    if let depth = strings.last?.brackets {
      strings[strings.count - 1].brackets = depth + 1
      if kind == .leftBrace { strings[strings.count - 1].braces += 1 }
    }
    open.append(tokens.count)
    add(kind, from: start)
  }

  private mutating func closeBracket(_ kind: TokenKind, _ start: Int) {
    if let level = strings.last, let depth = level.brackets {
      if kind == .rightBrace, level.braces == 0 { return endInterpolation(start) }
      strings[strings.count - 1].brackets = max(0, depth - 1)
      if kind == .rightBrace { strings[strings.count - 1].braces -= 1 }
    }
    // The innermost open bracket of this kind; those inside it were never closed. A brace ends
    // what stands in round and square brackets, but they never reach out of a block.
    let index = tokens.count
    let floor = strings.last?.openCount ?? 0
    add(kind, from: start)
    var level = open.count - 1
    while level >= floor {
      let opening = tokens[open[level]].kind
      if opening.closing == kind {
        tokens[index].partner = Int32(open[level])
        tokens[open[level]].partner = Int32(index)
        open.removeSubrange(level...)
        return
      }
      if opening == .leftBrace { return }
      level -= 1
    }
  }

  /// How many brackets are open; strings go back to this when they are abandoned.
  var openCount: Int { open.count }

  mutating func forgetBrackets(past count: Int) {
    if open.count > count { open.removeSubrange(count...) }
  }

  /// `'` after a value is the transpose; anywhere else it begins text, as in other languages.
  private mutating func prime() {
    let start = position
    position += 1
    if !spaceBefore, let last = tokens.last {
      switch last.kind {
      case .name, .number, .stringEnd, .prime, .rightParenthesis, .rightBracket, .rightBrace,
        .true, .false, .none:
        return add(.prime, from: start)
      default:
        // After a dot any word is a field.
        let before = tokens.dropLast().last { $0.kind != .newline }
        if last.kind.isKeyword, before?.kind == .dot {
          return add(.prime, from: start)
        }
      }
    }
    let quote = UInt8(ascii: "'")
    if at(0) == quote, at(1) == quote {
      position += 2
      while position < bytes.count, !(at(0) == quote && at(1) == quote && at(2) == quote) {
        position += 1
      }
      position = min(position + 3, bytes.count)
      return add(.foreign, from: start)
    }
    var end = position
    while end < bytes.count, bytes[end] != UInt8(ascii: "'"), bytes[end] != UInt8(ascii: "\n") {
      end += 1
    }
    if end < bytes.count, bytes[end] == UInt8(ascii: "'") { position = end + 1 }
    add(.foreign, from: start)
  }
}

// Source bytes become tokens: linear time, no recursion. Strings are found here and taken apart by
// the parser, which lexes what stands inside their braces.

import Diagnostics

package struct Token {
  package enum Kind: Equatable { case name, keyword, number, string, symbol, newline, end }

  package var kind: Kind
  package var text: String
  package var range: TextRange
  package var spaceBefore: Bool

  func `is`(_ symbol: String) -> Bool {
    (kind == .symbol || kind == .keyword) && text == symbol
  }
}

package struct Lexer {
  static let keywords: Set<String> = [
    "let", "fn", "if", "else", "for", "in", "while", "break", "continue", "return", "import", "as",
    "and", "or", "not", "true", "false", "none", "assert",
  ]
  /// Longest first.
  private static let symbols: [[UInt8]] = [
    "...", "**=", "//=", "|>", ">>", "->", "..", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=",
    "@=", "^=", "%=", "//", "**", "&&", "||", ":=", "+", "-", "*", "/", "%", "@", "^", "'", ".",
    ",", ";", ":", "(", ")", "[", "]", "{", "}", "<", ">", "=", "!", "&", "|", "?", "~", "$",
  ].map { Array($0.utf8) }

  private let source: SourceText
  private let bytes: [UInt8]
  private var position: Int
  private let limit: Int
  package private(set) var tokens: [Token] = []
  package private(set) var comments: [Comment] = []
  package private(set) var diagnostics: [Diagnostic] = []

  package init(_ source: SourceText, from lower: Int = 0, to upper: Int? = nil) {
    self.source = source
    self.bytes = source.utf8
    self.position = lower
    self.limit = upper ?? source.utf8.count
  }

  package mutating func run() {
    if position == 0, limit >= 2, bytes[0] == 0x23, bytes[1] == 0x21 { skipLine() }
    var space = false
    while position < limit {
      let byte = bytes[position]
      switch byte {
      case 0x20, 0x09, 0x0D:
        position += 1
        space = true
        continue
      case 0x0A:
        add(.newline, position, position + 1, space)
        position += 1
      case 0x23:
        let start = position
        skipLine()
        let isDocumentation = start + 1 < limit && bytes[start + 1] == 0x23
        comments.append(
          Comment(range: TextRange(start, position), isDocumentation: isDocumentation))
      case 0x22: string(space)
      case 0x30...0x39: number(space)
      case let b where isNameStart(b): name(space)
      default: symbol(space)
      }
      space = false
    }
    add(.end, limit, limit, space)
  }
}

extension Lexer {
  private func isNameStart(_ byte: UInt8) -> Bool {
    (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x41 && byte <= 0x5A) || byte == 0x5F || byte >= 0x80
  }

  private func isDigit(_ offset: Int) -> Bool {
    offset < limit && bytes[offset] >= 0x30 && bytes[offset] <= 0x39
  }

  private mutating func skipLine() {
    while position < limit, bytes[position] != 0x0A { position += 1 }
  }

  private mutating func add(_ kind: Token.Kind, _ lower: Int, _ upper: Int, _ space: Bool) {
    let text =
      kind == .string ? "" : String(decoding: bytes[lower..<upper], as: UTF8.self)
    tokens.append(
      Token(kind: kind, text: text, range: TextRange(lower, upper), spaceBefore: space))
  }

  private mutating func fail(_ message: String, _ lower: Int, _ upper: Int, help: String? = nil) {
    guard diagnostics.count < 20 else { return }
    diagnostics.append(
      Diagnostic(
        .syntax, message, at: SourceSpan(source, TextRange(lower, upper)), help: help))
  }

  private mutating func name(_ space: Bool) {
    let start = position
    while position < limit, isNameStart(bytes[position]) || isDigit(position) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    let valid = text.unicodeScalars.allSatisfy {
      $0 == "_" || $0.properties.isXIDContinue || $0 == "∂" || $0 == "∇" || $0 == "′"
    }
    if !valid { fail("'\(text)' is not a name", start, position) }
    add(Lexer.keywords.contains(text) ? .keyword : .name, start, position, space)
  }

  /// `12`, `1_000`, `1.5`, `1e-3`; digits on both sides of a dot.
  private mutating func number(_ space: Bool) {
    let start = position
    func digits() { while isDigit(position) || (position < limit && bytes[position] == 0x5F && isDigit(position + 1)) { position += 1 } }
    digits()
    if position < limit, bytes[position] == 0x2E {
      if isDigit(position + 1) {
        position += 1
        digits()
      } else if position + 1 >= limit || (bytes[position + 1] != 0x2E && !isNameStart(bytes[position + 1])) {
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        fail("a number has digits on both sides of its dot", start, position + 1, help: "write \(text).0")
        position += 1
      }
    }
    if position < limit, bytes[position] | 0x20 == 0x65 {
      let sign = position + 1 < limit && (bytes[position + 1] == 0x2B || bytes[position + 1] == 0x2D)
      if isDigit(position + (sign ? 2 : 1)) {
        position += sign ? 2 : 1
        digits()
      }
    }
    add(.number, start, position, space)
  }

  /// To the closing quote, over escapes and over braces with whatever stands in them.
  private mutating func string(_ space: Bool) {
    let start = position
    guard let end = Lexer.endOfString(bytes, start, limit) else {
      position = limit
      fail("this string is not closed", start, start + 1)
      add(.string, start, limit, space)
      return
    }
    position = end
    add(.string, start, end, space)
  }

  /// The offset after the closing quote of the string that begins at `start`.
  static func endOfString(_ bytes: [UInt8], _ start: Int, _ limit: Int) -> Int? {
    // Each open interpolation holds its brace depth; an empty stack is string text.
    var position = start + 1
    var stack: [Int] = []
    while position < limit {
      let byte = bytes[position]
      if stack.isEmpty || stack[stack.count - 1] < 0 {
        switch byte {
        case 0x5C: position += 1
        case 0x22:
          if stack.isEmpty { return position + 1 }
          stack.removeLast()
        case 0x0A: return nil
        case 0x7B:
          if position + 1 < limit, bytes[position + 1] == 0x7B { position += 1 } else { stack.append(1) }
        default: break
        }
      } else {
        switch byte {
        case 0x22: stack.append(-1)
        case 0x7B: stack[stack.count - 1] += 1
        case 0x7D:
          stack[stack.count - 1] -= 1
          if stack[stack.count - 1] == 0 { stack.removeLast() }
        case 0x0A: return nil
        default: break
        }
      }
      position += 1
    }
    return nil
  }

  private mutating func symbol(_ space: Bool) {
    let rest = limit - position
    for symbol in Lexer.symbols where symbol.count <= rest {
      if bytes[position..<position + symbol.count].elementsEqual(symbol) {
        let start = position
        position += symbol.count
        add(.symbol, start, position, space)
        return
      }
    }
    fail("this character has no meaning here", position, position + 1)
    position += 1
  }
}

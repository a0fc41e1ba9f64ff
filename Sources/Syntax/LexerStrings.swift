// Strings: text, escapes, doubled braces, and the braces that hold expressions with format specs.
// A string ends on its line; one that does not becomes a single error token.

import Diagnostics

extension Lexer {
  mutating func beginString() {
    let start = position
    if at(1) == UInt8(ascii: "\""), at(2) == UInt8(ascii: "\"") { return tripleQuotes() }
    position += 1
    strings.append(StringLevel(token: tokens.count, openCount: openCount, brackets: nil))
    add(.stringStart, from: start)
  }

  /// What stands between quotes up to a brace, the closing quote or the end of the line.
  mutating func stringContent() {
    let start = position
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        endText(start)
        position += 1
        add(.stringEnd, from: position - 1)
        strings.removeLast()
        return
      case UInt8(ascii: "\n"):
        return abandonString()
      case UInt8(ascii: "{"):
        if at(1) == UInt8(ascii: "{") {
          position += 2
          continue
        }
        endText(start)
        position += 1
        strings.append(StringLevel(token: tokens.count, openCount: openCount, brackets: 0))
        add(.interpolationStart, from: position - 1)
        return
      case UInt8(ascii: "}"):
        if at(1) == UInt8(ascii: "}") {
          position += 2
          continue
        }
        report("a single } in a string", position, position + 1, help: "write }} for a brace")
        position += 1
      case UInt8(ascii: "\\"): escape()
      case 0..<0x09, 0x0B..<0x0D, 0x0E..<0x20, 0x7F:
        report(Lexer.describeControl(bytes[position]), position, position + 1)
        position += 1
      default: position += 1
      }
    }
  }

  private mutating func endText(_ start: Int) {
    if position > start { add(.stringText, from: start) }
  }

  /// Checks an escape and steps over it; the parser decodes it.
  private mutating func escape() {
    let start = position
    position += 2
    switch at(-1) {
    case UInt8(ascii: "n"), UInt8(ascii: "t"), UInt8(ascii: "\\"), UInt8(ascii: "\""): return
    case UInt8(ascii: "u"):
      if let end = Lexer.scalar(bytes, start)?.end {
        position = end
      } else {
        report(
          "\\u wants the number of a character in braces", start, position,
          help: "write \\u{3c3} for σ")
      }
    case 0, UInt8(ascii: "\n"), UInt8(ascii: "\r"): position = start + 1
    case let byte:
      // An escape of a wide character: step over all of its bytes.
      while position < bytes.count, bytes[position] & 0xC0 == 0x80 { position += 1 }
      report(
        "'\(text(start, position))' is not an escape", start, position,
        help: ForeignHabits.escapes[byte] ?? "escapes are \\n \\t \\\\ \\\" and \\u{…}")
    }
  }

  /// The scalar of `\u{…}` at an offset, and the offset after it.
  static func scalar(_ bytes: [UInt8], _ start: Int) -> (scalar: Unicode.Scalar, end: Int)? {
    var end = start + 3
    guard end < bytes.count, bytes[start + 2] == UInt8(ascii: "{") else { return nil }
    while end < bytes.count, end - start < 12, bytes[end] != UInt8(ascii: "}") { end += 1 }
    guard end < bytes.count, bytes[end] == UInt8(ascii: "}"),
      let code = UInt32(String(decoding: bytes[start + 3..<end], as: UTF8.self), radix: 16),
      let scalar = Unicode.Scalar(code)
    else { return nil }
    return (scalar, end + 1)
  }

  /// `:` and everything up to the closing brace.
  mutating func formatSpec(_ start: Int) {
    while position < bytes.count, bytes[position] != UInt8(ascii: "}"),
      bytes[position] != UInt8(ascii: "\n")
    {
      position += 1
    }
    add(.formatSpec, from: start)
  }

  mutating func endInterpolation(_ start: Int) {
    forgetBrackets(past: strings.removeLast().openCount)
    add(.interpolationEnd, from: start)
  }

  /// The line ended inside a string: all of it becomes one error token.
  mutating func abandonString() {
    guard let outer = strings.first else { return }
    let start = tokens[outer.token].lower
    let spaceWasBefore = tokens[outer.token].spaceBefore
    let brace = strings.count > 1 ? tokens[strings[1].token].lower : nil
    tokens.removeSubrange(outer.token...)
    forgetBrackets(past: outer.openCount)
    diagnostics.removeAll { Int($0.span?.range.lower ?? 0) > start }
    strings = []
    if let brace {
      report(
        "the { in this string is not closed", brace, brace + 1,
        help: "end it with }, or write {{ for a brace")
    } else {
      report(
        "this string is not closed on its line", start, start + 1,
        help: "end it with \"; a line end inside is written \\n")
    }
    add(.error, from: start)
    tokens[tokens.count - 1].spaceBefore = spaceWasBefore
  }

  /// A `#` between the braces of a string.
  mutating func commentInString() {
    report(
      "a comment cannot stand in the braces of a string", position, position + 1,
      help: "write {{ for a brace")
    position += 1
    add(.error, from: position - 1)
  }

  /// `"""text"""` of other languages, over as many lines as it takes.
  private mutating func tripleQuotes() {
    let start = position
    position += 3
    let quote = UInt8(ascii: "\"")
    while position < bytes.count, !(at(0) == quote && at(1) == quote && at(2) == quote) {
      position += 1
    }
    position = min(position + 3, bytes.count)
    report(
      "text stands in one pair of quotes, on one line", start, start + 3,
      help: "write \\n for a line end, ## for documentation, # for a comment")
    add(.error, from: start)
  }
}

// What stands between the quotes: escapes, doubled braces, interpolations with format specs.

import Diagnostics

extension Parser {
  /// Takes a string token apart; expressions inside are parsed from the same source, so that
  /// their places are right.
  mutating func pieces(of token: Token) throws(Abandon) -> [StringPiece] {
    let bytes = source.utf8
    var position = Int(token.range.lower) + 1
    let end = max(position, Int(token.range.upper) - 1)
    var pieces: [StringPiece] = []
    var text: [UInt8] = []
    func flush() {
      if !text.isEmpty { pieces.append(.text(String(decoding: text, as: UTF8.self))) }
      text = []
    }
    while position < end {
      let byte = bytes[position]
      let next = position + 1 < end ? bytes[position + 1] : 0
      switch (byte, next) {
      case (0x7B, 0x7B), (0x7D, 0x7D):
        text.append(byte)
        position += 2
      case (0x5C, _):
        position = try escape(at: position, end, into: &text)
      case (0x7B, _):
        flush()
        let (piece, after) = try interpolation(at: position, end)
        pieces.append(piece)
        position = after
      case (0x7D, _):
        throw fail(
          "a single '}' in a string", at: TextRange(position, position + 1), help: "write }}")
      default:
        text.append(byte)
        position += 1
      }
    }
    flush()
    return pieces
  }

  private mutating func escape(at position: Int, _ end: Int, into text: inout [UInt8])
    throws(Abandon) -> Int
  {
    let bytes = source.utf8
    let next = position + 1 < end ? bytes[position + 1] : 0
    let simple: [UInt8: UInt8] = [
      0x6E: 0x0A, 0x74: 0x09, 0x5C: 0x5C, 0x22: 0x22, 0x7B: 0x7B, 0x7D: 0x7D,
    ]
    if let byte = simple[next] {
      text.append(byte)
      return position + 2
    }
    if next == 0x75, position + 2 < end, bytes[position + 2] == 0x7B,
      let close = bytes[position..<end].firstIndex(of: 0x7D),
      let code = UInt32(String(decoding: bytes[position + 3..<close], as: UTF8.self), radix: 16),
      let scalar = Unicode.Scalar(code)
    {
      text.append(contentsOf: Array(String(Character(scalar)).utf8))
      return close + 1
    }
    throw fail(
      "this escape is not known", at: TextRange(position, min(position + 2, end)),
      help: "use \\n \\t \\\\ \\\" or \\u{3c3}")
  }

  /// `{` expression [ `:` spec ] `}`
  private mutating func interpolation(at start: Int, _ end: Int) throws(Abandon) -> (
    StringPiece, Int
  ) {
    let bytes = source.utf8
    var position = start + 1
    var open = 0
    var colon: Int?
    while position < end {
      let byte = bytes[position]
      if byte == 0x22 {
        position = Lexer.endOfString(bytes, position, end) ?? end
        continue
      }
      if byte == 0x28 || byte == 0x5B || byte == 0x7B { open += 1 }
      if open == 0, byte == 0x7D { break }
      if byte == 0x29 || byte == 0x5D || byte == 0x7D { open -= 1 }
      if open == 0, byte == 0x3A, colon == nil { colon = position }
      if colon != nil, open == 0, byte == 0x7D { break }
      position += 1
    }
    guard position < end else {
      throw fail("this '{' is not closed", at: TextRange(start, start + 1), help: "a brace is {{")
    }
    let expressionEnd = colon ?? position
    var lexer = Lexer(source, from: start + 1, to: expressionEnd)
    lexer.run()
    diagnostics += lexer.diagnostics
    let outer = (tokens, index, groups)
    (tokens, index, groups) = (lexer.tokens, 0, 1)
    defer { (tokens, index, groups) = outer }
    if token.kind == .end {
      throw fail("there is nothing in these braces", at: TextRange(start, position + 1))
    }
    let value = try expression()
    skipNewlines()
    guard token.kind == .end else { throw fail("expected '}', found \(describe(token))") }
    let spec = colon.map { String(decoding: bytes[($0 + 1)..<position], as: UTF8.self) }
    return (.interpolation(value, format: spec), position + 1)
  }
}

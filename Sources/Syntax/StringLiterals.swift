// What stands between quotes: text with its escapes replaced, and interpolated expressions.

import Diagnostics

extension Parser {
  // string = '"' { TEXT | "{" expression [ ":" SPEC ] "}" } '"'
  mutating func string() throws(Abandon) -> Expr {
    let first = advance()
    var pieces: [StringPiece] = []
    while true {
      switch token.kind {
      case .stringText:
        let text = decoded(advance())
        pieces.append(.text(text))
      case .interpolationStart: pieces.append(try interpolation())
      case .stringEnd:
        let end = advance()
        return Expr(.string(pieces), first.range.joined(end.range))
      default: throw fail("this string cannot be read", at: first.range)
      }
    }
  }

  private mutating func interpolation() throws(Abandon) -> StringPiece {
    try descend()
    let brace = advance()
    if token.kind == .interpolationEnd || token.kind == .formatSpec {
      throw fail(
        "there is nothing in these braces", at: brace.range.joined(token.range),
        help: "write {{ and }} for braces")
    }
    let value = try expression()
    var spec: String?
    if token.kind == .formatSpec {
      spec = String(text(advance()).dropFirst())
    }
    guard token.kind == .interpolationEnd else {
      throw unexpected("expected '}'", left: value)
    }
    advance()
    depth -= 1
    return .interpolation(value, format: spec)
  }

  /// A string without interpolation: the name of a file or a test.
  mutating func plainString(_ what: String) throws(Abandon) -> (String, TextRange) {
    let expr = try string()
    guard case .string(let pieces) = expr.kind else { return ("", expr.range) }
    var text = ""
    for piece in pieces {
      guard case .text(let part) = piece else {
        throw fail("\(what) is plain text", at: expr.range, help: "write {{ for a brace")
      }
      text += part
    }
    return (text, expr.range)
  }

  /// Text with escapes and doubled braces replaced.
  ///
  /// The lexer has reported what is wrong in it.
  private func decoded(_ token: Token) -> String {
    let bytes = source.utf8
    var result: [UInt8] = []
    result.reserveCapacity(token.upper - token.lower)
    var position = token.lower
    while position < token.upper {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "{"), UInt8(ascii: "}"):
        result.append(byte)
        position += 2
      case UInt8(ascii: "\\"):
        position = decodeEscape(at: position, upTo: token.upper, into: &result)
      default:
        result.append(byte)
        position += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private func decodeEscape(at position: Int, upTo end: Int, into result: inout [UInt8]) -> Int {
    let bytes = source.utf8
    guard position + 1 < end else { return end }
    switch bytes[position + 1] {
    case UInt8(ascii: "n"): result.append(UInt8(ascii: "\n"))
    case UInt8(ascii: "t"): result.append(UInt8(ascii: "\t"))
    case UInt8(ascii: "u"):
      if let (scalar, end) = Lexer.scalar(bytes, position) {
        result.append(contentsOf: Array(String(Character(scalar)).utf8))
        return end
      }
    case let byte: result.append(byte)
    }
    return position + 2
  }
}

// Numbers: `12`, `1_000`, `0.5`, `1e-3`; and what looks like one but isn't.

import Diagnostics

extension Lexer {
  // number = digits [ "." digits ] [ ( "e" | "E" ) [ "+" | "-" ] digits ]
  mutating func number() {
    let start = position
    if at(0) == UInt8(ascii: "0"), let radix = Lexer.radix(at(1)) {
      return otherRadix(radix, start)
    }
    digits()
    if at(0) == UInt8(ascii: "."), at(1) != UInt8(ascii: ".") {
      if isDigit(1) {
        position += 1
        digits()
      } else if (at(1) < 0x80 && !Lexer.isPlainNameByte(at(1))) || isExponent(1) {
        return bareDot(start)
      }
    }
    if isExponent(0) {
      position += 2
      digits()
    }
    if position < bytes.count, Lexer.isPlainNameByte(bytes[position]) || bytes[position] >= 0x80 {
      return letters(after: start)
    }
    add(.number, from: start)
  }

  private func isDigit(_ distance: Int) -> Bool {
    at(distance) >= UInt8(ascii: "0") && at(distance) <= UInt8(ascii: "9")
  }

  /// Whether `e5`, `E-5` … stands at a distance.
  private func isExponent(_ distance: Int) -> Bool {
    guard at(distance) | 0x20 == UInt8(ascii: "e") else { return false }
    let sign = at(distance + 1) == UInt8(ascii: "+") || at(distance + 1) == UInt8(ascii: "-")
    return isDigit(distance + (sign ? 2 : 1))
  }

  // digits = DIGIT { [ "_" ] DIGIT }
  private mutating func digits() {
    while isDigit(0) || (at(0) == UInt8(ascii: "_") && isDigit(1)) { position += 1 }
  }

  // `1.` and `1.e5`
  private mutating func bareDot(_ start: Int) {
    let whole = text(start, position)
    position += 1
    let dot = position
    if isExponent(0) {
      position += 2
      digits()
    }
    report(
      "a number has digits on both sides of its dot", start, position,
      help: "write \(whole).0\(text(dot, position))")
    add(.error, from: start)
  }

  private static func radix(_ byte: UInt8) -> Int? {
    switch byte | 0x20 {
    case UInt8(ascii: "x"): 16
    case UInt8(ascii: "b"): 2
    case UInt8(ascii: "o"): 8
    default: nil
    }
  }

  private mutating func otherRadix(_ radix: Int, _ start: Int) {
    position += 2
    while position < bytes.count, Lexer.isPlainNameByte(bytes[position]) { position += 1 }
    let digits = text(start + 2, position).filter { $0 != "_" }
    report(
      "numbers are written in decimal", start, position,
      help: Int(digits, radix: radix).map { "write \($0)" })
    add(.error, from: start)
  }

  // `2x`, `10L`, `1_`
  private mutating func letters(after start: Int) {
    let end = position
    while position < bytes.count, Lexer.isPlainNameByte(bytes[position]) || bytes[position] >= 0x80
    {
      position += 1
    }
    let number = text(start, end)
    let rest = text(end, position)
    if rest.allSatisfy({ $0 == "_" || $0.isNumber }) {
      report(
        "an underscore in a number stands between two digits", start, position,
        help: "write \(number)\(rest.filter { $0 != "_" })")
    } else if rest.hasPrefix("²") || rest.hasPrefix("³") {
      report(
        "powers are written with ^", start, position,
        help: "write \(number)^\(rest.hasPrefix("²") ? 2 : 3)")
    } else {
      report(
        "a number and a name stand side by side", start, position,
        help: "write \(number) * \(rest)")
    }
    add(.error, from: start)
  }

  func text(_ lower: Int, _ upper: Int) -> String {
    String(decoding: bytes[lower..<upper], as: UTF8.self)
  }
}

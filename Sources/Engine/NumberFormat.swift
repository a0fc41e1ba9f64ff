// Numbers as text: the shortest that reads back, fixed digits, and Python's format mini-language.

import Glibc

package enum NumberFormat {
  /// The shortest text that reads back as the same number: 5, 0.5, 1e+20, nan, inf.
  package static func shortest(_ x: Double) -> String {
    if x.isNaN { return "nan" }
    if x.isInfinite { return x < 0 ? "-inf" : "inf" }
    if x == 0 { return x.sign == .minus ? "-0" : "0" }
    if x.magnitude < 0x1p53, x == x.rounded() { return String(Int(x)) }
    return tidy(x.description)
  }

  package static func shortest(_ x: Float) -> String {
    if x.isNaN || x.isInfinite || x == 0 { return shortest(Double(x)) }
    return tidy(x.description)
  }

  /// Swift's `5.0` and `1e-07`, in Python's spelling without the `.0`.
  private static func tidy(_ text: String) -> String {
    var text = text
    if text.hasSuffix(".0") { text.removeLast(2) }
    guard let e = text.firstIndex(of: "e") else { return text }
    var mantissa = String(text[..<e])
    if mantissa.hasSuffix(".0") { mantissa.removeLast(2) }
    guard let exponent = Int(text[text.index(after: e)...]) else { return text }
    if exponent >= 0, exponent < 16 {
      let digits = mantissa.filter { $0 != "." && $0 != "-" }
      let padded = digits + String(repeating: "0", count: max(0, exponent + 1 - digits.count))
      return (mantissa.hasPrefix("-") ? "-" : "") + padded
    }
    let sign = exponent < 0 ? "-" : "+"
    let magnitude = String(abs(exponent))
    return mantissa + "e" + sign + (magnitude.count < 2 ? "0" + magnitude : magnitude)
  }

  /// printf with one number; `conversion` is one of f e g and their capitals.
  package static func fixed(
    _ x: Double, digits: Int, conversion: Character = "f", flags: String = ""
  ) -> String {
    let digits = min(max(0, digits), 400)
    var storage = [CChar](repeating: 0, count: 1024)
    let written = withVaList([x]) {
      vsnprintf(&storage, storage.count, "%\(flags).\(digits)\(conversion)", $0)
    }
    let length = min(Int(written), storage.count - 1)
    return String(decoding: storage[..<max(0, length)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// A number with so many significant digits, zeros at the end kept: 0.377500, 1.10591.
  package static func significant(_ x: Double, digits: Int = 6) -> String {
    if !x.isFinite { return shortest(x) }
    if x == 0 { return "0" }
    if x == x.rounded(), abs(x) < 1e6 { return shortest(x) }
    if digits >= 17 { return shortest(x) }
    let exponent = Int(floor(log10(abs(x))))
    if exponent < -4 || exponent >= digits + 3 {
      var text = fixed(x, digits: digits - 1, conversion: "e")
      if let e = text.firstIndex(of: "e") {
        var mantissa = String(text[..<e])
        while mantissa.hasSuffix("0") { mantissa.removeLast() }
        if mantissa.hasSuffix(".") { mantissa.removeLast() }
        text = mantissa + text[e...]
      }
      return text
    }
    return fixed(x, digits: max(0, digits - 1 - exponent))
  }
}

/// A format spec of Python's mini-language:
/// `[[fill]align][sign][#][0][width][,|_][.precision][type]`.
package struct FormatSpec: Sendable {
  /// What is wrong with a spec, or with the value it was given.
  package struct Problem: Error { package let message: String }

  var fill: Character = " "
  private var hasFill = false
  var align: Character?
  var sign: Character = "-"
  var width = 0
  var grouping: Character?
  var precision: Int?
  var type: Character?
  /// Whether whole numbers in another base say so: `0xff`.
  var showsBase = false

  package init(parsing text: String) throws(Problem) {
    var rest = Substring(text)
    if let second = rest.dropFirst().first, "<>=^".contains(second), let first = rest.first {
      (fill, hasFill) = (first, true)
      align = second
      rest = rest.dropFirst(2)
    } else if let first = rest.first, "<>=^".contains(first) {
      align = first
      rest = rest.dropFirst()
    }
    if let first = rest.first, "+- ".contains(first) {
      sign = first
      rest = rest.dropFirst()
    }
    if rest.first == "#" {
      showsBase = true
      rest = rest.dropFirst()
    }
    if rest.first == "0" {
      if !hasFill { fill = "0" }
      align = align ?? "="
      rest = rest.dropFirst()
    }
    width = try FormatSpec.digits(&rest) ?? 0
    if let first = rest.first, first == "," || first == "_" {
      grouping = first
      rest = rest.dropFirst()
    }
    if rest.first == "." {
      rest = rest.dropFirst()
      guard let digits = try FormatSpec.digits(&rest) else {
        throw Problem(message: "the format '\(text)' has no digits after its dot")
      }
      precision = digits
    }
    if let first = rest.first {
      guard "dfFeEgGsxobX%".contains(first) else {
        throw Problem(message: "'\(first)' is no type of a format: use one of d f e g % s x o b")
      }
      type = first
      rest = rest.dropFirst()
    }
    guard rest.isEmpty else { throw Problem(message: "the format '\(text)' cannot be understood") }
  }

  private static func digits(_ rest: inout Substring) throws(Problem) -> Int? {
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    guard !digits.isEmpty else { return nil }
    guard let value = Int(digits), value <= 1000 else {
      throw Problem(message: "a format's width and precision are at most 1000")
    }
    rest = rest.dropFirst(digits.count)
    return value
  }

  package func apply(_ x: Double) throws(Problem) -> String {
    if type == "s" { throw Problem(message: "the format 's' is for strings, this is a number") }
    var body = try digits(abs(x))
    var prefix = x.sign == .minus && !x.isNaN ? "-" : (sign == "-" ? "" : String(sign))
    if showsBase, let type, "xXob".contains(type) { prefix += "0\(type)" }
    if let grouping {
      let padded = fill == "0" && align == "=" && x.isFinite
      body = FormatSpec.group(body, grouping, width: padded ? width - prefix.count : 0)
    }
    return pad(prefix, body, align ?? ">")
  }

  private func digits(_ x: Double) throws(Problem) -> String {
    guard x.isFinite else { return NumberFormat.shortest(x) + (type == "%" ? "%" : "") }
    switch type {
    case "d", "x", "X", "o", "b":
      guard let whole = Int(exactly: x) else {
        throw Problem(
          message: "the format '\(type ?? "d")' is for whole numbers, this is "
            + NumberFormat.shortest(x))
      }
      let radix = type == "d" ? 10 : type == "o" ? 8 : type == "b" ? 2 : 16
      return String(whole, radix: radix, uppercase: type == "X")
    case "%": return NumberFormat.fixed(x * 100, digits: precision ?? 6) + "%"
    case nil:
      guard let precision else { return NumberFormat.shortest(x) }
      return NumberFormat.fixed(x, digits: max(1, precision), conversion: "g")
    case .some(let type):
      return NumberFormat.fixed(x, digits: precision ?? 6, conversion: type)
    }
  }

  package func apply(_ text: String) throws(Problem) -> String {
    if let type, type != "s" {
      throw Problem(message: "the format '\(type)' is for numbers, this is a string")
    }
    let body = precision.map { String(text.prefix($0)) } ?? text
    return pad("", body, align ?? "<")
  }

  private func pad(_ prefix: String, _ body: String, _ align: Character) -> String {
    let missing = max(0, width - prefix.count - body.count)
    let padding = { String(repeating: fill, count: $0) }
    switch align {
    case "<": return prefix + body + padding(missing)
    case "^": return padding(missing / 2) + prefix + body + padding(missing - missing / 2)
    case "=": return prefix + padding(missing) + body
    default: return padding(missing) + prefix + body
    }
  }

  /// Separators between thousands, and between the zeros that fill up to a width.
  private static func group(_ body: String, _ separator: Character, width: Int) -> String {
    var whole = body.prefix { $0.isNumber }.map { $0 }
    let rest = body.dropFirst(whole.count)
    let length = { (count: Int) in count + (count - 1) / 3 + rest.count }
    while !whole.isEmpty, length(whole.count) < width { whole.insert("0", at: 0) }
    var result = ""
    for (index, digit) in whole.enumerated() {
      if index > 0, (whole.count - index) % 3 == 0 { result.append(separator) }
      result.append(digit)
    }
    return result + rest
  }
}

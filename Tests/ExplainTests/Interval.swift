// Reads the arithmetic that the walk prints, and computes with intervals: every number that has a
// fraction stands for itself ± half its last digit.

import Explain
import Glibc

/// A closed interval.
struct Interval: CustomStringConvertible {
  var low: Double
  var high: Double

  init(_ low: Double, _ high: Double) { (self.low, self.high) = (low, high) }
  init(_ x: Double) { self.init(x, x) }

  var description: String { "\(low)…\(high)" }

  func meets(_ other: Interval) -> Bool {
    let slack = 1e-12 * max(1, low.magnitude, high.magnitude)
    return low - slack <= other.high && other.low <= high + slack
  }

  static func + (a: Interval, b: Interval) -> Interval { Interval(a.low + b.low, a.high + b.high) }
  static func - (a: Interval, b: Interval) -> Interval { Interval(a.low - b.high, a.high - b.low) }

  static func * (a: Interval, b: Interval) -> Interval {
    let ends = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high]
    return Interval(ends.min() ?? .nan, ends.max() ?? .nan)
  }

  static func / (a: Interval, b: Interval) -> Interval {
    if b.low <= 0, b.high >= 0 { return Interval(-.infinity, .infinity) }
    return a * Interval(1 / b.high, 1 / b.low)
  }

  /// A function that is smooth over so narrow an interval; `turns` are places where it may turn.
  func mapped(turns: [Double] = [], _ f: (Double) -> Double) -> Interval {
    var values = [f(low), f(high), f((low + high) / 2)]
    values += turns.filter { low < $0 && $0 < high }.map(f)
    return Interval(values.min() ?? .nan, values.max() ?? .nan)
  }

  func power(_ exponent: Interval) -> Interval {
    let ends = [low, high, (low + high) / 2].flatMap { x in
      [exponent.low, exponent.high].map { pow(x, $0) }
    }
    return Interval(ends.min() ?? .nan, ends.max() ?? .nan)
  }
}

/// Reads one side of an equation: numbers, signs and functions, no names but e and π.
struct PrintedArithmetic {
  private var rest: Substring

  /// Nil where the text is no arithmetic.
  static func interval(_ text: String) -> Interval? {
    var reader = PrintedArithmetic(rest: text[...])
    guard let value = reader.sum() else { return nil }
    reader.skip()
    return reader.rest.isEmpty ? value : nil
  }

  private init(rest: Substring) { self.rest = rest }

  private mutating func skip() { rest = rest.drop { $0 == " " || $0 == "\n" } }

  private mutating func take(_ text: String) -> Bool {
    skip()
    guard rest.hasPrefix(text) else { return false }
    rest = rest.dropFirst(text.count)
    return true
  }

  private mutating func sum() -> Interval? {
    let isMinus = take("−")
    guard let first = product() else { return nil }
    var total = isMinus ? Interval(0) - first : first
    while true {
      if take("+") {
        guard let next = product() else { return nil }
        total = total + next
      } else if take("−") {
        guard let next = product() else { return nil }
        total = total - next
      } else {
        return total
      }
    }
  }

  private mutating func product() -> Interval? {
    guard var total = power() else { return nil }
    while true {
      skip()
      if take("(through") {
        // The origin of a term in a ledger.
        var depth = 1
        while depth > 0, let c = rest.popFirst() { depth += c == "(" ? 1 : c == ")" ? -1 : 0 }
      } else if take("·") {
        guard let next = power() else { return nil }
        total = total * next
      } else if take("/") {
        guard let next = power() else { return nil }
        total = total / next
      } else if take("%") {
        guard let next = power() else { return nil }
        let quotient = (total / next).mapped { $0.rounded(.down) }
        total = total - quotient * next
      } else if let c = rest.first, c == "(" || c.isLetter || c == "√" {
        guard let next = power() else { return nil }
        total = total * next
      } else {
        return total
      }
    }
  }

  private mutating func power() -> Interval? {
    guard var base = atom() else { return nil }
    while true {
      if take("²") {
        base = base.mapped(turns: [0]) { $0 * $0 }
      } else if take("^") {
        let isMinus = take("−")
        guard let exponent = atom() else { return nil }
        base = base.power(isMinus ? Interval(0) - exponent : exponent)
      } else {
        return base
      }
    }
  }

  private mutating func atom() -> Interval? {
    if take("√") { return atom().map { $0.mapped { $0.squareRoot() } } }
    if take("(") { return parenthesis() }
    skip()
    if let c = rest.first, c.isLetter { return word() }
    return number()
  }

  /// A sum, a comparison, or `(123 more = 0.0012)`.
  private mutating func parenthesis() -> Interval? {
    let start = rest
    if number() != nil, take("more =") {
      guard let value = sum(), take(")") else { return nil }
      return value
    }
    rest = start
    guard var left = sum() else { return nil }
    var truth: Interval?
    while let sign = ["≤", "≥", "<", ">"].first(where: { take($0) }) {
      guard let right = sum() else { return nil }
      let holds = PrintedArithmetic.compare(left, sign, right)
      truth = truth.map { $0 * holds } ?? holds
      left = right
    }
    guard take(")") else { return nil }
    return truth ?? left
  }

  private static func compare(_ a: Interval, _ sign: String, _ b: Interval) -> Interval {
    let isLess = sign == "<" || sign == "≤"
    let (small, large) = isLess ? (a, b) : (b, a)
    if small.high < large.low { return Interval(1) }
    if small.low > large.high { return Interval(0) }
    if small.low == small.high, large.low == large.high, small.low == large.low {
      return Interval(sign == "≤" || sign == "≥" ? 1 : 0)
    }
    return Interval(0, 1)
  }

  /// Whole numbers are exact; others are known to half their last digit.
  private mutating func number() -> Interval? {
    skip()
    var text = String(rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") })
    guard !text.isEmpty else { return nil }
    rest = rest.dropFirst(text.count)
    let places = text.split(separator: ".", omittingEmptySubsequences: false).dropFirst().first
    let digits = places?.count ?? 0
    var exponent = 0
    let after = rest.dropFirst()
    if rest.first == "e", let sign = after.first, sign == "−" || sign == "+",
      after.dropFirst().first?.isNumber == true
    {
      let power = after.dropFirst().prefix { $0.isNumber }
      rest = after.dropFirst(1 + power.count)
      exponent = (sign == "−" ? -1 : 1) * (Int(power) ?? 0)
      text += "e\(exponent)"
    }
    guard let x = Double(text) else { return nil }
    let half = digits == 0 && exponent == 0 ? 0 : pow(10, Double(exponent - digits)) / 2
    return Interval(x - half, x + half)
  }

  private mutating func word() -> Interval? {
    let name = String(rest.prefix { $0.isLetter || $0 == "_" || $0.isASCII && $0.isNumber })
    rest = rest.dropFirst(name.count)
    if name == "e" { return Interval(M_E) }
    if name == "π" { return Interval(.pi) }
    if name == "true" || name == "false" { return Interval(name == "true" ? 1 : 0) }
    guard take("(") else { return nil }
    var arguments: [Interval] = []
    repeat {
      guard let argument = sum() else { return nil }
      arguments.append(argument)
    } while take(",")
    guard take(")") else { return nil }
    return PrintedArithmetic.call(name, arguments)
  }

  private static func call(_ name: String, _ x: [Interval]) -> Interval? {
    let a = x[0]
    switch name {
    case "exp": return a.mapped { exp($0) }
    case "log": return a.mapped { log($0) }
    case "sqrt": return a.mapped { $0.squareRoot() }
    case "sin": return a.mapped(turns: [-.pi / 2, .pi / 2]) { sin($0) }
    case "cos": return a.mapped(turns: [0]) { cos($0) }
    case "tanh": return a.mapped { tanh($0) }
    case "abs": return a.mapped(turns: [0]) { $0.magnitude }
    case "sign": return a.mapped { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }
    case "floor": return a.mapped { $0.rounded(.down) }
    case "sigmoid": return a.mapped { 1 / (1 + exp(-$0)) }
    case "relu": return a.mapped { Swift.max(0, $0) }
    case "softplus": return a.mapped { log(1 + exp($0)) }
    case "erf": return a.mapped { erf($0) }
    case "gelu": return a.mapped { $0 * 0.5 * (1 + erf($0 / 2.0.squareRoot())) }
    case "silu": return a.mapped { $0 / (1 + exp(-$0)) }
    case "Φ": return a.mapped { 0.5 * (1 + erf($0 / 2.0.squareRoot())) }
    case "φ": return a.mapped(turns: [0]) { exp(-$0 * $0 / 2) / (2 * Double.pi).squareRoot() }
    case "log1p", "expm1", "exp2", "log2", "log10", "cbrt", "tan", "asin", "acos", "atan", "sinh",
      "asinh", "acosh", "atanh", "ceil", "trunc":
      return a.mapped { Formula.call(name, [$0]) }
    case "atan2", "hypot":
      // They grow or shrink with each operand alone where both are positive.
      let corners = [a.low, a.high].flatMap { p in
        [x[1].low, x[1].high].map { Formula.call(name, [p, $0]) }
      }
      return Interval(corners.min() ?? .nan, corners.max() ?? .nan)
    case "cosh": return a.mapped(turns: [0]) { cosh($0) }
    case "max":
      return Interval(x.map(\.low).max() ?? .nan, x.map(\.high).max() ?? .nan)
    case "min":
      return Interval(x.map(\.low).min() ?? .nan, x.map(\.high).min() ?? .nan)
    case "clip" where x.count == 3:
      return a.mapped { Swift.min(Swift.max($0, x[1].low), x[2].high) }
    default: return nil
    }
  }
}

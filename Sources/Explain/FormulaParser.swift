// Reads the formulas of operators' records: `2 ({0} − {1}) / n`, `{y} ({g} − Σ {g} · {y})`.

import Autodiff

/// A parser for one text; nil where the text is words and no formula.
struct FormulaParser {
  private var rest: Substring
  /// The operand that the formula is about: `{x}`.
  private let own: Int
  private static let rowFunctions: Set<String> = [
    "softmax", "log_softmax", "one_hot", "row_sum",
  ]
  private static let symbols: Set<String> = ["n", "rows", "mean", "var", "ε", "min", "max"]
  private static let functions = Set<String>([
    "exp", "log", "sqrt", "sin", "cos", "tanh", "abs", "sign", "floor", "sigmoid", "relu", "gelu",
    "silu", "softplus", "erf", "Φ", "φ", "max", "min", "clip",
  ]).union(Catalogue.elementary.map(\.name))

  static func parse(_ text: String, operand own: Int = 0) -> Formula? {
    var parser = FormulaParser(rest: text[...], own: own)
    guard let formula = parser.sum() else { return nil }
    parser.skip()
    return parser.rest.isEmpty ? formula : nil
  }

  private init(rest: Substring, own: Int) { (self.rest, self.own) = (rest, own) }

  private mutating func skip() { rest = rest.drop { $0 == " " } }

  private mutating func take(_ text: String) -> Bool {
    let start = rest.drop { $0 == " " }
    guard start.hasPrefix(text) else { return false }
    rest = start.dropFirst(text.count)
    return true
  }

  private mutating func sum() -> Formula? {
    guard let first = signed() else { return nil }
    var terms = [first]
    while true {
      let isMinus: Bool
      if take("+") { isMinus = false } else if take("−") { isMinus = true } else { break }
      guard let formula = product(divides: true) else { return nil }
      terms.append(Formula.Term(isMinus: isMinus, formula: formula))
    }
    if terms.count > 1 { return .sum(terms) }
    return first.isMinus ? .negative(first.formula) : first.formula
  }

  private mutating func signed() -> Formula.Term? {
    let isMinus = take("−")
    return product(divides: true).map { Formula.Term(isMinus: isMinus, formula: $0) }
  }

  private mutating func product(divides: Bool) -> Formula? {
    guard let first = power() else { return nil }
    var factors = [Formula.Factor(join: .dot, formula: first)]
    while true {
      let join: Formula.Join
      if take("·") {
        join = .dot
      } else if divides, take("/") {
        join = .over
      } else if divides, take("%") {
        join = .modulo
      } else if startsFactor {
        join = .beside
      } else {
        break
      }
      guard let next = power() else { return nil }
      factors.append(Formula.Factor(join: join, formula: next))
    }
    return factors.count == 1 ? first : .product(factors)
  }

  /// Whether a factor stands right beside the one before.
  private var startsFactor: Bool {
    guard let c = rest.drop(while: { $0 == " " }).first else { return false }
    return c == "(" || c == "{" || c == "√" || c == "Σ" || c == "Π" || c.isLetter || c.isNumber
  }

  private mutating func power() -> Formula? {
    guard var base = atom() else { return nil }
    while true {
      if take("²") {
        base = .square(base)
      } else if take("^") {
        guard let exponent = atom() else { return nil }
        base = .power(base, exponent)
      } else {
        return base
      }
    }
  }

  private mutating func atom() -> Formula? {
    if take("(") {
      guard let inner = comparison(), take(")") else { return nil }
      return inner
    }
    if take("√") { return atom().map { .call("√", [$0]) } }
    if take("Σ") { return product(divides: false).map { .over("Σ", $0, others: false) } }
    if take("Π") {
      if take("others") { return .over("Π", .hole(.operand(own)), others: true) }
      return atom().map { .over("Π", $0, others: false) }
    }
    if take("{") { return hole().map { .hole($0) } }
    skip()
    let digits = rest.prefix { $0.isNumber && $0.isASCII || $0 == "." }
    if !digits.isEmpty, let x = Double(digits) {
      rest = rest.dropFirst(digits.count)
      return .number(x)
    }
    return word()
  }

  private mutating func hole() -> Formula.Hole? {
    guard let end = rest.firstIndex(of: "}") else { return nil }
    let name = rest[..<end]
    rest = rest[rest.index(after: end)...]
    switch name {
    case "y": return .result
    case "g": return .upstream
    case "x": return .operand(own)
    default: return Int(name).map { .operand($0) }
    }
  }

  private mutating func word() -> Formula? {
    let name = String(rest.prefix { $0.isLetter || $0 == "_" || $0.isASCII && $0.isNumber })
    guard !name.isEmpty else { return nil }
    let after = rest.dropFirst(name.count)
    if after.first == "(", FormulaParser.rowFunctions.contains(name) {
      rest = after.dropFirst()
      guard take("{"), let inner = hole(), case .operand(let index) = inner, take(")") else {
        return nil
      }
      return .hole(.row(name, index))
    }
    if after.first == "(", FormulaParser.functions.contains(name) {
      rest = after.dropFirst()
      return arguments().map { .call(name, $0) }
    }
    rest = after
    if name == "e" || name == "π" { return .name(name) }
    return FormulaParser.symbols.contains(name) ? .hole(.symbol(name)) : nil
  }

  private mutating func arguments() -> [Formula]? {
    var result: [Formula] = []
    repeat {
      guard let argument = sum() else { return nil }
      result.append(argument)
    } while take(",")
    return take(")") ? result : nil
  }

  private mutating func comparison() -> Formula? {
    guard let first = sum() else { return nil }
    var parts = [first]
    var signs: [String] = []
    while let sign = ["≤", "≥", "<", ">"].first(where: { take($0) }) {
      guard let next = sum() else { return nil }
      parts.append(next)
      signs.append(sign)
    }
    return signs.isEmpty ? first : .comparison(parts, signs)
  }
}

// A formula as text, with symbols or with numbers put in.

import Engine

extension Formula {
  /// What stands for a value.
  package enum View: Sendable {
    case symbols
    case numbers(digits: Int)
    /// Numbers, each followed by U+E000, the symbol that it stands for, and U+E001.
    case marked(digits: Int)

    var digits: Int? {
      switch self {
      case .symbols: nil
      case .numbers(let digits), .marked(let digits): digits
      }
    }
  }

  package func text(_ view: View) -> String { written(view).text }

  /// How tightly a text holds together: it is put in parentheses where more is wanted.
  private enum Level: Int { case comparison, sum, product, power, atom }

  private func written(_ view: View) -> (text: String, level: Level) {
    switch self {
    case .hole: return ("?", .atom)
    case .number(let x):
      return (NumberText.written(x, digits: 17), .atom)
    case .name(let name): return (name, .atom)
    case .value(let symbol):
      guard let digits = view.digits else {
        return (symbol.text, symbol.text.contains(" @ ") ? .product : .atom)
      }
      let text = NumberText.written(symbol.value, digits: digits, isSingle: symbol.isSingle)
      guard case .marked = view else { return (text, .atom) }
      return ("\(text)\u{E000}\(symbol.text)\u{E001}", .atom)
    case .rest(let count, let value):
      guard let digits = view.digits else { return ("(\(count) more)", .atom) }
      return ("(\(count) more = \(NumberText.written(value, digits: digits)))", .atom)
    case .sum(let terms): return (sum(terms, view), .sum)
    case .product(let factors): return (product(factors, view), .product)
    case .negative(let a): return ("−" + a.enclosed(.product, view, leads: false), .product)
    case .power(let a, let b):
      return (a.enclosed(.atom, view, leads: false) + "^" + b.enclosed(.atom, view), .power)
    case .square(let a):
      let base = a.enclosed(.atom, view, leads: false)
      // A square beside a raised layer number would read as a part of it.
      return ((base.hasSuffix("⁾") ? "(\(base))" : base) + "²", .power)
    case .call("√", let arguments):
      return ("√" + (arguments.first?.enclosed(.atom, view) ?? ""), .atom)
    case .call(let name, let arguments):
      return ("\(name)(\(arguments.map { $0.text(view) }.joined(separator: ", ")))", .atom)
    case .comparison(let parts, let signs):
      var text = parts[0].text(view)
      for (sign, part) in zip(signs, parts.dropFirst()) { text += " \(sign) " + part.text(view) }
      return ("(\(text))", .atom)
    case .over(_, _, others: true): return ("Π others", .power)
    case .over(let sign, let body, _): return ("\(sign) " + body.enclosed(.product, view), .product)
    }
  }

  /// In parentheses unless it holds together; a minus in front only where it leads.
  private func enclosed(_ least: Level, _ view: View, leads: Bool = true) -> String {
    let (text, level) = written(view)
    let isBare = level.rawValue >= least.rawValue && (leads || !text.hasPrefix("−"))
    return isBare ? text : "(\(text))"
  }

  private func sum(_ terms: [Term], _ view: View) -> String {
    var result = ""
    for (index, term) in terms.enumerated() {
      var text = term.formula.enclosed(.product, view)
      var isMinus = term.isMinus
      // − (−a) reads + a.
      if text.hasPrefix("−"), index > 0 || isMinus {
        text.removeFirst()
        isMinus.toggle()
      }
      result += index == 0 ? (isMinus ? "−" : "") : (isMinus ? " − " : " + ")
      result += text
    }
    return result
  }

  private func product(_ factors: [Factor], _ view: View) -> String {
    var result = ""
    for (index, factor) in factors.enumerated() {
      let isDivisor = factor.join == .over || factor.join == .modulo
      let text = factor.formula.enclosed(
        isDivisor ? .power : index == 0 ? .product : .power, view, leads: index == 0)
      if index > 0 { result += separator(factor.join, text, view) }
      result += text
    }
    return result
  }

  private func separator(_ join: Join, _ next: String, _ view: View) -> String {
    switch join {
    case .over: " / "
    case .modulo: " % "
    case .dot: " · "
    case .beside:
      if case .symbols = view { " " } else { next.hasPrefix("(") ? " " : " · " }
    }
  }
}

/// Numbers in formulas.
package enum NumberText {
  /// Exact where that is no longer than the digits asked for, else with so many significant digits.
  ///
  /// What differs from a short decimal by no more than rounding does is that decimal: 0.1 + 0.2 is
  /// 0.3. Whole numbers are exactly whole.
  package static func written(_ x: Double, digits: Int, isSingle: Bool = false) -> String {
    if x == 0 { return "0" }
    let exact = isSingle ? NumberFormat.shortest(Float(x)) : NumberFormat.shortest(x)
    if digits >= 17 || length(exact) <= digits { return proper(exact) }
    if let near = Double(NumberFormat.fixed(x, digits: isSingle ? 6 : 13, conversion: "e")),
      near != near.rounded()
    {
      let text = NumberFormat.shortest(near)
      if length(text) <= digits { return proper(text) }
    }
    return proper(NumberFormat.significant(x, digits: digits))
  }

  /// Significant digits of a number's text.
  private static func length(_ text: String) -> Int {
    text.prefix { $0 != "e" }.filter(\.isNumber).drop { $0 == "0" }.count
  }

  /// With the sign of subtraction instead of a hyphen.
  package static func proper(_ text: String) -> String {
    text.split(separator: "-", omittingEmptySubsequences: false).joined(separator: "−")
  }
}

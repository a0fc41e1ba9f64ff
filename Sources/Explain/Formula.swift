// A formula as a tree: parsed from an operator's record, filled with elements, printed with symbols
// or with numbers.

/// A formula of the walk.
package indirect enum Formula: Sendable {
  /// A place that an operator's record leaves open.
  package enum Hole: Hashable, Sendable {
    case operand(Int)
    case result, upstream
    /// `n`, `mean`, `ε`: known from the node alone.
    case symbol(String)
    /// A function of a whole row of an operand, read at one element: `softmax({0})`.
    case row(String, Int)
  }

  /// Something with a name and a number.
  package struct Symbol: Sendable {
    package let text: String
    package let value: Double
    /// Whether the number is an f32.
    package let isSingle: Bool
    /// Whether its value is told beside the formula: `n = 2`.
    package let isLegend: Bool
    /// Whether a step of the walk computes it, which then has a line for it or says where it is.
    package let isComputed: Bool

    package init(
      _ text: String, _ value: Double, isSingle: Bool = false, isLegend: Bool = false,
      isComputed: Bool = false
    ) {
      (self.text, self.value, self.isSingle) = (text, value, isSingle)
      (self.isLegend, self.isComputed) = (isLegend, isComputed)
    }
  }

  package struct Term: Sendable {
    let isMinus: Bool
    let formula: Formula
  }

  package enum Join: Sendable { case dot, beside, over, modulo }

  package struct Factor: Sendable {
    let join: Join
    let formula: Formula
  }

  case hole(Hole)
  case number(Double)
  /// e or π
  case name(String)
  case value(Symbol)
  case sum([Term])
  case product([Factor])
  case negative(Formula)
  case power(Formula, Formula)
  case square(Formula)
  case call(String, [Formula])
  /// `a ≤ x ≤ b`; true counts as 1.
  case comparison([Formula], [String])
  /// Σ or Π over the elements of a row, with or without the element itself.
  case over(String, Formula, others: Bool)
  /// What is left of a long sum or product.
  case rest(Int, Double)
}

// MARK: - Making

extension Formula {
  /// A sum without zeros; whole literals are added up.
  static func added(_ terms: [Term]) -> Formula {
    let numbers = terms.compactMap { if case .number(let x) = $0.formula { x } else { nil } }
    if numbers.count == terms.count {
      return .number(zip(terms, numbers).reduce(0) { $0 + ($1.0.isMinus ? -$1.1 : $1.1) })
    }
    let kept = terms.filter { if case .number(0) = $0.formula { false } else { true } }
      .flatMap { term in
        // (a + b) + c is a + b + c.
        if case .sum(let inner) = term.formula {
          return inner.map { Term(isMinus: $0.isMinus != term.isMinus, formula: $0.formula) }
        }
        return [term]
      }
    if kept.count == 1 { return kept[0].isMinus ? .negative(kept[0].formula) : kept[0].formula }
    return .sum(kept)
  }

  /// A product; a factor of literal 0 makes it 0, literal ones go.
  static func multiplied(_ factors: [Factor]) -> Formula {
    if factors.contains(where: { $0.join != .over && $0.join != .modulo && $0.formula.isZero }) {
      return .number(0)
    }
    var kept: [Factor] = []
    for factor in factors {
      if factor.formula.isOne, factor.join != .modulo { continue }
      if case .number(-1) = factor.formula, factor.join != .modulo, factors.count > 1 {
        let rest = factors.filter { if case .number(-1) = $0.formula { false } else { true } }
        if rest.count == factors.count - 1 { return .negated(.multiplied(rest)) }
      }
      // a · (b · c) is a · b · c; so is a · b / c.
      if factor.join == .dot || factor.join == .beside, case .product(let inner) = factor.formula,
        inner[0].join == .dot || inner[0].join == .beside
      {
        if kept.isEmpty || !inner[0].formula.isOne {
          kept.append(Factor(join: factor.join, formula: inner[0].formula))
        }
        kept += inner.dropFirst()
      } else {
        kept.append(factor)
      }
    }
    guard let first = kept.first else { return .number(1) }
    if first.join == .over || first.join == .modulo {
      kept.insert(Factor(join: .dot, formula: .number(1)), at: 0)
    }
    return kept.count == 1 ? first.formula : .product(kept)
  }

  static func times(_ formulas: Formula...) -> Formula { times(formulas) }

  static func times(_ formulas: [Formula]) -> Formula {
    var factors: [Factor] = []
    var isMinus = false
    for formula in formulas {
      if case .negative(let inner) = formula {
        isMinus.toggle()
        factors.append(Factor(join: .dot, formula: inner))
      } else {
        factors.append(Factor(join: .dot, formula: formula))
      }
    }
    let product = multiplied(factors)
    return isMinus ? negated(product) : product
  }

  /// A formula times a positive number, which is written as a divisor where it is one.
  static func part(_ formula: Formula, _ share: Double) -> Formula {
    let divisor = (1 / share).rounded()
    guard divisor > 1, (divisor * share - 1).magnitude < 1e-6 else {
      return times(.number(share), formula)
    }
    return multiplied([
      Factor(join: .dot, formula: formula), Factor(join: .over, formula: .number(divisor)),
    ])
  }

  static func negated(_ formula: Formula) -> Formula {
    switch formula {
    case .negative(let inner): inner
    case .number(let x): .number(x == 0 ? 0 : -x)
    default: .negative(formula)
    }
  }

  static func raised(_ base: Formula, _ exponent: Formula) -> Formula {
    exponent.isOne ? base : .power(base, exponent)
  }

  /// A sum that shows the five largest terms and what the others come to.
  static func shortened(_ formulas: [Formula]) -> Formula {
    let formulas = formulas.filter { !$0.isZero }
    guard formulas.count > 6 else {
      return added(formulas.map(Formula.signed))
    }
    let values = formulas.map(\.evaluated)
    let order = values.indices.sorted { values[$0].magnitude > values[$1].magnitude }
    let shown = order.prefix(5).sorted()
    let rest = order.dropFirst(5).reduce(0.0) { $0 + values[$1] }
    return added(
      shown.map { signed(formulas[$0]) }
        + [Term(isMinus: false, formula: .rest(formulas.count - 5, rest))])
  }

  private static func signed(_ formula: Formula) -> Term {
    if case .negative(let inner) = formula { return Term(isMinus: true, formula: inner) }
    return Term(isMinus: false, formula: formula)
  }

  private var isZero: Bool { if case .number(0) = self { true } else { false } }
  private var isOne: Bool { if case .number(1) = self { true } else { false } }

  /// Whether a hole that satisfies a condition is in it.
  func contains(_ condition: (Hole) -> Bool) -> Bool {
    switch self {
    case .hole(let hole): condition(hole)
    case .number, .name, .value, .rest: false
    case .sum(let terms): terms.contains { $0.formula.contains(condition) }
    case .product(let factors): factors.contains { $0.formula.contains(condition) }
    case .negative(let a), .square(let a), .over(_, let a, _): a.contains(condition)
    case .power(let a, let b): a.contains(condition) || b.contains(condition)
    case .call(_, let arguments), .comparison(let arguments, _):
      arguments.contains { $0.contains(condition) }
    }
  }

  /// With every hole filled for one place; Σ and Π run over `members` when they are given.
  func filled(
    _ place: Int, _ members: [Int]?, _ read: (Hole, Int) -> Formula
  ) -> Formula {
    func fill(_ formula: Formula) -> Formula { formula.filled(place, members, read) }
    switch self {
    case .hole(let hole): return read(hole, place)
    case .number, .name, .value, .rest: return self
    case .sum(let terms):
      return .added(
        terms.map { term in
          if case .negative(let inner) = fill(term.formula) {
            return Term(isMinus: !term.isMinus, formula: inner)
          }
          return Term(isMinus: term.isMinus, formula: fill(term.formula))
        })
    case .product(let factors):
      return .multiplied(factors.map { Factor(join: $0.join, formula: fill($0.formula)) })
    case .negative(let a): return .negated(fill(a))
    case .power(let a, let b): return .raised(fill(a), fill(b))
    case .square(let a): return .square(fill(a))
    case .call(let name, let arguments): return .call(name, arguments.map { fill($0) })
    case .comparison(let parts, let signs): return .comparison(parts.map { fill($0) }, signs)
    case .over(let sign, let body, let others):
      guard let members else { return .over(sign, fill(body), others: others) }
      let chosen = others ? members.filter { $0 != place } : members
      let bodies = chosen.map { body.filled($0, members, read) }
      return sign == "Σ" ? .shortened(bodies) : .shortenedProduct(bodies)
    }
  }

  private static func shortenedProduct(_ formulas: [Formula]) -> Formula {
    guard formulas.count > 6 else {
      return multiplied(formulas.map { Factor(join: .dot, formula: $0) })
    }
    let rest = formulas.dropFirst(5).reduce(1.0) { $0 * $1.evaluated }
    return multiplied(
      formulas.prefix(5).map { Factor(join: .dot, formula: $0) }
        + [Factor(join: .dot, formula: .rest(formulas.count - 5, rest))])
  }

  /// The symbols that are told beside the formula, each once, in order.
  package var legend: [Symbol] {
    var result: [Symbol] = []
    visit { symbol in
      if symbol.isLegend, !result.contains(where: { $0.text == symbol.text }) {
        result.append(symbol)
      }
    }
    return result
  }

  /// Every symbol in it, in order.
  package func visit(_ body: (Symbol) -> Void) {
    switch self {
    case .value(let symbol): body(symbol)
    case .hole, .number, .name, .rest: break
    case .sum(let terms): terms.forEach { $0.formula.visit(body) }
    case .product(let factors): factors.forEach { $0.formula.visit(body) }
    case .negative(let a), .square(let a), .over(_, let a, _): a.visit(body)
    case .power(let a, let b):
      a.visit(body)
      b.visit(body)
    case .call(_, let arguments), .comparison(let arguments, _):
      arguments.forEach { $0.visit(body) }
    }
  }
}

// Expressions: one precedence table, loosest first, and a production above each function.

import Diagnostics

extension Parser {
  /// Binding powers, loosest first; lambda, or, and, not and comparisons are handled by name.
  private static let table: [[String: BinaryOperator]] = [
    ["+": .add, "-": .subtract],
    ["*": .multiply, "/": .divide, "//": .floorDivide, "%": .remainder, "@": .matmul],
  ]
  private static let comparisons: [String: BinaryOperator] = [
    "==": .equal, "!=": .notEqual, "<": .less, "<=": .lessOrEqual, ">": .greater,
    ">=": .greaterOrEqual,
  ]

  /// expression = lambda | or
  mutating func expression() throws(Abandon) -> Expr {
    try nested { (parser) throws(Abandon) in
      if let lambda = try parser.lambda() { return lambda }
      return try parser.or()
    }
  }

  /// condition = expression, where `=` is a usual slip
  mutating func condition() throws(Abandon) -> Expr {
    let result = try expression()
    if token.is("=") {
      throw fail("'=' updates a name; a condition compares", at: token.range, help: "write ==")
    }
    return result
  }

  private mutating func continueAfterOperator() { skipNewlines() }

  /// or = and { "or" and }
  private mutating func or() throws(Abandon) -> Expr {
    var left = try and()
    while true {
      skipInGroup()
      guard token.is("or") else { return left }
      _ = advance()
      continueAfterOperator()
      let right = try lambdaOr { (parser) throws(Abandon) in try parser.and() }
      left = Expr(.or(left, right), left.range.joined(right.range))
    }
  }

  private mutating func lambdaOr(_ parse: (inout Parser) throws(Abandon) -> Expr) throws(Abandon)
    -> Expr
  {
    if let lambda = try lambda() { return lambda }
    return try parse(&self)
  }

  /// and = not { "and" not }
  private mutating func and() throws(Abandon) -> Expr {
    var left = try not()
    while true {
      skipInGroup()
      guard token.is("and") else { return left }
      _ = advance()
      continueAfterOperator()
      let right = try lambdaOr { (parser) throws(Abandon) in try parser.not() }
      left = Expr(.and(left, right), left.range.joined(right.range))
    }
  }

  /// not = "not" not | comparison
  private mutating func not() throws(Abandon) -> Expr {
    guard token.is("not") else { return try comparison() }
    let word = advance()
    let operand = try nested { (parser) throws(Abandon) in try parser.not() }
    return Expr(.unary(.not, operand), word.range.joined(operand.range))
  }

  /// comparison = pipe [ ( "==" | … ) pipe ]
  private mutating func comparison() throws(Abandon) -> Expr {
    let left = try pipe()
    skipInGroup()
    guard token.kind == .symbol, let op = Parser.comparisons[token.text] else { return left }
    let symbol = advance()
    continueAfterOperator()
    let right = try lambdaOr { (parser) throws(Abandon) in try parser.pipe() }
    skipInGroup()
    if token.kind == .symbol, Parser.comparisons[token.text] != nil {
      let second = advance()
      let third = try pipe()
      let source = source
      let text = { (range: TextRange) in source.slice(range) }
      throw fail(
        "comparisons do not chain", at: symbol.range.joined(second.range),
        help: "write \(text(left.range)) \(symbol.text) \(text(right.range)) and "
          + "\(text(right.range)) \(second.text) \(text(third.range))")
    }
    return Expr(.binary(op, symbol.range, left, right), left.range.joined(right.range))
  }

  /// Whether a `|>` or `>>` comes next, perhaps on a following line.
  private mutating func takeContinuation(_ symbol: String) -> Bool {
    var ahead = 0
    while peek(ahead).kind == .newline { ahead += 1 }
    guard peek(ahead).is(symbol) else { return false }
    index += ahead + 1
    return true
  }

  /// pipe = composition { "|>" composition }
  private mutating func pipe() throws(Abandon) -> Expr {
    var left: Expr
    if isEntry, index == 0, token.is("|>") || token.is(">>") {
      left = Expr(.name("ans"), TextRange(0, 0))
      if token.is(">>") { left = try composition(from: left) }
    } else {
      left = try composition(from: nil)
    }
    while takeContinuation("|>") {
      continueAfterOperator()
      let right = try lambdaOr { (parser) throws(Abandon) in try parser.composition(from: nil) }
      left = Expr(.pipe(left, right), left.range.joined(right.range))
    }
    return left
  }

  /// composition = range { ">>" range }
  private mutating func composition(from first: Expr?) throws(Abandon) -> Expr {
    var stages = [Expr]()
    if let first { stages.append(first) } else { stages.append(try range()) }
    while takeContinuation(">>") {
      continueAfterOperator()
      stages.append(try lambdaOr { (parser) throws(Abandon) in try parser.range() })
    }
    guard stages.count > 1 else { return stages[0] }
    return Expr(.compose(stages), stages[0].range.joined(stages[stages.count - 1].range))
  }

  /// range = sum [ ".." sum ]
  private mutating func range() throws(Abandon) -> Expr {
    let left = try binary(0)
    guard token.is(".."), startsOperand(peek(1)) else { return left }
    _ = advance()
    let right = try binary(0)
    return Expr(.range(left, right), left.range.joined(right.range))
  }

  func startsOperand(_ token: Token) -> Bool {
    switch token.kind {
    case .name, .number, .string: true
    case .keyword: ["not", "true", "false", "none", "if", "fn"].contains(token.text)
    case .symbol: ["(", "[", "{", "-"].contains(token.text)
    default: false
    }
  }

  /// sum = product { ( "+" | "-" ) product };  product = unary { ( "*" | … ) unary }
  private mutating func binary(_ level: Int) throws(Abandon) -> Expr {
    guard level < Parser.table.count else { return try unary() }
    var left = try binary(level + 1)
    while true {
      skipInGroup()
      guard token.kind == .symbol, let op = Parser.table[level][token.text] else { return left }
      let symbol = advance()
      continueAfterOperator()
      let right = try lambdaOr { (parser) throws(Abandon) in try parser.binary(level + 1) }
      left = Expr(.binary(op, symbol.range, left, right), left.range.joined(right.range))
    }
  }

  /// unary = "-" unary | power
  private mutating func unary() throws(Abandon) -> Expr {
    guard token.is("-") else { return try power() }
    let symbol = advance()
    let operand = try nested { (parser) throws(Abandon) in try parser.unary() }
    return Expr(.unary(.negate, operand), symbol.range.joined(operand.range))
  }

  /// power = postfix [ "^" unary ]
  private mutating func power() throws(Abandon) -> Expr {
    let base = try postfix()
    guard token.is("^") else { return base }
    let symbol = advance()
    continueAfterOperator()
    let exponent = try nested { (parser) throws(Abandon) in try parser.unary() }
    let range = base.range.joined(exponent.range)
    if case .transpose(let inner) = exponent.kind {
      throw fail(
        "it is unclear what ' turns here", at: range,
        help: "write (\(source.slice(base.range))^\(source.slice(inner.range)))'")
    }
    return Expr(.binary(.power, symbol.range, base, exponent), range)
  }
}

// Operators by precedence climbing over the one table in `Precedence`, and what follows values:
// calls, indices, fields, the transpose.

import Diagnostics

extension Parser {
  // expression = lambda | disjunction
  mutating func expression() throws(Abandon) -> Expr {
    try descend()
    let result = try isLambda ? lambda() : operators(.or)
    depth -= 1
    return result
  }

  /// condition = expression; `=` is an error that offers `==`.
  mutating func condition() throws(Abandon) -> Expr {
    let left = try expression()
    guard token.kind == .equal else { return left }
    let symbol = advance()
    skipNewlines()
    let right = try expression()
    report(
      "'=' gives a name a value; a condition compares", at: symbol.range,
      help: "write \(corrected(left.range)) == \(corrected(right.range))")
    return left
  }

  // Operands and operators that bind at least as tightly as `minimum`:
  // disjunction = conjunction { "or" conjunction } ; conjunction = negation { "and" negation } ;
  // negation = "not" negation | comparison ; comparison = pipe [ ( "==" | … ) pipe ] ;
  // pipe = composition { "|>" ( lambda | composition ) } ;
  // composition = range { ">>" ( lambda | range ) } ; range = sum [ ".." sum ] ;
  // sum = product { ( "+" | "-" ) product } ; product = unary { ( "*" | … ) unary } ;
  // unary = "-" unary | power ; power = postfix [ "^" unary ]
  mutating func operators(_ minimum: Precedence) throws(Abandon) -> Expr {
    var left = try prefix(minimum)
    while let (infix, habit) = infix(minimum) {
      if isDecrement { throw decrement(left) }
      let symbol = advance()
      skipNewlines()
      if infix.meaning == .compose {
        left = try checked(chain(left, try rightOperand(infix)))
        continue
      }
      let right = try rightOperand(infix)
      if let habit {
        report(
          habit.message, at: symbol.range,
          help: habit.help(left: corrected(left.range), right: corrected(right.range)))
      }
      left = try checked(combine(infix, symbol, left, right))
      switch infix.precedence {
      case .comparison: try refuseChain(left)
      case .range: try refuseSecondRange(left)
      default: break
      }
    }
    try refuseMembership(left, minimum)
    return left
  }

  /// All the stages of `f >> g >> h`, which are one list.
  private mutating func chain(_ first: Expr, _ second: Expr) throws(Abandon) -> Expr {
    var stages = [first, second]
    if case .compose(let earlier) = first.kind { stages = earlier + [second] }
    while let (infix, _) = infix(.compose), infix.meaning == .compose {
      advance()
      skipNewlines()
      stages.append(try rightOperand(infix))
    }
    return Expr(.compose(stages), first.range.joined(stages[stages.count - 1].range))
  }

  // `3 in xs`, `3 not in xs`
  private mutating func refuseMembership(_ left: Expr, _ minimum: Precedence) throws(Abandon) {
    let isNegated = token.kind == .not && next.kind == .in
    guard minimum <= .comparison, token.kind == .in || isNegated,
      let habit = ForeignHabits.after("in")
    else { return }
    let symbol = token.range
    if isNegated { advance() }
    advance()
    skipNewlines()
    let right = try operators(.pipe)
    let help = habit.help(left: corrected(left.range), right: corrected(right.range))
    report(
      habit.message, at: symbol,
      help: isNegated ? "write not " + help.dropFirst("write ".count) : help)
  }

  /// The operator that comes next, if it binds tightly enough: perhaps a `|>` or `>>` on the next
  /// line, perhaps the spelling of another language.
  private mutating func infix(_ minimum: Precedence) -> (Infix, ForeignHabit?)? {
    if let infix = token.kind.infix {
      guard infix.precedence >= minimum else { return nil }
      if infix.precedence == .range, !startsOperand(next.kind) { return nil }
      return (infix, nil)
    }
    switch token.kind {
    case .newline:
      guard let ahead = continuation(.pipe) ?? continuation(.compose),
        let infix = tokens[ahead].kind.infix, infix.precedence >= minimum
      else { return nil }
      move(to: ahead)
      return (infix, nil)
    case .foreign:
      guard let (habit, infix) = ForeignHabits.infix(text(token)), infix.precedence >= minimum
      else { return nil }
      return (infix, habit)
    default: return nil
    }
  }

  /// Whether we stand at `--` with nothing after it.
  private var isDecrement: Bool {
    guard token.kind == .minus, !token.spaceBefore else { return false }
    let second = tokens[index + 1]
    guard second.kind == .minus, !second.spaceBefore else { return false }
    let third = tokens[index + 2].kind
    return third == .newline || third == .end || third == .semicolon || third.isClosing
  }

  private mutating func decrement(_ operand: Expr) -> Abandon {
    let habit = ForeignHabits.after("--")
    return fail(
      habit?.message ?? "there is no --", at: token.range,
      help: habit?.help(left: corrected(operand.range), right: ""))
  }

  /// The index of a token of a kind that the next line begins with.
  func continuation(_ kind: TokenKind) -> Int? {
    var ahead = index
    while tokens[ahead].kind == .newline { ahead += 1 }
    return tokens[ahead].kind == kind ? ahead : nil
  }

  private func startsOperand(_ kind: TokenKind) -> Bool {
    switch kind {
    case .rightBracket, .rightParenthesis, .rightBrace, .comma, .semicolon, .interpolationEnd,
      .formatSpec:
      false
    default: true
    }
  }

  /// Functions stand to the right of `|>` and `>>`, so a lambda may.
  private mutating func rightOperand(_ infix: Infix) throws(Abandon) -> Expr {
    if infix.meaning == .pipe || infix.meaning == .compose, isLambda {
      try descend()
      let result = try lambda()
      depth -= 1
      return result
    }
    guard infix.precedence == .power else { return try operators(infix.rightOperand) }
    try descend()
    let result = try operators(infix.rightOperand)
    depth -= 1
    return result
  }

  private mutating func combine(_ infix: Infix, _ symbol: Token, _ left: Expr, _ right: Expr)
    throws(Abandon) -> Expr
  {
    let range = left.range.joined(right.range)
    switch infix.meaning {
    case .or: return Expr(.or(left, right), range)
    case .and: return Expr(.and(left, right), range)
    case .pipe: return Expr(.pipe(left, right), range)
    case .range: return Expr(.range(left, right), range)
    case .compose: return Expr(.compose([left, right]), range)
    case .binary(let op):
      if op == .power { refuseTransposedPower(left, right) }
      return Expr(.binary(op, symbol.range, left, right), range)
    }
  }

  /// `A^2'`: the transpose binds tighter than the eye expects.
  private mutating func refuseTransposedPower(_ base: Expr, _ exponent: Expr) {
    var inner = exponent
    while case .unary(.negate, let operand) = inner.kind { inner = operand }
    guard case .transpose = inner.kind else { return }
    let range = base.range.joined(exponent.range)
    let untransposed = TextRange(Int(range.lower), Int(range.upper) - 1)
    report(
      "it is unclear what the ' turns here", at: range,
      help: "write (\(corrected(untransposed)))'")
  }

  // `0 < x < 1`
  private mutating func refuseChain(_ first: Expr) throws(Abandon) {
    guard token.kind.infix?.precedence == .comparison,
      case .binary(let op, _, let left, let middle) = first.kind
    else { return }
    let symbol = advance()
    skipNewlines()
    let right = try operators(.pipe)
    let (a, b, c) = (corrected(left.range), corrected(middle.range), corrected(right.range))
    throw fail(
      "comparisons do not chain", at: first.range.joined(right.range),
      help: "write \(a) \(op.rawValue) \(b) and \(b) \(text(symbol)) \(c)")
  }

  // `0..10..2`
  private mutating func refuseSecondRange(_ first: Expr) throws(Abandon) {
    guard token.kind == .dotDot, startsOperand(next.kind) else { return }
    throw fail("a range has two ends; there is no step", at: token.range)
  }

  private mutating func prefix(_ minimum: Precedence) throws(Abandon) -> Expr {
    switch token.kind {
    case .minus: return try prefixed(.negate, .unary)
    case .not:
      if minimum > .not {
        throw fail("'not' binds less tightly than what stands before it", help: "write (not …)")
      }
      return try prefixed(.not, .not)
    case .foreign:
      guard let (habit, op) = ForeignHabits.prefix(text(token)) else { return try postfix() }
      let symbol = token
      let result = try prefixed(op, .unary)
      let operand = TextRange(symbol.upper, Int(result.range.upper))
      report(
        habit.message, at: symbol.range,
        help: habit.help(left: "", right: corrected(operand)))
      return result
    case .pipe, .compose:
      guard isEntry, previous == nil else { return try postfix() }
      return Expr(.name("ans"), TextRange(0, 0))
    default: return try postfix()
    }
  }

  private mutating func prefixed(_ op: UnaryOperator, _ operand: Precedence) throws(Abandon)
    -> Expr
  {
    try descend()
    let symbol = advance()
    skipNewlines()
    let value = try operators(operand)
    depth -= 1
    return Expr(.unary(op, value), symbol.range.joined(value.range))
  }
}

// MARK: - After a value

extension Parser {
  // postfix = primary { "'" | "." WORD [ arguments ] | arguments | index }
  private mutating func postfix() throws(Abandon) -> Expr {
    var left = try primary()
    while true {
      switch token.kind {
      case .prime: left = try transpose(left)
      case .dot: left = try member(left)
      case .leftParenthesis:
        let (arguments, end) = try arguments()
        left = Expr(.call(left, arguments), left.range.joined(end))
      case .leftBracket: left = try index(left)
      default: return left
      }
      left = try checked(left)
    }
  }

  /// `A'`; `f'(x)` is an error that offers `grad(f)(x)`.
  private mutating func transpose(_ base: Expr) throws(Abandon) -> Expr {
    let symbol = advance()
    let result = Expr(.transpose(base), base.range.joined(symbol.range))
    guard token.kind == .leftParenthesis, !token.spaceBefore else { return result }
    var function = corrected(symbol.range.lower > base.range.upper ? base.range : base.range)
    var inner = base
    var derivatives = 1
    while case .transpose(let next) = inner.kind {
      inner = next
      derivatives += 1
    }
    function = corrected(inner.range)
    for _ in 0..<min(derivatives, 4) { function = "grad(\(function))" }
    let open = token.lower
    let (_, end) = try arguments()
    report(
      "' turns a matrix; it does not derive a function", at: symbol.range,
      help: "write \(function)\(corrected(TextRange(open, Int(end.upper))))")
    return Expr(.invalid, base.range.joined(end))
  }

  private mutating func member(_ base: Expr) throws(Abandon) -> Expr {
    let dot = advance()
    skipNewlines()
    guard token.kind.isWord else {
      if token.kind.infix != nil {
        throw fail(
          "operators work on every element already", at: dot.range.joined(token.range),
          help: "write \(text(token)) without the dot")
      }
      throw fail("expected a field's name after '.', found \(describe(token))")
    }
    let word = advance()
    let name = Identifier(text(word), word.range)
    guard token.kind == .leftParenthesis else {
      return Expr(.field(base, name), base.range.joined(word.range))
    }
    let (arguments, end) = try arguments()
    return Expr(.methodCall(base, name, arguments), base.range.joined(end))
  }

  // arguments = "(" [ argument { "," argument } [ "," ] ] ")" ;
  // argument = [ WORD ":" ] ( expression | "_" )
  private mutating func arguments() throws(Abandon) -> ([Argument], TextRange) {
    let group = openGroup()
    var result: [Argument] = []
    var holes = 0
    while token.kind != .rightParenthesis {
      let label = argumentLabel()
      if spells(token, "_"), next.kind == .comma || next.kind == .rightParenthesis {
        holes += 1
        if holes > 1 {
          report(
            "a call has room for one hole", help: "write a function: (a, b) -> f(a, b)")
        }
        result.append(Argument(label: label, value: Expr(.hole, advance().range)))
      } else {
        let value = try expression()
        if token.kind == .equal, label == nil, case .name(let name) = value.kind {
          throw fail(
            "named arguments are written with a colon", help: "write \(name): \(text(next))")
        }
        result.append(Argument(label: label, value: value))
      }
      guard take(.comma) else { break }
    }
    let end = try closeGroup(group)
    return (result, end.range)
  }

  private mutating func argumentLabel() -> Identifier? {
    guard token.kind.isWord, next.kind == .colon else { return nil }
    let word = advance()
    advance()
    return Identifier(text(word), word.range)
  }

  // index = "[" item { "," item } [ "," ] "]"
  private mutating func index(_ base: Expr) throws(Abandon) -> Expr {
    let group = openGroup()
    var items: [IndexItem] = []
    while token.kind != .rightBracket {
      items.append(try indexItem())
      guard take(.comma) else { break }
    }
    let end = try closeGroup(group)
    let range = base.range.joined(end.range)
    if items.isEmpty {
      report("nothing stands in these brackets", at: range, help: "write .. for all of an axis")
    }
    return Expr(.index(base, items), range)
  }

  // item = "none" | ".." [ sum ] | sum ".." | expression
  private mutating func indexItem() throws(Abandon) -> IndexItem {
    let first = token
    if first.kind == .none, next.kind == .comma || next.kind == .rightBracket {
      return .newAxis(advance().range)
    }
    if first.kind == .dotDot {
      advance()
      guard startsOperand(token.kind) else { return .range(nil, nil, first.range) }
      let upper = try operators(.sum)
      return .range(nil, upper, first.range.joined(upper.range))
    }
    if first.kind == .colon { throw pythonSlice() }
    let value = try expression()
    if case .range(let lower, let upper) = value.kind { return .range(lower, upper, value.range) }
    if token.kind == .colon { throw pythonSlice() }
    guard token.kind == .dotDot else { return .expression(value) }
    let dots = advance()
    if isLooser(value) {
      throw fail("what a range starts at stands in parentheses here", at: value.range)
    }
    return .range(value, nil, first.range.joined(dots.range))
  }

  private mutating func pythonSlice() -> Abandon {
    fail("slices are written with two dots", help: "write a..b for a:b, and .. for all")
  }

  /// Whether an expression binds less tightly than `..`, so that it can't stand before it.
  private func isLooser(_ expr: Expr) -> Bool {
    switch expr.kind {
    case .or, .and, .unary(.not, _), .pipe, .compose, .lambda, .range: true
    case .binary(let op, _, _, _):
      switch op {
      case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: true
      default: false
      }
    default: false
    }
  }
}

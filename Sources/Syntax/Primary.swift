// What operators work on: literals, names, brackets, records, strings, blocks, conditionals.

import Diagnostics

extension Parser {
  // primary = NUMBER | string | NAME | "true" | "false" | "none" | conditional | parentheses
  //   | brackets | record
  mutating func primary() throws(Abandon) -> Expr {
    let first = token
    switch first.kind {
    case .number: return try number()
    case .stringStart: return try string()
    case .name: return try name()
    case .true, .false: return Expr(.bool(advance().kind == .true), first.range)
    case .none: return Expr(.none, advance().range)
    case .if: return try conditional()
    case .leftParenthesis: return try parentheses()
    case .leftBracket: return try brackets()
    case .leftBrace: return try record()
    case .foreign where source.utf8[first.lower] == UInt8(ascii: "'"): return quotedText()
    default: throw noValue()
    }
  }

  /// The error where a value should begin.
  private mutating func noValue() -> Abandon {
    let startsLine = index > 0 && tokens[index - 1].kind == .newline
    if ignoresNewlines, let open = groups.last, tokens[open].partner < 0,
      token.kind == .end || (startsLine && token.kind.beginsStatementOnly)
    {
      return failAtEnd("this '\(text(tokens[open]))' is not closed", at: tokens[open].range)
    }
    switch token.kind {
    case .error: return Abandon()
    case .foreign: return foreignValue()
    case .slashSlash, .plus:
      if let habit = ForeignHabits.value(text(token)) {
        return fail(habit.message, at: token.range, help: habit.help)
      }
    case .dot where next.kind == .number && !next.spaceBefore:
      return fail(
        "a number has digits on both sides of its dot", at: token.range.joined(next.range),
        help: "write 0.\(text(next))")
    case .fn:
      return fail("fn begins a statement; a function as a value has no name", help: "write x -> …")
    case .for, .while: return fail("a loop has no value", help: "write it as a statement")
    case .let: return fail("let begins a statement")
    case .else: return fail("this else follows no if")
    case .arrow:
      return fail("the names of its arguments stand before '->'", help: "write () -> … for none")
    default: break
    }
    if token.kind.isClosing, token.partner < 0 {
      return fail("this '\(text(token))' closes nothing")
    }
    return fail("expected a value, found \(describe(token))")
  }

  /// `'text'`, read on as if it had been written well.
  private mutating func quotedText() -> Expr {
    let correction = corrected(token.range)
    report(
      "text stands in double quotes",
      help: correction.hasPrefix("\"") ? "write \(correction)" : "write \"…\"")
    return Expr(.invalid, advance().range)
  }

  private mutating func foreignValue() -> Abandon {
    let spelling = text(token)
    if let habit = ForeignHabits.value(spelling) {
      return fail(habit.message, at: token.range, help: habit.help)
    }
    if let habit = ForeignHabits.after(spelling) {
      return fail(
        habit.message, at: token.range,
        help: habit.help(left: text(next), right: text(next)))
    }
    return fail("'\(spelling)' has no meaning here", at: token.range)
  }

  // NUMBER
  private mutating func number() throws(Abandon) -> Expr {
    let token = advance()
    var value = 0.0
    var whole = 0
    var isInteger = true
    for byte in source.utf8[token.lower..<token.upper] {
      if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9"), whole < 100_000_000_000_000 {
        whole = whole * 10 + Int(byte - UInt8(ascii: "0"))
      } else if byte != UInt8(ascii: "_") {
        isInteger = false
      }
    }
    if isInteger {
      value = Double(whole)
    } else {
      let digits = text(token).filter { $0 != "_" }
      isInteger = digits.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
      value = Double(digits) ?? .infinity
    }
    if !value.isFinite {
      throw fail(
        "this number is larger than any that fits: about 1.8e308", at: token.range,
        help: "write inf for infinity")
    }
    return Expr(.number(value, isInteger: isInteger), token.range)
  }

  private mutating func name() throws(Abandon) -> Expr {
    let token = token
    if spells(token, "_") {
      throw fail("'_' stands by itself as an argument of a call", help: "write x -> …")
    }
    let text = text(token)
    if ForeignHabits.mayBeValue(source.utf8[token.lower]), let habit = ForeignHabits.value(text) {
      report(habit.message, at: token.range, help: habit.help)
    }
    advance()
    return Expr(.name(text), token.range)
  }

  // parentheses = "(" expression ")" ;
  // tuple = "(" ")" | "(" expression "," [ expression { "," expression } [ "," ] ] ")"
  private mutating func parentheses() throws(Abandon) -> Expr {
    let group = openGroup()
    var parts: [Expr] = []
    var hasComma = false
    while token.kind != .rightParenthesis {
      parts.append(try expression())
      guard take(.comma) else { break }
      hasComma = true
    }
    if token.kind == .equal { throw unexpected("", left: parts.last) }
    let end = try closeGroup(group)
    let range = group.token.range.joined(end.range)
    if parts.count == 1, !hasComma { return Expr(.parenthesized(parts[0]), range) }
    return Expr(.tuple(parts), range)
  }

  // brackets = "[" [ expression { "," expression } [ "," ] ] "]" ;
  // comprehension = "[" expression "for" pattern "in" expression [ "if" expression ] "]"
  private mutating func brackets() throws(Abandon) -> Expr {
    let group = openGroup()
    var elements: [Expr] = []
    while token.kind != .rightBracket {
      elements.append(try expression())
      if elements.count == 1, token.kind == .for {
        return try comprehension(elements[0], group)
      }
      if token.kind == .semicolon {
        throw fail("rows stand in brackets of their own", help: "write [[1, 2], [3, 4]]")
      }
      guard take(.comma) else { break }
    }
    let end = try closeGroup(group)
    return Expr(.brackets(elements), group.token.range.joined(end.range))
  }

  private mutating func comprehension(_ value: Expr, _ group: Group) throws(Abandon) -> Expr {
    advance()
    let pattern = try pattern(allowsName: "the name of an element")
    _ = try expect(.in, "and the values to go over")
    let values = try expression()
    let condition = take(.if) ? try self.condition() : nil
    let end = try closeGroup(group)
    return Expr(
      .comprehension(value: value, pattern: pattern, source: values, condition: condition),
      group.token.range.joined(end.range))
  }

  // record = "{" [ WORD ":" expression { "," WORD ":" expression } [ "," ] ] "}"
  private mutating func record() throws(Abandon) -> Expr {
    let group = openGroup()
    var fields: [(Identifier, Expr)] = []
    var names: Set<String> = []
    while token.kind != .rightBrace {
      let name = try fieldName(group)
      if !names.insert(name.name).inserted {
        report("two fields are called '\(name.name)'", at: name.range)
      }
      fields.append((name, try expression()))
      guard take(.comma) else { break }
    }
    let end = try closeGroup(group)
    return Expr(.record(fields), group.token.range.joined(end.range))
  }

  private mutating func fieldName(_ group: Group) throws(Abandon) -> Identifier {
    if token.kind == .stringStart {
      throw fail(
        "the fields of a record are names, without quotes", help: "write {lr: 0.1}")
    }
    if token.kind == .end { throw failAtEnd("this '{' is not closed", at: group.token.range) }
    guard token.kind.isWord, next.kind == .colon else {
      if token.kind.isWord, next.kind == .equal {
        throw fail(
          "the fields of a record are written with a colon", at: next.range,
          help: "write \(text(token)): …")
      }
      throw fail(
        "a record begins here, so a field's name and ':' are expected, found \(describe(token))",
        help: "a block follows a header directly: fn f(x) { … }")
    }
    let word = advance()
    advance()
    return Identifier(text(word), word.range)
  }

  // block = "{" statements "}"
  mutating func block() throws(Abandon) -> Block {
    skipToBrace()
    guard token.kind == .leftBrace else { throw noBlock() }
    try descend()
    let opening = index
    let brace = token
    let outer = (ignoresNewlines, context)
    groups.append(index)
    ignoresNewlines = false
    context.isTopLevel = false
    context.isModelBody = false
    advance()
    let statements = statements(until: .rightBrace)
    guard token.kind == .rightBrace else { throw unclosed(brace, at: opening) }
    groups.removeLast()
    (ignoresNewlines, context) = outer
    let end = advance()
    depth -= 1
    return Block(statements, brace.range.joined(end.range))
  }

  /// A brace on the line after its header is an error, but no riddle.
  mutating func skipToBrace() {
    guard token.kind == .newline, let ahead = continuation(.leftBrace) else { return }
    report("the '{' of a block stands on the line of its header", at: tokens[ahead].range)
    move(to: ahead)
  }

  private mutating func noBlock() -> Abandon {
    switch token.kind {
    case .equal where previous != nil:
      return fail("a block in braces follows here, without '='", help: "write { … }")
    case .colon, .newline, .name:
      return fail(
        "expected '{' and a block, found \(describe(token))",
        help: "blocks stand in braces: if c { … }")
    default:
      return unexpected("expected '{' and a block")
    }
  }

  // conditional = "if" condition block { "else" "if" condition block } [ "else" block ]
  private mutating func conditional() throws(Abandon) -> Expr {
    let first = token
    var branches: [(condition: Expr, body: Block)] = []
    var otherwise: Block?
    repeat {
      advance()
      let condition = try condition()
      branches.append((condition, try block()))
      guard let ahead = continuation(.else) else { break }
      move(to: ahead)
      advance()
      if token.kind != .if { otherwise = try block() }
    } while otherwise == nil
    let last = previous?.range ?? first.range
    return try checked(
      Expr(.conditional(branches, otherwise: otherwise), first.range.joined(last)))
  }
}

// What operators work on: literals, names, brackets, calls, indices, lambdas, conditionals.

import Diagnostics

extension String {
  /// Without the quotes around it.
  var trimmingQuotes: String { String(dropFirst().last == "\"" ? dropFirst().dropLast() : dropFirst()) }
}

extension Parser {
  /// postfix = primary { "'" | "." NAME [ arguments ] | arguments | index }
  mutating func postfix() throws(Abandon) -> Expr {
    var left = try primary()
    while true {
      if token.is("'") {
        let symbol = advance()
        if token.is("(") {
          throw fail(
            "' turns a matrix, it does not derive", at: symbol.range,
            help: "write grad(\(source.slice(left.range)))")
        }
        left = Expr(.transpose(left), left.range.joined(symbol.range))
      } else if token.is("."), peek(1).kind == .name || peek(1).kind == .keyword {
        _ = advance()
        let word = advance()
        let name = Identifier(word.text, word.range)
        if token.is("("), !token.spaceBefore {
          let (arguments, end) = try arguments()
          left = Expr(.methodCall(left, name, arguments), left.range.joined(end))
        } else {
          left = Expr(.field(left, name), left.range.joined(word.range))
        }
      } else if token.is("("), !token.spaceBefore {
        let (arguments, end) = try arguments()
        left = Expr(.call(left, arguments), left.range.joined(end))
      } else if token.is("["), !token.spaceBefore {
        let open = advance()
        groups += 1
        defer { groups -= 1 }
        var items: [IndexItem] = []
        skipInGroup()
        while !token.is("]") {
          items.append(try indexItem())
          skipInGroup()
          if !take(",") { break }
          skipInGroup()
        }
        let end = try close("]", opened: open)
        left = Expr(.index(left, items), left.range.joined(end.range))
      } else {
        return left
      }
    }
  }

  /// index = expression | [ sum ] ".." [ sum ] | "none"
  private mutating func indexItem() throws(Abandon) -> IndexItem {
    let start = token.range
    if token.is("none"), peek(1).is(",") || peek(1).is("]") { return .newAxis(advance().range) }
    if take("..") {
      guard startsOperand(token) else { return .range(nil, nil, start) }
      let upper = try expression()
      return .range(nil, upper, start.joined(upper.range))
    }
    let value = try expression()
    if case .range(let lower, let upper) = value.kind { return .range(lower, upper, value.range) }
    if token.is("..") {
      let dots = advance()
      return .range(value, nil, start.joined(dots.range))
    }
    return .expression(value)
  }

  /// arguments = "(" [ [ NAME ":" ] expression { "," … } ] ")"
  private mutating func arguments() throws(Abandon) -> ([Argument], TextRange) {
    let open = advance()
    groups += 1
    defer { groups -= 1 }
    var result: [Argument] = []
    skipInGroup()
    while !token.is(")") {
      var label: Identifier?
      if token.kind == .name || token.kind == .keyword, peek(1).is(":") {
        let word = advance()
        label = Identifier(word.text, word.range)
        _ = advance()
        skipInGroup()
      }
      result.append(Argument(label: label, value: try expression()))
      skipInGroup()
      if !take(",") { break }
      skipInGroup()
    }
    let end = try close(")", opened: open)
    return (result, end.range)
  }

  private mutating func primary() throws(Abandon) -> Expr {
    skipInGroup()
    let first = token
    switch first.kind {
    case .number:
      _ = advance()
      let digits = first.text.filter { $0 != "_" }
      let isInteger = digits.allSatisfy(\.isNumber)
      return Expr(.number(Double(digits) ?? .nan, isInteger: isInteger), first.range)
    case .string:
      _ = advance()
      return Expr(.string(try pieces(of: first)), first.range)
    case .name:
      _ = advance()
      return Expr(first.text == "_" ? .hole : .name(first.text), first.range)
    case .keyword:
      switch first.text {
      case "true", "false":
        _ = advance()
        return Expr(.bool(first.text == "true"), first.range)
      case "none":
        _ = advance()
        return Expr(.none, first.range)
      case "if": return try conditional()
      default: break
      }
    case .symbol:
      switch first.text {
      case "(": return try parenthesized()
      case "[": return try brackets()
      case "{": return try record()
      default: break
      }
    default: break
    }
    if let habit = ForeignHabits.diagnose(&self) { throw habit }
    throw fail("expected a value, found \(describe(first))", at: first.kind == .end ? nil : first.range)
  }

  private mutating func parenthesized() throws(Abandon) -> Expr {
    let open = advance()
    groups += 1
    defer { groups -= 1 }
    var parts: [Expr] = []
    var comma = false
    skipInGroup()
    while !token.is(")") {
      parts.append(try expression())
      skipInGroup()
      guard take(",") else { break }
      comma = true
      skipInGroup()
    }
    let end = try close(")", opened: open)
    let range = open.range.joined(end.range)
    if parts.count == 1, !comma { return Expr(.parenthesized(parts[0]), range) }
    return Expr(.tuple(parts), range)
  }

  private mutating func brackets() throws(Abandon) -> Expr {
    let open = advance()
    groups += 1
    defer { groups -= 1 }
    var elements: [Expr] = []
    skipInGroup()
    while !token.is("]") {
      elements.append(try expression())
      skipInGroup()
      if elements.count == 1, token.is("for") {
        _ = advance()
        let pattern = try pattern()
        skipInGroup()
        _ = try expect("in", "in the comprehension")
        let values = try expression()
        skipInGroup()
        let condition = take("if") ? try expression() : nil
        skipInGroup()
        let end = try close("]", opened: open)
        return Expr(
          .comprehension(value: elements[0], pattern: pattern, source: values, condition: condition),
          open.range.joined(end.range))
      }
      if !take(",") { break }
      skipInGroup()
    }
    let end = try close("]", opened: open)
    return Expr(.brackets(elements), open.range.joined(end.range))
  }

  private mutating func record() throws(Abandon) -> Expr {
    let open = advance()
    groups += 1
    defer { groups -= 1 }
    var fields: [(Identifier, Expr)] = []
    skipInGroup()
    while !token.is("}") {
      guard token.kind == .name || token.kind == .keyword else {
        throw token.kind == .end
          ? fail("this '{' is not closed", at: { isIncomplete = true; return open.range }())
          : fail("expected a field's name, found \(describe(token))")
      }
      let word = advance()
      _ = try expect(":", "after the field's name")
      skipInGroup()
      fields.append((Identifier(word.text, word.range), try expression()))
      skipInGroup()
      if !take(",") { break }
      skipInGroup()
    }
    let end = try close("}", opened: open)
    return Expr(.record(fields), open.range.joined(end.range))
  }

  /// block = "{" statements "}"
  mutating func block() throws(Abandon) -> Block {
    guard token.is("{") else { throw fail("expected '{', found \(describe(token))") }
    let open = advance()
    let outer = groups
    groups = 0
    defer { groups = outer }
    return try nested { (parser) throws(Abandon) in
      let statements = parser.statements(until: "}")
      guard parser.token.is("}") else {
        parser.isIncomplete = true
        throw parser.fail("this '{' is not closed", at: open.range)
      }
      let end = parser.advance()
      return Block(statements, open.range.joined(end.range))
    }
  }

  private mutating func conditional() throws(Abandon) -> Expr {
    let first = token
    var branches: [(condition: Expr, body: Block)] = []
    while true {
      _ = advance()
      let outer = groups
      let test = try condition()
      groups = outer
      branches.append((test, try block()))
      var ahead = 0
      while peek(ahead).kind == .newline { ahead += 1 }
      guard peek(ahead).is("else") else { break }
      index += ahead + 1
      if token.is("if") { continue }
      let body = try block()
      return Expr(.conditional(branches, otherwise: body), first.range.joined(body.range))
    }
    return Expr(
      .conditional(branches, otherwise: nil),
      first.range.joined(branches[branches.count - 1].body.range))
  }
}

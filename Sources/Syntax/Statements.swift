// Statements: definitions, updates, loops, declarations.

import Diagnostics

extension Parser {
  /// statements = { [ statement ] ( newline | ";" ) }
  mutating func statements(until closing: String?) -> [Statement] {
    var result: [Statement] = []
    while true {
      while token.kind == .newline || token.is(";") { index += 1 }
      if token.kind == .end { return result }
      if let closing, token.is(closing) { return result }
      let start = index
      do {
        result.append(try statement())
        try endOfStatement(closing)
      } catch {
        result.append(Statement(.invalid, tokens[start].range))
        if index == start { index += 1 }
        recover()
      }
    }
  }

  private mutating func endOfStatement(_ closing: String?) throws(Abandon) {
    if token.kind == .newline || token.kind == .end || token.is(";") { return }
    if let closing, token.is(closing) { return }
    throw ForeignHabits.diagnose(&self)
      ?? fail("expected the end of the statement, found \(describe(token))")
  }

  /// To the next line that is not inside brackets opened after the error.
  private mutating func recover() {
    groups = 0
    var open = 0
    while token.kind != .end {
      if token.kind == .symbol {
        if ["(", "[", "{"].contains(token.text) { open += 1 }
        if [")", "]", "}"].contains(token.text) {
          if open == 0, token.text == "}" { return }
          open = max(0, open - 1)
        }
      }
      if open == 0, token.kind == .newline || token.is(";") { return }
      index += 1
    }
  }

  mutating func statement() throws(Abandon) -> Statement {
    let first = token
    let documentation = documentation(above: first)
    let kind = try statementKind(documentation)
    let end = tokens[max(0, index - 1)].range
    return Statement(kind, first.range.joined(end), documentation: documentation)
  }

  private mutating func statementKind(_ documentation: String?) throws(Abandon) -> Statement.Kind {
    let next = peek(1)
    if token.kind == .keyword {
      switch token.text {
      case "let": return try define()
      case "fn" where next.kind == .name: return .function(try function(documentation))
      case "for": return try forLoop()
      case "while":
        _ = advance()
        let condition = try condition()
        return .whileLoop(condition, try loopBody())
      case "break", "continue":
        let word = advance()
        guard inLoop else { throw fail("'\(word.text)' stands outside a loop", at: word.range) }
        return word.text == "break" ? .breakLoop : .continueLoop
      case "return":
        let word = advance()
        guard inFunction else { throw fail("'return' stands outside a function", at: word.range) }
        if token.kind == .newline || token.kind == .end || token.is("}") || token.is(";") {
          return .returnValue(nil)
        }
        return .returnValue(try expression())
      case "import": return try importFile()
      case "assert":
        _ = advance()
        let condition = try expression()
        if take(",") { return .assert(condition, try expression()) }
        return .assert(condition, nil)
      default: break
      }
    }
    if token.kind == .name {
      switch (token.text, next.kind) {
      case ("param", .name), ("layer", .name):
        let word = advance()
        let name = try identifier("a name")
        _ = try expect("=", "after the name")
        skipNewlines()
        let value = try expression()
        return word.text == "param" ? .param(name, value) : .layer(name, value)
      case ("model", .name): return .model(try model(documentation))
      case ("test", .string):
        _ = advance()
        let name = advance()
        return .test(name: source.slice(name.range).trimmingQuotes, try block())
      default: break
      }
    }
    return try assignmentOrExpression()
  }

  /// define = "let" pattern "=" expression
  private mutating func define() throws(Abandon) -> Statement.Kind {
    _ = advance()
    let pattern = try pattern()
    _ = try expect("=", "in the definition")
    skipNewlines()
    return .define(pattern, try expression())
  }

  /// pattern = name | "_" | "(" pattern { "," pattern } ")"
  mutating func pattern() throws(Abandon) -> Pattern {
    if token.is("(") {
      let open = advance()
      groups += 1
      defer { groups -= 1 }
      var parts: [Pattern] = []
      skipInGroup()
      while !token.is(")") {
        parts.append(try nested { (parser) throws(Abandon) in try parser.pattern() })
        skipInGroup()
        if !take(",") { break }
        skipInGroup()
      }
      let end = try close(")", opened: open)
      return .tuple(parts, open.range.joined(end.range))
    }
    let name = try identifier("a name")
    return name.name == "_" ? .ignore(name.range) : .name(name)
  }

  private mutating func forLoop() throws(Abandon) -> Statement.Kind {
    _ = advance()
    let pattern = try pattern()
    _ = try expect("in", "in the loop's header")
    let values = try expression()
    return .forLoop(pattern, values, try loopBody())
  }

  private mutating func loopBody() throws(Abandon) -> Block {
    let outer = inLoop
    inLoop = true
    defer { inLoop = outer }
    return try block()
  }

  private mutating func importFile() throws(Abandon) -> Statement.Kind {
    _ = advance()
    guard token.kind == .string else { throw fail("expected a file name in quotes") }
    let path = advance()
    _ = try expect("as", "and a name for the file")
    return .importFile(
      path: source.slice(path.range).trimmingQuotes, pathRange: path.range,
      alias: try identifier("a name"))
  }

  private mutating func assignmentOrExpression() throws(Abandon) -> Statement.Kind {
    let target = try expression()
    let operators: [String: BinaryOperator] = [
      "+=": .add, "-=": .subtract, "*=": .multiply, "/=": .divide, "@=": .matmul, "^=": .power,
      "%=": .remainder, "//=": .floorDivide,
    ]
    guard token.kind == .symbol, token.text == "=" || operators[token.text] != nil else {
      return .expression(target)
    }
    let symbol = advance()
    guard isTarget(target, plain: symbol.text == "=") else {
      throw fail("this cannot be assigned to", at: target.range)
    }
    skipNewlines()
    return .assign(target, operators[symbol.text], try expression())
  }

  private func isTarget(_ expr: Expr, plain: Bool) -> Bool {
    switch expr.kind {
    case .name: true
    case .index(let base, _), .field(let base, _): isTarget(base, plain: false)
    case .tuple(let parts): plain && parts.allSatisfy { isTarget($0, plain: true) }
    case .hole: plain
    default: false
    }
  }

  /// The `##` comments on the lines directly above a token.
  private func documentation(above token: Token) -> String? {
    var line = source.line(at: Int(token.range.lower)) - 1
    var lines: [String] = []
    for comment in comments.reversed() where comment.range.lower < token.range.lower {
      guard comment.isDocumentation, source.line(at: Int(comment.range.lower)) == line else { break }
      lines.insert(
        String(source.slice(comment.range).drop { $0 == "#" }.drop { $0 == " " }), at: 0)
      line -= 1
    }
    return lines.isEmpty ? nil : lines.joined(separator: "\n")
  }
}

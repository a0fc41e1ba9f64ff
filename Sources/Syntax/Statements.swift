// Statements: definitions, updates, loops, imports, tests.

import Diagnostics

extension Parser {
  /// statements = { [ statement ] ( NEWLINE | ";" ) }, up to the end or a closing brace.
  mutating func statements(until closing: TokenKind?) -> [Statement] {
    var result: [Statement] = []
    while true {
      while token.kind == .newline || token.kind == .semicolon { move(to: index + 1) }
      if token.kind == .end || token.kind == closing { return result }
      let point = checkpoint
      let first = token
      do throws(Abandon) {
        let statement = try statement()
        try endOfStatement(closing, after: statement)
        result.append(statement)
      } catch {
        recover(to: point)
        result.append(Statement(.invalid, first.range))
      }
    }
  }

  mutating func endOfStatement(_ closing: TokenKind?, after statement: Statement) throws(Abandon) {
    switch token.kind {
    case .newline, .end, .semicolon: return
    case closing: return
    case .comma: throw commaAfter(statement)
    case .else:
      throw fail("this else follows no if", help: "write it on the line of the closing brace")
    case .equal, .plusEqual, .minusEqual, .starEqual, .slashEqual:
      if case .assign = statement.kind { throw secondAssignment() }
      if case .define = statement.kind { throw secondAssignment() }
    default: break
    }
    var left: Expr?
    switch statement.kind {
    case .expression(let value), .define(_, let value), .assign(_, _, let value): left = value
    default: break
    }
    throw unexpected("expected the end of the statement", left: left)
  }

  private mutating func secondAssignment() -> Abandon {
    fail("a statement gives a value to one name", help: "write one line for each")
  }

  // `a, b = b, a` and `x, y`
  private mutating func commaAfter(_ statement: Statement) -> Abandon {
    var names: [String] = []
    if case .expression(let value) = statement.kind, case .name(let first) = value.kind {
      names = [first]
      var ahead = index
      while tokens[ahead].kind == .comma, tokens[ahead + 1].kind == .name {
        names.append(text(tokens[ahead + 1]))
        ahead += 2
      }
      if tokens[ahead].kind == .equal {
        let list = names.joined(separator: ", ")
        return fail("several names stand in parentheses", help: "write (\(list)) = …")
      }
    }
    return fail("several values stand in parentheses", help: "write (a, b)")
  }

  // statement = definition | param | layer | function | model | for | while | "break"
  //   | "continue" | return | import | test | assert | update | expression
  mutating func statement() throws(Abandon) -> Statement {
    let first = token
    let kind = try statementKind()
    let range = first.range.joined((previous ?? first).range)
    switch kind {
    case .define, .param, .layer:
      return Statement(kind, range, documentation: documentation(above: first))
    case .function(let function):
      return Statement(kind, range, documentation: function.documentation)
    case .model(let model): return Statement(kind, range, documentation: model.documentation)
    default: return Statement(kind, range)
    }
  }

  private mutating func statementKind() throws(Abandon) -> Statement.Kind {
    switch token.kind {
    case .let: return try definition()
    case .fn: return .function(try function())
    case .for: return try forLoop()
    case .while: return try whileLoop()
    case .break, .continue: return try jump()
    case .return: return try returnValue()
    case .import: return try importFile()
    case .assert: return try assertion()
    case .name:
      if let kind = try contextual() { return kind }
      return try update()
    case .leftParenthesis where isTupleTarget: return try tupleUpdate()
    default: return try update()
    }
  }

  /// Statements that begin with a word which is a name elsewhere.
  private mutating func contextual() throws(Abandon) -> Statement.Kind? {
    let kind = next.kind
    if kind == .name {
      if spells(token, "param") { return try member(.param) }
      if spells(token, "layer") { return try member(.layer) }
      if spells(token, "model") { return .model(try model()) }
    }
    if kind == .stringStart, spells(token, "test") { return try test() }
    return nil
  }

  // definition = "let" pattern "=" expression
  private mutating func definition() throws(Abandon) -> Statement.Kind {
    advance()
    if token.kind == .name, next.kind == .comma {
      throw fail("several names stand in parentheses", help: "write let (a, b) = …")
    }
    if token.kind == .leftBracket, token.partner >= 0 {
      let names = TextRange(token.upper, tokens[Int(token.partner)].lower)
      throw fail(
        "several names stand in parentheses", at: token.range,
        help: "write let (\(corrected(names))) = …")
    }
    let pattern = try pattern(allowsName: "the name that let defines")
    if token.kind == .colon {
      throw fail("names have no types", help: "write let \(corrected(pattern.range)) = …")
    }
    if token.kind == .equalEqual {
      throw fail("'==' compares; it does not define", help: "write =")
    }
    if let habit = wordAfterLet(pattern) { throw habit }
    _ = try expect(.equal, "and a value in the definition")
    skipNewlines()
    return .define(pattern, try expression())
  }

  // `let mut x = 1`
  private mutating func wordAfterLet(_ pattern: Pattern) -> Abandon? {
    guard case .name(let word) = pattern, token.kind == .name,
      ForeignHabits.word(word.name) != nil
    else { return nil }
    return fail(
      "every name can be updated; let needs no second word", at: word.range,
      help: "write let \(text(token)) = …")
  }

  // param = "param" NAME "=" expression ;  layer = "layer" NAME "=" expression
  private mutating func member(_ kind: ForeignMember) throws(Abandon) -> Statement.Kind {
    let word = advance()
    if kind == .layer, !context.isModelBody {
      throw fail(
        "a layer line stands directly inside a model", at: word.range,
        help: "write let \(text(token)) = …")
    }
    let name = try identifier("the name of a \(text(word))")
    _ = try expect(.equal, "and a value after the name")
    skipNewlines()
    let value = try expression()
    return kind == .param ? .param(name, value) : .layer(name, value)
  }

  enum ForeignMember { case param, layer }

  // for = "for" pattern "in" expression block
  private mutating func forLoop() throws(Abandon) -> Statement.Kind {
    let word = advance()
    if token.kind == .leftParenthesis, token.partner >= 0,
      tokens[Int(token.partner) + 1].kind == .leftBrace
    {
      throw fail(
        "a loop goes over values", at: word.range, help: "write for i in 0..10 { … }")
    }
    let pattern = try pattern(allowsName: "the loop's name")
    if token.kind == .comma, case .name(let first) = pattern {
      var ahead = index
      while ![.in, .newline, .end, .leftBrace].contains(tokens[ahead].kind) { ahead += 1 }
      let names = first.range.joined(tokens[ahead - 1].range)
      throw fail(
        "several names stand in parentheses", at: names,
        help: "write for (\(corrected(names))) in …")
    }
    _ = try expect(.in, "and the values to go over", help: "write for i in 0..10 { … }")
    skipNewlines()
    let values = try expression()
    return .forLoop(pattern, values, try loopBody())
  }

  // while = "while" condition block
  private mutating func whileLoop() throws(Abandon) -> Statement.Kind {
    advance()
    let condition = try condition()
    return .whileLoop(condition, try loopBody())
  }

  private mutating func loopBody() throws(Abandon) -> Block {
    let outer = context
    context.isInLoop = true
    let body = try block()
    context = outer
    return body
  }

  private mutating func jump() throws(Abandon) -> Statement.Kind {
    let word = advance()
    if !context.isInLoop { report("'\(text(word))' stands outside a loop", at: word.range) }
    return word.kind == .break ? .breakLoop : .continueLoop
  }

  // return = "return" [ expression ]
  private mutating func returnValue() throws(Abandon) -> Statement.Kind {
    let word = advance()
    if !context.isInFunction { report("'return' stands outside a function", at: word.range) }
    switch token.kind {
    case .newline, .end, .semicolon, .rightBrace: return .returnValue(nil)
    default: return .returnValue(try expression())
    }
  }

  // import = "import" STRING "as" NAME
  private mutating func importFile() throws(Abandon) -> Statement.Kind {
    advance()
    guard token.kind == .stringStart else {
      throw fail(
        "import wants a file's name in quotes", help: "write import \"layers.nns\" as layers")
    }
    let (path, range) = try plainString("a file's name")
    guard take(.as) else {
      throw fail(
        "expected 'as' and a name for the file, found \(describe(token))",
        help: "write import \(corrected(range)) as layers")
    }
    return .importFile(path: path, pathRange: range, alias: try identifier("a name for the file"))
  }

  // test = "test" STRING block
  private mutating func test() throws(Abandon) -> Statement.Kind {
    let word = advance()
    if !context.isTopLevel { report("a test stands by itself, not inside a block", at: word.range) }
    let (name, _) = try plainString("a test's name")
    return .test(name: name, try block())
  }

  // assert = "assert" expression [ "," expression ]
  private mutating func assertion() throws(Abandon) -> Statement.Kind {
    advance()
    let condition = try condition()
    guard take(.comma) else { return .assert(condition, nil) }
    skipNewlines()
    return .assert(condition, try expression())
  }

  // update = target ( "=" | "+=" | "-=" | "*=" | "/=" | "//=" | "%=" | "@=" | "^=" ) expression ;
  // target = postfix | "(" target { "," target } ")"
  private mutating func update() throws(Abandon) -> Statement.Kind {
    let target = try expression()
    let op = token.kind.update
    guard token.kind == .equal || op != nil else { return .expression(target) }
    guard isTarget(target) else {
      if case .binary(.equal, _, _, _) = target.kind { throw unexpected("", left: target) }
      if case .call(let callee, _) = target.kind, case .name("param") = callee.kind {
        throw fail(
          "a param line defines one name", at: target.range, help: "write a param line for each")
      }
      throw fail(
        "this cannot be given a value", at: target.range,
        help: "names, places in brackets and fields can be updated")
    }
    advance()
    skipNewlines()
    return .assign(target, op, try expression())
  }

  private func isTarget(_ expr: Expr) -> Bool {
    switch expr.kind {
    case .name: true
    case .index(let base, _), .field(let base, _): isTarget(base)
    default: false
    }
  }

  /// Whether we stand at `( … ) =`.
  private var isTupleTarget: Bool {
    token.partner >= 0 && tokens[Int(token.partner) + 1].kind == .equal
  }

  // `(a, _, x[0]) = expression`
  private mutating func tupleUpdate() throws(Abandon) -> Statement.Kind {
    let group = openGroup()
    var parts: [Expr] = []
    while token.kind != .rightParenthesis {
      if spells(token, "_") {
        parts.append(Expr(.hole, advance().range))
      } else {
        let part = try expression()
        guard isTarget(part) else { throw fail("this cannot be given a value", at: part.range) }
        parts.append(part)
      }
      guard take(.comma) else { break }
    }
    let end = try closeGroup(group)
    let target = Expr(.tuple(parts), group.token.range.joined(end.range))
    advance()
    skipNewlines()
    return .assign(target, nil, try expression())
  }

  // pattern = NAME | "_" | "(" pattern { "," pattern } [ "," ] ")"
  mutating func pattern(allowsName what: String) throws(Abandon) -> Pattern {
    guard token.kind == .leftParenthesis else {
      let name = try identifier(what)
      return name.name == "_" ? .ignore(name.range) : .name(name)
    }
    try descend()
    let group = openGroup()
    var parts: [Pattern] = []
    while token.kind != .rightParenthesis {
      parts.append(try pattern(allowsName: what))
      guard take(.comma) else { break }
    }
    let end = try closeGroup(group)
    depth -= 1
    let range = group.token.range.joined(end.range)
    if parts.isEmpty { throw fail("expected \(what)", at: range) }
    return .tuple(parts, range)
  }

  /// The `##` comments on the lines directly above a token, marks removed.
  func documentation(above token: Token) -> String? {
    if comments.isEmpty || !beginsLine(token.lower) { return nil }
    var low = 0
    var high = comments.count
    while low < high {
      let middle = (low + high) / 2
      if comments[middle].range.lower < token.range.lower {
        low = middle + 1
      } else {
        high = middle
      }
    }
    var line = source.line(at: token.lower) - 1
    var lines: [String] = []
    for comment in comments[..<low].reversed() {
      let start = Int(comment.range.lower)
      guard comment.isDocumentation, source.line(at: start) == line, beginsLine(start) else {
        break
      }
      let text = source.slice(comment.range).dropFirst(2)
      lines.append(String(text.first == " " ? text.dropFirst() : text))
      line -= 1
    }
    return lines.isEmpty ? nil : lines.reversed().joined(separator: "\n")
  }
}

extension Statement {
  /// The names it defines in the scope around it.
  package var definedNames: [Identifier] {
    switch kind {
    case .define(let pattern, _): pattern.names
    case .param(let name, _), .layer(let name, _): [name]
    case .function(let function): function.name.map { [$0] } ?? []
    case .model(let model): [model.name]
    case .importFile(_, _, let alias): [alias]
    default: []
    }
  }
}

extension Pattern {
  /// The names it binds, from left to right.
  package var names: [Identifier] {
    switch self {
    case .name(let name): [name]
    case .ignore: []
    case .tuple(let parts, _): parts.flatMap(\.names)
    }
  }
}

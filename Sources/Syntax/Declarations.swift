// Functions, lambdas, models and the shapes in their signatures.

import Diagnostics

extension Parser {
  /// Whether a lambda begins here: a name or a parenthesis followed by `->`.
  var isLambda: Bool {
    switch token.kind {
    case .name: next.kind == .arrow
    case .leftParenthesis:
      token.partner >= 0 && tokens[significant(after: Int(token.partner))].kind == .arrow
    default: false
    }
  }

  /// lambda = ( NAME | "_" | parameters ) "->" ( block | expression ); braces are a record when
  /// `}` or `WORD ":"` follows.
  mutating func lambda() throws(Abandon) -> Expr {
    let first = token
    let parameters = try lambdaParameters()
    advance()
    skipNewlines()
    let outer = context
    context = Context(isTopLevel: false, isInFunction: true)
    let body: FunctionBody
    if token.kind == .leftBrace, !isRecord {
      body = .block(try block())
      try refuseOperatorAfterBlock(first)
    } else {
      body = .expression(try expression())
    }
    context = outer
    let range = first.range.joined((previous ?? first).range)
    let function = FunctionDeclaration(
      name: nil, parameters: parameters, resultShape: nil, body: body, range: range)
    return Expr(.lambda(function), range)
  }

  private mutating func lambdaParameters() throws(Abandon) -> [ParameterDeclaration] {
    guard token.kind == .name else { return try parameters() }
    let pattern = try pattern(allowsName: "a parameter")
    return [
      ParameterDeclaration(pattern: pattern, shape: nil, defaultValue: nil, range: pattern.range)
    ]
  }

  private var isRecord: Bool {
    var ahead = index + 1
    while tokens[ahead].kind == .newline { ahead += 1 }
    if tokens[ahead].kind == .rightBrace { return true }
    guard tokens[ahead].kind.isWord else { return false }
    ahead += 1
    while tokens[ahead].kind == .newline { ahead += 1 }
    return tokens[ahead].kind == .colon
  }

  /// A body reaches as far right as it can, but a block ends where it ends: what follows could
  /// belong to the function or to its value.
  private mutating func refuseOperatorAfterBlock(_ first: Token) throws(Abandon) {
    let operatorToken = continuation(.pipe) ?? continuation(.compose) ?? index
    let kind = tokens[operatorToken].kind
    guard kind.infix != nil || kind == .leftParenthesis || kind == .dot || kind == .leftBracket
    else { return }
    throw fail(
      "it is unclear whether '\(text(tokens[operatorToken]))' works on the function or its value",
      at: tokens[operatorToken].range, help: "put the function in parentheses")
  }

  // parameters = "(" [ ( parameter { "," parameter } { "," optional } | optional { "," optional } )
  //   [ "," ] ] ")" ; parameter = pattern [ ":" shape ] ; optional = parameter "=" expression
  mutating func parameters() throws(Abandon) -> [ParameterDeclaration] {
    guard token.kind == .leftParenthesis else {
      throw fail("expected '(' and the parameters, found \(describe(token))")
    }
    try descend()
    let group = openGroup()
    var result: [ParameterDeclaration] = []
    var names: Set<String> = []
    while token.kind != .rightParenthesis {
      let parameter = try parameter()
      if parameter.defaultValue == nil, let earlier = result.last, earlier.defaultValue != nil {
        report(
          "a parameter without a default value stands before those that have one",
          at: parameter.range,
          help: "write \(corrected(parameter.range)) before \(corrected(earlier.range))")
      }
      for name in parameter.pattern.names where !names.insert(name.name).inserted {
        report("two parameters are called '\(name.name)'", at: name.range)
      }
      result.append(parameter)
      guard take(.comma) else { break }
    }
    try closeGroup(group)
    depth -= 1
    return result
  }

  private mutating func parameter() throws(Abandon) -> ParameterDeclaration {
    let first = token
    if token.kind == .star || token.kind == .foreign, next.kind == .name {
      throw fail(
        "a function has as many arguments as it has parameters", at: token.range,
        help: "write \(text(next)), and give it a list or a record")
    }
    let pattern = try pattern(allowsName: "a parameter")
    if case .name(let name) = pattern, name.name == "self" {
      report(
        "there is no self: members are seen by their names", at: name.range, help: "leave it out")
    }
    let shape = take(.colon) ? try shape() : nil
    let value = take(.equal) ? try expression() : nil
    return ParameterDeclaration(
      pattern: pattern, shape: shape, defaultValue: value,
      range: first.range.joined((previous ?? first).range))
  }

  // shape = "[" [ dimension { "," dimension } [ "," ] ] "]" ; dimension = NAME | NUMBER | ".."
  private mutating func shape() throws(Abandon) -> [DimensionSpec] {
    guard token.kind == .leftBracket else {
      throw fail(
        "parameters have shapes, not types; expected '[', found \(describe(token))",
        help: "write x: [n, 3], or leave it out")
    }
    let group = openGroup()
    var result: [DimensionSpec] = []
    while token.kind != .rightBracket {
      result.append(try dimension(isFirst: result.isEmpty))
      guard take(.comma) else { break }
    }
    try closeGroup(group)
    return result
  }

  private mutating func dimension(isFirst: Bool) throws(Abandon) -> DimensionSpec {
    let part = token
    switch part.kind {
    case .name:
      advance()
      return .name(Identifier(text(part), part.range))
    case .number:
      guard let size = Int(text(part).filter { $0 != "_" }) else {
        throw fail("a size is a whole number", at: part.range)
      }
      advance()
      return .size(size, part.range)
    case .dotDot:
      advance()
      if !isFirst {
        report("'..' stands for the leading axes, so it comes first", at: part.range)
      }
      return .anyLeading(part.range)
    default: throw fail("expected a size or its name, found \(describe(part))")
    }
  }

  // function = "fn" NAME signature
  mutating func function() throws(Abandon) -> FunctionDeclaration {
    let first = advance()
    if token.kind == .leftParenthesis {
      throw fail(
        "a function without a name is written with ->", at: first.range, help: "write x -> …")
    }
    let name = try identifier("the function's name")
    return try signature(first, name, documentation(above: first))
  }

  // signature = parameters [ "->" shape ] ( "=" expression | block )
  private mutating func signature(
    _ first: Token, _ name: Identifier, _ documentation: String?
  ) throws(Abandon) -> FunctionDeclaration {
    let parameters = try parameters()
    let result = try resultShape()
    skipToBrace()
    let outer = context
    context = Context(isTopLevel: false, isInFunction: true)
    let body: FunctionBody
    switch token.kind {
    case .equal:
      advance()
      skipNewlines()
      body = .expression(try expression())
    case .leftBrace: body = .block(try block())
    case .foreign where text(token) == "=>":
      throw fail("what a function gives follows '='", help: "write fn \(name.name)(…) = …")
    default:
      throw fail(
        "expected '=' or '{' and what the function does, found \(describe(token))",
        help: "write fn \(name.name)(…) = … or fn \(name.name)(…) { … }")
    }
    context = outer
    return FunctionDeclaration(
      name: name, parameters: parameters, resultShape: result, body: body,
      range: first.range.joined((previous ?? first).range), documentation: documentation)
  }

  private mutating func resultShape() throws(Abandon) -> [DimensionSpec]? {
    guard take(.arrow) else { return nil }
    guard token.kind == .leftBracket else {
      throw fail(
        "after '->' stands the shape of the result, found \(describe(token))",
        help: "write fn f(x) = …")
    }
    return try shape()
  }
}

// MARK: - Models

extension Parser {
  // model = "model" NAME [ parameters ] "{" { ( layer | param | definition | function
  //   | "forward" signature ) ( NEWLINE | ";" ) } "}"
  mutating func model() throws(Abandon) -> ModelDeclaration {
    let first = advance()
    let name = try identifier("the model's name")
    let parameters = token.kind == .leftParenthesis ? try self.parameters() : []
    skipToBrace()
    guard token.kind == .leftBrace else {
      throw fail(
        "expected '{' and the model's layers, found \(describe(token))",
        help: "write model \(name.name)(…) { … }")
    }
    let documentation = documentation(above: first)
    let errors = diagnostics.count
    let (members, forwards, bodyRange) = try modelBody()
    for extra in forwards.dropFirst() {
      report("a model has one forward", at: extra.name?.range ?? extra.range)
    }
    guard let forward = forwards.first else {
      // It may be among the lines that could not be read.
      if diagnostics.count > errors { throw Abandon() }
      throw fail(
        "the model \(name.name) has no forward, so it cannot be called", at: name.range,
        help: "add forward(x) = …")
    }
    return ModelDeclaration(
      name: name, parameters: parameters, members: members, forward: forward,
      range: first.range.joined(bodyRange), bodyRange: bodyRange, documentation: documentation)
  }

  private mutating func modelBody() throws(Abandon) -> (
    [Statement], [FunctionDeclaration], TextRange
  ) {
    try descend()
    let opening = index
    let brace = token
    let outer = (ignoresNewlines, context)
    groups.append(index)
    ignoresNewlines = false
    context = Context(isTopLevel: false, isModelBody: true)
    advance()
    var members: [Statement] = []
    var forwards: [FunctionDeclaration] = []
    while true {
      while token.kind == .newline || token.kind == .semicolon { move(to: index + 1) }
      if token.kind == .rightBrace { break }
      if token.kind == .end { throw unclosed(brace, at: opening) }
      let point = checkpoint
      do throws(Abandon) {
        try modelMember(&members, &forwards)
      } catch {
        recover(to: point)
      }
    }
    refuseTwins(members)
    groups.removeLast()
    (ignoresNewlines, context) = outer
    let end = advance()
    depth -= 1
    return (members, forwards, brace.range.joined(end.range))
  }

  private mutating func modelMember(
    _ members: inout [Statement], _ forwards: inout [FunctionDeclaration]
  ) throws(Abandon) {
    if next.kind == .leftParenthesis, spells(token, "forward") {
      let word = advance()
      let forward = try signature(
        word, Identifier("forward", word.range), documentation(above: word))
      forwards.append(forward)
      try endOfStatement(.rightBrace, after: Statement(.invalid, forward.range))
      return
    }
    let member = try statement()
    switch member.kind {
    case .layer, .param, .define, .function: members.append(member)
    case .assign(let target, nil, let value):
      if case .name = target.bare.kind { reportAssigned(member, value) } else { fallthrough }
    default:
      report("a model holds layer, param, let and fn lines and one forward", at: member.range)
    }
    try endOfStatement(.rightBrace, after: member)
  }

  /// `up = dense(2, 1)` in a model: one of the words is missing before it.
  private mutating func reportAssigned(_ member: Statement, _ value: Expr) {
    var word = "let"
    switch value.bare.kind {
    case .compose: word = "layer"
    case .call(let function, _):
      guard case .name(let name) = function.bare.kind else { break }
      word = ["zeros", "ones", "full", "rand", "randn"].contains(name) ? "param" : "layer"
    default: break
    }
    report(
      "a model holds layer, param, let and fn lines and one forward", at: member.range,
      help: "write \(word) \(corrected(member.range))")
  }

  private mutating func refuseTwins(_ members: [Statement]) {
    var names: Set<String> = []
    for member in members {
      let defined: [Identifier]
      switch member.kind {
      case .layer(let name, _), .param(let name, _): defined = [name]
      case .define(let pattern, _): defined = pattern.names
      case .function(let function): defined = function.name.map { [$0] } ?? []
      default: defined = []
      }
      for name in defined where !names.insert(name.name).inserted {
        report("two members of the model are called '\(name.name)'", at: name.range)
      }
    }
  }
}

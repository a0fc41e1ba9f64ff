// Functions, lambdas, models and the shapes in their signatures.

import Diagnostics

extension Parser {
  /// lambda = ( NAME | "(" parameters ")" ) "->" ( record | expression )
  mutating func lambda() throws(Abandon) -> Expr? {
    guard isLambda() else { return nil }
    let first = token
    var parameters: [ParameterDeclaration] = []
    if first.kind == .name {
      let pattern = try pattern()
      parameters = [
        ParameterDeclaration(pattern: pattern, shape: nil, defaultValue: nil, range: pattern.range)
      ]
    } else {
      parameters = try self.parameters()
    }
    _ = advance()
    skipNewlines()
    let outer = (inLoop, inFunction)
    (inLoop, inFunction) = (false, true)
    defer { (inLoop, inFunction) = outer }
    let body: FunctionBody
    if token.is("{"), !isRecordAhead() {
      body = .block(try block())
    } else {
      body = .expression(try expression())
    }
    let range = first.range.joined(tokens[index - 1].range)
    return Expr(
      .lambda(
        FunctionDeclaration(
          name: nil, parameters: parameters, resultShape: nil, body: body, range: range)), range)
  }

  /// After `->`, braces are a record when `}` or `NAME :` follows.
  private func isRecordAhead() -> Bool {
    var ahead = 1
    while peek(ahead).kind == .newline { ahead += 1 }
    if peek(ahead).is("}") { return true }
    return (peek(ahead).kind == .name || peek(ahead).kind == .keyword) && peek(ahead + 1).is(":")
  }

  private func isLambda() -> Bool {
    if token.kind == .name { return peek(1).is("->") }
    guard token.is("(") else { return false }
    var open = 0
    var ahead = 0
    while true {
      let next = peek(ahead)
      switch next.text {
      case "(" where next.kind == .symbol: open += 1
      case ")" where next.kind == .symbol:
        open -= 1
        if open == 0 { return peek(ahead + 1).is("->") }
      case "[", "]", "{", "}", ";":
        if next.kind == .symbol, open == 0 { return false }
      default: break
      }
      if next.kind == .end { return false }
      // Only patterns, shapes and defaults can stand there; a long expression is no lambda.
      ahead += 1
      if ahead > 400 { return false }
    }
  }

  /// parameters = "(" [ pattern [ ":" shape ] [ "=" expression ] { "," … } ] ")"
  private mutating func parameters() throws(Abandon) -> [ParameterDeclaration] {
    guard token.is("(") else { throw fail("expected '(' and the parameters") }
    let open = advance()
    groups += 1
    defer { groups -= 1 }
    var result: [ParameterDeclaration] = []
    var names: Set<String> = []
    skipInGroup()
    while !token.is(")") {
      let pattern = try pattern()
      for name in pattern.names where !names.insert(name.name).inserted {
        throw fail("there are two parameters named '\(name.name)'", at: name.range)
      }
      let shape = take(":") ? try shape() : nil
      skipInGroup()
      let value = take("=") ? try expression() : nil
      result.append(
        ParameterDeclaration(
          pattern: pattern, shape: shape, defaultValue: value, range: pattern.range))
      skipInGroup()
      if !take(",") { break }
      skipInGroup()
    }
    _ = try close(")", opened: open)
    return result
  }

  /// shape = "[" [ ( NAME | NUMBER | ".." ) { "," … } ] "]"
  private mutating func shape() throws(Abandon) -> [DimensionSpec] {
    guard token.is("[") else { throw fail("expected a shape such as [n, 3]") }
    let open = advance()
    var result: [DimensionSpec] = []
    while !token.is("]") {
      let part = advance()
      switch part.kind {
      case .name: result.append(.name(Identifier(part.text, part.range)))
      case .number:
        guard let size = Int(part.text) else {
          throw fail("a size is a whole number", at: part.range)
        }
        result.append(.size(size, part.range))
      case .symbol where part.text == "..":
        guard result.isEmpty else {
          throw fail("'..' stands first in a shape", at: part.range)
        }
        result.append(.anyLeading(part.range))
      default: throw fail("expected a size or its name", at: part.range)
      }
      if !take(",") { break }
    }
    _ = try close("]", opened: open)
    return result
  }

  /// function = "fn" NAME parameters [ "->" shape ] ( "=" expression | block )
  mutating func function(_ documentation: String?) throws(Abandon) -> FunctionDeclaration {
    let first = advance()
    return try functionRest(first, name: try identifier("a name"), documentation)
  }

  private mutating func functionRest(
    _ first: Token, name: Identifier?, _ documentation: String?
  ) throws(Abandon) -> FunctionDeclaration {
    let parameters = try parameters()
    let result = take("->") ? try shape() : nil
    let outer = (inLoop, inFunction, groups)
    (inLoop, inFunction, groups) = (false, true, 0)
    defer { (inLoop, inFunction, groups) = outer }
    let body: FunctionBody
    if take("=") {
      skipNewlines()
      body = .expression(try expression())
    } else if token.is("{") {
      body = .block(try block())
    } else {
      throw fail("expected '=' or '{' and what the function does, found \(describe(token))")
    }
    return FunctionDeclaration(
      name: name, parameters: parameters, resultShape: result, body: body,
      range: first.range.joined(tokens[index - 1].range), documentation: documentation)
  }

  /// model = "model" NAME parameters "{" { layer | param | let | fn | forward } "}"
  mutating func model(_ documentation: String?) throws(Abandon) -> ModelDeclaration {
    let first = advance()
    let name = try identifier("the model's name")
    let parameters = token.is("(") ? try self.parameters() : []
    guard token.is("{") else { throw fail("expected '{' and the model's layers") }
    let open = advance()
    var members: [Statement] = []
    var forward: FunctionDeclaration?
    while true {
      while token.kind == .newline || token.is(";") { index += 1 }
      if token.is("}") { break }
      if token.kind == .end {
        isIncomplete = true
        throw fail("this '{' is not closed", at: open.range)
      }
      if token.kind == .name, token.text == "forward", peek(1).is("(") {
        let word = advance()
        forward = try functionRest(word, name: Identifier("forward", word.range), nil)
        continue
      }
      let member = try statement()
      switch member.kind {
      case .layer, .param, .define, .function: members.append(member)
      default:
        throw fail(
          "a model holds layer, param, let, fn and forward", at: member.range)
      }
      guard token.kind == .newline || token.is(";") || token.is("}") || token.kind == .end else {
        throw fail("expected the end of the statement, found \(describe(token))")
      }
    }
    guard let forward else { throw fail("the model \(name.name) has no forward(…)", at: name.range) }
    let end = try close("}", opened: open)
    return ModelDeclaration(
      name: name, parameters: parameters, members: members, forward: forward,
      range: first.range.joined(end.range), documentation: documentation)
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

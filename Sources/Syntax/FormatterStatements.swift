// How statements and declarations are laid out.

import Diagnostics

extension LayoutBuilder {
  func layout(_ statement: Statement) -> Layout {
    switch statement.kind {
    case .define(let pattern, let value):
      return binding("let ", layout(pattern), Int(pattern.range.upper), value)
    case .param(let name, let value):
      return binding("param ", .text(name.name), Int(name.range.upper), value)
    case .layer(let name, let value):
      return binding("layer ", .text(name.name), Int(name.range.upper), value)
    case .assign(let target, let op, let value):
      let left = layout(target)
      let sign = (op?.rawValue ?? "") + "="
      return binding("", left, Int(target.range.upper), value, sign: sign)
    case .function(let function): return layout(function, keyword: "fn ")
    case .model(let model): return layout(model)
    case .forLoop(let pattern, let values, let body):
      let header: [Layout] = [
        .text("for "), layout(pattern), .text(" in "), layout(values), .space,
      ]
      return withBlock(header, body)
    case .whileLoop(let condition, let body):
      return withBlock([.text("while "), layout(condition), .space], body)
    case .breakLoop: return .text("break")
    case .continueLoop: return .text("continue")
    case .returnValue(let value):
      guard let value else { return .text("return") }
      return .sequence([.text("return "), layout(value)])
    case .importFile(_, let path, let alias):
      return .text("import \(source.slice(path)) as \(alias.name)")
    case .test(_, let body): return withBlock([.text("test \(testName(statement)) ")], body)
    case .assert(let condition, let message):
      let parts: [Layout] = [.text("assert "), layout(condition)]
      guard let message else { return .sequence(parts) }
      return .sequence(
        parts + [.text(","), group(condition.range, message.range) { layout(message) }])
    case .expression(let value): return layout(value)
    case .invalid: return .text(source.slice(statement.range))
    }
  }

  /// The spelling of a test's name: the string after the word.
  private func testName(_ statement: Statement) -> String {
    guard case .test(_, let body) = statement.kind else { return "" }
    var bytes = source.utf8[Int(statement.range.lower) + 4..<Int(body.range.lower)]
    while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
    while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// `let x = value`, the value on the next line if the author put it there.
  private func binding(
    _ keyword: String, _ name: Layout, _ nameEnd: Int, _ value: Expr, sign: String = "="
  ) -> Layout {
    .sequence([.text(keyword), name, .text(" \(sign)"), after(nameEnd, value)])
  }

  /// A space and a value, or the value on the next line if the author put it there.
  func after(_ offset: Int, _ value: Expr) -> Layout {
    let start = Int(value.range.lower)
    guard isBroken(offset, start) else { return .sequence([.space, layout(value)]) }
    let gap = gap(offset, start, otherwise: .newline)
    return .group(.indent(.sequence([gap, layout(value)])), isBroken: true)
  }

  private func group(_ a: TextRange, _ b: TextRange, _ build: () -> Layout) -> Layout {
    let isBroken = isBroken(Int(a.upper), Int(b.lower))
    let gap = gap(Int(a.upper), Int(b.lower), otherwise: .line(" "))
    return .group(.indent(.sequence([gap, build()])), isBroken: isBroken)
  }

  private func withBlock(_ header: [Layout], _ body: Block) -> Layout {
    let isBroken = isBroken(body.range)
    return .sequence(header + [.block(block(body, isBroken: isBroken), isBroken: isBroken)])
  }

  func layout(_ pattern: Pattern) -> Layout {
    switch pattern {
    case .name(let name): return .text(name.name)
    case .ignore: return .text("_")
    case .tuple(let parts, let range):
      let items = parts.map { part in Piece(range: part.range) { [self] in layout(part) } }
      return list("(", items, ")", range, isTuple: true)
    }
  }
}

// MARK: - Functions and models

extension LayoutBuilder {
  func layout(_ function: FunctionDeclaration, keyword: String) -> Layout {
    let nameEnd = function.name.map { Int($0.range.upper) } ?? Int(function.range.lower)
    var parts: [Layout] = [.text(keyword + (function.name?.name ?? ""))]
    parts.append(parameters(function.parameters, from: nameEnd))
    if let shape = function.resultShape { parts += [.text(" -> "), layout(shape)] }
    switch function.body {
    case .expression(let value):
      let (_, close) = parentheses(function.parameters, from: nameEnd)
      parts += [.text(" ="), after(find(UInt8(ascii: "="), from: close), value)]
    case .block(let body):
      let isBroken = isBroken(body.range)
      parts += [.space, .block(block(body, isBroken: isBroken), isBroken: isBroken)]
    }
    return .sequence(parts)
  }

  /// `(q: [b, t, d], k = 1)`; the opening parenthesis is the first after an offset.
  func parameters(_ parameters: [ParameterDeclaration], from offset: Int) -> Layout {
    let (open, close) = parentheses(parameters, from: offset)
    let items = parameters.map { parameter in
      Piece(range: parameter.range) { [self] in layout(parameter) }
    }
    return list("(", items, ")", TextRange(open, close + 1))
  }

  /// Where the parentheses around parameters stand.
  func parentheses(_ parameters: [ParameterDeclaration], from offset: Int) -> (Int, Int) {
    let open = find(UInt8(ascii: "("), from: offset)
    let last = parameters.last.map { Int($0.range.upper) } ?? open + 1
    return (open, find(UInt8(ascii: ")"), from: last))
  }

  /// The first place of a byte that isn't in a comment.
  func find(_ byte: UInt8, from offset: Int) -> Int {
    var position = offset
    while position < source.utf8.count, source.utf8[position] != byte {
      if source.utf8[position] == UInt8(ascii: "#") {
        while position < source.utf8.count, source.utf8[position] != UInt8(ascii: "\n") {
          position += 1
        }
      }
      position += 1
    }
    return min(position, source.utf8.count)
  }

  private func layout(_ parameter: ParameterDeclaration) -> Layout {
    var parts = [layout(parameter.pattern)]
    if let shape = parameter.shape { parts += [.text(": "), layout(shape)] }
    if let value = parameter.defaultValue { parts += [.text(" = "), layout(value)] }
    return .sequence(parts)
  }

  private func layout(_ shape: [DimensionSpec]) -> Layout {
    let parts = shape.map { dimension -> String in
      switch dimension {
      case .name(let name): name.name
      case .size(_, let range): source.slice(range)
      case .anyLeading: ".."
      }
    }
    return .text("[" + parts.joined(separator: ", ") + "]")
  }

  func layout(_ model: ModelDeclaration) -> Layout {
    var parts: [Layout] = [.text("model \(model.name.name)")]
    let nameEnd = Int(model.name.range.upper)
    let open = find(UInt8(ascii: "("), from: nameEnd)
    if !model.parameters.isEmpty || open < Int(model.bodyRange.lower) {
      parts.append(parameters(model.parameters, from: nameEnd))
    }
    let forward = Piece(range: model.forward.range) { [self] in
      layout(model.forward, keyword: "")
    }
    let pieces = (model.members.map(piece) + [forward]).sorted {
      $0.range.lower < $1.range.lower
    }
    let isBroken = isBroken(model.bodyRange)
    let body = braces(pieces, model.bodyRange, isBroken: isBroken)
    parts += [.space, .block(body, isBroken: isBroken)]
    return .sequence(parts)
  }
}

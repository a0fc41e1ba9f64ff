// How expressions are laid out: spaces around operators but `^` and `..`, brackets broken where
// the author broke them or, where they are too long, one item a line.

import Diagnostics

extension LayoutBuilder {
  func layout(_ expr: Expr) -> Layout {
    switch expr.kind {
    case .number, .string, .invalid: return .text(source.slice(expr.range))
    case .bool(let value): return .text(value ? "true" : "false")
    case .none: return .text("none")
    case .name(let name): return .text(name)
    case .hole: return .text("_")
    case .unary(let op, let operand):
      return .sequence([.text(op == .not ? "not " : "-"), layout(operand)])
    case .binary(.power, _, let base, let exponent):
      return .sequence([layout(base), .text("^"), layout(exponent)])
    case .binary, .and, .or: return chain(expr)
    case .transpose(let base): return .sequence([layout(base), .text("'")])
    case .pipe, .compose: return pipeline(expr)
    case .range(let lower, let upper):
      return .sequence([layout(lower), .text(".."), layout(upper)])
    case .call(let callee, let arguments):
      return .sequence([layout(callee), self.arguments(arguments, callee.range, expr.range)])
    case .methodCall(let base, let name, let arguments):
      return .sequence([
        layout(base), member(base, name), self.arguments(arguments, name.range, expr.range),
      ])
    case .field(let base, let name): return .sequence([layout(base), member(base, name)])
    case .index(let base, let items): return .sequence([layout(base), index(items, base, expr)])
    case .brackets(let elements):
      return list("[", elements.map(piece), "]", expr.range, fills: elements.allSatisfy(isShort))
    case .comprehension(let value, let pattern, let values, let condition):
      return comprehension(expr.range, value, pattern, values, condition)
    case .tuple(let parts): return list("(", parts.map(piece), ")", expr.range, isTuple: true)
    case .parenthesized(let inner):
      return list("(", [piece(inner)], ")", expr.range, hasTrailingComma: false)
    case .record(let fields): return record(fields, expr.range)
    case .lambda(let function): return lambda(function)
    case .conditional(let branches, let otherwise): return conditional(branches, otherwise)
    }
  }

  /// `.name`; a space keeps `1 .e5` from becoming a number.
  private func member(_ base: Expr, _ name: Identifier) -> Layout {
    if case .number = base.kind, name.name.hasPrefix("e") || name.name.hasPrefix("E") {
      return .text(" .\(name.name)")
    }
    return .text(".\(name.name)")
  }

  private func piece(_ expr: Expr) -> Piece {
    Piece(range: expr.range) { [self] in layout(expr) }
  }

  /// Numbers and names: many of them stand on one line.
  private func isShort(_ expr: Expr) -> Bool {
    switch expr.kind {
    case .number, .bool, .none, .name: true
    case .unary(.negate, let operand): isShort(operand)
    default: false
    }
  }
}

// MARK: - Operators

extension LayoutBuilder {
  /// Operators of one precedence in a row: `a + b - c`; broken after an operator.
  private func chain(_ expr: Expr) -> Layout {
    var operands: [(sign: String, expr: Expr)] = []
    var first = expr
    let level = precedence(expr)
    while let (left, sign, right) = parts(first), precedence(first) == level {
      operands.append((sign, right))
      first = left
    }
    operands.reverse()
    var result = [whole(layout(first))]
    var end = Int(first.range.upper)
    var isForced = false
    for (sign, operand) in operands {
      let start = Int(operand.range.lower)
      isForced = isForced || isBroken(end, start)
      result.append(.text(" " + sign))
      result.append(gap(end, start, otherwise: .fill))
      result.append(whole(layout(operand)))
      end = Int(operand.range.upper)
    }
    return .group(.hanging(result), isBroken: isForced)
  }

  /// An operand among the parts of a hanging row, where sequences are gaps.
  private func whole(_ layout: Layout) -> Layout { .group(layout, isBroken: false) }

  private func precedence(_ expr: Expr) -> Precedence? {
    switch expr.kind {
    case .or: return .or
    case .and: return .and
    case .binary(let op, _, _, _):
      switch op {
      case .add, .subtract: return .sum
      case .multiply, .divide, .floorDivide, .remainder, .matmul: return .product
      case .power: return nil
      case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: return .comparison
      }
    default: return nil
    }
  }

  private func parts(_ expr: Expr) -> (Expr, String, Expr)? {
    switch expr.kind {
    case .binary(.power, _, _, _): nil
    case .binary(let op, _, let left, let right): (left, op.rawValue, right)
    case .and(let left, let right): (left, "and", right)
    case .or(let left, let right): (left, "or", right)
    default: nil
    }
  }

  /// `x |> f |> g` and `f >> g`; broken before an operator.
  private func pipeline(_ expr: Expr) -> Layout {
    var stages: [Expr]
    let sign: String
    if case .compose(let parts) = expr.kind {
      stages = parts
      sign = ">> "
    } else {
      stages = []
      var first = expr
      while case .pipe(let left, let right) = first.kind {
        stages.append(right)
        first = left
      }
      stages.append(first)
      stages.reverse()
      sign = "|> "
    }
    var result = [whole(layout(stages[0]))]
    var end = Int(stages[0].range.upper)
    var isForced = false
    for stage in stages.dropFirst() {
      let start = Int(stage.range.lower)
      isForced = isForced || isBroken(end, start)
      result.append(gap(end, start, otherwise: isForced ? .fill : .line(" ")))
      result.append(.text(sign))
      result.append(whole(layout(stage)))
      end = Int(stage.range.upper)
    }
    return .group(.hanging(result), isBroken: isForced)
  }
}

// MARK: - Brackets

extension LayoutBuilder {
  /// Items in brackets.
  ///
  /// Where the author broke the line, it stays broken; else all of it stands on one line, or if
  /// that is too long each item on its own (short ones as many as fit).
  func list(
    _ open: String, _ items: [Piece], _ close: String, _ range: TextRange,
    isTuple: Bool = false, hasTrailingComma: Bool = true, fills: Bool = false
  ) -> Layout {
    let inner = Int(range.lower) + open.utf8.count
    let outer = Int(range.upper) - close.utf8.count
    guard let first = items.first else {
      guard hasComments(from: inner, to: outer) else { return .text(open + close) }
      let inside = closing(inner, outer, isForced: true).inside
      return .group(
        .sequence([.text(open), .indent(.sequence(inside)), .newline, .text(close)]),
        isBroken: true)
    }
    let needsComma = isTuple && items.count == 1
    let isForced = hasOwnBreaks(items, inner, outer)
    let separator: Layout = isForced || fills ? .fill : .line(" ")
    var content = [gap(inner, Int(first.range.lower), otherwise: isForced ? .empty : .line(""))]
    var end = inner
    for (index, item) in items.enumerated() {
      if index > 0 {
        content.append(.text(","))
        content.append(gap(end, Int(item.range.lower), otherwise: separator))
      }
      content.append(item.build())
      end = Int(item.range.upper)
    }
    let closesOnOwnLine = isBroken(end, outer)
    if needsComma || (closesOnOwnLine && hasTrailingComma) {
      content.append(.text(","))
    } else if !isForced, hasTrailingComma {
      content.append(.ifBroken(","))
    }
    let last = closing(end, outer, isForced: isForced)
    return .group(
      .sequence(
        [.text(open), .indent(.sequence(content + last.inside))] + last.after + [.text(close)]),
      isBroken: isForced)
  }

  /// What stands before a closing bracket: comments further in, the line end not.
  private func closing(_ end: Int, _ outer: Int, isForced: Bool) -> (
    inside: [Layout], after: [Layout]
  ) {
    guard hasComments(from: end, to: outer) else {
      if isBroken(end, outer) { return ([], [.newline]) }
      return ([], isForced ? [] : [.line("")])
    }
    var inside: [Layout] = []
    var last = line(max(0, end - 1))
    for comment in comments(from: end, to: outer) {
      let isTrailing = line(Int(comment.range.lower)) == last && inside.isEmpty
      inside.append(isTrailing ? .text("  ") : .newline)
      inside.append(.comment(text(comment)))
      last = line(Int(comment.range.lower))
    }
    return (inside, [.newline])
  }

  /// Whether the author broke the line between items, not only inside of them.
  private func hasOwnBreaks(_ items: [Piece], _ inner: Int, _ outer: Int) -> Bool {
    var end = inner
    for item in items {
      if isBroken(end, Int(item.range.lower)) { return true }
      end = Int(item.range.upper)
    }
    return isBroken(end, outer)
  }

  private func arguments(_ arguments: [Argument], _ callee: TextRange, _ call: TextRange) -> Layout
  {
    let items = arguments.map { argument in
      let range = argument.label?.range.joined(argument.value.range) ?? argument.value.range
      return Piece(range: range) { [self] in
        guard let label = argument.label else { return layout(argument.value) }
        return .sequence([.text("\(label.name): "), layout(argument.value)])
      }
    }
    return list("(", items, ")", TextRange(Int(callee.upper), Int(call.upper)))
  }

  private func index(_ items: [IndexItem], _ base: Expr, _ whole: Expr) -> Layout {
    let pieces = items.map { item in Piece(range: item.range) { [self] in layout(item) } }
    return list(
      "[", pieces, "]", TextRange(Int(base.range.upper), Int(whole.range.upper)), fills: true)
  }

  private func layout(_ item: IndexItem) -> Layout {
    switch item {
    case .expression(let value): return layout(value)
    case .newAxis: return .text("none")
    case .range(let lower, let upper, _):
      let start = lower.map(layout) ?? .empty
      return .sequence([start, .text(".."), upper.map(layout) ?? .empty])
    }
  }

  private func record(_ fields: [(Identifier, Expr)], _ range: TextRange) -> Layout {
    let items = fields.map { name, value in
      Piece(range: name.range.joined(value.range)) { [self] in
        .sequence([.text("\(name.name): "), layout(value)])
      }
    }
    return list("{", items, "}", range)
  }

  private func comprehension(
    _ range: TextRange, _ value: Expr, _ pattern: Pattern, _ values: Expr, _ condition: Expr?
  ) -> Layout {
    // The clauses begin at most a word before what they hold.
    let inner = Int(range.lower) + 1
    let outer = Int(range.upper) - 1
    let start = gap(inner, Int(value.range.lower), otherwise: .line(""))
    var isForced = isBroken(inner, Int(value.range.lower))
    var content = [start, layout(value)]
    isForced = isForced || isBroken(Int(value.range.upper), Int(pattern.range.lower))
    content.append(
      gap(
        Int(value.range.upper), Int(pattern.range.lower), otherwise: isForced ? .fill : .line(" ")))
    content += [.text("for "), layout(pattern), .text(" in "), layout(values)]
    var end = Int(values.range.upper)
    if let condition {
      isForced = isForced || isBroken(end, Int(condition.range.lower))
      content.append(
        gap(end, Int(condition.range.lower), otherwise: isForced ? .fill : .line(" ")))
      content += [.text("if "), layout(condition)]
      end = Int(condition.range.upper)
    }
    isForced = isForced || isBroken(end, outer)
    let last = closing(end, outer, isForced: isForced)
    return .group(
      .sequence(
        [.text("["), .indent(.sequence(content + last.inside))] + last.after + [.text("]")]),
      isBroken: isForced)
  }
}

// MARK: - Functions and choices

extension LayoutBuilder {
  private func lambda(_ function: FunctionDeclaration) -> Layout {
    var parts: [Layout] = []
    var end = Int(function.range.lower)
    if let only = function.parameters.first, function.parameters.count == 1, only.shape == nil,
      only.defaultValue == nil, isPlain(only.pattern)
    {
      parts.append(layout(only.pattern))
      end = Int(only.range.upper)
    } else {
      parts.append(parameters(function.parameters, from: end))
      end = parentheses(function.parameters, from: end).1
    }
    parts.append(.text(" ->"))
    switch function.body {
    case .block(let body) where body.statements.isEmpty: parts.append(emptyBlock(body.range))
    case .block(let body):
      let isBroken = isBroken(body.range)
      parts += [.space, .block(block(body, isBroken: isBroken), isBroken: isBroken)]
    case .expression(let value):
      parts.append(after(find(UInt8(ascii: ">"), from: end), value))
    }
    return .sequence(parts)
  }

  /// Empty braces after "->" would be a record.
  private func emptyBlock(_ range: TextRange) -> Layout {
    let inside = closing(Int(range.lower) + 1, Int(range.upper) - 1, isForced: true).inside
    if inside.isEmpty { return .text(" {;}") }
    return .group(
      .sequence([.text(" {;"), .indent(.sequence(inside)), .newline, .text("}")]), isBroken: true)
  }

  private func isPlain(_ pattern: Pattern) -> Bool {
    if case .tuple = pattern { return false }
    return true
  }

  /// All branches on one line, or all of them broken.
  private func conditional(
    _ branches: [(condition: Expr, body: Block)], _ otherwise: Block?
  ) -> Layout {
    let blocks = branches.map(\.body) + (otherwise.map { [$0] } ?? [])
    let isBroken = blocks.contains { self.isBroken($0.range) }
    var parts: [Layout] = []
    for (index, branch) in branches.enumerated() {
      parts.append(.text(index == 0 ? "if " : " else if "))
      parts += [layout(branch.condition), .space, block(branch.body, isBroken: isBroken)]
    }
    if let otherwise { parts += [.text(" else "), block(otherwise, isBroken: isBroken)] }
    return .block(.sequence(parts), isBroken: isBroken)
  }
}

// What statements and expressions are made of, one level down: for whoever goes through a tree.

extension Statement.Kind {
  /// Calls with the expressions directly in it, and with its blocks.
  package func forEachPart(_ expression: (Expr) -> Void, _ block: (Block) -> Void) {
    switch self {
    case .define(_, let value), .param(_, let value), .layer(_, let value), .expression(let value):
      expression(value)
    case .assign(let target, _, let value):
      expression(target)
      expression(value)
    case .function(let function): function.forEachPart(expression, block)
    case .model(let model):
      for parameter in model.parameters { parameter.defaultValue.map(expression) }
      block(Block(model.members, model.bodyRange))
      model.forward.forEachPart(expression, block)
    case .forLoop(_, let source, let body):
      expression(source)
      block(body)
    case .whileLoop(let condition, let body):
      expression(condition)
      block(body)
    case .returnValue(let value): value.map(expression)
    case .test(_, let body): block(body)
    case .assert(let condition, let message):
      expression(condition)
      message.map(expression)
    case .breakLoop, .continueLoop, .importFile, .invalid: break
    }
  }
}

extension FunctionDeclaration {
  package func forEachPart(_ expression: (Expr) -> Void, _ block: (Block) -> Void) {
    for parameter in parameters { parameter.defaultValue.map(expression) }
    switch body {
    case .expression(let value): expression(value)
    case .block(let body): block(body)
    }
  }
}

extension Expr.Kind {
  /// Calls with the expressions directly in it, and with its blocks.
  package func forEachPart(_ expression: (Expr) -> Void, _ block: (Block) -> Void) {
    switch self {
    case .number, .bool, .none, .name, .hole, .invalid: break
    case .string(let pieces):
      for case .interpolation(let value, _) in pieces { expression(value) }
    case .unary(_, let a), .transpose(let a), .field(let a, _), .parenthesized(let a):
      expression(a)
    case .binary(_, _, let a, let b), .and(let a, let b), .or(let a, let b), .pipe(let a, let b),
      .range(let a, let b):
      expression(a)
      expression(b)
    case .compose(let all), .brackets(let all), .tuple(let all): all.forEach(expression)
    case .call(let base, let arguments), .methodCall(let base, _, let arguments):
      expression(base)
      for argument in arguments { expression(argument.value) }
    case .index(let base, let items):
      expression(base)
      for item in items { item.forEachPart(expression) }
    case .comprehension(let value, _, let source, let condition):
      expression(value)
      expression(source)
      condition.map(expression)
    case .record(let fields): for field in fields { expression(field.1) }
    case .lambda(let function): function.forEachPart(expression, block)
    case .conditional(let branches, let otherwise):
      for branch in branches {
        expression(branch.condition)
        block(branch.body)
      }
      otherwise.map(block)
    }
  }
}

extension IndexItem {
  fileprivate func forEachPart(_ expression: (Expr) -> Void) {
    switch self {
    case .expression(let value): expression(value)
    case .range(let from, let to, _):
      from.map(expression)
      to.map(expression)
    case .newAxis: break
    }
  }
}

extension Statement {
  /// The blocks directly in it.
  package var blocks: [Block] {
    var blocks: [Block] = []
    kind.forEachPart({ _ in }, { blocks.append($0) })
    return blocks
  }
}

extension Expr {
  /// The expression inside of parentheses.
  package var bare: Expr {
    if case .parenthesized(let inner) = kind { inner.bare } else { self }
  }
}

/// Goes through a tree: every expression and every block.
package func visitTree(
  _ statements: [Statement], expression: (Expr) -> Void, block: (Block) -> Void = { _ in }
) {
  var expressions: [Expr] = []
  var rest = Array(statements.reversed())
  while let statement = rest.popLast() {
    var blocks: [Block] = []
    statement.kind.forEachPart({ expressions.append($0) }, { blocks.append($0) })
    while let next = expressions.popLast() {
      expression(next)
      next.kind.forEachPart({ expressions.append($0) }, { blocks.append($0) })
    }
    for inner in blocks {
      block(inner)
      rest += inner.statements.reversed()
    }
  }
}

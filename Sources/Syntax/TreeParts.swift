// What statements and expressions are made of, one level down: for whoever goes through a tree.

extension Statement {
  /// Expressions directly in it, and blocks.
  package var parts: (expressions: [Expr], blocks: [Block]) {
    switch kind {
    case .define(_, let value), .param(_, let value), .layer(_, let value), .expression(let value):
      return ([value], [])
    case .assign(let target, _, let value): return ([target, value], [])
    case .function(let function): return function.parts
    case .model(let model):
      let all = model.members.map(\.parts) + [model.forward.parts]
      let own = model.parameters.compactMap(\.defaultValue)
      return (own + all.flatMap(\.expressions), all.flatMap(\.blocks))
    case .forLoop(_, let source, let body): return ([source], [body])
    case .whileLoop(let condition, let body): return ([condition], [body])
    case .returnValue(let value): return (value.map { [$0] } ?? [], [])
    case .test(_, let body): return ([], [body])
    case .assert(let condition, let message):
      return ([condition] + (message.map { [$0] } ?? []), [])
    case .breakLoop, .continueLoop, .importFile, .invalid: return ([], [])
    }
  }
}

extension FunctionDeclaration {
  package var parts: (expressions: [Expr], blocks: [Block]) {
    let defaults = parameters.compactMap(\.defaultValue)
    switch body {
    case .expression(let value): return (defaults + [value], [])
    case .block(let block): return (defaults, [block])
    }
  }
}

extension Expr {
  /// Expressions directly in it, and blocks.
  package var parts: (expressions: [Expr], blocks: [Block]) {
    switch kind {
    case .number, .bool, .none, .name, .hole, .invalid: return ([], [])
    case .string(let pieces):
      return (
        pieces.compactMap { if case .interpolation(let value, _) = $0 { value } else { nil } }, []
      )
    case .unary(_, let a), .transpose(let a), .field(let a, _), .parenthesized(let a):
      return ([a], [])
    case .binary(_, _, let a, let b), .and(let a, let b), .or(let a, let b), .pipe(let a, let b),
      .range(let a, let b):
      return ([a, b], [])
    case .compose(let stages), .brackets(let stages), .tuple(let stages): return (stages, [])
    case .call(let function, let arguments): return ([function] + arguments.map(\.value), [])
    case .methodCall(let target, _, let arguments): return ([target] + arguments.map(\.value), [])
    case .index(let target, let items): return ([target] + items.flatMap(Expr.expressions), [])
    case .comprehension(let value, _, let source, let condition):
      return ([value, source] + (condition.map { [$0] } ?? []), [])
    case .record(let fields): return (fields.map(\.1), [])
    case .lambda(let function): return function.parts
    case .conditional(let branches, let otherwise):
      return (branches.map(\.condition), branches.map(\.body) + (otherwise.map { [$0] } ?? []))
    }
  }

  private static func expressions(_ item: IndexItem) -> [Expr] {
    switch item {
    case .expression(let value): [value]
    case .range(let from, let to, _): [from, to].compactMap { $0 }
    case .newAxis: []
    }
  }

  /// The expression inside of parentheses.
  package var bare: Expr {
    if case .parenthesized(let inner) = kind { inner.bare } else { self }
  }
}

/// Goes through a tree: every expression and every block, outer ones first.
package func visitTree(
  _ statements: [Statement], expression: (Expr) -> Void, block: (Block) -> Void = { _ in }
) {
  var expressions: [Expr] = []
  var rest = Array(statements.reversed())
  while let statement = rest.popLast() {
    let parts = statement.parts
    expressions += parts.expressions
    var blocks = parts.blocks
    while let next = expressions.popLast() {
      expression(next)
      expressions += next.parts.expressions
      blocks += next.parts.blocks
    }
    for inner in blocks {
      block(inner)
      rest += inner.statements.reversed()
    }
  }
}

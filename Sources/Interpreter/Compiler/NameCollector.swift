// Which names inner functions mention: variables with such a name live in cells.

import Syntax

/// Walks a tree and collects the names that functions inside it mention.
struct NameCollector {
  private(set) var names: Set<String> = []
  private var depth = 0

  /// The names mentioned by functions nested in these statements.
  static func captured(by statements: [Statement]) -> Set<String> {
    var collector = NameCollector()
    for statement in statements { collector.visit(statement) }
    return collector.names
  }

  static func captured(by function: FunctionDeclaration) -> Set<String> {
    var collector = NameCollector()
    collector.visitParts(function)
    return collector.names
  }

  private mutating func visitParts(_ function: FunctionDeclaration) {
    for parameter in function.parameters {
      if let value = parameter.defaultValue { visit(value) }
    }
    switch function.body {
    case .expression(let expr): visit(expr)
    case .block(let block): block.statements.forEach { visit($0) }
    }
  }

  private mutating func nested(_ function: FunctionDeclaration) {
    depth += 1
    visitParts(function)
    depth -= 1
  }

  private mutating func visit(_ block: Block) { block.statements.forEach { visit($0) } }

  private mutating func visit(_ statement: Statement) {
    switch statement.kind {
    case .define(_, let value), .param(_, let value), .layer(_, let value), .expression(let value):
      visit(value)
    case .assign(let target, _, let value):
      visit(target)
      visit(value)
    case .function(let function): nested(function)
    case .model(let model):
      depth += 1
      model.members.forEach { visit($0) }
      visitParts(model.forward)
      depth -= 1
    case .forLoop(_, let values, let body):
      visit(values)
      visit(body)
    case .whileLoop(let condition, let body):
      visit(condition)
      visit(body)
    case .returnValue(let value): if let value { visit(value) }
    case .test(_, let block): visit(block)
    case .assert(let condition, let message):
      visit(condition)
      if let message { visit(message) }
    case .breakLoop, .continueLoop, .importFile, .invalid: break
    }
  }

  private mutating func visit(_ expr: Expr) {
    switch expr.kind {
    case .number, .bool, .none, .hole, .invalid: break
    case .name(let name): if depth > 0 { names.insert(name) }
    case .string(let pieces):
      for case .interpolation(let value, _) in pieces { visit(value) }
    case .unary(_, let a), .transpose(let a), .parenthesized(let a), .field(let a, _): visit(a)
    case .binary(_, _, let a, let b), .and(let a, let b), .or(let a, let b), .pipe(let a, let b),
      .range(let a, let b):
      visit(a)
      visit(b)
    case .compose(let parts), .brackets(let parts), .tuple(let parts): parts.forEach { visit($0) }
    case .call(let callee, let arguments):
      visit(callee)
      arguments.forEach { visit($0.value) }
    case .methodCall(let base, let name, let arguments):
      visit(base)
      if depth > 0 { names.insert(name.name) }
      arguments.forEach { visit($0.value) }
    case .index(let base, let items):
      visit(base)
      for item in items {
        switch item {
        case .expression(let value): visit(value)
        case .range(let lower, let upper, _):
          if let lower { visit(lower) }
          if let upper { visit(upper) }
        case .newAxis: break
        }
      }
    case .comprehension(let value, _, let source, let condition):
      visit(source)
      visit(value)
      if let condition { visit(condition) }
    case .record(let fields): fields.forEach { visit($0.1) }
    case .lambda(let function): nested(function)
    case .conditional(let branches, let otherwise):
      for branch in branches {
        visit(branch.condition)
        visit(branch.body)
      }
      if let otherwise { visit(otherwise) }
    }
  }
}

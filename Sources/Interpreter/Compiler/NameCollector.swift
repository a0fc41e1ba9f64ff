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
    function.forEachPart({ visit($0) }, { visit($0) })
  }

  private mutating func visit(_ block: Block) { block.statements.forEach { visit($0) } }

  private mutating func visit(_ statement: Statement) {
    var isNested = false
    switch statement.kind {
    case .function, .model: isNested = true
    default: break
    }
    if isNested { depth += 1 }
    statement.kind.forEachPart({ visit($0) }, { visit($0) })
    if isNested { depth -= 1 }
  }

  private mutating func visit(_ expr: Expr) {
    var isNested = false
    switch expr.kind {
    case .name(let name): if depth > 0 { names.insert(name) }
    case .methodCall(_, let name, _): if depth > 0 { names.insert(name.name) }
    case .lambda: isNested = true
    default: break
    }
    if isNested { depth += 1 }
    expr.kind.forEachPart({ visit($0) }, { visit($0) })
    if isNested { depth -= 1 }
  }
}

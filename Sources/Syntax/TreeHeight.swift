// How tall trees are. Whoever walks a tree recurses, down to the release of its nodes, so the
// parser keeps them lower than any stack: brackets nest at most `Parser.maximumNesting` deep, and
// chains like `a + b + c + …`, which grow to the left without nesting, stop at `maximum`.

package enum TreeHeight {
  /// The tallest expression that the parser makes by chaining.
  package static let maximum = 1_000

  static func below(_ kind: Expr.Kind) -> Int {
    switch kind {
    case .number, .bool, .none, .name, .hole, .invalid: 0
    case .string(let pieces): string(pieces)
    case .unary(_, let a), .transpose(let a), .field(let a, _), .parenthesized(let a): a.height
    case .binary(_, _, let a, let b), .and(let a, let b), .or(let a, let b), .pipe(let a, let b),
      .range(let a, let b):
      max(a.height, b.height)
    case .compose(let parts), .brackets(let parts), .tuple(let parts): tallest(parts)
    case .call(let callee, let arguments): max(callee.height, tallest(arguments))
    case .methodCall(let base, _, let arguments): max(base.height, tallest(arguments))
    case .index(let base, let items): max(base.height, tallest(items))
    case .comprehension(let value, _, let source, let condition):
      max(value.height, source.height, condition?.height ?? 0)
    case .record(let fields): fields.reduce(0) { max($0, $1.1.height) }
    case .lambda(let function): below(function)
    case .conditional(let branches, let otherwise):
      branches.reduce(otherwise.map(below) ?? 0) {
        max($0, $1.condition.height, below($1.body))
      }
    }
  }

  static func below(_ kind: Statement.Kind) -> Int {
    switch kind {
    case .define(_, let a), .param(_, let a), .layer(_, let a), .expression(let a): a.height
    case .assign(let a, _, let b): max(a.height, b.height)
    case .function(let function): below(function)
    case .model(let model):
      model.members.reduce(below(model.forward)) { max($0, $1.height) }
    case .forLoop(_, let values, let body): max(values.height, below(body))
    case .whileLoop(let condition, let body): max(condition.height, below(body))
    case .returnValue(let value): value?.height ?? 0
    case .test(_, let body): below(body)
    case .assert(let condition, let message): max(condition.height, message?.height ?? 0)
    case .breakLoop, .continueLoop, .importFile, .invalid: 0
    }
  }

  private static func below(_ function: FunctionDeclaration) -> Int {
    let defaults = function.parameters.reduce(0) { max($0, $1.defaultValue?.height ?? 0) }
    switch function.body {
    case .expression(let body): return max(defaults, body.height)
    case .block(let block): return max(defaults, below(block))
    }
  }

  private static func below(_ block: Block) -> Int {
    block.statements.reduce(0) { max($0, $1.height) }
  }

  private static func string(_ pieces: [StringPiece]) -> Int {
    var height = 0
    for case .interpolation(let value, _) in pieces { height = max(height, value.height) }
    return height
  }

  private static func tallest(_ parts: [Expr]) -> Int {
    parts.reduce(0) { max($0, $1.height) }
  }

  private static func tallest(_ arguments: [Argument]) -> Int {
    arguments.reduce(0) { max($0, $1.value.height) }
  }

  private static func tallest(_ items: [IndexItem]) -> Int {
    var height = 0
    for item in items {
      switch item {
      case .expression(let value): height = max(height, value.height)
      case .range(let lower, let upper, _):
        height = max(height, lower?.height ?? 0, upper?.height ?? 0)
      case .newAxis: break
      }
    }
    return height
  }
}

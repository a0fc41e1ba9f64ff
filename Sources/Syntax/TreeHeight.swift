// How tall trees are. Whoever walks a tree recurses, down to the release of its nodes, so the
// parser keeps them lower than any stack: brackets nest at most `Parser.maximumNesting` deep, and
// chains like `a + b + c + …`, which grow to the left without nesting, stop at `maximum`.

package enum TreeHeight {
  /// The tallest expression that the parser makes by chaining.
  package static let maximum = 1_000

  static func below(_ kind: Expr.Kind) -> Int { tallest(kind.forEachPart) }

  static func below(_ kind: Statement.Kind) -> Int { tallest(kind.forEachPart) }

  private static func tallest(_ forEachPart: ((Expr) -> Void, (Block) -> Void) -> Void) -> Int {
    var height = 0
    forEachPart(
      { height = max(height, $0.height) },
      { for statement in $0.statements { height = max(height, statement.height) } })
    return height
  }
}

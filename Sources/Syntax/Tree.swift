// The syntax tree: what the parser makes, the formatter prints and the compiler reads.
// Nodes are classes with a range; the source text is kept by the `Program`.

import Diagnostics

/// A parsed source: statements, and the comments that the formatter puts back.
package struct Program {
  package let source: SourceText
  package var statements: [Statement]
  package var comments: [Comment]

  package init(source: SourceText, statements: [Statement], comments: [Comment]) {
    self.source = source
    self.statements = statements
    self.comments = comments
  }
}

/// A `#` or `##` comment (or a `#!` first line) with its range, including the marks.
package struct Comment: Sendable {
  package var range: TextRange
  package var isDocumentation: Bool

  package init(range: TextRange, isDocumentation: Bool) {
    self.range = range
    self.isDocumentation = isDocumentation
  }
}

/// A name with its place.
package struct Identifier: Sendable {
  package var name: String
  package var range: TextRange

  package init(_ name: String, _ range: TextRange) {
    self.name = name
    self.range = range
  }
}

/// A statement.
package final class Statement {
  package enum Kind {
    /// `let PATTERN = EXPR`
    case define(Pattern, Expr)
    /// `param NAME = EXPR`
    case param(Identifier, Expr)
    /// `layer NAME = EXPR` (directly inside a model body).
    case layer(Identifier, Expr)
    /// `TARGET = EXPR`, `TARGET += EXPR` …; the operator is nil for a plain `=`.
    /// The target is a name, an index, a field or (plain `=` only) a tuple of those and `_`.
    case assign(Expr, BinaryOperator?, Expr)
    /// `fn NAME(…) …`
    case function(FunctionDeclaration)
    /// `model NAME(…) { … }`
    case model(ModelDeclaration)
    case forLoop(Pattern, Expr, Block)
    case whileLoop(Expr, Block)
    case breakLoop
    case continueLoop
    case returnValue(Expr?)
    /// `import "path" as name`
    case importFile(path: String, pathRange: TextRange, alias: Identifier)
    /// `test "name" { … }`
    case test(name: String, Block)
    /// `assert CONDITION` or `assert CONDITION, "message"`.
    case assert(Expr, Expr?)
    case expression(Expr)
    /// What the parser skipped after a syntax error.
    case invalid
  }

  package let kind: Kind
  package let range: TextRange
  /// Text of the `##` comments directly above, joined with newlines, marks removed.
  package let documentation: String?
  /// Levels of tree below and including this; see `TreeHeight`.
  package let height: Int

  package init(_ kind: Kind, _ range: TextRange, documentation: String? = nil) {
    self.kind = kind
    self.range = range
    self.documentation = documentation
    self.height = 1 + TreeHeight.below(kind)
  }
}

/// Statements in braces; a scope whose value is that of its last expression.
package struct Block {
  package var statements: [Statement]
  package var range: TextRange

  package init(_ statements: [Statement], _ range: TextRange) {
    self.statements = statements
    self.range = range
  }
}

/// What stands to the left of `=` in a definition, in a loop header or as lambda parameters.
package enum Pattern {
  case name(Identifier)
  /// `_`
  case ignore(TextRange)
  case tuple([Pattern], TextRange)

  package var range: TextRange {
    switch self {
    case .name(let identifier): identifier.range
    case .ignore(let range): range
    case .tuple(_, let range): range
    }
  }
}

/// One size in a signature's `[b, t, d]`.
package enum DimensionSpec: Sendable {
  /// A name that binds at the call, or refers to a model's parameter.
  case name(Identifier)
  case size(Int, TextRange)
  /// `..`: any leading axes; only first.
  case anyLeading(TextRange)
}

/// `name: [dims] = default`; the range is that of all of it.
package struct ParameterDeclaration {
  package var pattern: Pattern
  package var shape: [DimensionSpec]?
  package var defaultValue: Expr?
  package var range: TextRange

  package init(
    pattern: Pattern, shape: [DimensionSpec]?, defaultValue: Expr?, range: TextRange
  ) {
    self.pattern = pattern
    self.shape = shape
    self.defaultValue = defaultValue
    self.range = range
  }
}

/// What a function does: `= EXPR`, `-> EXPR` or `{ … }`.
package enum FunctionBody {
  case expression(Expr)
  case block(Block)
}

/// A named function, a model's `forward`, or a lambda (name nil).
package final class FunctionDeclaration {
  package let name: Identifier?
  package let parameters: [ParameterDeclaration]
  package let resultShape: [DimensionSpec]?
  package let body: FunctionBody
  package let range: TextRange
  package let documentation: String?

  package init(
    name: Identifier?, parameters: [ParameterDeclaration], resultShape: [DimensionSpec]?,
    body: FunctionBody, range: TextRange, documentation: String? = nil
  ) {
    self.name = name
    self.parameters = parameters
    self.resultShape = resultShape
    self.body = body
    self.range = range
    self.documentation = documentation
  }
}

// `model NAME(parameters) { layer …; param …; let …; forward(x: …) … }`
package final class ModelDeclaration {
  package let name: Identifier
  package let parameters: [ParameterDeclaration]
  /// `layer`, `param`, `let` and `fn` statements in the order written.
  package let members: [Statement]
  package let forward: FunctionDeclaration
  package let range: TextRange
  /// From the opening brace to the closing one.
  package let bodyRange: TextRange
  package let documentation: String?

  package init(
    name: Identifier, parameters: [ParameterDeclaration], members: [Statement],
    forward: FunctionDeclaration, range: TextRange, bodyRange: TextRange,
    documentation: String?
  ) {
    self.name = name
    self.parameters = parameters
    self.members = members
    self.forward = forward
    self.range = range
    self.bodyRange = bodyRange
    self.documentation = documentation
  }
}

package enum BinaryOperator: String, Sendable, CaseIterable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case floorDivide = "//"
  case remainder = "%"
  case matmul = "@"
  case power = "^"
  case equal = "=="
  case notEqual = "!="
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
}

package enum UnaryOperator: String, Sendable {
  case negate = "-"
  case not = "not"
}

/// A positional or named argument.
package struct Argument {
  package var label: Identifier?
  package var value: Expr

  package init(label: Identifier?, value: Expr) {
    self.label = label
    self.value = value
  }
}

/// One place between the brackets of `x[…]`.
package enum IndexItem {
  case expression(Expr)
  /// `a..b`, `a..`, `..b`, `..`; half-open, either end may be missing.
  case range(Expr?, Expr?, TextRange)
  /// `none`: a new axis.
  case newAxis(TextRange)

  package var range: TextRange {
    switch self {
    case .expression(let expr): expr.range
    case .range(_, _, let range), .newAxis(let range): range
    }
  }
}

/// A piece of an interpolated string.
package enum StringPiece {
  /// Text with its escapes already replaced.
  case text(String)
  /// `{EXPR}` or `{EXPR:SPEC}`.
  case interpolation(Expr, format: String?)
}

/// An expression.
package final class Expr {
  package enum Kind {
    /// A number; `isInteger` when it was written without dot and exponent. The value of an
    /// integer literal too large for Int is its Double.
    case number(Double, isInteger: Bool)
    case bool(Bool)
    case string([StringPiece])
    case none
    case name(String)
    /// `_` as an argument.
    case hole
    case unary(UnaryOperator, Expr)
    /// The range is the operator's own.
    case binary(BinaryOperator, TextRange, Expr, Expr)
    case and(Expr, Expr)
    case or(Expr, Expr)
    /// Postfix `'`.
    case transpose(Expr)
    /// `x |> f`
    case pipe(Expr, Expr)
    /// `f >> g >> h`, flattened, at least two.
    case compose([Expr])
    /// `a..b`
    case range(Expr, Expr)
    case call(Expr, [Argument])
    case index(Expr, [IndexItem])
    /// `x.name`
    case field(Expr, Identifier)
    /// `x.name(args)`: a field wins, else `name(x, args)`.
    case methodCall(Expr, Identifier, [Argument])
    /// `[a, b]`
    case brackets([Expr])
    /// `[value for pattern in source if condition]`
    case comprehension(value: Expr, pattern: Pattern, source: Expr, condition: Expr?)
    /// `(a, b)`, `()`, `(a,)`
    case tuple([Expr])
    /// `{lr: 0.1}`
    case record([(Identifier, Expr)])
    case lambda(FunctionDeclaration)
    /// `if c { } else if d { } else { }`
    case conditional([(condition: Expr, body: Block)], otherwise: Block?)
    /// `( EXPR )`, kept for the formatter.
    case parenthesized(Expr)
    /// What the parser skipped after a syntax error.
    case invalid
  }

  package let kind: Kind
  package let range: TextRange
  /// Levels of tree below and including this; see `TreeHeight`.
  package let height: Int

  package init(_ kind: Kind, _ range: TextRange) {
    self.kind = kind
    self.range = range
    self.height = 1 + TreeHeight.below(kind)
  }
}

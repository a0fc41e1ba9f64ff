import Engine

/// A mistake of the user that a shape rule, a kernel or a gradient rule found.
///
/// Operands are named by their index; the interpreter, which knows spans and names, turns them
/// into labels on the source. In `message`, `{0}` and `{1}` stand for the operands' source text.
package struct OperatorProblem: Error, Sendable {
  package enum Kind: String, Sendable {
    case shape, dtype, index, value, type, memory, gradient, file, interrupt
  }

  package var kind: Kind
  package var message: String
  /// Indices of the operands to label with what they are; empty labels all.
  package var operands: [Int]
  /// At most one suggestion; may use `{0}` and `{1}` too.
  package var help: String?
  /// The node whose kernel found it, when the problem came while numbers were made.
  package var origin: Origin
  /// Where the value that it is about was changed since, where that is the mistake.
  package var changedAt = Origin.unknown
  /// What the operands are called and where they were made, when it came while numbers were made:
  /// they stand for `{0}` and `{1}`.
  package var made: [(name: String?, origin: Origin)] = []
  /// The row of an operand in which it is, where the message says `row 3`.
  package var row: Int?

  package init(
    _ kind: Kind, _ message: String, operands: [Int] = [], help: String? = nil,
    origin: Origin = .unknown, row: Int? = nil
  ) {
    self.kind = kind
    self.message = message
    self.operands = operands
    self.help = help
    self.origin = origin
    self.row = row
  }
}

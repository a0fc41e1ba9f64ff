// The one table of operators: how tightly each binds and what it makes.

/// How tightly operators bind, loosest first.
package enum Precedence: Int, Comparable, Sendable {
  case lambda, or, and, not, comparison, pipe, compose, range, sum, product, unary, power

  package static func < (a: Precedence, b: Precedence) -> Bool { a.rawValue < b.rawValue }

  /// The next tighter level: what an operand to the right of a left-associative operator needs.
  var tighter: Precedence { Precedence(rawValue: rawValue + 1) ?? .power }
}

/// An operator between two operands.
package struct Infix: Sendable {
  package enum Meaning: Sendable, Equatable {
    case binary(BinaryOperator)
    case or, and, pipe, compose, range
  }

  package var precedence: Precedence
  package var meaning: Meaning

  init(_ precedence: Precedence, _ meaning: Meaning) {
    self.precedence = precedence
    self.meaning = meaning
  }

  /// What the right operand has to bind like.
  ///
  /// `^` associates to the right, and a minus may stand there; the others associate to the left.
  var rightOperand: Precedence { precedence == .power ? .unary : precedence.tighter }
}

extension TokenKind {
  /// The operator that a token is between two operands.
  var infix: Infix? {
    switch self {
    case .or: Infix(.or, .or)
    case .and: Infix(.and, .and)
    case .equalEqual: Infix(.comparison, .binary(.equal))
    case .notEqual: Infix(.comparison, .binary(.notEqual))
    case .less: Infix(.comparison, .binary(.less))
    case .lessOrEqual: Infix(.comparison, .binary(.lessOrEqual))
    case .greater: Infix(.comparison, .binary(.greater))
    case .greaterOrEqual: Infix(.comparison, .binary(.greaterOrEqual))
    case .pipe: Infix(.pipe, .pipe)
    case .compose: Infix(.compose, .compose)
    case .dotDot: Infix(.range, .range)
    case .plus: Infix(.sum, .binary(.add))
    case .minus: Infix(.sum, .binary(.subtract))
    case .star: Infix(.product, .binary(.multiply))
    case .slash: Infix(.product, .binary(.divide))
    case .slashSlash: Infix(.product, .binary(.floorDivide))
    case .percent: Infix(.product, .binary(.remainder))
    case .at: Infix(.product, .binary(.matmul))
    case .caret: Infix(.power, .binary(.power))
    default: nil
    }
  }

  /// The operator of an update: `+=` and its like.
  var update: BinaryOperator? {
    switch self {
    case .plusEqual: .add
    case .minusEqual: .subtract
    case .starEqual: .multiply
    case .slashEqual: .divide
    case .slashSlashEqual: .floorDivide
    case .percentEqual: .remainder
    case .atEqual: .matmul
    case .caretEqual: .power
    default: nil
    }
  }

  /// Whether a line that ends with this goes on on the next.
  var continuesLine: Bool {
    switch self {
    case .equal, .arrow, .comma, .in, .not, .dot: true
    default: infix != nil || update != nil
    }
  }
}

// What one instruction of a fused loop does to every element.

/// An operation on the elements at one place. Truth is 1, and 0 is false.
package enum TileOperation: UInt8, Sendable, CaseIterable {
  case copy, negate, exp, log, sqrt, sin, cos, tanh, abs, sign, floor, round
  case sigmoid, relu, gelu, silu, softplus, erf
  case add, subtract, multiply, divide, maximum, minimum, power
  case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
  /// The second operand where the first is true, else the third.
  case select
  /// The first operand, no less than the second and no more than the third, which are numbers.
  case clip

  package var operands: Int {
    if rawValue < TileOperation.add.rawValue { return 1 }
    return rawValue < TileOperation.select.rawValue ? 2 : 3
  }

  package var isComparison: Bool {
    rawValue >= TileOperation.equal.rawValue && rawValue <= TileOperation.greaterOrEqual.rawValue
  }

  /// Whether the loop goes over single elements, whose result must lie apart from the operands to
  /// be vectorised, and not over vectors.
  var wantsOwnResult: Bool {
    switch self {
    case .exp, .log, .sin, .cos, .tanh, .sign, .floor, .round, .sigmoid, .gelu, .silu, .softplus,
      .erf, .power:
      true
    default: false
    }
  }

  /// Multiplications, additions and the like an element, roughly.
  package var flops: Int {
    switch self {
    case .copy: 0
    case .exp, .log, .sin, .cos, .erf, .power: 25
    case .tanh, .sigmoid, .silu, .gelu, .softplus: 30
    default: 1
    }
  }
}

/// One instruction of a tile program; operands are places in the program's table of addresses.
struct TileInstruction {
  /// Which operands are one number instead of a tile.
  enum Form: UInt8 { case tiles, secondIsNumber, firstIsNumber }

  var operation: TileOperation
  var form: Form
  var result: Int32
  var operands: (Int32, Int32, Int32)
}

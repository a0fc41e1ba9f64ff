// What one instruction of a fused loop does to every element.

/// An operation on the elements at one place. Truth is 1, and 0 is false.
package enum TileOperation: UInt8, Sendable, CaseIterable {
  case copy, negate, exp, log, sqrt, sin, cos, tanh, abs, sign, floor, round
  case sigmoid, relu, gelu, silu, softplus, erf, ceil, trunc
  case log1p, expm1, exp2, log2, log10, cbrt
  case tan, asin, acos, atan, sinh, cosh, asinh, acosh, atanh
  case add, subtract, multiply, divide, maximum, minimum, power
  case atan2, hypot
  case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
  /// The second operand where the first is true, else the third.
  case select
  /// The first operand, no less than the second and no more than the third, which are numbers.
  case clip

  package var operands: Int {
    if rawValue < TileOperation.add.rawValue { return 1 }
    return rawValue < TileOperation.select.rawValue ? 2 : 3
  }

  /// Whether an element is one call of the C library; see `TileLibrary`.
  var isLibraryCall: Bool {
    rawValue >= TileOperation.log1p.rawValue && rawValue <= TileOperation.atanh.rawValue
      || self == .atan2 || self == .hypot
  }

  package var isComparison: Bool {
    rawValue >= TileOperation.equal.rawValue && rawValue <= TileOperation.greaterOrEqual.rawValue
  }

  /// Whether the loop goes over single elements, whose result must lie apart from the operands to
  /// be vectorised, and not over vectors.
  var wantsOwnResult: Bool {
    switch self {
    case .exp, .log, .sin, .cos, .tanh, .sign, .floor, .round, .sigmoid, .gelu, .silu, .softplus,
      .erf, .power, .ceil, .trunc:
      true
    default: isLibraryCall
    }
  }

  /// Multiplications, additions and the like an element, roughly.
  package var flops: Int {
    switch self {
    case .copy: 0
    case .exp, .log, .sin, .cos, .erf, .power: 25
    case .tanh, .sigmoid, .silu, .gelu, .softplus: 30
    default: isLibraryCall ? 25 : 1
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

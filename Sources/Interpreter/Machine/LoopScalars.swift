// The numbers that a repeated turn of a loop computes besides its tensors: a straight line of arithmetic,
// with what has to be true for the turn to go the same way again.

import Autodiff

/// Arithmetic on cells, one after another.
struct LoopScalars {
  enum Work {
    case arithmetic(Opcode, Int, Int, into: Int)
    case comparison(Opcode, Int, Int, into: Int)
    case negate(Int, into: Int)
    case not(Int, into: Int)
    case copy(Int, into: Int)
    /// The turn goes another way where the cell, or the comparison, is not that.
    case check(Int, is: Bool)
    case checkComparison(Opcode, Int, Int, is: Bool)
  }

  private(set) var cells: [Double] = []
  private(set) var works: [Work] = []

  /// A new cell.
  mutating func cell(_ value: Double = 0) -> Int {
    cells.append(value)
    return cells.count - 1
  }

  mutating func add(_ work: Work) { works.append(work) }

  subscript(cell: Int) -> Double {
    get { cells[cell] }
    set { cells[cell] = newValue }
  }

  /// Computes them; false where the turn goes another way, or a result is no number.
  mutating func run() -> Bool {
    for work in works {
      switch work {
      case .arithmetic(let op, let x, let y, let result):
        let value = LoopScalars.value(op, cells[x], cells[y])
        guard let value else { return false }
        cells[result] = value
      case .comparison(let op, let x, let y, let result):
        cells[result] = op.compare(cells[x], cells[y]) ? 1 : 0
      case .negate(let x, let result): cells[result] = -cells[x]
      case .not(let x, let result): cells[result] = 1 - cells[x]
      case .copy(let x, let result): cells[result] = cells[x]
      case .check(let x, let flag): if (cells[x] != 0) != flag { return false }
      case .checkComparison(let op, let x, let y, let flag):
        if op.compare(cells[x], cells[y]) != flag { return false }
      }
    }
    return true
  }

  /// What an instruction makes of two numbers; nil for what is no number, or where it does not do so.
  static func value(_ op: Opcode, _ x: Double, _ y: Double) -> Double? {
    let result: Double
    switch op {
    case .add: result = x + y
    case .subtract: result = x - y
    case .multiply: result = x * y
    case .divide: result = x / y
    case .floorDivide: result = PlainArithmetic.floorQuotient(x, y)
    case .remainder: result = PlainArithmetic.remainder(x, y)
    case .power: result = PlainArithmetic.power(x, y)
    default: return nil
    }
    return result.isNaN ? nil : result
  }
}

extension Opcode {
  /// Whether it compares two numbers.
  var isComparison: Bool {
    switch self {
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: true
    default: false
    }
  }

  /// Whether it makes a number of two.
  var isNumeric: Bool {
    switch self {
    case .add, .subtract, .multiply, .divide, .floorDivide, .remainder, .power: true
    default: false
    }
  }
}

// Loops of a single element: numbers one after the other, without vectors and tiles. They are made of
// the same functions of an element, so they have the same bits.

enum TileNumbers {
  /// Whether a program has one element, and all of its operations are made here.
  static func suits(_ parts: TileBuilder.Parts) -> Bool {
    parts.count == 1 && parts.order == .flat
      && parts.inputs.allSatisfy { !$0.isTruth && $0.layout < 0 }
      && parts.outputs.allSatisfy { !$0.isTruth && !$0.isCopied }
      && parts.instructions.allSatisfy { $0.operation.isOfNumbers }
  }

  /// Operands and results are addresses in the table.
  @inline(__always)
  static func run<T: TileScalar>(
    _ instructions: UnsafeMutableBufferPointer<TileInstruction>,
    _ table: UnsafePointer<UnsafeMutableRawPointer>, _: T.Type
  ) {
    for instruction in instructions {
      let x = number(table, instruction.operands.0, T.self)
      let y = number(table, instruction.operands.1, T.self)
      let result: T
      switch instruction.operation {
      case .copy: result = x
      case .negate: result = -x
      case .sqrt: result = x.squareRoot()
      case .abs: result = x.magnitude
      case .relu: result = x <= 0 ? 0 : x
      case .sign: result = T.sign(x)
      case .exp: result = T.exp(x)
      case .log: result = T.log(x)
      case .sin: result = T.sin(x)
      case .cos: result = T.cos(x)
      case .tanh: result = T.tanh(x)
      case .sigmoid: result = T.sigmoid(x)
      case .silu: result = T.silu(x)
      case .gelu: result = T.gelu(x)
      case .softplus: result = T.softplus(x)
      case .erf: result = T.erf(x)
      case .add: result = x + y
      case .subtract: result = x - y
      case .multiply: result = x * y
      case .divide: result = x / y
      case .maximum: result = x == x ? (y <= x ? x : y) : x
      case .minimum: result = x == x ? (x <= y ? x : y) : x
      case .power: result = y == 2 ? x * x : T.power(x, y)
      case .equal: result = x == y ? 1 : 0
      case .notEqual: result = x == y ? 0 : 1
      case .less: result = x < y ? 1 : 0
      case .lessOrEqual: result = x <= y ? 1 : 0
      case .greater: result = y < x ? 1 : 0
      case .greaterOrEqual: result = y <= x ? 1 : 0
      case .select: result = x == 0 ? number(table, instruction.operands.2, T.self) : y
      default: continue
      }
      table[Int(instruction.result)].storeBytes(of: result, as: T.self)
    }
  }

  @inline(__always)
  private static func number<T: TileScalar>(
    _ table: UnsafePointer<UnsafeMutableRawPointer>, _ place: Int32, _: T.Type
  ) -> T { table[Int(place)].load(as: T.self) }
}

extension TileOperation {
  /// Whether `TileNumbers` makes it.
  var isOfNumbers: Bool {
    switch self {
    case .clip, .floor, .round, .ceil, .trunc: false
    default: !isLibraryCall
    }
  }
}

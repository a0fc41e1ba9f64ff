// Between element types: one typed loop for each pair, whole numbers exact.

import Engine

extension Operator {
  package static let convert: Operator = Operator(
    name: "convert", summary: "The same values in another element type.",
    parameters: [Parameter("x", .tensor), Parameter("dtype", .dtype)], formula: "{0}",
    infer: { types, attributes throws(OperatorProblem) in
      TensorType(types[0].shape, attributes.dtype ?? types[0].dtype)
    },
    kernel: { call throws(OperatorProblem) in
      try Conversion.convert(call.inputs[0], call.output)
    },
    gradient: .rule { g, node in
      // Whole numbers and bools jump: (x > 0) * x has the derivative of its other factor.
      let dtype = node.inputs[0].dtype
      return [dtype.isFloat ? g.apply(.convert, [], Attributes(dtype: dtype)) : nil]
    }, notation: ["1"], elements: .each,
    samples: Samples.unary.map { Sample($0.shapes, Attributes(dtype: .f64)) },
    examples: ["convert([1, 2], i64).dtype  # => i64"])
}

enum Conversion {
  /// y = x in y's element type; a number that has no place there is a problem.
  static func convert(_ x: Buffer, _ y: Buffer) throws(OperatorProblem) {
    switch x.dtype {
    case .f32: try fromFloat(x, y, Float.self)
    case .f64: try fromFloat(x, y, Double.self)
    case .i64: try fromWhole(x, y, Int64.self)
    case .i32: try fromWhole(x, y, Int32.self)
    case .bool: try fromWhole(x, y, UInt8.self)
    }
  }

  private static func fromFloat<T: BinaryFloatingPoint>(_ x: Buffer, _ y: Buffer, _: T.Type)
    throws(OperatorProblem)
  {
    switch y.dtype {
    case .f32: Elementwise.map(x, y, T.self, Float.self) { Float($0) }
    case .f64: Elementwise.map(x, y, T.self, Double.self) { Double($0) }
    case .bool: Elementwise.map(x, y, T.self, UInt8.self) { $0 != 0 ? 1 : 0 }
    case .i64: try truncate(x, y, T.self, Int64.self, below: 0x1p63)
    case .i32: try truncate(x, y, T.self, Int32.self, below: 0x1p31)
    }
  }

  /// Fractions are cut off; what is left lies in -limit ..< limit.
  private static func truncate<T: BinaryFloatingPoint, W: FixedWidthInteger>(
    _ x: Buffer, _ y: Buffer, _: T.Type, _: W.Type, below limit: Double
  ) throws(OperatorProblem) {
    let source = UnsafePointer(x.pointer(as: T.self))
    let target = y.pointer(as: W.self)
    for i in 0..<y.count {
      let whole = Double(source[i]).rounded(.towardZero)
      guard whole >= -limit, whole < limit else {
        throw misfit(NumberFormat.shortest(x[i]), i, y.dtype)
      }
      target[i] = W(truncatingIfNeeded: Int64(whole))
    }
  }

  private static func fromWhole<T: FixedWidthInteger>(_ x: Buffer, _ y: Buffer, _: T.Type)
    throws(OperatorProblem)
  {
    switch y.dtype {
    case .f32:
      Elementwise.map(x, y, T.self, Float.self) { Float(Int64(truncatingIfNeeded: $0)) }
    case .f64:
      Elementwise.map(x, y, T.self, Double.self) { Double(Int64(truncatingIfNeeded: $0)) }
    case .bool: Elementwise.map(x, y, T.self, UInt8.self) { $0 != 0 ? 1 : 0 }
    case .i64:
      Elementwise.map(x, y, T.self, Int64.self) { Int64(truncatingIfNeeded: $0) }
    case .i32:
      let source = UnsafePointer(x.pointer(as: T.self))
      let target = y.pointer(as: Int32.self)
      for i in 0..<y.count {
        let wide = Int64(truncatingIfNeeded: source[i])
        let narrow = Int32(truncatingIfNeeded: wide)
        guard Int64(narrow) == wide else { throw misfit(String(wide), i, .i32) }
        target[i] = narrow
      }
    }
  }

  private static func misfit(_ number: String, _ index: Int, _ dtype: DType) -> OperatorProblem {
    OperatorProblem(
      .value, "\(number) at element \(index) does not fit \(dtype.name)", operands: [0])
  }
}

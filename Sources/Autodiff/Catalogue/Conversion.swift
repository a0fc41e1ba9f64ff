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
      if let lossy = Conversion.truncation(node) {
        Conversion.refuse(lossy)
        return [nil]
      }
      return [dtype.isFloat ? g.apply(.convert, [], Attributes(dtype: dtype)) : nil]
    }, notation: ["1"], elements: .each,
    samples: Samples.unary.map { Sample($0.shapes, Attributes(dtype: .f64)) },
    examples: ["convert([1, 2], i64).dtype  # => i64"], role: .element(.copy))
}

enum Conversion {
  /// The conversion of floats to whole numbers or bools that a node is, or whose result it takes
  /// back to floats.
  fileprivate static func truncation(_ node: Node) -> Node? {
    guard let x = node.inputs.first else { return nil }
    if x.dtype.isFloat { return node.dtype.isFloat ? nil : node }
    return x.op === Operator.convert ? truncation(x) : nil
  }

  fileprivate static func refuse(_ node: Node) {
    guard node.graph.deferredProblem == nil else { return }
    node.graph.deferredProblem = OperatorProblem(
      .gradient,
      "no gradient passes through a conversion to \(node.dtype.name): "
        + "whole numbers jump, and between them they are flat", origin: node.origin)
  }

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
    var wrong: Int?
    for piece in Work.pieces(y.count) {
      for i in piece where wrong == nil {
        let whole = Double(source[i]).rounded(.towardZero)
        if whole >= -limit, whole < limit {
          target[i] = W(truncatingIfNeeded: Int64(whole))
        } else {
          wrong = i
        }
      }
    }
    if let wrong { throw misfit(NumberFormat.shortest(x[wrong]), wrong, y.dtype) }
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
      var wrong: Int?
      for piece in Work.pieces(y.count) {
        for i in piece where wrong == nil {
          target[i] = Int32(truncatingIfNeeded: source[i])
          if T(truncatingIfNeeded: target[i]) != source[i] { wrong = i }
        }
      }
      if let wrong { throw misfit(String(source[wrong]), wrong, .i32) }
    }
  }

  private static func misfit(_ number: String, _ index: Int, _ dtype: DType) -> OperatorProblem {
    OperatorProblem(
      .value, "\(number) at element \(index) does not fit \(dtype.name)", operands: [0])
  }
}

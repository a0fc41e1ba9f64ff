// Shape rules, kernels and samples that many records share.

import Engine

/// Every operator, by family.
package enum Catalogue {
  package static let all: [Operator] =
    leaves + arithmetic + comparisons + elementwise + reductions + products + movement + selection
    + creation + losses

  private static let byName: [String: Operator] = Dictionary(
    uniqueKeysWithValues: all.filter { !$0.isHidden }.map { ($0.name, $0) })

  package static func named(_ name: String) -> Operator? { byName[name] }
}

enum Rules {
  /// The result is like operand 0.
  static let sameAsFirst: Operator.Infer = { types, _ throws(OperatorProblem) in types[0] }

  /// Like operand 0, which must hold floats.
  static func floats(_ name: String) -> Operator.Infer {
    { types, _ throws(OperatorProblem) in
      guard types[0].dtype.isFloat else {
        throw OperatorProblem(
          .dtype, "\(name) wants floats, {0} holds \(types[0].dtype.name)", operands: [0],
          help: "write {0}.f32")
      }
      return types[0]
    }
  }

  /// Bools are no numbers.
  static func numbers(_ symbol: String, _ types: [TensorType]) throws(OperatorProblem) {
    if let index = types.firstIndex(where: { $0.dtype == .bool }) {
      throw OperatorProblem(
        .dtype, "'\(symbol)' wants numbers, {\(index)} holds bools", operands: [index],
        help: "write {\(index)}.i64")
    }
  }

  /// Array-programming broadcasting, without the trap where ranks differ and both sides stretch.
  static func broadcast(_ verb: String, _ symbol: String, _ result: DType? = nil) -> Operator.Infer
  {
    { types, _ throws(OperatorProblem) in
      let (a, b) = (types[0].shape, types[1].shape)
      if a == b { return TensorType(a, result ?? types[0].dtype) }
      guard let shape = a.broadcast(with: b) else {
        throw OperatorProblem(
          .shape, "cannot \(verb) {0} \(symbol) {1}: the shapes \(a) and \(b) do not fit")
      }
      if a.rank != b.rank, stretches(a, to: shape), stretches(b, to: shape) {
        let (vector, place) = a.rank < b.rank ? (a, 0) : (b, 1)
        throw OperatorProblem(
          .shape,
          "cannot \(verb) {0} \(symbol) {1}: \(a) and \(b) would both be stretched, to \(shape)",
          help: vector.rank == 1
            ? "write {\(place)}[.., none] to pair them element by element, or {\(place)}[none, ..] "
              + "for all pairs" : nil)
      }
      return TensorType(shape, result ?? types[0].dtype)
    }
  }

  private static func stretches(_ shape: Shape, to result: Shape) -> Bool {
    let offset = result.rank - shape.rank
    for axis in 0..<result.rank where result[axis] > 1 {
      if axis < offset ? shape.rank > 0 : shape[axis - offset] == 1 { return true }
    }
    return false
  }

  /// The shape left by a reduction over `attributes.axes`.
  static func reduced(_ shape: Shape, _ attributes: Attributes) -> Shape {
    let axes = attributes.axes ?? Array(0..<shape.rank)
    var dims: [Int] = []
    for axis in 0..<shape.rank {
      if !axes.contains(axis) {
        dims.append(shape[axis])
      } else if attributes.keep {
        dims.append(1)
      }
    }
    return Shape(dims)
  }
}

enum Kernels {
  /// A function of one float, the same for f32 and f64.
  @inline(__always)
  static func unary(
    _ single: @escaping @Sendable (Float) -> Float, _ double: @escaping @Sendable (Double) -> Double
  ) -> Operator.Kernel {
    { call throws(OperatorProblem) in
      if call.output.dtype == .f32 {
        Elementwise.map(call.inputs[0], call.output, Float.self, Float.self, single)
      } else {
        Elementwise.map(call.inputs[0], call.output, Double.self, Double.self, double)
      }
    }
  }

  @inline(__always)
  static func zip<A, U>(_ call: KernelCall, _ a: A.Type, _ u: U.Type, _ f: (A, A) -> U) {
    Elementwise.zip(
      call.inputs[0], call.inputShapes[0], call.inputs[1], call.inputShapes[1], call.output,
      call.shape, (a, a, u), f)
  }

  /// Arithmetic on every element type; integers report overflow.
  @inline(__always)
  static func arithmetic(
    _ single: @escaping @Sendable (Float, Float) -> Float,
    _ double: @escaping @Sendable (Double, Double) -> Double,
    _ whole: @escaping @Sendable (Int64, Int64) -> (Int64, Bool), _ name: String
  ) -> Operator.Kernel {
    { call throws(OperatorProblem) in
      switch call.output.dtype {
      case .f32: zip(call, Float.self, Float.self, single)
      case .f64: zip(call, Double.self, Double.self, double)
      case .i64:
        var failed = false
        zip(call, Int64.self, Int64.self) { a, b in
          let (result, overflow) = whole(a, b)
          if overflow { failed = true }
          return result
        }
        if failed { throw overflow(name, .i64) }
      case .i32:
        var failed = false
        zip(call, Int32.self, Int32.self) { a, b in
          let (result, overflow) = whole(Int64(a), Int64(b))
          let narrow = Int32(truncatingIfNeeded: result)
          if overflow || Int64(narrow) != result { failed = true }
          return narrow
        }
        if failed { throw overflow(name, .i32) }
      case .bool: break
      }
    }
  }

  static func overflow(_ name: String, _ dtype: DType) -> OperatorProblem {
    if name == "//" || name == "%" {
      return OperatorProblem(.value, "\(name) of whole numbers met a zero divisor")
    }
    return OperatorProblem(
      .value, "a result of \(name) does not fit \(dtype.name), and integers never wrap",
      help: "use .f64")
  }

  /// Comparisons: bool results.
  @inline(__always)
  static func comparison(
    _ single: @escaping @Sendable (Float, Float) -> Bool,
    _ double: @escaping @Sendable (Double, Double) -> Bool,
    _ whole: @escaping @Sendable (Int64, Int64) -> Bool
  ) -> Operator.Kernel {
    { call throws(OperatorProblem) in
      switch call.inputs[0].dtype {
      case .f32: zip(call, Float.self, UInt8.self) { single($0, $1) ? 1 : 0 }
      case .f64: zip(call, Double.self, UInt8.self) { double($0, $1) ? 1 : 0 }
      case .i64: zip(call, Int64.self, UInt8.self) { whole($0, $1) ? 1 : 0 }
      case .i32: zip(call, Int32.self, UInt8.self) { whole(Int64($0), Int64($1)) ? 1 : 0 }
      case .bool: zip(call, UInt8.self, UInt8.self) { whole(Int64($0), Int64($1)) ? 1 : 0 }
      }
    }
  }

  static func guarded<T>(_ body: () throws(MemoryProblem) -> T) throws(OperatorProblem) -> T {
    do { return try body() } catch { throw Graph.memoryProblem(error) }
  }
}

enum Samples {
  /// Shapes for functions of one tensor.
  static let unary: [Operator.Sample] = [
    [], [1], [2], [3], [5], [1, 1], [2, 3], [3, 1], [1, 4], [2, 2, 2], [0], [2, 0, 3], [17],
  ].map { Operator.Sample([$0]) }

  /// Pairs of shapes that broadcast.
  static let binary: [Operator.Sample] = [
    [[], []], [[3], [3]], [[3], []], [[], [3]], [[2, 3], [3]], [[3], [2, 3]], [[2, 1], [2, 3]],
    [[2, 3], [2, 1]], [[2, 3], [2, 3]], [[4, 1], [1, 3]], [[0], [0]], [[2, 0], [1, 1]],
    [[2, 3, 4], [3, 1]], [[1], [1]],
  ].map { Operator.Sample($0) }

  /// One tensor with axes to reduce.
  static let reduction: [Operator.Sample] = [
    Operator.Sample([[]]), Operator.Sample([[4]]), Operator.Sample([[1]]),
    Operator.Sample([[2, 3]]), Operator.Sample([[2, 3]], Attributes(axes: [0])),
    Operator.Sample([[2, 3]], Attributes(axes: [1])),
    Operator.Sample([[2, 3]], Attributes(axes: [1], keep: true)),
    Operator.Sample([[2, 3]], Attributes(axes: [0, 1], keep: true)),
    Operator.Sample([[2, 3, 2]], Attributes(axes: [1])),
    Operator.Sample([[2, 3, 2]], Attributes(axes: [0, 2])),
    Operator.Sample([[3, 1]], Attributes(axes: [1])), Operator.Sample([[130]]),
    Operator.Sample([[1, 1, 4]], Attributes(axes: [2])),
  ]
}

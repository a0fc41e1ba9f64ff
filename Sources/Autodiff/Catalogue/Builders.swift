// Shape rules, kernels and samples that many records share.

import Engine

/// Every operator, by family.
package enum Catalogue {
  package static let all: [Operator] =
    leaves + arithmetic + comparisons + elementwise + reductions + products + decompositions
    + convolutions + pools + recurrence
    + movement + selection + creation + losses

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

  /// Like operand 0, which holds floats or whole numbers.
  static func numbers(_ name: String) -> Operator.Infer {
    { types, _ throws(OperatorProblem) in
      try numbers(name, types)
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

  /// For operators whose kernels call the library of matrix products.
  static func library() throws(OperatorProblem) {
    guard let problem = MatrixProduct.problem else { return }
    throw OperatorProblem(.file, problem, help: "install it: apt-get install libopenblas0")
  }

  /// Array-programming broadcasting, without the trap where ranks differ and both sides stretch.
  static func broadcast(_ verb: String, _ symbol: String, _ result: DType? = nil) -> Operator.Infer
  {
    { types, _ throws(OperatorProblem) in
      let (a, b) = (types[0].shape, types[1].shape)
      if a == b { return TensorType(a, result ?? types[0].dtype) }
      guard let shape = a.broadcast(with: b) else {
        throw OperatorProblem(
          .shape, "cannot \(verb) {0} \(symbol) {1}: the shapes \(a) and \(b) do not fit",
          help: column(a, b))
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

  /// As `broadcast`, for numbers: bools are counted as whole numbers first.
  static func numbers(_ verb: String, _ symbol: String) -> Operator.Infer {
    let infer = broadcast(verb, symbol)
    return { types, attributes throws(OperatorProblem) in
      guard types[0].dtype != .bool else {
        throw OperatorProblem(
          .dtype, "\(symbol) wants numbers, {0} holds bools", operands: [0], help: "write {0}.i64")
      }
      return try infer(types, attributes)
    }
  }

  /// The spelling that makes a vector a column, where that is what fits.
  private static func column(_ a: Shape, _ b: Shape) -> String? {
    let (vector, matrix, place) = a.rank < b.rank ? (a, b, 0) : (b, a, 1)
    guard vector.rank == 1, matrix.rank == 2, vector[0] == matrix[0] else { return nil }
    return "write {\(place)}[.., none] for a column"
  }

  /// Sizes that are no shape: more axes than there may be, or more elements than can be counted.
  static func unfitting(_ dims: [Int]) -> OperatorProblem {
    let text = "[" + dims.map(String.init).joined(separator: ", ") + "]"
    if dims.count > Shape.maximumRank {
      return OperatorProblem(
        .shape,
        "a tensor has at most \(Shape.maximumRank) axes; the result would have \(dims.count): \(text)"
      )
    }
    return OperatorProblem(.memory, "a tensor of shape \(text) fits no memory")
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

package enum Kernels {
  /// The loop of a single instruction: what a fused loop computes, for one operator alone.
  static func tiled(_ call: KernelCall, _ operation: TileOperation) throws(OperatorProblem) {
    guard call.shape.count > 0 else { return }
    let dtype = call.inputs[0].dtype
    var builder = TileBuilder(
      sizes: call.shape.loopSizes, isDouble: dtype == .f64, order: .flat)
    var operands: [TileBuilder.Value] = []
    for (index, shape) in call.inputShapes.enumerated() {
      let steps = BroadcastWalk.strides(shape, in: call.shape)
      let moving = Swift.zip(call.shape.dims, steps).filter { $0.0 != 1 }.map(\.1)
      operands.append(builder.operand(index, steps: moving))
    }
    let result = builder.apply(operation, operands, call.attributes)
    builder.output(
      result, address: call.inputs.count, isTruth: call.output.dtype == .bool)
    let program = builder.build()
    let scratch = try buffer(.bool, program.scratchBytes)
    defer { withExtendedLifetime(scratch) {} }
    let addresses = call.inputs.map(\.address) + [call.output.address]
    addresses.withUnsafeBufferPointer { addresses in
      if let first = addresses.baseAddress { program.run(first, scratch: scratch.address) }
    }
  }

  @inline(__always)
  static func zip<A, U>(_ call: KernelCall, _ a: A.Type, _ u: U.Type, _ f: (A, A) -> U) {
    Elementwise.zip(
      call.inputs[0], call.inputShapes[0], call.inputs[1], call.inputShapes[1], call.output,
      call.shape, (a, a, u), f)
  }

  /// Arithmetic on every element type; integers report overflow.
  static func arithmetic(
    _ call: KernelCall, _ operation: TileOperation, _ whole: WholeArithmetic, _ name: String
  ) throws(OperatorProblem) {
    if call.output.dtype.isFloat { return try tiled(call, operation) }
    try wholeArithmetic(call, whole, name)
  }

  /// The same for functions that are in no fused loop.
  @inline(__always)
  static func arithmetic(
    _ call: KernelCall, _ single: (Float, Float) -> Float, _ double: (Double, Double) -> Double,
    _ whole: WholeArithmetic, _ name: String
  ) throws(OperatorProblem) {
    switch call.output.dtype {
    case .f32: zip(call, Float.self, Float.self, single)
    case .f64: zip(call, Double.self, Double.self, double)
    default: try wholeArithmetic(call, whole, name)
    }
  }

  private static func wholeArithmetic(
    _ call: KernelCall, _ whole: WholeArithmetic, _ name: String
  ) throws(OperatorProblem) {
    let isSound =
      switch call.output.dtype {
      case .i64: whole.run(call, Int64.self)
      case .i32: whole.run(call, Int32.self)
      // Only maximum and minimum take bools.
      default: whole.run(call, UInt8.self)
      }
    if !isSound { throw failure(name, call) }
  }

  /// Why whole numbers have no result.
  private static func failure(_ name: String, _ call: KernelCall) -> OperatorProblem {
    let divisor = call.inputs[1]
    guard name == "//" || name == "%",
      (0..<divisor.count).contains(where: { divisor[$0] == 0 })
    else {
      return overflow(name, call.output.dtype)
    }
    return OperatorProblem(.value, "\(name) of whole numbers met a zero divisor")
  }

  static func overflow(_ name: String, _ dtype: DType) -> OperatorProblem {
    OperatorProblem(
      .value, "a result of \(name) does not fit \(dtype.name), and integers never wrap",
      help: "use .f64")
  }

  /// Comparisons: bool results.
  static func comparison(
    _ call: KernelCall, _ operation: TileOperation, _ whole: (Int64, Int64) -> Bool
  ) throws(OperatorProblem) {
    switch call.inputs[0].dtype {
    case .f32, .f64: try tiled(call, operation)
    case .i64: zip(call, Int64.self, UInt8.self) { whole($0, $1) ? 1 : 0 }
    case .i32: zip(call, Int32.self, UInt8.self) { whole(Int64($0), Int64($1)) ? 1 : 0 }
    case .bool: zip(call, UInt8.self, UInt8.self) { whole(Int64($0), Int64($1)) ? 1 : 0 }
    }
  }

  /// A class number in 0..<count.
  static func checkedClass(_ classes: Buffer, _ row: Int, _ count: Int, operand: Int)
    throws(OperatorProblem) -> Int
  {
    guard let index = classes.whole(row), index >= 0, index < count else {
      throw OperatorProblem(
        .index,
        "the class \(NumberFormat.shortest(classes[row])) in row \(row) is none of 0 … "
          + "\(count - 1)", operands: [operand], row: row)
    }
    return index
  }

  /// Uninitialised memory for so many elements.
  package static func buffer(_ dtype: DType, _ count: Int) throws(OperatorProblem) -> Buffer {
    try guarded { () throws(MemoryProblem) in try Buffer(dtype, count: count) }
  }

  package static func guarded<T>(_ body: () throws(MemoryProblem) -> T) throws(OperatorProblem) -> T
  {
    do { return try body() } catch { throw Graph.memoryProblem(error) }
  }
}

extension TileBuilder {
  /// An operator's instruction; what the operator was told goes into the program.
  mutating func apply(
    _ operation: TileOperation, _ operands: [Value], _ attributes: Attributes
  ) -> Value {
    guard operation == .clip else { return apply(operation, operands) }
    let (low, high) = (constant(attributes.reals[0]), constant(attributes.reals[1]))
    return apply(.clip, [operands[0], low, high])
  }
}

extension Node {
  /// The same numbers, taken as given: a mask or a choice that has no derivative of its own.
  var stopped: Node { isTracked ? apply(.detached) : self }
}

extension Graph {
  /// The identity matrix; a failure is thrown when the rule ends.
  func identity(_ n: Int, _ dtype: DType) -> Node {
    do { return try record(.eye, [], Attributes(sizes: [n], dtype: dtype)) } catch {
      if deferredProblem == nil { deferredProblem = error }
      return constant(1, dtype)
    }
  }
}

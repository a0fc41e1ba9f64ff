// Sorting along the last axis, and taking and placing elements by indices along it.

import Engine

/// Rows in order, by typed loops: ascending, stable, NaN last.
enum SortedRows {
  /// The indices that sort a row.
  @inline(__always)
  static func order<T: Comparable>(_ x: UnsafePointer<T>, _ n: Int) -> [Int] {
    var keys: [(value: T, index: Int)] = []
    keys.reserveCapacity(n)
    var last: [Int] = []
    for i in 0..<n {
      if x[i] == x[i] { keys.append((x[i], i)) } else { last.append(i) }
    }
    keys.sort { $0.value < $1.value || ($0.value == $1.value && $0.index < $1.index) }
    return keys.map(\.index) + last
  }

  /// y = x, sorted.
  @inline(__always)
  static func sort<T: Comparable>(_ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ n: Int) {
    var (low, high) = (0, n)
    for i in 0..<n where x[i] == x[i] {
      y[low] = x[i]
      low += 1
    }
    for i in (0..<n).reversed() where x[i] != x[i] {
      high -= 1
      y[high] = x[i]
    }
    var numbers = UnsafeMutableBufferPointer(start: y, count: low)
    numbers.sort()
  }

  /// Calls `body` for the start of every row, with the row's length.
  static func forEach(_ shape: Shape, _ body: (_ start: Int, _ length: Int) -> Void) {
    let length = shape.rank > 0 ? shape[shape.rank - 1] : 1
    guard length > 0 else { return }
    for start in stride(from: 0, to: shape.count, by: length) { body(start, length) }
  }
}

extension Operator {
  package static let argsort: Operator = Operator(
    name: "argsort", summary: "The indices that sort along the last axis.",
    parameters: [Parameter("x", .tensor)], formula: "argsort({0})",
    infer: { types, _ throws(OperatorProblem) in TensorType(types[0].shape, .i64) },
    kernel: { call throws(OperatorProblem) in
      let y = call.output.pointer(as: Int64.self)
      func run<T: Comparable>(_: T.Type) {
        let x = UnsafePointer(call.inputs[0].pointer(as: T.self))
        SortedRows.forEach(call.shape) { start, length in
          for (place, index) in SortedRows.order(x + start, length).enumerated() {
            y[start + place] = Int64(index)
          }
        }
      }
      switch call.inputs[0].dtype {
      case .f32: run(Float.self)
      case .f64: run(Double.self)
      case .i32: run(Int32.self)
      case .i64: run(Int64.self)
      case .bool: run(UInt8.self)
      }
    }, gradient: .none(because: "an index jumps"), examples: ["argsort([3, 1, 2])  # => [1, 2, 0]"])

  package static let sort: Operator = Operator(
    name: "sort", summary: "Ascending along the last axis, NaN last.",
    parameters: [Parameter("x", .tensor)], formula: "sort({0})", infer: Rules.sameAsFirst,
    kernel: { call throws(OperatorProblem) in
      func run<T: Comparable>(_: T.Type) {
        let x = UnsafePointer(call.inputs[0].pointer(as: T.self))
        let y = call.output.pointer(as: T.self)
        SortedRows.forEach(call.shape) { start, length in
          SortedRows.sort(x + start, y + start, length)
        }
      }
      switch call.inputs[0].dtype {
      case .f32: run(Float.self)
      case .f64: run(Double.self)
      case .i32: run(Int32.self)
      case .i64: run(Int64.self)
      case .bool: run(UInt8.self)
      }
    },
    gradient: .rule { g, node in
      let x = node.inputs[0]
      return [x.shape.rank == 0 ? g : g.placed(at: x.stopped.apply(.argsort), in: x.shape)]
    }, notation: ["{g}, each back where it came from"], samples: Samples.unary,
    examples: ["sort([3, 1, 2])  # => [1, 2, 3]"])

  package static let topk: Operator = Operator(
    name: "topk", summary: "The k largest elements of the last axis, the largest first.",
    parameters: [Parameter("x", .tensor), Parameter("k", .size)], formula: "topk({0})",
    infer: { types, attributes throws(OperatorProblem) in
      var dims = types[0].shape.dims
      guard let k = attributes.sizes.first, let last = dims.last, k >= 0, k <= last else {
        throw OperatorProblem(
          .value, "topk takes at most as many as there are: {0} has the shape \(types[0].shape)")
      }
      dims[dims.count - 1] = k
      return TensorType(Shape(dims), types[0].dtype)
    },
    kernel: { call throws(OperatorProblem) in
      let k = call.attributes.sizes.first ?? 0
      guard k > 0 else { return }
      func run<T: Comparable>(_: T.Type) {
        let x = UnsafePointer(call.inputs[0].pointer(as: T.self))
        let y = call.output.pointer(as: T.self)
        var next = 0
        SortedRows.forEach(call.inputShapes[0]) { start, length in
          for index in SortedRows.order(x + start, length).reversed().prefix(k) {
            y[next] = x[start + index]
            next += 1
          }
        }
      }
      switch call.output.dtype {
      case .f32: run(Float.self)
      case .f64: run(Double.self)
      case .i32: run(Int32.self)
      case .i64: run(Int64.self)
      case .bool: run(UInt8.self)
      }
    },
    gradient: .rule { g, node in
      let x = node.inputs[0]
      var (starts, steps) = (x.shape.dims.map { _ in 0 }, x.shape.dims.map { _ in 1 })
      starts[starts.count - 1] = Swift.max(0, x.shape[x.shape.rank - 1] - 1)
      steps[steps.count - 1] = -1
      let places = x.stopped.apply(.argsort)
        .sliced(starts: starts, lengths: node.shape.dims, steps: steps)
      return [g.placed(at: places, in: x.shape)]
    }, notation: ["{g} at the largest, 0 elsewhere"], samples: Samples.topk,
    examples: ["topk([3, 9, 5], 2)  # => [9, 5]"])
}

// MARK: - Along the last axis

extension Operator {
  private static func along(_ x: TensorType, _ indices: TensorType) throws(OperatorProblem) {
    guard x.shape.rank > 0, indices.dtype == .i64, indices.shape.rank == x.shape.rank,
      x.shape.dims.dropLast() == indices.shape.dims.dropLast()
    else {
      throw OperatorProblem(
        .shape, "indices of shape \(indices.shape) do not lie along the rows of \(x.shape)")
    }
  }

  /// Calls `body` with an element of the rows and the place of its index.
  private static func forEachPlace(
    _ rows: Shape, _ indices: Buffer, _ shape: Shape, _ body: (_ element: Int, _ place: Int) -> Void
  ) throws(OperatorProblem) {
    let length = rows[rows.rank - 1]
    let width = shape[shape.rank - 1]
    let places = indices.pointer(as: Int64.self)
    for place in 0..<shape.count {
      let index = Int(places[place])
      guard index >= 0, index < length else {
        throw OperatorProblem(
          .index, "the index \(index) is out of range: a row has \(length) elements")
      }
      body(place / width * length + index, place)
    }
  }

  /// inputs: x [.., n], indices [.., k]: the elements of every row at its indices.
  package static let takeAlong: Operator = Operator(
    name: "take_along", summary: "Elements of every row by their indices.", parameters: [],
    formula: "{0}[.., {1}]",
    infer: { types, _ throws(OperatorProblem) in
      try along(types[0], types[1])
      return TensorType(types[1].shape, types[0].dtype)
    },
    kernel: { call throws(OperatorProblem) in
      let size = call.output.dtype.size
      try forEachPlace(call.inputShapes[0], call.inputs[1], call.shape) { element, place in
        (call.output.address + place * size).copyMemory(
          from: call.inputs[0].address + element * size, byteCount: size)
      }
    },
    gradient: .rule { g, node in
      [g.placed(at: node.inputs[1], in: node.inputs[0].shape), nil]
    }, notation: ["{g} added up where elements were taken"], samples: Samples.takeAlong,
    isHidden: true)

  /// inputs: x [.., n], values [.., k], indices [.., k]; the adjoint of take_along.
  package static let addAlong: Operator = Operator(
    name: "add_along", summary: "A tensor with elements added in every row.", parameters: [],
    formula: "{0} with {1} added at {2}",
    infer: { types, _ throws(OperatorProblem) in
      try along(types[0], types[2])
      guard types[1] == TensorType(types[2].shape, types[0].dtype), types[0].dtype.isFloat else {
        throw OperatorProblem(.shape, "values of shape \(types[1].shape) do not fit their indices")
      }
      return types[0]
    },
    kernel: { call throws(OperatorProblem) in
      Movement.copy(call.inputs[0], call.output)
      func run<T: BinaryFloatingPoint>(_: T.Type) throws(OperatorProblem) {
        let x = call.inputs[1].pointer(as: T.self)
        let y = call.output.pointer(as: T.self)
        try forEachPlace(call.shape, call.inputs[2], call.inputShapes[2]) { y[$0] += x[$1] }
      }
      if call.output.dtype == .f32 { try run(Float.self) } else { try run(Double.self) }
    },
    gradient: .rule { g, node in [g, g.apply(.takeAlong, [node.inputs[2]]), nil] },
    notation: ["{g}", "{g}[.., {2}]"],
    samples: Samples.addAlong, isHidden: true)
}

extension Node {
  /// Zeros of a shape with these elements at their places along the last axis.
  fileprivate func placed(at indices: Node, in shape: Shape) -> Node {
    graph.constant(0, dtype).expanded(shape.dims).apply(.addAlong, [self, indices])
  }
}

// Choosing elements: where, gather, one-hot, sorting.

import Engine

extension Catalogue {
  static let selection: [Operator] = [
    .whereOperator, .gather, .scatterAdd, .gatherUpdate, .oneHot, .sort, .argsort, .topk,
  ]
}

extension Operator {
  package static let whereOperator: Operator = Operator(
    name: "where", summary: "Elements of a where the condition holds, of b elsewhere.",
    parameters: [
      Parameter("condition", .tensor), Parameter("a", .tensor), Parameter("b", .tensor),
    ], formula: "where({0}, {1}, {2})",
    infer: { types, _ throws(OperatorProblem) in
      guard types[0].dtype == .bool else {
        throw OperatorProblem(
          .dtype, "the condition of where holds \(types[0].dtype.name), not bools", operands: [0])
      }
      guard let pair = types[1].shape.broadcast(with: types[2].shape),
        let shape = pair.broadcast(with: types[0].shape)
      else {
        throw OperatorProblem(
          .shape,
          "the shapes \(types[0].shape), \(types[1].shape) and \(types[2].shape) do not fit")
      }
      return TensorType(shape, types[1].dtype)
    },
    kernel: { call throws(OperatorProblem) in
      let walks = call.inputShapes.map { BroadcastWalk.strides($0, in: call.shape) }
      let spread = try Kernels.guarded { () throws(MemoryProblem) in
        var result: [Buffer] = []
        for (index, input) in call.inputs.enumerated() {
          if call.inputShapes[index] == call.shape {
            result.append(input)
          } else {
            let full = try Buffer(input.dtype, count: call.shape.count)
            Movement.strided(input, full, call.shape, offset: 0, strides: walks[index])
            result.append(full)
          }
        }
        return result
      }
      let mask = spread[0].pointer(as: UInt8.self)
      let size = call.output.dtype.size
      for i in 0..<call.shape.count {
        (call.output.address + i * size).copyMemory(
          from: spread[mask[i] != 0 ? 1 : 2].address + i * size, byteCount: size)
      }
    },
    gradient: .rule { g, node in
      let zero = g.graph.constant(0, g.dtype).expanded(g.shape.dims)
      return [
        nil, node.inputs[0].apply(.whereOperator, [g, zero]),
        node.inputs[0].apply(.whereOperator, [zero, g]),
      ]
    }, samples: [], examples: ["where([true, false], [1, 2], 0)  # => [1, 0]"])

  /// inputs: x [n, …], indices (i64, any shape): rows of x.
  package static let gather: Operator = Operator(
    name: "gather", summary: "Rows of a tensor by their indices.",
    parameters: [Parameter("x", .tensor), Parameter("indices", .tensor)], formula: "{0}[{1}]",
    infer: { types, _ throws(OperatorProblem) in
      guard types[0].shape.rank > 0 else {
        throw OperatorProblem(.shape, "a number has no rows to gather")
      }
      guard let shape = Shape(checking: types[1].shape.dims + types[0].shape.dims.dropFirst())
      else {
        throw OperatorProblem(.shape, "the result would have too many axes or elements")
      }
      return TensorType(shape, types[0].dtype)
    },
    kernel: { call throws(OperatorProblem) in
      let rows = call.inputShapes[0][0]
      let bytes = rows == 0 ? 0 : call.inputs[0].count / rows * call.output.dtype.size
      for (place, row) in try checkedRows(call.inputs[1], rows).enumerated() {
        (call.output.address + place * bytes).copyMemory(
          from: call.inputs[0].address + row * bytes, byteCount: bytes)
      }
    },
    gradient: .rule { g, node in
      let zeros = g.graph.constant(0, g.dtype).expanded(node.inputs[0].shape.dims)
      return [zeros.apply(.scatterAdd, [g, node.inputs[1]]), nil]
    }, notation: ["1 for every time a row was taken"], samples: [],
    examples: ["gather([10, 20, 30], [2, 0])  # => [30, 10]"])

  /// Indices as rows of 0..<count, negative ones from the end.
  private static func checkedRows(_ indices: Buffer, _ count: Int) throws(OperatorProblem) -> [Int]
  {
    var rows: [Int] = []
    rows.reserveCapacity(indices.count)
    for i in 0..<indices.count {
      guard let index = Int(exactly: indices[i]) else {
        throw OperatorProblem(
          .index, "an index is a whole number, not \(NumberFormat.shortest(indices[i]))",
          operands: [1])
      }
      let row = index < 0 ? index + count : index
      guard row >= 0, row < count else {
        throw OperatorProblem(
          .index, "the index \(index) is out of range: {0} has \(count) rows", operands: [1])
      }
      rows.append(row)
    }
    return rows
  }

  /// inputs: x, rows to add, indices; the adjoint of gather, in the order of the indices.
  package static let scatterAdd: Operator = Operator(
    name: "scatter_add", summary: "A tensor with rows added at indices.",
    parameters: [], formula: "{0} with {1} added at {2}", infer: Rules.sameAsFirst,
    kernel: { call throws(OperatorProblem) in
      Movement.copy(call.inputs[0], call.output)
      let rows = call.shape[0]
      let width = rows == 0 ? 0 : call.shape.count / rows
      func run<T: BinaryFloatingPoint>(_: T.Type, _ places: [Int]) {
        let y = call.output.pointer(as: T.self)
        let x = call.inputs[1].pointer(as: T.self)
        for (place, row) in places.enumerated() {
          for j in 0..<width { y[row * width + j] += x[place * width + j] }
        }
      }
      let places = try checkedRows(call.inputs[2], rows)
      if call.output.dtype == .f32 { run(Float.self, places) } else { run(Double.self, places) }
    },
    gradient: .rule { g, node in [g, g.apply(.gather, [node.inputs[2]]), nil] }, isHidden: true)

  /// inputs: x, rows, indices; x with rows replaced.
  package static let gatherUpdate: Operator = Operator(
    name: "gather_update", summary: "A tensor with rows replaced at indices.",
    parameters: [], formula: "{0}[{2}] = {1}", infer: Rules.sameAsFirst,
    kernel: { call throws(OperatorProblem) in
      Movement.copy(call.inputs[0], call.output)
      let rows = call.shape[0]
      let bytes = rows == 0 ? 0 : call.shape.count / rows * call.output.dtype.size
      for (place, row) in try checkedRows(call.inputs[2], rows).enumerated() {
        (call.output.address + row * bytes).copyMemory(
          from: call.inputs[1].address + place * bytes, byteCount: bytes)
      }
    },
    gradient: .rule { g, node in
      let zeros = g.graph.constant(0, g.dtype).expanded(node.inputs[1].shape.dims)
      return [
        g.apply(.gatherUpdate, [zeros, node.inputs[2]]), g.apply(.gather, [node.inputs[2]]), nil,
      ]
    }, isHidden: true)

  package static let oneHot: Operator = Operator(
    name: "one_hot", summary: "Class numbers as rows with a single 1.",
    parameters: [Parameter("classes", .tensor), Parameter("count", .size)],
    formula: "one_hot({0})",
    infer: { types, attributes throws(OperatorProblem) in
      guard let count = attributes.sizes.first, count >= 0,
        let shape = Shape(checking: types[0].shape.dims + [count])
      else { throw OperatorProblem(.value, "one_hot wants how many classes there are") }
      return TensorType(shape, attributes.dtype ?? .f32)
    },
    kernel: { call throws(OperatorProblem) in
      let count = call.attributes.sizes.first ?? 0
      call.output.address.initializeMemory(
        as: UInt8.self, repeating: 0, count: call.output.count * call.output.dtype.size)
      for i in 0..<call.inputs[0].count {
        let value = call.inputs[0][i]
        guard let index = Int(exactly: value), index >= 0, index < count else {
          throw OperatorProblem(
            .index,
            "the class \(NumberFormat.shortest(value)) in row \(i) is none of 0 … \(count - 1)",
            operands: [0])
        }
        switch call.output.dtype {
        case .f64: call.output.pointer(as: Double.self)[i * count + index] = 1
        default: call.output.pointer(as: Float.self)[i * count + index] = 1
        }
      }
    }, gradient: .none(because: "class numbers have no derivative"),
    examples: ["one_hot([0, 2], 3)  # => [[1, 0, 0], [0, 0, 1]]"])

  /// Order of every row along the last axis, stable, NaN last.
  private static func order(_ x: Buffer, row: Int, length: Int) -> [Int] {
    let values = (0..<length).map { x[row * length + $0] }
    return (0..<length).sorted { a, b in
      let (p, q) = (values[a], values[b])
      if p.isNaN || q.isNaN { return !p.isNaN || (q.isNaN && a < b) }
      return p != q ? p < q : a < b
    }
  }

  private static func sorting(
    _ name: String, _ summary: String, indices: Bool, example: String, _ gradient: Gradient
  ) -> Operator {
    Operator(
      name: name, summary: summary, parameters: [Parameter("x", .tensor)],
      formula: "\(name)({0})",
      infer: { types, _ throws(OperatorProblem) in
        TensorType(types[0].shape, indices ? .i64 : types[0].dtype)
      },
      kernel: { call throws(OperatorProblem) in
        let shape = call.shape
        let length = shape.rank > 0 ? shape[shape.rank - 1] : 1
        guard length > 0 else { return }
        let size = call.inputs[0].dtype.size
        for row in 0..<shape.count / length {
          for (place, index) in order(call.inputs[0], row: row, length: length).enumerated() {
            let target = row * length + place
            if indices {
              call.output.pointer(as: Int64.self)[target] = Int64(index)
            } else {
              (call.output.address + target * size).copyMemory(
                from: call.inputs[0].address + (row * length + index) * size, byteCount: size)
            }
          }
        }
      }, gradient: gradient, samples: indices ? [] : Samples.unary, examples: [example])
  }

  package static let argsort: Operator = sorting(
    "argsort", "The indices that sort along the last axis.", indices: true,
    example: "argsort([3, 1, 2])  # => [1, 2, 0]", .none(because: "an index jumps"))

  package static let sort: Operator = sorting(
    "sort", "Ascending along the last axis, NaN last.", indices: false,
    example: "sort([3, 1, 2])  # => [1, 2, 3]",
    .rule { g, node in
      let x = node.inputs[0]
      guard x.shape.rank > 0 else { return [g] }
      // Back to where each came from: the order of the order.
      let back = x.apply(.argsort).apply(.argsort).apply(.detached)
      let length = x.shape[x.shape.rank - 1]
      let hot = back.apply(.oneHot, [], Attributes(sizes: [length], dtype: g.dtype))
      return [hot.matmul(g.reshaped(g.shape.dims + [1])).reshaped(x.shape.dims)]
    })

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
      let shape = call.inputShapes[0]
      let length = shape[shape.rank - 1]
      let k = call.attributes.sizes.first ?? 0
      guard length > 0, k > 0 else { return }
      let size = call.output.dtype.size
      for row in 0..<shape.count / length {
        let best = order(call.inputs[0], row: row, length: length).reversed().prefix(k)
        for (place, index) in best.enumerated() {
          (call.output.address + (row * k + place) * size).copyMemory(
            from: call.inputs[0].address + (row * length + index) * size, byteCount: size)
        }
      }
    },
    gradient: .rule { g, node in
      let x = node.inputs[0]
      let (axis, k) = (x.shape.rank - 1, node.shape[x.shape.rank - 1])
      let length = x.shape[axis]
      guard k > 0 else { return [g.graph.constant(0, g.dtype).expanded(x.shape.dims)] }
      var (starts, steps) = (x.shape.dims.map { _ in 0 }, x.shape.dims.map { _ in 1 })
      (starts[axis], steps[axis]) = (length - 1, -1)
      let best = x.apply(.argsort).apply(.detached)
        .sliced(starts: starts, lengths: node.shape.dims, steps: steps)
      let hot = best.apply(.oneHot, [], Attributes(sizes: [length], dtype: g.dtype))
      let rows = g.reshaped(node.shape.dims.dropLast() + [1, k])
      return [rows.matmul(hot).reshaped(x.shape.dims)]
    }, notation: ["1 where it was taken"],
    samples: [
      Sample([[4]], Attributes(sizes: [2])), Sample([[2, 5]], Attributes(sizes: [3])),
      Sample([[3]], Attributes(sizes: [0])), Sample([[2, 2, 3]], Attributes(sizes: [3])),
    ],
    examples: ["topk([3, 9, 5], 2)  # => [9, 5]"])
}

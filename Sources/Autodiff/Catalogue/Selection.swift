// Choosing elements: where, gather, one-hot, sorting.

import Engine

extension Catalogue {
  static let selection: [Operator] = [
    .whereOperator, .gather, .scatterAdd, .gatherUpdate, .oneHot, .sort, .argsort, .topk,
    .takeAlong, .addAlong,
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
    }, notation: ["0", "{g} where {0}, 0 elsewhere", "0 where {0}, {g} elsewhere"],
    samples: Samples.whereChoice, examples: ["where([true, false], [1, 2], 0)  # => [1, 0]"])

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
    }, notation: ["{g} added up where rows were taken"], samples: Samples.gather,
    examples: ["gather([10, 20, 30], [2, 0])  # => [30, 10]"])

  /// Indices as rows of 0..<count, negative ones from the end.
  private static func checkedRows(_ indices: Buffer, _ count: Int) throws(OperatorProblem) -> [Int]
  {
    var rows: [Int] = []
    rows.reserveCapacity(indices.count)
    for i in 0..<indices.count {
      guard let index = indices.whole(i) else {
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

  /// The type of x, where rows fit at the places of the indices.
  private static let rowUpdate: Infer = { types, _ throws(OperatorProblem) in
    let (x, rows, indices) = (types[0], types[1], types[2])
    guard x.shape.rank > 0, rows.dtype == x.dtype,
      rows.shape.dims == indices.shape.dims + x.shape.dims.dropFirst()
    else {
      throw OperatorProblem(
        .shape,
        "rows of shape \(rows.shape) do not fit at indices of shape \(indices.shape) of "
          + "\(x.shape)")
    }
    return x
  }

  /// inputs: x, rows to add, indices; the adjoint of gather, in the order of the indices.
  package static let scatterAdd: Operator = Operator(
    name: "scatter_add", summary: "A tensor with rows added at indices.",
    parameters: [], formula: "{0} with {1} added at {2}", infer: rowUpdate,
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
    gradient: .rule { g, node in [g, g.apply(.gather, [node.inputs[2]]), nil] },
    notation: ["{g}", "{g}[{2}]"],
    samples: Samples.rowUpdates, isHidden: true)

  /// inputs: x, rows, indices; x with rows replaced.
  package static let gatherUpdate: Operator = Operator(
    name: "gather_update", summary: "A tensor with rows replaced at indices.",
    parameters: [], formula: "{0}[{2}] = {1}", infer: rowUpdate,
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
      let toX = g.apply(.gatherUpdate, [zeros, node.inputs[2]])
      var toRows = g.apply(.gather, [node.inputs[2]])
      if node.inputs[2].shape.count > 1 {
        let rank = node.inputs[1].shape.rank - node.inputs[2].shape.rank
        let wins = lastWriters(node.inputs[2], rows: node.shape[0])
        toRows = wins.reshaped(wins.shape.dims + [Int](repeating: 1, count: rank))
          .apply(.whereOperator, [toRows, zeros])
      }
      return [toX, toRows, nil]
    }, notation: ["{g}, 0 where {1} went", "{g} where {1} went"], samples: Samples.rowUpdates,
    isHidden: true)

  /// For every index whether its row is the one that stays: a later equal index overwrites it.
  private static func lastWriters(_ indices: Node, rows: Int) -> Node {
    let graph = indices.graph
    let (first, last) = (graph.constant(0, .f64), graph.constant(Double(indices.shape.count), .f64))
    let order = first.apply(.linspace, [last], Attributes(sizes: [indices.shape.count]))
      .reshaped(indices.shape.dims)
    let winners = first.expanded([rows]).apply(.gatherUpdate, [order, indices])
    return winners.apply(.gather, [indices]).compare(.equal, order)
  }

  package static let oneHot: Operator = Operator(
    name: "one_hot", summary: "Class numbers as rows with a single 1.",
    parameters: [Parameter("classes", .tensor), Parameter("count", .size)],
    formula: "one_hot({0})",
    infer: { types, attributes throws(OperatorProblem) in
      guard attributes.dtype?.isFloat ?? true else {
        throw OperatorProblem(.dtype, "one_hot makes floats")
      }
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
        let index = try Kernels.checkedClass(call.inputs[0], i, count, operand: 0)
        if call.output.dtype == .f64 {
          call.output.pointer(as: Double.self)[i * count + index] = 1
        } else {
          call.output.pointer(as: Float.self)[i * count + index] = 1
        }
      }
    }, gradient: .none(because: "class numbers have no derivative"),
    examples: ["one_hot([0, 2], 3)  # => [[1, 0, 0], [0, 0, 1]]"])
}

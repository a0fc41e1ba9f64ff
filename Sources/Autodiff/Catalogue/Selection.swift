// Choosing elements: where, gather, one-hot, sorting.

import Engine

extension Catalogue {
  static let selection: [Operator] = [
    .whereOperator, .gather, .scatterAdd, .gatherUpdate, .oneHot, .sort, .argsort, .topk,
    .argtopk, .takeAlong, .addAlong, .bincount, .searchsorted,
  ]
}

extension Graph {
  /// Indices of rows, as a tensor.
  package func indices(_ picks: ArraySlice<Int>) throws(OperatorProblem) -> Node {
    let buffer = try Kernels.buffer(.i64, picks.count)
    defer { withExtendedLifetime(buffer) {} }
    let (places, first) = (buffer.pointer(as: Int64.self), picks.startIndex)
    for piece in Work.pieces(picks.count) { for i in piece { places[i] = Int64(picks[first + i]) } }
    try Graph.checkInterrupt()
    return leaf(buffer, Shape([picks.count]))
  }
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
      defer { withExtendedLifetime(spread) {} }
      let mask = spread[0].pointer(as: UInt8.self)
      let size = call.output.dtype.size
      let (a, b, y) = (spread[1].address, spread[2].address, call.output.address)
      for piece in Work.pieces(call.shape.count) {
        for i in piece {
          (y + i * size).copyMemory(from: (mask[i] != 0 ? a : b) + i * size, byteCount: size)
        }
      }
    },
    gradient: .rule { g, node in
      let zero = g.graph.constant(0, g.dtype).expanded(g.shape.dims)
      return [
        nil, node.inputs[0].apply(.whereOperator, [g, zero]),
        node.inputs[0].apply(.whereOperator, [zero, g]),
      ]
    }, notation: ["0", "{g} where {0}, 0 elsewhere", "0 where {0}, {g} elsewhere"],
    samples: Samples.whereChoice, examples: ["where([true, false], [1, 2], 0)  # => [1, 0]"],
    role: .element(.select))

  /// inputs: x, indices (whole numbers, any shape): rows of x, or what lies along an axis.
  package static let gather: Operator = Operator(
    name: "gather",
    summary: "Rows of a tensor by their indices, or columns and the like by an axis.",
    parameters: [
      Parameter("x", .tensor), Parameter("indices", .tensor),
      Parameter("axis", .axis, default: .number(0)),
    ], formula: "{0}[{1}]",
    infer: { types, attributes throws(OperatorProblem) in
      guard types[0].shape.rank > 0 else {
        throw OperatorProblem(.shape, "a number has no rows to gather", operands: [0])
      }
      let dims = picked(types[0].shape, types[1].shape, attributes)
      guard let shape = Shape(checking: dims) else {
        throw Rules.unfitting(dims)
      }
      return TensorType(shape, types[0].dtype)
    },
    kernel: { call throws(OperatorProblem) in
      let layout = Picks(call.inputShapes[0], call.inputs[1].count, call.attributes)
      let bytes = layout.width * call.output.dtype.size
      try layout.forEach(call.inputs[1]) { whole, part in
        (call.output.address + part * bytes).copyMemory(
          from: call.inputs[0].address + whole * bytes, byteCount: bytes)
      }
    },
    gradient: .rule { g, node in
      let zeros = g.graph.constant(0, g.dtype).expanded(node.inputs[0].shape.dims)
      return [zeros.apply(.scatterAdd, [g, node.inputs[1]], node.attributes), nil]
    }, notation: ["{g} added up where rows were taken"], samples: Samples.gather,
    examples: [
      "gather([10, 20, 30], [2, 0])  # => [30, 10]",
      "gather([[1, 2, 3], [4, 5, 6]], [2, 0], axis: 1)  # => [[3, 1], [6, 4]]",
    ])

  /// The sizes of what indices pick along an axis.
  private static func picked(_ x: Shape, _ indices: Shape, _ attributes: Attributes) -> [Int] {
    let axis = attributes.axes?.first ?? 0
    return Array(x.dims.prefix(axis)) + indices.dims + Array(x.dims.dropFirst(axis + 1))
  }

  /// How a tensor falls into parts that indices along an axis pick.
  private struct Picks {
    let outer: Int
    let rows: Int
    /// What indices count, for messages.
    let parts: String
    /// Elements of one part.
    let width: Int
    let count: Int

    init(_ shape: Shape, _ count: Int, _ attributes: Attributes) {
      let axis = attributes.axes?.first ?? 0
      let dims = shape.dims
      outer = dims.prefix(axis).reduce(1, *)
      rows = dims[axis]
      parts = axis == 0 ? "rows" : "elements along axis \(axis)"
      width = dims.dropFirst(axis + 1).reduce(1, *)
      self.count = count
    }

    /// Calls `body` with the place of a part in the whole and among the picked; indices are whole
    /// numbers of 0..<rows, negative ones from the end.
    func forEach(_ indices: Buffer, _ body: (_ whole: Int, _ part: Int) -> Void)
      throws(OperatorProblem)
    {
      var work = Work()
      for block in 0..<outer {
        for i in 0..<count {
          guard let index = indices.whole(i) else {
            throw OperatorProblem(
              .index, "an index is a whole number, not \(NumberFormat.shortest(indices[i]))",
              operands: [1])
          }
          let row = index < 0 ? index + rows : index
          guard row >= 0, row < rows else {
            throw OperatorProblem(
              .index, "the index \(index) is out of range: {0} has \(rows) \(parts)", operands: [1])
          }
          body(block * rows + row, block * count + i)
          if work.isOver(after: width) { return }
        }
      }
    }
  }

  /// The type of x, where rows fit at the places of the indices.
  private static let rowUpdate: Infer = { types, attributes throws(OperatorProblem) in
    let (x, rows, indices) = (types[0], types[1], types[2])
    guard x.shape.rank > 0, rows.dtype == x.dtype,
      rows.shape.dims == picked(x.shape, indices.shape, attributes)
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
      let layout = Picks(call.shape, call.inputs[2].count, call.attributes)
      func run<T: BinaryFloatingPoint>(_: T.Type) throws(OperatorProblem) {
        let y = call.output.pointer(as: T.self)
        let x = call.inputs[1].pointer(as: T.self)
        let width = layout.width
        try layout.forEach(call.inputs[2]) { whole, part in
          for j in 0..<width { y[whole * width + j] += x[part * width + j] }
        }
      }
      if call.output.dtype == .f32 { try run(Float.self) } else { try run(Double.self) }
    },
    gradient: .rule { g, node in
      [g, g.apply(.gather, [node.inputs[2]], node.attributes), nil]
    }, notation: ["{g}", "{g}[{2}]"], samples: Samples.scatterAdd, isHidden: true,
    changesElements: true)

  /// inputs: x, rows, indices; x with rows replaced.
  package static let gatherUpdate: Operator = Operator(
    name: "gather_update", summary: "A tensor with rows replaced at indices.",
    parameters: [], formula: "{0}[{2}] = {1}", infer: rowUpdate,
    kernel: { call throws(OperatorProblem) in
      Movement.copy(call.inputs[0], call.output)
      let layout = Picks(call.shape, call.inputs[2].count, call.attributes)
      let bytes = layout.width * call.output.dtype.size
      try layout.forEach(call.inputs[2]) { whole, part in
        (call.output.address + whole * bytes).copyMemory(
          from: call.inputs[1].address + part * bytes, byteCount: bytes)
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
    isHidden: true, changesElements: true)

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
      guard let count = attributes.sizes.first, count >= 0
      else { throw OperatorProblem(.value, "one_hot wants how many classes there are") }
      let dims = types[0].shape.dims + [count]
      guard let shape = Shape(checking: dims) else { throw Rules.unfitting(dims) }
      return TensorType(shape, attributes.dtype ?? .f32)
    },
    kernel: { call throws(OperatorProblem) in
      let count = call.attributes.sizes.first ?? 0
      Movement.clear(call.output)
      var work = Work()
      for i in 0..<call.inputs[0].count {
        if work.isOver(after: 1) { return }
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

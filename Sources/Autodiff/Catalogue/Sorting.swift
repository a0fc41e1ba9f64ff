// Sorting along an axis, and taking and placing elements by indices along it.

import Engine

extension Operator {
  private static let sortParameters: [Parameter] = [
    Parameter("x", .tensor), Parameter("axis", .axis, default: .number(-1)),
    Parameter("descending", .flag, default: .bool(false)),
  ]

  /// The indices of a node's operand in its own order, with the axis last.
  private static func places(_ node: Node, descending: Bool) -> Node {
    node.inputs[0].stopped.withLast(node.ownAxis)
      .apply(.argsort, [], Attributes(flag: descending))
  }

  /// Every element of the gradient back where it came from.
  private static func returned(_ g: Node, _ node: Node, _ places: Node) -> Node {
    let x = node.inputs[0]
    guard x.shape.rank > 0 else { return g }
    let shape = Shape(AxisRows.order(node.ownAxis, rank: x.shape.rank).map { x.shape[$0] })
    return g.withLast(node.ownAxis).placed(at: places, in: shape).withBack(node.ownAxis)
  }

  package static let argsort: Operator = Operator(
    name: "argsort",
    summary: "The indices that sort along an axis; equal elements keep their order.",
    parameters: sortParameters, formula: "argsort({0})",
    infer: { types, _ throws(OperatorProblem) in TensorType(types[0].shape, .i64) },
    kernel: { call throws(OperatorProblem) in
      let length = call.shape.rank > 0 ? call.shape[call.axis] : 1
      let descending = call.attributes.flag
      try call.withAxisLast { x, y throws(OperatorProblem) in
        try Kernels.guarded { () throws(MemoryProblem) in
          try Sorting.order(x, y, length: length, descending: descending)
        }
      }
    }, gradient: .none(because: "an index jumps"),
    examples: [
      "argsort([3, 1, 2])  # => [1, 2, 0]", "argsort([3, 1, 2], descending: true)  # => [0, 2, 1]",
    ])

  package static let sort: Operator = Operator(
    name: "sort", summary: "Elements in order along an axis; NaN counts as the largest.",
    parameters: sortParameters, formula: "sort({0})", infer: Rules.sameAsFirst,
    kernel: { call throws(OperatorProblem) in
      let length = call.shape.rank > 0 ? call.shape[call.axis] : 1
      let descending = call.attributes.flag
      try call.withAxisLast { x, y throws(OperatorProblem) in
        try Kernels.guarded { () throws(MemoryProblem) in
          try Sorting.sort(x, y, length: length, descending: descending)
        }
      }
    },
    gradient: .rule { g, node in
      [returned(g, node, places(node, descending: node.attributes.flag))]
    }, notation: ["{g}, each back where it came from"], samples: Samples.sort,
    examples: [
      "sort([3, 1, 2])  # => [1, 2, 3]", "sort([[3, 1], [2, 4]], axis: 0)  # => [[2, 1], [3, 4]]",
      "sort([3, 1, 2], descending: true)  # => [3, 2, 1]",
    ])

  private static let topParameters: [Parameter] = [
    Parameter("x", .tensor), Parameter("k", .size),
    Parameter("axis", .axis, default: .number(-1)),
  ]

  /// As operand 0 with k elements along the axis.
  private static func top(_ name: String, _ dtype: DType? = nil) -> Infer {
    { types, attributes throws(OperatorProblem) in
      var dims = types[0].shape.dims
      let axis = attributes.axes?.first ?? dims.count - 1
      guard let k = attributes.sizes.first, dims.indices.contains(axis), k >= 0, k <= dims[axis]
      else {
        throw OperatorProblem(
          .value, "\(name) takes at most as many as there are: {0} has the shape \(types[0].shape)",
          operands: [0])
      }
      dims[axis] = k
      return TensorType(Shape(dims), dtype ?? types[0].dtype)
    }
  }

  /// Calls `body` with the place of the result and of the operand, the axis last, for the k largest
  /// of every row.
  private static func forEachTop(
    _ call: KernelCall,
    _ body: (_ x: Buffer, _ y: Buffer, _ to: Int, _ from: Int, _ place: Int) -> Void
  ) throws(OperatorProblem) {
    let (k, length) = (call.shape[call.axis], call.inputShapes[0][call.axis])
    guard call.shape.count > 0 else { return }
    try call.withAxisLast { x, y throws(OperatorProblem) in
      let places = try Kernels.buffer(.i64, x.count)
      defer { withExtendedLifetime(places) {} }
      try Kernels.guarded { () throws(MemoryProblem) in
        try Sorting.order(x, places, length: length, descending: true)
      }
      // Half an order holds no indices.
      if Interrupts.isRequested { return }
      let order = places.pointer(as: Int64.self)
      for piece in Work.pieces(y.count) {
        for to in piece {
          let start = to / k * length
          let place = Int(order[start + to % k])
          body(x, y, to, start + place, place)
        }
      }
    }
  }

  package static let topk: Operator = Operator(
    name: "topk", summary: "The k largest elements along an axis, the largest first.",
    parameters: topParameters, formula: "topk({0})", infer: top("topk"),
    kernel: { call throws(OperatorProblem) in
      let size = call.output.dtype.size
      try forEachTop(call) { x, y, to, from, _ in
        (y.address + to * size).copyMemory(from: x.address + from * size, byteCount: size)
      }
    },
    gradient: .rule { g, node in
      let order = places(node, descending: true)
      var lengths = order.shape.dims
      lengths[lengths.count - 1] = node.shape[node.ownAxis]
      return [returned(g, node, order.sliced(starts: lengths.map { _ in 0 }, lengths: lengths))]
    }, notation: ["{g} at the largest, 0 elsewhere"], samples: Samples.topk,
    examples: [
      "topk([3, 9, 5], 2)  # => [9, 5]", "topk([[1, 5], [7, 2]], 1, axis: 0)  # => [[7, 5]]",
    ])

  package static let argtopk: Operator = Operator(
    name: "argtopk", summary: "The indices of the k largest elements along an axis; see topk.",
    parameters: topParameters, formula: "argtopk({0})", infer: top("argtopk", .i64),
    kernel: { call throws(OperatorProblem) in
      try forEachTop(call) { _, y, to, _, place in y.pointer(as: Int64.self)[to] = Int64(place) }
    }, gradient: .none(because: "an index jumps"),
    examples: ["argtopk([3, 9, 5], 2)  # => [1, 2]"])
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
    var work = Work()
    for place in 0..<shape.count {
      let index = Int(places[place])
      guard index >= 0, index < length else {
        throw OperatorProblem(
          .index, "the index \(index) is out of range: a row has \(length) elements")
      }
      body(place / width * length + index, place)
      if work.isOver(after: 1) { return }
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

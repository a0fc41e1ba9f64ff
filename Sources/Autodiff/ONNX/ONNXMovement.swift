// The forms in ONNX of operators that move, choose and make elements.

import Engine

extension ONNXForms {
  private static let reshaped: ONNXForm = .made { call throws(OperatorProblem) in
    try call.reshaped(call.operands[0])
  }
  private static let stretched: ONNXForm = .made { call throws(OperatorProblem) in
    call.add("Expand", [call.operands[0], try call.shape()])
  }

  static let movement: [(op: Operator, form: ONNXForm)] = [
    (.reshape, reshaped), (.squeeze, reshaped), (.expand, stretched),
    (
      .transpose,
      .made { call in
        call.add("Transpose", call.operands, [("perm", .ints(call.attributes.sizes))])
      }
    ),
    (
      .concat,
      .made { call in
        call.add("Concat", call.operands, [("axis", .int(call.attributes.axes?.first ?? 0))])
      }
    ),
    (
      .stack,
      .made { call throws(OperatorProblem) in
        let axis = call.attributes.sizes.first ?? 0
        let place = try call.ints([axis])
        let parts = call.operands.map { call.add("Unsqueeze", [$0, place]) }
        return call.add("Concat", parts, [("axis", .int(axis))])
      }
    ),
    (.slice, .ofFirst { call throws(OperatorProblem) in try slice(call) }),
    (.sliceUpdate, .none(because: "elements are replaced in the model")),
    (.sliceAdd, .none(because: "it belongs to gradients")),
    (
      .pad,
      .made { call throws(OperatorProblem) in
        call.add(
          "Pad",
          [
            call.operands[0], try call.ints(call.attributes.sizes),
            try call.scalar(call.attributes.reals.first ?? 0),
          ])
      }
    ),
  ]

  /// Starts, ends and steps; an end that is the batch's is that of the axis.
  private static func slice(_ call: ONNXCall) throws(OperatorProblem) -> String {
    let (rank, sizes, open) = (call.rank, call.attributes.sizes, call.dims(0))
    try call.node.graph.force([call.node.inputs[1], call.twin.inputs[1]])
    guard let starts = call.node.inputs[1].buffer, call.node.inputs[1].isLeaf,
      let others = call.twin.inputs[1].buffer
    else { throw call.problem("where it begins depends on the input") }
    var (begins, ends, steps): ([Int], [Int], [Int]) = ([], [], [])
    for axis in 0..<rank {
      let (start, length, step) = (Int(starts[axis]), sizes[axis], sizes[rank + axis])
      guard Int(others[axis]) == start || open[axis] == nil else {
        throw call.problem("where it begins depends on the number of rows")
      }
      let size = call.node.inputs[0].shape[axis]
      begins.append(start)
      steps.append(step)
      if open[axis] != nil {
        let end = start + step * length
        ends.append(step > 0 ? end : end < 0 ? Int(Int32.min) : end)
        continue
      }
      // Of rows it takes all, or so many from one end.
      let isFromEnd = Int(others[axis]) - start == ONNXTrace.otherRows - ONNXTrace.rows
      if isFromEnd { begins[axis] = start - size }
      let isOpen = call.dims[axis] == nil
      guard step == 1 || isOpen else { throw call.problem("it takes every other row") }
      if isOpen {
        ends.append(step > 0 ? Int(Int32.max) : Int(Int32.min))
      } else {
        let end = begins[axis] + length
        ends.append(isFromEnd && end == 0 ? Int(Int32.max) : end)
      }
    }
    let axes = Array(0..<rank)
    return call.add(
      "Slice",
      [
        call.operands[0], try call.ints(begins), try call.ints(ends), try call.ints(axes),
        try call.ints(steps),
      ])
  }

  // MARK: - Choosing

  /// The k largest along an axis, or all in order: values and places.
  private static func ordered(_ part: Int, isSort: Bool) -> ONNXForm {
    .made { call throws(OperatorProblem) in
      let axis = call.attributes.axes?.first ?? max(0, call.rank - 1)
      guard call.rank > 0, let count = call.dims[axis] else {
        throw call.problem("it sorts along the batch")
      }
      let isLargest = !isSort || call.attributes.flag
      return call.graph.add(
        "TopK", [call.operands[0], try call.ints([count])],
        [
          ("axis", .int(axis)), ("largest", .int(isLargest ? 1 : 0)), ("sorted", .int(1)),
        ], results: 2)[part]
    }
  }

  private static let isDerivative: ONNXForm = .none(because: "it belongs to a derivative")

  static let selection: [(op: Operator, form: ONNXForm)] = [
    (.whereOperator, .same("Where")),
    (
      .gather,
      .made { call in
        let index =
          call.node.inputs[1].dtype == .i64
          ? call.operands[1] : call.cast(call.operands[1], to: .i64)
        return call.add(
          "Gather", [call.operands[0], index],
          [("axis", .int(call.attributes.axes?.first ?? 0))])
      }
    ),
    (
      .oneHot,
      .made { call throws(OperatorProblem) in
        let depth = try call.ints([call.attributes.sizes.first ?? 0])
        let values = call.graph.add(
          try Graph.buffer(call.node.dtype, values: [0, 1]), Shape([2]), name: "off_on")
        return call.add(
          "OneHot", [call.cast(call.operands[0], to: .i64), depth, values],
          [("axis", .int(-1))])
      }
    ),
    (.sort, ordered(0, isSort: true)), (.argsort, ordered(1, isSort: true)),
    (.topk, ordered(0, isSort: false)), (.argtopk, ordered(1, isSort: false)),
    (
      .takeAlong,
      .made { call in
        call.add("GatherElements", call.operands, [("axis", .int(call.rank - 1))])
      }
    ),
    (.scatterAdd, isDerivative), (.addAlong, isDerivative),
    (.gatherUpdate, .none(because: "rows are replaced in the model")),
  ]

  // MARK: - Making

  private static let isOpen: ONNXForm = .none(because: "its size is that of the batch")
  private static let isRandom: ONNXForm = .none(because: "it draws random numbers")

  static let creation: [(op: Operator, form: ONNXForm)] = [
    (.full, stretched), (.eye, isOpen), (.linspace, isOpen), (.uniform, isRandom),
    (.normal, isRandom), (.bernoulli, isRandom), (.integers, isRandom),
  ]
}

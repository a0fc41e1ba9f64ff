// The steps of a long short-term memory as one operator, and what they hand back.

import Engine

extension Catalogue {
  static let recurrence: [Operator] = [.lstmSteps, .lstmDeltas]
}

extension Operator {
  /// inputs: what comes from x for the gates i, f, g, o, [n, length, 4 hidden]; the weight of the
  /// state, [hidden, 4 hidden]. `flag` goes from the end to the beginning. The result keeps for every
  /// step y, c, i, f, g, o: [n, length, 6 hidden]. (Hochreiter, Schmidhuber 1997; with the forget gate
  /// of Gers, Schmidhuber, Cummins 2000.)
  package static let lstmSteps: Operator = Operator(
    name: "lstm_steps", summary: "States, cells and gates of an LSTM over a sequence.",
    parameters: [Parameter("x", .tensor), Parameter("weight", .tensor)],
    formula: "lstm_steps({0}, {1})",
    infer: { types, _ throws(OperatorProblem) in
      let (x, w) = (types[0], types[1])
      guard x.dtype.isFloat, x.dtype == w.dtype, x.shape.rank == 3, w.shape.rank == 2,
        w.shape[1] == x.shape[2], w.shape[0] * 4 == w.shape[1]
      else {
        throw OperatorProblem(
          .shape,
          "lstm_steps wants [n, length, 4 hidden] and [hidden, 4 hidden], not \(x.shape) and "
            + "\(w.shape)")
      }
      try Rules.library()
      let dims = [x.shape[0], x.shape[1], w.shape[0] * LSTMSteps.parts]
      guard let shape = Shape(checking: dims), dims[1].multipliedClamped(by: dims[2]) <= Int32.max
      else { throw Rules.unfitting(dims) }
      return TensorType(shape, x.dtype)
    },
    kernel: { call throws(OperatorProblem) in
      let steps = steps(call.inputShapes[0], call.attributes)
      try Kernels.guarded { () throws(MemoryProblem) in
        try steps.forward(call.inputs[0], call.inputs[1], call.output)
      }
    },
    gradient: .rule { g, node in
      let weight = node.inputs[1]
      let arriving = upstreamOfStates(g, node)
      let deltas = arriving.apply(.lstmDeltas, [node, weight], node.attributes)
      return [deltas, weightGradient(node, deltas)]
    }, notation: ["{g} back through the steps", "{g} back through the steps"],
    composition: { inputs, node in composed(inputs, isReversed: node.attributes.flag) },
    samples: [false, true].flatMap { isReversed in
      [(1, 2, 1), (3, 1, 3), (2, 3, 2), (3, 2, 17), (1, 4, 3), (2, 2, 16)].map {
        n, length, hidden in
        Sample(
          [[n, length, 4 * hidden], [hidden, 4 * hidden]], Attributes(flag: isReversed))
      }
    }, isHidden: true)

  /// inputs: the gradient of what `lstm_steps` keeps, or of y alone; what it kept; the weight. The
  /// gradient of what comes from x.
  package static let lstmDeltas: Operator = Operator(
    name: "lstm_deltas", summary: "The gradient of the sums in an LSTM's gates.",
    parameters: [
      Parameter("g", .tensor), Parameter("states", .tensor), Parameter("weight", .tensor),
    ],
    formula: "lstm_deltas({0}, {1}, {2})",
    infer: { types, _ throws(OperatorProblem) in
      let (g, states, w) = (types[0], types[1], types[2])
      guard states.dtype.isFloat, g.dtype == states.dtype, w.dtype == states.dtype,
        g.shape.rank == 3, states.shape.rank == 3, w.shape.rank == 2,
        g.shape.dims.dropLast() == states.shape.dims.dropLast(), w.shape[1] == 4 * w.shape[0],
        states.shape[2] == LSTMSteps.parts * w.shape[0],
        g.shape[2] == w.shape[0] || g.shape[2] == states.shape[2]
      else {
        throw OperatorProblem(
          .shape,
          "lstm_deltas wants [n, length, 6 hidden] twice and [hidden, 4 hidden], not \(g.shape), "
            + "\(states.shape) and \(w.shape)")
      }
      return TensorType(Shape(states.shape.dims.dropLast() + [w.shape[1]]), states.dtype)
    },
    kernel: { call throws(OperatorProblem) in
      let steps = steps(call.shape, call.attributes)
      try Kernels.guarded { () throws(MemoryProblem) in
        try steps.backward(call.inputs[0], call.inputs[1], call.inputs[2], call.output)
      }
    },
    gradient: .rule { g, node in throughComposition(g, node) },
    notation: ["{g} through the derivative of the steps"],
    composition: { inputs, node in composedDeltas(inputs, isReversed: node.attributes.flag) },
    samples: [false, true].flatMap { isReversed in
      [(1, 2, 1, 6), (3, 1, 3, 3), (2, 3, 2, 12), (2, 2, 2, 2), (1, 3, 3, 18), (2, 2, 1, 1)].map {
        n, length, hidden, width in
        Sample(
          [[n, length, width], [n, length, 6 * hidden], [hidden, 4 * hidden]],
          Attributes(flag: isReversed))
      }
    }, isHidden: true)

  private static func steps(_ shape: Shape, _ attributes: Attributes) -> LSTMSteps {
    LSTMSteps(
      sequences: shape[0], length: shape[1], hidden: shape[2] / 4, isReversed: attributes.flag)
  }

  /// The gradient of y alone, where nothing else of what is kept was used.
  private static func upstreamOfStates(_ g: Node, _ node: Node) -> Node {
    let hidden = node.shape[2] / LSTMSteps.parts
    guard g.op === Operator.sliceUpdate, g.inputs[0].isZeros,
      g.inputs[1].shape.dims == [node.shape[0], node.shape[1], hidden],
      let starts = g.inputs[2].buffer, starts.doubles.allSatisfy({ $0 == 0 })
    else { return g }
    return g.inputs[1]
  }

  /// Every step's state before it times its deltas, added up over sequences and steps.
  private static func weightGradient(_ node: Node, _ deltas: Node) -> Node {
    let (n, length, width) = (node.shape[0], node.shape[1], deltas.shape[2])
    let hidden = width / 4
    // The state before the first step is zeros.
    guard length > 1 else { return node.graph.constant(0, node.dtype).expanded([hidden, width]) }
    let (from, to) = node.attributes.flag ? (1, 0) : (0, 1)
    let states = node.sliced(starts: [0, from, 0], lengths: [n, length - 1, hidden])
      .reshaped([n * (length - 1), hidden])
    let later = deltas.sliced(starts: [0, to, 0], lengths: [n, length - 1, width])
      .reshaped([n * (length - 1), width])
    return states.transposed.matmul(later)
  }

  /// The gradients of the operands by the derivative of what the operator is composed of.
  private static func throughComposition(_ g: Node, _ node: Node) -> [Node?] {
    // Operands may depend on each other: only the ways through the composition count.
    let operands = node.inputs.map { $0.apply(.identity) }
    var parts = [Node?](repeating: nil, count: operands.count)
    _ = g.attempt { () throws(OperatorProblem) in
      if let result = node.op.composition?(operands, node) {
        parts = try g.graph.gradients(of: result, withRespectTo: operands, seed: g, isInRule: true)
      }
      return g
    }
    return parts
  }

  // MARK: - In simpler operators

  /// One step: gates from their sums, the cell, the state.
  ///
  /// - Parameter cell: the cell before; nil where it is zeros.
  package static func lstmStep(_ sums: Node, cell: Node?) -> (
    state: Node, cell: Node, gates: [Node]
  ) {
    let parts = sums.columnBlocks(4)
    let gates = [
      parts[0].apply(.sigmoid), parts[1].apply(.sigmoid), parts[2].apply(.tanh),
      parts[3].apply(.sigmoid),
    ]
    var new = gates[0] * gates[2]
    if let cell { new = gates[1] * cell + new }
    return (gates[3] * new.apply(.tanh), new, gates)
  }

  private static func times(_ length: Int, _ isReversed: Bool) -> [Int] {
    isReversed ? (0..<length).reversed() : Array(0..<length)
  }

  private static func composed(_ inputs: [Node], isReversed: Bool) -> Node {
    let (x, weight) = (inputs[0], inputs[1])
    let (n, length, width) = (x.shape[0], x.shape[1], x.shape[2])
    var kept = [Node](repeating: x, count: length)
    var last: (state: Node, cell: Node, gates: [Node])?
    for time in times(length, isReversed) {
      let given = x.sliced(starts: [0, time, 0], lengths: [n, 1, width]).reshaped([n, width])
      let sums = last.map { given + $0.state.matmul(weight) } ?? given
      let step = lstmStep(sums, cell: last?.cell)
      kept[time] = step.state.apply(.concat, [step.cell] + step.gates, Attributes(axes: [1]))
      last = step
    }
    return kept[0].apply(.stack, Array(kept.dropFirst()), Attributes(sizes: [1]))
  }

  private static func composedDeltas(_ inputs: [Node], isReversed: Bool) -> Node {
    let (g, states, weight) = (inputs[0], inputs[1], inputs[2])
    let (n, length, hidden) = (states.shape[0], states.shape[1], weight.shape[0])
    let isWhole = g.shape[2] > hidden
    let part = { (node: Node, time: Int, index: Int) in
      node.sliced(starts: [0, time, index * hidden], lengths: [n, 1, hidden]).reshaped([n, hidden])
    }
    var deltas = [Node](repeating: g, count: length)
    var (carried, cells): (Node?, Node?)
    let order = times(length, isReversed)
    for (number, time) in order.enumerated().reversed() {
      let added = { (x: Node?, index: Int) -> Node? in
        guard isWhole else { return x }
        let own = part(g, time, index)
        return x.map { $0 + own } ?? own
      }
      let gates = (2..<6).map { part(states, time, $0) }
      let squashed = part(states, time, 1).apply(.tanh)
      let own = part(g, time, 0)
      let arriving = carried.map { own + $0 } ?? own
      let inner = arriving * gates[3] * (1 - squashed * squashed)
      let cell = added(cells.map { inner + $0 } ?? inner, 1) ?? inner
      let before = number > 0 ? part(states, order[number - 1], 1) : nil
      let slopes = [gates[0], gates[1], gates[3]].map { $0 * (1 - $0) }
      let forget = added(before.map { cell * $0 }, 3) ?? gates[1] * 0
      let parts = [
        (added(cell * gates[2], 2) ?? cell) * slopes[0], forget * slopes[1],
        (added(cell * gates[0], 4) ?? cell) * (1 - gates[2] * gates[2]),
        (added(arriving * squashed, 5) ?? cell) * slopes[2],
      ]
      let delta = parts[0].apply(.concat, Array(parts.dropFirst()), Attributes(axes: [1]))
      deltas[time] = delta
      (carried, cells) = (delta.matmul(weight.transposed), cell * gates[1])
    }
    return deltas[0].apply(.stack, Array(deltas.dropFirst()), Attributes(sizes: [1]))
  }
}

extension Node {
  /// A matrix cut into so many blocks of columns, [n, width / count] each.
  package func columnBlocks(_ count: Int) -> [Node] {
    let (n, width) = (shape[0], shape[1] / count)
    return (0..<count).map { sliced(starts: [0, $0 * width], lengths: [n, width]) }
  }
}

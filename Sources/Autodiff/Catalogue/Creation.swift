// Operators that make tensors from sizes and from the random stream.

import Engine

extension Catalogue {
  static let creation: [Operator] = [
    .full, .eye, .linspace, .uniform, .normal, .bernoulli, .integers,
  ]
}

extension Operator {
  private static func sized(_ attributes: Attributes, _ dtype: DType) throws(OperatorProblem)
    -> TensorType
  {
    if let negative = attributes.sizes.first(where: { $0 < 0 }) {
      throw OperatorProblem(.value, "a size is not negative: \(negative)")
    }
    guard let shape = Shape(checking: attributes.sizes) else {
      throw Rules.unfitting(attributes.sizes)
    }
    return TensorType(shape, dtype)
  }

  /// inputs: the value, 0-d.
  package static let full: Operator = Operator(
    name: "full", summary: "A tensor of one value.",
    parameters: [Parameter("sizes", .sizes), Parameter("value", .tensor)], formula: "full({0})",
    infer: { types, attributes throws(OperatorProblem) in
      try sized(attributes, attributes.dtype ?? types[0].dtype)
    },
    kernel: { call throws(OperatorProblem) in
      Movement.strided(
        call.inputs[0], call.output, call.shape, offset: 0,
        strides: [Int](repeating: 0, count: call.shape.rank))
    },
    gradient: .rule { g, _ in [g.sum(axes: Array(0..<g.shape.rank), keep: false)] },
    notation: ["Σ {g}"], samples: Samples.full,
    isHidden: true, role: .stretch)

  package static let eye: Operator = Operator(
    name: "eye", summary: "The identity matrix, of n rows and as many or m columns.",
    parameters: [
      Parameter("n", .size), Parameter("m", .size, default: .none),
      Parameter("dtype", .dtype, default: .none),
    ], formula: "eye",
    infer: { _, attributes throws(OperatorProblem) in
      let sizes = [attributes.sizes.first ?? 0, attributes.sizes.last ?? 0]
      return try sized(Attributes(sizes: sizes), attributes.dtype ?? .f32)
    },
    kernel: { call throws(OperatorProblem) in
      Movement.clear(call.output)
      let n = call.shape[1]
      for i in 0..<Swift.min(call.shape[0], n) {
        switch call.output.dtype {
        case .f32: call.output.pointer(as: Float.self)[i * n + i] = 1
        case .f64: call.output.pointer(as: Double.self)[i * n + i] = 1
        case .i32: call.output.pointer(as: Int32.self)[i * n + i] = 1
        case .i64: call.output.pointer(as: Int64.self)[i * n + i] = 1
        case .bool: call.output.pointer(as: UInt8.self)[i * n + i] = 1
        }
      }
    }, gradient: .none(because: "it has no operands"),
    examples: ["eye(2)  # => [[1, 0], [0, 1]]", "eye(2, 3)  # => [[1, 0, 0], [0, 1, 0]]"])

  /// inputs: first and last; sizes: how many.
  package static let linspace: Operator = Operator(
    name: "linspace", summary: "Equally spaced numbers from first to last, both included.",
    parameters: [
      Parameter("first", .tensor), Parameter("last", .tensor), Parameter("count", .size),
      Parameter("dtype", .dtype, default: .none),
    ], formula: "linspace({0}, {1})",
    infer: { types, attributes throws(OperatorProblem) in
      guard types[0].dtype.isFloat else {
        throw OperatorProblem(
          .dtype, "linspace makes floats, not \(types[0].dtype.name)", help: "use arange")
      }
      return try sized(attributes, types[0].dtype)
    },
    kernel: { call throws(OperatorProblem) in
      let (first, last) = (call.inputs[0][0], call.inputs[1][0])
      let steps = Double(Swift.max(1, call.output.count - 1))
      let count = call.output.count
      call.output.fill { i in
        i == count - 1 && i > 0 ? last : first + (last - first) * (Double(i) / steps)
      }
    },
    gradient: .none(because: "linspace is made of plain numbers"),
    examples: ["linspace(0, 1, 3)  # => [0, 0.5, 1]"])

  /// inputs: seed and position of the stream (i64), so that a new draw is no new plan.
  private static func random(
    _ name: String, _ summary: String,
    _ draw: @escaping @Sendable (_ reals: [Double]) -> Philox.Draw,
    dtype: DType = .f32
  ) -> Operator {
    Operator(
      name: name, summary: summary, parameters: [Parameter("sizes", .sizes)], formula: name,
      infer: { _, attributes throws(OperatorProblem) in
        try sized(attributes, attributes.dtype ?? dtype)
      },
      kernel: { call throws(OperatorProblem) in
        let words = call.inputs[0].pointer(as: Int64.self)
        let philox = Philox(seed: UInt64(bitPattern: words[0]))
        let start = UInt64(bitPattern: words[1])
        let reals = call.attributes.reals
        // Rounded to f32, the largest numbers below 1 would be 1.
        let most = name == "rand" && call.output.dtype == .f32 ? 1 - 0x1p-24 : .infinity
        philox.fill(call.output, draw(reals), from: start, most: most)
      }, gradient: .none(because: "random numbers depend on nothing"), isHidden: true)
  }

  package static let uniform: Operator = random(
    "rand", "Random numbers, equally likely from 0 to 1 (1 excluded).",
    { _ in .uniform })
  package static let normal: Operator = random(
    "randn", "Normal random numbers with mean 0 and deviation 1.",
    { _ in .normal })
  package static let bernoulli: Operator = random(
    "bernoulli", "1 with a probability, else 0.",
    { .bernoulli($0.first ?? 0.5) })
  package static let integers: Operator = random(
    "integers", "Random whole numbers from low to high (high excluded).",
    { .integers($0[0], $0[1]) }, dtype: .i64)
}

extension Graph {
  /// `count` numbers in equal steps; whole element types want whole numbers that fit.
  package func steps(from start: Double, by step: Double, count: Int, _ dtype: DType)
    throws(OperatorProblem) -> Node
  {
    let last = start + Double(Swift.max(0, count - 1)) * step
    for number in [start, step, last] where count > 0 && !Graph.fits(number, dtype) {
      throw OperatorProblem(
        .value,
        "\(NumberFormat.shortest(number)) is no \(dtype.name), in which the steps were asked for")
    }
    let buffer = try Kernels.buffer(dtype, count)
    buffer.fill { start + Double($0) * step }
    try Graph.checkInterrupt()
    return leaf(buffer, Shape([count]))
  }

  /// 0..<count in a random order.
  package func randomOrder(_ count: Int) throws(OperatorProblem) -> [Int] {
    let order = random.permutation(count)
    try Graph.checkInterrupt()
    return order
  }

  /// The same as a tensor.
  package func randomPermutation(_ count: Int) throws(OperatorProblem) -> Node {
    let order = try Kernels.buffer(.i64, count)
    random.permutation(in: order)
    try Graph.checkInterrupt()
    return leaf(order, Shape([count]))
  }

  /// Records a random operator; its draws are taken from the stream now.
  package func random(_ op: Operator, _ attributes: Attributes) throws(OperatorProblem) -> Node {
    let count = Shape(checking: attributes.sizes)?.count ?? 0
    let position = random.reserve(count)
    let buffer: Buffer
    do { buffer = try Buffer(.i64, count: 2) } catch { throw Graph.memoryProblem(error) }
    buffer.pointer(as: Int64.self)[0] = Int64(bitPattern: random.seed)
    buffer.pointer(as: Int64.self)[1] = Int64(bitPattern: position)
    return try record(op, [leaf(buffer, Shape([2]))], attributes)
  }
}

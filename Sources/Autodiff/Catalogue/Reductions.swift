// Operators that reduce axes.

import Engine
import Glibc

extension Catalogue {
  static let reductions: [Operator] = [
    .sum, .mean, .prod, .max, .min, .any, .all, .argmax, .argmin, .cumsum, .cumprod, .recurrence,
    .logsumexp, .softmax,
    .logSoftmax, .variance, .std, .norm,
  ]
}

extension Operator {
  static let reductionParameters: [Parameter] = [
    Parameter("x", .tensor), Parameter("axis", .axes, default: .none),
    Parameter("keep", .keep, default: .bool(false)),
  ]

  /// Brings the reduced axes last and hands rows to a body that fills the output.
  static func overRows(
    _ body:
      @escaping @Sendable (_ x: Buffer, _ y: Buffer, _ length: Int) throws(OperatorProblem)
      -> Void
  ) -> Kernel {
    { call throws(OperatorProblem) in
      let shape = call.inputShapes[0]
      let axes = call.attributes.axes ?? Array(0..<shape.rank)
      let layout = Reductions.Layout(shape, axes: axes)
      let x = try Kernels.guarded { () throws(MemoryProblem) in
        try Reductions.arranged(call.inputs[0], shape, layout)
      }
      defer { withExtendedLifetime(x) {} }
      try body(x, call.output, layout.length)
    }
  }

  static func floatRows(_ reduction: RowReduction) -> Kernel {
    overRows { x, y, length throws(OperatorProblem) in
      RowKernels.reduce(reduction, x, y, length: length)
    }
  }

  static func floatReduction(_ name: String) -> Infer {
    { types, attributes throws(OperatorProblem) in
      guard types[0].dtype.isFloat else {
        throw OperatorProblem(.dtype, "\(name) wants floats, {0} holds \(types[0].dtype.name)")
      }
      return TensorType(Rules.reduced(types[0].shape, attributes), types[0].dtype)
    }
  }

  static func reduction(
    _ name: String, _ summary: String, infer: Infer? = nil, _ kernel: @escaping Kernel,
    _ gradient: Gradient, notation: [String]? = nil, along: String? = nil,
    composition: (@Sendable (_ inputs: [Node], _ node: Node) -> Node)? = nil,
    domain: ClosedRange<Double> = -2...2,
    samples: [Sample] = Samples.reduction, example: String, role: Role = .kernel
  ) -> Operator {
    Operator(
      name: name, summary: summary, parameters: reductionParameters, formula: "\(name)({0})",
      infer: infer ?? floatReduction(name), kernel: kernel, gradient: gradient, notation: notation,
      elements: along.map { .along(.all, $0) } ?? .derived, composition: composition,
      domain: domain, samples: samples, examples: [example], role: role)
  }

  package static let sum: Operator = reduction(
    "sum", "The sum of all elements, or along axes.",
    infer: { types, attributes throws(OperatorProblem) in
      let dtype = types[0].dtype == .bool ? DType.i64 : types[0].dtype
      return TensorType(Rules.reduced(types[0].shape, attributes), dtype)
    },
    { call throws(OperatorProblem) in
      if call.inputs[0].dtype.isFloat { return try floatSum(call, isMean: false) }
      try wholeSums(call)
    },
    .rule { g, node in [g.unreduced(node)] }, notation: ["1"], along: "Σ {0}",
    samples: Samples.emptyReduction,
    example: "sum([[1, 2], [3, 4]], axis: 0)  # => [4, 6]", role: .sum(isMean: false))

  private static func floatSum(_ call: KernelCall, isMean: Bool) throws(OperatorProblem) {
    try Kernels.guarded { () throws(MemoryProblem) in
      try Reductions.sum(
        call.inputs[0], call.inputShapes[0], axes: call.attributes.axes, call.output,
        isMean: isMean)
    }
  }

  private static let wholeSums: Kernel = overRows { x, y, length throws(OperatorProblem) in
    switch x.dtype {
    case .f32, .f64: break
    case .bool:
      Reductions.rows(x, y, length, UInt8.self, Int64.self) { row, n in
        var total: Int64 = 0
        for piece in Work.pieces(n) { for i in piece { total &+= Int64(row[i]) } }
        return total
      }
    case .i64: try wholeSum(x, y, length, Int64.self)
    case .i32: try wholeSum(x, y, length, Int32.self)
    }
  }

  private static func wholeSum<T: FixedWidthInteger>(
    _ x: Buffer, _ y: Buffer, _ length: Int, _: T.Type
  ) throws(OperatorProblem) {
    var failed = false
    Reductions.rows(x, y, length, T.self, T.self) { row, n in
      // 128 bits: only the result has to fit, not the sums on the way.
      var total: Int128 = 0
      for piece in Work.pieces(n) {
        for i in piece { total &+= Int128(truncatingIfNeeded: row[i]) }
      }
      let result = T(truncatingIfNeeded: total)
      if Int128(truncatingIfNeeded: result) != total { failed = true }
      return result
    }
    if failed { throw Kernels.overflow("sum", x.dtype) }
  }

  package static let mean: Operator = reduction(
    "mean", "The mean of all elements, or along axes.",
    { call throws(OperatorProblem) in try floatSum(call, isMean: true) },
    .rule { g, node in
      let count = Double(node.inputs[0].shape.count) / Double(Swift.max(1, node.shape.count))
      return [(g / count).unreduced(node)]
    }, notation: ["1 / n"], along: "Σ {0} / n", samples: Samples.emptyReduction,
    example: "mean([1, 2, 3, 6])  # => 3", role: .sum(isMean: true))

  private static func extreme(_ name: String) -> Infer {
    { types, attributes throws(OperatorProblem) in
      let shape = types[0].shape
      let axes = attributes.axes ?? Array(0..<shape.rank)
      guard !axes.contains(where: { shape[$0] == 0 }) else {
        throw OperatorProblem(.value, "\(name) of nothing: {0} has the shape \(shape)")
      }
      return TensorType(Rules.reduced(shape, attributes), types[0].dtype)
    }
  }

  private static func best<T: Comparable>(
    _ x: UnsafePointer<T>, _ n: Int, _ better: (T, T) -> Bool
  ) -> Int {
    var index = 0
    for piece in Work.pieces(n) {
      for i in piece {
        if x[index] != x[index] { return index }
        if better(x[i], x[index]) || x[i] != x[i] { index = i }
      }
    }
    return index
  }

  @inline(__always)
  private static func pick<U>(
    _ x: Buffer, _ y: Buffer, _ length: Int, largest: Bool, _: U.Type,
    _ store: (Int, Int) -> Void
  ) {
    var work = Work()
    for row in 0..<y.count {
      if work.isOver(after: length) { return }
      let index: Int
      switch x.dtype {
      case .f32:
        index = best(UnsafePointer(x.pointer(as: Float.self)) + row * length, length) {
          largest ? $0 > $1 : $0 < $1
        }
      case .f64:
        index = best(UnsafePointer(x.pointer(as: Double.self)) + row * length, length) {
          largest ? $0 > $1 : $0 < $1
        }
      case .i64:
        index = best(UnsafePointer(x.pointer(as: Int64.self)) + row * length, length) {
          largest ? $0 > $1 : $0 < $1
        }
      case .i32:
        index = best(UnsafePointer(x.pointer(as: Int32.self)) + row * length, length) {
          largest ? $0 > $1 : $0 < $1
        }
      case .bool:
        index = best(UnsafePointer(x.pointer(as: UInt8.self)) + row * length, length) {
          largest ? $0 > $1 : $0 < $1
        }
      }
      store(row, row * length + index)
    }
  }

  private static func extremeKernel(largest: Bool) -> Kernel {
    overRows { x, y, length throws(OperatorProblem) in
      let size = x.dtype.size
      pick(x, y, length, largest: largest, UInt8.self) { row, index in
        (y.address + row * size).copyMemory(from: x.address + index * size, byteCount: size)
      }
    }
  }

  private static func indexKernel(largest: Bool) -> Kernel {
    overRows { x, y, length throws(OperatorProblem) in
      let target = y.pointer(as: Int64.self)
      pick(x, y, length, largest: largest, Int64.self) { row, index in
        target[row] = Int64(index - row * length)
      }
    }
  }

  /// One-hot of the first extreme element of every row, for max and min.
  private static func extremeGradient(_ arg: Operator) -> Gradient {
    .rule { g, node in
      let x = node.inputs[0]
      let axes = node.attributes.axes ?? Array(0..<x.shape.rank)
      let kept = (0..<x.shape.rank).filter { !axes.contains($0) }
      let order = kept + axes
      let length = axes.reduce(1) { $0 * x.shape[$1] }
      let rows = x.shape.count / Swift.max(1, length)
      let flat = x.apply(.transpose, [], Attributes(sizes: order)).reshaped([rows, length])
      let first = flat.apply(arg, [], Attributes(axes: [1]))
      let hot = first.apply(.oneHot, [], Attributes(sizes: [length], dtype: g.dtype))
      var inverse = [Int](repeating: 0, count: order.count)
      for (place, axis) in order.enumerated() { inverse[axis] = place }
      let mask = hot.reshaped(order.map { x.shape[$0] })
        .apply(.transpose, [], Attributes(sizes: inverse))
      return [g.unreduced(node) * mask.stopped]
    }
  }

  package static let max: Operator = reduction(
    "max", "The largest element, or along axes; max(x, y) takes the larger of two.",
    infer: extreme("max"), extremeKernel(largest: true), extremeGradient(.argmax),
    notation: ["{g} at the first largest of {0}, 0 elsewhere"],
    example: "max([[1, 5], [7, 2]], axis: 1)  # => [5, 7]")
  package static let min: Operator = reduction(
    "min", "The smallest element, or along axes; min(x, y) takes the smaller of two.",
    infer: extreme("min"), extremeKernel(largest: false), extremeGradient(.argmin),
    notation: ["{g} at the first smallest of {0}, 0 elsewhere"],
    example: "min([[1, 5], [7, 2]], axis: 1)  # => [1, 2]")

  private static func index(_ name: String, _ summary: String, largest: Bool, example: String)
    -> Operator
  {
    reduction(
      name, summary,
      infer: { types, attributes throws(OperatorProblem) in
        TensorType(try extreme(name)(types, attributes).shape, .i64)
      }, indexKernel(largest: largest), .none(because: "an index jumps"), example: example)
  }

  package static let argmax: Operator = index(
    "argmax", "The index of the first largest element.", largest: true,
    example: "argmax([3, 9, 9])  # => 1")
  package static let argmin: Operator = index(
    "argmin", "The index of the first smallest element.", largest: false,
    example: "argmin([3, 1, 9])  # => 1")

  private static func quantifier(
    _ name: String, _ summary: String, all: Bool, example: String
  ) -> Operator {
    Operator(
      name: name, summary: summary, parameters: reductionParameters, formula: "\(name)({0})",
      infer: { types, attributes throws(OperatorProblem) in
        guard types[0].dtype == .bool else {
          throw OperatorProblem(
            .dtype, "\(name) wants bools, {0} holds \(types[0].dtype.name)",
            help: "compare first: \(name)({0} > 0)")
        }
        return TensorType(Rules.reduced(types[0].shape, attributes), .bool)
      },
      kernel: overRows { x, y, length throws(OperatorProblem) in
        Reductions.rows(x, y, length, UInt8.self, UInt8.self) { row, n in
          // The first element that decides; the rest need not be looked at.
          var isDecided = false
          for piece in Work.pieces(n) {
            if !isDecided { isDecided = piece.contains { (row[$0] == 0) == all } }
          }
          return isDecided == all ? 0 : 1
        }
      }, gradient: .none(because: "logic jumps between true and false"), examples: [example])
  }

  package static let any: Operator = quantifier(
    "any", "Whether some element is true.", all: false, example: "any([false, true])  # => true")
  package static let all: Operator = quantifier(
    "all", "Whether every element is true.", all: true, example: "all([false, true])  # => false")

  package static let cumsum: Operator = Operator(
    name: "cumsum", summary: "Running sums along an axis.",
    parameters: [Parameter("x", .tensor), Parameter("axis", .axis, default: .number(0))],
    formula: "cumsum({0})", infer: Rules.numbers("cumsum"),
    kernel: { call throws(OperatorProblem) in
      let shape = call.shape
      let axis = call.attributes.axes?.first ?? 0
      guard shape.rank > 0 else { return Movement.copy(call.inputs[0], call.output) }
      let inner = (axis + 1..<shape.rank).reduce(1) { $0 * shape[$1] }
      let block = shape[axis] * inner
      func run<T: BinaryFloatingPoint>(_: T.Type) {
        let x = call.inputs[0].pointer(as: T.self)
        let y = call.output.pointer(as: T.self)
        for piece in Work.pieces(shape.count) {
          var place = piece.lowerBound % Swift.max(1, block)
          for i in piece {
            y[i] = place >= inner ? x[i] + y[i - inner] : x[i]
            place = place + 1 == block ? 0 : place + 1
          }
        }
      }
      let (x, y) = (call.inputs[0], call.output)
      switch y.dtype {
      case .f32: run(Float.self)
      case .f64: run(Double.self)
      case .i64:
        try WholeArithmetic.runningSums(x, y, inner: inner, block: block, Int64.self)
      case .i32:
        try WholeArithmetic.runningSums(x, y, inner: inner, block: block, Int32.self)
      case .bool: break
      }
    },
    gradient: .rule { g, node in
      let total = g.sum(axes: node.attributes.axes ?? [0], keep: true)
      return [
        node.shape.rank == 0
          ? g : total - g.apply(.cumsum, [], node.attributes) + g
      ]
    }, notation: ["{g}, each summed with those after it"],
    samples: Samples.axis.map { Sample($0.shapes, Attributes(axes: $0.attributes.axes ?? [0])) },
    examples: ["cumsum([1, 2, 3])  # => [1, 3, 6]"])
}

// Operators that reduce axes.

import Engine
import Glibc

extension Catalogue {
  static let reductions: [Operator] = [
    .sum, .mean, .prod, .max, .min, .any, .all, .argmax, .argmin, .cumsum, .logsumexp, .softmax,
    .logSoftmax, .variance, .std, .norm, .productOfOthers,
  ]
}

extension Operator {
  private static let reductionParameters: [Parameter] = [
    Parameter("x", .tensor), Parameter("axis", .axes, default: .none),
    Parameter("keep", .keep, default: .bool(false)),
  ]

  /// Brings the reduced axes last and hands rows to a body that fills the output.
  private static func overRows(
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
      try body(x, call.output, layout.length)
    }
  }

  private static func floatRows(
    _ single: @escaping @Sendable (UnsafePointer<Float>, Int) -> Float,
    _ double: @escaping @Sendable (UnsafePointer<Double>, Int) -> Double
  ) -> Kernel {
    overRows { x, y, length throws(OperatorProblem) in
      if x.dtype == .f32 {
        Reductions.rows(x, y, length, Float.self, Float.self, single)
      } else {
        Reductions.rows(x, y, length, Double.self, Double.self, double)
      }
    }
  }

  private static func floatReduction(_ name: String) -> Infer {
    { types, attributes throws(OperatorProblem) in
      guard types[0].dtype.isFloat else {
        throw OperatorProblem(.dtype, "\(name) wants floats, {0} holds \(types[0].dtype.name)")
      }
      return TensorType(Rules.reduced(types[0].shape, attributes), types[0].dtype)
    }
  }

  private static func reduction(
    _ name: String, _ summary: String, infer: Infer? = nil, _ kernel: @escaping Kernel,
    _ gradient: Gradient, notation: [String]? = nil, domain: ClosedRange<Double> = -2...2,
    example: String
  ) -> Operator {
    Operator(
      name: name, summary: summary, parameters: reductionParameters, formula: "\(name)({0})",
      infer: infer ?? floatReduction(name), kernel: kernel, gradient: gradient, notation: notation,
      domain: domain,
      samples: Samples.reduction, examples: [example])
  }

  package static let sum: Operator = reduction(
    "sum", "The sum of all elements, or along axes.",
    infer: { types, attributes throws(OperatorProblem) in
      let dtype = types[0].dtype == .bool ? DType.i64 : types[0].dtype
      return TensorType(Rules.reduced(types[0].shape, attributes), dtype)
    },
    { call throws(OperatorProblem) in
      let shape = call.inputShapes[0]
      if call.inputs[0].dtype.isFloat, call.attributes.axes == [0], shape.rank == 2 {
        return Reductions.sumColumns(call.inputs[0], call.output, rows: shape[0])
      }
      try sumKernel(call)
    },
    .rule { g, node in [g.unreduced(node)] }, notation: ["1"],
    example: "sum([[1, 2], [3, 4]], axis: 0)  # => [4, 6]")

  private static let sumKernel: Kernel = overRows { x, y, length throws(OperatorProblem) in
    switch x.dtype {
    case .f32, .f64: Reductions.sumRows(x, y, length)
    case .bool:
      Reductions.rows(x, y, length, UInt8.self, Int64.self) { row, n in
        var total: Int64 = 0
        for i in 0..<n { total &+= Int64(row[i]) }
        return total
      }
    case .i64, .i32:
      var failed = false
      for row in 0..<y.count {
        var total: Int64 = 0
        for i in 0..<length {
          let value =
            x.dtype == .i64
            ? x.pointer(as: Int64.self)[row * length + i]
            : Int64(x.pointer(as: Int32.self)[row * length + i])
          let (next, overflow) = total.addingReportingOverflow(value)
          if overflow { failed = true }
          total = next
        }
        if x.dtype == .i64 {
          y.pointer(as: Int64.self)[row] = total
        } else {
          if Int32(exactly: total) == nil { failed = true }
          y.pointer(as: Int32.self)[row] = Int32(truncatingIfNeeded: total)
        }
      }
      if failed { throw Kernels.overflow("sum", x.dtype) }
    }
  }

  package static let mean: Operator = reduction(
    "mean", "The mean of all elements, or along axes.",
    floatRows(
      { Reductions.sum($0, $1) / Float($1) }, { Reductions.sum($0, $1) / Double($1) }),
    .rule { g, node in
      let count = Double(node.inputs[0].shape.count) / Double(Swift.max(1, node.shape.count))
      return [(g / count).unreduced(node)]
    }, notation: ["1 / n"], example: "mean([1, 2, 3, 6])  # => 3")

  package static let prod: Operator = reduction(
    "prod", "The product of all elements, or along axes.",
    floatRows(
      { x, n in (0..<n).reduce(Float(1)) { $0 * x[$1] } },
      { x, n in (0..<n).reduce(Double(1)) { $0 * x[$1] } }),
    .rule { g, node in
      let rows = Rows(node)
      return [g.unreduced(node) * rows.restore(rows.flat.apply(.productOfOthers))]
    }, notation: ["(product of the others)"], example: "prod([1, 2, 3, 4])  # => 24")

  /// The operand of a reduction as [rows, length], the reduced axes last.
  private struct Rows {
    let flat: Node
    let length: Int
    private let dims: [Int]
    private let inverse: [Int]

    init(_ node: Node) {
      let x = node.inputs[0]
      let axes = node.attributes.axes ?? Array(0..<x.shape.rank)
      let order = (0..<x.shape.rank).filter { !axes.contains($0) } + axes
      length = axes.reduce(1) { $0 * x.shape[$1] }
      flat = x.apply(.transpose, [], Attributes(sizes: order))
        .reshaped([node.shape.count, length])
      dims = order.map { x.shape[$0] }
      inverse = order.indices.map { place in order.firstIndex(of: place) ?? 0 }
    }

    func restore(_ y: Node) -> Node {
      y.reshaped(dims).apply(.transpose, [], Attributes(sizes: inverse))
    }
  }

  /// For every element of a row the product of the others: no division, so zeros are no trouble.
  package static let productOfOthers: Operator = Operator(
    name: "product_of_others", summary: "For every element of a row the product of the others.",
    parameters: [Parameter("x", .tensor)], formula: "product_of_others({0})",
    infer: Rules.sameAsFirst,
    kernel: { call throws(OperatorProblem) in
      let n = call.shape[1]
      func run<T: BinaryFloatingPoint>(_: T.Type) {
        for row in 0..<call.shape[0] {
          let x = call.inputs[0].pointer(as: T.self) + row * n
          let y = call.output.pointer(as: T.self) + row * n
          var product: T = 1
          for i in 0..<n { (y[i], product) = (product, product * x[i]) }
          product = 1
          for i in (0..<n).reversed() { (y[i], product) = (y[i] * product, product * x[i]) }
        }
      }
      if call.output.dtype == .f32 { run(Float.self) } else { run(Double.self) }
    },
    gradient: .rule { g, node in
      // ∂/∂x_k Σ g_i Π_{j ≠ i} x_j: the same with row i's own element replaced by 1.
      let (rows, n) = (node.shape[0], node.shape[1])
      guard
        let unit = try? g.graph.record(.eye, [], Attributes(sizes: [n], dtype: g.dtype))
          .reshaped([1, n, n])
      else { return [nil] }
      let x = node.inputs[0].reshaped([rows, 1, n])
      let others = (x * (1 - unit) + unit).reshaped([rows * n, n]).apply(.productOfOthers)
      let parts = g.reshaped([rows, n, 1]) * others.reshaped([rows, n, n]) * (1 - unit)
      return [parts.sum(axes: [1], keep: false)]
    }, samples: [Sample([[1, 3]]), Sample([[2, 4]]), Sample([[3, 1]]), Sample([[0, 2]])],
    isHidden: true)

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
    for i in 1..<Swift.max(1, n) {
      if x[index] != x[index] { break }
      if better(x[i], x[index]) || x[i] != x[i] { index = i }
    }
    return index
  }

  @inline(__always)
  private static func pick<U>(
    _ x: Buffer, _ y: Buffer, _ length: Int, largest: Bool, _: U.Type,
    _ store: (Int, Int) -> Void
  ) {
    for row in 0..<y.count {
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
      let rows = Rows(node)
      let first = rows.flat.apply(arg, [], Attributes(axes: [1])).apply(.detached)
      let hot = first.apply(.oneHot, [], Attributes(sizes: [rows.length], dtype: g.dtype))
      return [g.unreduced(node) * rows.restore(hot)]
    }
  }

  package static let max: Operator = reduction(
    "max", "The largest element, or along axes; max(x, y) takes the larger of two.",
    infer: extreme("max"), extremeKernel(largest: true), extremeGradient(.argmax),
    notation: ["(first largest)"], example: "max([[1, 5], [7, 2]], axis: 1)  # => [5, 7]")
  package static let min: Operator = reduction(
    "min", "The smallest element, or along axes; min(x, y) takes the smaller of two.",
    infer: extreme("min"), extremeKernel(largest: false), extremeGradient(.argmin),
    notation: ["(first smallest)"], example: "min([[1, 5], [7, 2]], axis: 1)  # => [1, 2]")

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
          for i in 0..<n where (row[i] == 0) == all { return all ? 0 : 1 }
          return all ? 1 : 0
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
    formula: "cumsum({0})", infer: Rules.floats("cumsum"),
    kernel: { call throws(OperatorProblem) in
      let shape = call.shape
      let axis = call.attributes.axes?.first ?? 0
      guard shape.rank > 0 else { return Movement.copy(call.inputs[0], call.output) }
      let inner = (axis + 1..<shape.rank).reduce(1) { $0 * shape[$1] }
      let block = shape[axis] * inner
      func run<T: BinaryFloatingPoint>(_: T.Type) {
        let x = call.inputs[0].pointer(as: T.self)
        let y = call.output.pointer(as: T.self)
        for i in 0..<shape.count {
          y[i] = x[i] + (i % block >= inner ? y[i - inner] : 0)
        }
      }
      if call.output.dtype == .f32 { run(Float.self) } else { run(Double.self) }
    },
    gradient: .rule { g, node in
      let total = g.sum(axes: node.attributes.axes ?? [0], keep: true)
      return [
        node.shape.rank == 0
          ? g : total - g.apply(.cumsum, [], node.attributes) + g
      ]
    },
    samples: [
      Sample([[4]], Attributes(axes: [0])), Sample([[2, 3]], Attributes(axes: [0])),
      Sample([[2, 3]], Attributes(axes: [1])), Sample([[2, 3, 2]], Attributes(axes: [1])),
    ], examples: ["cumsum([1, 2, 3])  # => [1, 3, 6]"])

  private static func logSumExp<T: BinaryFloatingPoint>(
    _ x: UnsafePointer<T>, _ n: Int, _ exp: (T) -> T, _ log: (T) -> T
  ) -> T {
    var largest = -T.infinity
    for i in 0..<n {
      if x[i] != x[i] { return x[i] }
      largest = x[i] > largest ? x[i] : largest
    }
    guard largest.isFinite else { return largest }
    var total: T = 0
    for i in 0..<n { total += exp(x[i] - largest) }
    return largest + log(total)
  }

  package static let logsumexp: Operator = reduction(
    "logsumexp", "log Σ e^x without overflow.",
    floatRows(
      { logSumExp($0, $1, { FloatMath.exp($0) }, { logf($0) }) },
      { logSumExp($0, $1, { Glibc.exp($0) }, { Glibc.log($0) }) }),
    .rule { g, node in
      [g.unreduced(node) * (node.inputs[0] - node.unreduced(node)).apply(.exp)]
    }, notation: ["softmax({0})"], example: "logsumexp([0, 0])  # => 0.6931")

  /// Rows of the same shape out as in: softmax and its logarithm along one axis.
  private static func rowwise(
    _ single: @escaping @Sendable (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void,
    _ double: @escaping @Sendable (UnsafePointer<Double>, UnsafeMutablePointer<Double>, Int) -> Void
  ) -> Kernel {
    { call throws(OperatorProblem) in
      let shape = call.shape
      let axis = call.attributes.axes?.first ?? Swift.max(0, shape.rank - 1)
      let layout = Reductions.Layout(shape, axes: shape.rank > 0 ? [axis] : [])
      let isLast = shape.rank == 0 || axis == shape.rank - 1
      let x = try Kernels.guarded { () throws(MemoryProblem) in
        try Reductions.arranged(call.inputs[0], shape, layout)
      }
      let y =
        isLast
        ? call.output
        : try Kernels.guarded { () throws(MemoryProblem) in
          try Buffer(call.output.dtype, count: shape.count)
        }
      for row in 0..<layout.rows {
        let offset = row * layout.length
        if y.dtype == .f32 {
          single(
            UnsafePointer(x.pointer(as: Float.self)) + offset, y.pointer(as: Float.self) + offset,
            layout.length)
        } else {
          double(
            UnsafePointer(x.pointer(as: Double.self)) + offset, y.pointer(as: Double.self) + offset,
            layout.length)
        }
      }
      if !isLast {
        let order = (0..<shape.rank).filter { $0 != axis } + [axis]
        var inverse = [Int](repeating: 0, count: order.count)
        for (place, axis) in order.enumerated() { inverse[axis] = place }
        Movement.permute(y, Shape(order.map { shape[$0] }), call.output, inverse)
      }
    }
  }

  private static let axisSamples: [Sample] = [
    Sample([[3]]), Sample([[1]]), Sample([[2, 3]]), Sample([[2, 3]], Attributes(axes: [0])),
    Sample([[2, 3]], Attributes(axes: [1])), Sample([[2, 3, 2]], Attributes(axes: [1])),
    Sample([[4, 1]]), Sample([[1, 4]]), Sample([[5, 2]]), Sample([[2, 2, 3]]),
    Sample([[0, 3]]), Sample([[7]]),
  ]
  private static let axisParameters: [Parameter] = [
    Parameter("x", .tensor), Parameter("axis", .axis, default: .number(-1)),
  ]

  package static let softmax: Operator = Operator(
    name: "softmax", summary: "Turns logits into probabilities: e^x divided by its sum.",
    parameters: axisParameters, formula: "softmax({0})", infer: Rules.floats("softmax"),
    kernel: rowwise(
      { x, y, n in
        let total = logSumExp(x, n, { FloatMath.exp($0) }, { logf($0) })
        for i in 0..<n { y[i] = FloatMath.exp(x[i] - total) }
      },
      { x, y, n in
        let total = logSumExp(x, n, { Glibc.exp($0) }, { Glibc.log($0) })
        for i in 0..<n { y[i] = Glibc.exp(x[i] - total) }
      }),
    gradient: .rule { g, node in
      let axis = node.attributes.axes ?? (node.shape.rank > 0 ? [node.shape.rank - 1] : [])
      return [node * (g - (g * node).sum(axes: axis, keep: true))]
    }, notation: ["{y} · ({g} − Σ {g} · {y})"], samples: axisSamples,
    examples: ["softmax([0, 0])  # => [0.5, 0.5]"])

  package static let logSoftmax: Operator = Operator(
    name: "log_softmax", summary: "The logarithm of softmax, without overflow.",
    parameters: axisParameters, formula: "log_softmax({0})", infer: Rules.floats("log_softmax"),
    kernel: rowwise(
      { x, y, n in
        let total = logSumExp(x, n, { FloatMath.exp($0) }, { logf($0) })
        for i in 0..<n { y[i] = x[i] - total }
      },
      { x, y, n in
        let total = logSumExp(x, n, { Glibc.exp($0) }, { Glibc.log($0) })
        for i in 0..<n { y[i] = x[i] - total }
      }),
    gradient: .rule { g, node in
      let axis = node.attributes.axes ?? (node.shape.rank > 0 ? [node.shape.rank - 1] : [])
      return [g - node.apply(.exp) * g.sum(axes: axis, keep: true)]
    }, notation: ["{g} − softmax({0}) · Σ {g}"], samples: axisSamples,
    examples: ["log_softmax([0, 0])  # => [-0.6931, -0.6931]"])

  private static func squaredDeviation<T: BinaryFloatingPoint & SIMDScalar>(
    _ x: UnsafePointer<T>, _ n: Int
  ) -> T {
    let mean = Reductions.sum(x, n) / T(n)
    var total: T = 0
    for i in 0..<n { total += (x[i] - mean) * (x[i] - mean) }
    return total / T(n)
  }

  private static func count(_ node: Node) -> Double {
    Double(node.inputs[0].shape.count) / Double(Swift.max(1, node.shape.count))
  }

  private static func centered(_ node: Node) -> Node {
    let x = node.inputs[0]
    let axes = node.attributes.axes ?? Array(0..<x.shape.rank)
    return x - x.apply(.mean, [], Attributes(axes: axes, keep: true))
  }

  /// 1 for 0: the derivative of a length is 0 there.
  private static func nonzero(_ node: Node) -> Node {
    node + node.compare(.equal, 0).indicator(node.dtype)
  }

  package static let variance: Operator = reduction(
    "var", "The variance: the mean squared distance from the mean (divided by n).",
    floatRows({ squaredDeviation($0, $1) }, { squaredDeviation($0, $1) }),
    .rule { g, node in [g.unreduced(node) * centered(node) * (2 / count(node))] },
    notation: ["2 ({0} − mean) / n"], example: "var([1, 2, 3, 4])  # => 1.25")
  package static let std: Operator = reduction(
    "std", "The standard deviation, the root of var.",
    floatRows({ squaredDeviation($0, $1).squareRoot() }, { squaredDeviation($0, $1).squareRoot() }),
    .rule { g, node in [(g / nonzero(node)).unreduced(node) * centered(node) * (1 / count(node))] },
    notation: ["({0} − mean) / (n {y})"], example: "std([1, 3])  # => 1")
  package static let norm: Operator = reduction(
    "norm", "The Euclidean length.",
    floatRows(
      { x, n in Float((0..<n).reduce(0.0) { $0 + Double(x[$1]) * Double(x[$1]) }.squareRoot()) },
      { x, n in (0..<n).reduce(Double(0)) { $0 + x[$1] * x[$1] }.squareRoot() }),
    .rule { g, node in [(g / nonzero(node)).unreduced(node) * node.inputs[0]] },
    notation: ["{0} / {y}"],
    domain: 0.5...2, example: "norm([3, 4])  # => 5")
}

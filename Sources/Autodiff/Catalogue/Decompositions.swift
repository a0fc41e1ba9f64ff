// Determinants and decompositions of matrices. What has several results is one vector for each matrix,
// of which `Graph.parts` makes tensors.

import Engine

extension Catalogue {
  static let decompositions: [Operator] = [.cholesky, .det, .logdet, .eigh, .qr, .svd]
}

/// Decompositions take at most so many rows or columns, whichever are fewer: LAPACK counts the
/// elements of its workspace in 32 bits.
private let mostRows = 1 << 14

extension Operator {
  /// The sizes of a matrix: the last two axes of operand 0.
  private static func sizes(_ shape: Shape) -> (m: Int, n: Int) {
    (shape[shape.rank - 2], shape[shape.rank - 1])
  }

  /// Checks an operand that holds matrices.
  private static func matrices(_ name: String, _ x: TensorType, isSquare: Bool)
    throws(OperatorProblem)
  {
    let shape = x.shape
    guard shape.rank >= 2 else {
      throw OperatorProblem(
        .shape, "\(name) wants a matrix, {0} has the shape \(shape)", operands: [0])
    }
    let (m, n) = sizes(shape)
    guard m == n || !isSquare else {
      throw OperatorProblem(
        .shape, "\(name) wants a square matrix, {0} has \(m) rows and \(n) columns", operands: [0])
    }
    guard x.dtype.isFloat else {
      throw OperatorProblem(
        .dtype, "\(name) wants floats, {0} holds \(x.dtype.name)", operands: [0],
        help: "write {0}.f32")
    }
    guard Swift.min(m, n) <= mostRows, Swift.max(m, n) <= Int(Int32.max) else {
      throw OperatorProblem(
        .shape, "\(name) takes at most \(mostRows) rows or columns, {0} has \(m) and \(n)",
        operands: [0])
    }
    try Rules.library()
  }

  /// As many numbers for each matrix as `count` says of its sizes.
  private static func packed(
    _ name: String, isSquare: Bool, _ count: @escaping @Sendable (_ m: Int, _ n: Int) -> Int
  ) -> Infer {
    { types, _ throws(OperatorProblem) in
      try matrices(name, types[0], isSquare: isSquare)
      let (m, n) = sizes(types[0].shape)
      let dims = types[0].shape.dims.dropLast(2) + [count(m, n)]
      guard let shape = Shape(checking: Array(dims)) else { throw Rules.unfitting(Array(dims)) }
      return TensorType(shape, types[0].dtype)
    }
  }

  /// Calls `body` with a matrix, where its result belongs, and its name in an error.
  private static func forEach(
    _ call: KernelCall, size: Int,
    _ body: (_ a: Factorization.Place, _ y: Factorization.Place, _ index: Int)
      throws(OperatorProblem) -> Void
  ) throws(OperatorProblem) {
    let shape = call.inputShapes[0]
    let (m, n) = sizes(shape)
    var work = Work()
    for index in 0..<shape.dims.dropLast(2).reduce(1, *) {
      try body(
        Factorization.Place(call.inputs[0], index * m * n),
        Factorization.Place(call.output, index * size), index)
      if work.isOver(after: m * n * Swift.max(1, Swift.min(m, n))) { return }
    }
  }

  private static func named(_ call: KernelCall, _ index: Int) -> String {
    call.inputShapes[0].rank > 2 ? "matrix \(index) of {0}" : "{0}"
  }

  /// LAPACK looks for the eigenvalues of a matrix with NaN without an end.
  private static func checkFinite(_ name: String, _ call: KernelCall) throws(OperatorProblem) {
    let x = call.inputs[0]
    guard !Buffer.isFinite(x.address, x.dtype, count: x.count) else { return }
    let bad = (0..<x.count).first { !x[$0].isFinite } ?? 0
    throw OperatorProblem(
      .value,
      "\(name) wants finite numbers, element \(bad) of {0} is \(NumberFormat.shortest(x[bad]))",
      operands: [0])
  }

  private static func found(_ name: String, _ status: Int) throws(OperatorProblem) {
    guard status == 0 else {
      throw OperatorProblem(
        .value, "\(name) did not converge (LAPACK says \(status))", operands: [0])
    }
  }

  package static let cholesky: Operator = Operator(
    name: "cholesky",
    summary: "The lower triangle L for which L @ L' equals a positive definite (A + A') / 2.",
    parameters: [Parameter("A", .tensor)], formula: "cholesky({0})",
    infer: { types, _ throws(OperatorProblem) in
      try matrices("cholesky", types[0], isSquare: true)
      return types[0]
    },
    kernel: { call throws(OperatorProblem) in
      let n = call.shape[call.shape.rank - 1]
      try forEach(call, size: n * n) { a, y, index throws(OperatorProblem) in
        let status = Factorization.cholesky(a, y, n: n)
        guard status == 0 else {
          throw OperatorProblem(
            .value,
            "\(named(call, index)) is not positive definite: its leading block of \(status) "
              + "row\(status == 1 ? "" : "s") is not",
            operands: [0], help: "add a small multiple of the identity: {0} + 0.000001 * eye(\(n))")
        }
      }
    },
    gradient: .rule { g, l in
      let n = l.shape[l.shape.rank - 1]
      let half = l.graph.lower(n, l.dtype) - 0.5 * l.graph.identity(n, l.dtype)
      let right = l.transposed.matmul(g) * half
      let left = l.transposed.apply(.solve, [right])
      return [l.transposed.apply(.solve, [left.transposed]).symmetric]
    },
    notation: ["sym({y}'⁻¹ @ Φ({y}' @ {g}) @ {y}⁻¹), Φ the lower triangle with half its diagonal"],
    samples: Samples.definite,
    examples: ["cholesky([[4, 2], [2, 5]])  # => [[2, 0], [1, 2]]"])

  private static func determinant(
    _ name: String, _ summary: String, notation: String, example: String,
    _ value: @escaping @Sendable (_ sign: Double, _ logarithm: Double, _ product: Double) -> Double,
    _ factor: @escaping @Sendable (_ g: Node, _ y: Node) -> Node
  ) -> Operator {
    Operator(
      name: name, summary: summary, parameters: [Parameter("A", .tensor)],
      formula: "\(name)({0})",
      infer: { types, _ throws(OperatorProblem) in
        try matrices(name, types[0], isSquare: true)
        return TensorType(Shape(Array(types[0].shape.dims.dropLast(2))), types[0].dtype)
      },
      kernel: { call throws(OperatorProblem) in
        let n = sizes(call.inputShapes[0]).n
        try forEach(call, size: 1) { a, _, index throws(OperatorProblem) in
          let parts = try Kernels.guarded { () throws(MemoryProblem) in
            try Factorization.determinant(a, n: n)
          }
          let result = value(parts.sign, parts.logarithm, parts.product)
          if call.output.dtype == .f32 {
            call.output.pointer(as: Float.self)[index] = Float(result)
          } else {
            call.output.pointer(as: Double.self)[index] = result
          }
        }
      },
      gradient: .rule { g, y in
        let a = y.inputs[0]
        let inverse = a.transposed.apply(
          .solve, [y.graph.identity(a.shape[a.shape.rank - 1], a.dtype)])
        return [factor(g, y).reshaped(y.shape.dims + [1, 1]) * inverse]
      }, notation: [notation], samples: Samples.square, examples: [example])
  }

  package static let det: Operator = determinant(
    "det", "The determinant of a square matrix; leading axes are a batch.",
    notation: "{g} {y} inv({0})'", example: "det([[2, 1], [1, 3]])  # => 5",
    { _, _, product in product }, { g, y in g * y })

  package static let logdet: Operator = determinant(
    "logdet", "The logarithm of a determinant without its sign, which never overflows.",
    notation: "{g} inv({0})'", example: "logdet(eye(3))  # => 0",
    { sign, logarithm, _ in sign == 0 ? -.infinity : logarithm }, { g, _ in g })

  /// [n + n n]: the eigenvalues, then the eigenvectors as columns.
  package static let eigh: Operator = Operator(
    name: "eigh", summary: "Eigenvalues and eigenvectors.", parameters: [], formula: "eigh({0})",
    infer: packed("eigh", isSquare: true) { _, n in n + n * n },
    kernel: { call throws(OperatorProblem) in
      try checkFinite("eigh", call)
      let n = sizes(call.inputShapes[0]).n
      try forEach(call, size: n + n * n) { a, y, _ throws(OperatorProblem) in
        try found(
          "eigh",
          Kernels.guarded { () throws(MemoryProblem) in
            try Factorization.symmetricEigen(a, y, n: n)
          })
      }
    },
    gradient: .rule { g, y in
      let n = sizes(y.inputs[0].shape).n
      let (values, v) = (y.part(0, [1, n]), y.part(n, [n, n]))
      let (toValues, toV) = (g.part(0, [1, n]), g.part(n, [n, n]))
      let inner = v.transposed.matmul(toV) * values.reciprocalGaps
      let sum = v.matmul(inner).matmul(v.transposed) + (v * toValues).matmul(v.transposed)
      return [sum.symmetric]
    }, notation: ["sym(V @ (diag({g}λ) + (V' @ {g}V) / (λⱼ − λᵢ)) @ V')"],
    samples: Samples.square, isHidden: true)

  /// [m k + k n]: Q, then R.
  package static let qr: Operator = Operator(
    name: "qr", summary: "An orthogonal matrix times an upper triangle.", parameters: [],
    formula: "qr({0})",
    infer: packed("qr", isSquare: false) { m, n in Swift.min(m, n) * (m + n) },
    kernel: { call throws(OperatorProblem) in
      let (m, n) = sizes(call.inputShapes[0])
      try forEach(call, size: Swift.min(m, n) * (m + n)) { a, y, _ throws(OperatorProblem) in
        try Kernels.guarded { () throws(MemoryProblem) in
          try Factorization.orthogonal(a, y, m: m, n: n)
        }
      }
    },
    gradient: .rule { g, y in
      let (m, n) = sizes(y.inputs[0].shape)
      let k = Swift.min(m, n)
      let (q, r) = (y.part(0, [m, k]), y.part(m * k, [k, n]))
      var (toQ, toR) = (g.part(0, [m, k]), g.part(m * k, [k, n]))
      guard n > m else { return [rule(q, r, toQ, toR)] }
      // The columns behind the first m are Q times theirs in R.
      let rest = n - m
      toQ = toQ + y.inputs[0].columns(k, rest).matmul(toR.columns(k, rest).transposed)
      let first = rule(q, r.columns(0, k), toQ, toR.columns(0, k))
      return [
        first.apply(
          .concat, [q.matmul(toR.columns(k, rest))], Attributes(axes: [first.shape.rank - 1]))
      ]
    }, notation: ["({g}Q + Q @ copyltu(R @ {g}R' − {g}Q' @ Q)) @ R'⁻¹"],
    samples: Samples.tall, isHidden: true)

  /// R [k, k] of as many columns as Q has: Walter and Lehmann, Algorithmic differentiation of linear
  /// algebra functions.
  private static func rule(_ q: Node, _ r: Node, _ toQ: Node, _ toR: Node) -> Node {
    let k = r.shape[r.shape.rank - 1]
    let strict = q.graph.lower(k, q.dtype) - q.graph.identity(k, q.dtype)
    let inner = r.matmul(toR.transposed) - toQ.transposed.matmul(q)
    let lower = inner * strict
    let copied = lower + lower.transposed + inner * q.graph.identity(k, q.dtype)
    return r.apply(.solve, [(toQ + q.matmul(copied)).transposed]).transposed
  }

  /// [m k + k + k n]: U, the singular values, V'.
  package static let svd: Operator = Operator(
    name: "svd", summary: "Singular values.", parameters: [], formula: "svd({0})",
    infer: packed("svd", isSquare: false) { m, n in Swift.min(m, n) * (m + n + 1) },
    kernel: { call throws(OperatorProblem) in
      try checkFinite("svd", call)
      let (m, n) = sizes(call.inputShapes[0])
      try forEach(call, size: Swift.min(m, n) * (m + n + 1)) { a, y, _ throws(OperatorProblem) in
        try found(
          "svd",
          Kernels.guarded { () throws(MemoryProblem) in
            try Factorization.singular(a, y, m: m, n: n)
          })
      }
    },
    gradient: .rule { g, y in
      let (m, n) = sizes(y.inputs[0].shape)
      let k = Swift.min(m, n)
      let take = { (x: Node) in
        (x.part(0, [m, k]), x.part(m * k, [1, k]), x.part(m * k + k, [k, n]))
      }
      let ((u, s, v), (toU, toS, toV)) = (take(y), take(g))
      let gaps = (s * s).reciprocalGaps
      let left = u.transposed.matmul(toU) * gaps
      let right = v.matmul(toV.transposed) * gaps
      let inner = (left + left.transposed) * s + s.transposed * (right + right.transposed)
      var sum = u.matmul(inner).matmul(v) + (u * toS).matmul(v)
      if m > k {
        let outside = toU - u.matmul(u.transposed.matmul(toU))
        sum = sum + (outside / s).matmul(v)
      }
      if n > k {
        let outside = toV - toV.matmul(v.transposed).matmul(v)
        sum = sum + u.matmul(outside / s.transposed)
      }
      return [sum]
    }, notation: ["U @ (diag({g}S) + …) @ V', with 1 / (sⱼ² − sᵢ²) for pairs of singular values"],
    samples: Samples.tall, isHidden: true)
}

extension Graph {
  /// Ones on and below the diagonal.
  fileprivate func lower(_ n: Int, _ dtype: DType) -> Node {
    identity(n, dtype).apply(.cumsum, [], Attributes(axes: [0]))
  }
}

extension Node {
  /// Some numbers of the last axis as a matrix.
  package func part(_ start: Int, _ dims: [Int]) -> Node {
    let batch = Array(shape.dims.dropLast())
    let zeros = [Int](repeating: 0, count: batch.count)
    return sliced(starts: zeros + [start], lengths: batch + [dims.reduce(1, *)])
      .reshaped(batch + dims)
  }

  fileprivate func columns(_ start: Int, _ count: Int) -> Node {
    var (starts, lengths) = ([Int](repeating: 0, count: shape.rank), shape.dims)
    starts[shape.rank - 1] = start
    lengths[shape.rank - 1] = count
    return sliced(starts: starts, lengths: lengths)
  }

  fileprivate var symmetric: Node { 0.5 * (self + transposed) }

  /// Of a row [.., 1, n] the matrix 1 / (xⱼ − xᵢ), with 0 where two are equal.
  fileprivate var reciprocalGaps: Node {
    let gaps = self - transposed
    let equal = gaps.compare(.equal, 0).indicator(dtype)
    return (1 - equal) / (gaps + equal)
  }
}

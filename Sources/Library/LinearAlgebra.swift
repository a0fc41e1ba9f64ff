// Decompositions with several results, and what follows from them.

import Autodiff
import Engine
import Interpreter

enum LinearAlgebra {
  static let all: [HostFunction] = [inv, eigh, qr, svd, pinv, lstsq, matrixRank]
  private typealias P = HostFunction.Parameter

  private static let batch = "Leading axes are a batch."
  private static let tolerance = P(
    "rtol", "singular values up to so much of the largest count as 0",
    default: .optional("max(m, n) times the precision"))

  /// The sizes of the matrices in an argument.
  private static func sizes(_ call: Call, _ a: Node) throws -> (m: Int, n: Int) {
    guard a.shape.rank >= 2 else {
      throw Problem(
        .shape, "\(call.name) wants a matrix, not the shape \(a.shape)", argument: 0)
    }
    return (a.shape[a.shape.rank - 2], a.shape[a.shape.rank - 1])
  }

  static let inv: HostFunction = HostFunction(
    name: "inv", summary: "The inverse of a square matrix.", category: "Tensors",
    parameters: [P("A", "a tensor [.., n, n]")],
    details: [batch, "solve(A, B) is quicker and more accurate than inv(A) @ B."],
    examples: ["inv([[2, 0], [0, 4]])  # => [[0.5, 0], [0, 0.25]]"], isOperator: true,
    action: { call in
      let a = try call.tensor(0)
      let (m, n) = try sizes(call, a)
      guard m == n else {
        throw Problem(
          .shape, "inv wants a square matrix, not \(m) rows and \(n) columns", argument: 0,
          help: "pinv(…) is the inverse of any matrix in the sense of least squares")
      }
      return try call.recording([0]) {
        let graph = call.session.graph
        let one = try graph.record(.eye, [], Attributes(sizes: [n], dtype: a.dtype))
        return .tensor(try graph.record(.solve, [a, one]))
      }
    })

  static let eigh: HostFunction = HostFunction(
    name: "eigh", summary: "Eigenvalues and eigenvectors of a symmetric matrix.",
    category: "Tensors", parameters: [P("A", "a tensor [.., n, n]; (A + A') / 2 is what counts")],
    details: [
      "Gives (values, vectors): values ascending, vectors as columns of length 1, so that",
      "A @ vectors equals vectors * values. \(batch)",
      "The largest element of a vector is positive, the first one where several are as large.",
      "Gradients through vectors of equal eigenvalues count as 0.",
    ],
    examples: [
      "let (values, vectors) = eigh([[2, 0], [0, 1]])\nvalues  # => [1, 2]\n"
        + "vectors  # => [[0, 1], [1, 0]]"
    ], isOperator: true,
    action: { call in
      let a = try call.tensor(0)
      return try call.recording([0]) {
        let packed = try call.session.graph.record(.eigh, [a])
        let n = a.shape[a.shape.rank - 1]
        return try parts(packed, [[n], [n, n]], call.session)
      }
    })

  static let qr: HostFunction = HostFunction(
    name: "qr", summary: "A matrix as Q @ R, Q with orthonormal columns, R an upper triangle.",
    category: "Tensors", parameters: [P("A", "a tensor [.., m, n]")],
    details: [
      "Gives (Q, R): [.., m, k] and [.., k, n] with k the smaller of m and n. \(batch)",
      "No number on the diagonal of R is negative.",
    ],
    examples: ["let (q, r) = qr([[0, 2], [-3, 0]])\nr  # => [[3, 0], [0, 2]]"], isOperator: true,
    action: { call in
      let a = try call.tensor(0)
      return try call.recording([0]) {
        let packed = try call.session.graph.record(.qr, [a])
        let (m, n) = try sizes(call, a)
        return try parts(packed, [[m, min(m, n)], [min(m, n), n]], call.session)
      }
    })

  static let svd: HostFunction = HostFunction(
    name: "svd", summary: "A matrix as (U * S) @ V', S its singular values.",
    category: "Tensors", parameters: [P("A", "a tensor [.., m, n]")],
    details: [
      "Gives (U, S, V'): [.., m, k], [.., k] and [.., k, n] with k the smaller of m and n; S falls.",
      "\(batch) The largest element of a column of U is positive, the first one where several are",
      "as large. Gradients through U and V' of equal singular values count as 0.",
    ],
    examples: ["let (u, s, v) = svd([[3, 0], [0, -4]])\ns  # => [4, 3]"], isOperator: true,
    action: { call in
      let a = try call.tensor(0)
      return try call.recording([0]) {
        let packed = try call.session.graph.record(.svd, [a])
        let (m, n) = try sizes(call, a)
        let k = min(m, n)
        return try parts(packed, [[m, k], [k], [k, n]], call.session)
      }
    })

  static let pinv: HostFunction = HostFunction(
    name: "pinv", summary: "The pseudoinverse of Moore and Penrose, by the singular values.",
    category: "Tensors", parameters: [P("A", "a tensor [.., m, n]"), tolerance], details: [batch],
    examples: ["pinv([[2, 0], [0, 0]])  # => [[0.5, 0], [0, 0]]"], isOperator: true,
    action: { call in
      let a = try call.tensor(0)
      let rtol = try rtol(call, 1)
      return try call.recording([0]) { .tensor(try pseudoinverse(a, rtol, call)) }
    })

  static let lstsq: HostFunction = HostFunction(
    name: "lstsq", summary: "The X for which A @ X is nearest to B; of several, the shortest.",
    category: "Tensors",
    parameters: [P("A", "a tensor [m, n]"), P("B", "a tensor [m] or [m, columns]"), tolerance],
    details: ["By the singular values of A, so that dependent columns do no harm."],
    examples: ["lstsq([[1], [1]], [1, 3])  # => [2]"], isOperator: true,
    action: { call in
      let (a, b) = (try call.tensor(0), try call.tensor(1))
      let rtol = try rtol(call, 2)
      let (m, _) = try sizes(call, a)
      guard b.shape.rank > 0, b.shape[max(0, b.shape.rank - 2)] == m else {
        throw Problem(
          .shape, "lstsq wants as many rows in B as in A: A is \(a.shape), B is \(b.shape)",
          argument: 1)
      }
      return try call.recording([0, 1]) {
        let inverse = try pseudoinverse(a, rtol, call)
        return .tensor(try call.session.graph.binary(.matmul, inverse, b, floats: true))
      }
    })

  static let matrixRank: HostFunction = HostFunction(
    name: "matrix_rank", summary: "How many rows of a matrix are independent.",
    category: "Tensors", parameters: [P("A", "a tensor [.., m, n]"), tolerance], details: [batch],
    examples: ["matrix_rank([[1, 2], [2, 4]])  # => 1"], isOperator: true,
    action: { call in
      let a = try call.tensor(0)
      let rtol = try rtol(call, 1)
      return try call.recording([0]) {
        let packed = try call.session.graph.record(.svd, [a])
        let (m, n) = try sizes(call, a)
        return .tensor(
          try call.session.graph.rule {
            let kept = kept(packed.part(m * min(m, n), [1, min(m, n)]), m, n, rtol)
            return kept.indicator(.i64).sum(
              axes: [a.shape.rank - 2, a.shape.rank - 1], keep: false)
          })
      }
    })

  // MARK: - Parts

  /// The results that lie one after the other along the last axis.
  private static func parts(_ packed: Node, _ shapes: [[Int]], _ session: Session) throws -> Value {
    var (start, values) = (0, [Value]())
    for dims in shapes {
      values.append(.tensor(try session.graph.rule { packed.part(start, dims) }))
      start += dims.reduce(1, *)
    }
    return .tuple(values)
  }

  private static func rtol(_ call: Call, _ index: Int) throws -> Double? {
    guard call.isGiven(index) else { return nil }
    let rtol = try call.number(index)
    guard rtol >= 0, rtol.isFinite else {
      throw Problem(
        .value, "rtol of \(call.name) is a number from 0, not \(NumberFormat.shortest(rtol))",
        argument: index)
    }
    return rtol
  }

  /// Which singular values [.., 1, k] count.
  private static func kept(_ values: Node, _ m: Int, _ n: Int, _ rtol: Double?) -> Node {
    guard min(m, n) > 0 else { return values.compare(.greater, 0) }
    let precision = values.dtype == .f32 ? Double(Float.ulpOfOne) : Double.ulpOfOne
    let axis = values.shape.rank - 1
    let largest = values.apply(.max, [], Attributes(axes: [axis], keep: true))
    return values.compare(.greater, largest * (rtol ?? Double(max(m, n)) * precision))
  }

  /// The W for which A @ W is nearest to B, both matrices.
  static func leastSquares(_ a: Node, _ b: Node, _ call: Call) throws -> Node {
    let inverse = try pseudoinverse(a, nil, call)
    return try call.session.graph.record(.matmul, [inverse, b])
  }

  private static func pseudoinverse(_ a: Node, _ rtol: Double?, _ call: Call) throws -> Node {
    let packed = try call.session.graph.record(.svd, [a])
    let (m, n) = try sizes(call, a)
    let k = min(m, n)
    return try call.session.graph.rule {
      let (u, s) = (packed.part(0, [m, k]), packed.part(m * k, [1, k]))
      let v = packed.part(m * k + k, [k, n])
      let kept = kept(s, m, n, rtol).indicator(a.dtype)
      return (v.transposed * (kept / (s + (1 - kept)))).matmul(u.transposed)
    }
  }
}

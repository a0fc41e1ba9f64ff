// pca: rows told by the directions in which they vary most.

import Autodiff
import Diagnostics
import Engine
import Interpreter

enum ProjectionFunctions {
  static let all: [HostFunction] = [pca]
  static let kinds: [FittedKind] = [kind]
  private typealias P = HostFunction.Parameter

  /// Sizes: columns, components, and 1 where scores are brought to variance 1.
  private static let kind = FittedKind(
    "pca", typeName: "pca", sizeCount: 3, fields: ["components", "mean", "variance", "ratio"],
    parts: {
      [
        ("components", [$0[1], $0[0]]), ("mean", [$0[0]]), ("variance", [$0[1]]),
        ("ratio", [$0[1]]),
      ]
    },
    fault: { object, part, values in
      let sizes = object.sizes
      guard sizes[0] > 0, sizes[1] > 0, sizes[2] < 2 else {
        return "belongs to a pca of sizes that cannot be: \(sizes)"
      }
      guard part == "variance" else { return nil }
      return values.firstIndex { $0 < 0 || sizes[2] == 1 && $0 == 0 }.map {
        "is no variance: its element \($0) is \(NumberFormat.shortest(values[$0]))"
      }
    },
    summary: { "\(counted($0.sizes[1], "component")) of \(counted($0.columns, "column"))" },
    apply: { object, x in
      try object.check(x)
      let rows = object.columns == 1 && x.shape.rank < 2
      let (mean, directions) = try parts(object, x, object.sizes[2] == 1 ? -0.5 : 0)
      return try x.graph.rule {
        let x = rows ? x.reshaped(x.shape.dims + [1]) : x
        return .tensor((x - mean).matmul(directions.transposed))
      }
    },
    undo: { object, y in
      let k = object.sizes[1]
      guard y.shape.dims.last == k else {
        throw Problem(
          .shape,
          "undo of this pca takes \(counted(k, "score")) a row; it got the shape \(y.shape)",
          argument: 0)
      }
      let (mean, directions) = try parts(object, y, object.sizes[2] == 1 ? 0.5 : 0)
      return try y.graph.rule { .tensor(y.matmul(directions) + mean) }
    })

  /// The mean [d] and the components [k, d], each times a power of its variance.
  private static func parts(_ object: FittedObject, _ x: Node, _ power: Double) throws -> (
    Node, Node
  ) {
    let (d, k) = (object.columns, object.sizes[1])
    var components = object["components"]
    if power != 0 {
      let variances = object["variance"]
      for i in components.indices {
        let deviation = variances[i / d].squareRoot()
        components[i] *= power > 0 ? deviation : 1 / deviation
      }
    }
    return (
      try x.graph.tensor(object["mean"], shape: [d], dtype: x.dtype),
      try x.graph.tensor(components, shape: [k, d], dtype: x.dtype)
    )
  }

  static let pca: HostFunction = HostFunction(
    name: "pca", summary: "Principal components: p(x) gives scores [n, k], p.undo(y) goes back.",
    category: "Clusters and neighbours",
    parameters: [
      P("x", "a tensor [n, d] or a table"), P("k", "how many components"),
      P("whiten", "whether scores get the variance 1", default: .optional("false")),
    ],
    details: [
      "p(x) = (x − p.mean) @ p.components'. p.components [k, d] are orthonormal, the one along which the",
      "rows vary most first; the largest element of each is positive, the first where several are as",
      "large: scikit-learn's rule (svd_flip by components). p.variance by n − 1, p.ratio its share of all.",
      "Of many rows by the eigenvectors of the covariance, of few by svd; both in f64.",
      "Columns of different size want standardize first: standardize(x) >> pca(…).",
    ],
    examples: [
      "let p = pca([[1, 2], [3, 4], [5, 6]], 1)\np.components  # => [[0.7071, 0.7071]]\n"
        + "p.ratio  # => [1]\np.undo(p([[3, 4]]))  # => [[3, 4]]",
      "pca([[1, 2], [3, 4]], 3)  # error: value",
    ],
    action: { call in
      let rows = try DataRows(call, 0)
      guard rows.count > 1 else {
        throw Problem(.shape, "pca wants at least two rows", argument: 0)
      }
      let k = try call.int(
        1, in: 1...min(rows.count, rows.width), " for {0} of \(rows.node.shape)")
      let whiten = try call.bool(2, default: false)
      let found = try components(rows, k)
      if whiten, let flat = found.variances.firstIndex(where: { $0 <= found.total * 1e-14 }) {
        throw Problem(
          .value, "component \(flat) has no variance: it cannot be whitened", argument: 1,
          help: "write a smaller k")
      }
      let total = found.total
      return .foreign(
        FittedObject(
          kind, sizes: [rows.width, k, whiten ? 1 : 0], dtype: rows.dtype,
          numbers: [
            "components": found.components, "mean": found.mean, "variance": found.variances,
            "ratio": found.variances.map { total > 0 ? $0 / total : 0 },
          ]))
    })

  static func components(_ rows: DataRows, _ k: Int) throws -> PrincipalComponents {
    let values = (rows.values, rows.count, rows.width)
    let found = try Kernels.guarded { () throws(MemoryProblem) in
      try PrincipalComponents(values.0, count: values.1, width: values.2, k: k)
    }
    try Graph.checkInterrupt()
    guard let found, found.total.isFinite, found.components.allSatisfy(\.isFinite) else {
      throw Problem(
        .value, "the numbers of {0} are too large for their variances", argument: 0,
        help: "write standardize({0}) first")
    }
    return found
  }
}

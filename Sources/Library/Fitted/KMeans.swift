// k_means: clusters around centres.

import Autodiff
import Diagnostics
import Engine
import Interpreter

enum ClusterFunctions {
  static let all: [HostFunction] = [kMeans]
  static let kinds: [FittedKind] = [kind]
  private typealias P = HostFunction.Parameter

  /// Sizes: columns and clusters.
  private static let kind = FittedKind(
    "k_means", typeName: "k_means", sizeCount: 2, fields: ["centers", "inertia", "iterations"],
    parts: { [("centers", [$0[1], $0[0]]), ("inertia", []), ("iterations", [])] },
    fault: { object, _, _ in
      object.sizes.contains(0) ? "belongs to a k_means without columns or clusters" : nil
    },
    summary: { "\(counted($0.sizes[1], "cluster")) of \(counted($0.columns, "column"))" },
    apply: { object, x in
      let rows = try DataRows(x, for: object)
      let (k, centers) = (object.sizes[1], object["centers"])
      // Centres are what distances are told from: their offset costs no digits.
      let set = object.preparedPoints("centers", count: k)
      let labels = KMeans.nearest(rows.points(like: set), centers: centers, k: k)
      try Graph.checkInterrupt()
      return .tensor(
        try x.graph.tensor(
          labels.map(Double.init), shape: DataRows.leading(x, object), dtype: .i64))
    })

  static let kMeans: HostFunction = HostFunction(
    name: "k_means", summary: "k clusters of rows around their means; m(x) gives cluster numbers.",
    category: "Clusters and neighbours",
    parameters: [
      P("x", "a tensor [n, d] or a table"), P("k", "how many clusters"),
      P("tries", "from how many starts", default: .optional("10")),
      P("iterations", "the most of each try", default: .optional("300")),
      P("start", "centers [k, d] to begin from", default: .optional("none")),
      P(
        "tolerance", "a try ends when the centers move less, in variances of the columns",
        default: .optional("1e-4")),
    ],
    details: [
      "m.centers [k, d], m.inertia = Σ |x − its center|², m.iterations of the best try. m(x) is the",
      "nearest center of each row [n], the first of equally near ones.",
      "Each try starts by k-means++ and goes on by Lloyd's method; the one with the least inertia",
      "wins. A cluster that runs empty gets the row farthest from its center, as in scikit-learn.",
      "With start there is one try. Columns of different size want standardize first.",
    ],
    examples: [
      "let m = k_means([[0], [1], [10], [11]], 2)\nsort(m.centers, axis: 0)  # => [[0.5], [10.5]]\n"
        + "m.inertia  # => 1",
      "k_means([[0], [1], [9]], 2, start: [[0], [9]])([[2], [7]])  # => [0, 1]",
      "k_means([[0], [1]], 3)  # error: value",
    ],
    action: { call in
      let rows = try DataRows(call, 0)
      let k = try call.int(1, in: 1...rows.count, " (the number of rows)")
      let tries = try call.int(2, default: 10, in: 1...Int.max)
      let iterations = try call.int(3, default: 300, in: 1...Int.max)
      let tolerance = try call.number(5, default: 1e-4)
      guard tolerance >= 0, tolerance.isFinite else {
        throw Problem(
          .value,
          "tolerance of k_means is a number from 0, not \(NumberFormat.shortest(tolerance))",
          argument: 5)
      }
      let given = try start(call, k, rows.width)
      let points = rows.points()
      var best: KMeans?
      for _ in 0..<(given == nil ? tries : 1) {
        let start = given ?? KMeans.start(points, k: k, random: &call.session.graph.random)
        try Graph.checkInterrupt()
        guard
          let run = KMeans(
            points, k: k, start: start, iterations: iterations, tolerance: tolerance)
        else { throw Problem(.interrupt, "interrupted") }
        if best.map({ run.inertia < $0.inertia }) ?? true { best = run }
      }
      guard let best else { return .none }
      return .foreign(
        FittedObject(
          kind, sizes: [rows.width, k], dtype: rows.dtype,
          numbers: [
            "centers": best.centers, "inertia": [best.inertia],
            "iterations": [Double(best.iterations)],
          ]))
    })

  private static func start(_ call: Call, _ k: Int, _ width: Int) throws -> [Double]? {
    guard call.isGiven(4) else { return nil }
    let rows = try DataRows(call, 4)
    guard rows.count == k, rows.width == width else {
      throw Problem(
        .shape, "start of k_means is the centers [\(k), \(width)], not \(rows.node.shape)",
        argument: 4)
    }
    return rows.values
  }
}

// knn and neighbors: what the nearest rows say.

import Autodiff
import Diagnostics
import Engine
import Glibc
import Interpreter

enum NeighborFunctions {
  static let all: [HostFunction] = [knn, neighbors]
  static let kinds: [FittedKind] = [kind]
  private typealias P = HostFunction.Parameter

  /// What a knn is told by its sizes: columns, rows, neighbours, classes or columns of the targets, and
  /// this.
  private struct Mode: OptionSet {
    let rawValue: Int
    static let byDistance = Mode(rawValue: 1)
    static let numbers = Mode(rawValue: 2)
    static let isVector = Mode(rawValue: 4)
  }

  private static let kind = FittedKind(
    "knn", typeName: "knn", sizeCount: 5, fields: ["points", "targets"],
    parts: { [("points", [$0[1], $0[0]]), ("targets", targetShape($0))] },
    fault: fault,
    summary: { object in
      let what =
        mode(object).contains(.numbers) ? "numbers" : counted(object.sizes[3], "class", "classes")
      return
        "\(counted(object.sizes[2], "neighbour")) of \(counted(object.sizes[1], "row")), \(what)"
    },
    apply: { try predicted($0, $1) })

  private static func mode(_ object: FittedObject) -> Mode { Mode(rawValue: object.sizes[4]) }

  private static func targetShape(_ sizes: [Int]) -> [Int] {
    let mode = Mode(rawValue: sizes[4])
    return mode.contains(.numbers) && !mode.contains(.isVector) ? [sizes[1], sizes[3]] : [sizes[1]]
  }

  @Sendable private static func fault(_ object: FittedObject, _ part: String, _ values: [Double])
    -> String?
  {
    let sizes = object.sizes
    // A vector is of numbers, one for each row.
    let fits = !mode(object).contains(.isVector) || mode(object).contains(.numbers) && sizes[3] == 1
    guard sizes[0] > 0, sizes[2] > 0, sizes[2] <= sizes[1], sizes[3] > 0, sizes[4] < 8, fits else {
      return "belongs to a knn of sizes that cannot be: \(sizes)"
    }
    guard part == "targets", !mode(object).contains(.numbers) else { return nil }
    return values.firstIndex { $0 < 0 || $0 >= Double(sizes[3]) || $0 != $0.rounded() }.map {
      "has a class \(NumberFormat.shortest(values[$0])) that is none of 0 … \(sizes[3] - 1)"
    }
  }

  // MARK: - Prediction

  private static func predicted(_ object: FittedObject, _ x: Node) throws -> Value {
    let rows = try DataRows(x, for: object)
    let k = object.sizes[2]
    let points = object.preparedPoints("points", count: object.sizes[1])
    let queries = rows.points(like: points)
    let found = try nearest(points, queries, k: k, skipsOwn: false)
    let isNumbers = mode(object).contains(.numbers)
    let width = object.sizes[3]
    let result = try Kernels.buffer(.f64, product(rows.count, width))
    Movement.clear(result)
    let targets = object["targets"]
    let y = result.pointer(as: Double.self)
    for row in 0..<rows.count {
      if row & 255 == 0 { try Graph.checkInterrupt() }
      let weights = weights(found.distances, row, k, mode(object).contains(.byDistance))
      for (place, weight) in weights.enumerated() {
        let neighbor = Int(found.indices.pointer(as: Int64.self)[row * k + place])
        if isNumbers {
          for j in 0..<width { y[row * width + j] += weight * targets[neighbor * width + j] }
        } else {
          y[row * width + Int(targets[neighbor])] += weight
        }
      }
    }
    withExtendedLifetime((result, found)) {}
    let shape =
      DataRows.leading(x, object) + (mode(object).contains(.isVector) ? [] : [width])
    let node = x.graph.leaf(result, Shape(shape))
    return .tensor(
      rows.dtype == .f64
        ? node : try x.graph.record(.convert, [node], Attributes(dtype: rows.dtype)))
  }

  private static func product(_ a: Int, _ b: Int) -> Int {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? .max : product
  }

  /// Shares of the neighbours of a row, which add up to 1: equal ones, or by 1 / distance, where
  /// neighbours at no distance leave nothing to others.
  private static func weights(_ distances: Buffer, _ row: Int, _ k: Int, _ byDistance: Bool)
    -> [Double]
  {
    guard byDistance else { return [Double](repeating: 1 / Double(k), count: k) }
    let d = (0..<k).map { distances[row * k + $0].squareRoot() }
    let near = d.map { $0 == 0 ? 1.0 : 0.0 }
    // In shares of the first one, so that no distance is too small for 1 / d.
    let raw = near.contains(1) || d[0] == .infinity ? near : d.map { d[0] / $0 }
    let sum = raw.reduce(0, +)
    return sum > 0 ? raw.map { $0 / sum } : [Double](repeating: 1 / Double(k), count: k)
  }

  /// Squared distances in the scale of the points, and indices.
  static func nearest(_ points: PointSet, _ queries: PointSet, k: Int, skipsOwn: Bool) throws -> (
    distances: Buffer, indices: Buffer
  ) {
    let count = product(queries.count, k)
    let distances = try Kernels.buffer(.f64, count)
    let indices = try Kernels.buffer(.i64, count)
    NeighborSearch.nearest(
      points, queries, k: k, skipsOwn: skipsOwn, distances: distances, indices: indices)
    try Graph.checkInterrupt()
    return (distances, indices)
  }

  // MARK: - Functions

  static let knn: HostFunction = HostFunction(
    name: "knn", summary: "Predictions by the k nearest rows: classes or numbers.",
    category: "Clusters and neighbours",
    parameters: [
      P("x", "a tensor [n, d] or a table"), P("y", "class numbers [n], or numbers [n] or [n, m]"),
      P("k", "how many neighbours", default: .optional("5")),
      P("weights", "\"uniform\" or \"distance\"", default: .optional("\"uniform\"")),
      P("task", "\"classes\" or \"numbers\"", default: .optional("what y looks like")),
    ],
    details: [
      "m(x) gives the probabilities of the classes [n, classes], or the mean of the neighbours' numbers.",
      "y is taken for classes where it is a vector of whole numbers from 0 that are less than the",
      "number of rows, otherwise for numbers; task says it where that is not what was meant.",
      "weights: \"distance\" counts a neighbour by 1 / distance. Distances are Euclidean and exact; of",
      "equally far rows the first ones count. Columns of different size want standardize first.",
    ],
    examples: [
      "let m = knn([[0], [1], [9]], [0, 0, 1], k: 1)\nm([[2], [8]])  # => [[1, 0], [0, 1]]",
      "knn([[0], [1], [9]], [0.5, 1.5, 7], k: 2)([[0]])  # => [1]",
      "knn([[0], [1]], [0, 1], k: 3)  # error: value",
    ],
    action: { call in
      let rows = try DataRows(call, 0)
      let y = try call.data(1)
      guard y.shape.rank > 0, y.shape.rank < 3, y.shape[0] == rows.count else {
        throw Problem(
          .shape, "knn wants as many targets as rows: {0} is \(rows.node.shape), {1} is \(y.shape)",
          argument: 1)
      }
      let targets = try DataRows(call, 1)
      let k = try call.int(2, default: 5, in: 1...rows.count, " (the number of rows)")
      let byDistance = try call.word(3, ["uniform", "distance"]) == 1
      let task = call.isGiven(4) ? try call.word(4, ["classes", "numbers"]) : nil
      let classes = try classes(targets, task, call)
      var mode: Mode = byDistance ? .byDistance : []
      if classes == nil { mode.formUnion(y.shape.rank == 1 ? [.numbers, .isVector] : .numbers) }
      let object = FittedObject(
        kind, sizes: [rows.width, rows.count, k, classes ?? targets.width, mode.rawValue],
        dtype: rows.dtype, numbers: ["points": rows.values, "targets": targets.values])
      return .foreign(object)
    })

  /// How many classes the targets are of; nil where they are numbers.
  private static func classes(_ y: DataRows, _ task: Int?, _ call: Call) throws -> Int? {
    if task == 1 { return nil }
    let limit = task == 0 ? 1 << 28 : y.count
    var largest = 0
    for (row, value) in y.values.enumerated() {
      if y.node.shape.rank == 1, value >= 0, value < Double(limit), value == value.rounded() {
        largest = max(largest, Int(value))
        continue
      }
      guard task == 0 else { return nil }
      throw Problem(
        .value,
        y.node.shape.rank == 1
          ? "classes are whole numbers from 0; row \(row) is \(NumberFormat.shortest(value))"
          : "classes are a vector of whole numbers, not \(y.node.shape)",
        argument: 1, help: "write task: \"numbers\"")
    }
    return largest + 1
  }

  static let neighbors: HostFunction = HostFunction(
    name: "neighbors", summary: "The k nearest rows: (distances, indices), both [queries, k].",
    category: "Clusters and neighbours",
    parameters: [
      P("x", "a tensor [n, d] or a table"),
      P(
        "queries", "rows [m, d]; without them each row of x, which is none of its own",
        default: .optional("none")),
      P("k", "how many", default: .optional("5")),
    ],
    details: ["Euclidean, the nearest first, of equally far rows the first one. Exact."],
    examples: [
      "let (d, i) = neighbors([[0], [1], [9]], [[2]], k: 2)\nd  # => [[1, 2]]\ni  # => [[1, 0]]",
      "neighbors([[0], [1], [9]], k: 1)[1]  # => [[1], [0], [1]]",
    ],
    action: { call in
      let rows = try DataRows(call, 0)
      let asked = call.isGiven(1) ? try DataRows(call, 1) : nil
      if let asked, asked.width != rows.width {
        throw Problem(
          .shape,
          "the rows of neighbors have as many columns: {0} is \(rows.node.shape), {1} is "
            + "\(asked.node.shape)", arguments: [1, 0])
      }
      let most = asked == nil ? rows.count - 1 : rows.count
      let k = try call.int(2, default: 5, in: min(1, most)...most, " (the rows that there are)")
      let points = rows.points()
      let queries = asked.map { $0.points(like: points) } ?? points
      let found = try nearest(points, queries, k: k, skipsOwn: asked == nil)
      let d = found.distances.pointer(as: Double.self)
      for i in 0..<found.distances.count { d[i] = d[i].squareRoot() / points.scale }
      let graph = call.session.graph
      let shape = Shape([queries.count, k])
      let distances = graph.leaf(found.distances, shape)
      let dtype = asked?.node.dtype == .f64 ? .f64 : rows.dtype
      return .tuple([
        .tensor(
          dtype == .f64
            ? distances : try graph.record(.convert, [distances], Attributes(dtype: dtype))),
        .tensor(graph.leaf(found.indices, shape)),
      ])
    })
}

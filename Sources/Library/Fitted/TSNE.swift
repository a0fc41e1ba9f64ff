// t_sne and trustworthiness: data as points of a plane, and how far to trust it.

import Autodiff
import Engine
import Interpreter

enum EmbeddingFunctions {
  static let all: [HostFunction] = [tSNE, trustworthiness]
  private typealias P = HostFunction.Parameter

  static let tSNE: HostFunction = HostFunction(
    name: "t_sne",
    summary: "Rows as points of a plane, near ones near each other: (points [n, 2], divergence).",
    category: "Clusters and neighbours",
    parameters: [
      P("x", "a tensor [n, d] or a table"),
      P("perplexity", "about how many neighbours count", default: .optional("30")),
      P("iterations", "steps of the descent", default: .optional("1000")),
      P(
        "exaggeration", "how much stronger attraction is in the first 250", default: .optional("12")
      ),
      P("rate", "of learning", default: .optional("n / exaggeration / 4, at least 50")),
      P("init", "\"pca\" or \"random\"", default: .optional("\"pca\"")),
      P("theta", "how coarse far points are taken together, 0 to 1", default: .optional("0.5")),
      P("progress", "whether to show how far it is", default: .optional("true")),
    ],
    details: [
      "let (y, kl) = t_sne(x): kl = KL(P ‖ Q) = Σ p ln (p / q) of the pairs. p is a Gaussian around each",
      "row with the wanted perplexity, q = 1 / (1 + |y_i − y_j|²), both shares of their sums.",
      "Up to 3000 rows all pairs repel each other exactly; of more by the method of Barnes and Hut.",
      "Distances between clusters and the size of clusters mean little.",
    ],
    examples: [
      "let (y, kl) = t_sne(eye(6), perplexity: 2, iterations: 50)\nshape(y)  # => [6, 2]",
      "t_sne(eye(4), perplexity: 4)  # error: value",
    ],
    action: { call in
      let rows = try DataRows(call, 0)
      let options = try options(call, rows)
      let start = try start(call, rows)
      let points = rows.points()
      let neighbors = min(rows.count - 1, Int(3 * options.perplexity + 1))
      let found = try NeighborFunctions.nearest(points, points, k: neighbors, skipsOwn: true)
      let d = found.distances.pointer(as: Double.self)
      let factor = 1 / (points.scale * points.scale)
      if factor != 1 { for i in 0..<found.distances.count { d[i] *= factor } }
      let embedding = Embedding(
        distances: found.distances, indices: found.indices, start: start, options)
      try Graph.checkInterrupt()
      try run(embedding, options.iterations, call)
      let positions = embedding.positions
      guard positions.allSatisfy(\.isFinite) else {
        throw Problem(
          .value, "the points of t_sne went beyond all numbers", argument: call.isGiven(4) ? 4 : 0,
          help: "write a smaller rate")
      }
      return .tuple([
        .tensor(
          try call.session.graph.tensor(positions, shape: [rows.count, 2], dtype: rows.dtype)),
        .number(embedding.divergence),
      ])
    })

  private static func options(_ call: Call, _ rows: DataRows) throws -> Embedding.Options {
    var options = Embedding.Options()
    let positive = { (index: Int, standard: Double) throws -> Double in
      let value = try call.number(index, default: standard)
      guard value > 0, value < 1e9 else {
        throw Problem(
          .value,
          "\(call.parameters[index].name) of t_sne is above 0, not \(NumberFormat.shortest(value))",
          argument: index)
      }
      return value
    }
    options.perplexity = try positive(1, 30)
    guard options.perplexity < Double(rows.count), rows.count > 1 else {
      throw Problem(
        .value,
        "a perplexity of \(NumberFormat.shortest(options.perplexity)) wants more rows than "
          + "\(rows.count)", argument: call.isGiven(1) ? 1 : 0, help: "write perplexity: 5")
    }
    options.iterations = try call.int(2, default: 1000, in: 0...Int.max)
    options.exaggeration = try positive(3, 12)
    if call.isGiven(4) { options.rate = try positive(4, 50) }
    options.theta = try call.number(6, default: 0.5)
    guard options.theta >= 0, options.theta <= 1 else {
      throw Problem(
        .value, "theta of t_sne is 0 to 1, not \(NumberFormat.shortest(options.theta))",
        argument: 6)
    }
    return options
  }

  /// [n, 2] of deviation 1e-4: the first two principal components, or drawn.
  private static func start(_ call: Call, _ rows: DataRows) throws -> [Double] {
    let n = rows.count
    guard try call.word(5, ["pca", "random"]) == 0 else {
      let random = call.session.graph.random.reserve(2 * n)
      let philox = Philox(seed: call.session.graph.random.seed)
      return (0..<2 * n).map { 1e-4 * philox.normal(random &+ UInt64($0)) }
    }
    guard rows.width > 1 else {
      throw Problem(
        .shape, "one column has no two principal components", argument: 0,
        help: "write init: \"random\"")
    }
    let found = try ProjectionFunctions.components(rows, 2)
    let deviation = (found.variances[0] * Double(n - 1) / Double(n)).squareRoot()
    let factor = deviation > 0 ? 1e-4 / deviation : 0
    let width = rows.width
    return (0..<2 * n).map { place in
      let (row, component) = (place / 2 * width, place % 2 * width)
      var score = 0.0
      for j in 0..<width {
        score += (rows.values[row + j] - found.mean[j]) * found.components[component + j]
      }
      return score * factor
    }
  }

  private static func run(_ embedding: Embedding, _ iterations: Int, _ call: Call) throws {
    let face = try call.bool(7, default: true) ? call.session.progress : nil
    defer { face?.clear() }
    var lastLine = 0
    while !embedding.isDone {
      embedding.step()
      try Graph.checkInterrupt()
      guard let face else { continue }
      let state = {
        "t-SNE \(embedding.iteration)/\(iterations)"
          + (embedding.divergence.isNaN
            ? "" : "  KL \(NumberFormat.significant(embedding.divergence, digits: 4))")
      }
      if face.liveWidth != nil {
        face.draw(state)
      } else if embedding.iteration - lastLine >= 250, !embedding.isDone {
        lastLine = embedding.iteration
        face.line(state())
      }
    }
  }

  static let trustworthiness: HostFunction = HostFunction(
    name: "trustworthiness",
    summary: "From 0 to 1: how far neighbours in an embedding are neighbours in the data.",
    category: "Clusters and neighbours",
    parameters: [
      P("x", "the data [n, d]"), P("y", "the embedding [n, m]"),
      P("neighbors", "how many neighbours are looked at", default: .optional("5")),
    ],
    details: [
      "1 − 2 / (n k (2n − 3k − 1)) Σ max(0, r − k) over the k neighbours in y of each row, r their ranks",
      "among the neighbours in x.",
    ],
    examples: [
      "let x = [[0], [1], [3], [7], [15]]\ntrustworthiness(x, 2 * x, neighbors: 2)  # => 1"
    ],
    action: { call in
      let (x, y) = (try DataRows(call, 0), try DataRows(call, 1))
      guard x.count == y.count else {
        throw Problem(
          .shape,
          "trustworthiness wants as many rows: {0} is \(x.node.shape), {1} is \(y.node.shape)",
          argument: 1)
      }
      let most = (x.count - 1) / 2
      let k = try call.int(
        2, default: 5, in: min(1, most)...most, " (less than half of the rows)")
      guard k > 0 else {
        throw Problem(.shape, "trustworthiness wants at least three rows", argument: 0)
      }
      let embedded = y.points()
      let found = try NeighborFunctions.nearest(embedded, embedded, k: k, skipsOwn: true)
      let result = Trustworthiness.of(x.points(), indices: found.indices, k: k)
      try Graph.checkInterrupt()
      return .number(result)
    })
}

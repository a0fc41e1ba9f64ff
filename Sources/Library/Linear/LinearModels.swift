// Linear models with the best weights there are, found at once: they give layers, so that everything
// that takes a net takes them.

import Autodiff
import Diagnostics
import Engine
import Interpreter
import Neural

enum LinearModelFunctions {
  static let all: [HostFunction] = [
    linearRegression, ridge, lasso, elasticNet, logisticRegression,
  ]
  private typealias P = HostFunction.Parameter
  private static let rows = P("x", "inputs [n, d], a tensor or a table")
  private static let targets = P("y", "targets [n] or [n, k], a tensor or a table")
  private static let strength = P(
    "alpha", "how strong the penalty is, from 0", default: .optional("1"))
  private static let layer = [
    "Gives dense(d, k): .weight [d, k] are the coefficients, .bias [k] the intercepts. Its predictions",
    "have the shape of y: of targets [n] it is dense(d, 1, flat: true).",
  ]

  static let linearRegression: HostFunction = HostFunction(
    name: "linear_regression", summary: "The line or plane nearest to the targets: least squares.",
    category: "Classical", parameters: [rows, targets],
    details: layer + [
      "Computed in f64 by the singular values of x, so that dependent columns do no harm."
    ],
    examples: [
      "let line = linear_regression([[0], [1], [2]], [1, 3, 5])\n(line.weight, line.bias)  # => ([[2]], [1])\nline([[10]])  # => [21]"
    ],
    action: { call in
      let data = try CentredData(call)
      let w = try LinearAlgebra.leastSquares(data.x, data.y, call)
      return try data.layer(w, call)
    })

  static let ridge: HostFunction = HostFunction(
    name: "ridge", summary: "Least squares with a penalty on squared weights.",
    category: "Classical", parameters: [rows, targets, strength],
    details: layer + [
      "Minimises sum((x @ w + b - y)^2) + alpha * sum(w^2) by the normal equations, in f64."
    ],
    examples: ["ridge([[0], [1], [2]], [1, 3, 5], alpha: 2).weight  # => [[1]]"],
    action: { call in
      let data = try CentredData(call)
      let alpha = try amount(call, 2, 1)
      guard alpha > 0 else {
        return try data.layer(LinearAlgebra.leastSquares(data.x, data.y, call), call)
      }
      let w = try data.graph.rule {
        let (turned, d) = (data.x.transposed, data.columns)
        let eye = data.graph.constant(0, .f64).apply(.eye, of: d)
        return (turned.matmul(data.x) + eye * alpha).apply(.solve, [turned.matmul(data.y)])
      }
      return try data.layer(w, call)
    })

  static let lasso: HostFunction = HostFunction(
    name: "lasso", summary: "Least squares with a penalty on magnitudes, which leaves few weights.",
    category: "Classical", parameters: [rows, targets, strength],
    details: layer + [
      "Minimises sum((x @ w + b - y)^2) / (2 n) + alpha * sum(abs(w)) by coordinate descent in f64",
      "(Friedman, Hastie, Tibshirani 2010). Weights that do not help are exactly 0.",
    ],
    examples: [
      "lasso([[0, 1], [1, -1], [2, 0]], [1, 3, 5], alpha: 0.5).weight  # => [[1.25], [0]]"
    ],
    action: { call in try descended(call, share: 1) })

  static let elasticNet: HostFunction = HostFunction(
    name: "elastic_net",
    summary: "Least squares with both penalties, on magnitudes and on squares.",
    category: "Classical",
    parameters: [
      rows, targets, strength,
      P("ratio", "the share of the penalty that is on magnitudes", default: .optional("0.5")),
    ],
    details: layer + [
      "Minimises sum((x @ w + b - y)^2) / (2 n) + alpha * ratio * sum(abs(w))",
      "+ alpha * (1 - ratio) / 2 * sum(w^2), as lasso does.",
    ],
    examples: ["elastic_net([[0], [1], [2]], [1, 3, 5], alpha: 0.5).weight  # => [[1.1818]]"],
    action: { call in
      let ratio = try call.number(3, default: 0.5)
      guard ratio >= 0, ratio <= 1 else {
        throw Problem(
          .value, "ratio is a share from 0 to 1, not \(NumberFormat.shortest(ratio))", argument: 3)
      }
      return try descended(call, share: ratio)
    })

  private static func descended(_ call: Call, share: Double) throws -> Value {
    let data = try CentredData(call)
    let alpha = try amount(call, 2, 1)
    let (gram, moments) = try data.graph.rule {
      (data.x.transposed.matmul(data.x), data.x.transposed.matmul(data.y).transposed)
    }
    let n = Double(data.rows)
    let descent = CoordinateDescent(
      gram: try data.graph.values(gram), columns: data.columns,
      l1: alpha * share * n, l2: alpha * (1 - share) * n)
    let all = try data.graph.values(moments)
    var weights = [Double](repeating: 0, count: data.columns * data.outputs)
    for output in 0..<data.outputs {
      let own = Array(all[output * data.columns..<(output + 1) * data.columns])
      for (column, w) in try descent.weights(own).enumerated() {
        weights[column * data.outputs + output] = w
      }
    }
    let w = try data.graph.tensor(
      weights, shape: [data.columns, data.outputs], dtype: .f64)
    return try data.layer(w, call)
  }

  static let logisticRegression: HostFunction = HostFunction(
    name: "logistic_regression", summary: "A linear classifier with the most likely weights.",
    category: "Classical",
    parameters: [
      rows, P("y", "class numbers [n]: 0 and 1, or 0 … k − 1"),
      P("alpha", "the penalty on squared weights, from 0", default: .optional("1")),
    ],
    details: [
      "Gives dense(d, 1) >> sigmoid for two classes, the probability of class 1, and dense(d, k) >> softmax",
      "for more. Minimises the summed cross-entropy + alpha / 2 * sum(w^2) by Newton's method with",
      "conjugate gradients, in f64; alpha is 1 / C of scikit-learn. Without a penalty, classes that a",
      "plane separates have no best weights: it stops after 100 steps.",
    ],
    examples: [
      "let net = logistic_regression([[0], [1], [2], [3]], [0, 0, 1, 1])\n"
        + "round(net([[1.5]]), 4)  # => [[0.5]]",
      "logistic_regression([[0], [1]], [0, 0.5])  # error: data",
    ],
    action: { call in
      let data = try CentredData(call, isClassified: true)
      let alpha = try amount(call, 2, 1)
      let classes = try data.classes()
      let count = (classes.max() ?? 0) + 1
      guard count > 1 else {
        throw Problem(.data, "there is one class in {1}; a classifier wants two", argument: 1)
      }
      let problem = try LogisticProblem(data.x, classes, outputs: count == 2 ? 1 : count, alpha)
      let w = try problem.solved()
      let layer = try data.layer(
        data.graph.tensor(w, shape: [data.columns, problem.outputs], dtype: .f64),
        bias: problem.bias, call)
      let last = count == 2 ? Operator.sigmoid.name : Operator.softmax.name
      guard let function = call.session.functions.first(where: { $0.name == last }) else {
        return layer
      }
      return try call.session.compose([layer, .function(HostFunctionObject(function))])
    })

  private static func amount(_ call: Call, _ index: Int, _ standard: Double) throws -> Double {
    let x = try call.number(index, default: standard)
    guard x >= 0, x.isFinite else {
      throw Problem(
        .value,
        "\(call.parameters[index].name) is a number from 0, not \(NumberFormat.shortest(x))",
        argument: index)
    }
    return x
  }
}

/// Inputs and targets in f64, their means taken off: the intercept is found from the means.
private struct CentredData {
  let graph: Graph
  let x: Node
  let y: Node
  private let xMean: Node
  private let yMean: Node
  private let targets: Node
  /// Whether predictions have the shape [n].
  private let isFlat: Bool

  var rows: Int { x.shape[0] }
  var columns: Int { x.shape[1] }
  var outputs: Int { y.shape[1] }

  init(_ call: Call, isClassified: Bool = false) throws {
    graph = call.session.graph
    let pair = try DataPair(call, x: 0, y: 1)
    guard pair.x.shape.rank == 2, pair.x.shape[1] > 0 else {
      throw Problem(
        .shape, "\(call.name) wants rows of numbers [n, d], not the shape \(pair.x.shape)",
        argument: 0)
    }
    guard pair.y.shape.rank == 1 || pair.y.shape.rank == 2 && pair.y.shape[1] > 0 else {
      throw Problem(
        .shape, "\(call.name) wants targets [n] or [n, k], not the shape \(pair.y.shape)",
        argument: 1)
    }
    for (place, node) in [pair.x, pair.y].enumerated() {
      try graph.force([node])
      guard let wrong = node.buffer?.firstNonFinite else { continue }
      let width = node.shape.count / pair.rows
      throw Problem(
        .data, "row \(wrong / width) of {\(place)} is not finite, which \(call.name) cannot use",
        argument: place)
    }
    let wide = try graph.detach(pair.x).converted(to: .f64)
    targets = try graph.detach(pair.y).converted(to: .f64)
      .reshaped([pair.rows, pair.y.shape.rank == 2 ? pair.y.shape[1] : 1])
    // A classifier tells probabilities by column, one or several.
    isFlat = pair.y.shape.rank == 1 && !isClassified
    let targets = targets
    if isClassified, targets.shape[1] != 1 {
      throw Problem(
        .shape, "\(call.name) wants class numbers [n], not the shape \(pair.y.shape)", argument: 1)
    }
    (xMean, yMean) = try graph.rule {
      let mean = Attributes(axes: [0], keep: true)
      return (wide.apply(.mean, [], mean), targets.apply(.mean, [], mean))
    }
    let (xMean, yMean) = (xMean, yMean)
    (x, y) = try graph.rule { (wide - xMean, targets - yMean) }
  }

  func classes() throws -> [Int] {
    try graph.values(targets).enumerated().map { row, value in
      guard let whole = Int(exactly: value), whole >= 0, whole < 1 << 20 else {
        throw Problem(
          .data, "row \(row) of {1} is \(NumberFormat.shortest(value)), which is no class number",
          argument: 1, help: "classes are 0, 1, 2, …; classes(…) makes them of strings")
      }
      return whole
    }
  }

  /// dense(d, k) with these weights and the intercepts that belong to them.
  ///
  /// - Parameter bias: of centred data; without it the one that meets the means.
  func layer(_ weights: Node, bias: [Double]? = nil, _ call: Call) throws -> Value {
    let record = LayerRecord.dense
    let random = graph.random
    defer { graph.random = random }
    let outputs = weights.shape[1]
    let arguments: [LayerArgument] = [
      .number(Double(columns)), .number(Double(outputs)), .flag(true), .word("glorot"),
      .flag(isFlat),
    ]
    let layer = try record.make(graph, LayerCall(record, arguments))
    let start =
      try bias.map { try graph.tensor($0, shape: [1, outputs], dtype: .f64) } ?? yMean
    let intercepts = try graph.rule { (start - xMean.matmul(weights)).reshaped([outputs]) }
    for (entry, value) in zip(layer.parameters, [weights, intercepts]) {
      try entry.parameter.store(value)
    }
    return .foreign(LayerObject(layer, origin: graph.origin))
  }
}

extension Node {
  /// The identity of a size, in this element type.
  fileprivate func apply(_ op: Operator, of size: Int) -> Node {
    do { return try graph.record(op, [], Attributes(sizes: [size], dtype: dtype)) } catch {
      return self
    }
  }
}

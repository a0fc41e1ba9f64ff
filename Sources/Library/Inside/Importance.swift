// What a model makes of its columns, asked from outside: any function of rows will do.

import Autodiff
import Engine
import Interpreter

enum ImportanceFunctions {
  static let all: [HostFunction] = [
    permutationImportance, partialDependence, activations, attentionMaps,
  ]
  private typealias P = HostFunction.Parameter

  static let permutationImportance: HostFunction = HostFunction(
    name: "permutation_importance",
    summary: "How much worse a score gets when one column is shuffled.",
    category: "Inside",
    parameters: [
      P("net", "a model, or any function of rows"), P("x", "rows [n, d], a tensor or a table"),
      P("y", "targets"), P("score", "a metric of prediction and target, such as accuracy"),
      P("repeats", "how often each column is shuffled", default: .optional("5")),
    ],
    details: [
      "Gives {mean, std, score}: for each column the score minus the one with it shuffled, over the",
      "repeats (Breiman 2001), and the score itself. For a loss a column that matters is negative.",
    ],
    examples: [
      "seed(1)\nlet x = randn(200, 2)\nlet p = permutation_importance(x -> x[.., 0], x, x[.., 0], (p, t) -> -mse(p, t))\n"
        + "(p.mean[0] > 1, p.mean[1])  # => (true, 0)"
    ],
    action: { call in
      let (x, y) = (try call.data(1), call.value(2))
      let score = try call.function(3)
      let repeats = try call.int(4, default: 5)
      guard x.shape.rank == 2, x.shape[0] > 0 else {
        throw Problem(.shape, "x is rows of columns [n, d], not \(x.shape)", argument: 1)
      }
      guard repeats > 0 else {
        throw Problem(.value, "repeats is at least 1, not \(repeats)", argument: 4)
      }
      let (graph, net) = (call.session.graph, try call.function(0))
      let judged = { (rows: Node) throws -> Double in
        let prediction = try call.invoke(net, [.tensor(rows)])
        let value = try call.invoke(score, [prediction, y])
        guard let node = call.session.node(value), node.shape.count == 1 else {
          throw Problem(.type, "a score is one number, not \(value.typePhrase)", argument: 3)
        }
        return try graph.item(node)
      }
      let (base, width) = (try judged(x), x.shape[1])
      var (means, deviations) = ([Double](), [Double]())
      for column in 0..<width {
        var losses: [Double] = []
        for _ in 0..<repeats {
          try Graph.checkInterrupt()
          losses.append(base - (try judged(shuffled(x, column))))
        }
        let mean = losses.reduce(0, +) / Double(repeats)
        means.append(mean)
        let squares = losses.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        deviations.append((squares / Double(repeats)).squareRoot())
      }
      return .record([
        ("mean", .tensor(try graph.tensor(means, shape: [width], dtype: .f64))),
        ("std", .tensor(try graph.tensor(deviations, shape: [width], dtype: .f64))),
        ("score", .number(base)),
      ])
    })

  private static func shuffled(_ x: Node, _ column: Int) throws -> Node {
    let graph = x.graph
    let (rows, width) = (x.shape[0], x.shape[1])
    let index = try graph.indices(graph.randomOrder(rows)[...])
    let own = try graph.rule { x.sliced(starts: [0, column], lengths: [rows, 1]) }
    let mixed = try graph.record(.gather, [own, index])
    let before = try graph.rule { x.sliced(starts: [0, 0], lengths: [rows, column]) }
    let after = try graph.rule {
      x.sliced(starts: [0, column + 1], lengths: [rows, width - column - 1])
    }
    return try graph.record(.concat, [before, mixed, after], Attributes(axes: [1]))
  }

  static let partialDependence: HostFunction = HostFunction(
    name: "partial_dependence", summary: "The mean prediction as one column goes over its range.",
    category: "Inside",
    parameters: [
      P("net", "a model, or any function of rows"), P("x", "rows [n, d], a tensor or a table"),
      P("column", "which one"), P("points", "how many places", default: .optional("20")),
      P("output", "which output", default: .optional("0")),
    ],
    details: [
      "Gives {values, mean, each}: places from the 5 % to the 95 % quantile of the column, the mean",
      "prediction with all rows set to them (Friedman 2001), and every row's own [n, points].",
    ],
    examples: [
      "let p = partial_dependence(x -> 3 * x[.., 1], [[0, 0], [0, 20]], 1, points: 3)\n"
        + "(p.values, p.mean)  # => ([1, 10, 19], [3, 30, 57])"
    ],
    action: { call in
      let x = try call.data(1).floats
      let (column, points) = (try call.int(2), try call.int(3, default: 20))
      let output = try call.int(4, default: 0)
      guard x.shape.rank == 2, x.shape[0] > 0 else {
        throw Problem(.shape, "x is rows of columns [n, d], not \(x.shape)", argument: 1)
      }
      guard column >= 0, column < x.shape[1] else {
        throw Problem(
          .index, "x has the columns 0 … \(x.shape[1] - 1), not \(column)", argument: 2)
      }
      guard points > 1, points <= 1 << 20 else {
        throw Problem(.value, "points is at least 2, not \(points)", argument: 3)
      }
      let graph = x.graph
      let own = try graph.rule { x.sliced(starts: [0, column], lengths: [x.shape[0], 1]) }
      let sorted = try graph.values(own).sorted()
      let (low, high) = (quantile(0.05, sorted), quantile(0.95, sorted))
      let values = (0..<points).map {
        low + (high - low) * Double($0) / Double(points - 1)
      }
      let places = try graph.indices(Array(0..<x.shape[1])[...])
      let isColumn = try graph.binary(.equal, places, graph.constant(Double(column), .i64))
      var columns: [Node] = []
      for value in values {
        try Graph.checkInterrupt()
        let number = graph.constant(value, x.dtype)
        let rows = try graph.record(.whereOperator, [isColumn, number, x])
        columns.append(try prediction(call, rows, output))
      }
      let each = try graph.record(.concat, columns, Attributes(axes: [1]))
      let mean = try graph.record(.mean, [each], Attributes(axes: [0]))
      return .record([
        ("values", .tensor(try graph.tensor(values, shape: [points], dtype: x.dtype))),
        ("mean", .tensor(mean)), ("each", .tensor(each)),
      ])
    })

  /// One output of the net, [n, 1].
  private static func prediction(_ call: Call, _ rows: Node, _ output: Int) throws -> Node {
    let value = try call.invoke(call.function(0), [.tensor(rows)])
    guard let node = call.session.node(value), node.shape.dims.first == rows.shape[0] else {
      throw Problem(
        .shape, "the net does not give a row for a row, but \(value.typePhrase)", argument: 0)
    }
    let width = node.shape.count / rows.shape[0]
    guard output >= 0, output < width else {
      throw Problem(.index, "the net has the outputs 0 … \(width - 1), not \(output)", argument: 4)
    }
    let graph = rows.graph
    return try graph.detach(
      graph.rule {
        node.reshaped([rows.shape[0], width])
          .sliced(starts: [0, output], lengths: [rows.shape[0], 1])
      })
  }

  private static func quantile(_ share: Double, _ sorted: [Double]) -> Double {
    let place = share * Double(sorted.count - 1)
    let (low, high) = (sorted[Int(place)], sorted[Int(place.rounded(.up))])
    return low + (place - place.rounded(.down)) * (high - low)
  }

  // MARK: - On the way

  static let activations: HostFunction = HostFunction(
    name: "activations", summary: "What every stage of a net makes of x.", category: "Inside",
    parameters: [P("net", "layers joined by >>"), P("x", "what the net takes")],
    details: ["A list, one tensor a stage: activations(net, x)[2] is what net[2] gives."],
    examples: ["map(activations(dense(2, 3) >> relu, ones(4, 2)), shape)  # => [[4, 3], [4, 3]]"],
    action: { call in
      guard case .function(let composition as CompositionObject) = call.value(0) else {
        throw Problem(
          .type, "activations wants layers joined by >>, not \(call.value(0).typePhrase)",
          argument: 0)
      }
      var (value, results) = (call.value(1), [Value]())
      for stage in composition.stages {
        value = try call.invoke(stage, [value])
        results.append(value)
      }
      return .list(results)
    })

  static let attentionMaps: HostFunction = HostFunction(
    name: "attention_maps", summary: "Where every attention layer of a net looks.",
    category: "Inside",
    parameters: [
      P("net", "a model with multi_head_attention or transformer_block"),
      P("x", "what the net takes"),
    ],
    details: [
      "A list, one tensor [n, heads, length, places] an attention layer, in their order; of each place",
      "the shares sum to 1. heatmap(attention_maps(net, x)[0][0, 1]) draws the second head.",
    ],
    examples: [
      "let maps = attention_maps(transformer_block(8, 2), randn(1, 3, 8))\nmaps[0].shape  # => [1, 2, 3, 3]"
    ],
    action: { call in
      // What x was made of is none of this call.
      let start = call.session.graph.input(0).serial
      let result = try call.invoke(call.function(0), [call.value(1)])
      guard let node = call.session.node(result) else {
        throw Problem(.type, "the net gives \(result.typePhrase), not a tensor", argument: 0)
      }
      let maps = softmaxes(below: node, after: start)
      guard !maps.isEmpty else {
        throw Problem(
          .type, "no layer of {0} pays attention", argument: 0,
          help: "multi_head_attention and transformer_block do")
      }
      return .list(try maps.map { .tensor(try call.session.graph.detach($0)) })
    })

  /// The shares of attention layers: softmaxes over four axes inside of a layer's call, first ones first,
  /// of nodes that were recorded after one.
  private static func softmaxes(below node: Node, after start: Int) -> [Node] {
    var (seen, found) = (Set<ObjectIdentifier>(), [Node]())
    var stack: [(node: Node, isDone: Bool)] = [(node, false)]
    while let (next, isDone) = stack.popLast() {
      if isDone {
        if next.op === Operator.softmax, next.shape.rank == 4, next.group != nil {
          found.append(next)
        }
        continue
      }
      guard next.serial > start, seen.insert(ObjectIdentifier(next)).inserted else { continue }
      stack.append((next, true))
      for input in next.inputs.reversed() { stack.append((input, false)) }
    }
    return found
  }
}

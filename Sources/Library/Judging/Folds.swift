// Cross-validation: every row is in a test once.

import Autodiff
import Engine
import Interpreter

enum FoldFunctions {
  static let all: [HostFunction] = [kFold, crossValidate]
  private typealias P = HostFunction.Parameter
  private static let folds = P("folds", "how many parts", default: .optional("5"))
  private static let shuffle = P(
    "shuffle", "at random rather than in order", default: .optional("true"))

  static let kFold: HostFunction = HostFunction(
    name: "k_fold", summary: "Rows cut into parts, each of which is the test once.",
    category: "Data",
    parameters: [
      P("data", "a tensor, a table, or a tuple of them"), folds,
      P("stratify", "classes to spread evenly over the parts", default: .optional("none")), shuffle,
    ],
    details: [
      "A list of pairs (train, test), each shaped as data:",
      "for ((x, y), (x_test, y_test)) in k_fold((X, Y), 5) { … }.",
    ],
    examples: [
      "len(k_fold(zeros(10, 2), 5))  # => 5",
      "map(k_fold([1, 2, 3, 4], 2, shuffle: false), pair -> pair[1])  # => [[1, 2], [3, 4]]",
      "k_fold([1, 2], 3)  # error: value",
    ],
    action: { call in
      var parts = [call.value(0)]
      if case .tuple(let tuple) = parts[0] { parts = tuple.elements }
      guard let first = parts.first, let rows = call.session.length(first),
        parts.allSatisfy({ call.session.length($0) == rows })
      else { throw Problem(.shape, "k_fold wants data with equally many rows", argument: 0) }
      let folds = try Folds(call, rows: rows, folds: 1, stratify: 2, shuffle: 3)
      return .list(
        try folds.pairs.map { train, test in
          .tuple(
            try [train, test].map { picks in
              let chosen = try parts.map { try Library.rows($0, picks, call.session) }
              return chosen.count == 1 ? chosen[0] : .tuple(chosen)
            })
        })
    })

  static let crossValidate: HostFunction = HostFunction(
    name: "cross_validate", summary: "Trains and judges a model on every part of the data.",
    category: "Metrics",
    parameters: [
      P("make", "a function of (x, y) that gives a trained model"),
      P("x", "inputs, a tensor or a table"), P("y", "targets, a tensor or a table"),
      P(
        "metrics",
        "functions of prediction and target: one, a list, or a record that names them"),
      folds, P("stratify", "classes to spread evenly over the parts", default: .optional("none")),
      shuffle,
    ],
    details: [
      "Gives a record: for each metric a vector, one number a part. What is measured on data, such as a",
      "scaler, belongs into make: it must not see the test.",
    ],
    examples: [
      "seed(1)\nlet x = randn(40, 1)\nlet found = cross_validate((x, y) -> linear_regression(x, y), x, 2 * x, r2, folds: 4)\n"
        + "found.r2  # => [1, 1, 1, 1]"
    ],
    action: { call in
      let session = call.session
      let make = try call.function(0)
      let metrics = try Judge.metrics(call, 3)
      guard !metrics.isEmpty else {
        throw Problem(.type, "cross_validate wants a metric at least", argument: 3)
      }
      guard let rows = session.length(call.value(1)), session.length(call.value(2)) == rows else {
        throw Problem(
          .shape, "cross_validate wants as many targets as inputs", argument: 2)
      }
      let folds = try Folds(call, rows: rows, folds: 4, stratify: 5, shuffle: 6)
      var figures = [[Double]](repeating: [], count: metrics.count)
      for (train, test) in folds.pairs {
        try Graph.checkInterrupt()
        let pick = { (place: Int, rows: [Int]) in
          try Library.rows(call.value(place), rows, session)
        }
        let model = try call.invoke(make, [pick(1, train), pick(2, train)])
        guard session.isCallable(model) else {
          throw Problem(
            .type, "make gives \(model.typePhrase), not a model that can be called", argument: 0)
        }
        let prediction = try call.invoke(model, [pick(1, test)])
        let target = try pick(2, test)
        for (place, metric) in metrics.enumerated() {
          let value = try call.invoke(metric.function, [prediction, target])
          guard let node = session.node(value), node.shape.count == 1 else {
            throw Problem(
              .type, "the metric \(metric.name) gives \(value.typePhrase), not a number",
              argument: 3)
          }
          figures[place].append(try session.graph.item(node))
        }
      }
      return .record(
        try zip(metrics, figures).map { metric, values in
          (
            metric.name,
            .tensor(try session.graph.tensor(values, shape: [values.count], dtype: .f64))
          )
        })
    })
}

/// Which rows are the test in each part.
struct Folds {
  /// The rows of every part, in order.
  private let parts: [[Int]]

  /// Arguments of a call by their places.
  init(_ call: Call, rows: Int, folds: Int, stratify: Int, shuffle: Int) throws {
    let count = try call.int(folds, default: 5)
    guard count > 1, count <= rows, rows <= 1 << 28 else {
      throw Problem(
        .value, "folds lies between 2 and the number of rows, \(rows), not at \(count)",
        argument: folds)
    }
    let order =
      try call.bool(shuffle, default: true)
      ? call.session.graph.randomOrder(rows) : Array(0..<rows)
    guard call.isGiven(stratify) else {
      // The first ones are larger by one where the rows do not go up.
      let (size, rest) = rows.quotientAndRemainder(dividingBy: count)
      var start = 0
      parts = (0..<count).map { part in
        let end = start + size + (part < rest ? 1 : 0)
        defer { start = end }
        return order[start..<end].sorted()
      }
      return
    }
    let classes = try call.elements(stratify).map { try call.session.display($0) }
    guard classes.count == rows else {
      throw Problem(
        .shape, "stratify has \(classes.count) rows, the data \(rows)", argument: stratify)
    }
    parts = Folds.stratified(order, classes, count)
  }

  /// The rows of one class after the other are dealt out like cards.
  private static func stratified(_ order: [Int], _ classes: [String], _ count: Int) -> [[Int]] {
    let members = Dictionary(grouping: order) { classes[$0] }
    var parts = [[Int]](repeating: [], count: count)
    var next = 0
    for name in members.keys.sorted() {
      for row in members[name] ?? [] {
        parts[next].append(row)
        next = (next + 1) % count
      }
    }
    return parts.map { $0.sorted() }
  }

  var pairs: [(train: [Int], test: [Int])] {
    parts.indices.map { test in
      (parts.indices.filter { $0 != test }.flatMap { parts[$0] }.sorted(), parts[test])
    }
  }
}

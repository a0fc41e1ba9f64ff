// Predicted and true classes as whole numbers.

import Autodiff
import Engine
import Interpreter

enum ClassNumbers {
  /// How many classes there may be.
  private static let limit = 1 << 20

  /// Whole numbers from 0 [n] or [n, 1]; or the places of the largest in rows of several [n, k].
  static func of(_ node: Node, _ call: Call, argument: Int) throws -> [Int] {
    let graph = call.session.graph
    let values: [Double]
    if node.shape.rank == 2, node.shape[1] > 1 {
      values = try graph.values(graph.record(.argmax, [node], Attributes(axes: [1])))
    } else {
      guard node.shape.rank == 1 || node.shape.rank == 2 && node.shape[1] == 1 else {
        throw Problem(
          .shape,
          "\(call.name) wants class numbers [n] or rows of classes [n, k], not the shape "
            + "\(node.shape)", argument: argument)
      }
      values = try graph.values(node)
    }
    return try values.enumerated().map { row, value in
      guard let whole = Int(exactly: value), whole >= 0, whole < limit else {
        throw Problem(
          .value,
          "row \(row) of {\(argument)} is \(NumberFormat.shortest(value)), which is no class number",
          argument: argument)
      }
      return whole
    }
  }

  /// Predicted classes: of rows of several the largest, of one column the numbers themselves where all
  /// are whole, else 1 above a half.
  static func predicted(_ node: Node, _ call: Call, argument: Int) throws -> [Int] {
    guard node.shape.rank == 1 || node.shape.rank == 2 && node.shape[1] == 1 else {
      return try of(node, call, argument: argument)
    }
    let values = try call.session.graph.values(node)
    let isNumbered = values.allSatisfy { $0 >= 0 && $0 == $0.rounded() && $0.isFinite }
    return isNumbered
      ? try of(node, call, argument: argument) : values.map { $0 > 0.5 ? 1 : 0 }
  }
}

/// What was predicted and what is true, row by row.
struct ClassPairs {
  let predicted: [Int]
  let truth: [Int]
  /// How many classes there are: one more than the largest number.
  let count: Int

  static let parameters = [
    HostFunction.Parameter(
      "prediction", "logits or probabilities [n, k], probabilities of class 1 [n], or class numbers"
    ),
    HostFunction.Parameter("target", "class numbers [n], or one-hot rows [n, k]"),
  ]

  init(_ call: Call) throws {
    let (p, t) = (try call.tensor(0), try call.tensor(1))
    predicted = try ClassNumbers.predicted(p, call, argument: 0)
    truth = try ClassNumbers.of(t, call, argument: 1)
    guard predicted.count == truth.count else {
      throw Problem(
        .shape, "\(call.name) compares \(p.shape) with \(t.shape): they do not fit", argument: 1)
    }
    let width = p.shape.rank == 2 && p.shape[1] > 1 ? p.shape[1] : 0
    count = max(width, (predicted.max() ?? -1) + 1, (truth.max() ?? -1) + 1)
  }

  /// Of each class: rows that were rightly said to be it, rows said to be it, rows that are it.
  func counts() -> (right: [Double], said: [Double], are: [Double]) {
    var right = [Double](repeating: 0, count: count)
    var (said, are) = (right, right)
    for (p, t) in zip(predicted, truth) {
      said[p] += 1
      are[t] += 1
      if p == t { right[t] += 1 }
    }
    return (right, said, are)
  }

  /// Row by truth, column by prediction.
  func confusion() throws -> [Double] {
    guard count <= 4096 else {
      throw Problem(.value, "a confusion matrix of \(count) classes is too large")
    }
    var matrix = [Double](repeating: 0, count: count * count)
    for (p, t) in zip(predicted, truth) { matrix[t * count + p] += 1 }
    return matrix
  }
}

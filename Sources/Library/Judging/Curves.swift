// What scores are judged by, whatever the border between the classes: ROC, precision and recall,
// calibration.

import Autodiff
import Engine
import Interpreter

enum CurveFunctions {
  static let all: [HostFunction] = [roc, auc, precisionRecall, averagePrecision, calibration]
  private typealias P = HostFunction.Parameter
  private static let scores = P(
    "scores", "higher for class 1, [n] or [n, 1]; or rows of two classes [n, 2]")
  private static let truth = P("target", "0 and 1, [n]")

  static let roc: HostFunction = HostFunction(
    name: "roc", summary: "The ROC curve: what is found against what is wrongly found.",
    category: "Metrics", parameters: [scores, truth],
    details: [
      "Gives {fpr, tpr, thresholds}, from the highest threshold (inf, where nothing is found) to the",
      "lowest; let c = roc(scores, y); line(c.fpr, c.tpr) draws it.",
    ],
    examples: [
      "let c = roc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])\n(c.fpr, c.tpr)  # => ([0, 0, 0.5, 0.5, 1], [0, 0.5, 0.5, 1, 1])"
    ],
    action: { call in
      let ranked = try RankedScores(call)
      try ranked.checkBoth()
      let steps = ranked.steps
      let (positives, negatives) = (ranked.positives, ranked.negatives)
      return try record(
        call,
        [
          ("fpr", [0] + steps.map { $0.wrong / negatives }),
          ("tpr", [0] + steps.map { $0.right / positives }),
          ("thresholds", [.infinity] + steps.map(\.threshold)),
        ])
    })

  static let auc: HostFunction = HostFunction(
    name: "auc",
    summary: "The area below the ROC curve: how often class 1 scores higher than class 0.",
    category: "Metrics",
    parameters: [
      P("scores", "higher for class 1, [n] or [n, 1]; or rows of classes [n, k]"),
      P("target", "class numbers [n]"),
    ],
    details: [
      "Equal scores count half. Of more than two classes it is the mean over the classes, each against",
      "all others.",
    ],
    examples: ["auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])  # => 0.75"],
    action: { call in
      let node = try call.tensor(0)
      guard node.shape.rank == 2, node.shape[1] > 2 else {
        let ranked = try RankedScores(call)
        try ranked.checkBoth()
        return .number(ranked.area)
      }
      let classes = try ClassNumbers.of(call.tensor(1), call, argument: 1)
      guard classes.count == node.shape[0] else {
        throw Problem(
          .shape, "auc wants a target for each of \(node.shape[0]) rows, not \(classes.count)",
          argument: 1)
      }
      let (values, k) = (try call.session.graph.values(node), node.shape[1])
      let areas = try (0..<k).map { c -> Double in
        let ranked = RankedScores(
          stride(from: c, to: values.count, by: k).map { values[$0] }, classes.map { $0 == c })
        try ranked.checkBoth(c)
        return ranked.area
      }
      return .number(areas.reduce(0, +) / Double(k))
    })

  static let precisionRecall: HostFunction = HostFunction(
    name: "pr_curve", summary: "Precision and recall for every threshold.", category: "Metrics",
    parameters: [scores, truth],
    details: [
      "Gives {precision, recall, thresholds}, from the lowest threshold to the highest; behind it stand",
      "precision 1 and recall 0.",
    ],
    examples: [
      "let c = pr_curve([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])\nc.recall  # => [1, 1, 0.5, 0.5, 0]"
    ],
    action: { call in
      let ranked = try RankedScores(call)
      try ranked.checkBoth()
      let steps = Array(ranked.steps.reversed())
      return try record(
        call,
        [
          ("precision", steps.map { $0.right / ($0.right + $0.wrong) } + [1]),
          ("recall", steps.map { $0.right / ranked.positives } + [0]),
          ("thresholds", steps.map(\.threshold)),
        ])
    })

  static let averagePrecision: HostFunction = HostFunction(
    name: "average_precision", summary: "The mean precision over what is found, step by step.",
    category: "Metrics", parameters: [scores, truth],
    details: ["Σ (recall − recall before) · precision, over falling thresholds."],
    examples: ["average_precision([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])  # => 0.8333"],
    action: { call in
      let ranked = try RankedScores(call)
      try ranked.checkBoth()
      var (sum, before) = (0.0, 0.0)
      for step in ranked.steps {
        sum += (step.right - before) / ranked.positives * step.right / (step.right + step.wrong)
        before = step.right
      }
      return .number(sum)
    })

  static let calibration: HostFunction = HostFunction(
    name: "calibration", summary: "Whether probabilities mean what they say.", category: "Metrics",
    parameters: [
      P("p", "probabilities of class 1, [n] or [n, 1]; or rows of two classes [n, 2]"), truth,
      P("bins", "how many equal parts of 0 … 1", default: .optional("10")),
    ],
    details: [
      "Gives {predicted, observed, count}: of every part that has rows the mean probability, the share",
      "that is of class 1, and how many rows. Where a model is calibrated, the first two are equal.",
    ],
    examples: [
      "let c = calibration([0.1, 0.2, 0.9, 0.8], [0, 1, 1, 1], bins: 2)\nc.observed  # => [0.5, 1]"
    ],
    action: { call in
      let ranked = try RankedScores(call)
      let bins = try call.int(2, default: 10)
      guard bins > 0, bins <= 1 << 20 else {
        throw Problem(.value, "bins is at least 1, not \(bins)", argument: 2)
      }
      guard ranked.scores.allSatisfy({ $0 >= 0 && $0 <= 1 }) else {
        throw Problem(.value, "probabilities lie between 0 and 1", argument: 0)
      }
      var sums = [Double](repeating: 0, count: bins)
      var (right, counts) = (sums, sums)
      for (p, isOne) in zip(ranked.scores, ranked.isOne) {
        let bin = min(bins - 1, Int(p * Double(bins)))
        sums[bin] += p
        counts[bin] += 1
        if isOne { right[bin] += 1 }
      }
      let used = (0..<bins).filter { counts[$0] > 0 }
      return try record(
        call,
        [
          ("predicted", used.map { sums[$0] / counts[$0] }),
          ("observed", used.map { right[$0] / counts[$0] }), ("count", used.map { counts[$0] }),
        ])
    })

  private static func record(_ call: Call, _ fields: [(String, [Double])]) throws -> Value {
    .record(
      try fields.map { name, values in
        (
          name,
          .tensor(try call.session.graph.tensor(values, shape: [values.count], dtype: .f64))
        )
      })
  }
}

/// Scores of rows of class 1 and of others.
struct RankedScores {
  let scores: [Double]
  let isOne: [Bool]

  init(_ scores: [Double], _ isOne: [Bool]) { (self.scores, self.isOne) = (scores, isOne) }

  init(_ call: Call) throws {
    let graph = call.session.graph
    let node = try call.tensor(0)
    let values = try graph.values(node)
    switch node.shape.dims {
    case [values.count], [values.count, 1]: scores = values
    case [values.count / 2, 2]: scores = stride(from: 1, to: values.count, by: 2).map { values[$0] }
    default:
      throw Problem(
        .shape, "\(call.name) wants a score for each row, [n], not \(node.shape)", argument: 0)
    }
    let classes = try ClassNumbers.of(call.tensor(1), call, argument: 1)
    guard classes.count == scores.count else {
      throw Problem(
        .shape, "\(call.name) has \(scores.count) scores and \(classes.count) targets", argument: 1)
    }
    if let wrong = classes.first(where: { $0 > 1 }) {
      throw Problem(
        .value, "\(call.name) is for the classes 0 and 1; there is a class \(wrong)", argument: 1)
    }
    if let row = scores.firstIndex(where: \.isNaN) {
      throw Problem(.value, "the score in row \(row) is nan", argument: 0)
    }
    isOne = classes.map { $0 == 1 }
  }

  var positives: Double { Double(isOne.lazy.filter { $0 }.count) }
  var negatives: Double { Double(isOne.count) - positives }

  func checkBoth(_ c: Int = 1) throws {
    guard positives == 0 || negatives == 0 else { return }
    throw Problem(
      .value,
      positives == 0
        ? "no row is of class \(c): there is nothing to compare with"
        : "all rows are of class \(c): there is nothing to compare with", argument: 1)
  }

  /// Of every score, falling: how many rows of class 1 and of others have it or a higher one.
  var steps: [(threshold: Double, right: Double, wrong: Double)] {
    let order = scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }
    var (right, wrong) = (0.0, 0.0)
    var steps: [(threshold: Double, right: Double, wrong: Double)] = []
    for (place, row) in order.enumerated() {
      if isOne[row] { right += 1 } else { wrong += 1 }
      if place + 1 < order.count, scores[order[place + 1]] == scores[row] { continue }
      steps.append((scores[row], right, wrong))
    }
    return steps
  }

  /// By trapezoids, so that equal scores count half.
  var area: Double {
    var (sum, before) = (0.0, (right: 0.0, wrong: 0.0))
    for step in steps {
      sum += (step.wrong - before.wrong) * (step.right + before.right) / 2
      before = (step.right, step.wrong)
    }
    return sum / (positives * negatives)
  }
}

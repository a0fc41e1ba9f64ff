// Losses that are made of other operators, and the options of cross_entropy.

import Autodiff
import Engine
import Interpreter

enum LossFunctions {
  static let all: [HostFunction] = [
    mae, huber, hinge, klDivergence, nll, focal, classWeights,
  ]
  private typealias P = HostFunction.Parameter
  private static let prediction = P("prediction", "a tensor")
  private static let target = P("target", "a tensor of the same shape")

  /// A loss of equal shapes.
  private static func loss(
    _ name: String, _ summary: String, _ parameters: [HostFunction.Parameter] = [],
    formula: String, details: [String] = [], examples: [String],
    _ body: @escaping @Sendable (_ call: Call, _ p: Node, _ t: Node) throws -> Node
  ) -> HostFunction {
    HostFunction(
      name: name, summary: summary, category: "Losses",
      parameters: [prediction, target] + parameters,
      details: ["in plain nns: \(formula)"] + details, examples: examples, isOperator: true,
      action: { call in
        let p = try call.tensor(0).floats
        let t = try call.tensor(1).converted(to: p.dtype)
        guard p.shape == t.shape else {
          throw Problem(
            .shape,
            "\(name) compares equal shapes: {0} is \(p.shape), {1} is \(t.shape)",
            arguments: [0, 1])
        }
        return try call.recording([0, 1]) { .tensor(try body(call, p, t)) }
      })
  }

  static let mae: HostFunction = loss(
    "mae", "The mean absolute error: mean(|prediction − target|).",
    formula: "(p, t) -> mean(abs(p - t))", examples: ["mae([1, 2], [1, 4])  # => 1"]
  ) { _, p, t in try p.graph.rule { (p - t).apply(.abs).apply(.mean) } }

  static let huber: HostFunction = loss(
    "huber", "Squared error where it is small, absolute error where it is large.",
    [P("delta", "where one becomes the other", default: .optional("1"))],
    formula:
      "(p, t) -> mean(where(abs(p - t) < delta, (p - t)^2 / 2, delta * (abs(p - t) - delta / 2)))",
    examples: ["huber([0, 3], [0.5, 0])  # => 1.3125", "huber([1], [1], delta: 0)  # error: value"]
  ) { call, p, t in
    let delta = try call.number(2, default: 1)
    guard delta > 0, delta.isFinite else {
      throw Problem(
        .value, "delta of huber is above 0, not \(NumberFormat.shortest(delta))", argument: 2)
    }
    return try p.graph.rule {
      let size = (p - t).apply(.abs)
      // Where the error is large, its square is of no use and could overflow.
      let small = size.apply(.minimum, [p.graph.constant(delta, p.dtype)])
      return (small * (size - small * 0.5)).apply(.mean)
    }
  }

  static let hinge: HostFunction = loss(
    "hinge", "The loss of support vector machines, for targets −1 and 1.",
    formula: "(p, t) -> mean(relu(1 - p * t))", examples: ["hinge([0.5, -2], [1, -1])  # => 0.25"]
  ) { _, p, t in try p.graph.rule { (1 - p * t).apply(.relu).apply(.mean) } }

  static let klDivergence: HostFunction = loss(
    "kl_divergence", "How far probabilities are from a target's, per row.",
    formula: "(logp, t) -> sum(t * (log(t) - logp)) / len(t)",
    details: [
      "The prediction are logarithms of probabilities, such as log_softmax(x), the target probabilities;",
      "0 log 0 counts as 0. PyTorch calls it kl_div with the reduction batchmean.",
    ],
    examples: ["kl_divergence(log([[0.5, 0.5]]), [[1, 0]])  # => 0.6931"]
  ) { _, p, t in
    try p.graph.rule {
      let isZero = t.compare(.equal, 0)
      let one = p.graph.constant(1, p.dtype)
      let logs = isZero.apply(.whereOperator, [one, t]).apply(.log)
      let parts = t * (logs - p)
      let rows = Double(max(1, p.shape.dims.first ?? 1))
      return parts.sum(axes: Array(0..<p.shape.rank), keep: false) / rows
    }
  }

  // MARK: - Of classes

  /// Class numbers [n] or one-hot rows [n, k] as rows that sum to 1.
  private static func hot(_ p: Node, _ target: Node, _ name: String) throws -> Node {
    guard p.shape.rank == 2 else {
      throw Problem(
        .shape, "\(name) wants a row of classes for each target, [n, k], not \(p.shape)",
        argument: 0)
    }
    if target.shape == p.shape { return try target.converted(to: p.dtype) }
    guard target.shape.dims == [p.shape[0]] || target.shape.dims == [p.shape[0], 1] else {
      throw Problem(
        .shape,
        "\(name) wants class numbers [\(p.shape[0])] or one-hot rows \(p.shape): {1} is "
          + "\(target.shape)", argument: 1)
    }
    return try p.graph.rule {
      target.reshaped([p.shape[0]])
        .apply(.oneHot, [], Attributes(sizes: [p.shape[1]], dtype: p.dtype))
    }
  }

  private static func ofClasses(
    _ name: String, _ summary: String, first: HostFunction.Parameter,
    _ parameters: [HostFunction.Parameter] = [], formula: String, details: [String] = [],
    examples: [String],
    _ body: @escaping @Sendable (_ call: Call, _ p: Node, _ hot: Node) throws -> Node
  ) -> HostFunction {
    HostFunction(
      name: name, summary: summary, category: "Losses",
      parameters: [first, P("target", "class numbers [n] or one-hot rows [n, k]")] + parameters,
      details: ["in plain nns: \(formula)"] + details, examples: examples, isOperator: true,
      action: { call in
        let p = try call.tensor(0).floats
        let target = try call.tensor(1)
        return try call.recording([0, 1]) {
          .tensor(try body(call, p, hot(p, target, name)))
        }
      })
  }

  static let nll: HostFunction = ofClasses(
    "nll", "The mean of −log p at the right class, from logarithms of probabilities.",
    first: P("logp", "logarithms of probabilities [n, k], such as log_softmax(x)"),
    formula: "(logp, t) -> -mean(sum(one_hot(t, k) * logp, axis: 1))",
    details: ["cross_entropy(logits, t) is nll(log_softmax(logits), t)."],
    examples: ["nll(log([[0.5, 0.5], [0.25, 0.75]]), [0, 1])  # => 0.4904"]
  ) { _, p, hot in
    try p.graph.rule {
      // A class that is not the right one may be impossible.
      let chosen = hot.compare(.equal, 0).apply(
        .whereOperator, [p.graph.constant(0, p.dtype), hot * p])
      return -chosen.sum(axes: [1], keep: false).apply(.mean)
    }
  }

  static let focal: HostFunction = ofClasses(
    "focal", "Cross-entropy in which what is known well counts little.",
    first: P("logits", "a row of classes for each target, before softmax"),
    [P("gamma", "how much less; 0 is cross_entropy", default: .optional("2"))],
    formula: "(logits, t) -> mean((1 - p)^gamma * -log(p))  # p: softmax at the right class",
    details: ["Lin et al. 2017, for classes of which one is rare."],
    examples: [
      "focal([[2, 0]], [0])  # => 0.0018", "focal([[2, 0]], [0], gamma: 0)  # => 0.1269",
    ]
  ) { call, p, hot in
    let gamma = try call.number(2, default: 2)
    guard gamma >= 0, gamma.isFinite else {
      throw Problem(
        .value, "gamma of focal is a number from 0, not \(NumberFormat.shortest(gamma))",
        argument: 2)
    }
    return try p.graph.rule {
      let logs = (hot * p.apply(.logSoftmax, [], Attributes(axes: [1]))).sum(axes: [1], keep: false)
      let rest = 1 - logs.apply(.exp)
      let weight = rest.apply(.power, [p.graph.constant(gamma, p.dtype)])
      return -(weight * logs).apply(.mean)
    }
  }

  static let classWeights: HostFunction = HostFunction(
    name: "class_weights",
    summary: "Weights that make rare classes count as much as frequent ones.",
    category: "Losses", parameters: [P("y", "class numbers [n]")],
    details: [
      "rows / (classes · count of the class): cross_entropy(logits, y, weights: class_weights(y)).",
      "A class that does not occur has the weight 0.",
    ],
    examples: ["class_weights([0, 0, 0, 1])  # => [0.6667, 2]"],
    action: { call in
      let classes = try ClassNumbers.of(call.tensor(0), call, argument: 0)
      let count = (classes.max() ?? -1) + 1
      var counts = [Int](repeating: 0, count: count)
      for c in classes { counts[c] += 1 }
      let present = Double(counts.lazy.filter { $0 > 0 }.count)
      let weights = counts.map { $0 > 0 ? Double(classes.count) / (present * Double($0)) : 0 }
      let graph = call.session.graph
      return .tensor(try graph.tensor(weights, shape: [count], dtype: graph.defaultDType))
    })

  // MARK: - Cross-entropy

  static let smoothing: OperatorOption = OperatorOption(
    op: .crossEntropy,
    parameter: P(
      "smoothing", "the share of each target that all classes have", default: .optional("0")),
    examples: ["cross_entropy([[1, 2, 3]], [0], smoothing: 0.1)  # => 2.3076"],
    made: { call, _ in try weighted(call) })

  static let weights: OperatorOption = OperatorOption(
    op: .crossEntropy,
    parameter: P("weights", "how much each class counts [k]", default: .optional("none")),
    examples: ["cross_entropy([[1, 2, 3], [1, 2, 3]], [0, 2], weights: [3, 1])  # error: shape"],
    made: { call, _ in try weighted(call) })

  /// PyTorch's: with class numbers a mean weighted by the right classes, with rows of probabilities a
  /// mean of rows.
  private static func weighted(_ call: Call) throws -> Value? {
    let smoothing = try call.number(2, default: 0)
    guard smoothing >= 0, smoothing <= 1 else {
      throw Problem(
        .value, "smoothing is a share from 0 to 1, not \(NumberFormat.shortest(smoothing))",
        argument: 2)
    }
    let p = try call.tensor(0).floats
    let target = try call.tensor(1)
    let hot = try hot(p, target, "cross_entropy")
    let classes = p.shape[1]
    let weights = call.isGiven(3) ? try call.tensor(3).converted(to: p.dtype) : nil
    if let weights, weights.shape.dims != [classes] {
      throw Problem(
        .shape, "weights are one a class, [\(classes)], not \(weights.shape)", argument: 3)
    }
    return try call.recording([0, 1]) {
      .tensor(
        try p.graph.rule {
          let logs = p.apply(.logSoftmax, [], Attributes(axes: [1]))
          let soft = hot * (1 - smoothing) + smoothing / Double(max(1, classes))
          let all = [0, 1]
          guard let weights else {
            return -(soft * logs).sum(axes: all, keep: false) / Double(max(1, p.shape[0]))
          }
          let sum = -(soft * logs * weights).sum(axes: all, keep: false)
          let isSoft = target.shape == p.shape
          return isSoft
            ? sum / Double(max(1, p.shape[0])) : sum / (hot * weights).sum(axes: all, keep: false)
        })
    }
  }
}

// The usual mistakes in gradients made by hand: one table, each with what somebody gets who makes
// it.

import Autodiff
import Engine

/// A usual mistake.
package struct Mistake: Sendable {
  /// A word for it: `sign`.
  package let name: String
  /// What it gives for a loss and a target, one value for every place where it can be made.
  let results: @Sendable (Setting) throws(OperatorProblem) -> [Result]

  /// What the mistake gives, and the mistake in words.
  struct Result {
    let words: String
    let values: [Double]
  }

  /// A loss, a target, and the gradient.
  struct Setting {
    let altered: AlteredGradients
    let names: WalkNames
    let truth: [Double]
    let mine: [Double]
    let mineShape: Shape
    /// Learning rates with which a weight may have been updated too early; empty where the one that
    /// fits best is looked for.
    var rates: [Double] = []
    var graph: Graph { altered.loss.graph }
    var target: Node { altered.target }

    func name(_ node: Node) -> String { names.name(node) }

    /// What it gives to change one step.
    func changed(
      _ words: String, _ change: AlteredGradients.Change
    ) throws(OperatorProblem) -> [Result] {
      guard let gradient = try altered.gradient(change) else { return [] }
      return [Result(words: words, values: try graph.values(gradient))]
    }

    /// What it gives to change each of some steps, one at a time.
    func changedEach(
      _ nodes: [Node], _ words: (Node) -> String,
      _ change: (_ node: Node, _ operand: Int, _ upstream: Node, _ part: Node)
        throws(OperatorProblem) -> Node?
    ) throws(OperatorProblem) -> [Result] {
      var results: [Result] = []
      for place in nodes {
        results += try changed(words(place)) {
          node, operand, upstream, part throws(OperatorProblem) in
          node === place ? try change(node, operand, upstream, part) : part
        }
      }
      return results
    }

    /// Steps of one operand whose derivative is taken element by element: activations.
    var activations: [Node] {
      altered.way.filter { node in
        guard node.inputs.count == 1, node.shape == node.inputs[0].shape,
          case .each = node.op.elements
        else { return false }
        return node.op !== Operator.convert && node.op !== Operator.negate
      }
    }
  }

  /// In the order in which they are tried: the simplest first.
  package static let all: [Mistake] = [
    sign, notTransposed, notSummed, countFactor, twoFactor, outerForgotten, innerForgotten,
    valueForDerivative, derivativeOfResult, assigned, targetForgotten, wrongSide, updatedEarly,
  ]

  static let sign = Mistake(name: "sign") { setting throws(OperatorProblem) in
    [
      Result(
        words: "the sign: this is minus the gradient, as for output − target the wrong way round",
        values: setting.truth.map { -$0 })
    ]
  }

  static let notTransposed = Mistake(name: "not transposed") { setting throws(OperatorProblem) in
    let shape = setting.target.shape
    guard shape.rank == 2, setting.mineShape.dims == [shape[1], shape[0]] else { return [] }
    let (rows, columns) = (shape[0], shape[1])
    let values = (0..<rows * columns).map { setting.truth[$0 % rows * columns + $0 / rows] }
    return [Result(words: "not transposed: this is the gradient's transpose", values: values)]
  }

  static let notSummed = Mistake(name: "not summed") { setting throws(OperatorProblem) in
    // The gradient before it was summed over what had been stretched.
    var results: [Result] = []
    for (user, _) in setting.altered.uses(of: setting.target)
    where user.shape != setting.target.shape {
      guard case .each = user.op.elements,
        let whole = try setting.graph.gradients(
          of: setting.altered.loss, withRespectTo: [user])[0]
      else { continue }
      let values = try setting.graph.values(whole)
      let words =
        "not summed over the batch: \(setting.name(setting.target)) \(setting.target.shape) was "
        + "stretched to \(user.shape), so its gradient is a sum over the rows"
      if setting.mineShape == user.shape { results.append(Result(words: words, values: values)) }
      let count = setting.target.shape.count
      guard setting.mineShape == setting.target.shape, count > 0, values.count % count == 0 else {
        continue
      }
      for row in Set([0, values.count / count - 1]).sorted() {
        results.append(
          Result(words: words, values: Array(values[row * count..<row * count + count])))
      }
    }
    return results
  }

  static let countFactor = Mistake(name: "1/n") { setting throws(OperatorProblem) in
    var counts: Set<Int> = []
    for node in setting.altered.way {
      for input in node.inputs where input.shape.count > 1 {
        counts.formUnion(input.shape.dims)
        counts.insert(input.shape.count)
      }
    }
    return counts.filter { $0 > 2 }.sorted().flatMap { count in
      [
        Result(
          words: "1/n is missing: this is \(count) times the gradient, and a mean over \(count) "
            + "has the factor 1/\(count)",
          values: setting.truth.map { $0 * Double(count) }),
        Result(
          words: "1/n once too often: this is the gradient divided by \(count)",
          values: setting.truth.map { $0 / Double(count) }),
      ]
    }
  }

  static let twoFactor = Mistake(name: "factor 2") { setting throws(OperatorProblem) in
    [
      Result(
        words: "a factor of 2 is missing: the derivative of a square is 2 times what was squared",
        values: setting.truth.map { $0 / 2 }),
      Result(
        words: "a factor of 2 too much, as where the loss has ½ in front or a mean over 2",
        values: setting.truth.map { $0 * 2 }),
    ]
  }

  static let outerForgotten = Mistake(name: "outer factor forgotten") {
    setting throws(OperatorProblem) in
    let places = setting.altered.way.filter { $0 !== setting.altered.loss }
    return try setting.changedEach(
      places,
      { node in
        "the outer factor is forgotten: the derivative of \(setting.name(node)) was not multiplied "
          + "by the gradient that arrives there"
      },
      { node, operand, upstream, part throws(OperatorProblem) in
        guard case .rule(let rule) = node.op.gradient else { return part }
        return rule(try setting.graph.filled(1, like: upstream), node)[operand]
      })
  }

  static let innerForgotten = Mistake(name: "inner derivative forgotten") {
    setting throws(OperatorProblem) in
    try setting.changedEach(
      setting.activations,
      { "the inner derivative is forgotten: \($0.op.name)′ at \(setting.name($0)) is missing" },
      { _, _, upstream, _ in upstream })
  }

  static let valueForDerivative = Mistake(name: "σ for σ′") { setting throws(OperatorProblem) in
    try setting.changedEach(
      setting.activations,
      {
        "\($0.op.name) for \($0.op.name)′: the gradient was multiplied by the value "
          + "\(setting.name($0)) instead of the derivative"
      },
      { node, _, upstream, _ in upstream * node })
  }

  static let derivativeOfResult = Mistake(name: "derivative of the result") {
    setting throws(OperatorProblem) in
    try setting.changedEach(
      setting.activations,
      {
        "\($0.op.name)′ was taken at \(setting.name($0)), the result, instead of at what goes in"
      },
      { node, operand, upstream, part throws(OperatorProblem) in
        guard case .rule(let rule) = node.op.gradient else { return part }
        let again = try setting.graph.record(node.op, [node], node.attributes)
        return rule(upstream, again)[operand]
      })
  }

  static let assigned = Mistake(name: "= for +=") { setting throws(OperatorProblem) in
    var results: [Result] = []
    for value in [setting.target] + setting.altered.way {
      let uses = setting.altered.uses(of: value)
      guard uses.count > 1 else { continue }
      for kept in uses {
        let words =
          "= where contributions add up: \(setting.name(value)) is used \(uses.count) times, and "
          + "only what came through \(setting.name(kept.user)) was kept"
        results += try setting.changed(words) { node, operand, _, part in
          let isDropped =
            node.inputs[operand] === value && !(node === kept.user && operand == kept.operand)
          return isDropped ? nil : part
        }
      }
    }
    return results
  }

  static let targetForgotten = Mistake(name: "one-hot not subtracted") {
    setting throws(OperatorProblem) in
    let places = setting.altered.way.filter { $0.op === Operator.crossEntropy }
    return try setting.changedEach(
      places,
      { _ in "the right class is not subtracted: the derivative is softmax − one_hot" },
      { node, operand, upstream, part throws(OperatorProblem) in
        guard operand == 0 else { return part }
        let logits = node.inputs[0]
        let classes = logits.shape[logits.shape.rank - 1]
        let p = logits.apply(.softmax, [], Attributes(axes: [logits.shape.rank - 1]))
        return upstream * p / Double(max(1, logits.shape.count / max(1, classes)))
      })
  }

  static let wrongSide = Mistake(name: "W for W'") { setting throws(OperatorProblem) in
    let places = setting.altered.way.filter { node in
      node.op === Operator.matmul && node.inputs[1].shape.rank == 2
        && node.inputs[1].shape[0] == node.inputs[1].shape[1]
    }
    return try setting.changedEach(
      places,
      { "\(setting.name($0.inputs[1])) for its transpose on the way back" },
      { node, operand, upstream, part in
        operand == 0 ? upstream.matmul(node.inputs[1]) : part
      })
  }

  /// The gradient through weights that were updated already: it differs from the right one by lr
  /// times what the weights' gradient in their place gives.
  static let updatedEarly = Mistake(name: "updated too early") { setting throws(OperatorProblem) in
    var results: [Result] = []
    for node in setting.altered.way
    where node.op === Operator.matmul || node.op === Operator.multiply {
      for place in node.inputs.indices {
        let weight = node.inputs[place]
        guard weight.version != nil, weight !== setting.target,
          node.inputs[1 - place] !== weight,
          let slope = try setting.graph.gradients(
            of: setting.altered.loss, withRespectTo: [weight])[0]
        else { continue }
        var inputs = node.inputs
        inputs[place] = slope
        let shifted = try setting.graph.record(node.op, inputs, node.attributes)
        let change = try setting.altered.gradient { at, operand, upstream, part in
          guard at === node, operand != place, case .rule(let rule) = node.op.gradient else {
            return part
          }
          return rule(upstream, shifted)[operand]
        }
        guard let change else { continue }
        let direction = try setting.graph.values(change)
        let fitted = setting.rates.isEmpty ? Mistake.rate(setting, direction).map { [$0] } : nil
        for rate in fitted ?? setting.rates {
          let text = NumberFormat.significant(rate, digits: 3)
          results.append(
            Result(
              words: "\(setting.name(weight)) was updated too early: the gradient went back "
                + "through its new value (lr = \(text))",
              values: zip(setting.truth, direction).map { $0 - rate * $1 }))
        }
      }
    }
    return results
  }

  /// The positive learning rate that fits best.
  private static func rate(_ setting: Setting, _ direction: [Double]) -> Double? {
    guard setting.mine.count == direction.count else { return nil }
    let square = direction.reduce(0) { $0 + $1 * $1 }
    let along = zip(zip(setting.truth, setting.mine), direction).reduce(0.0) {
      $0 + ($1.0.0 - $1.0.1) * $1.1
    }
    guard square > 0, along / square > 1e-9, along / square < 1e6 else { return nil }
    return along / square
  }
}

// gradcheck: gradients beside central differences in f64.

import Autodiff
import Engine
import Interpreter

extension GradientFunctions {
  /// Elements compared at most; of more, evenly spread ones are.
  private static let checkLimit = 1000

  static let gradcheck: HostFunction = HostFunction(
    name: "gradcheck", summary: "Compares a gradient with central differences in f64.",
    category: "Gradients",
    parameters: [
      HostFunction.Parameter("loss", "one number, or a function of one tensor that gives one"),
      HostFunction.Parameter("w", "a param, several, a model, or any value on the way"),
    ],
    details: [
      "The record has ok, the largest error relative to max(1, |gradient|), how many elements were",
      "compared (1000 at most of each tensor), and how many stand at a kink, which do not count.",
      "The loss is computed again with the same random draws; ok means an error below 1e-6.",
    ],
    examples: [
      "gradcheck(x -> sum(tanh(x)^2), [0.3, -0.7]).ok  # => true",
      "param w = [[0.1], [0.2]]\nlet loss = mse([[1, 2]] @ w, [[3]])\ngradcheck(loss, w).ok  # => true",
    ],
    action: { call in
      let session = call.session
      let graph = session.graph
      let outer = graph.defaultDType
      graph.defaultDType = .f64
      defer { graph.defaultDType = outer }
      var check = GradientCheck(graph: graph)
      if session.isCallable(call.value(0)) {
        let f = try call.function(0)
        let start = try graph.detach(call.tensor(1).converted(to: .f64))
        try check.compare(at: start) { x in
          guard let y = session.node(try call.invoke(f, [.tensor(x)])), y.shape.count == 1 else {
            throw Problem(
              .gradient, "gradcheck wants a function that gives one number", argument: 0)
          }
          return y
        }
      } else {
        try checkLoss(call, &check)
      }
      return check.record
    })

  private static func checkLoss(_ call: Call, _ check: inout GradientCheck) throws {
    let graph = call.session.graph
    let loss = try call.tensor(0)
    guard loss.shape.count == 1 else {
      throw Problem(
        .shape, "gradcheck wants a loss of one number, this has the shape \(loss.shape)",
        argument: 0)
    }
    var targets: [Node] = []
    collect(call.raw(1), call.session, &targets)
    let reached = try graph.gradients(of: loss, withRespectTo: targets)
    guard zip(targets, reached).contains(where: { $1 != nil }) else {
      _ = try graph.currentLeaves(of: loss)
      throw Problem(.gradient, "{0} does not depend on {1}", arguments: [0, 1])
    }
    for (target, gradient) in zip(targets, reached) where gradient != nil {
      let start = try graph.detach(target.converted(to: .f64))
      try check.compare(at: start) { try graph.replay(loss, replacing: target, by: $0) }
    }
  }

  /// Compares, and keeps the worst.
  private struct GradientCheck {
    let graph: Graph
    var worst = 0.0
    var compared = 0
    var kinks = 0

    var record: Value {
      .record([
        ("ok", .bool(worst <= 1e-6)), ("error", .number(worst)),
        ("compared", .number(Double(compared))), ("kinks", .number(Double(kinks))),
      ])
    }

    mutating func compare(at start: Node, _ loss: (Node) throws -> Node) throws {
      let values = try graph.values(start)
      let x = try graph.variable(start)
      let y = try loss(x)
      let gradient = try graph.gradients(of: y, withRespectTo: [x])[0]
      let analytic = try gradient.map { try graph.values($0) } ?? values.map { _ in 0 }
      let middle = try graph.item(y)
      let stride = max(1, values.count / GradientFunctions.checkLimit)
      for index in Swift.stride(from: 0, to: values.count, by: stride) {
        let step = 1e-5 * max(1, values[index].magnitude)
        let moved = try [step, -step].map { shift in
          var point = values
          point[index] += shift
          return try graph.item(
            try loss(try graph.tensor(point, shape: start.shape.dims, dtype: .f64)))
        }
        let (above, below) = (moved[0], moved[1])
        let numeric = (above - below) / (2 * step)
        let scale = max(1, analytic[index].magnitude, numeric.magnitude)
        let error = (analytic[index] - numeric).magnitude / scale
        compared += 1
        // At a kink the two one-sided slopes differ by far more than curvature explains.
        let bend = (above - 2 * middle + below).magnitude / step
        if error > 1e-6, bend > 1e-3 * scale, bend / 2 >= error * scale * 0.99 {
          kinks += 1
        } else {
          worst = max(worst, error.isNaN ? .infinity : error)
        }
      }
    }
  }
}

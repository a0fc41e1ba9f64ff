// The score of an attribution: what is left of an output without the inputs that it names.

import Autodiff
import Engine
import Interpreter

struct DeletionCurve {
  private let call: Call
  private let x: Node
  private let importance: Node
  private let baseline: Node
  private let steps: Int

  init(_ call: Call) throws {
    self.call = call
    x = try call.tensor(1).floats
    importance = try call.tensor(2)
    baseline = try call.isGiven(4) ? call.tensor(4) : x.graph.constant(0, x.dtype)
    steps = try call.int(5, default: 20)
    guard x.shape.rank > 1, importance.shape == x.shape else {
      throw Problem(
        .shape, "importance is shaped as x, \(x.shape), not \(importance.shape)", argument: 2)
    }
    guard x.shape.broadcast(with: baseline.shape) == x.shape else {
      throw Problem(
        .shape, "the baseline of shape \(baseline.shape) does not fit x, \(x.shape)", argument: 4)
    }
    guard steps > 0, steps <= 1 << 20 else {
      throw Problem(.value, "steps is at least 1, not \(steps)", argument: 5)
    }
  }

  func record() throws -> Value {
    let graph = x.graph
    let (rows, width) = (x.shape[0], x.shape.count / max(1, x.shape[0]))
    let scored = try ScoredOutput(call, output: 3)
    try scored.choose(at: x)
    // The rank of each input in its row: 0 is the most important one.
    let along = Attributes(axes: [1])
    let flat = try graph.rule { importance.reshaped([rows, width]) }
    let order = try graph.record(
      .argsort, [graph.rule { -flat }], along)
    let rank = try graph.record(.argsort, [order], along)
    let given = x
    let stretched = try graph.rule { baseline.expanded(given.shape.dims) }
    var (shares, scores) = ([Double](), [Double]())
    for step in 0...steps {
      try Graph.checkInterrupt()
      let gone = Int((Double(width) * Double(step) / Double(steps)).rounded())
      let isGone = try graph.binary(.less, rank, graph.constant(Double(gone), .i64))
      let mask = try graph.rule { isGone.reshaped(given.shape.dims) }
      let left = try graph.record(.whereOperator, [mask, stretched, given])
      let score = try graph.record(.mean, [scored.scores(at: left)])
      shares.append(Double(step) / Double(steps))
      scores.append(try graph.item(score))
    }
    var area = 0.0
    for (a, b) in zip(scores, scores.dropFirst()) { area += (a + b) / 2 / Double(steps) }
    return .record([
      ("share", .tensor(try graph.tensor(shares, shape: [steps + 1], dtype: .f64))),
      ("score", .tensor(try graph.tensor(scores, shape: [steps + 1], dtype: .f64))),
      ("area", .number(area / scores[0])),
    ])
  }
}

// The most likely weights of a linear classifier.

import Autodiff
import Engine
import Glibc

/// Minimises Σ cross-entropy + alpha / 2 |w|² over weights [d, k] and biases [k] by Newton's method, whose
/// steps conjugate gradients find from products with the Hessian (Nocedal, Wright, algorithm 7.1). With
/// one output the probabilities are sigmoids, with more softmax.
final class LogisticProblem {
  let outputs: Int
  /// The intercepts of the solution.
  private(set) var bias: [Double] = []
  private let x: Node
  private let turned: Node
  private let target: [Int]
  private let alpha: Double
  private let rows: Int
  private let columns: Int
  /// What a coordinate's second derivative is about, by column: conjugate gradients are scaled with it.
  private let scale: [Double]

  /// - Parameter x: [n, d] in f64.
  init(_ x: Node, _ target: [Int], outputs: Int, _ alpha: Double) throws {
    (self.outputs, self.target, self.alpha) = (outputs, target, alpha)
    (rows, columns) = (x.shape[0], x.shape[1])
    let graph = x.graph
    let (n, d) = (rows, columns)
    let ones = try graph.record(
      .full, [graph.constant(1, .f64)], Attributes(sizes: [n, 1]))
    self.x = try graph.record(.concat, [x, ones], Attributes(axes: [1]))
    let whole = self.x
    turned = try graph.rule { whole.transposed.apply(.reshape, [], Attributes(sizes: [d + 1, n])) }
    let squares = try graph.rule { (whole * whole).sum(axes: [0], keep: false) }
    scale = try graph.values(squares).map { 0.25 * $0 + alpha }
    try graph.force([whole, turned])
  }

  /// The weights, row by row; `bias` is set as well.
  func solved() throws -> [Double] {
    var w = [Double](repeating: 0, count: (columns + 1) * outputs)
    var (value, odds) = try self.value(w)
    for _ in 0..<100 {
      try Graph.checkInterrupt()
      let g = try gradient(w, odds)
      let size = g.reduce(0) { max($0, $1.magnitude) }
      guard size > 1e-11 * Double(rows) else { break }
      let step = try newtonStep(g, odds)
      let slope = zip(g, step).reduce(0) { $0 + $1.0 * $1.1 }
      guard slope < 0 else { break }
      var share = 1.0
      var isBetter = false
      while share > 1e-10 {
        let next = zip(w, step).map { $0 + share * $1 }
        let (nextValue, nextOdds) = try self.value(next)
        if nextValue <= value + 1e-4 * share * slope {
          (w, value, odds, isBetter) = (next, nextValue, nextOdds, true)
          break
        }
        share /= 2
      }
      // What is left to gain is below what f64 shows.
      if !isBetter { break }
    }
    bias = Array(w[(columns * outputs)...])
    return Array(w[..<(columns * outputs)])
  }

  /// The loss, and the probabilities [n, k] that belong to it.
  private func value(_ w: [Double]) throws -> (Double, [Double]) {
    let scores = try product(x, w, [columns + 1, outputs])
    var odds = [Double](repeating: 0, count: scores.count)
    var loss = 0.0
    if outputs == 1 {
      for row in 0..<rows {
        let z = scores[row]
        // −log sigmoid(±z), without overflow.
        loss += max(0, target[row] == 1 ? -z : z) + log1p(exp(-z.magnitude))
        odds[row] = 1 / (1 + exp(-z))
      }
    } else {
      for row in 0..<rows {
        let own = row * outputs..<(row + 1) * outputs
        let top = scores[own].max() ?? 0
        var sum = 0.0
        for place in own {
          odds[place] = exp(scores[place] - top)
          sum += odds[place]
        }
        loss += log(sum) + top - scores[row * outputs + target[row]]
        for place in own { odds[place] /= sum }
      }
    }
    let weights = w[..<(columns * outputs)]
    return (loss + alpha / 2 * weights.reduce(0) { $0 + $1 * $1 }, odds)
  }

  private func gradient(_ w: [Double], _ odds: [Double]) throws -> [Double] {
    var errors = odds
    for row in 0..<rows {
      if outputs == 1 {
        errors[row] -= Double(target[row])
      } else {
        errors[row * outputs + target[row]] -= 1
      }
    }
    return try penalised(product(turned, errors, [rows, outputs]), w)
  }

  private func penalised(_ sums: [Double], _ w: [Double]) -> [Double] {
    var result = sums
    for place in 0..<(columns * outputs) { result[place] += alpha * w[place] }
    return result
  }

  /// H v: the derivative of the gradient along v.
  private func hessian(_ v: [Double], _ odds: [Double]) throws -> [Double] {
    var u = try product(x, v, [columns + 1, outputs])
    if outputs == 1 {
      for row in 0..<rows { u[row] *= odds[row] * (1 - odds[row]) }
    } else {
      for row in 0..<rows {
        let own = row * outputs..<(row + 1) * outputs
        let mean = own.reduce(0) { $0 + odds[$1] * u[$1] }
        for place in own { u[place] = odds[place] * (u[place] - mean) }
      }
    }
    return try penalised(product(turned, u, [rows, outputs]), v)
  }

  /// About −H⁻¹ g, more exactly the nearer the gradient is to 0.
  private func newtonStep(_ g: [Double], _ odds: [Double]) throws -> [Double] {
    var step = [Double](repeating: 0, count: g.count)
    var rest = g.map { -$0 }
    let size = g.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let enough = min(1e-3, size) * size
    var scaled = rest.enumerated().map { $1 / scale[$0 / outputs] }
    var direction = scaled
    var energy = zip(rest, scaled).reduce(0) { $0 + $1.0 * $1.1 }
    for _ in 0..<(20 * g.count) {
      try Graph.checkInterrupt()
      let curved = try hessian(direction, odds)
      let curvature = zip(direction, curved).reduce(0) { $0 + $1.0 * $1.1 }
      guard curvature > 0 else { break }
      let length = energy / curvature
      for place in step.indices {
        step[place] += length * direction[place]
        rest[place] -= length * curved[place]
      }
      if rest.reduce(0, { $0 + $1 * $1 }).squareRoot() <= enough { break }
      scaled = rest.enumerated().map { $1 / scale[$0 / outputs] }
      let next = zip(rest, scaled).reduce(0) { $0 + $1.0 * $1.1 }
      for place in direction.indices {
        direction[place] = scaled[place] + next / energy * direction[place]
      }
      energy = next
    }
    return centred(step)
  }

  /// Adding a number to all outputs changes nothing: their mean stays 0.
  private func centred(_ step: [Double]) -> [Double] {
    guard outputs > 1 else { return step }
    var result = step
    for start in stride(from: 0, to: step.count, by: outputs) {
      let mean = step[start..<(start + outputs)].reduce(0, +) / Double(outputs)
      for place in start..<(start + outputs) { result[place] -= mean }
    }
    return result
  }

  private func product(_ a: Node, _ b: [Double], _ dims: [Int]) throws -> [Double] {
    let graph = a.graph
    let right = try graph.tensor(b, shape: dims, dtype: .f64)
    return try graph.values(graph.record(.matmul, [a, right]))
  }
}

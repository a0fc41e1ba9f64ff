// Gradients of one operator on one sample, against central differences in f64.

import Autodiff
import Engine

/// Operands of one sample with numbers, and the comparison of derivatives there.
struct GradientCheck {
  /// A number recorded on a graph of its own, and the operands that vary.
  private struct Run {
    let graph: Graph
    let operands: [Node]
    let loss: Node

    var value: Double { get throws { try graph.item(loss) } }
  }

  let op: Operator
  let sample: Operator.Sample
  /// The numbers of all operands.
  let start: [[Double]]
  private let seed: UInt64

  init(_ op: Operator, _ sample: Operator.Sample, seed: UInt64) {
    self.op = op
    self.sample = sample
    self.seed = seed
    var stream = RandomStream(seed: seed)
    var taken: [Double] = op.kinks
    start = sample.operands.map { operand in
      switch operand {
      case .near(_, let values), .fixed(_, let values, _): values
      case .varied(let shape):
        (0..<shape.reduce(1, *)).map { _ in
          GradientCheck.draw(&stream, op.domain, awayFrom: &taken)
        }
      }
    }
  }

  /// A number of the domain that keeps away from kinks and from all other numbers, so that a
  /// small step changes no order.
  private static func draw(
    _ stream: inout RandomStream, _ domain: ClosedRange<Double>, awayFrom taken: inout [Double]
  ) -> Double {
    while true {
      let x = domain.lowerBound + stream.nextUniform() * (domain.upperBound - domain.lowerBound)
      if taken.allSatisfy({ ($0 - x).magnitude > 1e-3 }) {
        taken.append(x)
        return x
      }
    }
  }

  private func isVaried(_ index: Int) -> Bool {
    if case .fixed = sample.operands[index] { false } else { true }
  }

  /// Numbers from -1 to 1, the same for the same count.
  private func weights(_ count: Int, _ offset: UInt64) -> [Double] {
    var stream = RandomStream(seed: seed &+ 1000 &* offset)
    return (0..<count).map { _ in stream.nextUniform() * 2 - 1 }
  }

  /// Σ weights · x
  private func weighted(_ x: Node, _ offset: UInt64) throws -> Node {
    let graph = x.graph
    let scale = try graph.tensor(
      weights(x.shape.count, offset), shape: x.shape.dims, dtype: .f64)
    return try graph.record(.sum, [graph.record(.multiply, [x, scale])])
  }

  /// The operands that vary, and Σ weights · op(operands).
  private func first(_ values: [[Double]]) throws -> Run {
    let graph = Graph()
    graph.defaultDType = .f64
    var varied: [Node] = []
    var all: [Node] = []
    for (operand, numbers) in zip(sample.operands, values) {
      if case .fixed(let shape, _, let dtype) = operand {
        all.append(try graph.tensor(numbers, shape: shape, dtype: dtype))
      } else {
        let x = try graph.variable(graph.tensor(numbers, shape: operand.shape, dtype: .f64))
        varied.append(x)
        all.append(x)
      }
    }
    let result = try graph.record(op, all, sample.recordedAttributes())
    let loss = try weighted(result.converted(to: .f64), 1)
    return Run(graph: graph, operands: varied, loss: loss)
  }

  /// The operands that vary, and Σ weights · (gradients of `first`).
  private func second(_ values: [[Double]]) throws -> Run {
    let run = try first(values)
    let graph = run.graph
    var total = graph.constant(0, .f64)
    let gradients = try graph.gradients(of: run.loss, withRespectTo: run.operands)
    for (index, gradient) in gradients.enumerated() {
      guard let gradient else { continue }
      total = try graph.record(.add, [total, weighted(gradient, UInt64(index) + 2)])
    }
    return Run(graph: graph, operands: run.operands, loss: total)
  }

  func worstError() throws -> Double { try worst(first) }
  func worstSecondError() throws -> Double { try worst(second) }

  /// The largest relative difference of the gradient of `function` and its numeric one; infinite
  /// where one of them is not a number and the other is.
  private func worst(_ function: ([[Double]]) throws -> Run) throws -> Double {
    let run = try function(start)
    let gradients = try run.graph.gradients(of: run.loss, withRespectTo: run.operands)
    var worst = 0.0
    for (place, index) in start.indices.filter(isVaried).enumerated() {
      let analytic = try gradients[place].map { try run.graph.values($0) }
      for element in start[index].indices {
        let exact = analytic?[element] ?? 0
        let numeric = try slope(function, index, element)
        let error = (exact - numeric).magnitude / max(1, exact.magnitude, numeric.magnitude)
        worst = max(worst, error.isNaN ? .infinity : error)
      }
    }
    return worst
  }

  private func slope(
    _ function: ([[Double]]) throws -> Run, _ index: Int, _ element: Int
  ) throws -> Double {
    let step = 1e-5 * max(1, start[index][element].magnitude)
    var (above, below) = (start, start)
    above[index][element] += step
    below[index][element] -= step
    return try (function(above).value - function(below).value) / (2 * step)
  }
}

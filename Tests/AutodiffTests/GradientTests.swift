// Every operator's gradient against central differences in f64, over the shapes of its record.

import Autodiff
import Engine
import Testing

@Suite("Gradients")
struct GradientTests {
  static let operators = Catalogue.all.filter {
    if case .rule = $0.gradient { !$0.samples.isEmpty && !$0.isAlias } else { false }
  }

  /// Σ weights · op(operands), at operands of given values.
  private func evaluate(
    _ op: Operator, _ sample: Operator.Sample, _ values: [[Double]], _ weights: [Double]?
  ) throws -> (graph: Graph, operands: [Node], loss: Node, count: Int) {
    let graph = Graph()
    graph.defaultDType = .f64
    let operands = try zip(sample.shapes, values).map { shape, values in
      try graph.variable(graph.tensor(values, shape: shape, dtype: .f64))
    }
    let result = try graph.record(op, operands, sample.attributes)
    let count = result.shape.count
    let scale = try graph.tensor(
      weights ?? [Double](repeating: 1, count: count), shape: result.shape.dims, dtype: .f64)
    let product = try graph.record(.multiply, [result, scale])
    let loss = try graph.record(.sum, [product])
    return (graph, operands, loss, count)
  }

  private func values(_ op: Operator, _ sample: Operator.Sample, seed: UInt64) -> [[Double]] {
    var stream = RandomStream(seed: seed)
    return sample.shapes.map { shape in
      (0..<shape.reduce(1, *)).map { _ in
        while true {
          let x =
            op.domain.lowerBound
            + stream.nextUniform() * (op.domain.upperBound - op.domain.lowerBound)
          if op.kinks.allSatisfy({ ($0 - x).magnitude > 0.01 }) { return x }
        }
      }
    }
  }

  /// The largest relative error of the analytic gradient.
  private func worstError(_ op: Operator, _ sample: Operator.Sample, seed: UInt64) throws -> Double
  {
    let start = values(op, sample, seed: seed)
    let (_, _, _, count) = try evaluate(op, sample, start, nil)
    var stream = RandomStream(seed: seed + 1000)
    let weights = (0..<count).map { _ in stream.nextUniform() * 2 - 1 }
    let (graph, operands, loss, _) = try evaluate(op, sample, start, weights)
    let gradients = try graph.gradients(of: loss, withRespectTo: operands)
    var worst = 0.0
    for (index, gradient) in gradients.enumerated() {
      let analytic = try gradient.map { try graph.values($0) } ?? start[index].map { _ in 0 }
      for element in start[index].indices {
        let step = 1e-5 * max(1, start[index][element].magnitude)
        var (above, below) = (start, start)
        above[index][element] += step
        below[index][element] -= step
        let up = try evaluate(op, sample, above, weights)
        let down = try evaluate(op, sample, below, weights)
        let numeric = try (up.graph.item(up.loss) - down.graph.item(down.loss)) / (2 * step)
        let scale = max(1, analytic[element].magnitude, numeric.magnitude)
        worst = max(worst, (analytic[element] - numeric).magnitude / scale)
      }
    }
    return worst
  }

  @Test("analytic and numeric gradients agree", arguments: operators.map(\.name))
  func gradients(_ name: String) throws {
    let op = try #require(Self.operators.first { $0.name == name })
    for (place, sample) in op.samples.enumerated() {
      if sample.shapes.count == 2, op === Operator.solve, sample.shapes[0] == [0, 0] { continue }
      let error = try worstError(op, sample, seed: UInt64(place))
      #expect(error <= 1e-6, "\(name) on \(sample.shapes): \(error)")
    }
  }

  @Test("a rule with the wrong sign is found")
  func wrongSign() throws {
    let wrong = Operator(
      name: "wrong", summary: "", parameters: Operator.tanh.parameters, formula: "",
      infer: Operator.tanh.infer, kernel: Operator.tanh.kernel,
      gradient: .rule { g, node in [-(g * (1 - node * node))] })
    #expect(try worstError(wrong, Operator.Sample([[3]]), seed: 1) > 1e-3)
  }

  @Test(
    "second derivatives agree",
    arguments: ["exp", "tanh", "sigmoid", "softplus", "gelu", "power", "multiply", "log"])
  func secondDerivatives(_ name: String) throws {
    let op = try #require(Self.operators.first { $0.name == name })
    let count = op.parameters.count
    let sample = Operator.Sample([[Int]](repeating: [3], count: count))
    let start = values(op, sample, seed: 7)
    let first = { (point: [[Double]]) throws -> (Graph, [Node], [Node?], Node) in
      let (graph, operands, loss, _) = try evaluate(op, sample, point, nil)
      let gradients = try graph.gradients(of: loss, withRespectTo: operands)
      let inner = try #require(gradients[0])
      return (graph, operands, gradients, try graph.record(.sum, [inner]))
    }
    let (graph, operands, _, total) = try first(start)
    let second = try graph.gradients(of: total, withRespectTo: operands)
    let analytic = try second[0].map { try graph.values($0) } ?? start[0].map { _ in 0 }
    for element in 0..<3 {
      var (above, below) = (start, start)
      above[0][element] += 1e-5
      below[0][element] -= 1e-5
      let (up, down) = (try first(above), try first(below))
      let numeric = try (up.0.item(up.3) - down.0.item(down.3)) / 2e-5
      let scale = max(1, analytic[element].magnitude, numeric.magnitude)
      #expect((analytic[element] - numeric).magnitude / scale <= 1e-6)
    }
  }

  @Test("equal steps share one plan, and memory stays flat")
  func plans() throws {
    let graph = Graph()
    let w = Parameter("w", value: try graph.tensor([1, 2], shape: [2], dtype: .f32))
    var bytes = 0
    for step in 0..<20_000 {
      let loss = try graph.record(.sum, [w.node * w.node])
      try graph.backward(loss)
      if let gradient = w.gradient {
        try w.store(graph.detach(w.node) - graph.input(0.01) * graph.detach(gradient))
      }
      try graph.flush()
      if step == 100 { bytes = Memory.bytesInUse }
    }
    #expect(graph.planCount <= 4)
    #expect(Memory.bytesInUse <= bytes + (1 << 20))
    #expect(try graph.values(w.node)[0].magnitude < 1e-6)
  }
}

// Every operator's gradient against central differences in f64, over the samples of its record,
// and the gradient of that gradient.

import Engine
import Testing

@testable import Autodiff

@Suite("Gradients")
struct GradientTests {
  static let operators = Catalogue.all.filter {
    if case .rule = $0.gradient { true } else { false }
  }

  private func find(_ name: String) throws -> Operator {
    try #require(Self.operators.first { $0.name == name })
  }

  @Test("every operator with a gradient has at least twelve different samples")
  func enoughSamples() {
    for op in Self.operators {
      let different = Set(op.samples.map { "\($0)" })
      #expect(different.count >= 12, "\(op.name) has \(different.count) samples")
    }
  }

  @Test("analytic and numeric gradients agree", arguments: operators.map(\.name))
  func gradients(_ name: String) throws {
    let op = try find(name)
    for (place, sample) in op.samples.enumerated() {
      let error = try GradientCheck(op, sample, seed: UInt64(place)).worstError()
      #expect(error <= 1e-6, "\(name) on \(sample): \(error)")
    }
  }

  @Test("axes counted from the end give the same gradients", arguments: operators.map(\.name))
  func negativeAxes(_ name: String) throws {
    let op = try find(name)
    for (place, sample) in op.samples.enumerated() {
      guard let axes = sample.attributes.axes, !axes.isEmpty,
        let rank = sample.shapes.first?.count, rank > 0
      else { continue }
      var turned = sample
      turned.attributes.axes = axes.map { $0 < 0 ? $0 + rank : $0 - rank }
      let error = try GradientCheck(op, turned, seed: UInt64(place)).worstError()
      #expect(error <= 1e-6, "\(name) on \(turned): \(error)")
    }
  }

  @Test("an axis that there is not, and one that is named twice")
  func wrongAxes() throws {
    #expect(try Attributes.axes([-1, 0], rank: 3) == [2, 0])
    for wrong in [[3], [-4], [0, -3]] {
      #expect(throws: OperatorProblem.self) { try Attributes.axes(wrong, rank: 3) }
    }
  }

  @Test("gradients of gradients agree", arguments: operators.map(\.name))
  func secondDerivatives(_ name: String) throws {
    let op = try find(name)
    for (place, sample) in op.samples.enumerated() where sample.shapes != [[130]] {
      let error = try GradientCheck(op, sample, seed: UInt64(place)).worstSecondError()
      #expect(error <= 1e-6, "\(name) on \(sample): \(error)")
    }
  }

  @Test("a rule with the wrong sign is found")
  func wrongSign() throws {
    let wrong = Operator(
      name: "wrong", summary: "", parameters: Operator.tanh.parameters, formula: "",
      infer: Operator.tanh.infer, kernel: Operator.tanh.kernel,
      gradient: .rule { g, node in [-(g * (1 - node * node))] })
    let check = GradientCheck(wrong, Operator.Sample([[3]]), seed: 1)
    #expect(try check.worstError() > 1e-3)
    #expect(try check.worstSecondError() > 1e-3)
  }

  @Test("a rule that makes NaN is found")
  func notANumber() throws {
    let wrong = Operator(
      name: "wrong", summary: "", parameters: Operator.tanh.parameters, formula: "",
      infer: Operator.tanh.infer, kernel: Operator.tanh.kernel,
      gradient: .rule { g, _ in [g * (0 / (0 * g))] })
    #expect(try GradientCheck(wrong, Operator.Sample([[3]]), seed: 1).worstError() == .infinity)
  }

  @Test("equal steps share one plan, and nothing of them waits or is remembered for long")
  func plans() throws {
    let graph = Graph()
    let w = Parameter("w", value: try graph.tensor([1, 2], shape: [2], dtype: .f32))
    for _ in 0..<20_000 {
      let loss = try graph.record(.sum, [w.node * w.node])
      try graph.backward(loss)
      if let gradient = w.gradient {
        try w.store(graph.detach(w.node) - graph.input(0.01) * graph.detach(gradient))
      }
      try graph.flush()
    }
    #expect(graph.planCount <= 4)
    #expect(graph.candidates.count < 10 && graph.pending.isEmpty)
    #expect(graph.turn.memories <= 3)
    #expect(try graph.values(w.node)[0].magnitude < 1e-6)
  }

  @Test("what no gradient will be asked of is computed some hundred values at a time, by one plan")
  func idle() throws {
    let graph = Graph()
    var x = try graph.tensor([1, 2, 3], shape: [3], dtype: .f64)
    let one = try graph.tensor([1, 1, 1], shape: [3], dtype: .f64)
    try graph.flush()
    for _ in 0..<20_000 {
      x = x + one
      #expect(graph.pending.count <= 512)
      if graph.wantsFlush { try graph.flush(also: [x]) }
    }
    #expect(try graph.values(x) == [20_001, 20_002, 20_003])
    #expect(graph.planCount <= 4)
    // Gradients may be asked of these: they wait for the way back.
    let w = Parameter("w", value: try graph.tensor([1, 2], shape: [2], dtype: .f32))
    try graph.flush()
    var y = w.node
    for _ in 0..<5000 { y = y + w.node }
    #expect(!graph.wantsFlush)
  }
}

// Chains of elementary functions, and what activations are made of, are one loop.

import Testing

@testable import Autodiff

@Suite("Plans of elementary functions")
struct ElementaryPlanTests {
  private let graph = Graph()

  private func kinds(_ y: Node) throws -> [PlanSummary.Kind] {
    y.handles += 1
    defer { y.handles -= 1 }
    return try #require(try graph.pendingPlan(isTimed: false)).steps.map(\.kind)
  }

  @Test("a chain of every function is one loop")
  func chain() throws {
    var x = try graph.tensor((0..<700).map { Double($0) / 1000 }, shape: [700], dtype: .f32)
    try graph.flush()
    for op in Catalogue.elementary where op.parameters.count == 1 { x = x.apply(op) }
    #expect(try kinds(x.apply(.hypot, [x.apply(.atan2, [x])])) == [.loop])
  }

  @Test("what mish and elu are made of is one loop, with its derivative")
  func composed() throws {
    let x = try graph.tensor((0..<700).map { Double($0) / 100 - 3 }, shape: [700], dtype: .f32)
    try graph.flush()
    let mish = x * x.apply(.softplus).apply(.tanh)
    let zero = graph.constant(0, .f32)
    let below = x.apply(.minimum, [zero]).apply(.expm1)
    let elu = x.compare(.greater, 0).apply(.whereOperator, [x, below])
    #expect(try kinds(mish * elu) == [.loop])
  }
}

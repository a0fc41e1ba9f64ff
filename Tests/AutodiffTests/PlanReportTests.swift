// What plans cost: steps with their time, what limits them, and the plans that ran last.

import Engine
import Testing

@testable import Autodiff

@Suite("Costs of plans")
struct PlanReportTests {
  private let graph = Graph()
  private let machine = MachineSpeed(
    threads: 2, product: 200e9, productOfOneThread: 100e9, read: 30e9, copy: 30e9)

  private func summary(
    _ seconds: Double?, flops: Double, bytes: Double, isDouble: Bool = false
  ) -> PlanSummary {
    PlanSummary(
      kind: .loop, lines: [], operators: [], elements: 1, flops: flops, bytes: bytes,
      isDouble: isDouble, seconds: seconds)
  }

  @Test("the limit is what is used most, or that a step is too small for any")
  func limits() {
    #expect(summary(1e-3, flops: 1e8, bytes: 3e6).limit(machine) == .arithmetic(0.5))
    #expect(
      summary(1e-3, flops: 5e7, bytes: 3e6, isDouble: true).limit(machine) == .arithmetic(0.5))
    #expect(summary(1e-3, flops: 1e7, bytes: 1.5e7).limit(machine) == .memory(0.5))
    #expect(summary(1e-7, flops: 100, bytes: 1000).limit(machine) == .overhead)
    #expect(summary(5e-6, flops: 100, bytes: 1000).limit(machine) == .overhead)
    #expect(summary(1e-3, flops: 2e6, bytes: 1000).limit(machine) == .kernel(0.01))
    #expect(summary(nil, flops: 1, bytes: 1).limit(machine) == nil)
  }

  @Test("a timed report has the time of every step and leaves what is held alone")
  func timed() throws {
    let x = try graph.tensor((0..<400).map(Double.init), shape: [20, 20], dtype: .f32)
    try graph.flush()
    let y = x.matmul(x).apply(.tanh).apply(.sum)
    y.handles += 1
    defer { y.handles -= 1 }
    let report = try #require(try graph.pendingPlan(isTimed: true))
    #expect(report.steps.map(\.kind) == [.product, .loop])
    #expect(report.steps.allSatisfy { ($0.seconds ?? -1) >= 0 })
    #expect(report.seconds == report.steps.reduce(0) { $0 + ($1.seconds ?? .nan) })
    #expect(report.arenaBytes >= 1600 && report.resultBytes == 4)
    #expect(y.buffer == nil)
    let untimed = try #require(try graph.pendingPlan(isTimed: false))
    #expect(untimed.seconds == nil)
  }

  @Test("the plans of the last step of training are remembered, not those behind it")
  func lastPlans() throws {
    graph.keepPlans()
    let w = Parameter("w", value: try graph.tensor([1, 2], shape: [2], dtype: .f32))
    try graph.flush()
    for _ in 0..<3 {
      try w.store(w.node * w.node)
      try graph.flush()
    }
    let sum = w.node.apply(.sum)
    try graph.force([sum])
    try graph.flush()
    let (plans, hasTrained) = try graph.lastPlans()
    #expect(hasTrained)
    #expect(plans.flatMap { $0.steps.flatMap(\.lines) } == ["v0 = w · w"])
  }

  @Test("without training it is the plan with the most work, of equal ones the last")
  func lastPlanWithoutTraining() throws {
    graph.keepPlans()
    let x = try graph.tensor([1, 2], shape: [2], dtype: .f32)
    try graph.force([x + x])
    try graph.flush()
    try graph.force([x.apply(.exp)])
    try graph.flush()
    try graph.force([x - x])
    try graph.flush()
    let (plans, hasTrained) = try graph.lastPlans()
    #expect(!hasTrained)
    #expect(plans.flatMap { $0.steps.flatMap(\.operators) } == ["exp"])
  }
}

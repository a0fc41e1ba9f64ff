// What plans leave out, and in which order they run what is left.

import Engine
import Testing

@testable import Autodiff

@Suite("Simplified plans")
struct SimplificationTests {
  private let graph = Graph()

  private func tensor(_ shape: [Int], seed: UInt64, _ dtype: DType = .f32) throws -> Node {
    var stream = RandomStream(seed: seed)
    let values = (0..<shape.reduce(1, *)).map { _ in (stream.nextUniform() * 20).rounded() - 10 }
    return try graph.tensor(values, shape: shape, dtype: dtype)
  }

  /// The plan of some roots, run and compared with the kernels.
  private func verified(_ roots: [Node]) throws -> (plan: Plan, results: [[Double]]) {
    let key = PlanKey(graph, roots: roots, keepsTracked: false)
    let plan = try Plan(key)
    plan.isVerified = true
    try plan.run(key.leaves.compactMap(\.buffer)) { key.nodes[$0] }
    return (plan, roots.map { plan.outputs[$0.slot]?.doubles ?? [] })
  }

  @Test("a literal that changes nothing costs nothing", arguments: [DType.f32, .f64, .i64])
  func literals(_ dtype: DType) throws {
    let x = try tensor([3, 4], seed: 1, dtype)
    let values = try graph.values(x)
    var results = [x * 1, 1 * x, x - 0, 1 * (x * 1 - 0)]
    if dtype.isFloat {
      let one = graph.constant(1, dtype)
      results += [x / 1, x.apply(.power, [one]), try graph.filled(1, like: x) * x]
    }
    let (plan, made) = try verified(results)
    #expect(plan.steps.isEmpty)
    #expect(made.allSatisfy { $0 == values })
  }

  @Test("a literal that changes something stays")
  func effects() throws {
    let zero = try graph.tensor([-0.0], shape: [1], dtype: .f32)
    let (sum, made) = try verified([zero + 0])
    #expect(sum.steps.count == 1)
    #expect(made[0][0].sign == .plus)
    let row = try tensor([1], seed: 1)
    let (stretched, _) = try verified([try graph.filled(1, like: tensor([4], seed: 2)) * row])
    #expect(stretched.steps.count == 1)
    #expect(try verified([graph.input(1, .f32) * row]).plan.steps.count == 1)
    // The same structure with another literal is another plan.
    let x = try tensor([5], seed: 3)
    let values = try graph.values(x)
    #expect(try graph.values(x * 1) == values)
    #expect(try graph.values(x * 3) == values.map { $0 * 3 })
    #expect(try graph.values(x * 1) == values)
  }

  @Test("a long chain and its way back are loops as long as they may be")
  func chains() throws {
    let a = Parameter("a", value: try graph.tensor([0.9], shape: [], dtype: .f32))
    var x = try graph.tensor([0.5], shape: [], dtype: .f32)
    for _ in 0..<500 { x = (x * a.node).apply(.tanh) }
    let gradients = try graph.gradients(of: x, withRespectTo: [a.node])
    let (plan, _) = try verified(gradients.compactMap { $0 })
    // 500 links of two operators and five on the way back, 192 of them in a loop.
    #expect(plan.steps.count <= 30)
  }

  @Test("the gradient of a sum is not multiplied by 1")
  func seeds() throws {
    let w = Parameter("w", value: try tensor([100], seed: 1))
    let x = try tensor([100], seed: 2)
    try graph.flush()
    let loss = (w.node * x).apply(.sum)
    let gradients = try graph.gradients(of: loss, withRespectTo: [w.node]).compactMap { $0 }
    #expect(try verified(gradients).plan.steps.isEmpty)
  }

  @Test("an optimizer's update of large weights follows their gradient at once")
  func updates() throws {
    let (first, second) = (
      Parameter("first", value: try tensor([200, 300], seed: 1)),
      Parameter("second", value: try tensor([300, 100], seed: 2))
    )
    let x = try tensor([8, 200], seed: 3)
    try graph.flush()
    let y = x.matmul(first.node).apply(.tanh).matmul(second.node)
    let loss = (y * y).apply(.mean)
    let weights = [first.node, second.node]
    let gradients = try graph.gradients(of: loss, withRespectTo: weights).compactMap { $0 }
    let rate = graph.input(0.1, .f32)
    let updated = zip(weights, gradients).map { $0 - rate * $1 }
    let plan = try verified(updated + gradients + [loss]).plan
    let steps = plan.summaries { _ in nil }
    for node in updated {
      let place = try #require(plan.steps.firstIndex { $0.slots.contains(node.slot) })
      #expect(steps[place].operators == ["multiply", "subtract"])
      #expect(steps[place - 1].operators == ["matmul"])
      #expect(steps[place - 1].elements == node.shape.count)
    }
  }
}

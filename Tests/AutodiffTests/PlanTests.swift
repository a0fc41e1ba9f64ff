// What plans make of structures: which operators share a step, what needs no memory, and that all
// of it has the bits of the operators' kernels one by one.

import Engine
import Testing

@testable import Autodiff

@Suite("Plans")
struct PlanTests {
  private let graph = Graph()

  private func tensor(_ shape: [Int], seed: UInt64, _ dtype: DType = .f32) throws -> Node {
    var stream = RandomStream(seed: seed)
    let values = (0..<shape.reduce(1, *)).map { _ in stream.nextUniform() * 2 - 1 }
    return try graph.tensor(values, shape: shape, dtype: dtype)
  }

  private func key(_ roots: [Node]) -> PlanKey {
    PlanKey(graph, roots: roots, keepsTracked: false)
  }

  /// The plan of some roots, run and compared with the kernels.
  @discardableResult
  private func verified(_ roots: [Node]) throws -> Plan {
    let key = key(roots)
    let plan = try Plan(key)
    plan.isVerified = true
    try plan.run(key.leaves.compactMap(\.buffer)) { key.nodes[$0] }
    return plan
  }

  private func kinds(_ plan: Plan) -> [PlanSummary.Kind] {
    plan.summaries { _ in nil }.map(\.kind)
  }

  private func operators(_ plan: Plan) -> [[String]] {
    plan.summaries { _ in nil }.map(\.operators)
  }

  @Test("a chain and the sum that ends it are one loop", arguments: [1, 2, 100, 512, 513, 5000])
  func chain(_ n: Int) throws {
    let (a, b, c) = (try tensor([n], seed: 1), try tensor([n], seed: 2), try tensor([n], seed: 3))
    let y = (a * b + c).apply(.tanh) * (-(a * a)).apply(.exp)
    let plan = try verified([y.apply(.sum)])
    #expect(kinds(plan).filter { $0 == .loop }.count == (n == 1 ? kinds(plan).count : 1))
    #expect(plan.lowering.arenaBytes == 0)
    #expect(plan.summaries { _ in nil }[0].bytes == Double(4 * (3 * n + 1)))
  }

  @Test("a large value lies where the root will lie that reads it last")
  func hosted() throws {
    let n = 300_001
    let x = try tensor([n], seed: 1)
    let sums = try graph.record(.cumsum, [x], Attributes(axes: [0]))
    let roots = [sums - graph.constant(0.5)]
    let key = key(roots)
    let plan = try Plan(key)
    try plan.run(key.leaves.compactMap(\.buffer)) { _ in nil }
    #expect(plan.lowering.arenaBytes == 0)
    let result = try #require(plan.outputs.compactMap { $0 }.last)
    let plain = try Plan(self.key([sums]))
    try plain.run([try #require(x.buffer)]) { _ in nil }
    let alone = try #require(plain.outputs.compactMap { $0 }.last)
    #expect((0..<n).allSatisfy { result[$0] == Double(Float(alone[$0]) - 0.5) })
    // Where two read it, it keeps memory of its own.
    let two = try Plan(self.key([sums - graph.constant(0.5), sums * sums]))
    #expect(two.lowering.arenaBytes >= 4 * n)
  }

  @Test("the gradients of slices are added up in one place", arguments: [2, 3, 20])
  func slices(_ count: Int) throws {
    let w = Parameter("w", value: try tensor([count, 100], seed: 1))
    let x = try tensor([100], seed: 2)
    try graph.flush()
    let loss = try (0..<count).reduce(graph.constant(0, .f32)) { sum, row in
      try graph.record(
        .add,
        [
          sum,
          (w.node.sliced(starts: [row, 0], lengths: [1, 100]).reshaped([100]) * x).apply(.tanh)
            .apply(.sum),
        ])
    }
    let gradients = try graph.gradients(of: loss, withRespectTo: [w.node])
    let plan = try verified(gradients.compactMap { $0 })
    #expect(operators(plan).filter { $0 == ["slice_add"] }.count == count - 1)
    let whole = 4 * 100 * count
    #expect(plan.lowering.storages.filter { $0.bytes == whole && $0.host == nil }.count == 1)
    let result = try #require(plan.outputs.compactMap { $0 }.last)
    for row in 0..<count {
      let alone = try graph.gradients(
        of: (w.node.sliced(starts: [row, 0], lengths: [1, 100]).reshaped([100]) * x).apply(.tanh)
          .apply(.sum), withRespectTo: [w.node])
      let plain = try verified(alone.compactMap { $0 })
      let buffer = try #require(plain.outputs.compactMap { $0 }.last)
      #expect((row * 100..<row * 100 + 100).allSatisfy { result[$0] == buffer[$0] })
    }
  }

  @Test("forward and backward share a loop where nothing stands between them")
  func backward() throws {
    let w = Parameter("w", value: try tensor([1000], seed: 1))
    let x = try tensor([1000], seed: 2)
    try graph.flush()
    let loss = (w.node * x).apply(.tanh).apply(.sum)
    let gradients = try graph.gradients(of: loss, withRespectTo: [w.node])
    let plan = try verified([loss] + gradients.compactMap { $0 })
    #expect(kinds(plan) == [.loop])
  }

  @Test("a transpose becomes part of the product", arguments: [DType.f32, .f64])
  func transposes(_ dtype: DType) throws {
    let (a, b) = (try tensor([5, 3], seed: 1, dtype), try tensor([5, 4], seed: 2, dtype))
    let left = try verified([a.transposed.matmul(b)])
    #expect(operators(left) == [["matmul"]])
    let right = try verified([
      a.transposed.transposed.matmul(tensor([4, 3], seed: 3, dtype).transposed)
    ])
    #expect(operators(right) == [["matmul"]])
    let both = try verified([a.transposed.matmul(tensor([6, 5], seed: 3, dtype).transposed)])
    #expect(operators(both) == [["matmul"]])
    let stack = try verified([
      tensor([2, 5, 3], seed: 4, dtype).matmul(b.transposed.matmul(a).transposed)
    ])
    #expect(operators(stack) == [["matmul"], ["matmul"]])
  }

  @Test(
    "products of a few elements have the sums of their definition", arguments: [DType.f32, .f64])
  func smallProducts(_ dtype: DType) throws {
    for (m, n, k) in [(1, 1, 1), (4, 8, 2), (2, 8, 4), (8, 1, 4), (1, 3, 16), (5, 5, 5), (9, 7, 2)]
    {
      let (a, b) = (try tensor([k, m], seed: 1, dtype), try tensor([n, k], seed: 2, dtype))
      let plan = try verified([a.transposed.matmul(b.transposed)])
      let (x, y) = (try graph.values(a), try graph.values(b))
      let product = try #require(plan.outputs.compactMap { $0 }.last).doubles
      for i in 0..<m {
        for j in 0..<n {
          let exact = (0..<k).reduce(0) { $0 + x[$1 * m + i] * y[j * k + $1] }
          #expect((product[i * n + j] - exact).magnitude < 1e-6)
        }
      }
    }
  }

  @Test("bias and activation are a loop over the product, the bias' gradient a sum of columns")
  func layer() throws {
    let x = try tensor([64, 20], seed: 1)
    let w = Parameter("w", value: try tensor([20, 30], seed: 2))
    let b = Parameter("b", value: try tensor([30], seed: 3))
    try graph.flush()
    let h = (x.matmul(w.node) + b.node).apply(.tanh)
    let loss = (h * h).apply(.mean)
    let gradients = try graph.gradients(of: loss, withRespectTo: [w.node, b.node])
    let plan = try verified([loss] + gradients.compactMap { $0 })
    // The loop between is 1 / n, a single number.
    #expect(kinds(plan) == [.product, .loop, .loop, .loop, .product])
    let sums = plan.steps.compactMap { step in
      if case .loop(let program) = step.work { program.order } else { nil }
    }
    #expect(sums == [.flat, .flat, .columns(30)])
  }

  @Test("the same value is computed once")
  func common() throws {
    let x = try tensor([100], seed: 1)
    let plan = try verified([x.apply(.exp) + x.apply(.exp) * x.apply(.exp)])
    #expect(operators(plan) == [["exp", "multiply", "add"]])
  }

  @Test("what is stretched or has another shape needs no memory")
  func views() throws {
    let x = try tensor([4, 6], seed: 1)
    let row = x.apply(.sum, [], Attributes(axes: [1])).reshaped([4, 1]).expanded([4, 6])
    let plan = try verified([x / row])
    #expect(operators(plan) == [["sum"], ["divide"]])
    let alone = try verified([x.reshaped([24, 1]).expanded([24, 5])])
    #expect(operators(alone) == [["expand"]])
    // A view of a leaf is the leaf's memory.
    let view = x.reshaped([3, 8])
    let same = try verified([view])
    #expect(same.steps.isEmpty)
    #expect(same.outputs[0] === x.buffer)
  }

  @Test("values take the memory of those that are not read any more")
  func arena() throws {
    var x = try tensor([1000], seed: 1)
    for _ in 0..<20 { x = x.apply(.cumsum, [], Attributes(axes: [0])) }
    #expect(try verified([x]).lowering.arenaBytes == 2 * 4032)
  }

  @Test("large values are made when they are wanted, small ones with others")
  func order() throws {
    for (n, loops) in [(10_000, 6), (100, 1)] {
      let x = try tensor([n], seed: 1)
      let sorted = (0..<6).map { (x + Double($0)).apply(.sort) }
      let plan = try verified(sorted)
      #expect(kinds(plan).filter { $0 == .loop }.count == loops)
      #expect(plan.lowering.arenaBytes <= (loops == 1 ? 6 : 1) * (4 * n + 64))
    }
  }

  @Test("a root takes a buffer that nobody holds any more")
  func recycling() throws {
    let x = try tensor([10], seed: 1)
    let key = key([x.apply(.exp)])
    let plan = try Plan(key)
    func run() throws -> Buffer? {
      defer { plan.releaseOutputs() }
      try plan.run(key.leaves.compactMap(\.buffer)) { _ in nil }
      return plan.outputs[0]
    }
    let held = try run()
    var seen: Set<ObjectIdentifier> = []
    for _ in 0..<10 { seen.insert(ObjectIdentifier(try #require(try run()))) }
    #expect(seen.count == 1)
    #expect(held.map { !seen.contains(ObjectIdentifier($0)) } == true)
  }

  @Test("a failure in a kernel names the operator that was recorded")
  func origins() throws {
    let big = try graph.tensor([Double(Int32.max)], shape: [1], dtype: .i32)
    graph.origin = Origin(source: 1, lower: 2, upper: 3)
    let sum = try graph.record(.add, [big, big])
    graph.origin = .unknown
    let root = try graph.record(.negate, [sum])
    #expect {
      try verified([root])
    } throws: { error in
      (error as? OperatorProblem)?.origin == Origin(source: 1, lower: 2, upper: 3)
    }
  }

  @Test("a step that differs from its kernels is found")
  func sensitivity() throws {
    let wrong = Operator(
      name: "wrong", summary: "", parameters: Operator.tanh.parameters, formula: "wrong({0})",
      infer: Operator.tanh.infer, kernel: Operator.tanh.kernel,
      gradient: Operator.tanh.gradient, role: .element(.exp))
    let x = try tensor([10], seed: 1)
    #expect(throws: OperatorProblem.self) { try verified([graph.record(wrong, [x])]) }
  }

  @Test("steps are told in the names of the program")
  func summaries() throws {
    let (a, b) = (try tensor([100], seed: 1), try tensor([100], seed: 2))
    let y = (a + b) * (a + b).apply(.exp)
    let plan = try Plan(key([y.apply(.sum)]))
    let summary = plan.summaries { $0 == -1 ? "a" : ($0 == -2 ? "b" : nil) }
    #expect(summary.count == 1)
    #expect(summary[0].lines.joined(separator: "; ").contains("exp("))
    #expect(summary[0].elements == 100)
    #expect(summary[0].flops == 100 * (1 + 25 + 1 + 1))
  }
}

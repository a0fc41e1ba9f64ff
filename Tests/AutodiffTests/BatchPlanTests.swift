// Batches of products and rows: what needs no copy, what threads share, and the bits of both.

import Engine
import Testing

@testable import Autodiff

@Suite("Batches in plans")
struct BatchPlanTests {
  private let graph = Graph()

  private func tensor(_ shape: [Int], seed: UInt64, _ dtype: DType = .f32) throws -> Node {
    var stream = RandomStream(seed: seed)
    let values = (0..<shape.reduce(1, *)).map { _ in stream.nextUniform() * 2 - 1 }
    return try graph.tensor(values, shape: shape, dtype: dtype)
  }

  /// The operators of the steps of a plan that was run and compared with the kernels.
  private func steps(_ roots: [Node]) throws -> [[String]] {
    let key = PlanKey(graph, roots: roots, keepsTracked: false)
    let plan = try Plan(key)
    plan.isVerified = true
    try plan.run(key.leaves.compactMap(\.buffer)) { key.nodes[$0] }
    return plan.summaries { _ in nil }.map(\.operators)
  }

  private func permuted(_ x: Node, _ order: [Int]) -> Node {
    x.apply(.transpose, [], Attributes(sizes: order))
  }

  @Test("heads of attention are multiplied where they lie", arguments: [DType.f32, .f64])
  func heads(_ dtype: DType) throws {
    let q = permuted(try tensor([2, 5, 3, 8], seed: 1, dtype), [0, 2, 1, 3])
    let k = permuted(try tensor([2, 7, 3, 8], seed: 2, dtype), [0, 2, 3, 1])
    #expect(try steps([q.matmul(k)]) == [["matmul"]])
    let v = permuted(try tensor([2, 7, 3, 8], seed: 3, dtype), [0, 2, 1, 3])
    #expect(try steps([q.matmul(k).matmul(v)]) == [["matmul"], ["matmul"]])
    #expect(try steps([q.matmul(k).transposed.matmul(q)]) == [["matmul"], ["matmul"]])
  }

  @Test("operands of a batch may be stretched", arguments: [DType.f32, .f64])
  func stretched(_ dtype: DType) throws {
    let b = try tensor([2, 3, 4, 6], seed: 1, dtype)
    for shape in [[5, 4], [3, 5, 4], [2, 1, 5, 4], [1, 1, 5, 4], [2, 3, 5, 4], [4]] {
      #expect(try steps([tensor(shape, seed: 2, dtype).matmul(b)]) == [["matmul"]], "\(shape)")
    }
    let row = try tensor([2, 1, 4], seed: 3, dtype).expanded([2, 5, 4])
    // A row that stands for several lines cannot be read in place.
    #expect(try steps([row.matmul(tensor([2, 4, 6], seed: 4, dtype))]).last == ["matmul"])
    // A matrix whose columns lie apart needs a copy.
    let apart = permuted(try tensor([4, 2, 3], seed: 5, dtype), [1, 0, 2])
    #expect(
      try steps([permuted(apart, [2, 1, 0]).matmul(tensor([3, 2, 6], seed: 6, dtype))]).last
        == ["matmul"])
  }

  @Test("every pair of a batch has the bits of its own product")
  func pairs() throws {
    let (a, b) = (try tensor([40, 33, 20], seed: 1), try tensor([40, 20, 31], seed: 2))
    let all = try graph.values(a.matmul(b))
    for i in [0, 7, 39] {
      let left = a.sliced(starts: [i, 0, 0], lengths: [1, 33, 20]).reshaped([33, 20])
      let right = b.sliced(starts: [i, 0, 0], lengths: [1, 20, 31]).reshaped([20, 31])
      #expect(try graph.values(left.matmul(right)) == Array(all[i * 1023..<(i + 1) * 1023]))
    }
  }

  @Test("the weights of a layer over sequences get their gradient from one product")
  func sequences() throws {
    let w = Parameter("w", value: try tensor([4, 6], seed: 1))
    let x = try tensor([3, 5, 4], seed: 2)
    try graph.flush()
    let y = x.matmul(w.node)
    let loss = (y * y).apply(.sum)
    let gradients = try graph.gradients(of: loss, withRespectTo: [w.node])
    let found = try steps(gradients.compactMap { $0 })
    #expect(found.filter { $0 == ["matmul"] }.count == 2)
    #expect(!found.joined().contains("sum"))
  }

  @Test(
    "rows that threads share have the bits of rows alone",
    arguments: [Operator.softmax, .logSoftmax, .variance, .logsumexp])
  func rows(_ op: Operator) throws {
    let x = try tensor([3000, 37], seed: 1)
    let axis = Attributes(axes: [1])
    let all = try graph.values(try graph.record(op, [x], axis))
    let width = all.count / 3000
    for row in [0, 1234, 2999] {
      let one = x.sliced(starts: [row, 0], lengths: [1, 37])
      let alone = try graph.values(try graph.record(op, [one], axis))
      #expect(alone == Array(all[row * width..<(row + 1) * width]))
    }
  }

  @Test("random numbers are those of their places, however many are drawn")
  func draws() throws {
    graph.random = RandomStream(seed: 3)
    let many = try graph.values(try graph.random(.normal, Attributes(sizes: [5000])))
    graph.random = RandomStream(seed: 3)
    let few = try (0..<50).flatMap { _ in
      try graph.values(try graph.random(.normal, Attributes(sizes: [100])))
    }
    #expect(many == few)
  }
}

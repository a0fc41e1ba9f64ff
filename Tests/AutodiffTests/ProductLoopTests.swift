// Products and the loops over their elements, which run part by part.

import Engine
import Testing

@testable import Autodiff

@Suite("Products with loops")
struct ProductLoopTests {
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

  @Test(
    "bias and activation run with a product that threads share",
    arguments: [(64, 256), (70, 272), (33, 512), (300, 96), (400, 37), (128, 1024)],
    [DType.f32, .f64])
  func activation(_ size: (m: Int, n: Int), _ dtype: DType) throws {
    let (x, w) = (
      try tensor([size.m, 64], seed: 1, dtype), try tensor([64, size.n], seed: 2, dtype)
    )
    let y = (x.matmul(w) + (try tensor([size.n], seed: 3, dtype))).apply(.tanh)
    #expect(try steps([y]) == [["matmul", "add", "tanh"]])
    let sequences = x.reshaped([1, size.m, 64]).matmul(w).apply(.relu)
    #expect(try steps([sequences]) == [["matmul", "relu"]])
  }

  @Test("so do derivatives with the sums of their columns")
  func derivatives() throws {
    let (first, bias) = (
      Parameter("first", value: try tensor([40, 256], seed: 1)),
      Parameter("bias", value: try tensor([256], seed: 2))
    )
    let second = Parameter("second", value: try tensor([256, 64], seed: 3))
    let x = try tensor([200, 40], seed: 4)
    try graph.flush()
    let h = (x.matmul(first.node) + bias.node).apply(.relu)
    let loss = h.matmul(second.node).apply(.tanh).apply(.mean)
    let targets = [first.node, bias.node, second.node]
    let gradients = try graph.gradients(of: loss, withRespectTo: targets).compactMap { $0 }
    let found = try steps(gradients + [loss])
    #expect(found.contains { $0.first == "matmul" && $0.contains("greater") && $0.last == "sum" })
  }

  @Test("what does not fall into the parts of the product stays apart")
  func apart() throws {
    // Rows that share a vector of 64 bytes, sums over everything, and a small product.
    let odd = try tensor([64, 64], seed: 1).matmul(tensor([64, 300], seed: 2)).apply(.tanh)
    #expect(try steps([odd]) == [["matmul"], ["tanh"]])
    let all = try tensor([64, 64], seed: 1).matmul(tensor([64, 256], seed: 2))
    #expect(try steps([all.apply(.tanh).apply(.sum)]) == [["matmul"], ["tanh", "sum"]])
    let rows = all.apply(.tanh).sum(axes: [1], keep: false)
    #expect(try steps([rows]) == [["matmul"], ["tanh", "sum"]])
    let few = try tensor([4, 8], seed: 1).matmul(tensor([8, 4], seed: 2)).apply(.tanh)
    #expect(try steps([few]) == [["matmul"], ["tanh"]])
    let turned =
      all + (try tensor([256, 64], seed: 3).matmul(tensor([64, 64], seed: 4))).transposed
    #expect(try steps([turned]).last == ["add"])
  }

  @Test("what a loop writes does not lie where the product still reads")
  func lifetimes() throws {
    // Both operands of the second product are read last by it.
    let a = try tensor([64, 256], seed: 1).apply(.tanh)
    let b = try tensor([256, 256], seed: 2).apply(.tanh)
    let y = a.matmul(b).apply(.tanh)
    let z = (y * y).matmul(try tensor([256, 256], seed: 3)).apply(.relu)
    let key = PlanKey(graph, roots: [z], keepsTracked: false)
    let plan = try Plan(key)
    let storages = plan.lowering.storages.filter { !$0.isRoot }
    for (index, one) in storages.enumerated() {
      for other in storages.dropFirst(index + 1)
      where one.first <= other.last && other.first <= one.last {
        let ends = (one.offset + one.bytes, other.offset + other.bytes)
        #expect(ends.0 <= other.offset || ends.1 <= one.offset)
      }
    }
    #expect(plan.steps.count < key.nodes.count)
    #expect(try steps([z]).contains(["matmul", "tanh", "multiply"]))
  }
}

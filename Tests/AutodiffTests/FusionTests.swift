// Random graphs of everything that can share a loop, compared bit by bit with the kernels.

import Engine
import Testing

@testable import Autodiff

@Suite("Fusion")
struct FusionTests {
  private static let unary: [Operator] = [
    .exp, .tanh, .abs, .sign, .floor, .round, .sigmoid, .relu, .gelu, .silu, .softplus, .erf, .sin,
    .negate, .identity, .log1p, .expm1, .cbrt, .tan, .atan, .sinh, .asinh, .ceil, .trunc,
  ]
  private static let binary: [Operator] = [
    .add, .subtract, .multiply, .divide, .maximum, .minimum, .power, .atan2, .hypot,
  ]
  private static let comparisons: [Operator] = [
    .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual,
  ]
  private static let shapes: [[Int]] = [
    [1], [7], [16], [33], [512], [513], [1100], [3, 5], [40, 10], [4, 16], [200, 3], [2, 700],
    [300, 32], [130, 600], [2, 3, 4], [5, 1, 6], [2, 40, 16], [1, 9], [9, 1],
  ]

  /// A graph that grows by random operators.
  private struct Growth {
    let graph = Graph()
    let shape: [Int]
    let dtype: DType
    var stream: RandomStream
    var nodes: [Node] = []

    init(_ shape: [Int], _ dtype: DType, seed: UInt64) throws {
      (self.shape, self.dtype, stream) = (shape, dtype, RandomStream(seed: seed))
      for _ in 0..<2 { nodes.append(try leaf(shape)) }
    }

    mutating func below(_ n: Int) -> Int { Int(stream.nextUniform() * Double(n)) }

    mutating func leaf(_ shape: [Int]) throws -> Node {
      let values = (0..<shape.reduce(1, *)).map { _ in stream.nextUniform() * 4 - 2 }
      return try graph.tensor(values, shape: shape, dtype: dtype)
    }

    mutating func pick() -> Node { nodes[below(nodes.count)] }

    /// An operand that is stretched along some axes, or one that is there.
    mutating func operand() throws -> Node {
      switch below(6) {
      case 0: return try leaf([])
      case 1:
        let kept = below(1 << shape.count)
        return try leaf(shape.enumerated().map { kept >> $0.offset & 1 == 1 ? $0.element : 1 })
      case 2:
        // The last axis alone; both ranks above 1 would need the axis named.
        return try leaf(Array(shape.suffix(1)))
      default: return pick()
      }
    }

    mutating func grow() throws -> Node {
      let x = pick()
      switch below(10) {
      case 0, 1, 2: return try graph.record(unary[below(unary.count)], [x])
      case 3, 4, 5, 6: return try graph.record(binary[below(binary.count)], [x, operand()])
      case 7:
        let mask = try graph.record(comparisons[below(comparisons.count)], [x, operand()])
        return below(2) == 0 ? mask.indicator(dtype) : mask.apply(.whereOperator, [pick(), pick()])
      case 8:
        return try graph.record(.clip, [x], Attributes(reals: [-0.5, 1]))
      default:
        let axes = (0..<shape.count).filter { _ in below(2) == 0 }
        let op = below(2) == 0 ? Operator.sum : .mean
        return try graph.record(op, [x], Attributes(axes: axes, keep: true))
          .expanded(shape)
      }
    }
  }

  @Test("fused and alone give the same bits", arguments: shapes, [DType.f32, .f64])
  func sameBits(_ shape: [Int], _ dtype: DType) throws {
    for seed in 0..<12 {
      var growth = try Growth(shape, dtype, seed: UInt64(seed))
      for _ in 0..<14 { growth.nodes.append(try growth.grow()) }
      let roots = (0..<4).map { _ in growth.pick() }.filter { $0.buffer == nil }
      let sum = try growth.graph.record(
        seed % 2 == 0 ? .sum : .mean, [growth.nodes[growth.nodes.count - 1]])
      let key = PlanKey(growth.graph, roots: roots + [sum], keepsTracked: false)
      let plan = try Plan(key)
      plan.isVerified = true
      try plan.run(key.leaves.compactMap(\.buffer)) { _ in nil }
    }
  }
}

// Kernels whose results do not come out of the gradient check: whole numbers, orders, conversions.

import Autodiff
import Engine
import Testing

@Suite("Kernels")
struct KernelTests {
  private let graph = Graph()

  private func whole<T: FixedWidthInteger>(_ values: [T], _ dtype: DType) throws -> Node {
    let buffer = try Buffer(dtype, count: values.count)
    for (i, value) in values.enumerated() { buffer.pointer(as: T.self)[i] = value }
    return graph.leaf(buffer, Shape([values.count]))
  }

  private func wholes(_ node: Node) throws -> [Int] {
    try graph.force([node])
    let buffer = try #require(node.buffer)
    return (0..<buffer.count).compactMap { buffer.whole($0) }
  }

  private func floats(_ values: [Double], _ dtype: DType = .f64) throws -> Node {
    try graph.tensor(values, shape: [values.count], dtype: dtype)
  }

  private func problem(_ body: () throws -> Node) -> OperatorProblem.Kind? {
    do {
      try graph.force([body()])
      return nil
    } catch { return (error as? OperatorProblem)?.kind }
  }

  @Test("whole numbers beyond 2^53 are exact")
  func exact() throws {
    let big = try whole([Int64(1) << 53, .max - 1, .min], .i64)
    let one = try whole([Int64(1), 1, 0], .i64)
    #expect(try wholes(graph.record(.add, [big, one])) == [1 << 53 + 1, .max, .min])
    #expect(try wholes(graph.record(.subtract, [big, one])) == [1 << 53 - 1, .max - 2, .min])
    #expect(try wholes(graph.record(.sort, [big])) == [.min, 1 << 53, .max - 1])
    #expect(try wholes(graph.record(.argsort, [big])) == [2, 0, 1])
    let top = try graph.record(.topk, [big], Attributes(sizes: [2]))
    #expect(try wholes(top) == [.max - 1, 1 << 53])
    #expect(try wholes(graph.record(.max, [big])) == [.max - 1])
    let narrow = try whole([Int32.min, 7], .i32)
    let wide = try graph.record(.convert, [narrow], Attributes(dtype: .i64))
    #expect(try wholes(wide) == [Int(Int32.min), 7])
  }

  @Test("two neighbours beyond 2^53 keep their order and their difference")
  func neighbours() throws {
    let pair = try whole([Int64(1) << 60 + 1, 1 << 60], .i64)
    #expect(try wholes(graph.record(.argsort, [pair])) == [1, 0])
    let (a, b) = (try whole([Int64(1) << 60 + 1], .i64), try whole([Int64(1) << 60], .i64))
    #expect(try graph.values(graph.record(.equal, [a, b])) == [0])
    #expect(try graph.values(graph.record(.greater, [a, b])) == [1])
  }

  @Test("powers of whole numbers are exact or a problem")
  func powers() throws {
    let base = try whole([Int64(3), 2, -2, -1, 1, 0, 10], .i64)
    let exponent = try whole([Int64(39), 62, 63, .max, -5, 0, 18], .i64)
    let result = try wholes(graph.record(.power, [base, exponent]))
    #expect(
      result == [4_052_555_153_018_976_267, 1 << 62, .min, -1, 1, 1, 1_000_000_000_000_000_000])
    for (a, b) in [(2, 63), (3, 41), (10, 19), (2, -1), (0, -1)] as [(Int64, Int64)] {
      let kind = problem { [a = try whole([a], .i64), b = try whole([b], .i64)] in
        try graph.record(.power, [a, b])
      }
      #expect(kind == .value, "\(a)^\(b)")
    }
  }

  @Test("what does not fit is a problem, never a trap or a wrap", arguments: [DType.i32, .i64])
  func overflow(_ dtype: DType) throws {
    let values: [Int64] = dtype == .i64 ? [.min, .max] : [Int64(Int32.min), Int64(Int32.max)]
    func number(_ value: Int64) throws -> Node {
      dtype == .i64 ? try whole([value], .i64) : try whole([Int32(value)], .i32)
    }
    let (least, most) = (try number(values[0]), try number(values[1]))
    let (one, minusOne, zero) = (try number(1), try number(-1), try number(0))
    let cases: [(Operator, [Node])] = [
      (.add, [most, one]), (.subtract, [least, one]), (.multiply, [most, most]),
      (.multiply, [least, minusOne]), (.floorDivide, [least, minusOne]), (.negate, [least]),
      (.floorDivide, [one, zero]), (.remainder, [one, zero]),
      (.sum, [try graph.record(.concat, [most, one])]),
    ]
    for (op, operands) in cases {
      #expect(problem { try graph.record(op, operands) } == .value, "\(op.name)")
    }
    #expect(try wholes(graph.record(.remainder, [least, minusOne])) == [0])
    let balanced = try graph.record(.concat, [most, one, minusOne])
    #expect(try wholes(graph.record(.sum, [balanced])) == [Int(values[1])])
  }

  @Test("a quotient that does not fit is told from a zero divisor")
  func quotients() throws {
    let least = try whole([Int64.min], .i64)
    do {
      try graph.force([graph.record(.floorDivide, [least, whole([Int64(-1)], .i64)])])
      Issue.record("no problem")
    } catch let problem as OperatorProblem {
      #expect(problem.message.contains("does not fit i64"))
    }
  }

  @Test("conversions between all element types", arguments: DType.allCases, DType.allCases)
  func conversions(_ from: DType, _ to: DType) throws {
    let x = try graph.tensor([0, 1, 1, 0], shape: [4], dtype: from)
    let y = try graph.record(.convert, [x], Attributes(dtype: to))
    #expect(y.dtype == to)
    #expect(try graph.values(y) == [0, 1, 1, 0])
  }

  @Test("conversions cut fractions off and refuse what does not fit")
  func narrowing() throws {
    let fractions = try floats([-2.9, 2.9, -0.5, 1e18])
    let y = try graph.record(.convert, [fractions], Attributes(dtype: .i64))
    #expect(try wholes(y) == [-2, 2, 0, 1_000_000_000_000_000_000])
    for (value, dtype) in [
      (Double.nan, DType.i64), (.infinity, .i64), (0x1p63, .i64), (-0x1.8p63, .i64), (0x1p31, .i32),
      (.nan, .i32),
    ] {
      for from in [DType.f64, .f32] {
        let kind = problem { [x = try floats([value], from)] in
          try graph.record(.convert, [x], Attributes(dtype: dtype))
        }
        #expect(kind == .value, "\(value) from \(from) to \(dtype)")
      }
    }
    let edge = try graph.record(.convert, [floats([-0x1p63])], Attributes(dtype: .i64))
    #expect(try wholes(edge) == [.min])
    let wide = try whole([Int64(1) << 31], .i64)
    #expect(problem { try graph.record(.convert, [wide], Attributes(dtype: .i32)) } == .value)
    let truth = try graph.record(.convert, [floats([.nan, 0, -0.0])], Attributes(dtype: .bool))
    #expect(try graph.values(truth) == [1, 0, 0])
  }

  @Test("bools are no numbers below the language, and are counted in it")
  func bools() throws {
    let x = try graph.tensor([1, 0, 1], shape: [3], dtype: .bool)
    for op in [Operator.add, .subtract, .multiply, .remainder, .floorDivide, .power] {
      #expect(problem { try graph.record(op, [x, x]) } == .dtype, "\(op.name)")
    }
    #expect(problem { try graph.record(.negate, [x]) } == .dtype)
    let sum = try graph.binary(.add, x, x)
    #expect(sum.dtype == .i64)
    #expect(try wholes(sum) == [2, 0, 2])
    let none = try graph.tensor([0, 0, 1], shape: [3], dtype: .bool)
    #expect(try graph.values(graph.record(.maximum, [x, none])) == [1, 0, 1])
    #expect(try graph.values(graph.record(.minimum, [x, none])) == [0, 0, 1])
  }

  @Test("sorting: stable, NaN last, in every element type", arguments: DType.allCases)
  func sorting(_ dtype: DType) throws {
    let values: [Double] = dtype == .bool ? [1, 0, 1, 0] : [3, -1, 3, 2]
    let x = try graph.tensor(values, shape: [2, 2], dtype: dtype)
    let sorted = try graph.values(graph.record(.sort, [x]))
    #expect(sorted == (dtype == .bool ? [0, 1, 0, 1] : [-1, 3, 2, 3]))
    let flat = try graph.tensor(values, shape: [4], dtype: dtype)
    let order = try wholes(graph.record(.argsort, [flat]))
    #expect(order == (dtype == .bool ? [1, 3, 0, 2] : [1, 3, 0, 2]))
    if dtype.isFloat {
      let odd = try floats([.nan, 1, -.infinity, .nan, 0], dtype)
      #expect(try wholes(graph.record(.argsort, [odd])) == [2, 4, 1, 0, 3])
      let result = try graph.values(graph.record(.sort, [odd]))
      #expect(result.prefix(3) == [-.infinity, 0, 1] && result.suffix(2).allSatisfy(\.isNaN))
    }
  }

  @Test(
    "cross entropy: class numbers of every type, rows of weights", arguments: [DType.f32, .f64])
  func crossEntropy(_ dtype: DType) throws {
    let x = try graph.tensor([1, 2, 3, 0, 0, 1000], shape: [2, 3], dtype: dtype)
    for type in [DType.i64, .i32, .f32, .f64] {
      let y = try graph.tensor([0, 2], shape: [2], dtype: type)
      let loss = try graph.item(graph.record(.crossEntropy, [x, y]))
      #expect((loss - 2.407605964444380 / 2).magnitude < 1e-6)
    }
    let rows = try graph.tensor([1, 0, 0, 0, 0, 1], shape: [2, 3], dtype: .f32)
    let loss = try graph.item(graph.record(.crossEntropy, [x, rows]))
    #expect((loss - 2.407605964444380 / 2).magnitude < 1e-6)
    for bad in [3, -1, 0.5, .nan] {
      let y = try graph.tensor([0, bad], shape: [2], dtype: .f64)
      #expect(problem { try graph.record(.crossEntropy, [x, y]) } == .index, "\(bad)")
    }
  }

  @Test("the logarithm of sums keeps NaN and infinities")
  func extremes() throws {
    #expect(try graph.item(graph.record(.logsumexp, [floats([.nan, .nan])])).isNaN)
    #expect(try graph.item(graph.record(.logsumexp, [floats([.nan, 1])])).isNaN)
    #expect(try graph.item(graph.record(.logsumexp, [floats([.infinity, 1])])) == .infinity)
    #expect(try graph.item(graph.record(.logsumexp, [floats([-.infinity])])) == -.infinity)
  }

  @Test("lengths and variances of many or large f32 stay accurate")
  func accuracy() throws {
    let count = 1_000_000
    let tenth = try graph.record(.expand, [graph.constant(0.1)], Attributes(sizes: [count]))
    let length = try graph.item(graph.record(.norm, [tenth]))
    #expect((length / (Double(Float(0.1)) * 1000) - 1).magnitude < 1e-7)
    let wave = try graph.tensor(
      (0..<count).map { $0 % 2 == 0 ? 999 : 1001 }, shape: [count], dtype: .f32)
    #expect(try graph.item(graph.record(.variance, [wave])) == 1)
    #expect(try graph.item(graph.record(.std, [wave])) == 1)
    let large = try graph.tensor([3e30, 4e30], shape: [2], dtype: .f32)
    #expect((try graph.item(graph.record(.norm, [large])) / 5e30 - 1).magnitude < 1e-6)
  }

  @Test("blocks and rows outside of a tensor are a problem")
  func outside() throws {
    let x = try floats([1, 2, 3, 4])
    for (start, length, step) in [(4, 1, 1), (-1, 1, 1), (2, 3, 1), (1, 3, -1), (0, 3, 2)] {
      let place = try whole([Int64(start)], .i64)
      let attributes = Attributes(sizes: [length, step])
      #expect(problem { try graph.record(.slice, [x, place], attributes) } == .index)
    }
    let rows = try whole([Int64(4)], .i64)
    #expect(problem { try graph.record(.gather, [x, rows]) } == .index)
    #expect(problem { try graph.record(.takeAlong, [x, rows]) } == .index)
    let half = try floats([0.5])
    #expect(problem { try graph.record(.gather, [x, half]) } == .index)
  }

  @Test("a batched product without batches is empty")
  func emptyBatch() throws {
    let a = try graph.tensor([], shape: [0, 2, 2, 3], dtype: .f64)
    let b = try graph.tensor([Double](repeating: 1, count: 12), shape: [2, 3, 2], dtype: .f64)
    let c = try graph.record(.matmul, [a, b])
    #expect(c.shape.dims == [0, 2, 2, 2])
    #expect(try graph.values(c).isEmpty)
  }
}

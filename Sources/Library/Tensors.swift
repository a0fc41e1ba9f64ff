// Functions that make tensors and look at them.

import Autodiff
import Diagnostics
import Engine
import Interpreter

/// `f32` and its kin as values.
final class DTypeObject: ForeignObject {
  let dtype: DType
  init(_ dtype: DType) {
    self.dtype = dtype
  }
  var typeName: String { "dtype" }
  func describe(_ session: Session) throws -> StyledText { StyledText(dtype.name) }
  var helpForCall: String? { "write {1}.\(dtype.name)" }
  func isEqual(to other: any ForeignObject) -> Bool { (other as? DTypeObject)?.dtype == dtype }
}

enum TensorFunctions {
  static let all: [HostFunction] = [
    zeros, ones, full, arange, randn, rand, bernoulli, integers, permutation, tensor, shape, seed,
    defaultDType,
  ]

  private static let sizes = HostFunction.Parameter("sizes", "sizes, or one list", default: .rest)
  private static let dtype = HostFunction.Parameter(
    "dtype", "the element type", default: .optional("f32"))

  private static func filled(_ name: String, _ value: Double, _ example: String) -> HostFunction {
    HostFunction(
      name: name, summary: "A tensor of \(name).", category: "Tensors",
      parameters: [sizes, dtype], examples: [example], isOperator: true,
      action: { call in
        let graph = call.session.graph
        let dtype = try call.dtype(1) ?? graph.defaultDType
        return .tensor(
          try graph.record(
            .full, [graph.constant(value, dtype)],
            Attributes(sizes: call.sizes(0), dtype: dtype)))
      })
  }

  static let zeros: HostFunction = filled("zeros", 0, "zeros(2, 2)  # => [[0, 0], [0, 0]]")
  static let ones: HostFunction = filled("ones", 1, "ones([3])  # => [1, 1, 1]")

  static let full: HostFunction = HostFunction(
    name: "full", summary: "A tensor of one value.", category: "Tensors",
    parameters: [
      HostFunction.Parameter("sizes", "a list of sizes"),
      HostFunction.Parameter("value", "a number"), dtype,
    ],
    examples: [
      "full([2, 2], 7)  # => [[7, 7], [7, 7]]", "full([2], 7, dtype: i64).dtype  # => i64",
    ],
    action: { call in
      let given = try call.tensor(1)
      let value = try given.converted(to: call.dtype(2) ?? given.dtype)
      let sizes = try (call.session.elements(call.value(0)) ?? [call.value(0)]).map { size in
        do { return try call.session.whole(size, "a size", argument: 0) } catch {
          guard var problem = error as? Problem else { throw error }
          problem.help = "the sizes come first: write full({1}, {0})"
          throw problem
        }
      }
      return .tensor(try call.session.graph.record(.full, [value], Attributes(sizes: sizes)))
    })

  static let arange: HostFunction = HostFunction(
    name: "arange", summary: "Equal steps from 0, or from start, up to stop (excluded).",
    category: "Tensors",
    parameters: [
      HostFunction.Parameter("start", "the first, or the end when it is alone"),
      HostFunction.Parameter("stop", "the end", default: .optional("none")),
      HostFunction.Parameter("step", "the distance", default: .optional("1")), dtype,
    ],
    examples: [
      "arange(4)  # => [0, 1, 2, 3]", "arange(2, 8, 2)  # => [2, 4, 6]",
      "arange(3, dtype: i64).dtype  # => i64",
    ],
    action: { call in
      let start = call.isGiven(1) ? try call.number(0) : 0
      let stop = call.isGiven(1) ? try call.number(1) : try call.number(0)
      let step = try call.number(2, default: 1)
      guard step != 0, [start, stop, step].allSatisfy(\.isFinite) else {
        throw Problem(.value, "arange wants finite bounds and a step that is not 0")
      }
      let steps = Swift.max(0, ((stop - start) / step).rounded(.up))
      let graph = call.session.graph
      let dtype = try call.dtype(3) ?? graph.defaultDType
      guard steps <= Double(Memory.limit / dtype.size), let count = Int(exactly: steps) else {
        throw Problem(
          .memory, "arange would make \(NumberFormat.shortest(steps)) numbers, which fit no memory")
      }
      return .tensor(try graph.steps(from: start, by: step, count: count, dtype))
    })

  private static func random(
    _ name: String, _ summary: String, _ op: Operator, example: String
  ) -> HostFunction {
    HostFunction(
      name: name, summary: summary, category: "Random", parameters: [sizes, dtype],
      examples: [example],
      action: { call in
        let graph = call.session.graph
        let dtype = try call.dtype(1) ?? graph.defaultDType
        guard dtype.isFloat else {
          throw Problem(
            .dtype, "\(name) makes floats, not \(dtype.name)", argument: 1,
            help: "integers(0, 10, …) makes whole numbers")
        }
        return .tensor(
          try graph.random(op, Attributes(sizes: call.sizes(0), dtype: dtype)))
      })
  }

  static let randn: HostFunction = random(
    "randn", Operator.normal.summary, .normal, example: "randn(2, 3).shape  # => [2, 3]")
  static let rand: HostFunction = random(
    "rand", Operator.uniform.summary, .uniform,
    example: "let r = rand(100)\nall(r >= 0 and r < 1)  # => true")

  static let bernoulli: HostFunction = HostFunction(
    name: "bernoulli", summary: Operator.bernoulli.summary, category: "Random",
    parameters: [HostFunction.Parameter("p", "the probability of a 1"), sizes],
    examples: ["sum(bernoulli(1, 4))  # => 4"],
    action: { call in
      let graph = call.session.graph
      let p = try call.number(0)
      guard p >= 0, p <= 1 else {
        throw Problem(
          .value, "a probability lies between 0 and 1, not at \(NumberFormat.shortest(p))",
          argument: 0)
      }
      return .tensor(
        try graph.random(
          .bernoulli,
          Attributes(sizes: call.sizes(1), reals: [p], dtype: graph.defaultDType)))
    })

  static let integers: HostFunction = HostFunction(
    name: "integers", summary: Operator.integers.summary, category: "Random",
    parameters: [
      HostFunction.Parameter("low", "the smallest"),
      HostFunction.Parameter("high", "the end, excluded"), sizes,
    ], examples: ["max(integers(0, 2, 50))  # => 1"],
    action: { call in
      let (low, high) = (try call.int(0), try call.int(1))
      guard low < high else {
        throw Problem(
          .value, "there is no whole number from \(low) to \(high)",
          help: call.rest.isEmpty
            ? "write integers({1}, {0})" : "the sizes come last: integers(low, high, sizes…)")
      }
      return .tensor(
        try call.session.graph.random(
          .integers,
          Attributes(sizes: call.sizes(2), reals: [Double(low), Double(high)], dtype: .i64)))
    })

  static let permutation: HostFunction = HostFunction(
    name: "permutation", summary: "The numbers 0 … n − 1 in a random order.", category: "Random",
    parameters: [HostFunction.Parameter("n", "how many")],
    examples: ["sum(permutation(10))  # => 45"],
    action: { call in
      let n = try call.int(0)
      guard n >= 0 else {
        throw Problem(.value, "permutation wants 0 or more, not \(n)", argument: 0)
      }
      return .tensor(try call.session.graph.randomPermutation(n))
    })

  static let tensor: HostFunction = HostFunction(
    name: "tensor", summary: "A tensor of a list of numbers, in an element type.",
    category: "Tensors",
    parameters: [HostFunction.Parameter("x", "numbers, bools, a list or a tensor"), dtype],
    examples: ["tensor([1, 2], dtype: i64).dtype  # => i64", "tensor(list(1, 2))  # => [1, 2]"],
    isConstant: true,
    action: { call in
      var value = call.value(0)
      if case .foreign(let table as TableObject) = value { return try table.tensor(call.session) }
      switch value {
      case .tuple: value = try literal(value, try call.dtype(1), call.session)
      case .tensor, .range: break
      default:
        if let elements = try call.session.elements(value) {
          value = try call.session.brackets(elements)
        }
      }
      guard let node = try call.session.tensorLike(value) else {
        throw Problem(.type, "tensor wants numbers, not \(value.typePhrase)", argument: 0)
      }
      return .tensor(try node.converted(to: call.dtype(1) ?? node.dtype))
    })

  /// Nested numbers in their element type at once: 16777217 passes through no f32 on its way to i64.
  private static func literal(_ value: Value, _ dtype: DType?, _ session: Session) throws -> Value {
    guard case .tuple(let tuple) = value else { return value }
    let parts = try tuple.elements.map { try literal($0, dtype, session) }
    let isWhole = parts.allSatisfy { part in
      if case .number(let x) = part { x == x.rounded() } else { true }
    }
    let isHeld = dtype.map { $0.isFloat || isWhole } ?? true
    return try session.brackets(parts, dtype: isHeld ? dtype : .f64)
  }

  static let shape: HostFunction = HostFunction(
    name: "shape", summary: "The sizes of a tensor's axes.", category: "Tensors",
    parameters: [HostFunction.Parameter("x", "a tensor")],
    examples: ["shape([[1, 2, 3]])  # => [1, 3]"],
    action: { call in Library.shape(try call.tensor(0).shape) })

  static let seed: HostFunction = HostFunction(
    name: "seed", summary: "Begins the random stream anew; the same seed gives the same bits.",
    category: "Random", parameters: [HostFunction.Parameter("n", "a whole number")],
    examples: ["seed(1)\nlet a = rand(2)\nseed(1)\nall(a == rand(2))  # => true"],
    action: { call in
      call.session.graph.random = RandomStream(seed: UInt64(bitPattern: Int64(try call.int(0))))
      return .none
    })

  static let defaultDType: HostFunction = HostFunction(
    name: "default_dtype", summary: "Sets the element type of literals and new tensors.",
    category: "Tensors", parameters: [HostFunction.Parameter("dtype", "f32 or f64")],
    details: [
      "f32 has some 7 digits and holds 1.2e-38 to 3.4e38; what is smaller counts as 0 in everything",
      "that is computed. f64 has some 16 digits and holds 2.2e-308 to 1.8e308, and smaller numbers",
      "with fewer digits, as plain numbers do.",
    ],
    examples: ["default_dtype(f64)\n[1].dtype  # => f64"],
    action: { call in
      guard let dtype = try call.dtype(0), dtype.isFloat else {
        throw Problem(.dtype, "the default is f32 or f64", argument: 0)
      }
      call.session.graph.defaultDType = dtype
      return .none
    })
}

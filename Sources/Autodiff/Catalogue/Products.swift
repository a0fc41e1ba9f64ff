// Matrix products and solving.

import Engine

extension Catalogue {
  static let products: [Operator] = [.matmul, .outer, .solve]
}

extension Operator {
  package static let matmul: Operator = Operator(
    name: "matmul", summary: "The matrix product @ of vectors, matrices or batches of them.",
    parameters: [Parameter("a", .tensor), Parameter("b", .tensor)], formula: "{0} @ {1}",
    infer: { types, _ throws(OperatorProblem) in
      let (a, b) = (types[0].shape, types[1].shape)
      guard a.rank > 0, b.rank > 0 else {
        throw OperatorProblem(
          .shape, "cannot multiply {0} @ {1}: a number is no matrix", help: "write {0} * {1}")
      }
      let inner = b.rank == 1 ? b[0] : b[b.rank - 2]
      guard a[a.rank - 1] == inner else {
        throw OperatorProblem(
          .shape,
          "cannot multiply {0} @ {1}: the inner sizes \(a[a.rank - 1]) and \(inner) differ",
          help: transposeHelp(a, b))
      }
      let batchA = Shape(Array(a.dims.dropLast(2)))
      let batchB = Shape(Array(b.dims.dropLast(2)))
      guard let batch = batchA.broadcast(with: batchB) else {
        throw OperatorProblem(
          .shape, "cannot multiply {0} @ {1}: the leading sizes of \(a) and \(b) do not fit")
      }
      var dims = batch.dims
      if a.rank > 1 { dims.append(a[a.rank - 2]) }
      if b.rank > 1 { dims.append(b[b.rank - 1]) }
      guard let shape = Shape(checking: dims) else {
        throw OperatorProblem(.memory, "the product of \(a) and \(b) is too large")
      }
      try Rules.numbers("@", types)
      guard Swift.max(a[a.rank - 1], b[b.rank - 1]) <= Int(Int32.max) else {
        throw OperatorProblem(
          .memory, "rows of \(a) and \(b) are longer than a matrix product takes")
      }
      let (k, n) = (a[a.rank - 1], b.rank > 1 ? b[b.rank - 1] : 1)
      let sizes = MatrixProduct.Sizes(m: a.count / Swift.max(1, k), n: n, k: k)
      if types[0].dtype.isFloat, sizes.wantsLibrary { try Rules.library() }
      return TensorType(shape, types[0].dtype)
    },
    kernel: { call throws(OperatorProblem) in
      let (a, b) = (call.inputShapes[0], call.inputShapes[1])
      guard call.shape.count > 0 else { return }
      let k = a[a.rank - 1]
      let m = a.rank > 1 ? a[a.rank - 2] : 1
      let n = b.rank > 1 ? b[b.rank - 1] : 1
      let batchA = Shape(Array(a.dims.dropLast(2)))
      let batchB = Shape(Array(b.dims.dropLast(2)))
      let multiply = { (a: Int, b: Int, c: Int, m: Int) throws(OperatorProblem) in
        switch call.output.dtype {
        case .i64: try WholeArithmetic.matmul(call, (a, b, c), (m, n, k), Int64.self)
        case .i32: try WholeArithmetic.matmul(call, (a, b, c), (m, n, k), Int32.self)
        default:
          MatrixProduct.multiply(
            call.inputs[0], a, call.inputs[1], b, call.output, c, m: m, n: n, k: k)
        }
      }
      if batchB.count == 1 { return try multiply(0, 0, 0, m * batchA.count) }
      let batch = batchA.broadcast(with: batchB) ?? batchA
      var i = 0
      var work = Work()
      let walk = BroadcastWalk(batchA, batchB, batch)
      var rows = BroadcastWalk.Rows(walk)
      repeat {
        for j in 0..<walk.inner {
          try multiply(
            (rows.a + j * walk.stepA) * m * k, (rows.b + j * walk.stepB) * k * n, i * m * n, m)
          i += 1
          if work.isOver(after: m * n + m * k) { return }
        }
      } while rows.advance()
    },
    gradient: .rule { g, node in
      let (a, b) = (node.inputs[0], node.inputs[1])
      var rows = a.shape.rank == 1 ? a.reshaped([1] + a.shape.dims) : a
      let columns = b.shape.rank == 1 ? b.reshaped(b.shape.dims + [1]) : b
      var upstream = g
      if a.shape.rank == 1 || b.shape.rank == 1 {
        let batch =
          Shape(Array(rows.shape.dims.dropLast(2)))
          .broadcast(with: Shape(Array(columns.shape.dims.dropLast(2)))) ?? .scalar
        upstream = g.reshaped(
          batch.dims + [rows.shape[rows.shape.rank - 2], columns.shape[columns.shape.rank - 1]])
      }
      if rows.shape.rank > 2, columns.shape.rank == 2 {
        // A batch times one matrix is one product over all rows.
        rows = flattened(rows)
        upstream = flattened(upstream)
      }
      let left = a.isTracked ? fold(upstream.matmul(columns.transposed), to: rows) : nil
      let right = b.isTracked ? fold(rows.transposed.matmul(upstream), to: columns) : nil
      return [left?.reshaped(a.shape.dims), right?.reshaped(b.shape.dims)]
    },
    notation: ["{g} @ {1}'", "{0}' @ {g}"],
    notationForm: { node in
      switch (node.inputs[0].shape.rank, node.inputs[1].shape.rank) {
      case (1, 1): ["{g} · {1}", "{g} · {0}"]
      case (1, _): ["{g} @ {1}'", "outer({0}, {g})"]
      case (_, 1): ["outer({g}, {1})", "{g} @ {0}"]
      default: nil
      }
    }, elements: .products,
    samples: Samples.matmul, examples: ["[[1, 2], [3, 4]] @ [1, 1]  # => [3, 7]"], isHidden: true,
    role: .product)

  /// Matrices one below the other as one.
  private static func flattened(_ x: Node) -> Node {
    let width = x.shape[x.shape.rank - 1]
    return x.reshaped([x.shape.dims.dropLast().reduce(1, *), width])
  }

  /// A gradient of a batched product summed over the batch axes that were stretched.
  private static func fold(_ gradient: Node, to operand: Node) -> Node {
    do { return try gradient.summed(to: operand.shape) } catch { return gradient }
  }

  private static func transposeHelp(_ a: Shape, _ b: Shape) -> String? {
    guard a.rank == 2, b.rank == 2 else { return nil }
    if a[1] == b[1] { return "write {0} @ {1}'" }
    if a[0] == b[0] { return "write {0}' @ {1}" }
    return nil
  }

  package static let outer: Operator = Operator(
    name: "outer", summary: "All products of the elements of two vectors.",
    parameters: [Parameter("a", .tensor), Parameter("b", .tensor)], formula: "outer({0}, {1})",
    infer: { types, _ throws(OperatorProblem) in
      guard types[0].shape.rank == 1, types[1].shape.rank == 1,
        let shape = Shape(checking: [types[0].shape.count, types[1].shape.count])
      else {
        throw OperatorProblem(
          .shape, "outer wants two vectors, not \(types[0].shape) and \(types[1].shape)")
      }
      return TensorType(shape, types[0].dtype)
    },
    kernel: { call throws(OperatorProblem) in
      let column = Shape([call.inputs[0].count, 1])
      let spread = KernelCall(
        inputs: call.inputs, inputShapes: [column, call.inputShapes[1]], output: call.output,
        shape: call.shape, attributes: call.attributes)
      try Operator.multiply.kernel(spread)
    },
    gradient: .rule { g, node in [g.matmul(node.inputs[1]), g.transposed.matmul(node.inputs[0])] },
    notation: ["{g} @ {1}", "{g}' @ {0}"], elements: .products,
    samples: Samples.outer, examples: ["outer([1, 2], [3, 4])  # => [[3, 4], [6, 8]]"])

  package static let solve: Operator = Operator(
    name: "solve", summary: "The X for which A @ X equals B; leading axes are a batch.",
    parameters: [Parameter("A", .tensor), Parameter("B", .tensor)], formula: "solve({0}, {1})",
    infer: { types, _ throws(OperatorProblem) in
      let (a, b) = (types[0].shape, types[1].shape)
      guard a.rank >= 2, a[a.rank - 1] == a[a.rank - 2], b.rank > 0,
        b[Swift.max(0, b.rank - 2)] == a[a.rank - 1],
        let batch = leading(a).broadcast(with: leading(b))
      else {
        throw OperatorProblem(
          .shape, "solve wants a square matrix and as many rows: {0} is \(a), {1} is \(b)")
      }
      guard types[0].dtype.isFloat else {
        throw OperatorProblem(
          .dtype, "solve wants floats, {0} holds \(types[0].dtype.name)", operands: [0],
          help: "write {0}.f32")
      }
      try Rules.library()
      return TensorType(Shape(batch.dims + b.dims.suffix(2)), types[0].dtype)
    },
    kernel: { call throws(OperatorProblem) in
      let (a, b) = (call.inputShapes[0], call.inputShapes[1])
      let n = a[a.rank - 1]
      let columns = b.rank > 1 ? b[b.rank - 1] : 1
      guard call.shape.count > 0 else { return }
      let batch = Shape(call.shape.dims.dropLast(Swift.min(2, b.rank)))
      let walk = BroadcastWalk(leading(a), leading(b), batch)
      var rows = BroadcastWalk.Rows(walk)
      var (done, work) = (0, Work())
      repeat {
        for j in 0..<walk.inner {
          let status = try Kernels.guarded { () throws(MemoryProblem) in
            try LinearSolver.solve(
              call.inputs[0], (rows.a + j * walk.stepA) * n * n, call.inputs[1],
              (rows.b + j * walk.stepB) * n * columns, call.output, done * n * columns, n: n,
              columns: columns)
          }
          guard status == 0 else {
            let which = batch.count > 1 ? "matrix \(done) of {0}" : "{0}"
            throw OperatorProblem(
              .value, "\(which) is singular: its column \(status - 1) depends on those before it",
              operands: [0])
          }
          done += 1
          if work.isOver(after: n * n) { return }
        }
      } while rows.advance()
    },
    gradient: .rule { g, node in
      let b = node.inputs[1]
      let column = { (x: Node) in b.shape.rank == 1 ? x.reshaped(x.shape.dims + [1]) : x }
      let toB = node.inputs[0].transposed.apply(.solve, [column(g)])
      return [-toB.matmul(column(node).transposed), toB.reshaped(node.shape.dims)]
    }, notation: ["−solve({0}', {g}) @ {y}'", "solve({0}', {g})"],
    notationForm: { node in
      node.shape.rank == 1 ? ["−outer(solve({0}', {g}), {y})", "solve({0}', {g})"] : nil
    },
    samples: Samples.solve, examples: ["solve([[2, 0], [0, 4]], [[2], [8]])  # => [[1], [2]]"])

  /// The batch axes of matrices.
  private static func leading(_ shape: Shape) -> Shape { Shape(Array(shape.dims.dropLast(2))) }
}

// Matrix products and solving.

import COpenBLAS
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
      guard types[0].dtype.isFloat else {
        throw OperatorProblem(
          .dtype, "@ wants floats, {0} holds \(types[0].dtype.name)", operands: [0])
      }
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
      if batchB.count == 1 || batchA.count == 1 && batchB.count == 1 {
        return MatrixProduct.multiply(
          call.inputs[0], 0, call.inputs[1], 0, call.output, 0, m: m * batchA.count, n: n, k: k)
      }
      let batch = batchA.broadcast(with: batchB) ?? batchA
      var i = 0
      let walk = BroadcastWalk(batchA, batchB, batch)
      walk.forEachRow { offsetA, offsetB in
        for j in 0..<walk.inner where !call.isInterrupted() {
          MatrixProduct.multiply(
            call.inputs[0], (offsetA + j * walk.stepA) * m * k, call.inputs[1],
            (offsetB + j * walk.stepB) * k * n, call.output, i * m * n, m: m, n: n, k: k)
          i += 1
        }
      }
    },
    gradient: .rule { g, node in
      let (a, b) = (node.inputs[0], node.inputs[1])
      let rows = a.shape.rank == 1 ? a.reshaped([1] + a.shape.dims) : a
      let columns = b.shape.rank == 1 ? b.reshaped(b.shape.dims + [1]) : b
      var upstream = g
      if a.shape.rank == 1 || b.shape.rank == 1 {
        let batch =
          Shape(Array(rows.shape.dims.dropLast(2)))
          .broadcast(with: Shape(Array(columns.shape.dims.dropLast(2)))) ?? .scalar
        upstream = g.reshaped(
          batch.dims + [rows.shape[rows.shape.rank - 2], columns.shape[columns.shape.rank - 1]])
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
    samples: Samples.matmul, examples: ["[[1, 2], [3, 4]] @ [1, 1]  # => [3, 7]"], isHidden: true)

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
        shape: call.shape, attributes: call.attributes, isInterrupted: call.isInterrupted)
      try Operator.multiply.kernel(spread)
    },
    gradient: .rule { g, node in [g.matmul(node.inputs[1]), g.transposed.matmul(node.inputs[0])] },
    notation: ["{g} @ {1}", "{g}' @ {0}"], elements: .products,
    samples: Samples.outer, examples: ["outer([1, 2], [3, 4])  # => [[3, 4], [6, 8]]"])

  package static let solve: Operator = Operator(
    name: "solve", summary: "The X for which A @ X equals B.",
    parameters: [Parameter("A", .tensor), Parameter("B", .tensor)], formula: "solve({0}, {1})",
    infer: { types, _ throws(OperatorProblem) in
      let (a, b) = (types[0].shape, types[1].shape)
      guard a.rank == 2, a[0] == a[1], b.rank == 1 || b.rank == 2, b[0] == a[0],
        types[0].dtype.isFloat
      else {
        throw OperatorProblem(
          .shape, "solve wants a square matrix and as many rows: {0} is \(a), {1} is \(b)")
      }
      return types[1]
    },
    kernel: { call throws(OperatorProblem) in
      let n = call.inputShapes[0][0]
      let columns = call.inputShapes[1].rank == 2 ? call.inputShapes[1][1] : 1
      guard n > 0, columns > 0 else { return }
      let status = try Kernels.guarded { () throws(MemoryProblem) in
        try LinearSolver.solve(call.inputs[0], call.inputs[1], call.output, n: n, columns: columns)
      }
      guard status == 0 else {
        throw OperatorProblem(
          .value, "{0} is singular: its column \(status - 1) depends on those before it",
          operands: [0])
      }
    },
    gradient: .rule { g, node in
      let toB = node.inputs[0].transposed.apply(.solve, [g])
      let x = node.shape.rank == 1 ? node.reshaped([node.shape[0], 1]) : node
      let b = node.shape.rank == 1 ? toB.reshaped([node.shape[0], 1]) : toB
      return [-b.matmul(x.transposed), toB]
    }, notation: ["−solve({0}', {g}) @ {y}'", "solve({0}', {g})"],
    notationForm: { node in
      node.shape.rank == 1 ? ["−outer(solve({0}', {g}), {y})", "solve({0}', {g})"] : nil
    },
    samples: Samples.solve, examples: ["solve([[2, 0], [0, 4]], [[2], [8]])  # => [[1], [2]]"])
}

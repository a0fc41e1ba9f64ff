// Running products, and the recurrence that their gradients are.

import Engine

extension Operator {
  package static let cumprod: Operator = Operator(
    name: "cumprod", summary: "Running products along an axis.",
    parameters: [Parameter("x", .tensor), Parameter("axis", .axis, default: .number(0))],
    formula: "cumprod({0})", infer: Rules.numbers("cumprod"),
    kernel: { call throws(OperatorProblem) in
      let axis = call.attributes.axes?.first ?? 0
      guard call.shape.rank > 0 else { return Movement.copy(call.inputs[0], call.output) }
      let inner = (axis + 1..<call.shape.rank).reduce(1) { $0 * call.shape[$1] }
      let block = call.shape[axis] * inner
      let (x, y) = (call.inputs[0], call.output)
      switch y.dtype {
      case .f32: runningProducts(x, y, inner, block, Float.self) { ($0 * $1, false) }
      case .f64: runningProducts(x, y, inner, block, Double.self) { ($0 * $1, false) }
      case .i64: try wholeProducts(x, y, inner, block, Int64.self)
      case .i32: try wholeProducts(x, y, inner, block, Int32.self)
      case .bool: break
      }
    },
    gradient: .rule { g, node in
      guard node.shape.rank > 0 else { return [g] }
      let axis = node.attributes.axes?.first ?? 0
      let (x, y) = (node.inputs[0].withLast(axis), node.withLast(axis))
      // Element k is in all products from k on: what stands before it, times the sum over those of g
      // times what stands between.
      let before = y.movedOn(by: 1, filling: 1)
      return [(before * g.withLast(axis).recurringBack(x)).withBack(axis)]
    }, notation: ["{g} times the other factors, each summed over the products after it"],
    samples: Samples.axis.map { Sample($0.shapes, Attributes(axes: $0.attributes.axes ?? [0])) },
    examples: ["cumprod([1, 2, 3, 4])  # => [1, 2, 6, 24]"])

  @inline(__always) @discardableResult
  private static func runningProducts<T>(
    _ x: Buffer, _ y: Buffer, _ inner: Int, _ block: Int, _: T.Type, _ f: (T, T) -> (T, Bool)
  ) -> Bool {
    let (x, target) = (x.pointer(as: T.self), y.pointer(as: T.self))
    var failed = false
    for piece in Work.pieces(y.count) {
      var place = piece.lowerBound % Swift.max(1, block)
      for i in piece {
        if place >= inner {
          let (value, overflow) = f(x[i], target[i - inner])
          target[i] = value
          failed = failed || overflow
        } else {
          target[i] = x[i]
        }
        place = place + 1 == block ? 0 : place + 1
      }
    }
    return failed
  }

  private static func wholeProducts<T: FixedWidthInteger>(
    _ x: Buffer, _ y: Buffer, _ inner: Int, _ block: Int, _: T.Type
  ) throws(OperatorProblem) {
    let failed = runningProducts(x, y, inner, block, T.self) {
      $0.multipliedReportingOverflow(by: $1)
    }
    if failed { throw Kernels.overflow("cumprod", y.dtype) }
  }

  /// inputs: a, b [.., n]: y[i] = a[i] y[i − 1] + b[i] along the last axis, y[0] = b[0].
  package static let recurrence: Operator = Operator(
    name: "recurrence", summary: "y[i] = a[i] y[i − 1] + b[i] along the last axis.",
    parameters: [], formula: "{0} · previous + {1}",
    infer: { types, _ throws(OperatorProblem) in
      guard types[0] == types[1], types[0].dtype.isFloat, types[0].shape.rank > 0 else {
        throw OperatorProblem(.shape, "a recurrence wants two tensors of the same type")
      }
      return types[0]
    },
    kernel: { call throws(OperatorProblem) in
      func run<T: BinaryFloatingPoint>(_: T.Type) {
        let (a, b) = (call.inputs[0].pointer(as: T.self), call.inputs[1].pointer(as: T.self))
        let y = call.output.pointer(as: T.self)
        let width = Swift.max(1, call.shape[call.shape.rank - 1])
        for piece in Work.pieces(call.shape.count) {
          for i in piece { y[i] = i % width == 0 ? b[i] : a[i] * y[i - 1] + b[i] }
        }
      }
      if call.output.dtype == .f32 { run(Float.self) } else { run(Double.self) }
    },
    gradient: .rule { g, node in
      let toB = g.recurringBack(node.inputs[0])
      return [toB * node.movedOn(by: 1, filling: 0), toB]
    }, notation: ["{g} carried back, times the previous one", "{g} carried back"],
    samples: Samples.rows.map { Sample([$0, $0]) }, isHidden: true)
}

extension Node {
  /// Along the last axis later by one, with a number in the first place; by −1 earlier.
  fileprivate func movedOn(by step: Int, filling value: Double) -> Node {
    let axis = shape.rank - 1
    guard shape[axis] > 0 else { return self }
    var (starts, lengths) = ([Int](repeating: 0, count: shape.rank), shape.dims)
    lengths[axis] -= 1
    if step < 0 { starts[axis] = 1 }
    let kept = sliced(starts: starts, lengths: lengths)
    lengths[axis] = 1
    let edge = graph.constant(value, dtype).expanded(lengths)
    let parts = step < 0 ? [kept, edge] : [edge, kept]
    return parts[0].apply(.concat, [parts[1]], Attributes(axes: [axis]))
  }

  /// t[i] = g[i] + a[i + 1] t[i + 1] along the last axis: what a recurrence hands back.
  fileprivate func recurringBack(_ a: Node) -> Node {
    a.movedOn(by: -1, filling: 0).reversed.apply(.recurrence, [reversed]).reversed
  }

  /// The last axis from its end.
  private var reversed: Node {
    let axis = shape.rank - 1
    guard shape[axis] > 0 else { return self }
    var starts = [Int](repeating: 0, count: shape.rank)
    var steps = [Int](repeating: 1, count: shape.rank)
    (starts[axis], steps[axis]) = (shape[axis] - 1, -1)
    return sliced(starts: starts, lengths: shape.dims, steps: steps)
  }
}

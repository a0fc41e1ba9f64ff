// Products, variances and lengths: reductions with derivatives of more than one factor.

import Engine

extension Operator {
  private static func product<T: BinaryFloatingPoint>(_ x: UnsafePointer<T>, _ n: Int) -> T {
    var total: T = 1
    for piece in Work.pieces(n) { for i in piece { total *= x[i] } }
    return total
  }

  package static let prod: Operator = reduction(
    "prod", "The product of all elements, or along axes.",
    infer: { types, attributes throws(OperatorProblem) in
      try Rules.numbers("prod", types)
      return TensorType(Rules.reduced(types[0].shape, attributes), types[0].dtype)
    },
    overRows { x, y, length throws(OperatorProblem) in
      switch y.dtype {
      case .f32: Reductions.rows(x, y, length, Float.self, Float.self) { product($0, $1) }
      case .f64: Reductions.rows(x, y, length, Double.self, Double.self) { product($0, $1) }
      case .i64: try WholeArithmetic.products(x, y, length, Int64.self)
      case .i32: try WholeArithmetic.products(x, y, length, Int32.self)
      case .bool: break
      }
    },
    .rule { g, node in
      let x = node.inputs[0]
      let axes = node.attributes.axes ?? Array(0..<x.shape.rank)
      let order = (0..<x.shape.rank).filter { !axes.contains($0) } + axes
      let turned = x.apply(.transpose, [], Attributes(sizes: order))
      let length = axes.reduce(1) { $0 * x.shape[$1] }
      let rows = x.shape.count / Swift.max(1, length)
      let others = turned.reshaped([rows, length]).apply(.otherProducts)
        .reshaped(turned.shape.dims)
      var inverse = order
      for (place, axis) in order.enumerated() { inverse[axis] = place }
      return [g.unreduced(node) * others.apply(.transpose, [], Attributes(sizes: inverse))]
    }, notation: ["Π others"], along: "Π {0}", domain: 0.5...1.5, samples: Samples.prod,
    example: "prod([1, 2, 3, 4])  # => 24")

  /// The derivative of the product: no division, so that zeros among the factors are no matter.
  package static let otherProducts: Operator = Operator(
    name: "other_products", summary: "For every element of a row, the product of all others.",
    parameters: [Parameter("x", .tensor)], formula: "other_products({0})",
    infer: { types, _ throws(OperatorProblem) in
      guard types[0].shape.rank > 0, types[0].dtype.isFloat else {
        throw OperatorProblem(.shape, "other_products wants float rows, {0} is \(types[0].shape)")
      }
      return types[0]
    },
    kernel: { call throws(OperatorProblem) in
      let length = call.shape[call.shape.rank - 1]
      guard length > 0 else { return }
      func run<T: BinaryFloatingPoint>(_: T.Type) {
        let x = call.inputs[0].pointer(as: T.self)
        let y = call.output.pointer(as: T.self)
        var work = Work()
        for start in stride(from: 0, to: call.shape.count, by: length) {
          var before: T = 1
          for piece in Work.pieces(length) {
            for i in piece {
              y[start + i] = before
              before *= x[start + i]
            }
          }
          var after: T = 1
          let last = start + length - 1
          for piece in Work.pieces(length) {
            for i in piece {
              y[last - i] *= after
              after *= x[last - i]
            }
          }
          if work.isOver(after: length) { return }
        }
      }
      if call.output.dtype == .f32 { run(Float.self) } else { run(Double.self) }
    },
    gradient: .rule { g, node in
      // Row i of `spread` is x with 1 at place i: the products of all others but i.
      let x = node.inputs[0]
      let (dims, length) = (x.shape.dims, x.shape[x.shape.rank - 1])
      let square = dims + [length]
      let diagonal = g.graph.identity(length, g.dtype)
      let row = x.reshaped(dims.dropLast() + [1, length]).expanded(square)
      let spread = diagonal.compare(.greater, 0)
        .apply(.whereOperator, [g.graph.constant(1, g.dtype), row])
      let parts = spread.apply(.otherProducts) * (1 - diagonal) * g.reshaped(dims + [1])
      return [parts.sum(axes: [square.count - 2], keep: false)]
    }, notation: ["Σ {g} · the product of the other others"],
    elements: .along(.last, "Π others"), domain: 0.5...1.5,
    samples: Samples.rows.map { Sample([$0]) }, isHidden: true)

  private static func count(_ node: Node) -> Double {
    Double(node.inputs[0].shape.count) / Double(Swift.max(1, node.shape.count))
  }

  private static func centered(_ node: Node) -> Node {
    let x = node.inputs[0]
    let axes = node.attributes.axes ?? Array(0..<x.shape.rank)
    return x - x.apply(.mean, [], Attributes(axes: axes, keep: true))
  }

  /// The lengths with 1 for those of 0, where the derivative is taken as 0.
  private static func nonzero(_ node: Node) -> Node {
    let one = node.graph.constant(1, node.dtype)
    return node.compare(.equal, 0).stopped.apply(.whereOperator, [one, node])
  }

  package static let variance: Operator = reduction(
    "var", "The variance: the mean squared distance from the mean (divided by n).",
    floatRows(.variance),
    .rule { g, node in [g.unreduced(node) * centered(node) * (2 / count(node))] },
    notation: ["2 ({0} − mean) / n"],
    along: "Σ ({0} − mean)² / n", example: "var([1, 2, 3, 4])  # => 1.25")
  package static let std: Operator = reduction(
    "std", "The standard deviation, the root of var.",
    floatRows(.deviation),
    .rule { g, node in [(g / nonzero(node)).unreduced(node) * centered(node) * (1 / count(node))] },
    notation: ["({0} − mean) / (n {y})"],
    along: "√(Σ ({0} − mean)² / n)", samples: Samples.lengths,
    example: "std([1, 3])  # => 1")
  package static let norm: Operator = reduction(
    "norm", "The Euclidean length.",
    floatRows(.length),
    .rule { g, node in [(g / nonzero(node)).unreduced(node) * node.inputs[0]] },
    notation: ["{0} / {y}"], along: "√(Σ {0}²)",
    domain: 0.5...2, samples: Samples.lengths, example: "norm([3, 4])  # => 5")
}

// The softmax, its logarithm, and the logarithm of the sum that normalises it.

import Engine

extension Operator {
  package static let logsumexp: Operator = reduction(
    "logsumexp", "log Σ e^x without overflow.",
    floatRows({ RowKernels.logSumExp($0, $1) }, { RowKernels.logSumExp($0, $1) }),
    .rule { g, node in
      [g.unreduced(node) * (node.inputs[0] - node.unreduced(node)).apply(.exp)]
    }, notation: ["e^({0} − {y})"], along: "log(Σ e^{0})",
    composition: { inputs, node in
      inputs[0].apply(.exp).apply(.sum, [], node.attributes).apply(.log)
    }, example: "logsumexp([0, 0])  # => 0.6931")

  /// Rows of the same shape out as in: softmax and its logarithm along one axis.
  private static func rowwise(
    _ single: @escaping @Sendable (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void,
    _ double: @escaping @Sendable (UnsafePointer<Double>, UnsafeMutablePointer<Double>, Int) -> Void
  ) -> Kernel {
    { call throws(OperatorProblem) in
      let length = call.shape.rank > 0 ? call.shape[call.axis] : 1
      guard length > 0 else { return }
      try call.withAxisLast { x, y in
        Work.rows(x.count / length, of: length) { rows in
          var work = Work()
          for start in stride(
            from: rows.lowerBound * length, to: rows.upperBound * length, by: length)
          {
            if y.dtype == .f32 {
              single(
                UnsafePointer(x.pointer(as: Float.self)) + start,
                y.pointer(as: Float.self) + start, length)
            } else {
              double(
                UnsafePointer(x.pointer(as: Double.self)) + start,
                y.pointer(as: Double.self) + start, length)
            }
            if work.isOver(after: length) { return }
          }
        }
      }
    }
  }

  private static let axisParameters: [Parameter] = [
    Parameter("x", .tensor), Parameter("axis", .axis, default: .number(-1)),
  ]

  /// The axis of a node's rows, kept as size 1.
  private static func rowAxes(_ node: Node) -> Attributes {
    let last = node.shape.rank > 0 ? [node.shape.rank - 1] : []
    return Attributes(axes: node.attributes.axes ?? last, keep: true)
  }

  package static let softmax: Operator = Operator(
    name: "softmax", summary: "Turns logits into probabilities: e^x divided by its sum.",
    parameters: axisParameters, formula: "softmax({0})", infer: Rules.floats("softmax"),
    kernel: rowwise({ RowKernels.softmax($0, $1, $2) }, { RowKernels.softmax($0, $1, $2) }),
    gradient: .rule { g, node in
      let axis = node.attributes.axes ?? (node.shape.rank > 0 ? [node.shape.rank - 1] : [])
      return [node * (g - (g * node).sum(axes: axis, keep: true))]
    }, notation: ["{y} ({g} − Σ {g} · {y})"], elements: .along(.last, "e^{0} / Σ e^{0}"),
    composition: { inputs, node in
      let powers = inputs[0].apply(.exp)
      return powers / powers.apply(.sum, [], rowAxes(node))
    }, samples: Samples.axis,
    examples: ["softmax([0, 0])  # => [0.5, 0.5]"])

  package static let logSoftmax: Operator = Operator(
    name: "log_softmax", summary: "The logarithm of softmax, without overflow.",
    parameters: axisParameters, formula: "log_softmax({0})", infer: Rules.floats("log_softmax"),
    kernel: rowwise({ RowKernels.logSoftmax($0, $1, $2) }, { RowKernels.logSoftmax($0, $1, $2) }),
    gradient: .rule { g, node in
      let axis = node.attributes.axes ?? (node.shape.rank > 0 ? [node.shape.rank - 1] : [])
      return [g - node.apply(.exp) * g.sum(axes: axis, keep: true)]
    }, notation: ["{g} − e^{y} Σ {g}"], elements: .along(.last, "{0} − log(Σ e^{0})"),
    composition: { inputs, node in
      inputs[0] - inputs[0].apply(.logsumexp, [], rowAxes(node))
    }, samples: Samples.axis,
    examples: ["log_softmax([0, 0])  # => [-0.6931, -0.6931]"])
}

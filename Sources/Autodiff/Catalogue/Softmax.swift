// The softmax, its logarithm, and the logarithm of the sum that normalises it.

import Engine

extension Operator {
  package static let logsumexp: Operator = reduction(
    "logsumexp", "log Σ e^x without overflow.",
    floatRows(.logSumExp),
    .rule { g, node in
      [g.unreduced(node) * (node.inputs[0] - node.unreduced(node)).apply(.exp)]
    }, notation: ["e^({0} − {y})"], along: "log(Σ e^{0})",
    composition: { inputs, node in
      inputs[0].apply(.exp).apply(.sum, [], node.attributes).apply(.log)
    }, example: "logsumexp([0, 0])  # => 0.6931")

  /// Rows of the same shape out as in: softmax and its logarithm along one axis.
  private static func rowwise(_ function: RowFunction) -> Kernel {
    { call throws(OperatorProblem) in
      let length = call.shape.rank > 0 ? call.shape[call.axis] : 1
      try call.withAxisLast { RowKernels.apply(function, $0, $1, length: length) }
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
    kernel: rowwise(.softmax),
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
    kernel: rowwise(.logSoftmax),
    gradient: .rule { g, node in
      let axis = node.attributes.axes ?? (node.shape.rank > 0 ? [node.shape.rank - 1] : [])
      return [g - node.apply(.exp) * g.sum(axes: axis, keep: true)]
    }, notation: ["{g} − e^{y} Σ {g}"], elements: .along(.last, "{0} − log(Σ e^{0})"),
    composition: { inputs, node in
      inputs[0] - inputs[0].apply(.logsumexp, [], rowAxes(node))
    }, samples: Samples.axis,
    examples: ["log_softmax([0, 0])  # => [-0.6931, -0.6931]"])
}

// Penalties on weights, and averages of weights.

import Autodiff
import Diagnostics
import Engine
import Interpreter
import Neural

enum RegularizationFunctions {
  static let all: [HostFunction] = [
    penalty(
      "l1_penalty", "The sum of the weights' magnitudes, which a loss adds to keep few of them.",
      formula: "sum(abs(w))", example: "param w = [[3, -4]]\nl1_penalty(w)  # => 7"
    ) { $0.apply(.abs) },
    penalty(
      "l2_penalty", "The sum of the squared weights, which a loss adds to keep them small.",
      formula: "sum(w^2)", example: "param w = [[3, -4]]\nl2_penalty(w)  # => 25"
    ) { $0 * $0 },
    blend,
  ]
  private typealias P = HostFunction.Parameter

  private static func penalty(
    _ name: String, _ summary: String, formula: String, example: String,
    _ element: @escaping @Sendable (Node) -> Node
  ) -> HostFunction {
    HostFunction(
      name: name, summary: summary, category: "Losses",
      parameters: [P("params", "a model, a part of it, or single params")],
      details: [
        "in plain nns: \(formula), added up over the weights. Of a model these are the params of two",
        "axes and more: biases and gains are left alone. Params that are given one by one all count.",
        "In fit: loss: (p, t) -> mse(p, t) + 0.01 * \(name)(net).",
      ],
      examples: [example, "\(name)(dense(2, 1)) > 0  # => true", "\(name)(3)  # error: type"],
      isOperator: true,
      action: { call in
        let entries = call.session.parameters(of: call.raw(0))
        guard !entries.isEmpty else { throw call.withoutParams(0) }
        let isSingle = entries.allSatisfy { !$0.path.contains { $0.isLetter } }
        let weights = entries.map(\.parameter.node).filter { isSingle || $0.shape.rank > 1 }
        return try call.recording([0]) {
          .tensor(
            try call.session.graph.rule {
              let sums = weights.map {
                element($0).sum(axes: Array(0..<$0.shape.rank), keep: false)
              }
              guard let first = sums.first else { return call.session.graph.constant(0) }
              return sums.dropFirst().reduce(first, +)
            })
        }
      })
  }

  /// Polyak averaging; with a keep of 0 a copy of numbers.
  static let blend: HostFunction = HostFunction(
    name: "blend",
    summary: "Moves a model's params towards another's: a running average of weights.",
    category: "Training",
    parameters: [
      P("average", "a model, which changes"), P("net", "a model of the same params"),
      P("keep", "the share of what average had", default: .optional("0.999")),
    ],
    details: [
      "average ← keep · average + (1 − keep) · net, param by param; what layers keep besides, such as",
      "running statistics, is taken over. Begin with let average = copy(net).",
    ],
    examples: [
      "param a = [0, 10]\nparam b = [1, 20]\nblend(a, b, 0.75)\na  # => [0.25, 12.5]",
      "blend(dense(2, 1), dense(3, 1))  # error: shape",
    ],
    action: { call in
      let session = call.session
      let (own, others) = (session.parameters(of: call.raw(0)), session.parameters(of: call.raw(1)))
      let keep = try call.number(2, default: 0.999)
      guard keep >= 0, keep <= 1 else {
        throw Problem(
          .value, "keep is a share from 0 to 1, not \(NumberFormat.shortest(keep))", argument: 2)
      }
      guard !own.isEmpty, own.count == others.count else {
        throw Problem(
          .value,
          "blend wants two models of the same params; they have \(own.count) and \(others.count)",
          argument: 1)
      }
      for (a, b) in zip(own, others) where a.parameter.node.shape != b.parameter.node.shape {
        let name = a.path.isEmpty ? "the param" : a.path
        throw Problem(
          .shape,
          "\(name) has the shape \(a.parameter.node.shape), in the other model "
            + "\(b.parameter.node.shape)", argument: 1)
      }
      let graph = session.graph
      for (a, b) in zip(own, others) {
        let (x, y) = (try graph.detach(a.parameter.node), try graph.detach(b.parameter.node))
        try a.parameter.store(try graph.rule { x * keep + y * (1 - keep) })
      }
      for (a, b) in zip(states(call.raw(0), session), states(call.raw(1), session)) {
        try a.store(graph.detach(b.node))
      }
      return .none
    })

  /// What the layers below a value keep besides their params.
  private static func states(_ value: Value, _ session: Session) -> [Parameter] {
    session.leaves(of: value).flatMap { _, leaf -> [Parameter] in
      guard case .foreign(let object as LayerObject) = leaf else { return [] }
      return object.layer.allState.map(\.parameter)
    }
  }
}

// backward, grad, detach.

import Autodiff
import Diagnostics
import Engine
import Interpreter

enum GradientFunctions {
  static let all: [HostFunction] = [backward, grad, detach, gradcheck]
  private typealias P = HostFunction.Parameter

  static let backward: HostFunction = HostFunction(
    name: "backward", summary: "Sets .grad of every param that a loss depends on.",
    category: "Gradients",
    parameters: [
      P("loss", "a number made from params"),
      P("add", "add to .grad instead of setting it", default: .optional("false")),
    ],
    details: [
      "Every other param's .grad becomes none. The graph stays for explain.",
      "A loss of a net with dropout that was called without train: true gives a warning, once a net.",
    ],
    examples: ["param w = [1, 2]\nbackward(sum(w^2))\nw.grad  # => [2, 4]"],
    direct: { session, loss in try run(loss, isAdding: false, session) },
    action: { call in
      try run(call.tensor(0), isAdding: call.bool(1, default: false), call.session)
      return .none
    })

  private static func run(_ loss: Node, isAdding: Bool, _ session: Session) throws {
    try session.graph.backward(loss, add: isAdding)
    warnOfInference(loss, session)
  }

  /// Says once that a net was to be trained and its layers were told to infer.
  private static func warnOfInference(_ loss: Node, _ session: Session) {
    let nodes = session.graph.bypassed(below: loss).filter { $0.bypass?.isSaid == false }
    guard let first = nodes.first else { return }
    var sources: [String] = []
    for case let bypass? in nodes.map(\.bypass) {
      bypass.isSaid = true
      if !sources.contains(bypass.source) { sources.append(bypass.source) }
    }
    var warning = Diagnostic(
      .gradient,
      "the net of this loss was called without train: true: \(sources.joined(separator: " and "))"
        + " did nothing", at: session.span(first.origin),
      help: "write net(x, train: true) in a loss that trains; net(x) predicts")
    warning.isWarning = true
    session.warn(warning)
  }

  static let grad: HostFunction = HostFunction(
    name: "grad", summary: "The derivative of a function, or a loss's gradient as a value.",
    category: "Gradients",
    parameters: [
      P("f", "a function, or a loss"),
      P(
        "w", "with respect to what: a param, a value on the way, several, a model",
        default: .optional("none")),
    ],
    examples: [
      "grad(x -> x^3)(2)  # => 12", "grad(grad(x -> x^3))(2)  # => 12",
      "param w = [1, 2]\ngrad(sum(w^2), w)  # => [2, 4]",
    ],
    action: { call in
      if call.session.isCallable(call.value(0)) { return derivative(call.value(0)) }
      let loss = try call.tensor(0)
      guard call.isGiven(1) else {
        throw Problem(
          .type, "grad(loss) wants to know with respect to what", help: "write grad(loss, w)")
      }
      guard loss.shape.count == 1 else {
        throw Problem(
          .gradient, "grad starts from one number; this has the shape \(loss.shape)", argument: 0)
      }
      return try gradients(loss, call.raw(1), call.session)
    })

  /// The gradient in the first argument, again a function.
  private static func derivative(_ function: Value) -> Value {
    .function(
      NativeFunctionObject(
        name: "derivative",
        parameters: [P("x", "where"), P("rest", "further arguments", default: .rest)]
      ) { call in
        let graph = call.session.graph
        let outer = graph.defaultDType
        if case .number = call.value(0) { graph.defaultDType = .f64 }
        defer { graph.defaultDType = outer }
        let x = try graph.variable(call.tensor(0))
        defer { graph.end(x) }
        let y = try call.invoke(function, [.tensor(x)] + call.rest)
        guard let node = call.session.node(y), node.shape.count == 1 else {
          throw Problem(.gradient, "grad(f) wants a function that gives one number")
        }
        guard let gradient = try graph.gradients(of: node, withRespectTo: [x])[0] else {
          return .tensor(try graph.filled(0, like: x))
        }
        return .tensor(gradient)
      })
  }

  /// Shaped like what was asked: a tensor, a tuple, or records and lists like a model.
  private static func gradients(_ loss: Node, _ target: Value, _ session: Session) throws -> Value {
    var nodes: [Node] = []
    collect(target, session, &nodes)
    guard !nodes.isEmpty else {
      throw Problem(.type, "there is nothing to derive by in \(target.typePhrase)", argument: 1)
    }
    let results = try session.graph.gradients(of: loss, withRespectTo: nodes)
    if results.allSatisfy({ $0 == nil }) {
      _ = try session.graph.currentLeaves(of: loss)
      throw Problem(.gradient, "{0} does not depend on {1}", arguments: [0, 1])
    }
    for (node, result) in zip(nodes, results) { result?.derivative = Derivative(loss, node) }
    var next = 0
    return try rebuild(target, session) { node in
      defer { next += 1 }
      return .tensor(try results[next] ?? session.graph.filled(0, like: node))
    }
  }

  static func collect(_ value: Value, _ session: Session, _ nodes: inout [Node]) {
    _ = try? rebuild(value, session) { node in
      nodes.append(node)
      return .none
    }
  }

  static func rebuild(
    _ value: Value, _ session: Session, _ leaf: (Node) throws -> Value
  ) throws -> Value {
    switch value {
    case .tensor(let tensor): return try leaf(tensor.node)
    case .tuple(let tuple): return .tuple(try tuple.elements.map { try rebuild($0, session, leaf) })
    case .list(let list): return .list(try list.elements.map { try rebuild($0, session, leaf) })
    case .foreign(let object as ParameterObject): return try leaf(object.parameter.node)
    case .foreign(let layer as LayerObject):
      return .record(
        try layer.layer.parameters.map { ($0.name, try leaf($0.parameter.node)) }
          + layer.layer.layers.map {
            ($0.name, try rebuild(.foreign(LayerObject($0.layer, origin: .unknown)), session, leaf))
          })
    case .foreign(let model as ModelObject):
      return .record(
        try model.members.filter { $0.name != "forward" }.map {
          ($0.name, try rebuild($0.value, session, leaf))
        })
    case .function(let composition as CompositionObject):
      return .list(try composition.stages.map { try rebuild($0, session, leaf) })
    default: return .none
    }
  }

  static let detach: HostFunction = HostFunction(
    name: "detach", summary: "The same values, through which no gradient passes.",
    category: "Gradients", parameters: [P("x", "a tensor")],
    examples: ["param w = 3\nbackward(w * detach(w))\nw.grad  # => 3"],
    action: { call in .tensor(try call.session.graph.detach(call.tensor(0))) })
}

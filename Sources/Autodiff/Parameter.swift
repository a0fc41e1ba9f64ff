// Parameters: what training changes.

import Engine

/// A trainable leaf with a name and an identity.
package final class Parameter {
  package let graph: Graph
  /// For those that know it and do not hold it.
  let owner = ParameterOwner()
  /// `W1`, or the path inside a model: `net[0].weight`.
  package var name: String
  /// Whether the name is that of a variable, or begins with one.
  package var hasPath = false
  /// The leaf of the present version; reading a parameter gives this node.
  package private(set) var node: Node
  /// The gradient that the last `backward` left, nil for none.
  package var gradient: Node? {
    willSet { gradient?.handles -= 1 }
    didSet { gradient?.handles += 1 }
  }
  /// Whether it got another value since it was made, saved or loaded.
  package var isUnsaved = false
  /// Whether optimizers and `backward` leave it alone.
  package var isFrozen = false
  /// The turn in which a journal noted it last.
  package var noted: UInt64 = 0

  /// A parameter whose first value is `value` (recorded or computed).
  package init(_ name: String, value: Node) {
    graph = value.graph
    self.name = name
    node = value
    owner.parameter = self
    install(value)
  }

  deinit { owner.parameter = nil }

  /// A parameter of its own with the same numbers.
  package func copy() -> Parameter { Parameter(name, value: graph.copied(node)) }

  /// What undo needs: leaf and gradient of one moment.
  package struct State {
    let node: Node
    let gradient: Node?
  }

  /// Whether it has another value than in that moment.
  package func hasMoved(since state: State) -> Bool { state.node !== node }

  package func snapshot() -> State { State(node: node, gradient: gradient) }

  package func restore(_ state: State) {
    state.node.version?.endedAt = nil
    if state.node !== node { node.version?.endedAt = graph.origin }
    node = state.node
    gradient = state.gradient
  }

  /// Replaces the value: same shape, converted dtype; ends every gradient path through the old one.
  ///
  /// Nothing is computed now: the new value is part of the next plan.
  package func store(_ value: Node) throws(OperatorProblem) {
    guard value.shape == node.shape else {
      throw OperatorProblem(
        .shape,
        "\(name) is a param of shape \(node.shape) and keeps it; this value has \(value.shape)")
    }
    let value = try value.converted(to: node.dtype)
    graph.willChange(self)
    if node.buffer != nil { node.dropInputs() }
    let isComputed = value.buffer != nil
    let (old, turn) = (node, graph.turn)
    let known = try turn.foretellStore(graph, value, over: old, isComputed: isComputed)
    old.version?.endedAt = graph.origin
    graph.lastEnded = old.version
    isFirst = false
    isUnsaved = true
    replaced = old
    if let known {
      known.becomeVersion(of: self, buffer: value.buffer)
      node = known
      graph.pendingStores.append(self)
    } else {
      install(value)
      turn.add(node, [value, old], isComputed: isComputed)
    }
  }

  /// Replaces the value by the numbers that it has after some turns that were not recorded; `place` is
  /// the last store of them.
  func advance(to buffer: Buffer, at place: Origin) {
    graph.willChange(self)
    node.dropInputs()
    node.version?.endedAt = place
    graph.lastEnded = node.version
    isFirst = false
    isUnsaved = true
    replaced = nil
    node = version(of: node.type, buffer, inputs: [], at: place)
  }

  /// Whether the present value is the first one.
  private var isFirst = true
  /// The value before the present one, until that was found finite.
  private var replaced: Node?

  private func install(_ value: Node) {
    node = version(
      of: value.type, value.buffer, inputs: value.buffer == nil ? [value] : [], at: graph.origin)
    graph.pendingStores.append(self)
  }

  /// The leaf of a new version.
  private func version(of type: TensorType, _ buffer: Buffer?, inputs: [Node], at place: Origin)
    -> Node
  {
    let node = Node(
      graph: graph, op: .parameter, inputs: inputs, attributes: Attributes(), type: type,
      origin: place, buffer: buffer, version: ParameterVersion(self), isTracked: true,
      serial: graph.nextSerial())
    node.name = name
    return node
  }

  /// Throws when the value just stored has an element that is not finite; else what it was made of
  /// is needed no more.
  func checkFinite() throws(OperatorProblem) {
    let old = replaced
    replaced = nil
    guard let buffer = node.buffer, buffer.dtype.isFloat, let index = buffer.firstNonFinite else {
      return node.dropInputs()
    }
    if let old { graph.refuse(RefusedStore(parameter: self, old: old, new: node, element: index)) }
    let element = node.shape.rank == 0 ? "it" : "element \(index)"
    guard !isFirst else {
      throw OperatorProblem(
        .value,
        "the param \(name) is not finite: \(element) is \(NumberFormat.shortest(buffer[index]))",
        help: buffer.dtype == .f32 && !buffer[index].isNaN
          ? "f32 holds numbers up to 3.4e38; convert(…, f64) larger ones" : nil,
        origin: node.origin)
    }
    throw OperatorProblem(
      .gradient,
      "the new value of \(name) is not finite: \(element) became "
        + NumberFormat.shortest(buffer[index]),
      help: "a smaller learning rate often helps; the value before it was kept",
      origin: node.origin)
  }
}

/// A param, as long as somebody holds it. A weak reference would make every count of a param slow.
final class ParameterOwner {
  unowned(unsafe) fileprivate(set) var parameter: Parameter?
}

/// A store that was not made because its value is not finite.
package struct RefusedStore {
  package let parameter: Parameter
  /// The value before it.
  package let old: Node
  /// What was to be stored, with what it was made of.
  package let new: Node
  package let element: Int
}

extension Buffer {
  /// The first element that is NaN or infinite.
  package var firstNonFinite: Int? {
    defer { withExtendedLifetime(self) {} }
    if Buffer.isFinite(address, dtype, count: count) { return nil }
    switch dtype {
    case .f32:
      let x = pointer(as: Float.self)
      return (0..<count).first { !x[$0].isFinite }
    case .f64:
      let x = pointer(as: Double.self)
      return (0..<count).first { !x[$0].isFinite }
    default: return nil
    }
  }
}

import Engine

/// One value of the graph: an operator applied to operands, or a leaf.
///
/// Recording makes nodes and computes nothing; `Graph.force` computes. A node is immutable but for
/// its buffer, which appears once, and its operands, which are let go when no gradient can pass
/// through them any more.
package final class Node {
  package unowned let graph: Graph
  package let op: Operator
  package let attributes: Attributes
  package internal(set) var inputs: [Node]
  package let shape: Shape
  package let dtype: DType
  package let origin: Origin
  /// The name the user gave it, for explanations and messages.
  package var name: String?
  /// The call of a layer that recorded it.
  package internal(set) var group: NodeGroup?
  /// The numbers, once computed.
  package internal(set) var buffer: Buffer?
  /// For a leaf that is a parameter's value: that version of the parameter.
  package let version: ParameterVersion?
  /// Whether a gradient can pass through it to a parameter or a variable.
  package internal(set) var isTracked: Bool
  /// How many values of the language hold it; a pending node that is held is a root of the next
  /// plan.
  package var handles = 0
  /// Order of recording; operands always have smaller numbers.
  package let serial: Int
  /// A plain number as it was, before it was rounded to an element type.
  package internal(set) var exact = 0.0
  /// After operands were let go because a parameter changed: which, for the error message.
  package internal(set) var staleVersion: ParameterVersion?
  /// The layer that handed it on unchanged because it was not training, for a warning.
  package var bypass: Bypass?
  /// For a variable: nobody can ask for a gradient with respect to it any more.
  var isEnded = false
  /// Where it is a gradient: of what, and by what.
  package var derivative: Derivative?
  /// Scratch of graph passes: the pass that visited last, and its slot there.
  var mark = 0
  var slot = 0
  var isWanted = false
  /// The turn in which it was recorded or first used, and how that turn refers to it.
  var turn = -1
  var reference: TurnReference = 0

  init(
    graph: Graph, op: Operator, inputs: [Node], attributes: Attributes, type: TensorType,
    origin: Origin, buffer: Buffer?, version: ParameterVersion?, isTracked: Bool, serial: Int
  ) {
    self.graph = graph
    self.op = op
    self.inputs = inputs
    self.attributes = attributes
    self.shape = type.shape
    self.dtype = type.dtype
    self.origin = origin
    self.buffer = buffer
    self.version = version
    self.isTracked = isTracked
    self.serial = serial
  }

  package var type: TensorType { TensorType(shape, dtype) }
  package var isLeaf: Bool { inputs.isEmpty }
}

/// What a gradient is of and by what; keeps neither alive.
package final class Derivative {
  package private(set) weak var loss: Node?
  package private(set) weak var target: Node?

  package init(_ loss: Node, _ target: Node) { (self.loss, self.target) = (loss, target) }
}

/// A layer that behaves differently in training, as a node remembers that it was used without.
package final class Bypass {
  /// `dropout(0.2)`
  package let source: String
  /// Whether the user was told.
  package var isSaid = false

  package init(_ source: String) { self.source = source }
}

/// The value a parameter had from one store to the next.
package final class ParameterVersion {
  /// Nil when nothing holds the parameter any more, as after `layer_norm(3)(x)`.
  package private(set) weak var parameter: Parameter?
  /// Set when the parameter is stored to: ends every gradient path through this version.
  package internal(set) var endedAt: Origin?
  package var isCurrent: Bool { endedAt == nil }
  /// The optimizer's step that made it, where the graph keeps such.
  package var step: StepRecord?

  init(_ parameter: Parameter) { self.parameter = parameter }
}

/// A trainable leaf with a name and an identity.
package final class Parameter {
  package let graph: Graph
  /// `W1`, or the path inside a model: `net[0].weight`.
  package var name: String
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

  /// A parameter whose first value is `value` (recorded or computed).
  package init(_ name: String, value: Node) {
    graph = value.graph
    self.name = name
    node = value
    install(value)
  }

  /// A parameter of its own with the same numbers.
  package func copy() -> Parameter { Parameter(name, value: graph.copied(node)) }

  /// What undo needs: leaf and gradient of one moment.
  package struct State {
    let node: Node
    let gradient: Node?
  }

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
    let operands = [value, node]
    let isComputed = value.buffer != nil
    let known = try graph.turn.expect(
      graph, .parameter, operands, Attributes(), isComputed: isComputed)
    node.version?.endedAt = graph.origin
    graph.lastEnded = node.version
    isFirst = false
    isUnsaved = true
    replaced = node
    install(value)
    graph.turn.add(node, operands, isComputed: isComputed, isKnown: known != nil)
  }

  /// Whether the present value is the first one.
  private var isFirst = true
  /// The value before the present one, until that was found finite.
  private var replaced: Node?

  private func install(_ value: Node) {
    let version = ParameterVersion(self)
    node = Node(
      graph: graph, op: .parameter, inputs: value.buffer == nil ? [value] : [],
      attributes: Attributes(), type: value.type, origin: graph.origin, buffer: value.buffer,
      version: version, isTracked: true, serial: graph.nextSerial())
    node.name = name
    graph.pendingStores.append(self)
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

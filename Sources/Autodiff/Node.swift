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
  /// After operands were let go because a parameter changed: which, for the error message.
  package internal(set) var staleVersion: ParameterVersion?
  /// Scratch of graph passes: the pass that visited last, and its slot there.
  var mark = 0
  var slot = 0

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

/// The value a parameter had from one store to the next.
package final class ParameterVersion {
  package unowned let parameter: Parameter
  /// Set when the parameter is stored to: ends every gradient path through this version.
  package internal(set) var endedAt: Origin?
  package var isCurrent: Bool { endedAt == nil }

  init(_ parameter: Parameter) { self.parameter = parameter }
}

/// A trainable leaf with a name and an identity.
package final class Parameter {
  package let graph: Graph
  /// `W1`, or the path inside a model: `net[0].weight`.
  package var name: String
  /// The leaf of the present version; reading a parameter gives this node.
  package internal(set) var node: Node
  /// The gradient that the last `backward` left, nil for none.
  package var gradient: Node?
  /// Whether optimizers and `backward` leave it alone.
  package var isFrozen = false

  /// A parameter whose first value is `value` (recorded or computed).
  package init(_ name: String, value: Node) {
    self.graph = value.graph
    self.name = name
    self.node = value
    install(value)
  }
}

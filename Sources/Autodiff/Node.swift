import Engine

/// One value of the graph: an operator applied to operands, or a leaf.
///
/// Recording makes nodes and computes nothing; `Graph.force` computes. A node is immutable but for
/// its buffer, which appears once, and its operands, which are let go when no gradient can pass
/// through them any more.
package final class Node {
  /// Outlives its nodes.
  package unowned(unsafe) let graph: Graph
  package let op: Operator
  package let attributes: Attributes
  private var operands: [Node]
  package internal(set) var inputs: [Node] {
    get {
      if let memory { recall(from: memory) }
      return operands
    }
    set {
      memory = nil
      operands = newValue
    }
  }
  /// The turn that knows its operands; nil where it has them itself. Outlives that it is named here.
  unowned(unsafe) var memory: TurnMemory?
  package let shape: Shape
  package let dtype: DType
  package internal(set) var origin: Origin
  /// The name the user gave it, for explanations and messages.
  package var name: String?
  /// The call of a layer that recorded it.
  package internal(set) var group: NodeGroup?
  /// The numbers, once computed.
  package internal(set) var buffer: Buffer?
  /// For a leaf that is a parameter's value: that version of the parameter.
  package internal(set) var version: ParameterVersion?
  /// Whether a gradient can pass through it to a parameter or a variable.
  package internal(set) var isTracked: Bool
  /// How many values of the language hold it; a pending node that is held is a root of the next
  /// plan.
  package var handles = 0
  /// Order of recording; operands always have smaller numbers.
  package internal(set) var serial: Int
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
    operands = inputs
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

  /// Becomes the leaf of a param's new value.
  func becomeVersion(of parameter: Parameter, buffer: Buffer?) {
    if version?.parameter === parameter, isKnownUniquelyReferenced(&version) {
      version?.endedAt = nil
      version?.step = nil
    } else {
      version = ParameterVersion(parameter)
    }
    name = parameter.name
    self.buffer = buffer
  }

  /// As if it had just been recorded; its operands are those that the turn knows.
  func renew(isTracked: Bool) {
    if buffer != nil { buffer = nil }
    // Not looked at: what it named may be gone.
    memory = nil
    if !operands.isEmpty { operands = [] }
    if name != nil { name = nil }
    if group != nil { group = nil }
    if staleVersion != nil { staleVersion = nil }
    if bypass != nil { bypass = nil }
    if derivative != nil { derivative = nil }
    self.isTracked = isTracked
  }
}

/// What a gradient is of and by what; keeps neither alive.
package final class Derivative {
  private weak var lossNode: Node?
  private weak var targetNode: Node?
  private let serials: (loss: Int, target: Int)

  package init(_ loss: Node, _ target: Node) {
    (lossNode, targetNode) = (loss, target)
    serials = (loss.serial, target.serial)
  }

  /// A node that a later turn used again is another one.
  package var loss: Node? { lossNode.flatMap { $0.serial == serials.loss ? $0 : nil } }
  package var target: Node? { targetNode.flatMap { $0.serial == serials.target ? $0 : nil } }
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
  package var parameter: Parameter? { owner.parameter }
  private let owner: ParameterOwner
  /// Set when the parameter is stored to: ends every gradient path through this version.
  package internal(set) var endedAt: Origin?
  package var isCurrent: Bool { endedAt == nil }
  /// The optimizer's step that made it, where the graph keeps such.
  package var step: StepRecord?

  init(_ parameter: Parameter) { owner = parameter.owner }
}

extension Node {
  /// Lets the operands go without recursion, however long the chain behind them.
  func dropInputs() {
    memory = nil
    guard !operands.isEmpty else { return }
    var stack = operands
    operands = []
    while var last = stack.popLast() {
      if isKnownUniquelyReferenced(&last), !last.operands.isEmpty {
        stack.append(contentsOf: last.operands)
        last.operands = []
      }
    }
  }
}

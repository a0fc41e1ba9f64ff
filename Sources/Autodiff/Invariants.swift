// What is true of every node of a graph, as a list one can read. Debug builds hold all nodes that
// a pass recorded or walked against it; a release build checks nothing.

import Engine

/// One thing that is true of every node.
struct Invariant: Sendable {
  let name: String
  let holds: @Sendable (Node) -> Bool

  static let all: [Invariant] = [
    Invariant(name: "operands belong to the graph of the node") { node in
      node.inputs.allSatisfy { $0.graph === node.graph }
    },
    // Numbers that only fall on the way to the leaves leave no room for a cycle.
    Invariant(name: "operands were recorded before the node") { node in
      node.inputs.allSatisfy { $0.serial < node.serial }
    },
    Invariant(name: "operands have numbers or can be computed") { node in
      node.inputs.allSatisfy { $0.buffer != nil || !$0.inputs.isEmpty || !needsNumbers($0.op) }
    },
    Invariant(name: "shape and element type follow from the operator's rule") { node in
      let isComputed = node.buffer != nil && node.inputs.isEmpty
      if isComputed || needsNumbers(node.op) && node.inputs.isEmpty { return true }
      return (try? node.op.infer(node.inputs.map(\.type), node.attributes)) == node.type
    },
    Invariant(name: "a buffer has the element type of the node") { node in
      node.buffer.map { $0.dtype == node.dtype } ?? true
    },
    Invariant(name: "a buffer has as many bytes as the shape says") { node in
      node.buffer.map { $0.count * $0.dtype.size == node.shape.count * node.dtype.size } ?? true
    },
    Invariant(name: "a leaf has its numbers") { node in
      node.buffer != nil || !node.inputs.isEmpty || !needsNumbers(node.op)
    },
    Invariant(name: "a number has no axes") { node in
      !node.isNumber || node.shape.rank == 0
    },
    Invariant(name: "what depends on nothing tracked is not tracked") { node in
      !node.isTracked || node.version != nil || node.op === Operator.variable
        || node.inputs.isEmpty || node.buffer != nil || node.inputs.contains(where: \.isTracked)
    },
    Invariant(name: "a detached node is not tracked") { node in
      node.op !== Operator.detached || !node.isTracked
    },
  ]

  /// Whether a node of this operator without operands is made with its numbers.
  private static func needsNumbers(_ op: Operator) -> Bool {
    Catalogue.leaves.contains { $0 === op }
  }

  /// The first invariant that a node breaks, with the node.
  static func broken(by nodes: some Sequence<Node>) -> String? {
    for node in nodes {
      if let invariant = all.first(where: { !$0.holds(node) }) {
        return "\(node.op.name) #\(node.serial) of shape \(node.shape): not true that "
          + invariant.name
      }
    }
    return nil
  }
}

extension Graph {
  /// Stops a debug build where a node that was recorded at or after `first`, or one of `others`,
  /// breaks an invariant.
  func assertInvariants(recordedFrom first: Int, and others: [Node]) {
    assert(
      Invariant.broken(by: others + pending[min(first, pending.count)...]) == nil,
      Invariant.broken(by: others + pending[min(first, pending.count)...]) ?? "")
  }
}

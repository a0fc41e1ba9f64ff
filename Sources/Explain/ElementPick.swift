// Which element of which value an expression like `W[0, 1]` means.

import Autodiff
import Engine

/// A value and one of its elements; no element where the whole value is meant.
package struct ElementPick {
  package let node: Node
  package let element: Int?

  /// Reads it off the node that indexing recorded: a block of one element, reshaped.
  package init(_ picked: Node, _ graph: Graph) throws(OperatorProblem) {
    var node = picked
    if node.op === Operator.reshape, node.name == nil, let block = node.inputs.first,
      block.shape.count == 1
    {
      node = block
    }
    guard node.op === Operator.slice, node.name == nil, node.shape.count == 1,
      node.inputs.count == 2
    else {
      // The only element of something is that itself.
      self.node = node
      element = node.shape.count == 1 ? 0 : nil
      return
    }
    let starts = try graph.values(node.inputs[1])
    let source = node.inputs[0]
    self.node = source
    element = zip(starts, source.shape.strides).reduce(0) { $0 + Int($1.0) * $1.1 }
  }
}

// What nodes are handed back by those that use them, added up on the way through a graph.

import Engine

/// The gradients of one transform, by the serial of their nodes.
struct GradientSums {
  private let graph: Graph
  private var sums: [Int: Node] = [:]
  /// Products that were handed back to a param and are not added up yet, in order.
  private var products: [Int: [Node]] = [:]

  /// From so many on, products of so few rows are made in one.
  private static let manyProducts = 8
  private static let fewRows = 256

  init(_ graph: Graph) { self.graph = graph }

  subscript(serial: Int) -> Node? { sums[serial] }

  mutating func set(_ gradient: Node, of node: Node) { sums[node.serial] = gradient }

  mutating func remove(_ node: Node) { sums[node.serial] = nil }

  /// Adds what a node is handed back.
  mutating func add(_ part: Node, to node: Node) throws(OperatorProblem) {
    if node.version != nil, GradientSums.isProduct(part) {
      products[node.serial, default: []].append(part)
    } else {
      try sum(part, to: node.serial)
    }
  }

  /// The gradient of a node to which nothing more is added.
  mutating func total(_ node: Node) throws(OperatorProblem) -> Node? {
    if let parts = products.removeValue(forKey: node.serial) {
      if let whole = try joined(parts) {
        try sum(whole, to: node.serial)
      } else {
        for part in parts { try sum(part, to: node.serial) }
      }
    }
    return sums[node.serial]
  }

  /// What slices and chosen rows hand back is added where it was taken from, instead of to zeros first: a
  /// tensor that is taken apart slice by slice costs no more than its elements.
  private mutating func sum(_ part: Node, to serial: Int) throws(OperatorProblem) {
    guard let present = sums[serial] else {
      sums[serial] = part
      return
    }
    guard part.op === Operator.sliceUpdate || part.op === Operator.scatterAdd,
      part.inputs[0].isZeros
    else {
      sums[serial] = try graph.record(.add, [present, part])
      return
    }
    sums[serial] = try graph.record(
      part.op === Operator.sliceUpdate ? .sliceAdd : .scatterAdd,
      [present] + part.inputs.dropFirst(), part.attributes)
  }

  // MARK: - Products

  /// Whether it is rows' @ gradients, what a weight is handed back by x @ weight.
  private static func isProduct(_ part: Node) -> Bool {
    part.op === Operator.matmul && part.shape.rank == 2 && part.inputs[0].op === Operator.transpose
      && part.inputs[0].inputs[0].shape.rank == 2 && part.inputs[1].shape.rank == 2
  }

  /// Σ xₜ' @ gₜ of a weight that a recurrence uses at every step, as one product of all rows.
  private func joined(_ parts: [Node]) throws(OperatorProblem) -> Node? {
    let rows = parts[0].inputs[1].shape[0]
    guard parts.count >= GradientSums.manyProducts, rows > 0, rows < GradientSums.fewRows,
      parts.allSatisfy({ $0.inputs[1].shape == parts[0].inputs[1].shape })
    else { return nil }
    let along = Attributes(axes: [0])
    let x = try graph.record(.concat, parts.map { $0.inputs[0].inputs[0] }, along)
    let g = try graph.record(.concat, parts.map { $0.inputs[1] }, along)
    let turned = try graph.record(.transpose, [x], Attributes(sizes: [1, 0]))
    return try graph.record(.matmul, [turned, g])
  }
}

extension Node {
  /// Whether it is a literal 0, stretched.
  var isZeros: Bool {
    op === Operator.expand && inputs[0].op === Operator.constant && inputs[0].shape.rank == 0
      && inputs[0].exact == 0
  }
}

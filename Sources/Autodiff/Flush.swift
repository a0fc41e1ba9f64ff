// The end of a statement or of a turn of a loop: everything that is still held is computed in one
// plan, stored parameters are checked, and history that no gradient can use is let go.

import Engine

extension Graph {
  /// Computes all pending nodes that a value of the language holds, and all parameter stores.
  ///
  /// Throws a gradient problem when a stored value is not finite; the store is then undone by the
  /// caller, who keeps the journal.
  package func flush(also extra: [Node] = []) throws(OperatorProblem) {
    var roots = extra.filter { $0.buffer == nil }
    for parameter in pendingStores where parameter.node.buffer == nil {
      roots.append(parameter.node)
    }
    for node in pending where node.handles > 0 && node.buffer == nil { roots.append(node) }
    let stores = pendingStores
    pending.removeAll(keepingCapacity: true)
    pendingStores.removeAll(keepingCapacity: true)
    if !roots.isEmpty { try compute(roots, keepsTracked: false) }
    for parameter in stores { try parameter.checkFinite() }
    letHistoryGo()
  }

  /// Drops the operands of computed values through which no gradient can pass any more.
  private func letHistoryGo() {
    guard !candidates.isEmpty else { return }
    let explained = lastBackward.map {
      min($0.previousSerial + 1, $0.loss.serial)...$0.loss.serial
    }
    var kept: [Node] = []
    let alive = nextMark()
    let dead = nextMark()
    for node in candidates where node.handles > 0 || isKept(node, explained) {
      if isKept(node, explained) {
        kept.append(node)
      } else if let stale = staleVersion(of: node, alive: alive, dead: dead) {
        node.staleVersion = stale
        node.dropInputs()
        node.isTracked = false
      } else {
        kept.append(node)
      }
    }
    candidates = kept
  }

  private func isKept(_ node: Node, _ explained: ClosedRange<Int>?) -> Bool {
    explained?.contains(node.serial) ?? false
  }

  /// Nil while a current parameter or a variable is reachable, else a version that has ended.
  private func staleVersion(of root: Node, alive: Int, dead: Int) -> ParameterVersion? {
    var stale: ParameterVersion?
    var visited: [Node] = []
    var stack = [root]
    while let node = stack.popLast() {
      if node.mark == dead { continue }
      if node.mark == alive { return nil }
      node.mark = dead
      visited.append(node)
      if let version = node.version {
        if version.isCurrent {
          for node in visited { node.mark = 0 }
          root.mark = alive
          return nil
        }
        stale = stale ?? version
        continue
      }
      if node.op === Operator.variable {
        for node in visited { node.mark = 0 }
        return nil
      }
      stale = stale ?? node.staleVersion
      for input in node.inputs where input.isTracked { stack.append(input) }
    }
    return stale ?? root.inputs.lazy.compactMap(\.staleVersion).first ?? graphStale
  }

  /// For values all of whose paths were already known to be dead.
  private var graphStale: ParameterVersion? { lastEnded }

  /// All elements as numbers.
  package func values(_ node: Node) throws(OperatorProblem) -> [Double] {
    try force([node])
    return node.buffer?.doubles ?? []
  }

  /// The one element of a node.
  package func item(_ node: Node) throws(OperatorProblem) -> Double {
    guard node.shape.count == 1 else {
      throw OperatorProblem(
        .shape, "a single number is wanted here, not a tensor of shape \(node.shape)")
    }
    try force([node])
    return node.buffer?[0] ?? .nan
  }
}

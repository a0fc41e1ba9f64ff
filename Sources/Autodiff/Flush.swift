// The end of a statement or of a turn of a loop: everything that is still held is computed in one
// plan, stored parameters are checked, and history that no gradient can use is let go.

import Engine

extension Graph {
  /// Computes all pending nodes that a value of the language holds, and all parameter stores.
  ///
  /// Throws a gradient problem when a stored value is not finite; the store is then undone by the
  /// caller, who keeps the journal.
  package func flush(also extra: [Node] = []) throws(OperatorProblem) {
    if let problem = deferredProblem {
      deferredProblem = nil
      throw problem
    }
    for node in extra { node.handles += 1 }
    defer { for node in extra { node.handles -= 1 } }
    let found = try turn.expectCompute(self, nil, keepsTracked: false)
    let memory = turn.memory
    // A store that is refused tells what it was made of.
    try keepingOperands { () throws(OperatorProblem) in
      if let found { try run(found.0, found.1) } else { try computeHeld() }
      let stores = pendingStores
      pending.removeAll(keepingCapacity: true)
      pendingStores.removeAll(keepingCapacity: true)
      turn.finish(self)
      recentPlans?.endTurn(hasTrained: !stores.isEmpty)
      for parameter in stores { try parameter.checkFinite() }
    }
    if let found { letOperandsGo(found.0, found.1) }
    // What explains the last `backward` keeps its operands until the next one.
    if let memory { memory.settle(self, after: memory.isPinned ? explained : nil) }
    letHistoryGo()
  }

  /// What the program holds and was not computed, and what was stored to params.
  func heldRoots() -> [Node] {
    var roots: [Node] = []
    for parameter in pendingStores where parameter.node.buffer == nil {
      roots.append(parameter.node)
    }
    for node in pending where node.handles > 0 && node.buffer == nil { roots.append(node) }
    return roots
  }

  private func computeHeld() throws(OperatorProblem) {
    let roots = heldRoots()
    if roots.isEmpty {
      turn.addCompute(nil, nil, [], keepsTracked: false, isEndOfTurn: true)
    } else {
      try computeAnew(roots, keepsTracked: false, isEndOfTurn: true)
    }
  }

  /// Drops the operands of computed values through which no gradient can pass any more.
  private func letHistoryGo() {
    guard !candidates.isEmpty else { return }
    let explained = explained
    var kept: [Node] = []
    let alive = nextMark()
    let dead = nextMark()
    for node in candidates where node.handles > 0 || isKept(node, explained) {
      if isKept(node, explained) {
        kept.append(node)
      } else {
        switch life(of: node, alive: alive, dead: dead) {
        case .alive: kept.append(node)
        case .over(let stale):
          node.end(stale)
        }
      }
    }
    candidates = kept
  }

  private func isKept(_ node: Node, _ explained: ClosedRange<Int>?) -> Bool {
    explained?.contains(node.serial) ?? false || isWalked(node)
  }

  /// Whether a gradient can still pass through a value to somebody.
  private enum Life {
    case alive
    /// No more; because of which parameter's store, where there was one.
    case over(ParameterVersion?)
  }

  /// Over when every path ends in a parameter's past value or in an ended variable.
  private func life(of root: Node, alive: Int, dead: Int) -> Life {
    var stale: ParameterVersion?
    var isOfVariables = false
    var visited: [Node] = []
    var stack = [root]
    while let node = stack.popLast() {
      if node.mark == dead { continue }
      var isAlive = node.mark == alive
      node.mark = dead
      visited.append(node)
      if isAlive {
        // Found before.
      } else if let version = node.version {
        isAlive = version.isCurrent
        stale = stale ?? version
      } else if node.op === Operator.variable {
        isAlive = !node.isEnded
        isOfVariables = true
      } else {
        stale = stale ?? node.staleVersion
        for input in node.inputs where input.isTracked { stack.append(input) }
      }
      if isAlive {
        for node in visited { node.mark = 0 }
        node.mark = alive
        root.mark = alive
        return .alive
      }
    }
    if let stale { return .over(stale) }
    if let stale = root.inputs.lazy.compactMap(\.staleVersion).first { return .over(stale) }
    // All of whose paths were already known to be dead.
    return .over(isOfVariables ? nil : lastEnded)
  }

  /// All elements as numbers. Throws where it is interrupted.
  package func values(_ node: Node) throws(OperatorProblem) -> [Double] {
    try force([node])
    guard let buffer = node.buffer else { return [] }
    var values: [Double] = []
    values.reserveCapacity(buffer.count)
    for piece in Work.pieces(buffer.count) { for i in piece { values.append(buffer[i]) } }
    try Graph.checkInterrupt()
    return values
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

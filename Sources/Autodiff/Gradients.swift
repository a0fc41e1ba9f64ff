// The gradient transform: graph to graph, over the rules of the catalogue.

import Engine

extension Graph {
  /// The gradients of `loss` (or of `seed · loss`) with respect to some of the nodes on its way;
  /// nil where no path leads.
  ///
  /// - Parameter isInRule: for a rule that is derived by what it is composed of: nothing behind the
  ///   targets is looked at, where a walk is on its way.
  package func gradients(
    of loss: Node, withRespectTo targets: [Node], seed: Node? = nil, isInRule: Bool = false
  ) throws(OperatorProblem) -> [Node?] {
    if !turn.isSuspended, !isInRule { try expandBackwards() }
    let recorded = pending.count
    let order = reachable(from: loss, targets: targets, isInRule: isInRule)
    let place = origin
    defer {
      origin = place
      assertInvariants(recordedFrom: recorded, and: order)
    }
    let mark = nextMark()
    for target in targets { target.mark = mark }
    for node in order where node.mark != mark && node.isTracked {
      if node.version == nil, node.inputs.contains(where: { $0.mark == mark }) { node.mark = mark }
    }
    guard loss.mark == mark else { return targets.map { _ in nil } }
    var gradients = GradientSums(self)
    if let seed {
      gradients.set(seed, of: loss)
    } else {
      gradients.set(try filled(1, like: loss), of: loss)
    }
    let wanted = Set(targets.map(\.serial))
    for node in order.reversed() where node.mark == mark {
      guard let upstream = gradients[node.serial], node.version == nil, !node.inputs.isEmpty else {
        continue
      }
      if !wanted.contains(node.serial) { gradients.remove(node) }
      guard node.inputs.contains(where: { $0.mark == mark }) else { continue }
      // What fails in a derivative is shown at the operator that is derived.
      origin = node.origin
      let parts = try rule(node, upstream)
      for (input, part) in zip(node.inputs, parts) where input.mark == mark {
        guard let part else { continue }
        let fitted = try part.summed(to: input.shape).converted(to: input.dtype)
        try gradients.add(fitted, to: input)
      }
    }
    var totals: [Node?] = []
    for target in targets { totals.append(try gradients.total(target)) }
    return totals
  }

  private func rule(_ node: Node, _ upstream: Node) throws(OperatorProblem) -> [Node?] {
    switch node.op.gradient {
    case .none(let reason):
      throw OperatorProblem(
        .gradient, "no gradient passes through \(node.op.name): \(reason)", origin: node.origin)
    case .rule(let rule):
      return try self.rule { rule(upstream, node) }
    }
  }

  /// What a node is made of, operands first, back to the params' values.
  func reachable(from loss: Node, targets: [Node], isInRule: Bool = false) -> [Node] {
    let mark = nextMark()
    let ends = isInRule ? Set(targets.map(\.serial)) : []
    var order: [Node] = []
    var stack = [loss]
    while let node = stack.popLast() {
      guard node.mark != mark else { continue }
      node.mark = mark
      order.append(node)
      if node.version != nil || ends.contains(node.serial) { continue }
      for input in node.inputs where input.mark != mark { stack.append(input) }
    }
    return order.sorted { $0.serial < $1.serial }
  }

  /// The versions of parameters that a loss depends on.
  func versions(of loss: Node) -> [Node] {
    reachable(from: loss, targets: []).filter { $0.version != nil }
  }

  /// What a loss depends on that a layer handed on because it was not training.
  package func bypassed(below loss: Node) -> [Node] {
    guard hasBypasses else { return [] }
    return reachable(from: loss, targets: []).filter { $0.bypass != nil }
  }

  /// An operand as a layer that does nothing outside of training hands it on. A value that the
  /// program holds by itself stays as it is, and a node like it carries the mark.
  package func bypass(_ x: Node, _ bypass: Bypass) throws(OperatorProblem) -> Node {
    if bypass.isSaid { return x }
    hasBypasses = true
    guard !x.isTracked || x.isLeaf || x.name != nil || x.bypass != nil else {
      x.bypass = bypass
      return x
    }
    let node = try record(.identity, [x])
    node.name = x.name
    node.bypass = bypass
    return node
  }

  /// The full tensor of one number with the shape and type of another.
  package func filled(_ value: Double, like node: Node) throws(OperatorProblem) -> Node {
    let scalar = constant(value, node.dtype)
    if node.shape.rank == 0 { return scalar }
    return try record(.expand, [scalar], Attributes(sizes: node.shape.dims))
  }

  /// Sets the gradient of every parameter that the loss depends on, and of every other to none.
  ///
  /// The loss has one element. Throws when it depends on no parameter, or on one that was stored to
  /// since.
  package func backward(_ loss: Node, add: Bool = false) throws(OperatorProblem) {
    guard loss.shape.count == 1 else {
      throw OperatorProblem(
        .gradient, "backward starts from one number; {0} has the shape \(loss.shape)",
        operands: [0], help: "write mean({0}) or sum({0})")
    }
    let previous = explained?.upperBound ?? 0
    let found = try derived(loss, isAdding: add)
    if !add {
      for parameter in withGradient {
        willChange(parameter)
        parameter.gradient = nil
      }
      withGradient.removeAll(keepingCapacity: true)
    }
    leaveLastBackward()
    // The turn of the loop around it computes the gradients, whether it stores to a param or not.
    wantsFlush = true
    let place = (number: trail.turns + 1, epoch: trail.epoch, batch: trail.batch)
    switch found {
    case .known(let known, let memory, let index):
      for (index, target) in known.targets.enumerated() {
        guard let parameter = memory.node(target)?.version?.parameter,
          let gradient = memory.nodes[known.position + index]
        else { continue }
        try set(gradient, on: parameter, isAdding: add)
      }
      backwardSource = .turn(memory, index, loss, previous: previous, turn: place)
      memory.isPinned = true
    case .derived(let pairs):
      var entries: [(parameter: Parameter, node: Node, gradient: Node)] = []
      for (leaf, gradient) in pairs {
        guard let parameter = leaf.version?.parameter else { continue }
        try set(gradient, on: parameter, isAdding: add)
        entries.append((parameter, leaf, parameter.gradient ?? gradient))
      }
      backwardSource = .record(
        BackwardRecord(
          loss: loss, gradients: entries, previousSerial: previous, turn: place.number,
          epoch: place.epoch, batch: place.batch))
    }
  }

  private func set(_ gradient: Node, on parameter: Parameter, isAdding: Bool)
    throws(OperatorProblem)
  {
    willChange(parameter)
    if isAdding, let present = parameter.gradient {
      parameter.gradient = try record(.add, [present, gradient])
    } else {
      parameter.gradient = gradient
      withGradient.append(parameter)
    }
  }

  /// The gradients of a `backward`: of an earlier turn's structure, or derived.
  private enum Found {
    case known(TurnBackward, TurnMemory, index: Int)
    /// The leaves of trained params with the values that their `.grad` becomes.
    case derived([(leaf: Node, gradient: Node)])
  }

  private func derived(_ loss: Node, isAdding: Bool) throws(OperatorProblem) -> Found {
    if let (known, memory) = try turn.expectBackward(self, loss, isAdding: isAdding) {
      memory.backwards.append((serial, origin))
      serial += known.serials
      for _ in known.targets { _ = turn.lend(self, memory) }
      return .known(known, memory, index: turn.backwards - 1)
    }
    let leaves = try currentLeaves(of: loss)
    let first = serial
    let gradients = try suspended { () throws(OperatorProblem) -> [Node?] in
      try self.gradients(of: loss, withRespectTo: leaves)
    }
    let serials = serial - first
    var found: [(leaf: Node, gradient: Node)] = []
    var frozen: [Node] = []
    for (leaf, gradient) in zip(leaves, gradients) {
      guard let parameter = leaf.version?.parameter, let gradient else { continue }
      if parameter.isFrozen { frozen.append(leaf) } else { found.append((leaf, gradient)) }
    }
    turn.addBackward(
      loss, isAdding: isAdding, targets: found.map(\.leaf), frozen: frozen, serials: serials)
    return .derived(
      found.map { leaf, gradient in
        let node = gradientNode(gradient)
        turn.add(node, [])
        return (leaf, node)
      })
  }

  private func gradientNode(_ derived: Node) -> Node {
    let node = Node(
      graph: self, op: .gradient, inputs: [derived], attributes: Attributes(),
      type: derived.type, origin: origin, buffer: nil, version: nil, isTracked: false,
      serial: nextSerial())
    pending.append(node)
    return node
  }

  /// Runs what belongs to no event of the turn.
  private func suspended<T>(_ body: () throws(OperatorProblem) -> T) throws(OperatorProblem) -> T {
    let outer = turn.isSuspended
    turn.isSuspended = true
    defer { turn.isSuspended = outer }
    return try body()
  }

  /// Derives the gradients that were left to a known plan, because another plan is needed.
  func expandBackwards() throws(OperatorProblem) {
    guard turn.expanded < turn.backwards, let trace = turn.predicted, let memory = turn.memory
    else { return }
    let first = turn.expanded
    turn.noteExpanded()
    for index in first..<turn.backwards {
      try expand(trace.backwards[index], memory.backwards[index]) { memory.node($0) }
    }
  }

  /// The same for a turn that was recognised up to here.
  func expand(_ memory: TurnMemory, _ trace: TurnTrace, from first: Int) throws(OperatorProblem) {
    for index in first..<max(first, trace.backwards.count) {
      try expand(trace.backwards[index], memory.backwards[index]) {
        $0 >= 0 ? trace.nodes[Int($0)] : trace.leafNodes[Int(~$0)]
      }
    }
  }

  private func expand(
    _ backward: TurnBackward, _ place: (serial: Int, origin: Origin),
    _ node: (TurnReference) -> Node?
  ) throws(OperatorProblem) {
    let (last, here) = (serial, origin)
    defer { (serial, origin) = (last, here) }
    guard let loss = node(backward.loss) else { return }
    // As the order of recording was when `backward` ran.
    (serial, origin) = place
    let targets = backward.targets.compactMap(node)
    let gradients = try suspended { () throws(OperatorProblem) -> [Node?] in
      try self.gradients(of: loss, withRespectTo: targets)
    }
    for (index, gradient) in gradients.enumerated() {
      let result = node(TurnReference(truncatingIfNeeded: backward.position + index))
      if let gradient, let result, result.buffer == nil { result.inputs = [gradient] }
    }
  }

  /// The leaves of current parameters below a loss, checked.
  package func currentLeaves(of loss: Node) throws(OperatorProblem) -> [Node] {
    let leaves = versions(of: loss)
    let ended = leaves.first { $0.version?.isCurrent == false }?.version ?? loss.staleVersion
    if let ended {
      var problem = OperatorProblem(
        .gradient, "\(ended.parameter?.name ?? "a param") was updated after {0} was made",
        operands: [0], help: "compute the loss again before this")
      problem.changedAt = ended.endedAt ?? .unknown
      throw problem
    }
    guard !leaves.isEmpty else {
      throw OperatorProblem(
        .gradient, "{0} does not depend on any param", operands: [0],
        help: "write param w = … instead of let w = … for what is to be trained")
    }
    return leaves
  }
}

// Which recorded values are one step together: the calls of layers, and `x @ W + b`.

import Autodiff
import Engine

/// Inner values and the step that each belongs to.
struct Folding {
  /// The serial of the step by that of an inner value.
  private(set) var steps: [Int: Int] = [:]
  /// The calls of layers that are one step, by the serial of the step.
  private(set) var layers: [Int: NodeGroup] = [:]
  /// The only use of each value that has one.
  private var users: [Int: [Node]] = [:]

  /// - Parameters:
  ///   - order: tracked values, operands first.
  ///   - layers: whether a call of a layer is one step.
  ///   - products: whether `x @ W + b` is one step.
  init(_ order: [Node], layers foldsLayers: Bool, products: Bool) {
    for node in order where node.version == nil {
      for input in node.inputs { users[input.serial, default: []].append(node) }
    }
    if foldsLayers { foldLayers(order) }
    for node in order { foldHelper(node) }
    guard products else { return }
    for node in order where node.op === Operator.matmul && node.name == nil {
      guard steps[node.serial] == nil, let sum = onlyUser(node), sum.op === Operator.add,
        sum.shape == node.shape, sum.inputs[0] !== sum.inputs[1]
      else { continue }
      steps[node.serial] = steps[sum.serial] ?? sum.serial
    }
  }

  /// Values that are written out where they are used.
  init(writingOut nodes: [Node]) {
    for node in nodes { steps[node.serial] = node.serial }
  }

  /// Folds what the user never wrote: the block under `v[0]`, the value under a change of type.
  private mutating func foldHelper(_ node: Node) {
    guard Folding.isHelper(node), let inner = node.inputs.first, inner.isTracked,
      !inner.isLeaf, inner.version == nil, inner.name == nil, onlyUser(inner) === node,
      steps[inner.serial] == nil
    else { return }
    steps[inner.serial] = steps[node.serial] ?? node.serial
    for (serial, step) in steps where step == inner.serial { steps[serial] = steps[inner.serial] }
  }

  /// Whether a value is its operand in another shape or type, by no word of the user's.
  static func isHelper(_ node: Node) -> Bool {
    guard let inner = node.inputs.first else { return false }
    return node.op === Operator.convert
      || node.op === Operator.reshape && inner.op === Operator.slice && inner.name == nil
  }

  private mutating func foldLayers(_ order: [Node]) {
    var members: [ObjectIdentifier: [Node]] = [:]
    for node in order {
      if let group = node.group { members[ObjectIdentifier(group), default: []].append(node) }
    }
    for nodes in members.values {
      guard let last = nodes.last, let group = last.group else { continue }
      let inner = nodes.dropLast()
      guard
        inner.allSatisfy({ node in (users[node.serial] ?? []).allSatisfy { $0.group === group } })
      else { continue }
      for node in inner { steps[node.serial] = last.serial }
      layers[last.serial] = group
    }
  }

  func onlyUser(_ node: Node) -> Node? {
    let all = users[node.serial] ?? []
    return all.count == 1 ? all[0] : nil
  }

  /// Each operator that uses a value, once.
  func distinctUses(_ node: Node) -> [Node] {
    var seen: Set<Int> = []
    return (users[node.serial] ?? []).filter { seen.insert($0.serial).inserted }
  }

  func isFolded(_ node: Node) -> Bool { steps[node.serial] != nil }

  /// The value of the same step whose gradient is that of a folded one: the sum of `x @ W + b`.
  func carrier(_ node: Node) -> Node? {
    guard isFolded(node) else { return node }
    guard let user = onlyUser(node),
      user.op === Operator.add && user.shape == node.shape || Folding.isHelper(user)
    else { return nil }
    return carrier(user)
  }
}

// The backprop walk as a value: derived from the recorded graph of a loss, read by every view.

import Autodiff
import Engine

/// One value on the way to the loss.
package struct WalkStep {
  /// `3`, or `3.1` for the first step inside it.
  package let label: String
  package let node: Node
  /// The user's name, or `⟨3⟩` where they gave none.
  package let name: String
  /// `x @ W1 + b1`
  package let formula: String
  package let value: [Double]
  /// Nil where no gradient arrives.
  package let gradient: [Double]?
  package let parts: [WalkPart]
  /// The values that are folded into it, and its own, operands first.
  let members: [Node]
  /// Whether it is the call of a layer.
  let isLayer: Bool
}

/// What a step hands to one operand.
package struct WalkPart {
  package let operand: String
  package let node: Node
  /// `∂loss/∂h`
  package let gradientName: String
  /// The local derivative with the operands' names.
  package let rule: String
  /// The symbols of the rule that are neither operands nor gradients: `n = 2`.
  package let legend: [(symbol: String, value: String)]
  package let shape: Shape
  package let dtype: DType
  package let value: [Double]
  /// Said in words: that the operand was stretched, what Σ runs over, that it stands there twice.
  package let note: String?
  package let isParameter: Bool
  /// Whether the operand's gradient has further contributions, so that this is one of several.
  package let isPartial: Bool
}

/// A gradient that is a sum over several uses.
package struct Ledger {
  package let node: Node
  /// `∂loss/∂w`
  package let gradientName: String
  package let shape: Shape
  package let dtype: DType
  package let total: [Double]
  package let parts: [(step: String, value: [Double])]
  /// The label of the earliest step that uses the value: when the walk back has passed it, every
  /// use has reported.
  package let readyAfter: String
}

/// What is asked of a walk.
package struct WalkOptions {
  /// 1 folds layers, losses and `x @ W + b`; 2 opens layers and losses; 3 opens everything.
  package var depth = 1
  package var notation = WalkNotation.names
  /// A value on the way and one of its elements; without an element the one with the largest
  /// gradient.
  package var focus: (node: Node, element: Int?)?

  package init(
    depth: Int = 1, notation: WalkNotation = .names, focus: (node: Node, element: Int?)? = nil
  ) {
    (self.depth, self.notation, self.focus) = (depth, notation, focus)
  }
}

/// Steps forward and back, the sums of gradients, and the scalar walk of one element.
package struct Walk {
  package let loss: Node
  package let lossName: String
  package let steps: [WalkStep]
  /// Gradients that are sums over several uses.
  package let ledgers: [Ledger]
  /// The scalar walk of one element, where one was picked.
  package let focus: FocusWalk?
  /// That element.
  let picked: (node: Node, element: Int)?
  /// The loss as it was recorded, whatever is opened here.
  let recorded: Node
  let formulas: ElementFormulas
  var names: WalkNames { formulas.names }
  /// Names that are not the user's: `z⁽¹⁾`, `h_in`.
  package let legend: [(symbol: String, meaning: String)]
  /// Params that were stored to after the loss was made; the walk shows the values before.
  package let updated: [String]

  /// Walks from a loss with one element through everything that a param or variable leads to.
  package init(_ recorded: Node, _ options: WalkOptions = WalkOptions()) throws(OperatorProblem) {
    let graph = recorded.graph
    if recorded.inputs.isEmpty || !recorded.isTracked { _ = try graph.currentLeaves(of: recorded) }
    let opened = try Composites.opened(recorded, levels: options.depth == 3 ? 4 : options.depth - 1)
    let loss = opened.nodes[recorded.serial] ?? recorded
    let order = Walk.order(loss)
    let folding = Folding(
      order, layers: options.depth == 1 && options.focus == nil, products: options.depth <= 2)
    let shown = Walk.shown(order, folding)
    let labels = StepLabels(Walk.views(opened, shown))
    let names = WalkNames(
      order, labels: labels.labels, folding: folding, lossName: recorded.name ?? "loss",
      notation: options.notation)
    let given = StepMaker.given(shown, names)
    let back = try Backward(loss, order)
    let formulas = ElementFormulas(
      loss: loss, folding: folding, names: names, gradients: back.gradients)

    (self.loss, self.recorded) = (loss, recorded)
    lossName = names.lossName
    legend = names.legend
    updated = order.compactMap { node in
      node.version.flatMap { $0.isCurrent ? nil : $0.parameter?.name }
    }
    steps = StepMaker(order: order, formulas: formulas, back: back, given: given).steps(shown)
    ledgers = back.ledgers(order, names, folding)
    self.formulas = formulas
    guard let pick = options.focus else {
      (focus, picked) = (nil, nil)
      return
    }
    let node = opened.nodes[pick.node.serial] ?? Walk.found(pick.node, in: order)
    let focus = try FocusWalk(node, pick.element, order: order, shown: shown, formulas)
    self.focus = focus
    picked = (node, focus.element)
  }

  /// Why the picked element's gradient is what it is.
  package func why() throws(OperatorProblem) -> Why? {
    guard let picked else { return nil }
    return try Why(picked.node, picked.element, formulas)
  }

  /// The values of a walk's names: what a param was when the loss was made.
  package static func place(of node: Node, in loss: Node) -> Node {
    found(node, in: order(loss))
  }

  /// The value of the walk that a node stands for: itself, or the param's leaf of that moment.
  private static func found(_ node: Node, in order: [Node]) -> Node {
    if order.contains(where: { $0 === node }) { return node }
    guard let parameter = node.version?.parameter else { return node }
    return order.last { $0.version?.parameter === parameter } ?? node
  }

  /// The forward lines of this view and of all that are more folded, in this view's values.
  private static func views(_ opened: Composites.Opened, _ shown: [Node]) -> [[Node]] {
    let present = { (nodes: [Node]) in nodes.map { opened.nodes[$0.serial] ?? $0 } }
    var views: [[Node]] = []
    for (round, root) in opened.roots.prefix(2).enumerated() {
      let order = Walk.order(root)
      if round == 0 {
        views.append(
          present(Walk.shown(order, Folding(order, layers: true, products: true))))
      }
      views.append(present(Walk.shown(order, Folding(order, layers: false, products: true))))
    }
    return views + [shown]
  }

  /// Tracked values, operands first.
  static func order(_ loss: Node) -> [Node] {
    var seen: Set<Int> = []
    var result: [Node] = []
    var stack = [loss]
    while let node = stack.popLast() {
      guard seen.insert(node.serial).inserted else { continue }
      result.append(node)
      if node.version == nil { stack += node.inputs.filter(\.isTracked) }
    }
    return result.sorted { $0.serial < $1.serial }
  }

  /// The values of the forward lines: those on the way, and data without a name.
  private static func shown(_ order: [Node], _ folding: Folding) -> [Node] {
    var result: [Int: Node] = [:]
    for node in order where !node.isLeaf && node.version == nil {
      if !folding.isFolded(node) { result[node.serial] = node }
      for input in node.inputs where !input.isTracked && WalkNames.own(input) == nil {
        guard input.shape.rank > 0, WalkNames.short(input) == nil else { continue }
        if node.group == nil || input.group == nil || !folding.isFolded(input) {
          result[input.serial] = input
        }
      }
    }
    return result.values.sorted { $0.serial < $1.serial }
  }
}

/// The gradients of a walk and what every step handed to its operands.
struct Backward {
  struct Part {
    let node: Node
    let operand: Int
    let gradient: Node
  }

  private(set) var gradients: [Int: Node] = [:]
  /// By the serial of the step.
  private(set) var parts: [Int: [Part]] = [:]
  /// By the serial of the operand.
  private(set) var uses: [Int: [Part]] = [:]

  init(_ loss: Node, _ order: [Node]) throws(OperatorProblem) {
    let graph = loss.graph
    let found = try graph.gradients(of: loss, withRespectTo: order)
    for (target, gradient) in zip(order, found) { gradients[target.serial] = gradient }
    for node in order where !node.isLeaf && node.version == nil {
      guard let upstream = gradients[node.serial], case .rule(let rule) = node.op.gradient else {
        continue
      }
      for (operand, piece) in rule(upstream, node).enumerated() {
        guard let piece, node.inputs[operand].isTracked else { continue }
        let input = node.inputs[operand]
        let part = Part(
          node: node, operand: operand, gradient: try piece.summed(to: input.shape))
        parts[node.serial, default: []].append(part)
        uses[input.serial, default: []].append(part)
      }
    }
    try graph.force(
      order + order.flatMap { $0.version == nil ? $0.inputs : [] } + gradients.values
        + parts.values.flatMap { $0.map(\.gradient) })
  }

  func ledgers(_ order: [Node], _ names: WalkNames, _ folding: Folding) -> [Ledger] {
    order.compactMap { node in
      guard let uses = uses[node.serial], uses.count > 1, !folding.isFolded(node) else {
        return nil
      }
      let steps = uses.map { folding.steps[$0.node.serial] ?? $0.node.serial }
      let first = steps.filter { names.labels[$0] != nil }.min()
      return Ledger(
        node: node,
        gradientName: names.gradient(node) ?? "∂\(names.lossName)/∂\(names.name(node))",
        shape: node.shape, dtype: node.dtype, total: gradients[node.serial]?.buffer?.doubles ?? [],
        parts: uses.map { use in
          let carrier = folding.carrier(use.node) ?? use.node
          return (names.name(carrier), use.gradient.buffer?.doubles ?? [])
        }, readyAfter: first.flatMap { names.labels[$0] } ?? "")
    }
  }
}

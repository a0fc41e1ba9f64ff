// One frame of the stepper: a step of the walk forward, back, or an update.

import Autodiff
import Engine

/// What one frame shows.
package struct WalkFrame {
  package enum Half: String, Sendable { case forward, backward, update }

  /// A value with its shape and a corner of it.
  package struct Operand {
    package let name: String
    package let shape: Shape
    package let dtype: DType
    package let values: [Double]
    package let isResult: Bool
  }

  package let half: Half
  package let label: String
  /// `h_in = x @ W1 + b1`
  package let title: String
  /// The value whose source line is shown.
  package let node: Node?
  package let operands: [Operand]
  /// Backward: the rule for each operand, as tensors.
  package let rules: [WalkPart]
  /// Scalar arithmetic for one element of each value.
  package let lines: [ScalarLine]
  /// Why the shapes are as they are.
  package let shapes: [String]
  /// Gradients that are sums over several uses, complete after this step.
  package let ledgers: [ScalarLine]
  package let check: String?
  package let health: [String]
  package let opens: Bool
}

/// Makes frames of a walk.
struct FrameMaker {
  let walk: Walk
  /// Elements that the reader picked, by the label of the step.
  let picks: [String: Int]

  private var formulas: ElementFormulas { walk.formulas }

  /// The element shown of a value: the picked one, else that with the largest gradient.
  private func element(_ node: Node, _ values: [Double], _ label: String?) -> Int {
    if let label, let pick = picks[label], pick < values.count { return pick }
    return values.indices.max { values[$0].magnitude < values[$1].magnitude } ?? 0
  }

  func forward(_ step: WalkStep) throws(OperatorProblem) -> WalkFrame {
    let index = element(step.node, step.gradient ?? step.value, step.label)
    var operands: [WalkFrame.Operand] = []
    for input in externals(step) { operands.append(operand(input, isResult: false)) }
    operands.append(operand(step.node, isResult: true))
    var lines: [ScalarLine] = []
    if !step.isLayer, step.node.shape.count > 0 {
      lines.append(
        ScalarLine(
          subject: formulas.names.element(step.node, index),
          formula: try formulas.forward(step.node, index), words: step.formula,
          result: formulas.value(step.node, index), dtype: step.node.dtype))
    }
    return WalkFrame(
      half: .forward, label: step.label, title: "\(step.name) = \(step.formula)", node: step.node,
      operands: operands, rules: [], lines: lines, shapes: ShapeWords.forward(step, formulas.names),
      ledgers: [], check: nil, health: Health.complaints(step.node, values: step.value),
      opens: opens(step))
  }

  func backward(_ step: WalkStep) throws(OperatorProblem) -> WalkFrame {
    var lines: [ScalarLine] = []
    var ledgers: [ScalarLine] = []
    var checked: (node: Node, index: Int)?
    for part in step.parts {
      let values = formulas.gradients[part.node.serial]?.buffer?.doubles ?? []
      guard !values.isEmpty else { continue }
      let index = element(part.node, values, picks.isEmpty ? nil : labelOf(part, step))
      if !step.isLayer || part.isParameter {
        lines.append(try line(part.node, index, step.members))
      }
      if walk.ledgers.contains(where: {
        $0.readyAfter == step.label && $0.gradientName == part.gradientName
      }) {
        ledgers.append(try line(part.node, index, formulas.users(of: part.node)))
      }
      if checked == nil || part.isParameter { checked = (part.node, index) }
    }
    let check = try checked.map { pick throws(OperatorProblem) in
      try self.check(pick.node, pick.index)
    }
    var operands: [WalkFrame.Operand] = []
    if let gradient = step.gradient, step.node !== walk.loss {
      operands.append(
        WalkFrame.Operand(
          name: formulas.names.gradient(step.node) ?? "∂\(walk.lossName)/∂\(step.name)",
          shape: step.node.shape, dtype: step.node.dtype, values: gradient, isResult: false))
    }
    return WalkFrame(
      half: .backward, label: step.label, title: "back through \(step.name) = \(step.formula)",
      node: step.node, operands: operands, rules: step.parts, lines: lines,
      shapes: ShapeWords.backward(step), ledgers: ledgers, check: check,
      health: shrinking(step), opens: opens(step))
  }

  /// The operand that a pick is for: the first of the step's parts has the step's own label.
  private func labelOf(_ part: WalkPart, _ step: WalkStep) -> String? {
    formulas.names.labels[part.node.serial] ?? "\(step.label) \(part.operand)"
  }

  private func operand(_ node: Node, isResult: Bool) -> WalkFrame.Operand {
    WalkFrame.Operand(
      name: formulas.names.name(node), shape: node.shape, dtype: node.dtype,
      values: node.buffer?.doubles ?? [], isResult: isResult)
  }

  /// What goes into a step from outside it.
  private func externals(_ step: WalkStep) -> [Node] {
    var seen = Set(step.members.map(\.serial))
    return step.members.flatMap(\.inputs).filter {
      !$0.isNumber && seen.insert($0.serial).inserted
    }
  }

  private func opens(_ step: WalkStep) -> Bool {
    step.isLayer || step.members.contains { $0.op.composition != nil }
  }

  /// An element's gradient as the sum of what some steps hand to it.
  private func line(_ node: Node, _ index: Int, _ users: [Node]) throws(OperatorProblem)
    -> ScalarLine
  {
    let terms = try formulas.contributions(to: node, index, through: users)
    return ScalarLine(
      subject: formulas.gradientText(node, index),
      formula: terms.isEmpty ? .number(0) : .shortened(terms.map(\.formula)),
      terms: terms.count > 1 ? terms : [], result: terms.reduce(0) { $0 + $1.value },
      dtype: node.dtype)
  }

  /// A central difference in f64 beside the gradient.
  private func check(_ node: Node, _ index: Int) throws(OperatorProblem) -> String {
    let graph = walk.loss.graph
    var point = node.buffer?.doubles ?? []
    guard index < point.count else { return "" }
    let start = point[index]
    let step = 1e-5 * max(1, start.magnitude)
    var losses: [Double] = []
    for shift in [step, 0, -step] {
      point[index] = start + shift
      let moved = try graph.tensor(point, shape: node.shape.dims, dtype: .f64)
      losses.append(try graph.item(of: walk.loss, replacing: node, by: moved))
    }
    let numeric = (losses[0] - losses[2]) / (2 * step)
    let gradient = formulas.gradientValue(node, index)
    let scale = max(numeric.magnitude, gradient.magnitude)
    let error = scale == 0 ? 0 : (numeric - gradient).magnitude / scale
    let name = formulas.gradientText(node, index)
    let text =
      "(loss(+h) − loss(−h)) / 2h = \(NumberText.written(numeric, digits: 6)), relative error "
      + NumberFormat.significant(error, digits: 1) + " (\(name), h = "
      + NumberFormat.significant(step, digits: 1) + ")"
    let bend = (losses[0] - 2 * losses[1] + losses[2]).magnitude / step
    let isKink = error > 1e-4 && bend > 1e-3 * max(1, scale)
    return text + (isKink ? ": this is a kink, where the two sides differ" : "")
  }

  /// How the gradient has grown or shrunk on its way here.
  private func shrinking(_ step: WalkStep) -> [String] {
    var result = Health.complaints(step.node, values: step.value)
    guard let here = step.gradient.map(Health.size) else { return result }
    if !here.isFinite { return result + ["not all gradients are finite"] }
    let later = walk.steps.filter { $0.node.serial > step.node.serial }
      .compactMap { $0.gradient.map(Health.size) }.filter { $0 > 0 && $0.isFinite }
    if let largest = later.max(), here < largest * 1e-3 {
      result.append(
        here == 0
          ? "no gradient arrives here"
          : "vanishing: the gradient is \(NumberFormat.significant(largest / here, digits: 2)) times "
            + "smaller than nearer the loss")
    }
    if let smallest = later.min(), here > smallest * 1e3, here > 10 {
      result.append(
        "exploding: the gradient is \(NumberFormat.significant(here / smallest, digits: 2)) times "
          + "larger than nearer the loss")
    }
    return result
  }

  /// A param before and after the step that an optimizer made.
  func update(_ change: Walk.Change) throws(OperatorProblem) -> WalkFrame {
    let index = element(change.old, change.gradient, change.name)
    let dtype = change.old.dtype
    let slope = change.gradient[index]
    let isSingle = dtype == .f32
    let (lines, words) =
      try stepped(change, index) ?? FrameMaker.compared(change, index)
    return WalkFrame(
      half: .update, label: change.name, title: "\(change.name) after the step", node: nil,
      operands: [
        WalkFrame.Operand(
          name: change.name, shape: change.old.shape, dtype: dtype,
          values: change.old.buffer?.doubles ?? [], isResult: false),
        WalkFrame.Operand(
          name: "∂\(walk.lossName)/∂\(change.name)", shape: change.old.shape, dtype: dtype,
          values: change.gradient, isResult: false),
        WalkFrame.Operand(
          name: "new \(change.name)", shape: change.old.shape, dtype: dtype, values: change.new,
          isResult: true),
      ], rules: [], lines: lines, shapes: words, ledgers: [],
      check: "the gradient there is "
        + NumberText.written(slope, digits: 6, isSingle: isSingle), health: [], opens: false)
  }
}

extension FrameMaker {
  /// The optimizer's rule with numbers, where it is known.
  private func stepped(_ change: Walk.Change, _ index: Int) throws(OperatorProblem)
    -> ([ScalarLine], [String])?
  {
    guard let step = change.step, let lines = try StepLines(step) else { return nil }
    return (try lines.lines(index), [step.rule])
  }

  /// What can be seen of a change whose rule is not known: how large it is, and whether it is the same
  /// multiple of every gradient.
  private static func compared(_ change: Walk.Change, _ index: Int) -> ([ScalarLine], [String]) {
    let isSingle = change.old.dtype == .f32
    let suffix = WalkNames.suffix(change.old.shape, index)
    let (before, after) = (change.old.buffer?[index] ?? .nan, change.new[index])
    let terms = [(change.name + suffix, before), ("change", after - before)].map {
      Formula.Term(isMinus: false, formula: .value(.init($0.0, $0.1, isSingle: isSingle)))
    }
    let line = ScalarLine(
      subject: "new \(change.name)\(suffix)", formula: .added(terms), result: after,
      dtype: change.old.dtype)
    guard let rate = change.rate else {
      return (
        [line],
        ["the change is not the same multiple of every gradient: the optimizer has memory"]
      )
    }
    return (
      [line],
      [
        "the change is −\(NumberFormat.significant(rate, digits: 3)) · gradient in every element: "
          + "plain gradient descent"
      ]
    )
  }
}

/// Why shapes are as they are, in words.
enum ShapeWords {
  static func forward(_ step: WalkStep, _ names: WalkNames) -> [String] {
    guard !step.isLayer else { return [] }
    return step.members.compactMap { node in
      guard !node.inputs.isEmpty else { return nil }
      if node.op === Operator.matmul {
        return
          "\(node.inputs[0].shape) @ \(node.inputs[1].shape) → \(node.shape): each element is a "
          + "row times a column"
      }
      guard case .each = node.op.elements else { return nil }
      return node.inputs.first { $0.shape.rank > 0 && $0.shape != node.shape }.map {
        "\(names.name($0)) \($0.shape) is stretched to \(node.shape)"
      }
    }
  }

  static func backward(_ step: WalkStep) -> [String] {
    guard !step.isLayer else { return [] }
    var words = step.parts.compactMap { part in part.note.map { "\(part.gradientName): \($0)" } }
    guard let product = step.members.first(where: { $0.op === Operator.matmul }),
      product.inputs.allSatisfy({ $0.shape.rank == 2 })
    else { return words }
    let (a, b, y) = (product.inputs[0].shape, product.inputs[1].shape, product.shape)
    for part in step.parts {
      if part.node === product.inputs[0] {
        words.append(
          "\(y) @ [\(b[1]), \(b[0])] → \(a): the transpose, because a gradient has the shape of its "
            + "value")
      } else if part.node === product.inputs[1] {
        words.append(
          "[\(a[1]), \(a[0])] @ \(y) → \(b): "
            + (a[0] == 1
              ? "the transpose makes every pair of elements meet"
              : "the transpose brings the \(a[0]) rows together, and they are summed"))
      }
    }
    return words
  }
}

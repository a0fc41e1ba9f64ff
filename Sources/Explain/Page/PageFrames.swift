// The frames of a walk for a page: the lines of the stepper, with numbers that know what they are.

import Autodiff
import Engine

/// The steps of one view: everything folded, layers open, everything open.
struct PageFrames {
  let walk: Walk
  let digits: Int
  let keys: PageKeys
  let origin: (Node) -> WalkPage.Place?

  /// Each step with its frames forward and back.
  func steps() throws(OperatorProblem) -> JSON {
    let maker = FrameMaker(walk: walk, picks: [:])
    var result: [JSON] = []
    for step in walk.steps {
      let place = origin(step.node)
      result.append(
        .object([
          ("l", .text(step.label)), ("t", .text("\(step.name) = \(step.formula)")),
          ("i", .list(inputs(step).map { .text($0) })),
          (
            "p",
            place.map { .list([.whole($0.line), .whole($0.from), .whole($0.to)]) } ?? .none
          ),
          ("F", lines(try maker.forward(step))), ("B", lines(try maker.backward(step))),
        ]))
    }
    return .list(result)
  }

  /// The updates that an optimizer made of this loss.
  func updates(_ changes: [Walk.Change]) throws(OperatorProblem) -> JSON {
    let maker = FrameMaker(walk: walk, picks: [:])
    var result: [JSON] = []
    for change in changes {
      let frame = try maker.update(change)
      result.append(
        .object([
          ("l", .text(frame.label)), ("t", .text(frame.title)), ("i", .list([])), ("p", .none),
          ("F", lines(frame)), ("B", .list([])),
        ]))
    }
    return .list(result)
  }

  /// What a step is made of, each once.
  private func inputs(_ step: WalkStep) -> [String] {
    let inside = Set(step.members.map(\.serial))
    var result: [String] = []
    for input in step.members.flatMap(\.inputs)
    where !input.isNumber && !inside.contains(input.serial) {
      if let key = keys.key(input), !result.contains(key) { result.append(key) }
    }
    return result
  }

  // MARK: - Lines

  private func lines(_ frame: WalkFrame) -> JSON {
    var lines: [JSON] = frame.operands.map(operand)
    for part in frame.rules {
      let legend = part.legend.map { ", \($0.symbol) = \($0.value)" }.joined()
      lines.append(
        .list([
          .text("r"), .text(part.gradientName), .text(part.rule + legend), .text("\(part.shape)"),
        ]))
    }
    lines += frame.lines.map { scalar("s", $0) }
    let word = frame.half == .update ? "rule" : "shapes"
    lines += frame.shapes.map { said(word, $0) }
    lines += frame.ledgers.map { scalar("l", $0) }
    if let check = frame.check, !check.isEmpty { lines.append(said("check", check)) }
    lines += frame.health.map { said("health", $0) }
    return .list(lines)
  }

  private func said(_ word: String, _ text: String) -> JSON {
    .list([.text("n"), .text(word), .text(text)])
  }

  private func operand(_ operand: WalkFrame.Operand) -> JSON {
    let corner = WalkText.corner(
      operand.values, operand.shape, WalkLayout(width: 72, digits: digits), operand.dtype)
    let key = keys.names[operand.name] ?? operand.name
    return .list([
      .text("o"), .text(key), .text(corner), .whole(operand.isResult ? 1 : 0),
      .text(operand.name), .text("\(operand.shape)"),
    ])
  }

  private func scalar(_ kind: String, _ line: ScalarLine) -> JSON {
    let pieces = FocusText.parts(line, digits, isMarked: true)
    return .list(
      [.text(kind), .text(line.subject)]
        + [pieces.symbols, pieces.numbers, pieces.ledger, pieces.result].map { .optional($0) })
  }
}

/// What the values of a page are called in it: steps by their labels, which are the same in every
/// view, data and params by their names.
final class PageKeys {
  private var leaves: [Int: String] = [:]
  private var owners: [String: Int] = [:]
  private var labels: [Int: String] = [:]
  /// The keys by names, of values and, with a tilde, of gradients; of the present view.
  private(set) var names: [String: String] = [:]
  /// The values in the order in which they were met.
  private(set) var found: [Found] = []

  struct Found {
    let key: String
    let node: Node
    let name: String
    /// What its gradient is called.
    let gradient: String?
    let slope: [Double]?
  }

  /// Takes up what a view shows.
  func add(_ walk: Walk) {
    names = [:]
    labels = [:]
    let order = Walk.order(walk.loss)
    for step in walk.steps { labels[step.node.serial] = step.label }
    for node in order.flatMap({ ($0.version == nil ? $0.inputs : []) + [$0] }) {
      guard labels[node.serial] != nil || !node.isNumber && !walk.formulas.folding.isFolded(node),
        node.buffer != nil
      else { continue }
      let name = walk.names.name(node)
      let isNew = keep(node, name)
      guard let key = key(node) else { continue }
      let gradient =
        node === walk.loss
        ? nil : walk.names.gradient(node) ?? "∂\(walk.lossName)/∂\(name)"
      if name.contains(where: \.isLetter) || name.hasPrefix("⟨") { names[name] = key }
      if node.isTracked, let gradient { names[gradient] = key + "~" }
      guard isNew else { continue }
      found.append(
        Found(
          key: key, node: node, name: name, gradient: gradient,
          slope: walk.formulas.gradients[node.serial]?.buffer?.doubles))
    }
  }

  /// Takes back what a view that is left out brought.
  func forget(after count: Int) { found.removeSubrange(count...) }

  /// Gives a value its key; whether it had none.
  private func keep(_ node: Node, _ name: String) -> Bool {
    if let label = labels[node.serial] {
      return owners.updateValue(node.serial, forKey: label) == nil
    }
    // A step of another view is no leaf of this one.
    guard node.isLeaf || node.version != nil || !node.isTracked, leaves[node.serial] == nil else {
      return false
    }
    var key = "·" + name
    while owners[key] != nil { key += "′" }
    owners[key] = node.serial
    leaves[node.serial] = key
    return true
  }

  func key(_ node: Node) -> String? { labels[node.serial] ?? leaves[node.serial] }
}

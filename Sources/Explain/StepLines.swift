// An optimizer's step for single elements: its rule with names, then with numbers.

import Autodiff
import Engine

/// A step of an optimizer for one param, gone through again.
struct StepLines {
  private let results: [(name: String, node: Node)]
  private let formulas: ElementFormulas

  init?(_ record: StepRecord) throws(OperatorProblem) {
    guard let replay = try record.replay(), let last = replay.results.last else { return nil }
    let order = StepLines.order(replay.results.map(\.node))
    try last.node.graph.force(order)
    for result in replay.results { result.node.name = result.name }
    // What is between the named values is written out where it is used.
    let named = Set((replay.inputs + replay.results.map(\.node)).map(\.serial))
    let folding = Folding(writingOut: order.filter { !named.contains($0.serial) && !$0.isLeaf })
    let names = WalkNames(
      order, labels: [:], folding: folding, lossName: last.name, notation: .names)
    results = replay.results
    formulas = ElementFormulas(loss: last.node, folding: folding, names: names, gradients: [:])
  }

  /// Everything that values are made of, operands first.
  private static func order(_ roots: [Node]) -> [Node] {
    var seen: Set<Int> = []
    var result: [Node] = []
    var stack = roots
    while let node = stack.popLast() {
      guard seen.insert(node.serial).inserted else { continue }
      result.append(node)
      stack += node.inputs
    }
    return result.sorted { $0.serial < $1.serial }
  }

  /// New state and new value of one element.
  func lines(_ index: Int) throws(OperatorProblem) -> [ScalarLine] {
    var lines: [ScalarLine] = []
    for (name, node) in results {
      lines.append(
        ScalarLine(
          subject: name + WalkNames.suffix(node.shape, index),
          formula: try formulas.forward(node, index), words: name,
          result: formulas.value(node, index), dtype: node.dtype))
    }
    return lines
  }
}

// What an optimizer is made of: a rule for one parameter, recorded as nodes, and its options.

import Autodiff
import Engine

/// One optimizer's rule.
package struct OptimizerRule: Sendable {
  package let name: String
  package let summary: String
  /// Options with their standard values, in the order of the constructor; `lr` first.
  package let options: [OptimizerOption]
  /// The tensors of state that a parameter has.
  package let states: [String]
  /// The numbers of step `t`, which counts from 1, made of options; with what the walk calls each:
  /// `β₁`, `(1 − β₁)`.
  let numbers: @Sendable (_ o: OptimizerOptions, _ t: Double) -> [(value: Double, symbol: String)]
  /// New value and new state of one parameter. `n` are the numbers of the step. What it does to an
  /// element is what the walk writes down.
  let update:
    @Sendable (
      _ p: Node, _ g: Node, _ state: [Node], _ n: OptimizerNumbers, _ o: OptimizerOptions,
      _ t: Double
    ) -> (Node, [Node])
}

extension OptimizerRule {
  package var standardOptions: [String: Double] {
    Dictionary(options.map { ($0.name, $0.value) }) { first, _ in first }
  }
}

/// One option of an optimizer.
package struct OptimizerOption: Sendable {
  package enum Range: Sendable {
    /// Any finite number from 0.
    case amount
    /// From 0 to 1, 1 excluded.
    case share
    case flag

    package func contains(_ x: Double) -> Bool {
      switch self {
      case .amount: x >= 0 && x.isFinite
      case .share: x >= 0 && x < 1
      case .flag: x == 0 || x == 1
      }
    }

    /// As messages and help say it.
    package var text: String {
      switch self {
      case .amount: "a number from 0"
      case .share: "a number from 0 to 1 (1 excluded)"
      case .flag: "true or false"
      }
    }
  }

  package let name: String
  package let value: Double
  package let range: Range
  /// What help says about it besides its range.
  package let help: String?
  /// What the walk calls it.
  let symbol: String
  /// Whether it prints only where it is not 0.
  package let isQuiet: Bool

  init(
    _ name: String, _ value: Double, _ range: Range = .amount, symbol: String? = nil,
    help: String? = nil, isQuiet: Bool = false
  ) {
    (self.name, self.value, self.range) = (name, value, range)
    (self.help, self.isQuiet) = (help, isQuiet)
    self.symbol = symbol ?? name
  }

  /// Limits of gradients that every optimizer has; 0 is none.
  static let clipping = [
    OptimizerOption(
      "clip_norm", 0, help: "all gradients are scaled so that their norm is at most this; 0: never",
      isQuiet: true),
    OptimizerOption(
      "clip_value", 0, help: "each element of a gradient is limited to this; 0: never",
      isQuiet: true),
  ]
}

/// The options of an optimizer by name.
struct OptimizerOptions {
  var values: [String: Double]

  subscript(name: String) -> Double { values[name] ?? 0 }
}

/// The numbers of a step as inputs of the plan, in the parameter's element type: another number makes
/// no new plan. Those that a rule does not ask for are not made.
final class OptimizerNumbers {
  private let like: Node
  private let values: [(value: Double, symbol: String)]
  /// Whether they are called as the walk calls them.
  private let isExplained: Bool
  private(set) var nodes: [Node?]

  init(_ values: [(value: Double, symbol: String)], like: Node, isExplained: Bool = false) {
    (self.values, self.like, self.isExplained) = (values, like, isExplained)
    nodes = [Node?](repeating: nil, count: values.count)
  }

  subscript(index: Int) -> Node {
    if let node = nodes[index] { return node }
    let node = like.graph.input(values[index].value, like.dtype)
    if isExplained { node.name = values[index].symbol }
    nodes[index] = node
    return node
  }
}

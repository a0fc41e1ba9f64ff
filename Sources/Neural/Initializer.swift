// First values of weights.

import Autodiff
import Engine

/// First values of weights.
package enum Initializer: String, CaseIterable, Sendable {
  /// Uniform in ±√(6 / (inputs + outputs)) (Glorot, Bengio 2010).
  case glorot
  /// Normal with deviation √(2 / inputs) (He and others 2015).
  case he
  /// Normal with deviation 0.01.
  case normal
  case zeros

  /// - Parameter fans: the inputs and the outputs of one element; of a matrix [inputs, outputs] where
  ///   they are left out.
  package func make(_ graph: Graph, _ sizes: [Int], fans: (inputs: Int, outputs: Int)? = nil)
    throws(OperatorProblem) -> Node
  {
    let inputs = Double(max(1, fans?.inputs ?? sizes.first ?? 1))
    let outputs = Double(max(1, fans?.outputs ?? sizes.last ?? 1))
    let dtype = graph.defaultDType
    let attributes = Attributes(sizes: sizes, dtype: dtype)
    switch self {
    case .zeros: return try graph.record(.full, [graph.constant(0)], Attributes(sizes: sizes))
    case .glorot:
      let limit = (6 / (inputs + outputs)).squareRoot()
      let draws = try graph.random(.uniform, attributes)
      let scaled = try graph.record(.multiply, [draws, graph.constant(2 * limit, dtype)])
      return try graph.record(.subtract, [scaled, graph.constant(limit, dtype)])
    case .he, .normal:
      let deviation = self == .he ? (2 / inputs).squareRoot() : 0.01
      let draws = try graph.random(.normal, attributes)
      return try graph.record(.multiply, [draws, graph.constant(deviation, dtype)])
    }
  }
}

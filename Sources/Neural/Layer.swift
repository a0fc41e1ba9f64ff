// Layers: parameters and a forward pass, recorded as nodes.

import Autodiff
import Engine

/// A layer of a model.
///
/// A new layer is one file with a class and its entry in `Layers.all`.
package protocol Layer: AnyObject {
  /// How it prints: the source that makes it, `dense(2, 3)`.
  var source: String { get }
  /// Parameters by name, in the order of the constructor.
  var parameters: [(name: String, parameter: Parameter)] { get }
  /// y = layer(x); shapes are checked.
  func forward(_ x: Node, isTraining: Bool) throws(OperatorProblem) -> Node
  /// A layer of its own with the same numbers.
  func copy() -> any Layer
}

/// y = x @ weight + bias, weight [inputs, outputs], bias [outputs].
package final class Dense: Layer {
  package let weight: Parameter
  package let bias: Parameter?
  private let inputs: Int
  private let outputs: Int

  /// Weights by `initializer`, bias zero.
  package init(
    _ graph: Graph, inputs: Int, outputs: Int, hasBias: Bool = true,
    initializer: Initializer = .glorot
  ) throws(OperatorProblem) {
    (self.inputs, self.outputs) = (inputs, outputs)
    weight = Parameter("weight", value: try initializer.make(graph, [inputs, outputs]))
    let zero = graph.constant(0)
    bias =
      hasBias
      ? Parameter("bias", value: try graph.record(.full, [zero], Attributes(sizes: [outputs])))
      : nil
  }

  private init(_ other: Dense) {
    (inputs, outputs) = (other.inputs, other.outputs)
    let graph = other.weight.graph
    weight = Parameter("weight", value: graph.copied(other.weight.node))
    bias = other.bias.map { Parameter("bias", value: graph.copied($0.node)) }
  }

  package var source: String {
    bias == nil ? "dense(\(inputs), \(outputs), bias: false)" : "dense(\(inputs), \(outputs))"
  }

  package var parameters: [(name: String, parameter: Parameter)] {
    [("weight", weight)] + (bias.map { [("bias", $0)] } ?? [])
  }

  package func forward(_ x: Node, isTraining: Bool) throws(OperatorProblem) -> Node {
    let shape = x.shape
    guard shape.rank > 0, shape[shape.rank - 1] == inputs else {
      let flat = shape.rank > 2 && shape.dims.dropFirst().reduce(1, *) == inputs
      throw OperatorProblem(
        .shape, "\(source) wants [.., \(inputs)] but got \(shape)", operands: [0],
        help: flat ? "put flatten before it" : nil)
    }
    let product = try weight.graph.binary(.matmul, x, weight.node, floats: true)
    guard let bias else { return product }
    return try weight.graph.binary(.add, product, bias.node)
  }

  package func copy() -> any Layer { Dense(self) }
}

/// Zeroes elements with a probability while training, and scales the others up.
package final class Dropout: Layer {
  private let rate: Double
  private let graph: Graph

  package init(_ graph: Graph, rate: Double) {
    (self.graph, self.rate) = (graph, rate)
  }

  package var source: String { "dropout(\(NumberFormat.shortest(rate)))" }
  package var parameters: [(name: String, parameter: Parameter)] { [] }

  package func forward(_ x: Node, isTraining: Bool) throws(OperatorProblem) -> Node {
    guard isTraining, rate > 0 else { return x }
    let kept = 1 - rate
    let mask = try graph.random(
      .bernoulli, Attributes(sizes: x.shape.dims, reals: [kept], dtype: x.dtype))
    let scale = try graph.record(.multiply, [mask, graph.constant(1 / kept, x.dtype)])
    return try graph.record(.multiply, [x, scale])
  }

  package func copy() -> any Layer { Dropout(graph, rate: rate) }
}

/// (x − mean) / √(var + ε) · gain + bias over the last axis (Ba, Kiros, Hinton 2016).
package final class LayerNorm: Layer {
  private let width: Int
  private let epsilon: Double
  package let gain: Parameter
  package let bias: Parameter

  package init(_ graph: Graph, width: Int, epsilon: Double) throws(OperatorProblem) {
    (self.width, self.epsilon) = (width, epsilon)
    gain = Parameter(
      "gain",
      value: try graph.record(.full, [graph.constant(1)], Attributes(sizes: [width])))
    bias = Parameter(
      "bias",
      value: try graph.record(.full, [graph.constant(0)], Attributes(sizes: [width])))
  }

  private init(_ other: LayerNorm) {
    (width, epsilon) = (other.width, other.epsilon)
    let graph = other.gain.graph
    gain = Parameter("gain", value: graph.copied(other.gain.node))
    bias = Parameter("bias", value: graph.copied(other.bias.node))
  }

  package var source: String { "layer_norm(\(width))" }
  package var parameters: [(name: String, parameter: Parameter)] {
    [("gain", gain), ("bias", bias)]
  }

  package func forward(_ x: Node, isTraining: Bool) throws(OperatorProblem) -> Node {
    guard x.shape.rank > 0, x.shape[x.shape.rank - 1] == width else {
      throw OperatorProblem(
        .shape, "\(source) wants [.., \(width)] but got \(x.shape)", operands: [0])
    }
    let rows = try gain.graph.record(.layerNormCore, [x], Attributes(reals: [epsilon]))
    let scaled = try gain.graph.binary(.multiply, rows, gain.node)
    return try gain.graph.binary(.add, scaled, bias.node)
  }

  package func copy() -> any Layer { LayerNorm(self) }
}

/// All axes but the first as one: [n, …] to [n, rest].
package final class Flatten: Layer {
  package init() {}
  package var source: String { "flatten" }
  package var parameters: [(name: String, parameter: Parameter)] { [] }

  package func forward(_ x: Node, isTraining: Bool) throws(OperatorProblem) -> Node {
    guard x.shape.rank > 0 else {
      throw OperatorProblem(.shape, "flatten wants rows, not a number", operands: [0])
    }
    let rest = x.shape.dims.dropFirst().reduce(1, *)
    return try x.graph.record(.reshape, [x], Attributes(sizes: [x.shape[0], rest]))
  }

  package func copy() -> any Layer { Flatten() }
}

/// First values of weights.
package enum Initializer: String, CaseIterable, Sendable {
  /// Uniform in ±√(6 / (inputs + outputs)) (Glorot, Bengio 2010).
  case glorot
  /// Normal with deviation √(2 / inputs) (He and others 2015).
  case he
  /// Normal with deviation 0.01.
  case normal
  case zeros

  package func make(_ graph: Graph, _ sizes: [Int]) throws(OperatorProblem) -> Node {
    let inputs = Double(max(1, sizes.first ?? 1))
    let outputs = Double(max(1, sizes.last ?? 1))
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

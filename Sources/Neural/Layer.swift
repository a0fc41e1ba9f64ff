// Layers: parameters and a forward pass, recorded as nodes.

import Autodiff
import Engine

/// A layer of a model.
///
/// A new layer is one file in `Layers/` with its class and its record, and its name in `Layers.all`.
package protocol Layer: AnyObject {
  /// The call that made it.
  var call: LayerCall { get }
  /// Parameters by name, in the order of the constructor.
  var parameters: [(name: String, parameter: Parameter)] { get }
  /// What it keeps besides and is not trained, such as running means; changed by calls in training.
  var state: [(name: String, parameter: Parameter)] { get }
  /// Layers that it is made of, with the names of its fields.
  var layers: [(name: String, layer: any Layer)] { get }
  /// y = layer(x); shapes are checked.
  func forward(_ x: Node, isTraining: Bool) throws(OperatorProblem) -> Node
  /// y = layer(x, …): with what the record says that a call takes besides, nil where it was left out.
  func forward(_ x: Node, _ operands: [Node?], isTraining: Bool) throws(OperatorProblem) -> Node
  /// A layer of its own with the same numbers.
  func copy() -> any Layer
}

extension Layer {
  /// How it prints: the source that makes it, `dense(2, 3)`.
  package var source: String { call.source }
  package var parameters: [(name: String, parameter: Parameter)] { [] }
  package var state: [(name: String, parameter: Parameter)] { [] }
  package var layers: [(name: String, layer: any Layer)] { [] }

  package func forward(_ x: Node, isTraining: Bool) throws(OperatorProblem) -> Node {
    try forward(x, call.record.operands.map { _ in nil }, isTraining: isTraining)
  }
  package func forward(_ x: Node, _ operands: [Node?], isTraining: Bool) throws(OperatorProblem)
    -> Node
  { try forward(x, isTraining: isTraining) }

  /// Its own parameters and those of its layers, by their paths: `attention.in_weight`.
  package var allParameters: [(name: String, parameter: Parameter)] { collected(\.parameters) }
  /// The same of what is kept besides.
  package var allState: [(name: String, parameter: Parameter)] { collected(\.state) }

  /// How PyTorch calls and lays out one of them.
  package func pytorch(_ path: String) -> PyTorchEntry {
    for (name, layer) in layers where path.hasPrefix(name + ".") {
      let own = layer.pytorch(String(path.dropFirst(name.count + 1)))
      return PyTorchEntry(
        name: "\(name).\(own.name)", isTransposed: own.isTransposed,
        added: own.added.map { "\(name).\($0)" })
    }
    return call.record.pytorch[path] ?? PyTorchEntry(name: path, isTransposed: false)
  }

  private func collected(_ own: KeyPath<any Layer, [(name: String, parameter: Parameter)]>)
    -> [(name: String, parameter: Parameter)]
  {
    (self as any Layer)[keyPath: own]
      + layers.flatMap { name, layer in
        layer.collected(own).map { ("\(name).\($0.name)", $0.parameter) }
      }
  }
}

/// Every layer, by its record.
package enum Layers {
  package static let all: [LayerRecord] = [
    .dense, .conv1d, .conv2d, .convTranspose2d, .maxPool, .averagePool, .globalAveragePool,
    .embedding, .lstm, .gru, .multiHeadAttention, .transformerBlock, .positions, .dropout,
    .layerNorm, .batchNorm, .flatten, .prelu,
  ]
}

/// One layer: everything that nns knows about it.
///
/// Constructor, help, completion, the examples as tests, what prints and what a saved file says are
/// made from it.
package struct LayerRecord: Sendable {
  package let name: String
  /// One sentence.
  package let summary: String
  /// Those of the constructor; a layer without any is used by its name alone, as `flatten` is.
  package let parameters: [LayerParameter]
  /// Further help: formula, shapes, the same in plain nns.
  package let details: [String]
  /// The parameter that says how many numbers a row of the input has.
  package let input: String?
  /// What a call takes besides x.
  package let operands: [LayerOperand]
  /// Programs with `# =>` lines.
  package let examples: [String]
  /// Calls with the shape of an input, for checks of the walk.
  package let samples: [LayerSample]
  /// How PyTorch calls and lays out its parameters, where that differs.
  package let pytorch: [String: PyTorchEntry]
  package let make:
    @Sendable (_ graph: Graph, _ call: LayerCall) throws(OperatorProblem) -> any Layer

  package init(
    name: String, summary: String, parameters: [LayerParameter] = [], details: [String] = [],
    input: String? = nil, operands: [LayerOperand] = [], examples: [String],
    samples: [LayerSample],
    pytorch: [String: PyTorchEntry] = [:],
    make:
      @escaping @Sendable (_ graph: Graph, _ call: LayerCall) throws(OperatorProblem) ->
      any Layer
  ) {
    (self.name, self.summary, self.parameters) = (name, summary, parameters)
    (self.input, self.operands, self.samples) = (input, operands, samples)
    (self.details, self.examples, self.pytorch, self.make) = (details, examples, pytorch, make)
  }
}

/// A tensor that a layer's call takes besides x, by name; it may be left out.
package struct LayerOperand: Sendable {
  package let name: String
  /// One phrase for help and completion.
  package let summary: String

  package init(_ name: String, _ summary: String) { (self.name, self.summary) = (name, summary) }
}

/// A layer as a program makes it, and a shape that it takes.
package struct LayerSample: Sendable {
  package let source: String
  package let input: [Int]
  /// Where the input is class numbers: how many there are.
  package let classes: Int?

  package init(_ source: String, _ input: [Int], classes: Int? = nil) {
    (self.source, self.input, self.classes) = (source, input, classes)
  }
}

/// A parameter's place in a PyTorch state_dict.
package struct PyTorchEntry: Sendable {
  package let name: String
  /// Whether rows and columns are the other way round.
  package let isTransposed: Bool
  /// A second tensor, the sum of both being the parameter.
  package let added: String?

  package init(name: String, isTransposed: Bool, added: String? = nil) {
    (self.name, self.isTransposed, self.added) = (name, isTransposed, added)
  }
}

/// One parameter of a layer's constructor.
package struct LayerParameter: Sendable {
  package enum Kind: Sendable {
    /// A whole number, no smaller than this.
    case size(atLeast: Int)
    case number
    case flag
    /// One of these words.
    case word([String])
    /// A whole number no smaller than this, or a list of one for each of so many axes.
    case sizes(axes: Int, atLeast: Int)
    /// As sizes from 0, or "same".
    case padding(axes: Int)
  }

  package let name: String
  /// One phrase for help and completion.
  package let summary: String
  package let kind: Kind
  /// Nil where it has to be given.
  package let standard: LayerArgument?

  package init(
    _ name: String, _ summary: String, _ kind: Kind, default standard: LayerArgument? = nil
  ) {
    (self.name, self.summary, self.kind, self.standard) = (name, summary, kind, standard)
  }
}

package enum LayerArgument: Hashable, Sendable {
  case number(Double)
  case flag(Bool)
  case word(String)
  /// One for each axis.
  case sizes([Int])
  case none

  /// As a program writes it.
  package var source: String {
    switch self {
    case .number(let x): NumberFormat.shortest(x)
    case .flag(let flag): flag ? "true" : "false"
    case .word(let word): "\"\(word)\""
    case .sizes(let sizes): "\(sizes)"
    case .none: "none"
    }
  }
}

/// The call of a constructor: a record, with an argument for each of its parameters.
package struct LayerCall: Sendable {
  package let record: LayerRecord
  private let arguments: [LayerArgument]

  package init(_ record: LayerRecord, _ arguments: [LayerArgument]) {
    (self.record, self.arguments) = (record, arguments)
  }

  /// `dense(2, 3, init: "he")`: what has to be given, then what differs from the standard.
  package var source: String {
    guard !record.parameters.isEmpty else { return record.name }
    let words = zip(record.parameters, arguments).compactMap { parameter, argument -> String? in
      if parameter.standard == nil { return argument.source }
      return argument == parameter.standard ? nil : "\(parameter.name): \(argument.source)"
    }
    return "\(record.name)(\(words.joined(separator: ", ")))"
  }

  /// How many numbers a row of the input has; nil where that does not matter.
  package var inputs: Int? { record.input.map(size) }

  /// Throws when the last axis of the input is not what the layer was made for.
  func checkInput(_ x: Node) throws(OperatorProblem) {
    let shape = x.shape
    guard let name = record.input, shape.dims.last != size(name) else { return }
    var help = shape.dims.last.map { "\(with(name, $0).source) takes it" }
    if shape.rank > 2, shape.dims.dropFirst().reduce(1, *) == size(name) {
      help = "put flatten before it"
    }
    throw OperatorProblem(
      .shape, "\(source) wants [.., \(size(name))] but got \(shape)", operands: [0], help: help)
  }

  /// Throws when x is no batch of sequences, [n, length, …] with the last size that the layer wants.
  func checkSequences(_ x: Node, fewest: Int = 0) throws(OperatorProblem) {
    try checkInput(x)
    guard x.shape.rank != 3 || x.shape[1] < fewest else { return }
    throw OperatorProblem(
      .shape, "\(source) wants [n, length, \(inputs ?? 0)] but got \(x.shape)", operands: [0],
      help: x.shape.rank == 2 ? "for a batch of one write {0}[none, ..]" : nil)
  }

  /// The same call with another number.
  func with(_ name: String, _ number: Int) -> LayerCall {
    LayerCall(
      record,
      zip(record.parameters, arguments).map { parameter, argument in
        parameter.name == name ? .number(Double(number)) : argument
      })
  }

  private func argument(_ name: String) -> LayerArgument? {
    zip(record.parameters, arguments).first { $0.0.name == name }?.1
  }

  func number(_ name: String) -> Double {
    if case .number(let x)? = argument(name) { return x }
    return 0
  }

  func size(_ name: String) -> Int { Int(exactly: number(name)) ?? 0 }

  /// One number for all axes, or one for each.
  func sizes(_ name: String) -> [Int] {
    if case .sizes(let sizes)? = argument(name) { return sizes }
    return [size(name)]
  }

  /// Whether nothing was given for it.
  func isNone(_ name: String) -> Bool { argument(name) == LayerArgument.none }

  func flag(_ name: String) -> Bool { argument(name) == .flag(true) }

  func word(_ name: String) -> String {
    if case .word(let word)? = argument(name) { return word }
    return ""
  }
}

// Recurrent layers over sequences.

import Autodiff
import Engine

extension LayerRecord {
  static let lstm = recurrent(
    "lstm", gates: 4, "A long short-term memory: [n, length, inputs] to [n, length, hidden].",
    details: [
      "From step to step, ⊙ element by element and σ the sigmoid:",
      "[i, f, g, o] = x_t @ weight_x + h @ weight_h + bias; "
        + "c ← σ(f) ⊙ c + σ(i) ⊙ tanh(g); h ← σ(o) ⊙ tanh(c)",
      "bias begins with 1 for f and 0 else: what is in the cell stays there at first.",
    ],
    biases: ["bias"],
    pytorch: ["bias": PyTorchEntry(name: "bias_ih_l0", isTransposed: false, added: "bias_hh_l0")],
    make: { graph, call throws(OperatorProblem) in try LSTM(graph, call) })
  static let gru = recurrent(
    "gru", gates: 3, "A gated recurrent unit: [n, length, inputs] to [n, length, hidden].",
    details: [
      "From step to step, ⊙ element by element and σ the sigmoid:",
      "[r, z, n] = x_t @ weight_x + bias_x, [r', z', n'] = h @ weight_h + bias_h;",
      "h ← (1 − σ(z + z')) ⊙ tanh(n + σ(r + r') ⊙ n') + σ(z + z') ⊙ h",
    ],
    biases: ["bias_x", "bias_h"],
    pytorch: [
      "bias_x": PyTorchEntry(name: "bias_ih_l0", isTransposed: false),
      "bias_h": PyTorchEntry(name: "bias_hh_l0", isTransposed: false),
    ],
    make: { graph, call throws(OperatorProblem) in try GRU(graph, call) })

  private static func recurrent(
    _ name: String, gates: Int, _ summary: String, details: [String], biases: [String],
    pytorch: [String: PyTorchEntry],
    make:
      @escaping @Sendable (_ graph: Graph, _ call: LayerCall) throws(OperatorProblem) -> any Layer
  ) -> LayerRecord {
    let own = [
      "weight_x": PyTorchEntry(name: "weight_ih_l0", isTransposed: true),
      "weight_h": PyTorchEntry(name: "weight_hh_l0", isTransposed: true),
    ]
    return LayerRecord(
      name: name, summary: summary,
      parameters: [
        LayerParameter("inputs", "the last size of x", .size(atLeast: 1)),
        LayerParameter("hidden", "the size of the state", .size(atLeast: 1)),
        LayerParameter(
          "last", "whether only the state after the last step is wanted, [n, hidden]", .flag,
          default: .flag(false)),
        LayerParameter(
          "reverse", "whether the steps go from the end to the beginning", .flag,
          default: .flag(false)),
      ],
      details: details + [
        "weight_x [inputs, \(gates) hidden], weight_h [hidden, \(gates) hidden], "
          + biases.joined(separator: ", ") + " [\(gates) hidden]; the state begins with zeros.",
        "lengths: how many steps of each row count; behind them the state stays and y is 0.",
      ],
      input: "inputs",
      operands: [LayerOperand("lengths", "how many steps of each row count, [n]")],
      examples: [
        "\(name)(3, 5)(ones(2, 7, 3)).shape  # => [2, 7, 5]",
        "\(name)(3, 5, last: true)(ones(2, 7, 3), lengths: [7, 4]).shape  # => [2, 5]",
        "let net = embedding(20, 8) >> \(name)(8, 16, last: true) >> dense(16, 2)\n"
          + "net([[1, 5, 19], [0, 0, 3]]).shape  # => [2, 2]",
        "\(name)(3, 5)(ones(2, 7))  # error: shape",
      ],
      samples: [
        LayerSample("\(name)(2, 2)", [1, 2, 2]),
        LayerSample("\(name)(1, 2, last: true)", [2, 2, 1]),
        LayerSample("\(name)(2, 1, reverse: true)", [1, 2, 2]),
      ],
      pytorch: own.merging(pytorch) { $1 }, make: make)
  }
}

/// What recurrent layers share: the way along the sequence.
///
/// What comes from x is one product for all steps; a step is one product with the state.
class RecurrentLayer {
  package let call: LayerCall
  fileprivate let inputWeight: Parameter
  fileprivate let stateWeight: Parameter

  fileprivate init(_ graph: Graph, _ call: LayerCall, gates: Int) throws(OperatorProblem) {
    self.call = call
    let (inputs, hidden) = (call.size("inputs"), call.size("hidden"))
    let width = hidden.multipliedReportingOverflow(by: gates).partialValue
    inputWeight = Parameter(
      "weight_x",
      value: try Initializer.glorot.make(graph, [inputs, width], fans: (inputs, hidden)))
    stateWeight = Parameter(
      "weight_h",
      value: try Initializer.glorot.make(graph, [hidden, width], fans: (hidden, hidden)))
  }

  fileprivate init(_ other: RecurrentLayer) {
    call = other.call
    (inputWeight, stateWeight) = (other.inputWeight.copy(), other.stateWeight.copy())
  }

  /// Throws when x is not [n, length, inputs] with some steps, or the lengths do not fit.
  fileprivate func check(_ x: Node, _ lengths: Node?) throws(OperatorProblem) {
    try call.checkSequences(x, fewest: 1)
    guard let lengths, lengths.shape.dims != [x.shape[0]] || lengths.dtype == .bool else { return }
    throw OperatorProblem(
      .shape,
      "lengths of \(call.record.name) are \(x.shape[0]) whole numbers, one for each row; got "
        + "\(lengths.shape)", operands: [1])
  }

  /// - Parameters:
  ///   - bias: what is added to x @ weight_x.
  ///   - step: the state after a step, [n, hidden] each, from what comes from x, [n, gates · hidden], and
  ///     the state before it; nil before the first step, where it is zeros.
  fileprivate func run(
    _ x: Node, _ lengths: Node?, bias: Parameter,
    step: (_ fromInput: Node, _ state: [Node]?) -> [Node]
  ) throws(OperatorProblem) -> Node {
    try check(x, lengths)
    let graph = inputWeight.graph
    let x = try x.converted(to: Promotion.meet(x, inputWeight.node, floats: true))
    let (n, length) = (x.shape[0], x.shape[1])
    return try graph.rule {
      let fromInputs = x.matmul(inputWeight.node) + bias.node
      let width = fromInputs.shape[2]
      let zero = graph.constant(0, x.dtype)
      var state: [Node]?
      var results = [Node](repeating: zero, count: length)
      let times = call.flag("reverse") ? Array((0..<length).reversed()) : Array(0..<length)
      for time in times {
        let fromInput = fromInputs.sliced(starts: [0, time, 0], lengths: [n, 1, width])
          .reshaped([n, width])
        let next = step(fromInput, state)
        guard let lengths else {
          (state, results[time]) = (next, next[0])
          continue
        }
        let goesOn = lengths.compare(.greater, Double(time)).reshaped([n, 1])
        results[time] = goesOn.apply(.whereOperator, [next[0], zero])
        state = next.enumerated().map { index, new in
          goesOn.apply(.whereOperator, [new, state?[index] ?? zero])
        }
      }
      if call.flag("last") { return state?[0] ?? zero }
      return results[0].apply(.stack, Array(results.dropFirst()), Attributes(sizes: [1]))
    }
  }
}

/// A long short-term memory (Hochreiter, Schmidhuber 1997; with the forget gate of Gers, Schmidhuber,
/// Cummins 2000).
final class LSTM: RecurrentLayer, Layer {
  private let bias: Parameter

  init(_ graph: Graph, _ call: LayerCall) throws(OperatorProblem) {
    let hidden = call.size("hidden")
    let gate = { (value: Double) throws(OperatorProblem) in
      try graph.record(.full, [graph.constant(value)], Attributes(sizes: [hidden]))
    }
    let (zero, one) = (try gate(0), try gate(1))
    bias = Parameter(
      "bias", value: try graph.record(.concat, [zero, one, zero, zero], Attributes(sizes: [0])))
    try super.init(graph, call, gates: 4)
  }

  private init(_ other: LSTM) {
    bias = other.bias.copy()
    super.init(other)
  }

  var parameters: [(name: String, parameter: Parameter)] {
    [("weight_x", inputWeight), ("weight_h", stateWeight), ("bias", bias)]
  }

  func forward(_ x: Node, _ operands: [Node?], isTraining: Bool) throws(OperatorProblem) -> Node {
    let weight = stateWeight.node
    guard operands[0] != nil else { return try sequence(x) }
    return try run(
      x, operands[0], bias: bias,
      step: { fromInput, state in
        let sums = state.map { fromInput + $0[0].matmul(weight) } ?? fromInput
        let next = Operator.lstmStep(sums, cell: state?[1])
        return [next.state, next.cell]
      })
  }

  /// Sequences of one length, by one operator.
  private func sequence(_ x: Node) throws(OperatorProblem) -> Node {
    try check(x, nil)
    let graph = inputWeight.graph
    let x = try x.converted(to: Promotion.meet(x, inputWeight.node, floats: true))
    let (n, length, hidden) = (x.shape[0], x.shape[1], call.size("hidden"))
    let weight = try stateWeight.node.converted(to: x.dtype)
    return try graph.rule {
      let fromInputs = x.matmul(inputWeight.node) + bias.node
      let states = fromInputs.apply(
        .lstmSteps, [weight], Attributes(flag: call.flag("reverse")))
      guard call.flag("last") else {
        return states.sliced(starts: [0, 0, 0], lengths: [n, length, hidden])
      }
      let time = call.flag("reverse") ? 0 : length - 1
      return states.sliced(starts: [0, time, 0], lengths: [n, 1, hidden]).reshaped([n, hidden])
    }
  }

  func copy() -> any Layer { LSTM(self) }
}

/// A gated recurrent unit (Cho and others 2014), the reset gate behind the product.
final class GRU: RecurrentLayer, Layer {
  private let inputBias: Parameter
  private let stateBias: Parameter

  init(_ graph: Graph, _ call: LayerCall) throws(OperatorProblem) {
    let width = call.size("hidden").multipliedReportingOverflow(by: 3).partialValue
    inputBias = Parameter("bias_x", value: try Initializer.zeros.make(graph, [width]))
    stateBias = Parameter("bias_h", value: try Initializer.zeros.make(graph, [width]))
    try super.init(graph, call, gates: 3)
  }

  private init(_ other: GRU) {
    (inputBias, stateBias) = (other.inputBias.copy(), other.stateBias.copy())
    super.init(other)
  }

  var parameters: [(name: String, parameter: Parameter)] {
    [
      ("weight_x", inputWeight), ("weight_h", stateWeight), ("bias_x", inputBias),
      ("bias_h", stateBias),
    ]
  }

  func forward(_ x: Node, _ operands: [Node?], isTraining: Bool) throws(OperatorProblem) -> Node {
    let (weight, bias) = (stateWeight.node, stateBias.node)
    return try run(
      x, operands[0], bias: inputBias,
      step: { fromInput, state in
        let own = fromInput.columnBlocks(3)
        let fromState =
          (state.map { $0[0].matmul(weight) + bias }
          ?? bias.reshaped([1, bias.shape.count])).columnBlocks(3)
        let reset = (own[0] + fromState[0]).apply(.sigmoid)
        let keep = (own[1] + fromState[1]).apply(.sigmoid)
        let new = (own[2] + reset * fromState[2]).apply(.tanh)
        return [state.map { (1 - keep) * new + keep * $0[0] } ?? (1 - keep) * new]
      })
  }

  func copy() -> any Layer { GRU(self) }
}

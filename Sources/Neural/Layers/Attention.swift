// Attention with several heads.

import Autodiff
import Engine

extension LayerParameter {
  static let attentionWidth = LayerParameter(
    "width", "the last size of x and of y", .size(atLeast: 1))
  static let heads = LayerParameter("heads", "how many heads share the width", .size(atLeast: 1))
  static let causal = LayerParameter(
    "causal", "whether a place sees only itself and what comes before it", .flag,
    default: .flag(false))
}

extension LayerRecord {
  static let multiHeadAttention = LayerRecord(
    name: "multi_head_attention",
    summary: "Every place of a sequence looks at all others: [n, length, width] to the same shape.",
    parameters: [
      .attentionWidth, .heads, .causal,
    ],
    details: [
      "Each head has width / heads = d numbers of q, k and v: softmax(q @ k' / √d) @ v",
      "[q, k, v] = x @ in_weight + in_bias, y = the heads side by side @ out_weight + out_bias",
      "memory: the sequence that k and v are made of instead, [n, places, width]",
      "mask: true where a place may look, [length, places] or [n, length, places]",
      "in_weight [width, 3 width], out_weight [width, width], uniform in ±√(6 / (2 width)); the biases 0",
    ],
    input: "width",
    operands: [
      LayerOperand("memory", "what is looked at instead of x, [n, places, width]"),
      LayerOperand("mask", "true where a place may look"),
    ],
    examples: [
      "multi_head_attention(8, 2)(ones(3, 5, 8)).shape  # => [3, 5, 8]",
      "multi_head_attention(8, 2)(ones(3, 5, 8), memory: ones(3, 9, 8)).shape  # => [3, 5, 8]",
      "let attend = multi_head_attention(4, 2, causal: true)\nlet x = randn(1, 3, 4)\n"
        + "max(abs(attend(x)[0, ..2] - attend(x[.., ..2])[0])) < 1e-6  # => true",
      "multi_head_attention(6, 4)  # error: value",
    ],
    samples: [
      LayerSample("multi_head_attention(2, 1)", [1, 2, 2]),
      LayerSample("multi_head_attention(2, 2, causal: true)", [1, 2, 2]),
    ],
    pytorch: [
      "in_weight": PyTorchEntry(name: "in_proj_weight", isTransposed: true),
      "in_bias": PyTorchEntry(name: "in_proj_bias", isTransposed: false),
      "out_weight": PyTorchEntry(name: "out_proj.weight", isTransposed: true),
      "out_bias": PyTorchEntry(name: "out_proj.bias", isTransposed: false),
    ],
    make: { graph, call throws(OperatorProblem) in try MultiHeadAttention(graph, call) })
}

/// softmax(q k' / √d) v in several heads (Vaswani and others 2017).
package final class MultiHeadAttention: Layer {
  package let call: LayerCall
  private let inWeight: Parameter
  private let inBias: Parameter
  private let outWeight: Parameter
  private let outBias: Parameter

  init(_ graph: Graph, _ call: LayerCall) throws(OperatorProblem) {
    self.call = call
    let (width, heads) = (call.size("width"), call.size("heads"))
    guard width.isMultiple(of: heads) else {
      throw OperatorProblem(
        .value,
        "the width of \(call.record.name) is shared by its heads: \(width) is no multiple of "
          + "\(heads)", operands: [1])
    }
    let triple = width.multipliedReportingOverflow(by: 3).partialValue
    let fans = (inputs: width, outputs: width)
    inWeight = Parameter(
      "in_weight", value: try Initializer.glorot.make(graph, [width, triple], fans: fans))
    inBias = Parameter("in_bias", value: try Initializer.zeros.make(graph, [triple]))
    outWeight = Parameter(
      "out_weight", value: try Initializer.glorot.make(graph, [width, width]))
    outBias = Parameter("out_bias", value: try Initializer.zeros.make(graph, [width]))
  }

  private init(_ other: MultiHeadAttention) {
    call = other.call
    (inWeight, inBias) = (other.inWeight.copy(), other.inBias.copy())
    (outWeight, outBias) = (other.outWeight.copy(), other.outBias.copy())
  }

  package var parameters: [(name: String, parameter: Parameter)] {
    [
      ("in_weight", inWeight), ("in_bias", inBias), ("out_weight", outWeight),
      ("out_bias", outBias),
    ]
  }

  package func forward(_ x: Node, _ operands: [Node?], isTraining: Bool) throws(OperatorProblem)
    -> Node
  {
    let memory = operands[0] ?? x
    try check(x, memory)
    let mask = try mask(operands[1], x, memory)
    let graph = inWeight.graph
    let dtype = Promotion.meet(x, inWeight.node, floats: true)
    let (from, to) = (try x.converted(to: dtype), try memory.converted(to: dtype))
    let (width, heads) = (call.size("width"), call.size("heads"))
    return try graph.rule {
      let queries = part(0, of: from, heads)
      let (keys, values) = (part(1, of: to, heads), part(2, of: to, heads))
      var scores = queries.matmul(keys.transposed) / Double(width / heads).squareRoot()
      if let mask {
        scores = mask.apply(.whereOperator, [scores, graph.constant(-1e30, dtype)])
      }
      let weights = scores.apply(.softmax, [], Attributes(axes: [3]))
      let mixed = weights.matmul(values).apply(.transpose, [], Attributes(sizes: [0, 2, 1, 3]))
      return mixed.reshaped(x.shape.dims).matmul(outWeight.node) + outBias.node
    }
  }

  /// Queries, keys or values, [n, heads, length, width / heads].
  private func part(_ index: Int, of x: Node, _ heads: Int) -> Node {
    let width = call.size("width")
    let weight = inWeight.node.sliced(starts: [0, index * width], lengths: [width, width])
    let bias = inBias.node.sliced(starts: [index * width], lengths: [width])
    return (x.matmul(weight) + bias).reshaped([x.shape[0], x.shape[1], heads, width / heads])
      .apply(.transpose, [], Attributes(sizes: [0, 2, 1, 3]))
  }

  private func check(_ x: Node, _ memory: Node) throws(OperatorProblem) {
    try call.checkSequences(x)
    let width = call.size("width")
    guard memory.shape.rank == 3, memory.shape[0] == x.shape[0], memory.shape[2] == width else {
      throw OperatorProblem(
        .shape,
        "memory of \(call.record.name) is [\(x.shape[0]), places, \(width)], not \(memory.shape)",
        operands: [1])
    }
  }

  // MARK: - Masks

  /// Where places may look, as it fits [n, heads, length, places].
  private func mask(_ given: Node?, _ x: Node, _ memory: Node) throws(OperatorProblem) -> Node? {
    let (n, length, places) = (x.shape[0], x.shape[1], memory.shape[1])
    var mask = call.flag("causal") ? try causalMask(length, places) : nil
    if let given {
      let dims = given.shape.dims
      guard given.dtype == .bool, dims == [length, places] || dims == [n, length, places] else {
        throw OperatorProblem(
          .shape,
          "mask of \(call.record.name) is of bools [\(length), \(places)] or [\(n), \(length), "
            + "\(places)], not \(given.dtype.name) \(given.shape)", operands: [2])
      }
      let spread = try x.graph.record(
        .reshape, [given],
        Attributes(sizes: dims.count == 2 ? dims : [n, 1, length, places]))
      mask =
        try mask.map { present throws(OperatorProblem) in
          try x.graph.record(.logicalAnd, [present, spread])
        } ?? spread
    }
    return mask
  }

  /// The last of the places is what the last query stands at.
  private func causalMask(_ length: Int, _ places: Int) throws(OperatorProblem) -> Node {
    let buffer = try Kernels.buffer(.bool, length * places)
    buffer.fill { index in
      index % places <= index / places + places - length ? 1 : 0
    }
    return inWeight.graph.leaf(buffer, Shape([length, places]))
  }

  package func copy() -> any Layer { MultiHeadAttention(self) }
}

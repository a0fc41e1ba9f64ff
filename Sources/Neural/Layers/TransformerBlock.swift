// A block of a transformer, and where its places are.

import Autodiff
import Engine
import Glibc

extension LayerRecord {
  static let transformerBlock = LayerRecord(
    name: "transformer_block",
    summary: "Attention, then two dense layers, each added to what comes in: the shape stays.",
    parameters: [
      .attentionWidth, .heads,
      LayerParameter(
        "hidden", "outputs of the first dense layer, 4 width where it is left out",
        .sizes(axes: 1, atLeast: 1), default: LayerArgument.none),
      .causal,
      LayerParameter(
        "dropout", "the share that is zeroed of what is added, while training", .number,
        default: .number(0)),
    ],
    details: [
      "x is [n, length, width]; norms come first (Xiong and others 2020):",
      "let y = x + dropout(attention(norm1(x))); y + dropout(down(gelu(up(norm2(y)))))",
      "Its layers are its fields: norm1, attention, norm2, up and down.",
      "mask: true where a place may look, [length, length] or [n, length, length]",
    ],
    input: "width", operands: [LayerOperand("mask", "true where a place may look")],
    examples: [
      "transformer_block(8, 2)(ones(3, 5, 8)).shape  # => [3, 5, 8]",
      "transformer_block(8, 2, causal: true).attention  # => multi_head_attention(8, 2, causal: true)"
        + "  # 288 parameters",
      "let net = embedding(30, 16) >> positions(10, 16) >> transformer_block(16, 4, causal: true)\n"
        + "  >> layer_norm(16) >> dense(16, 30)\nnet([[1, 2, 3, 4]]).shape  # => [1, 4, 30]",
    ],
    samples: [
      LayerSample("transformer_block(2, 1, hidden: 2)", [1, 2, 2]),
      LayerSample("transformer_block(2, 2, hidden: 1, causal: true)", [1, 2, 2]),
    ],
    make: { graph, call throws(OperatorProblem) in try TransformerBlock(graph, call) })

  static let positions = LayerRecord(
    name: "positions", summary: "Adds to each place of a sequence a row that says where it is.",
    parameters: [
      LayerParameter("length", "the most places that a sequence has", .size(atLeast: 1)),
      LayerParameter("width", "the last size of x", .size(atLeast: 1)),
      LayerParameter(
        "kind", "learned, or sines of wave lengths from 2 π to 20 000 π",
        .word(["learned", "sines"]),
        default: .word("learned")),
    ],
    details: [
      "weight [length, width], normal with deviation 1; with kind: \"sines\" it is no param:",
      "sin(p / 10000^(2 i / width)) in column 2 i of row p, the cosine in column 2 i + 1",
      "in plain nns: x -> x + weight[..x.shape[-2]]",
    ],
    input: "width",
    examples: [
      "positions(10, 4)(ones(2, 6, 4)).shape  # => [2, 6, 4]",
      "positions(3, 2, kind: \"sines\")(zeros(2, 2))  # => [[0, 1], [0.8415, 0.5403]]",
      "positions(3, 2)(zeros(4, 2))  # error: shape",
    ],
    samples: [
      LayerSample("positions(3, 2)", [1, 2, 2]),
      LayerSample("positions(2, 2, kind: \"sines\")", [2, 2]),
    ],
    make: { graph, call throws(OperatorProblem) in try Positions(graph, call) })
}

/// y = x + attention(norm1(x)), then y + down(gelu(up(norm2(y)))).
package final class TransformerBlock: Layer {
  package let call: LayerCall
  package let layers: [(name: String, layer: any Layer)]
  private let dropout: any Layer

  init(_ graph: Graph, _ call: LayerCall) throws(OperatorProblem) {
    self.call = call
    let width = LayerArgument.number(Double(call.size("width")))
    let (heads, rate) = (Double(call.size("heads")), call.number("dropout"))
    let hidden = LayerArgument.number(
      Double(call.isNone("hidden") ? 4 * call.size("width") : call.size("hidden")))
    let plain: [LayerArgument] = [.flag(true), .word(Initializer.glorot.rawValue)]
    let made = { (record: LayerRecord, arguments: [LayerArgument]) throws(OperatorProblem) in
      try record.make(graph, LayerCall(record, arguments))
    }
    layers = [
      ("norm1", try made(.layerNorm, [width, .number(1e-5)])),
      (
        "attention",
        try made(.multiHeadAttention, [width, .number(heads), .flag(call.flag("causal"))])
      ),
      ("norm2", try made(.layerNorm, [width, .number(1e-5)])),
      ("up", try made(.dense, [width, hidden] + plain)),
      ("down", try made(.dense, [hidden, width] + plain)),
    ]
    dropout = try made(.dropout, [.number(rate)])
  }

  private init(_ other: TransformerBlock) {
    call = other.call
    layers = other.layers.map { ($0.name, $0.layer.copy()) }
    dropout = other.dropout.copy()
  }

  package func forward(_ x: Node, _ operands: [Node?], isTraining: Bool) throws(OperatorProblem)
    -> Node
  {
    try call.checkInput(x)
    let parts = layers.map(\.layer)
    let graph = x.graph
    let seen = try parts[1].forward(
      parts[0].forward(x, isTraining: isTraining), [nil, operands[0]], isTraining: isTraining)
    let y = try graph.binary(.add, x, dropout.forward(seen, isTraining: isTraining))
    var inner = try parts[3].forward(
      parts[2].forward(y, isTraining: isTraining), isTraining: isTraining)
    inner = try parts[4].forward(graph.record(.gelu, [inner]), isTraining: isTraining)
    return try graph.binary(.add, y, dropout.forward(inner, isTraining: isTraining))
  }

  package func copy() -> any Layer { TransformerBlock(self) }
}

/// y = x + weight, row by row.
package final class Positions: Layer {
  package let call: LayerCall
  private let weight: Parameter?
  private let sines: Node?

  init(_ graph: Graph, _ call: LayerCall) throws(OperatorProblem) {
    self.call = call
    let sizes = [call.size("length"), call.size("width")]
    if call.word("kind") == "sines" {
      weight = nil
      sines = try Positions.sines(graph, sizes[0], sizes[1])
    } else {
      // As far from each other as the rows of an embedding, to which they are added.
      weight = Parameter(
        "weight",
        value: try graph.random(.normal, Attributes(sizes: sizes, dtype: graph.defaultDType)))
      sines = nil
    }
  }

  private init(_ other: Positions) {
    (call, sines) = (other.call, other.sines)
    weight = other.weight?.copy()
  }

  /// Rows of sines and cosines (Vaswani and others 2017).
  private static func sines(_ graph: Graph, _ length: Int, _ width: Int) throws(OperatorProblem)
    -> Node
  {
    let (count, overflows) = length.multipliedReportingOverflow(by: width)
    let buffer = try Kernels.buffer(graph.defaultDType, overflows ? .max : count)
    buffer.fill { index in
      let (place, column) = (Double(index / width), index % width)
      let angle = place / pow(10_000, Double(column / 2 * 2) / Double(width))
      return column.isMultiple(of: 2) ? sin(angle) : cos(angle)
    }
    return graph.leaf(buffer, Shape([length, width]))
  }

  package var parameters: [(name: String, parameter: Parameter)] {
    weight.map { [("weight", $0)] } ?? []
  }

  package func forward(_ x: Node, isTraining: Bool) throws(OperatorProblem) -> Node {
    try call.checkInput(x)
    let (length, width) = (call.size("length"), call.size("width"))
    let shape = x.shape
    guard shape.rank >= 2, let count = shape.dims.dropLast().last, count <= length else {
      throw OperatorProblem(
        .shape, "\(call.source) wants [.., at most \(length), \(width)] but got \(shape)",
        operands: [0])
    }
    guard let rows = weight?.node ?? sines else { return x }
    let graph = rows.graph
    let own = try graph.rule { rows.sliced(starts: [0, 0], lengths: [count, width]) }
    return try graph.binary(.add, x, count == length ? rows : own)
  }

  package func copy() -> any Layer { Positions(self) }
}

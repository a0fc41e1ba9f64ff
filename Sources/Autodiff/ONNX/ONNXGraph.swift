// A computation in the operators of ONNX, as it is built; `Datasets` writes it to a file.

import Engine

/// What an ONNX operator is told besides its operands.
package enum ONNXAttribute: Sendable, Equatable {
  case int(Int)
  case ints([Int])
  case float(Double)
  case text(String)
}

/// One operator of an ONNX graph, on values by their names.
package struct ONNXNode: Sendable {
  package let op: String
  package let inputs: [String]
  package let outputs: [String]
  package let attributes: [(name: String, value: ONNXAttribute)]
}

/// A tensor with its name.
package struct ONNXTensor {
  package let name: String
  package let shape: Shape
  package let buffer: Buffer
}

/// What goes into a graph or comes out of it; sizes that are nil are the batch's.
package struct ONNXValue: Sendable {
  package let name: String
  package let dtype: DType
  package let dims: [Int?]
}

/// A graph that is built node by node; operators are those of `ONNXGraph.opset`.
package final class ONNXGraph {
  /// The version of the operators' definitions, pinned so that files stay what they are.
  package static let opset = 20

  package private(set) var nodes: [ONNXNode] = []
  package private(set) var tensors: [ONNXTensor] = []
  package internal(set) var inputs: [ONNXValue] = []
  package internal(set) var outputs: [ONNXValue] = []
  private var names: Set<String> = []
  private var whole: [[Int]: String] = [:]
  private var scalars: [String: String] = [:]
  private var batchSize: String?

  /// A name that nothing has yet, like the one wanted.
  func name(_ wanted: String) -> String {
    var (name, count) = (wanted, 1)
    while !names.insert(name).inserted {
      count += 1
      name = "\(wanted)_\(count)"
    }
    return name
  }

  /// A tensor whose numbers are in the file.
  func add(_ buffer: Buffer, _ shape: Shape, name wanted: String) -> String {
    let name = name(wanted)
    tensors.append(ONNXTensor(name: name, shape: shape, buffer: buffer))
    return name
  }

  /// An operator with one result; gives its name.
  func add(
    _ op: String, _ inputs: [String], _ attributes: [(name: String, value: ONNXAttribute)] = [],
    name wanted: String? = nil
  ) -> String {
    let result = name(wanted ?? op.lowercased())
    nodes.append(ONNXNode(op: op, inputs: inputs, outputs: [result], attributes: attributes))
    return result
  }

  /// An operator with several results; gives their names.
  func add(
    _ op: String, _ inputs: [String], _ attributes: [(name: String, value: ONNXAttribute)] = [],
    results: Int
  ) -> [String] {
    let outputs = (0..<results).map { _ in name(op.lowercased()) }
    nodes.append(ONNXNode(op: op, inputs: inputs, outputs: outputs, attributes: attributes))
    return outputs
  }

  /// Whole numbers [n] (i64).
  func ints(_ values: [Int]) throws(OperatorProblem) -> String {
    if let known = whole[values] { return known }
    let buffer = try Graph.buffer(.i64, values: values.map(Double.init))
    let name = add(buffer, Shape([values.count]), name: "sizes")
    whole[values] = name
    return name
  }

  /// A number (0-d).
  func scalar(_ value: Double, _ dtype: DType) throws(OperatorProblem) -> String {
    let key = "\(value) \(dtype.name)"
    if let known = scalars[key] { return known }
    let name = add(try Graph.buffer(dtype, values: [value]), Shape([]), name: "number")
    scalars[key] = name
    return name
  }

  /// How many rows the inputs have, [1] (i64).
  func batch() throws(OperatorProblem) -> String {
    if let batchSize { return batchSize }
    let sizes = add("Shape", [inputs.first?.name ?? ""])
    let size = add("Gather", [sizes, try ints([0])], [("axis", .int(0))], name: "batch")
    batchSize = size
    return size
  }

  /// Names an output after what it is.
  func output(_ value: String, _ dtype: DType, _ dims: [Int?], name wanted: String) {
    let result = add("Identity", [value], name: wanted)
    outputs.append(ONNXValue(name: result, dtype: dtype, dims: dims))
  }
}

extension DType {
  /// The number of the element type in ONNX's TensorProto.
  package var onnx: Int {
    switch self {
    case .f32: 1
    case .i32: 6
    case .i64: 7
    case .bool: 9
    case .f64: 11
    }
  }
}

// Operators of plain numbers: computed in Float64 at once, without a place in the graph.

import Engine

extension Graph {
  /// What an operator makes of plain numbers (a bool stays one), and whether that is a bool; nil
  /// where it does not take numbers, or makes more than one element of them.
  ///
  /// - Parameter inputs: leaves for which `isNumber` holds.
  package func number(
    _ op: Operator, _ inputs: [Node], _ attributes: Attributes
  ) throws(OperatorProblem) -> (value: Double, isBool: Bool)? {
    guard attributes.dtype == nil else { return nil }
    let types = inputs.map { TensorType(.scalar, $0.dtype == .bool ? .bool : .f64) }
    guard let type = try? op.infer(types, attributes), type.shape.rank == 0 else { return nil }
    var buffers: [Buffer] = []
    for (input, type) in zip(inputs, types) {
      buffers.append(try Graph.buffer(type.dtype, values: [input.exact]))
    }
    let output = try Graph.buffer(type.dtype, values: [0])
    try op.kernel(
      KernelCall(
        inputs: buffers, inputShapes: inputs.map { _ in .scalar }, output: output, shape: .scalar,
        attributes: attributes))
    return (output[0], type.dtype == .bool)
  }
}

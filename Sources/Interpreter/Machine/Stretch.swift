// Tells when an operator stretches an operand, once for each place in the source.

import Autodiff
import Diagnostics
import Engine

extension Machine {
  /// Called where the session wants to know, after a binary operator has given a tensor.
  func noteStretch(_ i: Instruction, _ frame: UnsafeMutablePointer<Frame>, of result: Value) {
    guard let say = session.stretched, case .tensor(let tensor) = result else { return }
    let (chunk, position) = (frame.pointee.chunk, frame.pointee.position)
    let operands = chunk.spans[position].operands
    let inputs = tensor.node.inputs
    // A product has rules of its own.
    guard i.op != .matmul, operands.count == 2, inputs.count == 2 else { return }
    let place = Origin(
      source: chunk.sourceID, lower: operands[0].lower, upper: operands[1].upper)
    let pairs = zip(operands, [(inputs[0], inputs[1]), (inputs[1], inputs[0])]).filter {
      $0.1.0.shape.rank > 0 && $0.1.0.shape != tensor.node.shape
    }
    guard !pairs.isEmpty, session.stretchedPlaces.insert(place).inserted else { return }
    for (operand, (input, other)) in pairs {
      let name = chunk.source.slice(operand)
      let over = Self.over(input.shape, tensor.node.shape)
      let target = other.shape == tensor.node.shape ? over : "to"
      say(
        "\(name.count > 30 ? "a value" : name) \(input.shape) stretched \(target) \(tensor.node.shape)"
      )
    }
  }

  private static func over(_ shape: Shape, _ result: Shape) -> String {
    guard result.rank == 2 else { return "over" }
    if shape.dims.last == result[1] { return "over the rows of" }
    return shape.rank == 2 && shape[0] == result[0] ? "over the columns of" : "over"
  }
}

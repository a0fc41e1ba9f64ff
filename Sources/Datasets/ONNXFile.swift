// ONNX files: the messages of onnx.proto3 (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3), as
// far as models need them. Field numbers are those of that file.

import Autodiff
import Engine

package enum ONNXFile {
  /// The version of the format that came with the operators' (IR version 9).
  private static let format = 9

  /// A model as bytes.
  package static func bytes(_ graph: ONNXGraph, producer: String, version: String) -> [UInt8] {
    var operators = ProtobufMessage()
    operators.add(1, "")
    operators.add(2, ONNXGraph.opset)
    var model = ProtobufMessage()
    model.add(1, format)
    model.add(2, producer)
    model.add(3, version)
    model.add(7, message(graph))
    model.add(8, operators)
    return model.bytes
  }

  private static func message(_ graph: ONNXGraph) -> ProtobufMessage {
    var message = ProtobufMessage()
    for node in graph.nodes { message.add(1, self.message(node)) }
    message.add(2, "model")
    for tensor in graph.tensors { message.add(5, self.message(tensor)) }
    for value in graph.inputs { message.add(11, self.message(value)) }
    for value in graph.outputs { message.add(12, self.message(value)) }
    return message
  }

  private static func message(_ node: ONNXNode) -> ProtobufMessage {
    var message = ProtobufMessage()
    for input in node.inputs { message.add(1, input) }
    for output in node.outputs { message.add(2, output) }
    message.add(3, node.outputs[0])
    message.add(4, node.op)
    for (name, value) in node.attributes {
      var attribute = ProtobufMessage()
      attribute.add(1, name)
      switch value {
      case .float(let x):
        attribute.add(2, float: Float(x))
        attribute.add(20, 1)
      case .int(let x):
        attribute.add(3, x)
        attribute.add(20, 2)
      case .text(let text):
        attribute.add(4, text)
        attribute.add(20, 3)
      case .ints(let values):
        for x in values { attribute.add(8, x) }
        attribute.add(20, 7)
      }
      message.add(5, attribute)
    }
    return message
  }

  private static func message(_ tensor: ONNXTensor) -> ProtobufMessage {
    var message = ProtobufMessage()
    for size in tensor.shape.dims { message.add(1, size) }
    message.add(2, tensor.buffer.dtype.onnx)
    message.add(8, tensor.name)
    let size = tensor.buffer.count * tensor.buffer.dtype.size
    message.add(9, Array(UnsafeRawBufferPointer(start: tensor.buffer.address, count: size)))
    return message
  }

  private static func message(_ value: ONNXValue) -> ProtobufMessage {
    var shape = ProtobufMessage()
    for size in value.dims {
      var dimension = ProtobufMessage()
      if let size { dimension.add(1, size) } else { dimension.add(2, "batch") }
      shape.add(1, dimension)
    }
    var tensor = ProtobufMessage()
    tensor.add(1, value.dtype.onnx)
    tensor.add(2, shape)
    var type = ProtobufMessage()
    type.add(1, tensor)
    var message = ProtobufMessage()
    message.add(1, value.name)
    message.add(2, type)
    return message
  }
}

// The forms in ONNX of convolutions and pools.

import Engine

extension ONNXForms {
  private static let isDerivative: ONNXForm = .none(because: "it belongs to a derivative")

  static let convolutions: [(op: Operator, form: ONNXForm)] = [
    (.convolve, .made { call in call.add("Conv", call.operands, windows(call)) }),
    (
      .convolveTranspose,
      .made { call in
        // How far the images go beyond what the windows see.
        let extra = call.attributes.windows.map {
          $0.size + $0.before + $0.after - ($0.count - 1) * $0.stride - $0.reach
        }
        return call.add(
          "ConvTranspose", call.operands, windows(call) + [("output_padding", .ints(extra))])
      }
    ),
    (.convolveWeight, isDerivative),
    (
      .maxPool,
      .made { call throws(OperatorProblem) in
        try pooled(call) { call.add("MaxPool", [$0], windows(call)) }
      }
    ),
    (
      .averagePool,
      .made { call throws(OperatorProblem) in
        try pooled(call) {
          call.add("AveragePool", [$0], windows(call) + [("count_include_pad", .int(1))])
        }
      }
    ),
    (.maxPoolTake, isDerivative), (.maxPoolReturn, isDerivative),
    (.averagePoolReturn, isDerivative),
  ]

  private static func windows(_ call: ONNXCall) -> [(name: String, value: ONNXAttribute)] {
    let windows = call.attributes.windows
    return [
      ("kernel_shape", .ints(windows.map(\.kernel))), ("strides", .ints(windows.map(\.stride))),
      ("pads", .ints(windows.map(\.before) + windows.map(\.after))),
      ("dilations", .ints(windows.map(\.dilation))),
    ]
  }

  /// ONNX pools want an axis of images and one of channels.
  private static func pooled(
    _ call: ONNXCall, _ pool: (String) -> String
  ) throws(OperatorProblem) -> String {
    let windows = call.attributes.windows
    guard call.rank != windows.count + 2 else { return pool(call.operands[0]) }
    let planes = try call.ints([-1, 1] + windows.map(\.size))
    return try call.reshaped(pool(call.add("Reshape", [call.operands[0], planes])))
  }
}

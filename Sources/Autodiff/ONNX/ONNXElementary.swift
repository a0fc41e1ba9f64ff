// Logarithms of other bases, angles and hyperbolic functions in ONNX.

import Engine

extension ONNXForms {
  static let elementary: [(op: Operator, form: ONNXForm)] = [
    (.tan, .same("Tan")), (.asin, .same("Asin")), (.acos, .same("Acos")), (.atan, .same("Atan")),
    (.sinh, .same("Sinh")), (.cosh, .same("Cosh")), (.asinh, .same("Asinh")),
    (.acosh, .same("Acosh")), (.atanh, .same("Atanh")), (.ceil, .same("Ceil")),
    (.log2, logarithm(Operator.ln2)), (.log10, logarithm(Operator.ln10)),
    (
      .log1p,
      .made { call throws(OperatorProblem) in
        call.add("Log", [call.add("Add", [call.operands[0], try call.scalar(1)])])
      }
    ),
    (
      .expm1,
      .made { call throws(OperatorProblem) in
        call.add("Sub", [call.add("Exp", call.operands), try call.scalar(1)])
      }
    ),
    (
      .exp2,
      .made { call throws(OperatorProblem) in
        call.add("Pow", [try call.scalar(2), call.operands[0]])
      }
    ),
    (
      .cbrt,
      .made { call throws(OperatorProblem) in
        let root = call.add("Pow", [call.add("Abs", call.operands), try call.scalar(1.0 / 3)])
        return call.add("Mul", [call.add("Sign", call.operands), root])
      }
    ),
    (
      .trunc,
      .made { call in
        let size = call.add("Floor", [call.add("Abs", call.operands)])
        return call.add("Mul", [call.add("Sign", call.operands), size])
      }
    ),
    (.atan2, .none(because: "ONNX has no angle of two coordinates")),
    (
      .hypot,
      .made { call in
        let squares = call.operands.map { call.add("Mul", [$0, $0]) }
        return call.add("Sqrt", [call.add("Add", squares)])
      }
    ),
  ]

  /// The natural logarithm, divided by that of the base.
  private static func logarithm(_ divisor: Double) -> ONNXForm {
    .made { call throws(OperatorProblem) in
      call.add("Div", [call.add("Log", call.operands), try call.scalar(divisor)])
    }
  }
}

// The form of every operator in ONNX: https://onnx.ai/onnx/operators, the version of `ONNXGraph.opset`.

import Engine

enum ONNXForms {
  /// A test shows that every operator of the catalogue is in one of these.
  static let all: [(op: Operator, form: ONNXForm)] =
    leaves + arithmetic + elementwise + elementary + reductions + products + convolutions
    + recurrence + movement
    + selection
    + creation + losses

  private static let byOperator: [ObjectIdentifier: ONNXForm] = Dictionary(
    all.map { (ObjectIdentifier($0.op), $0.form) }, uniquingKeysWith: { first, _ in first })

  static func form(of op: Operator) -> ONNXForm {
    byOperator[ObjectIdentifier(op)] ?? .none(because: "it has no form there")
  }

  private static let recurrence: [(op: Operator, form: ONNXForm)] = [
    (.lstmSteps, .composed), (.lstmDeltas, .none(because: "it belongs to a derivative")),
  ]

  /// The operand itself.
  private static let itself: ONNXForm = .made { call in call.operands[0] }
  private static let isLeaf: ONNXForm = .none(because: "it is a leaf")

  private static let leaves: [(op: Operator, form: ONNXForm)] = [
    (.constant, isLeaf), (.number, isLeaf), (.data, isLeaf), (.variable, isLeaf),
    (.parameter, itself), (.identity, itself), (.detached, itself), (.gradient, itself),
  ]

  private static let arithmetic: [(op: Operator, form: ONNXForm)] = [
    (.add, .same("Add")), (.subtract, .same("Sub")), (.multiply, .same("Mul")),
    (.divide, .made { call in call.add("Div", [call.converted(0), call.converted(1)]) }),
    (
      .floorDivide,
      .made { call throws(OperatorProblem) in floorQuotient(call) }
    ),
    (
      .remainder,
      .made { call in
        let product = call.add("Mul", [floorQuotient(call), call.operands[1]])
        return call.add("Sub", [call.operands[0], product])
      }
    ),
    (.power, .same("Pow")), (.negate, .same("Neg")), (.maximum, .same("Max")),
    (.minimum, .same("Min")), (.equal, .same("Equal")),
    (.notEqual, .made { call in call.add("Not", [call.add("Equal", call.operands)]) }),
    (.less, .same("Less")), (.lessOrEqual, .same("LessOrEqual")), (.greater, .same("Greater")),
    (.greaterOrEqual, .same("GreaterOrEqual")), (.logicalAnd, .same("And")),
    (.logicalOr, .same("Or")), (.logicalNot, .same("Not")),
  ]

  /// ⌊a / b⌋; whole numbers by way of f64, since ONNX cuts their quotients off.
  private static func floorQuotient(_ call: ONNXCall) -> String {
    guard call.node.dtype.isInteger else {
      return call.add("Floor", [call.add("Div", call.operands)])
    }
    let quotient = call.add("Div", call.operands.map { call.cast($0, to: .f64) })
    return call.cast(call.add("Floor", [quotient]), to: call.node.dtype)
  }

  private static let elementwise: [(op: Operator, form: ONNXForm)] = [
    (.exp, .same("Exp")), (.log, .same("Log")), (.sqrt, .same("Sqrt")), (.sin, .same("Sin")),
    (.cos, .same("Cos")), (.tanh, .same("Tanh")), (.abs, .same("Abs")), (.sign, .same("Sign")),
    (.floor, .same("Floor")), (.round, .same("Round")), (.sigmoid, .same("Sigmoid")),
    (.relu, .same("Relu")), (.gelu, .same("Gelu")), (.softplus, .same("Softplus")),
    (.erf, .same("Erf")),
    (
      .silu,
      .made { call in call.add("Mul", [call.operands[0], call.add("Sigmoid", call.operands)]) }
    ),
    (
      .clip,
      .made { call throws(OperatorProblem) in
        let (low, high) = (call.attributes.reals.first, call.attributes.reals.last)
        return call.add(
          "Clip",
          [
            call.operands[0], try call.scalar(low ?? -.infinity),
            try call.scalar(high ?? .infinity),
          ])
      }
    ),
    (.convert, .made { call in call.cast(call.operands[0], to: call.node.dtype) }),
  ]

  // MARK: - Reductions

  /// A reduction whose axes are an operand.
  private static func reduction(_ op: String) -> ONNXForm {
    .made { call throws(OperatorProblem) in try reduced(op, call.converted(0), call) }
  }

  private static func reduced(_ op: String, _ x: String, _ call: ONNXCall, keep: Bool? = nil)
    throws(OperatorProblem) -> String
  {
    if call.axes.isEmpty, call.rank > 0 { return x }
    let kept = keep ?? call.attributes.keep
    return call.add(op, [x, try call.ints(call.axes)], [("keepdims", .int(kept ? 1 : 0))])
  }

  /// A reduction of truth values.
  private static func logical(_ op: String) -> ONNXForm {
    .made { call throws(OperatorProblem) in
      call.cast(try reduced(op, call.cast(call.operands[0], to: .i32), call), to: .bool)
    }
  }

  /// The mean squared distance from the mean.
  private static func variance(_ call: ONNXCall) throws(OperatorProblem) -> String {
    let x = call.operands[0]
    let centered = call.add("Sub", [x, try reduced("ReduceMean", x, call, keep: true)])
    return try reduced("ReduceMean", call.add("Mul", [centered, centered]), call)
  }

  /// The place of the first extreme along an axis, or in all elements.
  private static func place(_ op: String) -> ONNXForm {
    .made { call throws(OperatorProblem) in
      var (x, axis) = (call.operands[0], call.axes.first ?? 0)
      if call.attributes.axes == nil, call.rank != 1 {
        x = call.add("Reshape", [x, try call.ints([-1])])
        axis = 0
        let place = call.add(op, [x], [("axis", .int(0)), ("keepdims", .int(0))])
        return try call.reshaped(place)
      }
      let keep = call.attributes.keep ? 1 : 0
      return call.add(op, [x], [("axis", .int(axis)), ("keepdims", .int(keep))])
    }
  }

  /// An operator of rows along one axis.
  private static func row(_ op: String) -> ONNXForm {
    .made { call throws(OperatorProblem) in
      guard call.axes.count == 1 else { throw call.problem("it has several axes") }
      return call.add(op, call.operands, [("axis", .int(call.axes[0]))])
    }
  }

  private static let reductions: [(op: Operator, form: ONNXForm)] = [
    (.sum, reduction("ReduceSum")), (.mean, reduction("ReduceMean")),
    (.prod, reduction("ReduceProd")), (.max, reduction("ReduceMax")),
    (.min, reduction("ReduceMin")), (.any, logical("ReduceMax")), (.all, logical("ReduceMin")),
    (.argmax, place("ArgMax")), (.argmin, place("ArgMin")),
    (.logsumexp, reduction("ReduceLogSumExp")), (.norm, reduction("ReduceL2")),
    (.variance, .made { call throws(OperatorProblem) in try variance(call) }),
    (
      .std,
      .made { call throws(OperatorProblem) in call.add("Sqrt", [try variance(call)]) }
    ),
    (.softmax, row("Softmax")), (.logSoftmax, row("LogSoftmax")),
    (
      .cumsum,
      .made { call throws(OperatorProblem) in
        let axis = try call.graph.scalar(Double(call.axes.first ?? 0), .i64)
        return call.add("CumSum", [call.converted(0), axis])
      }
    ),
    (.cumprod, .none(because: "ONNX has no running products")),
    (.bincount, .none(because: "ONNX does not count")),
    (.searchsorted, .none(because: "ONNX has no search in sorted numbers")),
    (.recurrence, .none(because: "it belongs to a derivative")),
    (.otherProducts, .none(because: "it belongs to a derivative")),
  ]

  private static let products: [(op: Operator, form: ONNXForm)] = [
    (.matmul, .same("MatMul")),
    (
      .outer,
      .made { call throws(OperatorProblem) in
        let column = call.add("Reshape", [call.operands[0], try call.ints([-1, 1])])
        let row = call.add("Reshape", [call.operands[1], try call.ints([1, -1])])
        return call.add("Mul", [column, row])
      }
    ),
    (.solve, .none(because: "ONNX solves no linear systems")),
    (.cholesky, .none(because: "ONNX has no decompositions")),
    (.det, .same("Det")),
    (.logdet, .none(because: "ONNX has no decompositions")),
    (.eigh, .none(because: "ONNX has no decompositions")),
    (.qr, .none(because: "ONNX has no decompositions")),
    (.svd, .none(because: "ONNX has no decompositions")),
  ]

  private static let losses: [(op: Operator, form: ONNXForm)] = [
    (
      .layerNormCore,
      .made { call throws(OperatorProblem) in
        guard let width = call.node.shape.dims.last else { return call.operands[0] }
        let ones = try Graph.buffer(
          call.node.dtype, values: [Double](repeating: 1, count: width))
        let scale = call.graph.add(ones, Shape([width]), name: "ones")
        let epsilon = call.attributes.reals.first ?? 1e-5
        return call.add(
          "LayerNormalization", [call.operands[0], scale],
          [("axis", .int(-1)), ("epsilon", .float(epsilon))])
      }
    ),
    (.meanSquaredError, isLoss), (.crossEntropy, isLoss), (.binaryCrossEntropy, isLoss),
  ]

  private static let isLoss: ONNXForm = .none(
    because: "a loss is no part of a model that is handed on")
}

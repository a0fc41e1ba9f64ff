// Losses: one step each, with the derivative as textbooks write it. They never broadcast.

import Engine
import Glibc

extension Catalogue {
  package static let losses: [Operator] = [
    .meanSquaredError, .crossEntropy, .binaryCrossEntropy, .layerNormCore,
  ]
}

extension Operator {
  private static let pair: [Parameter] = [
    Parameter("prediction", .tensor), Parameter("target", .tensor),
  ]

  private static func equalShapes(_ name: String) -> Infer {
    { types, _ throws(OperatorProblem) in
      guard types[0].shape == types[1].shape else {
        let (a, b) = (types[0].shape, types[1].shape)
        var help: String?
        if a.count == b.count {
          help = "write reshape({1}, \(a.dims.map(String.init).joined(separator: ", ")))"
        }
        throw OperatorProblem(
          .shape,
          "\(name) wants prediction and target of equal shape: {0} is \(a), {1} is \(b)", help: help
        )
      }
      guard types[0].dtype.isFloat else {
        throw OperatorProblem(.dtype, "\(name) wants floats, {0} holds \(types[0].dtype.name)")
      }
      return TensorType(.scalar, types[0].dtype)
    }
  }

  /// The mean of f over pairs of elements.
  private static func pairMean(_ f: @escaping @Sendable (Double, Double) -> Double) -> Kernel {
    { call throws(OperatorProblem) in
      let n = call.inputs[0].count
      if call.output.dtype == .f32 {
        let (a, b) = (
          call.inputs[0].pointer(as: Float.self), call.inputs[1].pointer(as: Float.self)
        )
        var total = 0.0
        for piece in Work.pieces(n) { for i in piece { total += f(Double(a[i]), Double(b[i])) } }
        call.output.pointer(as: Float.self)[0] = Float(total / Double(n))
      } else {
        let (a, b) = (
          call.inputs[0].pointer(as: Double.self), call.inputs[1].pointer(as: Double.self)
        )
        var total = 0.0
        for piece in Work.pieces(n) { for i in piece { total += f(a[i], b[i]) } }
        call.output.pointer(as: Double.self)[0] = total / Double(n)
      }
    }
  }

  package static let meanSquaredError: Operator = Operator(
    name: "mse", summary: "The mean squared error: mean((prediction − target)²).",
    parameters: pair, formula: "mse({0}, {1})", infer: equalShapes("mse"),
    kernel: pairMean { ($0 - $1) * ($0 - $1) },
    gradient: .rule { g, node in
      let slope =
        (node.inputs[0] - node.inputs[1]) * (2 / Double(Swift.max(1, node.inputs[0].shape.count)))
      let left = g * slope
      return [left, node.inputs[1].isTracked ? -left : nil]
    }, notation: ["2 ({0} − {1}) / n", "−2 ({0} − {1}) / n"],
    elements: .along(.all, "Σ ({0} − {1})² / n"),
    composition: { inputs, _ in
      let difference = inputs[0] - inputs[1]
      let two = difference.graph.constant(2, difference.dtype)
      return difference.apply(.power, [two]).apply(.mean)
    }, samples: Samples.pairs,
    examples: ["mse([1, 2], [1, 4])  # => 2"])

  package static let binaryCrossEntropy: Operator = Operator(
    name: "binary_cross_entropy",
    summary: "−mean(t log p + (1 − t) log(1 − p)) for probabilities p; logarithms are kept ≥ −100.",
    parameters: pair, formula: "binary_cross_entropy({0}, {1})",
    infer: equalShapes("binary_cross_entropy"),
    kernel: pairMean { p, t in
      -(t * Swift.max(Glibc.log(p), -100) + (1 - t) * Swift.max(Glibc.log(1 - p), -100))
    },
    gradient: .rule { g, node in
      let (p, t) = (node.inputs[0], node.inputs[1])
      let n = Double(Swift.max(1, p.shape.count))
      let spread = (p * (1 - p)).apply(.maximum, [p.graph.constant(1e-12, p.dtype)])
      let toTarget =
        t.isTracked ? g * ((1 - p).apply(.log) - p.apply(.log)) / n : nil
      return [g * (p - t) / spread / n, toTarget]
    }, notation: ["({0} − {1}) / ({0} (1 − {0})) / n", "(log(1 − {0}) − log({0})) / n"],
    elements: .along(.all, "−Σ ({1} log({0}) + (1 − {1}) log(1 − {0})) / n"),
    composition: { inputs, _ in
      let (p, t) = (inputs[0], inputs[1])
      return -(t * p.apply(.log) + (1 - t) * (1 - p).apply(.log)).apply(.mean)
    },
    domain: 0.2...0.8,
    samples: Samples.pairs, examples: ["binary_cross_entropy([0.5], [1])  # => 0.6931"])

  /// inputs: logits [n, classes], class numbers [n] or one-hot rows [n, classes].
  package static let crossEntropy: Operator = Operator(
    name: "cross_entropy",
    summary: "The mean of −log softmax(logits) at the right class, from logits.",
    parameters: [Parameter("logits", .tensor), Parameter("target", .tensor)],
    formula: "cross_entropy({0}, {1})",
    infer: { types, _ throws(OperatorProblem) in
      let (a, b) = (types[0].shape, types[1].shape)
      guard a.rank >= 1, types[0].dtype.isFloat, b == a || b.dims == Array(a.dims.dropLast()) else {
        throw OperatorProblem(
          .shape,
          "cross_entropy wants class numbers of shape \(Shape(Array(a.dims.dropLast()))) or one-hot "
            + "rows of shape \(a): {1} is \(b)")
      }
      guard a[a.rank - 1] > 0 || a.count == 0 && b.count == 0 else {
        throw OperatorProblem(
          .index,
          "cross_entropy of no classes: {0} has the shape \(a), so that no class of {1} is one of "
            + "its columns", operands: [0, 1])
      }
      return TensorType(.scalar, types[0].dtype)
    },
    kernel: { call throws(OperatorProblem) in
      if call.output.dtype == .f32 {
        let mean = try crossEntropy(call, Float.self) { RowKernels.logSumExp($0, $1) }
        call.output.pointer(as: Float.self)[0] = Float(mean)
      } else {
        let mean = try crossEntropy(call, Double.self) { RowKernels.logSumExp($0, $1) }
        call.output.pointer(as: Double.self)[0] = mean
      }
    },
    gradient: .rule { g, node in
      let (logits, target) = (node.inputs[0], node.inputs[1])
      let classes = logits.shape[logits.shape.rank - 1]
      let rows = Double(Swift.max(1, logits.shape.count / Swift.max(1, classes)))
      let hot =
        target.shape == logits.shape
        ? target : target.apply(.oneHot, [], Attributes(sizes: [classes], dtype: logits.dtype))
      let axis = [logits.shape.rank - 1]
      let p = logits.apply(.softmax, [], Attributes(axes: axis))
      let weight = target.shape == logits.shape ? hot.sum(axes: axis, keep: true) * p : p
      let toTarget =
        target.isTracked ? -(g * logits.apply(.logSoftmax, [], Attributes(axes: axis))) / rows : nil
      return [g * (weight - hot) / rows, toTarget]
    }, notation: ["(softmax({0}) − one_hot({1})) / rows", "−log_softmax({0}) / rows"],
    notationForm: { node in
      node.inputs[0].shape == node.inputs[1].shape
        ? ["(softmax({0}) · row_sum({1}) − {1}) / rows", "−log_softmax({0}) / rows"] : nil
    }, elements: .along(.all, "−Σ one_hot({1}) · log_softmax({0}) / rows"),
    composition: { inputs, _ in
      let (logits, target) = (inputs[0], inputs[1])
      let axis = [logits.shape.rank - 1]
      let classes = logits.shape[axis[0]]
      let hot =
        target.shape == logits.shape
        ? target : target.apply(.oneHot, [], Attributes(sizes: [classes], dtype: logits.dtype))
      let logs = logits.apply(.logSoftmax, [], Attributes(axes: axis))
      return -(hot * logs).sum(axes: axis, keep: false).apply(.mean)
    },
    samples: Samples.crossEntropy,
    examples: ["cross_entropy([[1, 2, 3]], [0])  # => 2.4076"])

  @inline(__always)
  private static func crossEntropy<T: BinaryFloatingPoint>(
    _ call: KernelCall, _: T.Type, _ logSumExp: (UnsafePointer<T>, Int) -> T
  ) throws(OperatorProblem) -> Double {
    let (logits, target) = (call.inputs[0], call.inputs[1])
    let classes = call.inputShapes[0][call.inputShapes[0].rank - 1]
    let rows = classes == 0 ? 0 : logits.count / classes
    let x = UnsafePointer(logits.pointer(as: T.self))
    var total = 0.0
    var work = Work()
    guard call.inputShapes[1] == call.inputShapes[0] else {
      for row in 0..<rows {
        let c = try Kernels.checkedClass(target, row, classes, operand: 1)
        let line = x + row * classes
        total -= Double(line[c] - logSumExp(line, classes))
        if work.isOver(after: classes) { break }
      }
      return total / Double(rows)
    }
    var weights = target
    if target.dtype != logits.dtype {
      weights = try Kernels.guarded { () throws(MemoryProblem) in
        try Buffer(logits.dtype, count: target.count)
      }
      try Conversion.convert(target, weights)
    }
    defer { withExtendedLifetime(weights) {} }
    let w = UnsafePointer(weights.pointer(as: T.self))
    for row in 0..<rows {
      let start = row * classes
      let normaliser = logSumExp(x + start, classes)
      for piece in Work.pieces(classes) {
        for i in piece where w[start + i] != 0 {
          total -= Double(w[start + i] * (x[start + i] - normaliser))
        }
      }
      if work.isOver(after: classes) { break }
    }
    return total / Double(rows)
  }

  /// Rows with mean 0 and variance 1 along the last axis; reals: epsilon.
  package static let layerNormCore: Operator = Operator(
    name: "standardize_rows", summary: "Rows with mean 0 and variance 1 along the last axis.",
    parameters: [Parameter("x", .tensor)], formula: "({0} − mean) / √(var + ε)",
    infer: { types, _ throws(OperatorProblem) in
      guard types[0].shape.rank > 0, types[0].dtype.isFloat else {
        throw OperatorProblem(.shape, "layer_norm wants float rows, {0} is \(types[0].shape)")
      }
      return types[0]
    },
    kernel: { call throws(OperatorProblem) in
      let width = call.shape[call.shape.rank - 1]
      guard width > 0 else { return }
      let epsilon = call.attributes.reals.first ?? 1e-5
      RowKernels.apply(
        .standardize(epsilon: epsilon), call.inputs[0], call.output, length: width)
    },
    gradient: .rule { g, node in
      let x = node.inputs[0]
      let axis = [x.shape.rank - 1]
      let n = Double(Swift.max(1, x.shape[axis[0]]))
      let variance = x.apply(.variance, [], Attributes(axes: axis, keep: true))
      let deviation = (variance + (node.attributes.reals.first ?? 1e-5)).apply(.sqrt)
      let meanG = g.sum(axes: axis, keep: true) / n
      let meanGY = (g * node).sum(axes: axis, keep: true) / n
      return [(g - meanG - node * meanGY) / deviation]
    }, notation: ["({g} − Σ {g} / n − {y} (Σ {g} · {y}) / n) / √(var + ε)"],
    elements: .along(.last, "({0} − mean) / √(var + ε)"),
    composition: { inputs, node in
      let x = inputs[0]
      let row = Attributes(axes: [x.shape.rank - 1], keep: true)
      let spread = x.apply(.variance, [], row) + (node.attributes.reals.first ?? 1e-5)
      return (x - x.apply(.mean, [], row)) / spread.apply(.sqrt)
    },
    samples: Samples.rows.map { Sample([$0], Attributes(reals: [1e-5])) },
    isHidden: true)
}

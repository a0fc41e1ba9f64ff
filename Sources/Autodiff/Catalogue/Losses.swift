// Losses: one step each, with the derivative as textbooks write it. They never broadcast.

import Engine
import Glibc

extension Catalogue {
  static let losses: [Operator] = [
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
        for i in 0..<n { total += f(Double(a[i]), Double(b[i])) }
        call.output.pointer(as: Float.self)[0] = Float(total / Double(n))
      } else {
        let (a, b) = (
          call.inputs[0].pointer(as: Double.self), call.inputs[1].pointer(as: Double.self)
        )
        var total = 0.0
        for i in 0..<n { total += f(a[i], b[i]) }
        call.output.pointer(as: Double.self)[0] = total / Double(n)
      }
    }
  }

  private static let lossSamples: [Sample] = [
    [[], []], [[1], [1]], [[4], [4]], [[2, 3], [2, 3]], [[3, 1], [3, 1]], [[2, 2, 2], [2, 2, 2]],
  ].map { Sample($0) }

  package static let meanSquaredError: Operator = Operator(
    name: "mse", summary: "The mean squared error: mean((prediction − target)²).",
    parameters: pair, formula: "mse({0}, {1})", infer: equalShapes("mse"),
    kernel: pairMean { ($0 - $1) * ($0 - $1) },
    gradient: .rule { g, node in
      let slope =
        (node.inputs[0] - node.inputs[1]) * (2 / Double(Swift.max(1, node.inputs[0].shape.count)))
      let left = g * slope
      return [left, node.inputs[1].isTracked ? -left : nil]
    }, notation: ["2 ({0} − {1}) / n", "−2 ({0} − {1}) / n"], samples: lossSamples,
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
    domain: 0.2...0.8,
    samples: lossSamples, examples: ["binary_cross_entropy([0.5], [1])  # => 0.6931"])

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
      return TensorType(.scalar, types[0].dtype)
    },
    kernel: { call throws(OperatorProblem) in
      let classes = call.inputShapes[0][call.inputShapes[0].rank - 1]
      let rows = classes == 0 ? 0 : call.inputs[0].count / classes
      let isOneHot = call.inputShapes[1] == call.inputShapes[0]
      var total = 0.0
      for row in 0..<rows {
        let logits = (0..<classes).map { call.inputs[0][row * classes + $0] }
        let largest = logits.max() ?? 0
        let sum = logits.reduce(0) { $0 + Glibc.exp($1 - largest) }
        let normaliser = largest + Glibc.log(sum)
        if isOneHot {
          for c in 0..<classes {
            total -= call.inputs[1][row * classes + c] * (logits[c] - normaliser)
          }
        } else {
          let target = call.inputs[1][row]
          guard let c = Int(exactly: target), c >= 0, c < classes else {
            throw OperatorProblem(
              .index,
              "the class \(NumberFormat.shortest(target)) in row \(row) is none of 0 … \(classes - 1)",
              operands: [1])
          }
          total -= logits[c] - normaliser
        }
      }
      let mean = total / Double(rows)
      if call.output.dtype == .f32 {
        call.output.pointer(as: Float.self)[0] = Float(mean)
      } else {
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
      let logarithm = { logits.apply(.logSoftmax, [], Attributes(axes: axis)) }
      let toTarget =
        target.isTracked && target.shape == logits.shape ? -(g * logarithm()) / rows : nil
      return [g * (weight - hot) / rows, toTarget]
    }, notation: ["(softmax({0}) − one_hot({1})) / n", "−log_softmax({0}) / n"], samples: [],
    examples: ["cross_entropy([[1, 2, 3]], [0])  # => 2.4076"])

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
      func run<T: BinaryFloatingPoint & SIMDScalar>(_: T.Type) {
        for row in 0..<call.shape.count / width {
          let x = UnsafePointer(call.inputs[0].pointer(as: T.self)) + row * width
          let y = call.output.pointer(as: T.self) + row * width
          let mean = Reductions.sum(x, width) / T(width)
          var variance: T = 0
          for i in 0..<width { variance += (x[i] - mean) * (x[i] - mean) }
          let scale = 1 / (variance / T(width) + T(epsilon)).squareRoot()
          for i in 0..<width { y[i] = (x[i] - mean) * scale }
        }
      }
      if call.output.dtype == .f32 { run(Float.self) } else { run(Double.self) }
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
    }, notation: ["({g} − mean({g}) − {y} mean({g} {y})) / √(var + ε)"],
    samples: [[3], [2, 4], [1, 3], [2, 2, 3]].map { Sample([$0], Attributes(reals: [1e-5])) },
    isHidden: true)
}

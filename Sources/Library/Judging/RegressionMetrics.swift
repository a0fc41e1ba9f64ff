// What predictions of numbers are judged by.

import Autodiff
import Engine
import Interpreter

enum RegressionMetricFunctions {
  static let all: [HostFunction] = [
    metric(
      "r2", "The share of the targets' variance that is explained: 1 is perfect, 0 is their mean.",
      details: [
        "1 − Σ (target − prediction)² / Σ (target − mean)²; of several columns the mean of theirs.",
        "Of constant targets it is 1 where they are met and 0 else, as scikit-learn's.",
      ], example: "r2([1, 2, 4], [1, 2, 3])  # => 0.5"
    ) { p, t in
      let mean = t.reduce(0, +) / Double(t.count)
      let rest = zip(p, t).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      let all = t.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      return all > 0 ? 1 - rest / all : rest == 0 ? 1 : 0
    },
    metric(
      "rmse", "The root of the mean squared error, in the targets' unit.", details: [],
      example: "rmse([1, 2], [1, 4])  # => 1.4142"
    ) { p, t in
      (zip(p, t).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(t.count)).squareRoot()
    },
    metric(
      "mape", "The mean error as a share of the target.",
      details: ["mean(|prediction − target| / |target|), where the target is not near 0."],
      example: "mape([110, 45], [100, 50])  # => 0.1"
    ) { p, t in
      zip(p, t).reduce(0) {
        $0 + ($1.0 - $1.1).magnitude / max($1.1.magnitude, Double.ulpOfOne)
      } / Double(t.count)
    },
  ]

  private static func metric(
    _ name: String, _ summary: String, details: [String], example: String,
    _ column: @escaping @Sendable (_ p: [Double], _ t: [Double]) -> Double
  ) -> HostFunction {
    HostFunction(
      name: name, summary: summary, category: "Metrics",
      parameters: [
        HostFunction.Parameter("prediction", "[n], [n, 1] or [n, k]"),
        HostFunction.Parameter("target", "as many numbers"),
      ],
      details: details, examples: [example],
      action: { call in
        let (p, t) = (try call.tensor(0), try call.tensor(1))
        let rows = t.shape.dims.first ?? 1
        // One column may come as a vector, or as a matrix.
        let width = t.shape.count / max(1, rows)
        guard p.shape.rank <= 2, t.shape.rank <= 2, p.shape.count == t.shape.count,
          p.shape == t.shape || width == 1 && p.shape.dims.first == rows
        else {
          throw Problem(
            .shape, "\(name) compares equal shapes: {0} is \(p.shape), {1} is \(t.shape)",
            arguments: [0, 1])
        }
        guard t.shape.count > 0 else { return .number(.nan) }
        let graph = call.session.graph
        let (a, b) = (try graph.values(p), try graph.values(t))
        let figures = (0..<width).map { c in
          let places = stride(from: c, to: b.count, by: width)
          return column(places.map { a[$0] }, places.map { b[$0] })
        }
        return .number(figures.reduce(0, +) / Double(width))
      })
  }
}

// What a classifier of two features says everywhere, with the points that it learned from.

import Autodiff
import Engine
import Interpreter
import Plots

enum DecisionFigure {
  private typealias P = HostFunction.Parameter

  static let decisionBoundary: HostFunction = HostFunction(
    name: "decision_boundary",
    summary: "The classes that a model of two features gives everywhere.",
    category: "Plots",
    parameters: [
      P("net", "a model or function of [n, 2]"), P("x", "points [n, 2]"),
      P("y", "the class of each point", default: .optional("none")),
      P("title", "above the figure", default: .optional("none")),
    ],
    details: [
      "One column of scores counts as class 1 above 0, or above 0.5 where all lie between 0 and 1;",
      "of several the largest is the class; numbers without columns are classes already.",
      "Points of a class have a colour and a mark; the ground is the class that the model gives. It is",
      "asked on a grid, and closer where two classes meet.",
    ],
    examples: [
      "seed(1)\nlet (x, y) = moons(60)\nlet net = dense(2, 8) >> tanh >> dense(8, 2)\n"
        + "type(decision_boundary(net, x, y))  # => figure",
      "decision_boundary(relu, ones(3, 4))  # error: shape",
    ],
    action: { call in try make(call) })

  private static func make(_ call: Call) throws -> Value {
    let points = try call.tensor(1)
    guard points.shape.rank == 2, points.shape[1] == 2, points.shape[0] > 0 else {
      throw Problem(
        .shape, "decision_boundary wants points [n, 2], not \(points.shape)", argument: 1)
    }
    let graph = call.session.graph
    let values = try graph.values(points)
    let xs = stride(from: 0, to: values.count, by: 2).map { values[$0] }
    let ys = stride(from: 1, to: values.count, by: 2).map { values[$0] }
    let (across, down) = (try range(xs), try range(ys))
    let ground = try DecisionGrid(call: call, dtype: points.dtype, x: across, y: down).answer()
    let labels = call.isGiven(2) ? try graph.values(call.tensor(2)) : []
    guard labels.isEmpty || labels.count == xs.count else {
      throw Problem(
        .shape, "there are \(labels.count) classes for \(xs.count) points", argument: 2)
    }
    let title = call.isGiven(3) ? try call.string(3) : nil
    return try FigureFunctions.drawn { () throws(PlotProblem) -> Figure in
      var figure = try Figure().heatmap(
        ground.values, rows: ground.rows, columns: ground.columns, x: across, y: down,
        isOfClasses: ground.isOfClasses, PlotOptions(title: title))
      guard !labels.isEmpty else {
        return try figure.scatter(x: PlotValues(xs), y: PlotValues(ys))
      }
      let kinds = Array(Set(labels)).sorted()
      for kind in kinds {
        figure = try ClassPoints.add(
          to: figure, labels.indices.filter { labels[$0] == kind }, x: xs, y: ys,
          color: Int(max(0, min(999, kind))), label: NumberFormat.shortest(kind))
      }
      return figure
    }
  }

  /// The range of the points with a margin.
  private static func range(_ values: [Double]) throws -> ClosedRange<Double> {
    let finite = values.filter(\.isFinite)
    guard let low = finite.min(), let high = finite.max() else {
      throw Problem(.value, "there is no point that is finite", argument: 1)
    }
    let room = max((high - low) * 0.12, 1e-6 * max(1, high.magnitude))
    return low - room...high + room
  }
}

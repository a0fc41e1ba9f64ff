// What a classifier of two features says everywhere, with the points that it learned from.

import Autodiff
import Engine
import Interpreter
import Plots

enum DecisionFigure {
  private typealias P = HostFunction.Parameter
  /// Places that are asked, across and down.
  private static let grid = (across: 96, down: 72)

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
      "Points of a class have a colour and a mark; the ground is the class that the model gives.",
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
    let classes = try self.classes(call, points.dtype, across, down)
    let labels = call.isGiven(2) ? try graph.values(call.tensor(2)) : []
    guard labels.isEmpty || labels.count == xs.count else {
      throw Problem(
        .shape, "there are \(labels.count) classes for \(xs.count) points", argument: 2)
    }
    let title = call.isGiven(3) ? try call.string(3) : nil
    return try FigureFunctions.drawn { () throws(PlotProblem) -> Figure in
      var figure = try Figure().heatmap(
        classes, rows: grid.down, columns: grid.across, x: across, y: down,
        isOfClasses: classes.allSatisfy { $0 >= 0 && $0 == $0.rounded() && $0 < 1000 },
        PlotOptions(title: title))
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

  /// The class at every place of the grid, the lowest row first.
  private static func classes(
    _ call: Call, _ dtype: DType, _ across: ClosedRange<Double>, _ down: ClosedRange<Double>
  ) throws -> [Double] {
    let graph = call.session.graph
    let place = { (index: Int, count: Int, range: ClosedRange<Double>) in
      range.lowerBound
        + (Double(index) + 0.5) / Double(count) * (range.upperBound - range.lowerBound)
    }
    var places: [Double] = []
    for row in 0..<grid.down {
      for column in 0..<grid.across {
        places += [place(column, grid.across, across), place(row, grid.down, down)]
      }
    }
    let count = grid.down * grid.across
    let asked = try graph.tensor(
      places, shape: [count, 2], dtype: dtype.isFloat ? dtype : graph.defaultDType)
    let answer = try call.session.call(try call.function(0), [.tensor(asked)])
    guard let scores = call.session.node(answer), scores.shape.rank > 0, scores.shape[0] == count,
      scores.shape.rank <= 2
    else {
      throw Problem(
        .shape, "the model gives no class or scores for each of \(count) points", argument: 0)
    }
    let values = try graph.values(scores)
    guard scores.shape.rank == 2 else { return values }
    let width = scores.shape[1]
    guard width > 1 else {
      let isShare = values.allSatisfy { $0 >= 0 && $0 <= 1 }
      return values.map { $0 > (isShare ? 0.5 : 0) ? 1 : 0 }
    }
    return (0..<count).map { row in
      let own = values[row * width..<(row + 1) * width]
      return Double((own.indices.max { own[$0] < own[$1] } ?? own.startIndex) - own.startIndex)
    }
  }
}

// Points of classes: each class has its colour, its mark and its line in the legend.

import Engine
import Interpreter
import Plots

enum ClassPoints {
  private static let most = 24

  /// The figure with the points of one class.
  static func add(
    to figure: Figure, _ rows: [Int], x: [Double], y: [Double], color: Int, label: String,
    _ options: PlotOptions = PlotOptions()
  ) throws(PlotProblem) -> Figure {
    var own = options
    (own.color, own.label) = (PlotColor.className(color), label)
    return try figure.scatter(
      x: PlotValues(rows.map { x[$0] }), y: PlotValues(rows.map { y[$0] }), own)
  }

  /// `scatter` with classes.
  static func drawn(_ call: Call) throws -> Value {
    let data = FigureData(call, count: 3)
    let series = try data.series()
    guard series.count == 1 else {
      throw Problem(.value, "scatter takes classes for one column of points", argument: 3)
    }
    guard call.given("color") == nil else {
      throw Problem(.value, "classes have colours of their own: leave out color")
    }
    let (classes, names) = try self.classes(call)
    let count = series[0].y.count
    guard classes.count == count else {
      throw Problem(
        .shape, "there are \(classes.count) classes for \(count) points", argument: 3)
    }
    let labels = try self.labels(call, names)
    var options = try FigureFunctions.readOptions(call, 0, of: labels.isGiven ? names.count : 1)
    options.hasDates = data.hasDates
    let y = (0..<count).map { series[0].y[$0] }
    let x = series[0].x.map { x in (0..<count).map { x[$0] } } ?? (0..<count).map(Double.init)
    return try FigureFunctions.drawn { () throws(PlotProblem) -> Figure in
      var figure = data.figure
      for index in names.indices {
        figure = try add(
          to: figure, classes.indices.filter { classes[$0] == index }, x: x, y: y, color: index,
          label: labels.texts[index], options)
      }
      return figure
    }
  }

  /// For each point the index of its class, and what the classes are called, in order.
  private static func classes(_ call: Call) throws -> (of: [Int], names: [String]) {
    let own: [String]
    let names: [String]
    if let texts = FigureData.texts(call, 3) {
      own = try texts.map { try call.session.display($0) }
      names = Array(Set(own)).sorted()
    } else {
      // A negative zero is the same class.
      let numbers = try call.session.graph.values(call.tensor(3)).map { $0 + 0 }
      if let place = numbers.firstIndex(where: \.isNaN) {
        throw Problem(.value, "the class of point \(place) is nan", argument: 3)
      }
      own = numbers.map { NumberFormat.shortest($0) }
      names = Array(Set(numbers)).sorted().map { NumberFormat.shortest($0) }
    }
    guard names.count <= most else {
      throw Problem(
        .value, "scatter draws at most \(most) classes, not \(names.count)", argument: 3,
        help: "classes are few different numbers or texts, one for each point")
    }
    let places = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
    return (own.map { places[$0] ?? 0 }, names)
  }

  private static func labels(_ call: Call, _ names: [String]) throws -> (
    texts: [String], isGiven: Bool
  ) {
    guard let place = call.given("label") else { return (names, false) }
    if case .string = call.value(place) {
      throw Problem(
        .value, "label: names every class, in a list of \(names.count)", argument: place)
    }
    let texts = try call.elements(place).map { try call.session.display($0) }
    guard texts.count == names.count else {
      throw Problem(
        .value, "there are \(texts.count) labels for \(names.count) classes", argument: place)
    }
    return (texts, true)
  }
}

// Plots as values: drawn when printed, overlaid by a pipe, saved as SVG.

import Autodiff
import Diagnostics
import Engine
import Interpreter
import Plots

/// A figure of the language: a value.
final class FigureObject: ForeignObject {
  let figure: Figure
  init(_ figure: Figure) { self.figure = figure }
  var typeName: String { "figure" }
  func describe(_ session: Session) throws -> StyledText {
    let text = TerminalPlot.render(figure, width: session.width)
    guard !figure.isEmpty else { return text }
    return InlinePictures.over(text, session) { SVGPlot.render(figure) }
  }
  func isEqual(to other: any ForeignObject) -> Bool { (other as? FigureObject)?.figure == figure }
}

enum FigureFunctions {
  static let all: [HostFunction] = [
    line, scatter, histogram, heatmap, show, DecisionFigure.decisionBoundary, FigureGrid.figureGrid,
  ]
  private typealias P = HostFunction.Parameter

  private static let overlay = P(
    "figure", "a figure to draw over; it may also come first", default: .optional("none"))

  private static let options: [HostFunction.Parameter] = [
    P("color", "a colour's name or #rrggbb", default: .optional("none")),
    P("label", "for the legend; a list for several columns", default: .optional("none")),
    P("title", "above the figure", default: .optional("none")),
    P("xlabel", "below the x axis", default: .optional("none")),
    P("ylabel", "beside the y axis", default: .optional("none")),
  ]

  /// Of axes that may be logarithmic.
  private static let scales: [HostFunction.Parameter] = [
    P("xscale", "\"log\" for equal factors along the x axis", default: .optional("\"linear\"")),
    P("yscale", "\"log\" for equal factors along the y axis", default: .optional("\"linear\"")),
  ]

  /// Runs what draws; its problems become those of the language.
  static func drawn(_ body: () throws(PlotProblem) -> Figure) throws -> Value {
    do throws(PlotProblem) { return .foreign(FigureObject(try body())) } catch .interrupted {
      throw Problem(.interrupt, "interrupted")
    } catch { throw Problem(.value, error.message, help: error.help) }
  }

  /// The options of the n-th of `count` layers that a call adds.
  static func readOptions(_ call: Call, _ index: Int = 0, of count: Int = 1) throws
    -> PlotOptions
  {
    let text = { (name: String) throws -> String? in
      guard let place = call.given(name) else { return nil }
      if name == "label", case .list(let labels) = call.value(place) {
        guard labels.elements.count == count else {
          throw Problem(
            .value, "there are \(labels.elements.count) labels for \(count) columns",
            argument: place)
        }
        return try call.session.display(labels.elements[index])
      }
      let text = try call.string(place)
      return name == "label" && count > 1 ? "\(text) \(index)" : text
    }
    return PlotOptions(
      color: try text("color"), label: try text("label"), title: try text("title"),
      xLabel: try text("xlabel"), yLabel: try text("ylabel"),
      isLogarithmic: (try isLogarithmic(call, "xscale"), try isLogarithmic(call, "yscale")))
  }

  /// Whether a call wants an axis to be logarithmic; nil where it says nothing.
  private static func isLogarithmic(_ call: Call, _ name: String) throws -> Bool? {
    guard let place = call.given(name) else { return nil }
    let scale = try call.string(place)
    guard scale == "log" || scale == "linear" else {
      throw Problem(
        .value, "\(name) is \"linear\" or \"log\", not \"\(scale)\"", argument: place)
    }
    return scale == "log"
  }

  static let line: HostFunction = HostFunction(
    name: "line", summary: "A line through points, or the curve of a function.",
    category: "Plots",
    parameters: [
      P("x", "y alone, or x; or a function"),
      P("y", "numbers, or a function of x", default: .optional("none")), overlay,
      P("from", "where the curve of a function begins", default: .optional("-5")),
      P("to", "where it ends", default: .optional("5")),
    ] + options + scales,
    details: [
      "line(y) counts x from 0. A matrix gives a line a column.",
      "Where x is a list of texts such as 2024-03-01, 2024-03 or 2024-03-01T12:30, its axis has dates.",
      "line(f, from: 0, to: 3) is the curve of a function, line(x, f) that of f at the numbers x.",
      "figure |> line(_, x, y) draws over a figure.",
    ],
    examples: [
      "type(line([1, 4, 9]))  # => figure",
      "type(line([1, 10, 100], yscale: \"log\"))  # => figure",
      "type(line([\"2024-03-01\", \"2024-03-08\"], [3, 5]))  # => figure",
      "line([0, 1], yscale: \"log\")  # error: value",
      "type(scatter([1, 2], [2, 4]) |> line(_, x -> 2 * x, label: \"2x\"))  # => figure",
      "line([])  # error: value",
    ],
    action: { call in
      try drawnSeries(call) { figure, x, y, options throws(PlotProblem) -> Figure in
        try figure.line(x: x, y: y, options) { Interrupts.isRequested }
      }
    })

  static let scatter: HostFunction = HostFunction(
    name: "scatter", summary: "Points.", category: "Plots",
    parameters: [
      P("x", "y alone, or x; texts such as 2024-03-01 are dates"),
      P("y", "numbers", default: .optional("none")), overlay,
      P("classes", "the class of each point: numbers or texts", default: .optional("none")),
    ] + options + scales,
    details: [
      "Points of a class have a colour and a mark; label: names the classes in their order, smaller",
      "numbers first, texts by the alphabet.",
      "scatter(y) counts x from 0. Each column of a matrix has a colour of its own.",
      "figure |> scatter(_, x, y) draws over a figure.",
    ],
    examples: [
      "type(scatter([1, 2], [3, 4]))  # => figure",
      "type(scatter([1, 2, 3], [3, 4, 3], classes: [0, 1, 0]))  # => figure",
      "type(scatter([1, 2], [3, 4], classes: [\"b\", \"a\"], label: [\"ash\", \"birch\"]))  # => figure",
      "scatter([1, 2], [3, 4], classes: [0, 1, 1])  # error: shape",
      "scatter([1, 2], [3])  # error: shape",
    ],
    action: { call in
      if call.isGiven(3) { return try ClassPoints.drawn(call) }
      return try drawnSeries(call) { figure, x, y, options throws(PlotProblem) -> Figure in
        try figure.scatter(x: x, y: y, options) { Interrupts.isRequested }
      }
    })

  static let histogram: HostFunction = HostFunction(
    name: "histogram", summary: "How often values fall into bins of equal width.",
    category: "Plots",
    parameters: [
      P("x", "numbers"), overlay,
      P("bins", "how many, 1 to 10000", default: .optional("as many as suit the values")),
    ] + options + scales,
    details: [
      "A matrix counts as one list of numbers. figure |> histogram(_, x) draws over a figure.",
      "With xscale: \"log\" the bins are equally wide on that axis: each reaches as many times further.",
    ],
    examples: [
      "type(histogram([1, 2, 2], bins: 2))  # => figure",
      "type(histogram([1, 10, 100], bins: 2, xscale: \"log\"))  # => figure",
      "histogram([1, 2], bins: 0)  # error: value",
    ],
    action: { call in
      let data = FigureData(call, count: 2)
      guard let place = data.places.first, data.places.count == 1 else {
        throw Problem(
          .type, "histogram wants numbers\(data.places.isEmpty ? "" : " once")",
          help: data.places.isEmpty ? nil : "write bins: 20 for the number of bins")
      }
      let values = try data.all(place)
      let bins = call.isGiven(2) ? try call.int(2) : nil
      let options = try readOptions(call)
      return try drawn { () throws(PlotProblem) -> Figure in
        try data.figure.histogram(values, bins: bins, options) {
          Interrupts.isRequested
        }
      }
    })

  static let heatmap: HostFunction = HostFunction(
    name: "heatmap", summary: "A matrix as colours.", category: "Plots",
    parameters: [
      P("x", "a matrix [rows, columns]"), overlay,
      P("xrange", "(from, to): where the columns lie on the x axis", default: .optional("none")),
      P("yrange", "(from, to): where the rows lie on the y axis", default: .optional("none")),
      P("numbers", "whether the numbers are written into the cells", default: .optional("false")),
      P("labels", "names of the rows, and of the columns: a list", default: .optional("none")),
    ] + options.filter { $0.name != "color" && $0.name != "label" },
    details: [
      "Without yrange the axes count rows and columns, the first row on top; with it the first row is",
      "at the bottom, as in a plot of a function of x and y. Lines and points can be drawn over it.",
      "heatmap(confusion_matrix(prediction, truth), numbers: true) is a picture of who is taken for whom.",
    ],
    examples: [
      "type(heatmap(eye(3)))  # => figure",
      "type(heatmap(eye(2), labels: [\"cat\", \"dog\"]))  # => figure",
      "type(heatmap(eye(3), xrange: (0, 1), yrange: (0, 1)) |> scatter(_, [0.5], [0.5]))  # => figure",
      "heatmap([1, 2])  # error: shape",
    ],
    action: { call in
      let data = FigureData(call, count: 2)
      guard let place = data.places.first, data.places.count == 1 else {
        throw Problem(.type, "heatmap wants a matrix\(data.places.isEmpty ? "" : " once")")
      }
      let node = try call.tensor(place)
      guard node.shape.rank == 2, node.shape.count > 0 else {
        throw Problem(
          .shape, "heatmap wants a matrix [rows, columns], not \(node.shape)", argument: place)
      }
      guard node.shape.count <= 1 << 22 else {
        throw Problem(
          .value, "heatmap draws at most \(1 << 22) numbers, not \(node.shape.count)",
          argument: place)
      }
      let values = try call.session.graph.values(node)
      let (x, y) = (try range(call, "xrange"), try range(call, "yrange"))
      let showsNumbers = try call.bool(4, default: false)
      let options = try readOptions(call)
      let names = call.isGiven(5) ? try call.elements(5).map { try call.session.display($0) } : []
      return try drawn { () throws(PlotProblem) -> Figure in
        try data.figure.heatmap(
          values, rows: node.shape[0], columns: node.shape[1], x: x, y: y,
          showsNumbers: showsNumbers, names: names, options)
      }
    })

  /// (from, to) as an option of a call.
  private static func range(_ call: Call, _ name: String) throws -> ClosedRange<Double>? {
    guard let place = call.given(name) else { return nil }
    let numbers = try call.elements(place).compactMap { value -> Double? in
      if case .number(let x) = value { return x } else { return nil }
    }
    guard numbers.count == 2, numbers[0] < numbers[1], numbers.allSatisfy(\.isFinite) else {
      throw Problem(
        .value, "\(name) is (from, to), two finite numbers, the smaller first", argument: place)
    }
    return numbers[0]...numbers[1]
  }

  static let show: HostFunction = HostFunction(
    name: "show", summary: "Pictures: [height, width], or several [n, height, width].",
    category: "Plots",
    parameters: [
      P("x", "a tensor"), P("captions", "a text for each", default: .optional("none")),
      P("title", "above the pictures", default: .optional("none")),
    ],
    details: [
      "The largest number is white; 0, or what is less than 0, is black. Large pictures are drawn",
      "smaller, to fit the window.",
    ],
    examples: ["type(show(eye(3)))  # => figure"],
    action: { call in
      let node = try call.tensor(0)
      let shape = node.shape
      guard shape.rank == 2 || shape.rank == 3 else {
        throw Problem(
          .shape, "show wants [height, width] or [n, height, width], not \(shape)", argument: 0)
      }
      let captions =
        call.isGiven(1) ? try call.elements(1).map { try call.session.display($0) } : []
      try call.session.graph.force([node])
      guard let buffer = node.buffer else { return .none }
      let options = try readOptions(call)
      return try drawn { () throws(PlotProblem) -> Figure in
        try Figure().show(try pictures(buffer, shape, captions), options)
      }
    })

  /// Draws every series of a call over its figure, one after the other.
  private static func drawnSeries(
    _ call: Call,
    _ draw: (Figure, PlotValues?, PlotValues, PlotOptions) throws(PlotProblem) -> Figure
  ) throws -> Value {
    let data = FigureData(call, count: 3)
    let series = try data.series()
    var options = try series.indices.map { try readOptions(call, $0, of: series.count) }
    for index in options.indices { options[index].hasDates = data.hasDates }
    return try drawn { () throws(PlotProblem) -> Figure in
      var figure = data.figure
      for (index, (x, y)) in series.enumerated() {
        figure = try draw(figure, x, y, options[index])
      }
      return figure
    }
  }

  private static func pictures(_ buffer: Buffer, _ shape: Shape, _ captions: [String])
    throws(PlotProblem) -> [Picture]
  {
    let (height, width) = (shape[shape.rank - 2], shape[shape.rank - 1])
    let area = height * width
    var result: [Picture] = []
    for index in 0..<(shape.rank == 3 ? shape[0] : 1) {
      result.append(
        try Picture(
          width: width, height: height,
          values: PlotValues(buffer, start: index * area, count: area),
          caption: index < captions.count ? captions[index] : ""
        ) { Interrupts.isRequested })
    }
    return result
  }
}

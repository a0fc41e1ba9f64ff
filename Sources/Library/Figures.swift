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
    TerminalPlot.render(figure, width: session.width)
  }
  func isEqual(to other: any ForeignObject) -> Bool { (other as? FigureObject)?.figure == figure }
}

enum FigureFunctions {
  static let all: [HostFunction] = [line, scatter, histogram, show]
  private typealias P = HostFunction.Parameter

  private static let options: [HostFunction.Parameter] = [
    P("color", "a colour's name or #rrggbb", default: .optional("none")),
    P("label", "for the legend", default: .optional("none")),
    P("title", "above the figure", default: .optional("none")),
  ]

  private static func drawing(
    _ name: String, _ summary: String, _ example: String,
    _ draw: @escaping @Sendable (Figure, [[Double]], PlotOptions) throws(PlotProblem) -> Figure
  ) -> HostFunction {
    HostFunction(
      name: name, summary: summary, category: "Plots",
      parameters: [
        P("a", "y alone, or x; or a figure to draw over"),
        P("b", "y, or x over a figure", default: .optional("none")),
        P("c", "y over a figure", default: .optional("none")),
      ] + options, details: ["figure |> \(name)(_, x, y) draws over a figure"],
      examples: [example],
      action: { call in
        var figure = Figure()
        var data: [[Double]] = []
        for index in 0..<3 where call.isGiven(index) {
          if index == 0, case .foreign(let object as FigureObject) = call.value(0) {
            figure = object.figure
          } else {
            data.append(try call.session.graph.values(call.tensor(index)))
          }
        }
        do throws(PlotProblem) {
          return .foreign(FigureObject(try draw(figure, data, readOptions(call))))
        } catch { throw Problem(.value, error.message, help: error.help) }
      })
  }

  private static func readOptions(_ call: Call) -> PlotOptions {
    let text = { (index: Int) -> String? in
      if case .string(let string) = call.value(index) { return string.text }
      return nil
    }
    return PlotOptions(color: text(3), label: text(4), title: text(5))
  }

  static let line: HostFunction = drawing(
    "line", "A line through points.", "type(line([1, 4, 9]))  # => figure"
  ) { figure, data, options throws(PlotProblem) in
    guard let last = data.last else { throw PlotProblem("line wants numbers") }
    return try figure.line(x: data.count > 1 ? data[0] : nil, y: last, options)
  }

  static let scatter: HostFunction = drawing(
    "scatter", "Points.", "type(scatter([1, 2], [3, 4]))  # => figure"
  ) { figure, data, options throws(PlotProblem) in
    guard let last = data.last else { throw PlotProblem("scatter wants numbers") }
    return try figure.scatter(x: data.count > 1 ? data[0] : nil, y: last, options)
  }

  static let histogram: HostFunction = drawing(
    "histogram", "How often values fall into bins.", "type(histogram([1, 2, 2]))  # => figure"
  ) { figure, data, options throws(PlotProblem) in
    guard let values = data.first else { throw PlotProblem("histogram wants numbers") }
    return try figure.histogram(values, options)
  }

  static let show: HostFunction = HostFunction(
    name: "show", summary: "Pictures: [height, width], or several [n, height, width].",
    category: "Plots",
    parameters: [
      P("x", "a tensor"), P("captions", "a text for each", default: .optional("none")),
    ], examples: ["type(show(eye(3)))  # => figure"],
    action: { call in
      let node = try call.tensor(0)
      let shape = node.shape
      guard shape.rank == 2 || shape.rank == 3 else {
        throw Problem(
          .shape, "show wants [height, width] or [n, height, width], not \(shape)", argument: 0)
      }
      let (height, width) = (shape[shape.rank - 2], shape[shape.rank - 1])
      let count = shape.rank == 3 ? shape[0] : 1
      let captions =
        call.isGiven(1) ? try call.elements(1).map { try call.session.display($0) } : []
      let values = try call.session.graph.values(node)
      let area = height * width
      do throws(PlotProblem) {
        var pictures: [Picture] = []
        for index in 0..<count {
          pictures.append(
            try Picture(
              width: width, height: height,
              values: Array(values[index * area..<(index + 1) * area]),
              caption: index < captions.count ? captions[index] : ""))
        }
        return .foreign(FigureObject(try Figure().show(pictures)))
      } catch { throw Problem(.value, error.message, help: error.help) }
    })
}

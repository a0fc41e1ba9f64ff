// Several figures as one: side by side on paper, one under the other in a terminal.

import Diagnostics
import Interpreter
import Plots

/// Drawings in rows of so many.
final class FigureGrid: SVGPicture {
  private let parts: [any ForeignObject]
  private let columns: Int

  private init(_ parts: [any ForeignObject], columns: Int) {
    (self.parts, self.columns) = (parts, columns)
  }

  var typeName: String { "figure grid" }

  func describe(_ session: Session) throws -> StyledText {
    let draw = session.inlinePicture
    session.inlinePicture = nil
    defer { session.inlinePicture = draw }
    var text = StyledText()
    for (index, part) in parts.enumerated() {
      if index > 0 { text.append("\n") }
      text.append(try part.describe(session))
      if !text.plain.hasSuffix("\n") { text.append("\n") }
    }
    session.inlinePicture = draw
    return InlinePictures.over(text, session) { svg }
  }

  private static func svg(_ part: any ForeignObject) -> String? {
    switch part {
    case let figure as FigureObject: SVGPlot.render(figure.figure)
    case let picture as any SVGPicture: picture.svg
    default: nil
    }
  }

  /// The number of an attribute of the outermost element.
  private static func size(_ svg: String, _ name: String) -> Double {
    guard let start = svg.firstRange(of: " \(name)=\"") else { return 0 }
    return Double(svg[start.upperBound...].prefix { $0 != "\"" }) ?? 0
  }

  var svg: String {
    let drawings = parts.compactMap(FigureGrid.svg).map {
      (svg: $0, width: FigureGrid.size($0, "width"), height: FigureGrid.size($0, "height"))
    }
    let widths = (0..<columns).map { column in
      stride(from: column, to: drawings.count, by: columns).map { drawings[$0].width }.max() ?? 0
    }
    var (body, y) = ("", 0.0)
    for start in stride(from: 0, to: drawings.count, by: columns) {
      let row = drawings[start..<min(drawings.count, start + columns)]
      var x = 0.0
      for (column, drawing) in row.enumerated() {
        body += "<svg x=\"\(Int(x))\" y=\"\(Int(y))\"" + drawing.svg.dropFirst("<svg".count)
        x += widths[column]
      }
      y += row.map(\.height).max() ?? 0
    }
    let width = Int(widths.reduce(0, +))
    return
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\(Int(y))\" "
      + "viewBox=\"0 0 \(width) \(Int(y))\">\n\(body)</svg>\n"
  }

  // MARK: - The function

  private typealias P = HostFunction.Parameter

  static let figureGrid: HostFunction = HostFunction(
    name: "figure_grid", summary: "Several figures as one, in rows.", category: "Plots",
    parameters: [
      P("figures", "a list of figures, drawings of trees, or grids"),
      P("columns", "figures in a row", default: .optional("2")),
    ],
    details: ["It is saved as .svg or .png; in a terminal the figures stand one under the other."],
    examples: [
      "type(figure_grid([line([1, 2]), scatter([1, 2])]))  # => figure grid",
      "figure_grid([1, 2])  # error: type",
    ],
    action: { call in
      let columns = try call.int(1, default: 2)
      guard columns >= 1, columns <= 100 else {
        throw Problem(.value, "columns is 1 to 100, not \(columns)", argument: 1)
      }
      let parts = try call.elements(0).map { value -> any ForeignObject in
        guard case .foreign(let object) = value,
          object is FigureObject || object is any SVGPicture
        else {
          throw Problem(.type, "figure_grid wants figures, not \(value.typePhrase)", argument: 0)
        }
        return object
      }
      guard !parts.isEmpty else {
        throw Problem(.value, "figure_grid wants at least one figure", argument: 0)
      }
      return .foreign(FigureGrid(parts, columns: columns))
    })
}

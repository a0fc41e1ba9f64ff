// A figure as SVG: self-contained, the same bytes every time, dark on white whatever the page is.

import Engine

package enum SVGPlot {
  package static func render(_ figure: Figure) -> String {
    let body: (svg: String, height: Double) =
      if let pictures = figure.pictures {
        SVGPictures.draw(pictures, top: figure.title == nil ? 16 : 40)
      } else {
        draw(SVGChart(figure))
      }
    var svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 \(number(body.height))\" "
      + "width=\"640\" height=\"\(number(body.height))\" "
      + "font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\" role=\"img\">\n"
      + "<title>\(escape(figure.title ?? figure.summary))</title>\n"
      + "<style>.ink{fill:#333}.axis{stroke:#555;fill:none}.grid{stroke:#e4e4e4;fill:none}"
      + "</style>\n"
      + "<rect width=\"640\" height=\"\(number(body.height))\" fill=\"#fff\"/>\n"
    if let title = figure.title {
      svg += text(title, x: 344, y: 24, anchor: "middle", extra: " font-size=\"16\"") + "\n"
    }
    return svg + body.svg + "</svg>\n"
  }

  private static func draw(_ chart: SVGChart) -> (svg: String, height: Double) {
    (chart.svg, chart.height)
  }

  static func number(_ x: Double) -> String {
    var text = NumberFormat.fixed(x, digits: 2)
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }

  /// A tick's label, that of a number with the minus of typesetting, cut where it is longer than `most`.
  static func tick(_ tick: Axis.Tick, most: Int = .max) -> String {
    guard tick.isName else { return String(tick.label.map { $0 == "-" ? "−" : $0 }) }
    return tick.label.count > most ? tick.label.prefix(most - 1) + "…" : tick.label
  }

  static func text(
    _ text: String, x: Double, y: Double, anchor: String = "start", extra: String = ""
  ) -> String {
    "<text class=\"ink\" x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\"\(extra)>"
      + "\(escape(text))</text>"
  }

  private static func escape(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.append(character)
      }
    }
    return result
  }
}

/// Layers on common axes.
struct SVGChart {
  static let top = 40.0
  static let bottom = 372.0
  /// The width of a letter, about.
  private static let letter = 6.5
  /// Letters of a name beside an axis.
  private static let mostLetters = 22

  let figure: Figure
  let xAxis: Axis
  let yAxis: Axis
  /// Where the y axis stands: its labels have room.
  let left: Double
  /// What names below the x axis need that are too long to stand side by side.
  private let slant: Double
  /// The map whose colours a bar explains.
  let map: Figure.Heatmap?
  var right: Double { map == nil ? 620 : 548 }
  var height: Double { 430 + slant }

  init(_ figure: Figure) {
    self.figure = figure
    map =
      figure.layers.lazy.compactMap { layer -> Figure.Heatmap? in
        if case .heatmap(let map) = layer.content, map.range != nil, !map.isOfClasses {
          map
        } else {
          nil
        }
      }.first
    (xAxis, yAxis) = (figure.xAxis(count: 8), figure.yAxis(count: 6))
    let longest = { (axis: Axis) in
      Self.letter * Double(min(Self.mostLetters, axis.ticks.map(\.label.count).max() ?? 0))
    }
    left = max(68, longest(yAxis) + (figure.yLabel == nil ? 14 : 36))
    let room = ((map == nil ? 620 : 548) - left) / Double(max(1, xAxis.ticks.count))
    let isTight = xAxis.ticks.contains(where: \.isName) && longest(xAxis) > room - 6
    slant = isTight ? longest(xAxis) / 2 : 0
  }

  func number(_ x: Double) -> String { SVGPlot.number(x) }

  func px(_ x: Double) -> String {
    number(left + xAxis.share(x) * (right - left))
  }

  func py(_ y: Double) -> String {
    number(Self.bottom - yAxis.share(y) * (Self.bottom - Self.top))
  }

  var svg: String {
    var svg = grid
    for layer in figure.layers { svg += draw(layer) }
    svg +=
      "<path class=\"axis\" d=\"M\(number(left)) \(number(Self.top))V\(number(Self.bottom))"
      + "H\(number(right))\"/>\n"
    let middle = (left + right) / 2
    if let label = figure.xLabel ?? xAxis.context {
      svg += SVGPlot.text(label, x: middle, y: 416 + slant, anchor: "middle") + "\n"
    }
    if let label = figure.yLabel {
      let turned = " transform=\"translate(18 206) rotate(-90)\""
      svg += SVGPlot.text(label, x: 0, y: 0, anchor: "middle", extra: turned) + "\n"
    }
    return svg + colorBar + legend
  }

  private var grid: String {
    var svg = ""
    for tick in xAxis.ticks {
      let x = left + xAxis.share(tick.value) * (right - left)
      svg += "<path class=\"grid\" d=\"M\(number(x)) \(number(Self.top))V\(number(Self.bottom))\"/>"
      svg += xLabel(SVGPlot.tick(tick, most: Self.mostLetters), x) + "\n"
    }
    for value in xAxis.minorTicks {
      svg += "<path class=\"axis\" d=\"M\(px(value)) \(number(Self.bottom))v-4\"/>\n"
    }
    for value in yAxis.minorTicks {
      svg += "<path class=\"axis\" d=\"M\(number(left)) \(py(value))h4\"/>\n"
    }
    for tick in yAxis.ticks {
      let y = Self.bottom - yAxis.share(tick.value) * (Self.bottom - Self.top)
      svg += "<path class=\"grid\" d=\"M\(number(left)) \(number(y))H\(number(right))\"/>"
      let label = SVGPlot.tick(tick, most: Self.mostLetters)
      svg += SVGPlot.text(label, x: left - 8, y: y + 4, anchor: "end") + "\n"
    }
    return svg
  }

  /// What stands below a place of the x axis.
  private func xLabel(_ text: String, _ x: Double) -> String {
    guard slant > 0 else { return SVGPlot.text(text, x: x, y: 392, anchor: "middle") }
    let turned = " transform=\"translate(\(number(x + 4)) 388) rotate(-30)\""
    return SVGPlot.text(text, x: 0, y: 0, anchor: "end", extra: turned)
  }

  /// In the corner with the fewest points, on a ground that hides the grid.
  private var legend: String {
    let entries = legendEntries
    guard !entries.isEmpty else { return "" }
    let longest = entries.map(\.label.count).max() ?? 0
    let size = (x: min(400, Double(longest) * 7.5 + 44), y: Double(entries.count) * 18 + 8)
    let corner = emptiestCorner(size)
    var svg =
      "<rect x=\"\(number(corner.x))\" y=\"\(number(corner.y))\" width=\"\(number(size.x))\" "
      + "height=\"\(number(size.y))\" rx=\"3\" fill=\"#fff\" fill-opacity=\"0.85\" stroke=\"#ccc\"/>\n"
    for (row, entry) in entries.enumerated() {
      let y = corner.y + 17 + Double(row) * 18
      svg += entry.sign(corner.x + 8, y - 4)
      svg += SVGPlot.text(entry.label, x: corner.x + 36, y: y) + "\n"
    }
    return svg
  }

  private struct LegendEntry {
    let label: String
    let sign: (_ x: Double, _ y: Double) -> String
  }

  /// The layers with labels; where there are none, the classes of a ground.
  private var legendEntries: [LegendEntry] {
    let labelled = figure.layers.compactMap { layer in
      layer.label.map { label in LegendEntry(label: label) { x, y in sign(layer, x: x, y: y) } }
    }
    guard labelled.isEmpty else { return labelled }
    return figure.layers.flatMap { layer -> [LegendEntry] in
      guard case .heatmap(let map) = layer.content, map.isOfClasses else { return [] }
      return map.classes.map { index in
        LegendEntry(label: "\(index)") { x, y in
          patch(PlotColor.ofClass(index).pale.hex, x: x, y: y)
        }
      }
    }
  }

  private func emptiestCorner(_ size: (x: Double, y: Double)) -> (x: Double, y: Double) {
    let xs = [right - size.x - 8, left + 8]
    let ys = [Self.top + 6, Self.bottom - size.y - 8]
    let corners = ys.flatMap { y in xs.map { (x: $0, y: y) } }
    let extent = figure.extent
    let points = zip(extent.x, extent.y).map {
      (
        left + xAxis.share($0) * (right - left),
        Self.bottom - yAxis.share($1) * (Self.bottom - Self.top)
      )
    }
    let hidden = corners.map { corner in
      points.count {
        $0.0 >= corner.x && $0.0 <= corner.x + size.x && $0.1 >= corner.y
          && $0.1 <= corner.y + size.y
      }
    }
    let best = hidden.indices.min { hidden[$0] < hidden[$1] } ?? 0
    return corners[best]
  }

  private func sign(_ layer: Figure.Layer, x: Double, y: Double) -> String {
    let color = layer.color.hex
    switch layer.content {
    case .line:
      return
        "<path d=\"M\(number(x)) \(number(y))h22\" stroke=\"\(color)\" stroke-width=\"2.5\"/>"
    case .scatter:
      return "<circle cx=\"\(number(x + 11))\" cy=\"\(number(y))\" r=\"4\" fill=\"\(color)\"/>"
    case .histogram, .heatmap, .pictures:
      return patch(color, x: x, y: y)
    }
  }

  private func patch(_ color: String, x: Double, y: Double) -> String {
    "<rect x=\"\(number(x + 4))\" y=\"\(number(y - 6))\" width=\"14\" height=\"12\" "
      + "fill=\"\(color)\"/>"
  }

  private func draw(_ layer: Figure.Layer) -> String {
    let color = layer.color.hex
    switch layer.content {
    case .scatter(let series):
      if series.count > 5000 { return dots(series, color) }
      let radius = series.count <= 1000 ? 4 : 2.5
      let circles = series.x.indices.filter { series.isDrawable[$0] }.map {
        "<circle cx=\"\(px(series.x[$0]))\" cy=\"\(py(series.y[$0]))\" r=\"\(number(radius))\"/>"
      }
      return "<g fill=\"\(color)\" fill-opacity=\"0.75\" stroke=\"#fff\" stroke-width=\"0.5\">\n"
        + circles.joined(separator: "\n") + "\n</g>\n"
    case .line(let series): return path(series, color)
    case .histogram(let histogram): return bars(histogram, color)
    case .heatmap(let map): return cells(map) + numbers(map)
    case .pictures: return ""
    }
  }

  /// Many points are small ones, so that what lies between them is seen; a path of some dozens is drawn
  /// in half the time of as many circles.
  private func dots(_ series: Figure.Series, _ color: String) -> String {
    let places = series.x.indices.filter { series.isDrawable[$0] }.map {
      "M\(px(series.x[$0])) \(py(series.y[$0]))h0"
    }
    let paths = stride(from: 0, to: places.count, by: 64).map { start in
      "<path d=\"\(places[start..<min(start + 64, places.count)].joined())\"/>"
    }
    return "<g stroke=\"\(color)\" stroke-opacity=\"0.75\" stroke-width=\"2.4\" "
      + "stroke-linecap=\"round\">\n" + paths.joined(separator: "\n") + "\n</g>\n"
  }

  private func path(_ series: Figure.Series, _ color: String) -> String {
    var path = ""
    var isDown = false
    for i in series.x.indices {
      if series.isDrawable[i] {
        path += (isDown ? "L" : "M") + px(series.x[i]) + " " + py(series.y[i])
        if series.isAlone(i) { path += "h0" }
      }
      isDown = series.isDrawable[i]
    }
    return "<path d=\"\(path)\" stroke=\"\(color)\" stroke-width=\"2.5\" fill=\"none\" "
      + "stroke-linejoin=\"round\" stroke-linecap=\"round\"/>\n"
  }

  private func bars(_ histogram: Figure.Histogram, _ color: String) -> String {
    let bars = histogram.counts.enumerated().filter { $0.element > 0 }.map { bin, count in
      let (x, x2) = (px(histogram.edges[bin]), px(histogram.edges[bin + 1]))
      return "<path d=\"M\(x) \(py(0))V\(py(Double(count)))H\(x2)V\(py(0))Z\"/>"
    }
    return "<g fill=\"\(color)\" fill-opacity=\"0.85\" stroke=\"#fff\">\n"
      + bars.joined(separator: "\n") + "\n</g>\n"
  }
}

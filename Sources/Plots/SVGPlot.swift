// A figure as SVG: self-contained, the same bytes every time, dark on white whatever the page is.

import Engine

package enum SVGPlot {
  package static func render(_ figure: Figure) -> String {
    let body: (svg: String, height: Double) =
      if let pictures = figure.pictures {
        SVGPictures.draw(pictures, top: figure.title == nil ? 16 : 40)
      } else {
        (Chart(figure).svg, Chart.height)
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

  static func number(_ x: Double) -> String {
    var text = NumberFormat.fixed(x, digits: 2)
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }

  /// A tick's label with the minus of typesetting.
  static func tick(_ tick: Axis.Tick) -> String {
    String(tick.label.map { $0 == "-" ? "−" : $0 })
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
private struct Chart {
  static let height = 430.0
  private static let left = 68.0
  private static let top = 40.0
  private static let bottom = 372.0

  let figure: Figure
  private let xAxis: Axis
  private let yAxis: Axis
  /// The map whose colours a bar explains.
  private let map: Figure.Heatmap?
  private var right: Double { map == nil ? 620 : 548 }

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
  }

  /// A bar of the map's colours with its numbers.
  private var colorBar: String {
    guard let range = map?.range else { return "" }
    let isWhole = map?.values.allSatisfy { !$0.isFinite || $0 == $0.rounded() } ?? false
    let axis = Axis([range.lowerBound, range.upperBound], count: 6, tight: true, counts: isWhole)
    let (x, width, steps) = (right + 16, 14.0, 64)
    let tall = (Self.bottom - Self.top) / Double(steps)
    var svg = "<g shape-rendering=\"crispEdges\">\n"
    for step in 0..<steps {
      let fill = PlotColor.map((Double(step) + 0.5) / Double(steps)).hex
      svg +=
        "<rect x=\"\(number(x))\" y=\"\(number(Self.bottom - Double(step + 1) * tall))\" "
        + "width=\"\(number(width))\" height=\"\(number(tall + 0.5))\" fill=\"\(fill)\"/>\n"
    }
    svg += "</g>\n"
    for tick in axis.ticks {
      let y = Self.bottom - axis.share(tick.value) * (Self.bottom - Self.top)
      svg += "<path class=\"axis\" d=\"M\(number(x + width)) \(number(y))h4\"/>"
      svg += SVGPlot.text(SVGPlot.tick(tick), x: x + width + 7, y: y + 4) + "\n"
    }
    return svg
  }

  /// The numbers of a map in its cells, dark on light ones and light on dark ones.
  private func numbers(_ map: Figure.Heatmap) -> String {
    guard map.showsNumbers, let range = map.range, map.columns <= 30 else { return "" }
    let wide = (right - Self.left) / Double(map.columns)
    let longest = map.values.map { Figure.Heatmap.text($0).count }.max() ?? 1
    let size = min(14, wide / (0.62 * Double(max(2, longest))))
    var svg = "<g font-size=\"\(number(size))\" text-anchor=\"middle\">\n"
    for (index, value) in map.values.enumerated() where value.isFinite {
      let middle = map.middle(index)
      let fill = Figure.Heatmap.share(value, range) > 0.6 ? "#222" : "#fff"
      let y = Self.bottom - yAxis.share(middle.y) * (Self.bottom - Self.top) + size * 0.35
      svg +=
        "<text x=\"\(px(middle.x))\" y=\"\(number(y))\" fill=\"\(fill)\">"
        + "\(Figure.Heatmap.text(value))</text>\n"
    }
    return svg + "</g>\n"
  }

  private func number(_ x: Double) -> String { SVGPlot.number(x) }

  private func px(_ x: Double) -> String {
    number(Self.left + xAxis.share(x) * (right - Self.left))
  }

  private func py(_ y: Double) -> String {
    number(Self.bottom - yAxis.share(y) * (Self.bottom - Self.top))
  }

  var svg: String {
    var svg = grid
    for layer in figure.layers { svg += draw(layer) }
    svg +=
      "<path class=\"axis\" d=\"M\(number(Self.left)) \(number(Self.top))V\(number(Self.bottom))"
      + "H\(number(right))\"/>\n"
    let middle = (Self.left + right) / 2
    if let label = figure.xLabel ?? xAxis.context {
      svg += SVGPlot.text(label, x: middle, y: 416, anchor: "middle") + "\n"
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
      let x = Self.left + xAxis.share(tick.value) * (right - Self.left)
      svg += "<path class=\"grid\" d=\"M\(number(x)) \(number(Self.top))V\(number(Self.bottom))\"/>"
      svg += SVGPlot.text(SVGPlot.tick(tick), x: x, y: 392, anchor: "middle") + "\n"
    }
    for value in xAxis.minorTicks {
      svg += "<path class=\"axis\" d=\"M\(px(value)) \(number(Self.bottom))v-4\"/>\n"
    }
    for value in yAxis.minorTicks {
      svg += "<path class=\"axis\" d=\"M\(number(Self.left)) \(py(value))h4\"/>\n"
    }
    for tick in yAxis.ticks {
      let y = Self.bottom - yAxis.share(tick.value) * (Self.bottom - Self.top)
      svg += "<path class=\"grid\" d=\"M\(number(Self.left)) \(number(y))H\(number(right))\"/>"
      svg += SVGPlot.text(SVGPlot.tick(tick), x: Self.left - 8, y: y + 4, anchor: "end") + "\n"
    }
    return svg
  }

  /// In the corner with the fewest points, on a ground that hides the grid.
  private var legend: String {
    let labelled = figure.layers.filter { $0.label != nil }
    guard !labelled.isEmpty else { return "" }
    let longest = labelled.map { $0.label?.count ?? 0 }.max() ?? 0
    let size = (x: min(400, Double(longest) * 7.5 + 44), y: Double(labelled.count) * 18 + 8)
    let corner = emptiestCorner(size)
    var svg =
      "<rect x=\"\(number(corner.x))\" y=\"\(number(corner.y))\" width=\"\(number(size.x))\" "
      + "height=\"\(number(size.y))\" rx=\"3\" fill=\"#fff\" fill-opacity=\"0.85\" stroke=\"#ccc\"/>\n"
    for (row, layer) in labelled.enumerated() {
      let y = corner.y + 17 + Double(row) * 18
      svg += sign(layer, x: corner.x + 8, y: y - 4)
      svg += SVGPlot.text(layer.label ?? "", x: corner.x + 36, y: y) + "\n"
    }
    return svg
  }

  private func emptiestCorner(_ size: (x: Double, y: Double)) -> (x: Double, y: Double) {
    let xs = [right - size.x - 8, Self.left + 8]
    let ys = [Self.top + 6, Self.bottom - size.y - 8]
    let corners = ys.flatMap { y in xs.map { (x: $0, y: y) } }
    let extent = figure.extent
    let points = zip(extent.x, extent.y).map {
      (
        Self.left + xAxis.share($0) * (right - Self.left),
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
      return
        "<rect x=\"\(number(x + 4))\" y=\"\(number(y - 6))\" width=\"14\" height=\"12\" "
        + "fill=\"\(color)\"/>"
    }
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
    case .heatmap(let map): return cells(map)
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

  private func cells(_ map: Figure.Heatmap) -> String {
    guard let range = map.range else { return "" }
    let (dx, dy) = (
      (map.x.upperBound - map.x.lowerBound) / Double(map.columns),
      (map.y.upperBound - map.y.lowerBound) / Double(map.rows)
    )
    let fill = { (value: Double) in
      map.isOfClasses
        ? PlotColor.ofClass(Int(value.magnitude.rounded())).pale.hex
        : PlotColor.map(Figure.Heatmap.share(value, range)).hex
    }
    var cells: [String] = []
    for row in 0..<map.rows {
      let y = map.y.lowerBound + Double(row) * dy
      var column = 0
      // Neighbours of one value are one rectangle.
      while column < map.columns {
        let value = map.values[row * map.columns + column]
        var end = column + 1
        while end < map.columns, map.values[row * map.columns + end] == value { end += 1 }
        if value.isFinite {
          let (x, x2) = (
            map.x.lowerBound + Double(column) * dx, map.x.lowerBound + Double(end) * dx
          )
          cells.append(
            "<path d=\"M\(px(x)) \(py(y))H\(px(x2))V\(py(y + dy))H\(px(x))Z\" "
              + "fill=\"\(fill(value))\"/>")
        }
        column = end
      }
    }
    return "<g shape-rendering=\"crispEdges\">\n" + cells.joined(separator: "\n") + "\n</g>\n"
      + numbers(map)
  }
}

/// Pictures in a grid, their pixels in grey.
private enum SVGPictures {
  private static let most = 240
  private static let side = 128

  static func draw(_ pictures: [Picture], top: Double) -> (svg: String, height: Double) {
    let shown = pictures.prefix(most)
    let columns = max(1, min(shown.count, shown.count > 32 ? 16 : 8))
    let cell = min(280, 608 / Double(columns))
    let left = 320 - cell * Double(columns) / 2
    let caption = shown.contains { !$0.caption.isEmpty } ? 20.0 : 0
    var svg = ""
    var y = top
    var tallest = 0.0
    for (index, picture) in shown.enumerated() {
      if index > 0, index % columns == 0 {
        y += tallest + caption + 8
        tallest = 0
      }
      let x = left + Double(index % columns) * cell + 4
      let drawn = picture.fitted(width: side, height: side)
      let pixel = (cell - 8) / Double(max(drawn.width, drawn.height, 1))
      tallest = max(tallest, pixel * Double(drawn.height))
      if !picture.caption.isEmpty {
        svg += SVGPlot.text(picture.caption, x: x, y: y + 14) + "\n"
      }
      svg += pixels(drawn, x, y + caption, pixel)
    }
    if pictures.count > most {
      y += 20
      svg += SVGPlot.text("… \(pictures.count - most) more", x: left, y: y + tallest + caption + 8)
    }
    return (svg, y + tallest + caption + 16)
  }

  private static func pixels(_ picture: Picture, _ x: Double, _ y: Double, _ size: Double)
    -> String
  {
    let number = SVGPlot.number
    let place = "translate(\(number(x)) \(number(y))) scale(\(NumberFormat.shortest(Float(size))))"
    let size = (x: number(size * Double(picture.width)), y: number(size * Double(picture.height)))
    var svg =
      "<rect x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(size.x)\" height=\"\(size.y)\" "
      + "stroke=\"#bbb\" stroke-width=\"2\"/>"
      + "<g transform=\"\(place)\" shape-rendering=\"crispEdges\">"
      + "<rect width=\"\(picture.width)\" height=\"\(picture.height)\" fill=\"#000\"/>\n"
    for row in 0..<picture.height {
      var start = 0
      // Neighbours of the same grey are one rectangle.
      while start < picture.width {
        let fill = PlotColor.grey(picture.share(start, row)).hex
        var end = start + 1
        while end < picture.width, PlotColor.grey(picture.share(end, row)).hex == fill { end += 1 }
        if fill != "#000000" {
          svg +=
            "<rect x=\"\(start)\" y=\"\(row)\" width=\"\(end - start)\" height=\"1\" "
            + "fill=\"\(fill)\"/>\n"
        }
        start = end
      }
    }
    return svg + "</g>\n"
  }
}

// A figure as SVG: self-contained, the same bytes every time, readable on light and dark.

import Engine

package enum SVGPlot {
  private static let width = 640.0
  private static let height = 420.0
  private static let left = 64.0
  private static let right = 616.0
  private static let top = 36.0
  private static let bottom = 372.0

  package static func render(_ figure: Figure) -> String {
    var svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 420\" "
      + "font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n"
      + "<style>.ink{fill:#333}.axis{stroke:#888;fill:none}.grid{stroke:#8884}"
      + "@media(prefers-color-scheme:dark){.ink{fill:#ddd}}</style>\n"
      + "<title>\(escape(figure.title ?? figure.summary))</title>\n"
    if let title = figure.title {
      svg +=
        "<text class=\"ink\" x=\"340\" y=\"20\" text-anchor=\"middle\" font-size=\"15\">\(escape(title))</text>\n"
    }
    if let pictures = figure.pictures {
      svg += show(pictures)
    } else {
      svg += chart(figure)
    }
    return svg + "</svg>\n"
  }

  private static func number(_ x: Double) -> String {
    var text = NumberFormat.fixed(x, digits: 2)
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }

  private static func chart(_ figure: Figure) -> String {
    let extent = figure.extent
    let xAxis = Axis(extent.x, count: 8, tight: extent.isTight)
    let yAxis = Axis(extent.y, count: 6, tight: extent.isTight)
    let px = { (x: Double) in number(left + xAxis.share(x) * (right - left)) }
    let py = { (y: Double) in number(bottom - yAxis.share(y) * (bottom - top)) }
    var svg = ""
    for tick in xAxis.ticks {
      let x = px(tick.value)
      svg += "<path class=\"grid\" d=\"M\(x) \(number(top))V\(number(bottom))\"/>"
      svg +=
        "<text class=\"ink\" x=\"\(x)\" y=\"390\" text-anchor=\"middle\">\(tick.label)</text>\n"
    }
    for tick in yAxis.ticks {
      let y = py(tick.value)
      svg += "<path class=\"grid\" d=\"M\(number(left)) \(y)H\(number(right))\"/>"
      svg +=
        "<text class=\"ink\" x=\"58\" y=\"\(y)\" dy=\"4\" text-anchor=\"end\">\(tick.label)</text>\n"
    }
    svg +=
      "<path class=\"axis\" d=\"M\(number(left)) \(number(top))V\(number(bottom))H\(number(right))\"/>\n"
    for layer in figure.layers { svg += draw(layer, px, py) }
    if let label = figure.xLabel {
      svg +=
        "<text class=\"ink\" x=\"340\" y=\"410\" text-anchor=\"middle\">\(escape(label))</text>\n"
    }
    if let label = figure.yLabel {
      svg +=
        "<text class=\"ink\" transform=\"translate(16 204) rotate(-90)\" text-anchor=\"middle\">\(escape(label))</text>\n"
    }
    var y = top + 14
    for layer in figure.layers {
      guard let label = layer.label else { continue }
      svg +=
        "<rect x=\"70\" y=\"\(number(y - 9))\" width=\"10\" height=\"10\" fill=\"\(layer.color.hex)\"/>"
      svg += "<text class=\"ink\" x=\"85\" y=\"\(number(y))\">\(escape(label))</text>\n"
      y += 16
    }
    return svg
  }

  private static func draw(
    _ layer: Figure.Layer, _ px: (Double) -> String, _ py: (Double) -> String
  ) -> String {
    let color = layer.color.hex
    switch layer.content {
    case .scatter(let series):
      return series.x.indices.filter { series.isDrawable[$0] }.map {
        "<circle cx=\"\(px(series.x[$0]))\" cy=\"\(py(series.y[$0]))\" r=\"2.5\" fill=\"\(color)\"/>"
      }.joined(separator: "\n") + "\n"
    case .line(let series):
      var path = ""
      var isDown = false
      for i in series.x.indices {
        if series.isDrawable[i] {
          path += (isDown ? "L" : "M") + px(series.x[i]) + " " + py(series.y[i])
        }
        isDown = series.isDrawable[i]
      }
      return "<path d=\"\(path)\" stroke=\"\(color)\" stroke-width=\"2\" fill=\"none\"/>\n"
    case .histogram(let histogram):
      return histogram.counts.enumerated().map { bin, count in
        let (x, x2) = (px(histogram.edges[bin]), px(histogram.edges[bin + 1]))
        return
          "<path d=\"M\(x) \(py(0))V\(py(Double(count)))H\(x2)V\(py(0))Z\" fill=\"\(color)\" stroke=\"#fff4\"/>"
      }.joined(separator: "\n") + "\n"
    case .heatmap(let map):
      guard let range = map.range else { return "" }
      let (dx, dy) = (
        (map.x.upperBound - map.x.lowerBound) / Double(map.columns),
        (map.y.upperBound - map.y.lowerBound) / Double(map.rows)
      )
      return map.values.indices.map { i in
        let x = map.x.lowerBound + Double(i % map.columns) * dx
        let y = map.y.upperBound - Double(i / map.columns) * dy
        let share = Figure.Heatmap.share(map.values[i], range)
        return
          "<path d=\"M\(px(x)) \(py(y))H\(px(x + dx))V\(py(y - dy))H\(px(x))Z\" fill=\"\(color)\" fill-opacity=\"\(number(share))\"/>"
      }.joined(separator: "\n") + "\n"
    case .pictures: return ""
    }
  }

  private static func show(_ pictures: [Picture]) -> String {
    let columns = max(1, min(pictures.count, 8))
    let cell = 560.0 / Double(columns)
    var svg = ""
    for (index, picture) in pictures.enumerated() {
      let size = (cell - 10) / Double(max(picture.width, picture.height, 1))
      let x0 = 40 + Double(index % columns) * cell
      let y0 = 44 + Double(index / columns) * (cell + 14)
      svg +=
        "<text class=\"ink\" x=\"\(number(x0))\" y=\"\(number(y0 - 4))\">\(escape(picture.caption))</text>\n"
      let high = picture.values.filter(Figure.canDraw).max() ?? 1
      for i in 0..<picture.width * picture.height {
        let value = picture.values[i * picture.channels]
        let share = high > 0 ? min(1, max(0, value / high)) : 0
        svg +=
          "<rect x=\"\(number(x0 + Double(i % picture.width) * size))\" y=\"\(number(y0 + Double(i / picture.width) * size))\" width=\"\(number(size))\" height=\"\(number(size))\" fill=\"#808080\" fill-opacity=\"\(number(share))\"/>\n"
      }
    }
    return svg
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

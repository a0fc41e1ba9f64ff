// Pictures in SVG.

import Engine

/// Pictures in a grid, their pixels in grey.
enum SVGPictures {
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

// Maps of values and of classes in SVG.

import Engine

extension SVGChart {
  /// A bar of the map's colours with its numbers.
  var colorBar: String {
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
  func numbers(_ map: Figure.Heatmap) -> String {
    guard map.showsNumbers, let range = map.range, map.columns <= 30 else { return "" }
    let wide = (right - left) / Double(map.columns)
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

  /// The cells: rectangles of one value; those of a class are one path.
  func cells(_ map: Figure.Heatmap) -> String {
    guard let range = map.range else { return "" }
    let blocks = map.blocks
    let paths: [String]
    if map.isOfClasses {
      paths = map.classes.map { index in
        let own = blocks.filter { Int($0.value) == index }.map { outline($0, map) }
        let fill = PlotColor.ofClass(index).pale.hex
        return "<path d=\"\(own.joined())\" fill=\"\(fill)\"/>"
      }
    } else {
      paths = blocks.map { block in
        let fill = PlotColor.map(Figure.Heatmap.share(block.value, range)).hex
        return "<path d=\"\(outline(block, map))\" fill=\"\(fill)\"/>"
      }
    }
    return "<g shape-rendering=\"crispEdges\">\n" + paths.joined(separator: "\n") + "\n</g>\n"
  }

  private func outline(_ block: Figure.Heatmap.Block, _ map: Figure.Heatmap) -> String {
    let edge = { (range: ClosedRange<Double>, index: Int, count: Int) in
      range.lowerBound + (range.upperBound - range.lowerBound) * Double(index) / Double(count)
    }
    let x = (
      px(edge(map.x, block.columns.lowerBound, map.columns)),
      px(edge(map.x, block.columns.upperBound, map.columns))
    )
    let y = (
      py(edge(map.y, block.rows.lowerBound, map.rows)),
      py(edge(map.y, block.rows.upperBound, map.rows))
    )
    return "M\(x.0) \(y.0)H\(x.1)V\(y.1)H\(x.0)Z"
  }
}

extension Figure.Heatmap {
  /// Neighbouring cells of one value.
  struct Block {
    let value: Double
    var rows: Range<Int>
    let columns: Range<Int>
  }

  /// The cells that can be drawn, those of one value together: neighbours in a row, and rows that are
  /// cut alike.
  var blocks: [Block] {
    var blocks: [Block] = []
    // By where they begin, the blocks that end in the row before.
    var above: [Int: Int] = [:]
    for row in 0..<rows {
      var own: [Int: Int] = [:]
      var start = 0
      while start < columns {
        let value = values[row * columns + start]
        var end = start + 1
        while end < columns, values[row * columns + end] == value { end += 1 }
        if let index = above[start], blocks[index].value == value,
          blocks[index].columns.upperBound == end
        {
          blocks[index].rows = blocks[index].rows.lowerBound..<row + 1
          own[start] = index
        } else if value.isFinite {
          own[start] = blocks.count
          blocks.append(Block(value: value, rows: row..<row + 1, columns: start..<end))
        }
        start = end
      }
      above = own
    }
    return blocks
  }
}

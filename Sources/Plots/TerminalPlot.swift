// A figure in the terminal: Braille dots for lines, marks for points, cells for pictures.

import Diagnostics
import Engine

package enum TerminalPlot {
  private static let rows = 15
  /// Points are marks up to so many, dots beyond.
  private static let markLimit = 400

  /// The figure as text, at most `width` columns wide.
  package static func render(_ figure: Figure, width: Int = 80) -> StyledText {
    var text = StyledText()
    if let title = figure.title { text.append("  \(title)\n", .strong) }
    if figure.isEmpty {
      text.append("nothing to draw", .dim)
    } else if let pictures = figure.pictures {
      text.append(TerminalPicture.render(pictures, width: width))
    } else {
      text.append(chart(figure, width: max(24, min(width, 100))))
    }
    for note in figure.notes { text.append("\n\(note)", .dim) }
    return text
  }

  private static func chart(_ figure: Figure, width: Int) -> StyledText {
    let yAxis = figure.yAxis(count: 5)
    let margin = yAxis.ticks.map(\.label.count).max() ?? 0
    let (columns, halves) = size(figure, columns: max(10, width - margin - 4))
    let rows = (halves + 1) / 2
    let xAxis = figure.xAxis(count: max(3, columns / 12))
    var canvas = Canvas(columns: columns, rows: rows)
    let place = { (x: Double, y: Double) in
      (
        x: Int((xAxis.share(x) * Double(columns * 2 - 1)).rounded()),
        y: Int(((1 - yAxis.share(y)) * Double(halves * 2 - 1)).rounded())
      )
    }
    for layer in figure.layers {
      if case .heatmap(let map) = layer.content {
        shade(map, &canvas, xAxis, yAxis, halves)
        if map.showsNumbers { write(map, &canvas, place) }
      }
    }
    for index in figure.layers.indices { draw(figure, index, &canvas, place) }
    var labels: [Int: String] = [:]
    for tick in yAxis.ticks {
      labels[min(rows - 1, place(xAxis.low, tick.value).y / 4)] = tick.label
    }
    var text = StyledText()
    if let label = figure.yLabel { text.append(" \(label)\n", .dim) }
    let colors = figure.layers.map(\.color)
    for row in 0..<rows {
      let label = labels[row] ?? ""
      text.append(String(repeating: " ", count: margin - label.count) + label, .dim)
      text.append(labels[row] == nil ? " │" : " ┤", .dim)
      text.append(canvas.row(row, colors))
      text.append("\n")
    }
    text.append(bottom(xAxis, columns, margin, figure.xLabel ?? xAxis.context))
    for layer in figure.layers {
      if case .heatmap(let map) = layer.content {
        text.append(map.isOfClasses ? classes(map) : scale(map))
      }
    }
    text.append(legend(figure, width: width))
    return text
  }

  /// Columns, and half lines: where a map is small enough, as many for each of its cells.
  private static func size(_ figure: Figure, columns: Int) -> (columns: Int, halves: Int) {
    let maps = figure.layers.compactMap { layer -> Figure.Heatmap? in
      if case .heatmap(let map) = layer.content { map } else { nil }
    }
    guard maps.count == 1, let map = maps.first, map.rows > 0, map.columns > 0 else {
      return (columns, 2 * rows)
    }
    let wide = map.columns <= columns ? columns / map.columns * map.columns : columns
    guard map.rows <= 40 else { return (wide, 2 * rows) }
    // Whole lines, where there are several for a cell.
    let halves = max(1, Int((32 / Double(map.rows)).rounded()))
    let each = halves > 1 ? halves / 2 * 2 : 1
    return (wide, max(4, each * map.rows))
  }

  /// The numbers of a map in the middles of its cells, where they have room.
  private static func write(
    _ map: Figure.Heatmap, _ canvas: inout Canvas, _ place: (Double, Double) -> (x: Int, y: Int)
  ) {
    let texts = map.values.map(Figure.Heatmap.text)
    let room = canvas.columns / max(1, map.columns) - 1
    guard texts.allSatisfy({ $0.count <= room }) else { return }
    for (index, text) in texts.enumerated() {
      let middle = map.middle(index)
      let (x, y) = place(middle.x, middle.y)
      for (offset, character) in text.enumerated() {
        canvas.mark(x + 2 * (offset - text.count / 2), y, character, 0)
      }
    }
  }

  private static func bottom(_ axis: Axis, _ columns: Int, _ margin: Int, _ title: String?)
    -> StyledText
  {
    var line = [Character](repeating: "─", count: columns)
    var labels = [Character](repeating: " ", count: columns + 2)
    var free = 0
    for tick in axis.ticks {
      let column = min(
        columns - 1, max(0, Int((axis.share(tick.value) * Double(columns - 1)).rounded())))
      line[column] = "┬"
      let start = min(max(0, column - tick.label.count / 2), labels.count - tick.label.count)
      guard start >= free else { continue }
      for (offset, character) in tick.label.enumerated() { labels[start + offset] = character }
      free = start + tick.label.count + 1
    }
    let space = String(repeating: " ", count: margin + 1)
    var text = StyledText(space + "└" + String(line) + "\n", .dim)
    var shown = String(labels)
    while shown.hasSuffix(" ") { shown.removeLast() }
    text.append(space + " " + shown + "\n", .dim)
    if let title {
      let indent = max(0, (columns - TextWidth.columns(of: title)) / 2)
      text.append(space + String(repeating: " ", count: indent) + title + "\n", .dim)
    }
    return text
  }

  /// Every labelled layer with the sign that it is drawn with.
  private static func legend(_ figure: Figure, width: Int) -> StyledText {
    var text = StyledText()
    var used = 0
    for (index, layer) in figure.layers.enumerated() {
      guard let label = layer.label else { continue }
      let size = TextWidth.columns(of: label) + 6
      if used > 0, used + size > width {
        text.append("\n")
        used = 0
      }
      text.append("  " + figure.sign(of: index) + " ", .tint(layer.color.terminal))
      text.append(label)
      used += size
    }
    return text
  }

  private static func draw(
    _ figure: Figure, _ index: Int, _ canvas: inout Canvas,
    _ place: (Double, Double) -> (x: Int, y: Int)
  ) {
    switch figure.layers[index].content {
    case .scatter(let series):
      let mark = Canvas.mark(figure.number(of: index))
      let hasMarks = figure.layers.count > 1 || series.x.count <= markLimit
      for i in series.x.indices where series.isDrawable[i] {
        let (x, y) = place(series.x[i], series.y[i])
        if hasMarks { canvas.mark(x, y, mark, index) } else { canvas.dot(x, y, index) }
      }
    case .line(let series):
      let dash = Canvas.Dash.of(figure.number(of: index))
      var pen = 0
      var last: (x: Int, y: Int)?
      for i in series.x.indices {
        guard series.isDrawable[i] else {
          last = nil
          continue
        }
        let point = place(series.x[i], series.y[i])
        if series.isAlone(i) { canvas.mark(point.x, point.y, "•", index) }
        canvas.line(last ?? point, point, dash, &pen, index)
        last = point
      }
    case .histogram(let histogram):
      bars(histogram, index, &canvas, place)
    case .heatmap, .pictures: break
    }
  }

  /// Filled bars with a gap of a dot between those that are wide enough.
  private static func bars(
    _ histogram: Figure.Histogram, _ index: Int, _ canvas: inout Canvas,
    _ place: (Double, Double) -> (x: Int, y: Int)
  ) {
    for (bin, count) in histogram.counts.enumerated() where count > 0 {
      let (left, top) = place(histogram.edges[bin], Double(count))
      let (right, bottom) = place(histogram.edges[bin + 1], 0)
      for x in left..<max(left + 1, right - left > 3 ? right - 1 : right) {
        for y in top...max(top, bottom) { canvas.dot(x, y, index) }
      }
    }
  }

  /// Two shades a character, each that of the map's cell in whose place its middle lies.
  private static func shade(
    _ map: Figure.Heatmap, _ canvas: inout Canvas, _ xAxis: Axis, _ yAxis: Axis, _ halves: Int
  ) {
    guard let range = map.range else { return }
    let shade = { (value: Double) -> Canvas.Shade in
      map.isOfClasses
        ? .ofClass(Int(value)) : .ofValue(Figure.Heatmap.share(value, range))
    }
    for row in 0..<halves {
      let y = yAxis.value(at: 1 - (Double(row) + 0.5) / Double(halves))
      for column in 0..<canvas.columns {
        let x = xAxis.value(at: (Double(column) + 0.5) / Double(canvas.columns))
        guard let value = map.value(x, y) else { continue }
        canvas.shade(column, row, shade(value))
      }
    }
  }

  /// What the shades stand for.
  private static func scale(_ map: Figure.Heatmap) -> StyledText {
    guard let range = map.range else { return StyledText() }
    var text = StyledText("  \(NumberFormat.significant(range.lowerBound, digits: 4)) ")
    for step in 0..<10 {
      let shade = Canvas.Shade.ofValue(Double(step) / 9)
      text.append(Canvas.shaded(shade, shade))
    }
    text.append(" \(NumberFormat.significant(range.upperBound, digits: 4))\n")
    return text
  }

  /// The shades of the classes that a ground shows.
  private static func classes(_ map: Figure.Heatmap) -> StyledText {
    var text = StyledText("  ground", .dim)
    for index in map.classes {
      let shade = Canvas.Shade.ofClass(index)
      text.append("  ")
      for _ in 0..<2 { text.append(Canvas.shaded(shade, shade)) }
      text.append(" \(index)")
    }
    text.append("\n")
    return text
  }
}

extension Figure {
  /// How many layers of its kind come before one: they take the next mark or dash each.
  func number(of index: Int) -> Int {
    layers[..<index].count { $0.content.isPoints == layers[index].content.isPoints }
  }

  /// What stands for a layer in a legend without colours.
  func sign(of index: Int) -> String {
    switch layers[index].content {
    case .scatter: String(Canvas.mark(number(of: index)))
    case .line: Canvas.Dash.of(number(of: index)).sample
    case .histogram, .heatmap, .pictures: "█"
    }
  }

  /// The pictures, when it shows any.
  var pictures: [Picture]? {
    let all = layers.flatMap { layer -> [Picture] in
      if case .pictures(let pictures) = layer.content { return pictures }
      return []
    }
    return all.isEmpty ? nil : all
  }
}

extension Figure.Content {
  fileprivate var isPoints: Bool { if case .scatter = self { true } else { false } }
}

// A figure in the terminal: Braille dots for lines and points, half blocks for pictures.

import Diagnostics
import Engine

package enum TerminalPlot {
  /// The figure as text, at most `width` columns wide.
  package static func render(_ figure: Figure, width: Int = 80) -> StyledText {
    var text = StyledText()
    if let title = figure.title { text.append("  \(title)\n", .strong) }
    if figure.isEmpty {
      text.append("nothing to draw", .dim)
    } else if let pictures = figure.pictures {
      text.append(show(pictures, width: width))
    } else {
      text.append(chart(figure, columns: max(20, min(width, 100) - 14), rows: 15))
    }
    for note in figure.notes { text.append("\n\(note)", .dim) }
    return text
  }

  /// A grid of dots, two by four in each character, with the layer that set them.
  private struct Canvas {
    let columns: Int
    let rows: Int
    var dots: [UInt8]
    var layer: [Int]

    init(columns: Int, rows: Int) {
      (self.columns, self.rows) = (columns, rows)
      dots = [UInt8](repeating: 0, count: columns * rows)
      layer = [Int](repeating: -1, count: columns * rows)
    }

    mutating func set(_ x: Int, _ y: Int, _ index: Int) {
      guard x >= 0, y >= 0, x < columns * 2, y < rows * 4 else { return }
      let bits: [[UInt8]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]
      let place = y / 4 * columns + x / 2
      dots[place] |= bits[y % 4][x % 2]
      layer[place] = index
    }

    mutating func line(_ a: (Int, Int), _ b: (Int, Int), _ index: Int) {
      let steps = max(abs(b.0 - a.0), abs(b.1 - a.1), 1)
      for step in 0...min(steps, 10_000) {
        set(a.0 + (b.0 - a.0) * step / steps, a.1 + (b.1 - a.1) * step / steps, index)
      }
    }
  }

  private static func chart(_ figure: Figure, columns: Int, rows: Int) -> StyledText {
    let extent = figure.extent
    let xAxis = Axis(extent.x, count: columns / 12, tight: extent.isTight)
    let yAxis = Axis(extent.y, count: 5, tight: extent.isTight)
    var canvas = Canvas(columns: columns, rows: rows)
    let place = { (x: Double, y: Double) in
      (
        Int((xAxis.share(x) * Double(columns * 2 - 1)).rounded()),
        Int(((1 - yAxis.share(y)) * Double(rows * 4 - 1)).rounded())
      )
    }
    for (index, layer) in figure.layers.enumerated() {
      draw(layer.content, index, &canvas, place)
    }
    var labels: [Int: String] = [:]
    for tick in yAxis.ticks {
      labels[min(rows - 1, place(xAxis.low, tick.value).1 / 4)] = tick.label
    }
    let margin = labels.values.map(\.count).max() ?? 0
    var text = StyledText()
    for row in 0..<rows {
      let label = labels[row] ?? ""
      text.append(String(repeating: " ", count: margin - label.count) + label, .dim)
      text.append(labels[row] == nil ? " │" : " ┤", .dim)
      for column in 0..<columns {
        let dot = canvas.dots[row * columns + column]
        let symbol = Unicode.Scalar(0x2800 + UInt32(dot)).map { String(Character($0)) } ?? " "
        let layer = canvas.layer[row * columns + column]
        text.append(
          dot == 0 ? " " : symbol,
          layer < 0 ? .plain : .tint(figure.layers[layer].color.terminal))
      }
      text.append("\n")
    }
    text.append(bottom(xAxis, columns, margin))
    let legend = figure.layers.filter { $0.label != nil }
    for layer in legend {
      text.append("  ● ", .tint(layer.color.terminal))
      text.append(layer.label ?? "")
    }
    return text
  }

  private static func bottom(_ axis: Axis, _ columns: Int, _ margin: Int) -> StyledText {
    var line = [Character](repeating: "─", count: columns)
    var labels = [Character](repeating: " ", count: columns + 12)
    var free = 0
    for tick in axis.ticks {
      let column = min(
        columns - 1, max(0, Int((axis.share(tick.value) * Double(columns - 1)).rounded())))
      line[column] = "┬"
      let start = max(0, column - tick.label.count / 2)
      guard start >= free, start + tick.label.count <= labels.count else { continue }
      for (offset, character) in tick.label.enumerated() { labels[start + offset] = character }
      free = start + tick.label.count + 1
    }
    let space = String(repeating: " ", count: margin + 1)
    var text = StyledText(space + "└" + String(line) + "\n", .dim)
    var shown = String(labels)
    while shown.hasSuffix(" ") { shown.removeLast() }
    text.append(space + " " + shown + "\n", .dim)
    return text
  }

  private static func draw(
    _ content: Figure.Content, _ index: Int, _ canvas: inout Canvas,
    _ place: (Double, Double) -> (Int, Int)
  ) {
    switch content {
    case .scatter(let series):
      for i in series.x.indices where series.isDrawable[i] {
        let (x, y) = place(series.x[i], series.y[i])
        canvas.set(x, y, index)
        canvas.set(x + 1, y, index)
      }
    case .line(let series):
      var last: (Int, Int)?
      for i in series.x.indices {
        guard series.isDrawable[i] else {
          last = nil
          continue
        }
        let point = place(series.x[i], series.y[i])
        canvas.line(last ?? point, point, index)
        last = point
      }
    case .histogram(let histogram):
      for (bin, count) in histogram.counts.enumerated() {
        let (left, top) = place(histogram.edges[bin], Double(count))
        let (right, bottom) = place(histogram.edges[bin + 1], 0)
        for x in left..<max(left + 1, right) { canvas.line((x, top), (x, bottom), index) }
      }
    case .heatmap(let map):
      guard let range = map.range else { return }
      for row in 0..<map.rows {
        for column in 0..<map.columns
        where Figure.Heatmap.share(map.values[row * map.columns + column], range) > 0.5 {
          let x =
            map.x.lowerBound + (map.x.upperBound - map.x.lowerBound) * (Double(column) + 0.5)
            / Double(map.columns)
          let share = (Double(row) + 0.5) / Double(map.rows)
          let (i, j) = place(x, map.y.upperBound - (map.y.upperBound - map.y.lowerBound) * share)
          canvas.set(i, j, index)
        }
      }
    case .pictures: break
    }
  }

  /// Pictures side by side, two rows of pixels a line; captions above.
  private static func show(_ pictures: [Picture], width: Int) -> StyledText {
    var text = StyledText()
    var rest = pictures[...]
    while !rest.isEmpty {
      var row: [Picture] = []
      var used = 0
      while let next = rest.first, row.isEmpty || used + next.width * 2 + 2 <= width {
        row.append(next)
        used += next.width * 2 + 2
        rest.removeFirst()
      }
      if row.contains(where: { !$0.caption.isEmpty }) {
        for picture in row {
          let caption = String(picture.caption.prefix(picture.width * 2))
          text.append(
            caption + String(repeating: " ", count: picture.width * 2 + 2 - caption.count))
        }
        text.append("\n")
      }
      let height = row.map(\.height).max() ?? 0
      for y in 0..<height {
        for picture in row {
          for x in 0..<picture.width { text.append(pixel(picture, x, y)) }
          text.append("  ")
        }
        text.append("\n")
      }
    }
    return text
  }

  /// Two columns for a pixel, so that it is about square: a ramp of characters, tinted.
  private static func pixel(_ picture: Picture, _ x: Int, _ y: Int) -> StyledText {
    guard y < picture.height else { return StyledText("  ") }
    let drawable = picture.values.filter(Figure.canDraw)
    let low = min(0, drawable.min() ?? 0)
    let high = drawable.max() ?? 1
    let start = (y * picture.width + x) * picture.channels
    let value =
      picture.values[start..<start + picture.channels].reduce(0, +) / Double(picture.channels)
    let share = high > low && Figure.canDraw(value) ? (value - low) / (high - low) : 0
    let ramp = ["  ", "░░", "▒▒", "▓▓", "██"]
    return StyledText(ramp[min(4, max(0, Int((share * 4.999).rounded(.down))))])
  }
}

extension Figure {
  /// The pictures, when it shows any.
  var pictures: [Picture]? {
    let all = layers.flatMap { layer -> [Picture] in
      if case .pictures(let pictures) = layer.content { return pictures }
      return []
    }
    return all.isEmpty ? nil : all
  }
}

// A grid of Braille dots in the terminal, two by four in each character, with marks on top.

import Diagnostics

struct Canvas {
  /// How a line is broken into strokes, so that lines differ without colours: drawn, then left out.
  struct Dash {
    let on: Int
    let off: Int
    /// The line in a legend.
    let sample: String

    private static let all = [
      Dash(on: 1, off: 0, sample: "──"), Dash(on: 5, off: 3, sample: "╌╌"),
      Dash(on: 1, off: 2, sample: "··"), Dash(on: 9, off: 6, sample: "━ "),
      Dash(on: 2, off: 5, sample: "┈┈"),
    ]

    /// The dash of a figure's n-th line.
    static func of(_ index: Int) -> Dash { all[index % all.count] }
  }

  private static let marks: [Character] = ["•", "×", "+", "○", "▪", "△"]

  /// The mark of a figure's n-th group of points.
  static func mark(_ index: Int) -> Character { marks[index % marks.count] }

  let columns: Int
  let rows: Int
  private var dots: [UInt8]
  private var marks: [Character?]
  /// Shades behind dots and marks, two a cell.
  private var shades: [(top: Shade?, bottom: Shade?)]
  /// The layer that set a cell last; -1 for none.
  private var layer: [Int]

  init(columns: Int, rows: Int) {
    (self.columns, self.rows) = (columns, rows)
    dots = [UInt8](repeating: 0, count: columns * rows)
    marks = [Character?](repeating: nil, count: columns * rows)
    shades = [(top: Shade?, bottom: Shade?)](repeating: (nil, nil), count: columns * rows)
    layer = [Int](repeating: -1, count: columns * rows)
  }

  private static let ramp: [Character] = [" ", "░", "▒", "▓", "█"]

  /// What a place of a map looks like.
  struct Shade {
    let color: PlotColor
    /// 0 … 1, where there are no colours.
    let darkness: Double

    /// That of a value, 0 … 1 for its place among all values.
    static func ofValue(_ share: Double) -> Shade {
      Shade(color: PlotColor.map(share), darkness: share)
    }

    /// That of a class, never so dark that marks are not seen on it.
    static func ofClass(_ index: Int) -> Shade {
      Shade(color: PlotColor.ofClass(index).pale, darkness: Double(index % 4) / 4)
    }
  }

  /// A character of two shades, one over the other.
  static func shaded(_ top: Shade, _ bottom: Shade) -> StyledText {
    let mark = ramp[min(4, max(0, Int((top.darkness + bottom.darkness) / 2 * 4.999)))]
    return StyledText(
      String(mark), .pixels(top: top.color.terminal, bottom: bottom.color.terminal))
  }

  /// The background of half a character; rows of halves count from the top.
  mutating func shade(_ column: Int, _ half: Int, _ shade: Shade) {
    let cell = half / 2 * columns + column
    if half % 2 == 0 { shades[cell].top = shade } else { shades[cell].bottom = shade }
  }

  var width: Int { columns * 2 }
  var height: Int { rows * 4 }

  private func cell(_ x: Int, _ y: Int) -> Int? {
    x >= 0 && y >= 0 && x < width && y < height ? y / 4 * columns + x / 2 : nil
  }

  mutating func dot(_ x: Int, _ y: Int, _ index: Int) {
    guard let cell = cell(x, y) else { return }
    let bit: UInt8 =
      switch (x % 2, y % 4) {
      case (0, 3): 0x40
      case (_, 3): 0x80
      case (0, let row): 0x01 << UInt8(row)
      case (_, let row): 0x08 << UInt8(row)
      }
    dots[cell] |= bit
    if marks[cell] == nil { layer[cell] = index }
  }

  /// A character at a point; it stays above all dots.
  mutating func mark(_ x: Int, _ y: Int, _ mark: Character, _ index: Int) {
    guard let cell = cell(x, y) else { return }
    marks[cell] = mark
    layer[cell] = index
  }

  /// Dots from one point to another; `pen` counts them along the whole line for its dashes.
  mutating func line(
    _ a: (x: Int, y: Int), _ b: (x: Int, y: Int), _ dash: Dash, _ pen: inout Int, _ index: Int
  ) {
    let steps = max(abs(b.x - a.x), abs(b.y - a.y), 1)
    for step in 0...steps {
      if pen % (dash.on + dash.off) < dash.on {
        dot(a.x + (b.x - a.x) * step / steps, a.y + (b.y - a.y) * step / steps, index)
      }
      if step > 0 { pen += 1 }
    }
  }

  /// A row of characters in the colours of their layers.
  func row(_ row: Int, _ colors: [PlotColor]) -> StyledText {
    var text = StyledText()
    for cell in row * columns..<(row + 1) * columns {
      let (top, bottom) = shades[cell]
      // Half a character that is outside the map is as the other half.
      if marks[cell] == nil, dots[cell] == 0, let upper = top ?? bottom, let lower = bottom ?? top {
        text.append(Canvas.shaded(upper, lower))
        continue
      }
      let dots = Unicode.Scalar(0x2800 + UInt32(dots[cell])).map { Character($0) } ?? " "
      let symbol = marks[cell] ?? (self.dots[cell] == 0 ? " " : dots)
      text.append(String(symbol), layer[cell] < 0 ? .plain : .tint(colors[layer[cell]].terminal))
    }
    return text
  }
}

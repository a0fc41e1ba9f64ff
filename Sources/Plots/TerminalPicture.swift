// Pictures in the terminal: grey cells where there are colours, a ramp of characters where not.

import Diagnostics

enum TerminalPicture {
  /// Pictures up to so many pixels a side have cells of their own, larger ones two in a cell.
  private static let largeLimit = 16
  private static let tallest = 80
  private static let most = 64

  /// Pictures side by side, captions above, in rows that fit `width`.
  static func render(_ pictures: [Picture], width: Int) -> StyledText {
    let shown = pictures.prefix(most)
    let isLarge = shown.allSatisfy { max($0.width, $0.height) <= largeLimit }
    let scale = isLarge && largeLimit * 2 <= width ? 2 : 1
    let drawn = shown.map { $0.fitted(width: max(1, (width - 2) / scale), height: tallest) }
    var text = StyledText()
    var rest = drawn[...]
    while !rest.isEmpty {
      var row: [Picture] = []
      var used = 0
      while let next = rest.first, row.isEmpty || used + column(next, scale) <= width {
        row.append(next)
        used += column(next, scale)
        rest.removeFirst()
      }
      text.append(line(row, scale))
    }
    if let picture = drawn.first, let size = picture.sizeBefore {
      let now = "\(picture.height) × \(picture.width)"
      text.append("\(size.height) × \(size.width) pixels, drawn as \(now)\n", .dim)
    }
    if pictures.count > most { text.append("… \(pictures.count - most) more pictures\n", .dim) }
    return text
  }

  /// The columns of a picture and of the gap behind it.
  private static func column(_ picture: Picture, _ scale: Int) -> Int {
    picture.width * scale + 2
  }

  private static func line(_ row: [Picture], _ scale: Int) -> StyledText {
    var text = StyledText()
    if row.contains(where: { !$0.caption.isEmpty }) {
      for picture in row {
        let caption = cut(picture.caption, picture.width * scale + 1)
        let space = column(picture, scale) - TextWidth.columns(of: caption)
        text.append(caption + String(repeating: " ", count: max(0, space)))
      }
      text.append("\n")
    }
    let tallest = row.map(\.height).max() ?? 0
    for y in stride(from: 0, to: tallest, by: scale == 2 ? 1 : 2) {
      for picture in row {
        if y < picture.height { text.append(cells(picture, y, scale)) }
        let space = y < picture.height ? 2 : column(picture, scale)
        text.append(String(repeating: " ", count: space))
      }
      text.append("\n")
    }
    return text
  }

  private static func cut(_ text: String, _ columns: Int) -> String {
    var result = ""
    var used = 0
    for character in text {
      used += TextWidth.columns(of: character)
      guard used <= columns else { break }
      result.append(character)
    }
    return result
  }

  /// A row of pixels, two columns each; or two rows of pixels, a column for both.
  private static func cells(_ picture: Picture, _ y: Int, _ scale: Int) -> StyledText {
    let ramp: [Character] = [" ", "░", "▒", "▓", "█"]
    var text = StyledText()
    for x in 0..<picture.width {
      let top = picture.share(x, y)
      let bottom = scale == 2 ? top : y + 1 < picture.height ? picture.share(x, y + 1) : 0
      let mark = ramp[min(4, Int((top + bottom) / 2 * 4.999))]
      text.append(
        String(repeating: mark, count: scale),
        .pixels(top: PlotColor.grey(top).terminal, bottom: PlotColor.grey(bottom).terminal))
    }
    return text
  }
}

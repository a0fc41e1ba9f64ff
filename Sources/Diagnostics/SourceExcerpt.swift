// One line of source as it is shown under an error: tabs expanded, control characters made
// visible, long lines cut around the marks, and every mark translated to columns.

/// A part of a line to be underlined, with what is said about it.
struct SourceMark {
  /// UTF-8 offsets in the source.
  var lower: Int
  var upper: Int
  var text: String
}

struct SourceExcerpt {
  /// A mark in columns of `text`, counted from 0.
  struct Place {
    var column: Int
    var length: Int
    var text: String
  }

  private(set) var text = ""
  /// From left to right.
  private(set) var places: [Place] = []

  private struct Cell {
    var offset: Int
    var text: String
    var columns: Int
  }

  /// The line at most `width` columns wide; O(width), however long the line.
  init(_ source: SourceText, line: Int, marks: [SourceMark], width: Int) {
    let bounds = source.lineRange(line)
    let marks = marks.sorted { ($0.lower, $0.upper) < ($1.lower, $1.upper) }
    let first = min(
      max(marks.first?.lower ?? bounds.lowerBound, bounds.lowerBound), bounds.upperBound)
    let cells = SourceExcerpt.cells(source, bounds, around: first, reach: 4 * width)
    let shown = SourceExcerpt.window(cells, first, width)
    let isCutLeft =
      (cells.first?.offset ?? bounds.lowerBound) > bounds.lowerBound || shown.lowerBound > 0
    let end = shown.upperBound < cells.count ? cells[shown.upperBound].offset : nil
    let lastByte = cells.last.map { $0.offset + $0.text.utf8.count } ?? bounds.upperBound
    text = isCutLeft ? "…" : ""
    for cell in cells[shown] { text += cell.text }
    if end != nil || lastByte < bounds.upperBound && SourceExcerpt.isCut(cells, bounds) {
      text += "…"
    }
    for mark in marks {
      places.append(SourceExcerpt.place(mark, cells[shown], isCutLeft ? 1 : 0, bounds))
    }
  }

  /// The characters near an offset of the line.
  private static func cells(
    _ source: SourceText, _ bounds: Range<Int>, around offset: Int, reach: Int
  ) -> [Cell] {
    var lower = max(bounds.lowerBound, offset - reach)
    while lower > bounds.lowerBound, source.utf8[lower] & 0xC0 == 0x80 { lower -= 1 }
    var upper = min(bounds.upperBound, offset + reach)
    while upper < bounds.upperBound, source.utf8[upper] & 0xC0 == 0x80 { upper += 1 }
    var result: [Cell] = []
    var position = lower
    var column = 0
    for character in String(decoding: source.utf8[lower..<upper], as: UTF8.self) {
      let text = visible(character, column)
      let columns = TextWidth.columns(of: text)
      result.append(Cell(offset: position, text: text, columns: columns))
      position += character.utf8.count
      column += columns
    }
    // A cell of no character at the end, so that the line's full reach is known.
    if upper < bounds.upperBound { result.append(Cell(offset: upper, text: "", columns: 0)) }
    return result
  }

  private static func isCut(_ cells: [Cell], _ bounds: Range<Int>) -> Bool {
    cells.last.map { $0.columns == 0 && $0.text.isEmpty && $0.offset < bounds.upperBound } ?? false
  }

  /// Tabs become spaces up to the next multiple of 4, control characters their pictures.
  static func visible(_ character: Character, _ column: Int) -> String {
    guard let scalar = character.unicodeScalars.first, scalar.value < 0x20 || scalar.value == 0x7F
    else { return String(character) }
    if scalar == "\t" { return String(repeating: " ", count: 4 - column % 4) }
    let picture = scalar.value == 0x7F ? 0x2421 : 0x2400 + scalar.value
    return Unicode.Scalar(picture).map { String(Character($0)) } ?? "?"
  }

  /// Which characters fit: from the beginning if the mark is seen then, else a third before it.
  private static func window(_ cells: [Cell], _ focus: Int, _ width: Int) -> Range<Int> {
    var columns = 0
    var focusColumn = 0
    for cell in cells {
      if cell.offset < focus { focusColumn += cell.columns }
      columns += cell.columns
    }
    guard columns > width else { return 0..<cells.count }
    let skipped = focusColumn < 2 * width / 3 ? 0 : focusColumn - width / 3
    var lower = 0
    var used = 0
    while lower < cells.count, used < skipped {
      used += cells[lower].columns
      lower += 1
    }
    var upper = lower
    used = 0
    while upper < cells.count, used + cells[upper].columns <= width - 2 {
      used += cells[upper].columns
      upper += 1
    }
    return lower..<upper
  }

  private static func place(
    _ mark: SourceMark, _ cells: ArraySlice<Cell>, _ shift: Int, _ bounds: Range<Int>
  ) -> Place {
    var column = shift
    var length = 0
    for cell in cells {
      if cell.offset < mark.lower {
        column += cell.columns
      } else if cell.offset < mark.upper {
        length += cell.columns
      }
    }
    return Place(column: column, length: max(1, length), text: mark.text)
  }
}

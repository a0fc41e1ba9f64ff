// An entry on the screen: prompt, colours, continuation marks, a window on what is taller than the
// terminal. libedit edits the text and draws to nowhere; before each wait for a key the view brings
// the screen up to date, writing only what differs from what is there.

import Diagnostics
@preconcurrency import Glibc
import Syntax

/// What stands in a column of the screen, or in two.
private struct Cell: Equatable {
  var text: String
  var width: Int
  /// Parameters of an escape sequence; nil is as the terminal writes.
  var style: String?
}

/// The lines of the screen that show an entry.
final class EntryView {
  var prompt = "> "
  var isColored: Bool
  /// Whether a name means something already; others are coloured.
  var isKnown: (String) -> Bool = { _ in true }
  private let isPlain: Bool
  /// What stands before each line but the first: as wide as the prompt, so that code lines up.
  private let continuation: String
  private var rows: [[Cell]] = []
  /// Where the terminal's cursor is, counted from the first of `rows`.
  private var cursor = (row: 0, column: 0)
  /// The first row of the entry that is on the screen.
  private var top = 0
  private(set) var columns = 80
  private var height = 24
  private var marksBrackets = true
  private var drawn: (text: [Unicode.Scalar], cursor: Int, prompt: String, hint: String)?

  init(isColored: Bool, isPlain: Bool) {
    (self.isColored, self.isPlain) = (isColored, isPlain)
    continuation = isPlain ? "  " : "… "
    measure()
  }

  /// Asks the terminal for its size.
  func measure() {
    var size = winsize()
    guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return }
    (columns, height) = (Int(size.ws_col), Int(size.ws_row))
  }

  /// From here on the entry is drawn anew, from the start of the terminal's line.
  func begin() { (rows, cursor, top, drawn) = ([], (0, 0), 0, nil) }

  /// Goes to the start of a line, where keys typed meanwhile, `^C` or a program's output have left
  /// the cursor elsewhere: as many spaces as there are columns wrap from everywhere but the start.
  func takeFreshLine() {
    if !isPlain { write(String(repeating: " ", count: columns) + "\r\u{1B}[K") }
    begin()
  }

  /// The window has another size: terminals break long lines anew, so that the entry begins as many
  /// rows further up as its old rows now take.
  func resize() {
    measure()
    let above = rows.prefix(cursor.row).reduce(0) {
      $0 + max(1, (width($1) + columns - 1) / columns)
    }
    let up = above + cursor.column / columns
    write((up > 0 ? "\u{1B}[\(up)A" : "") + "\r\u{1B}[J")
    begin()
  }

  /// Brings the screen up to date. The hint stands behind the text and is not part of it.
  func show(_ entry: EntryText, hint: String = "") {
    if let drawn, drawn.cursor == entry.cursor, drawn.prompt == prompt, drawn.hint == hint,
      drawn.text == entry.scalars
    {
      return
    }
    drawn = (entry.scalars, entry.cursor, prompt, hint)
    let (all, place) = layOut(entry, hint: hint)
    top = min(max(top, place.row - height + 1), place.row, max(0, all.count - height))
    let visible = Array(all[top..<min(all.count, top + height)])
    var output = ""
    for (row, cells) in visible.enumerated() {
      output += change(row, to: cells)
    }
    if visible.count < rows.count { output += move(to: (visible.count, 0)) + "\u{1B}[J" }
    rows = visible
    write(output + move(to: (place.row - top, place.column)))
  }

  /// Shows the entry as it was ended and goes to where output may begin.
  func end(_ entry: EntryText, mark: String = "") {
    // What stays on the screen has no cursor, and no bracket that matches the one at it.
    (marksBrackets, drawn) = (false, nil)
    show(EntryText(scalars: entry.scalars, cursor: entry.scalars.count))
    marksBrackets = true
    write(mark + "\n")
    begin()
  }

  func write(_ text: String) {
    fputs(text, stdout)
    fflush(stdout)
  }

  // MARK: - Drawing

  private func width(_ cells: [Cell]) -> Int { cells.reduce(0) { $0 + $1.width } }

  /// What makes a row of the screen show these cells.
  private func change(_ row: Int, to cells: [Cell]) -> String {
    let old = row < rows.count ? rows[row] : []
    if row < rows.count, old == cells { return "" }
    let same = zip(old, cells).prefix { $0 == $1 }.count
    let start = width(Array(cells[..<same]))
    var output = move(to: (row, start))
    var style: String?
    for cell in cells[same...] {
      if cell.style != style {
        output += (style == nil ? "" : "\u{1B}[0m") + (cell.style.map { "\u{1B}[\($0)m" } ?? "")
        style = cell.style
      }
      output += cell.text
    }
    if style != nil { output += "\u{1B}[0m" }
    cursor.column = width(cells)
    if width(old) > cursor.column { output += "\u{1B}[K" }
    return output
  }

  /// Line feeds lead down, so that the terminal makes room at its end.
  private func move(to place: (row: Int, column: Int)) -> String {
    var output = ""
    if place.row > cursor.row {
      output = String(repeating: "\n", count: place.row - cursor.row)
      cursor.column = 0
    } else if place.row < cursor.row {
      output = "\u{1B}[\(cursor.row - place.row)A"
    }
    let right = place.column - cursor.column
    if place.column == 0, right != 0 {
      output += "\r"
    } else if right != 0 {
      output += "\u{1B}[\(abs(right))\(right > 0 ? "C" : "D")"
    }
    cursor = place
    return output
  }

  // MARK: - Layout

  /// The rows of an entry and the place of its cursor. The last column stays free: what terminals
  /// do there differs.
  private func layOut(_ entry: EntryText, hint: String) -> (
    rows: [[Cell]], cursor: (row: Int, column: Int)
  ) {
    let limit = max(8, columns - 1)
    var rows: [[Cell]] = [[]]
    var column = 0
    func place(_ text: String, _ width: Int, _ style: String?) {
      if column + width > limit {
        rows.append([Cell(text: "  ", width: 2, style: nil)])
        column = 2
      }
      rows[rows.count - 1].append(Cell(text: text, width: width, style: style))
      column += width
    }
    func place(_ text: String, _ style: String?) {
      for character in text { place(String(character), TextWidth.columns(of: character), style) }
    }
    let styles = styles(entry)
    place(prompt, nil)
    var position = 0
    var cursor: (row: Int, column: Int)?
    for character in entry.text {
      if cursor == nil, position >= entry.cursor { cursor = (rows.count - 1, column) }
      if character == "\n" {
        rows.append([])
        column = 0
        place(continuation, code(.dim))
      } else if character == "\t" {
        let width = 8 - (column - 2) % 8
        place(String(repeating: " ", count: width), width, nil)
      } else {
        let width = TextWidth.columns(of: character)
        place(shown(character), width, styles[position])
      }
      position += character.unicodeScalars.count
    }
    let place = cursor ?? (rows.count - 1, column)
    for character in hint {
      let width = TextWidth.columns(of: character)
      guard column + width < limit else { break }
      rows[rows.count - 1].append(Cell(text: String(character), width: width, style: code(.dim)))
      column += width
    }
    return (rows, place)
  }

  /// A control that got into the text is not sent to the terminal.
  private func shown(_ character: Character) -> String {
    guard let value = character.unicodeScalars.first?.value, value < 0x20 || value == 0x7F else {
      return String(character)
    }
    return ""
  }

  private func code(_ style: StyledText.Style) -> String? { isColored ? style.code : nil }

  /// The style of each scalar.
  private func styles(_ entry: EntryText) -> [String?] {
    var result = [String?](repeating: nil, count: entry.scalars.count)
    let text = entry.text
    guard isColored, !text.hasPrefix(":"), !text.hasPrefix("?") else { return result }
    var scalar = 0
    var byte = 0
    let source = SourceText(name: "entry", text: text)
    let unknown = UnknownNames.ranges(source, cursor: entry.beforeCursor.utf8.count, isKnown)
    for (range, kind) in Highlighter.tokens(source) {
      let style = unknown.contains(range) ? StyledText.Style.error.code : kind.style.code
      while scalar < result.count, byte < range.upper {
        // An error may be that the text isn't finished; Return will tell.
        if byte >= range.lower, kind != .error { result[scalar] = style }
        byte += UTF8.width(entry.scalars[scalar])
        scalar += 1
      }
    }
    for place in marksBrackets ? Brackets.pair(entry) : [] {
      result[place] = StyledText.Style.accent.code.map { $0 + ";4" }
    }
    return result
  }
}

// Writes the walk: keeps count of the column, and breaks lines where a reader would.

import Diagnostics
import Engine

/// How a walk is shown.
package struct WalkLayout: Sendable {
  /// Columns of a line.
  package let width: Int
  /// Significant digits.
  package let digits: Int

  package init(width: Int = 80, digits: Int = 6) {
    // Narrower than this nothing but numbers would fit.
    self.width = max(24, width)
    self.digits = digits
  }
}

/// Styled text and the column where it ends.
struct WalkWriter {
  private(set) var text = StyledText()
  private var column = 0
  let layout: WalkLayout

  init(_ layout: WalkLayout) { self.layout = layout }

  var used: Int { column }
  var digits: Int { layout.digits }

  /// Appends as it is.
  mutating func put(_ piece: String, _ style: StyledText.Style = .plain) {
    text.append(piece, style)
    let last = piece.split(separator: "\n", omittingEmptySubsequences: false).last ?? ""
    column = TextWidth.columns(of: String(last)) + (last.count == piece.count ? column : 0)
  }

  mutating func end() { put("\n") }

  /// A new line that begins at a column.
  mutating func line(at indent: Int) {
    put("\n" + String(repeating: " ", count: indent))
  }

  /// Whether so many further columns fit on the line.
  func fits(_ count: Int) -> Bool { column + count <= layout.width }

  /// Appends a piece, on a new line where it doesn't fit; a long one is broken before its signs,
  /// and goes on under the parenthesis in which it was broken.
  mutating func flow(_ piece: String, _ style: StyledText.Style = .plain, indent: Int) {
    let length = TextWidth.columns(of: piece)
    if !fits(length), column > indent, indent + length <= layout.width {
      line(at: indent)
      put(String(piece.drop { $0 == " " }), style)
      return
    }
    guard !fits(length) else { return put(piece, style) }
    var open: [Int] = []
    for part in Breaks.pieces(piece, room: layout.width - 8, indent: indent) {
      // Under the parenthesis, or as far left of it as the part needs.
      let wanted = min(open.last.map { $0 + 1 } ?? indent, layout.width * 3 / 5)
      let bare = part.drop { $0 == " " }
      let margin = max(4, min(wanted, layout.width - TextWidth.columns(of: String(bare))))
      let breaks = column > margin && !fits(TextWidth.columns(of: part))
      if breaks { line(at: margin) }
      let shown = breaks ? bare : part[...]
      for (place, c) in shown.enumerated() {
        if c == "(" { open.append(column + place) }
        if c == ")" { _ = open.popLast() }
      }
      put(String(shown), style)
    }
  }

  /// Words on as many lines as they need.
  mutating func words(_ sentence: String, _ style: StyledText.Style = .plain, indent: Int) {
    for (index, word) in sentence.split(separator: " ").enumerated() {
      let isFirst = index == 0 && (column == 0 || column == indent)
      flow(isFirst ? String(word) : " \(word)", style, indent: indent)
    }
  }
}

/// Where formulas may be broken.
enum Breaks {
  /// Pieces that fit on a line: a text cut between terms, what is too long between its factors, what
  /// is still too long inside its brackets, and so on.
  static func pieces(_ text: String, room: Int, indent: Int) -> [String] {
    let ways: [(room: Int, cut: (String) -> [String])] = [
      (0, { cut($0, before: ["+ ", "− "], afterCommas: true) }),
      (room - indent, { cut($0, before: ["· ", "/ ", "= "], afterCommas: false) }),
      (room - indent, parts), (room - indent, terms), (room, words),
    ]
    return ways.reduce([text]) { pieces, way in
      pieces.flatMap { TextWidth.columns(of: $0) > way.room ? way.cut($0) : [$0] }
    }
  }

  /// A text cut outside of all brackets before some signs.
  private static func cut(_ text: String, before signs: [String], afterCommas: Bool) -> [String] {
    var pieces: [String] = []
    var current = ""
    var depth = 0
    let characters = Array(text)
    for (index, c) in characters.enumerated() {
      if "([{⟨".contains(c) { depth += 1 }
      if ")]}⟩".contains(c) { depth -= 1 }
      let rest = characters[(index + 1)...]
      if c == " ", depth == 0, !current.isEmpty,
        signs.contains(where: { rest.starts(with: Array($0)) })
          || afterCommas && current.last == ","
      {
        pieces.append(current)
        current = ""
      }
      current.append(c)
    }
    return pieces + [current]
  }

  /// A text cut before every ` + ` and ` − ` and after commas between brackets.
  private static func parts(_ text: String) -> [String] {
    var parts: [String] = []
    var current = ""
    var depth = 0
    let characters = Array(text)
    let isInShort = shortGroups(characters)
    for (index, c) in characters.enumerated() {
      if "([{⟨".contains(c) { depth += 1 }
      if ")]}⟩".contains(c) { depth -= 1 }
      if c == " ", !current.isEmpty, !isInShort[index], isBreak(characters, index, depth) {
        parts.append(current)
        current = ""
      }
      current.append(c)
    }
    return parts + [current]
  }

  /// Which characters stand in a parenthesis so short that it stays on one line.
  private static func shortGroups(_ text: [Character]) -> [Bool] {
    var result = [Bool](repeating: false, count: text.count)
    var open: [Int] = []
    for (index, c) in text.enumerated() {
      if c == "(" { open.append(index) }
      if c == ")", let start = open.popLast(), index - start < 20 {
        for place in start...index { result[place] = true }
      }
    }
    return result
  }

  /// A term of a ledger cut before where it came from.
  private static func terms(_ part: String) -> [String] {
    let pieces = part.split(separator: " (through ", omittingEmptySubsequences: false)
    return pieces.enumerated().map { $0 == 0 ? String($1) : " (through \($1)" }
  }

  /// A text cut before every space outside of square brackets.
  private static func words(_ text: String) -> [String] {
    var parts: [String] = []
    var current = ""
    var depth = 0
    for c in text {
      if c == "[" { depth += 1 }
      if c == "]" { depth -= 1 }
      if c == " ", depth == 0, current.contains(where: { $0 != " " }) {
        parts.append(current)
        current = ""
      }
      current.append(c)
    }
    return parts + [current]
  }

  private static func isBreak(_ text: [Character], _ index: Int, _ depth: Int) -> Bool {
    let follows = { (piece: String) in
      text[(index + 1)...].starts(with: Array(piece))
    }
    if follows("+ ") || follows("− ") { return true }
    return index > 0 && text[index - 1] == "," && (depth == 0 || text[..<index].contains("["))
      && (depth == 0 || text[index - 2] == "]")
  }
}

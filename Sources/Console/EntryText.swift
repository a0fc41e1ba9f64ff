// The text of an entry while it is edited: its lines, its words, its indentation.

/// A text and a cursor, counted in Unicode scalars as libedit counts.
struct EntryText: Equatable {
  var scalars: [Unicode.Scalar]
  var cursor: Int

  var text: String { EntryText.text(scalars[...]) }
  var beforeCursor: String { EntryText.text(scalars[..<cursor]) }

  static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }

  // MARK: - Lines

  /// Where the cursor's line begins.
  var lineStart: Int {
    scalars[..<cursor].lastIndex(of: "\n").map { $0 + 1 } ?? 0
  }

  /// Where the cursor's line ends.
  var lineEnd: Int { scalars[cursor...].firstIndex(of: "\n") ?? scalars.count }

  var isOnFirstLine: Bool { lineStart == 0 }
  var isOnLastLine: Bool { lineEnd == scalars.count }

  /// The same column of the line above, or its end; nil on the first line.
  var above: Int? {
    let start = lineStart
    guard start > 0 else { return nil }
    let target = EntryText(scalars: scalars, cursor: start - 1)
    return min(target.lineStart + cursor - start, start - 1)
  }

  /// The same column of the line below, or its end; nil on the last line.
  var below: Int? {
    let end = lineEnd
    guard end < scalars.count else { return nil }
    let target = EntryText(scalars: scalars, cursor: end + 1)
    return min(end + 1 + cursor - lineStart, target.lineEnd)
  }

  /// Whether only white space stands before the cursor on its line.
  var isLineBlankBeforeCursor: Bool {
    scalars[lineStart..<cursor].allSatisfy { $0 == " " || $0 == "\t" }
  }

  /// Whether the cursor is behind two blank lines that end the entry: the way to say that an
  /// incomplete entry is to be run as it is.
  var endsInBlankLines: Bool {
    guard cursor == scalars.count else { return false }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.count > 2 && lines.suffix(2).allSatisfy { $0.allSatisfy(\.isWhitespace) }
  }

  /// The white space with which a line after the cursor's begins: that of this line, and two more
  /// where a bracket opens.
  var indentation: String {
    let line = scalars[lineStart..<cursor]
    let space = EntryText.text(line.prefix { $0 == " " || $0 == "\t" })
    let last = line.last { $0 != " " && $0 != "\t" }
    return last == "{" || last == "(" || last == "[" ? space + "  " : space
  }

  /// Where a word (letters, digits, `_`) before the cursor begins, white space after it included.
  var wordStart: Int {
    var index = cursor
    while index > 0, !isWord(scalars[index - 1]) { index -= 1 }
    while index > 0, isWord(scalars[index - 1]) { index -= 1 }
    return index
  }

  private func isWord(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
  }
}

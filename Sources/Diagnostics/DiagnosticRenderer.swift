// A diagnostic in the one form: kind and sentence, source with labels, notes, one suggestion.
//
//     error[shape]: cannot multiply x @ w: the inner sizes 784 and 128 differ
//       --> mlp.nns:14:9
//        |
//     14 | let y = x @ w + b
//        |         ^   ^ [128, 10], made at mlp.nns:4:9
//        |         [32, 784], from flatten of [32, 28, 28] at mlp.nns:12:9
//        = help: put dense(784, 128) before it

package enum DiagnosticRenderer {
  package enum Style: Sendable { case plain, ansi }

  /// How wide a line of source may be shown.
  package static let sourceWidth = 100

  package static func render(_ diagnostic: Diagnostic, style: Style) -> String {
    render(diagnostic).rendered(colored: style == .ansi)
  }

  /// Ends with a line end. On a terminal of so many columns sentences are broken between words, and
  /// lines of source are cut around what is marked.
  package static func render(_ diagnostic: Diagnostic, columns: Int? = nil) -> StyledText {
    let (word, style) =
      diagnostic.isWarning
      ? ("warning", StyledText.Style.warning) : ("error", StyledText.Style.error)
    var text = StyledText("\(word)[\(diagnostic.kind.rawValue)]", style)
    text.append(": \(visible(diagnostic.message))", .strong)
    text = text.wrapped(columns, hanging: 2)
    text.append("\n")
    let snippets = self.snippets(diagnostic)
    let digits = String(snippets.map(\.line).max() ?? 1).count
    let margin = String(repeating: " ", count: digits)
    for snippet in snippets { draw(snippet, digits, style, columns, &text) }
    let remarks =
      (diagnostic.notes + diagnostic.calls.notes).map { ("note", $0) }
      + [diagnostic.help].compactMap { $0 }.map { ("help", $0) }
    for (word, remark) in remarks {
      var line = StyledText("\(margin) = ", .dim)
      line.append("\(word): ", .accent)
      line.append(indented(remark, digits + 9))
      text.append(line.wrapped(columns, hanging: digits + 9))
    }
    return text
  }

  /// Control characters but line ends and tabs as their pictures: a message may hold any text.
  private static func visible(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return text }
    return text.reduce(into: "") { result, character in
      let isLayout = character == "\n" || character == "\t"
      result += isLayout ? String(character) : SourceExcerpt.visible(character, 0)
    }
  }

  /// Further lines of a note stand under its first.
  private static func indented(_ text: String, _ columns: Int) -> String {
    let margin = "\n" + String(repeating: " ", count: columns)
    return visible(text).split(separator: "\n", omittingEmptySubsequences: false).joined(
      separator: margin)
      + "\n"
  }
}

// MARK: - Snippets

extension DiagnosticRenderer {
  /// One line of source with its marks.
  private struct Snippet {
    var source: SourceText
    var line: Int
    var place: String
    var marks: [SourceMark]
  }

  /// The line of the error first, then the lines of labels elsewhere, in the order given.
  private static func snippets(_ diagnostic: Diagnostic) -> [Snippet] {
    var result: [Snippet] = []
    if let span = diagnostic.span {
      result.append(Snippet(source: span.source, line: span.line, place: span.place, marks: []))
    }
    for label in diagnostic.labels {
      let line = label.span.line
      let mark = SourceMark(
        lower: Int(label.span.range.lower), upper: Int(label.span.range.upper), text: label.text)
      if let index = result.firstIndex(where: { $0.source === label.span.source && $0.line == line }
      ) {
        result[index].marks.append(mark)
      } else {
        result.append(
          Snippet(source: label.span.source, line: line, place: label.span.place, marks: [mark]))
      }
    }
    if let span = diagnostic.span, result[0].marks.isEmpty {
      result[0].marks = [
        SourceMark(lower: Int(span.range.lower), upper: Int(span.range.upper), text: "")
      ]
    }
    return result
  }

  private static func draw(
    _ snippet: Snippet, _ digits: Int, _ style: StyledText.Style, _ columns: Int?,
    _ text: inout StyledText
  ) {
    let margin = String(repeating: " ", count: digits)
    let width = columns.map { min(sourceWidth, max(12, $0 - digits - 4)) } ?? sourceWidth
    let excerpt = SourceExcerpt(
      snippet.source, line: snippet.line, marks: snippet.marks, width: width)
    text.append("\(margin)--> ", .dim)
    text.append("\(snippet.place)\n")
    text.append("\(margin) |\n", .dim)
    let number = String(snippet.line)
    text.append(String(repeating: " ", count: max(0, digits - number.count)) + number + " |", .dim)
    text.append(excerpt.text.isEmpty ? "\n" : " \(excerpt.text)\n")
    underline(excerpt.places, margin, style, columns, &text)
  }

  /// A mark under each part; the text of the rightmost follows its mark, the others stand below,
  /// from right to left, each where its part begins.
  private static func underline(
    _ places: [SourceExcerpt.Place], _ margin: String, _ style: StyledText.Style, _ columns: Int?,
    _ text: inout StyledText
  ) {
    var marks: [Character] = []
    for place in places {
      let end = place.column + place.length
      if marks.count < end { marks += [Character](repeating: " ", count: end - marks.count) }
      for column in place.column..<end { marks[column] = "^" }
    }
    text.append("\(margin) | ", .dim)
    text.append(String(marks), style)
    // What a label says follows its mark where that fits, else it begins a line of its own.
    let room = columns.map { $0 - margin.count - 3 } ?? .max
    func fits(_ place: SourceExcerpt.Place, from column: Int) -> Bool {
      column + TextWidth.columns(of: oneLine(place.text)) <= room
    }
    var below = places.filter { !$0.text.isEmpty }
    if let last = places.last, !last.text.isEmpty, fits(last, from: marks.count + 1) {
      text.append(" \(oneLine(last.text))")
      below.removeLast()
    }
    text.append("\n")
    for place in below.reversed() {
      var line = StyledText("\(margin) | ", .dim)
      let column = fits(place, from: place.column) ? place.column : 0
      line.append(String(repeating: " ", count: column) + oneLine(place.text))
      text.append(line.wrapped(columns, hanging: margin.count + 3))
      text.append("\n")
    }
  }

  private static func oneLine(_ text: String) -> String {
    visible(text).split(separator: "\n").joined(separator: " ")
  }
}

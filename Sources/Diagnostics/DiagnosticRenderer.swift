// A diagnostic in the one form: kind and sentence, source with labels, notes, help.

package enum DiagnosticRenderer {
  package static func render(_ diagnostic: Diagnostic) -> StyledText {
    var text = StyledText("error[\(diagnostic.kind.rawValue)]", .error)
    text.append(": \(diagnostic.message)\n", .strong)
    let width = gutter(diagnostic)
    let margin = String(repeating: " ", count: width)
    if let span = diagnostic.span {
      text.append("\(margin)--> ", .dim)
      text.append("\(span.place)\n")
      text.append("\(margin) |\n", .dim)
      snippet(span, diagnostic.labels, width, &text)
    }
    for note in diagnostic.notes {
      text.append("\(margin) = note: ", .dim)
      text.append("\(note)\n")
    }
    if let help = diagnostic.help {
      text.append("\(margin) = ", .dim)
      text.append("help: ", .accent)
      text.append("\(help)\n")
    }
    return text
  }

  private static func gutter(_ diagnostic: Diagnostic) -> Int {
    let lines = ([diagnostic.span] + diagnostic.labels.map(\.span)).compactMap { $0?.line }
    return String(lines.max() ?? 1).count
  }

  /// The line of the error with a mark under each label, the labels' texts from right to left.
  private static func snippet(
    _ span: SourceSpan, _ labels: [Diagnostic.Label], _ width: Int, _ text: inout StyledText
  ) {
    let line = span.line
    let source = span.source
    let here = labels.filter { $0.span.source === source && $0.span.line == line }
    let marks = here.isEmpty ? [Diagnostic.Label(span, "")] : here
    var shown = source.lineText(line).replacingTabs
    var shift = 0
    if shown.count > 160 {
      shift = max(0, (marks.map(\.span.column).min() ?? 1) - 40)
      shown = (shift > 0 ? "…" : "") + shown.dropFirst(shift).prefix(120) + "…"
      shift -= shift > 0 ? 1 : 0
    }
    let number = String(line)
    let margin = String(repeating: " ", count: width)
    text.append(String(repeating: " ", count: width - number.count) + number + " | ", .dim)
    text.append(shown + "\n")
    let sorted = marks.sorted { $0.span.column < $1.span.column }
    let columns = sorted.map { max(0, $0.span.column - 1 - shift) }
    var underline = [Character](repeating: " ", count: (columns.max() ?? 0) + 1)
    for (label, column) in zip(sorted, columns) {
      let length = here.isEmpty ? max(1, min(label.span.text.count, shown.count - column)) : 1
      while underline.count < column + length { underline.append(" ") }
      for offset in 0..<length { underline[column + offset] = "^" }
    }
    text.append("\(margin) | ", .dim)
    text.append(String(underline), .error)
    text.append(sorted.last.map { $0.text.isEmpty ? "" : " " + $0.text } ?? "")
    text.append("\n")
    for index in sorted.indices.dropLast().reversed() where !sorted[index].text.isEmpty {
      text.append("\(margin) | ", .dim)
      text.append(String(repeating: " ", count: columns[index]) + sorted[index].text + "\n")
    }
  }
}

extension String {
  /// Tabs as single spaces, so that columns stay columns.
  fileprivate var replacingTabs: String { String(map { $0 == "\t" ? " " : $0 }) }
}

// Text with meaning instead of colours: the face that shows it decides how.

package struct StyledText: Sendable {
  package enum Style: Sendable, Equatable {
    case plain, error, warning, strong, name, number, keyword, string, dim, accent
    /// A colour of the 256 that terminals have: a series of a plot.
    case tint(UInt8)
    /// Cells of a picture: with colours each character becomes two pixels, one over the other;
    /// without, the text itself stands for them.
    case pixels(top: UInt8, bottom: UInt8)
    /// A drawing for which a terminal has a picture: what shows it, instead of the text.
    case picture(escape: String)
  }

  package private(set) var runs: [(text: String, style: Style)] = []

  package init(_ text: String = "", _ style: Style = .plain) {
    if !text.isEmpty { runs = [(text, style)] }
  }

  package mutating func append(_ text: String, _ style: Style = .plain) {
    guard !text.isEmpty else { return }
    if let last = runs.last, last.style == style {
      runs[runs.count - 1].text += text
    } else {
      runs.append((text, style))
    }
  }

  package mutating func append(_ other: StyledText) { runs += other.runs }

  /// Appends a text whose further lines begin where its first one does.
  package mutating func append(indenting other: StyledText) {
    guard other.runs.contains(where: { $0.text.utf8.contains(0x0A) }) else { return append(other) }
    let column = runs.reduce(into: 0) { column, run in
      let last = run.text.split(separator: "\n", omittingEmptySubsequences: false).last ?? ""
      let width = TextWidth.columns(of: String(last))
      column = last.utf8.count == run.text.utf8.count ? column + width : width
    }
    let margin = "\n" + String(repeating: " ", count: column)
    for (text, style) in other.runs {
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      append(lines.joined(separator: margin), style)
    }
  }

  package var plain: String { runs.map(\.text).joined() }

  /// Columns of its widest line.
  package var width: Int {
    plain.split(separator: "\n").reduce(0) { max($0, TextWidth.columns(of: String($1))) }
  }

  /// With terminal colours that read well on light and dark.
  ///
  /// A run of several lines is coloured line by line, so that pagers which show a part of it colour
  /// it too.
  package var ansi: String {
    var result = ""
    for (text, style) in runs {
      if case .picture(let escape) = style {
        result += escape + (text.hasSuffix("\n") ? "\n" : "")
        continue
      }
      guard let code = style.code else {
        result += text
        continue
      }
      var isFirst = true
      for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
        if !isFirst { result += "\n" }
        isFirst = false
        if !line.isEmpty { result += "\u{1B}[\(code)m\(style.cells(line))\u{1B}[0m" }
      }
    }
    return result
  }

  package func rendered(colored: Bool) -> String { colored ? ansi : plain }
}

extension StyledText.Style {
  /// The parameters of the escape sequence that begins it; nil for plain text. Yellow is none of
  /// them: nobody reads it on white.
  package var code: String? {
    switch self {
    case .plain: nil
    case .error: "1;31"
    case .warning: "1;35"
    case .strong: "1"
    case .name: "36"
    case .number: "36"
    case .keyword: "35"
    case .string: "32"
    case .dim: "2"
    case .accent: "1;34"
    case .tint(let color): "38;5;\(color)"
    case .pixels(let top, let bottom): "38;5;\(top);48;5;\(bottom)"
    case .picture: nil
    }
  }

  /// What is written in this style: for pixels half blocks, whose two colours are the picture.
  fileprivate func cells(_ text: Substring) -> String {
    if case .pixels = self { return String(repeating: "▀", count: text.count) }
    return String(text)
  }
}

// Text with meaning instead of colours: the face that shows it decides how.

package struct StyledText: Sendable {
  package enum Style: Sendable {
    case plain, error, strong, name, number, dim, accent
    /// A colour of the 256 that terminals have: a series of a plot.
    case tint(UInt8)
    /// Cells of a picture: with colours each character becomes two pixels, one over the other;
    /// without, the text itself stands for them.
    case pixels(top: UInt8, bottom: UInt8)
  }

  package private(set) var runs: [(text: String, style: Style)] = []

  package init(_ text: String = "", _ style: Style = .plain) {
    if !text.isEmpty { runs = [(text, style)] }
  }

  package mutating func append(_ text: String, _ style: Style = .plain) {
    if !text.isEmpty { runs.append((text, style)) }
  }

  package mutating func append(_ other: StyledText) { runs += other.runs }

  package var plain: String { runs.map(\.text).joined() }

  /// With terminal colours that read well on light and dark.
  package var ansi: String {
    runs.map { text, style in
      switch style {
      case .plain: text
      case .error: "\u{1B}[1;31m\(text)\u{1B}[0m"
      case .strong: "\u{1B}[1m\(text)\u{1B}[0m"
      case .name: "\u{1B}[36m\(text)\u{1B}[0m"
      case .number: "\u{1B}[33m\(text)\u{1B}[0m"
      case .dim: "\u{1B}[2m\(text)\u{1B}[0m"
      case .accent: "\u{1B}[1;34m\(text)\u{1B}[0m"
      case .tint(let color): "\u{1B}[38;5;\(color)m\(text)\u{1B}[0m"
      case .pixels(let top, let bottom):
        "\u{1B}[38;5;\(top);48;5;\(bottom)m\(String(repeating: "▀", count: text.count))\u{1B}[0m"
      }
    }.joined()
  }

  package func rendered(colored: Bool) -> String { colored ? ansi : plain }
}

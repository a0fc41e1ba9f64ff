// Places in sources, widths in columns, words that are near.

import Diagnostics
import Testing

@Suite("Text")
struct TextTests {
  @Test("places count lines and characters from 1")
  func places() {
    let source = SourceText(name: "a", text: "ab\r\né変x\n\nend")
    func place(_ offset: Int) -> String {
      SourceSpan(source, TextRange(offset, offset + 1)).place
    }
    #expect(place(0) == "a:1:1")
    #expect(place(1) == "a:1:2")
    #expect(place(4) == "a:2:1")
    #expect(place(6) == "a:2:2")
    #expect(place(9) == "a:2:3")
    #expect(place(11) == "a:3:1")
    #expect(place(12) == "a:4:1")
    #expect(place(999) == "a:4:4")
    #expect((1...4).map { source.lineText($0) } == ["ab", "é変x", "", "end"])
    #expect(source.lineText(0) == "" && source.lineText(9) == "")
    #expect(source.lineRange(2) == 4..<10)
  }

  static let widths: [(String, Int)] = [
    ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("変数", 4), ("σ∂∇", 3), ("ｱ", 1), ("Ａ", 2),
    ("🙂", 2), ("👩‍👩‍👧", 2), ("❤️", 2), ("\u{200B}", 0), ("한국", 4), ("…×→", 3), ("▀█", 2),
  ]

  @Test("widths are those of terminals", arguments: widths)
  func width(text: String, columns: Int) {
    #expect(TextWidth.columns(of: text) == columns)
  }

  static let names = [
    "sigmoid", "softmax", "sum", "mean", "learning_rate", "x", "xs", "reshape", "_hidden", "Adam",
  ]
  static let near: [(String, String?)] = [
    ("sigmiod", "sigmoid"), ("sofmax", "softmax"), ("men", "mean"),
    ("learning_rat", "learning_rate"),
    ("reshpae", "reshape"), ("smu", "sum"), ("adam", "Adam"), ("y", nil), ("X", nil),
    ("hidden", nil), ("banana", nil), ("sum", nil), ("", nil), ("xz", "x"),
  ]

  @Test("near words are found, far ones are not offered", arguments: near)
  func suggestion(word: String, expected: String?) {
    #expect(Suggestion.nearest(to: word, in: Self.names.filter { $0 != word }) == expected)
  }

  @Test("the distance counts insertions, deletions, replacements and swaps")
  func distance() {
    func distance(_ a: String, _ b: String) -> Int { Suggestion.distance(Array(a), Array(b)) }
    #expect(distance("", "abc") == 3)
    #expect(distance("abc", "abc") == 0)
    #expect(distance("abcd", "acbd") == 1)
    #expect(distance("kitten", "sitting") == 3)
    #expect(distance("ca", "abc") == 3)
  }

  @Test("styled text has the same words with and without colours")
  func styledText() {
    var text = StyledText("a", .strong)
    text.append("\nb\n", .error)
    text.append("変", .tint(3))
    text.append("")
    #expect(text.plain == "a\nb\n変")
    #expect(text.width == 2)
    #expect(
      text.ansi == "\u{1B}[1ma\u{1B}[0m\n\u{1B}[1;31mb\u{1B}[0m\n\u{1B}[38;5;3m変\u{1B}[0m")
    #expect(StyledText("##", .pixels(top: 1, bottom: 2)).ansi == "\u{1B}[38;5;1;48;5;2m▀▀\u{1B}[0m")
    #expect(text.rendered(colored: false) == text.plain)
  }
}

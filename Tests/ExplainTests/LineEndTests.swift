// Lines of a walk end between terms and factors before they end inside brackets.

import Testing

@testable import Explain

@Suite("Line ends")
struct LineEndTests {
  private func lines(_ text: String, width: Int) -> [String] {
    var writer = WalkWriter(WalkLayout(width: width))
    writer.flow(text, indent: 2)
    return writer.text.plain.split(separator: "\n").map(String.init)
  }

  @Test("between terms, not inside the parentheses of one")
  func terms() {
    let text = "a[0, 0] · (b[0, 0] + c[0, 0] + d[0, 0]) + e[0, 0] · (f[0, 0] − g[0, 0] − h[0, 0])"
    #expect(
      lines(text, width: 54) == [
        "a[0, 0] · (b[0, 0] + c[0, 0] + d[0, 0])", "    + e[0, 0] · (f[0, 0] − g[0, 0] − h[0, 0])",
      ])
  }

  @Test("between factors where one term is too long")
  func factors() {
    let text = "(a[0, 0] + b[0, 0] + c[0, 0]) · (d[0, 0] + e[0, 0] + f[0, 0])"
    let shown = lines(text, width: 48)
    #expect(shown.count == 2)
    #expect(shown[0] == "(a[0, 0] + b[0, 0] + c[0, 0])")
    #expect(shown[1].hasPrefix("    · (d[0, 0]"))
  }

  @Test("inside where nothing else helps")
  func inside() {
    let shown = lines("(a[0, 0] + b[0, 0] + c[0, 0] + d[0, 0] + e[0, 0])", width: 40)
    #expect(shown.count == 2)
    #expect(shown.allSatisfy { $0.count <= 40 })
  }

  @Test("no bracket stays open at a line's end that could be closed", arguments: [40, 60, 80])
  func balanced(_ width: Int) {
    let term = "x[0, 0] (1 − x[0, 0])"
    let text = (0..<8).map { _ in term }.joined(separator: " + ")
    for line in lines(text, width: width) {
      #expect(line.filter { "([".contains($0) }.count == line.filter { ")]".contains($0) }.count)
      #expect(line.count <= width)
    }
  }
}

// The page of a walk and long folded layers: what must end, and what must be in it.

import Autodiff
import Engine
import Explain
import Testing

@Suite("Pages")
struct WalkPageTests {
  private func page(_ program: WalkProgram) throws -> (html: String, steps: Int) {
    try WalkPage(
      program.loss, title: "f(x) </script>", place: nil, notation: .names,
      sources: { _ in (.init(lines: [("1", "a < b")]), { _ in nil }) }
    ).made()
  }

  @Test("of every kind of model is whole, small and the same twice", arguments: QuizTests.programs)
  func whole(_ text: String) throws {
    let program = try WalkProgram(text)
    let (html, steps) = try page(program)
    #expect(steps == (try program.walk()).steps.count)
    #expect(html.utf8.count < WalkPage.limit)
    #expect(html.hasSuffix("</html>\n"))
    // What is shown ends neither the data nor the page.
    #expect(html.split(separator: "</script>", omittingEmptySubsequences: false).count == 3)
    #expect(try page(program).html == html)
  }

  @Test("an lstm over many turns is explained, folded and open", arguments: [1, 2, 3])
  func recurrent(_ depth: Int) throws {
    let program = try WalkProgram(
      "let net = lstm(2, 3)\nlet loss = mean(net(randn(2, 24, 2))[.., -1]^2)")
    let walk = try program.walk(depth)
    #expect(!walk.steps.isEmpty)
    var tour = try WalkTour(program.loss)
    var frames = 1
    while tour.next() {
      _ = try tour.frame()
      frames += 1
    }
    #expect(frames == tour.count)
  }
}

// The grammar of the repository is the real one: programs derived from it parse, and formatting
// them is idempotent and keeps their meaning.

import Diagnostics
import Syntax
import Testing

@Suite("The grammar")
struct GrammarTests {
  @Test("reads, and every name in it is a rule or a token")
  func isComplete() throws {
    let grammar = try EBNF(repositoryFile("Grammar/nns.ebnf"))
    let tokens: Set<String> = [
      "NAME", "WORD", "NUMBER", "SIZE", "QUOTE", "TEXT", "QUOTED", "SPEC", "NEWLINE",
    ]
    let unknown = grammar.references.subtracting(tokens).filter { grammar.rules[$0] == nil }
    #expect(unknown.isEmpty)
    let used = grammar.references.union(["program"])
    #expect(grammar.rules.keys.filter { !used.contains($0) }.isEmpty)
    #expect(grammar.heights().count == grammar.rules.count)
  }

  @Test("derives programs that parse and format to a fixed point", arguments: 0..<8)
  func derivesPrograms(batch: Int) throws {
    let grammar = try EBNF(repositoryFile("Grammar/nns.ebnf"))
    let heights = grammar.heights()
    for index in 0..<100 {
      let seed = UInt64(batch * 100 + index)
      let budget = 20 + index % 120 * 5
      let text = Derivation.program(grammar, heights, seed: seed, budget: budget)
      guard expectParses(text, "seed \(seed)") else { return }
      guard expectFormats(text, "seed \(seed)") else { return }
    }
  }

  private func expectParses(_ text: String, _ name: String) -> Bool {
    let diagnostics = parse(text).diagnostics
    guard let first = diagnostics.first else { return true }
    Issue.record("\(name):\n\(text)\n\(DiagnosticRenderer.render(first).plain)")
    return false
  }

  private func expectFormats(_ text: String, _ name: String) -> Bool {
    let first = formatted(text)
    guard expectParses(first, "\(name), formatted") else { return false }
    let (before, after) = (tree(text), tree(first))
    let second = formatted(first)
    if before == after, first == second, commentTexts(text) == commentTexts(first) { return true }
    Issue.record(
      """
      \(name): same meaning \(before == after), fixed point \(first == second), \
      comments kept \(commentTexts(text) == commentTexts(first))
      \(text)
      ----
      \(first)
      ----
      \(second)
      TREES
      \(before)
      ++++
      \(after)
      """)
    return false
  }

  private func commentTexts(_ text: String) -> [String] {
    let program = parse(text).program
    return program.comments.map { program.source.slice($0.range) }.sorted()
  }
}

// The entries of a session as a program: what worked and still matters, with its results.

import Diagnostics
import Interpreter
import Syntax

enum Transcript {
  /// An entry that is to stand in the file.
  private struct Line {
    let source: SourceText
    let statements: [Statement]
    let result: String?

    init(_ entry: Prompt.Worked) {
      source = SourceText(name: "entry", text: entry.text)
      statements = Parser.parseEntry(source).program.statements
      result = entry.result
    }

    var text: String { source.text }
    var words: Set<String> {
      Set(Highlighter.tokens(source).filter { $0.1 == .name }.map { source.slice($0.0) })
    }
    var names: [String] { statements.flatMap { Prompt.names(definedBy: $0) } }
    var goesOn: Bool { text.hasPrefix("|>") || text.hasPrefix(">>") }
    var readsAnswer: Bool { goesOn || words.contains("ans") }
    var isExpression: Bool {
      if statements.count == 1, case .expression? = statements.first?.kind { return true }
      return false
    }
    /// Looked something up, and nothing else.
    var isQuestion: Bool { text.hasPrefix("help(") || text.hasPrefix("apropos(") }
  }

  /// The program, empty where nothing has worked.
  static func text(_ entries: [Prompt.Worked]) -> String {
    let lines = kept(entries.map(Line.init).filter { !$0.isQuestion })
    var result = ""
    for (place, line) in lines.enumerated() {
      let later = lines[(place + 1)...]
      let reach = later.firstIndex { $0.isExpression } ?? later.endIndex
      let isRead = later.prefix(through: min(reach, later.endIndex - 1)).contains(
        where: \.readsAnswer)
      let text = line.goesOn ? "ans \(line.text)" : line.text
      guard !isRead || !line.isExpression else {
        result += "let ans = \(text)\n"
        continue
      }
      result += text + "\n"
      if let value = line.result, !value.isEmpty, value.utf8.count <= 2000 {
        result += "# => " + value.split(separator: "\n").joined(separator: "\n# ") + "\n"
      }
    }
    return result
  }

  /// Without definitions that were replaced before anybody looked at them.
  private static func kept(_ lines: [Line]) -> [Line] {
    lines.enumerated().filter { place, line in
      let names = line.names
      guard !names.isEmpty, names.count == line.statements.count else { return true }
      return !names.allSatisfy { isReplaced($0, in: lines[(place + 1)...]) }
    }.map(\.element)
  }

  private static func isReplaced(_ name: String, in later: ArraySlice<Line>) -> Bool {
    for line in later where line.words.contains(name) {
      // `let a = a + 1` reads the old one.
      let count = Highlighter.tokens(line.source).filter { line.source.slice($0.0) == name }.count
      return line.names.contains(name) && count == 1 && line.statements.count == 1
    }
    return false
  }
}

// The prompt: entries from a terminal or from standard input, one session.

import Autodiff
import Diagnostics
import Engine
@preconcurrency import Glibc
import Interpreter
import Library
import Syntax

package final class Prompt {
  package private(set) var session: Session
  private let isColored: Bool
  private let isTerminal: Bool
  private var entryNumber = 0
  private let history = History()
  /// Whether an entry failed; the exit code where there is no terminal.
  package private(set) var hasFailed = false

  package init(session: Session, isColored: Bool) {
    self.session = session
    self.isColored = isColored
    isTerminal = isatty(0) == 1 && isatty(1) == 1
  }

  func show(_ text: StyledText) { session.output(text) }

  func restart() {
    session = Library.makeSession(output: session.output)
  }

  /// Reads and runs entries until the end.
  package func run(version: String) {
    guard isTerminal, let reader = LineReader() else { return runLines() }
    show(StyledText("nns \(version) — :help for help, Tab completes, Ctrl-D leaves", .dim))
    for entry in history.entries() { reader.remember(entry) }
    reader.setCompleter { [unowned self] line, cursor in
      Completion.candidates(line, cursor, session)
    }
    while true {
      switch readEntry(reader) {
      case .end:
        show(StyledText(""))
        return
      case .interrupted: continue
      case .text(let entry):
        guard !entry.allSatisfy(\.isWhitespace) else { continue }
        reader.remember(entry)
        history.append(entry)
        if !run(entry) { return }
      }
    }
  }

  /// A whole entry: lines until the parser says that it is complete.
  private func readEntry(_ reader: LineReader) -> LineReader.Line {
    var entry = ""
    while true {
      let line = reader.read(prompt: entry.isEmpty ? "> " : "  … ")
      guard case .text(let text) = line else {
        if case .interrupted = line { Interrupts.clear() }
        return line
      }
      entry += (entry.isEmpty ? "" : "\n") + text
      if text.isEmpty || entry.hasPrefix(":") || !Parser.isIncomplete(entry) { return .text(entry) }
    }
  }

  /// Standard input that is no terminal: only results are printed.
  private func runLines() {
    var entry = ""
    while let line = readLine(strippingNewline: true) {
      entry += (entry.isEmpty ? "" : "\n") + line
      if Parser.isIncomplete(entry) { continue }
      if !entry.allSatisfy(\.isWhitespace), !run(entry) { return }
      entry = ""
    }
    if !entry.allSatisfy(\.isWhitespace) { _ = run(entry) }
  }

  /// Runs one entry; false when it asks to leave.
  private func run(_ entry: String) -> Bool {
    Interrupts.clear()
    do {
      if let command = try command(entry) { return command }
      entryNumber += 1
      var text = entry
      if text.hasPrefix("?") { text = "help(\(text.dropFirst()))" }
      if text.hasSuffix("?") { text = "help(\(text.dropLast()))" }
      let before = session.globals.user.map(\.name)
      try session.run(SourceText(name: "entry \(entryNumber)", text: text), mode: .entry)
      _ = before
      showDefinition(text)
    } catch {
      hasFailed = true
      for diagnostic in session.diagnostics(error) { show(DiagnosticRenderer.render(diagnostic)) }
    }
    return true
  }

  /// A definition shows a short form of what it defined.
  private func showDefinition(_ text: String) {
    guard isTerminal else { return }
    let program = Parser.parseEntry(SourceText(name: "entry", text: text)).program
    for statement in program.statements {
      var names: [String] = []
      switch statement.kind {
      case .define(let pattern, _): names = pattern.names.map(\.name)
      case .param(let name, _): names = [name.name]
      default: break
      }
      for name in names {
        guard let value = session.globals[name] else { continue }
        show(StyledText("\(name) : \(brief(value))", .dim))
      }
    }
  }

  /// A value in one line: `f32 [784, 128]  mean 0.00  sd 0.05`.
  func brief(_ value: Value) -> String {
    if let node = session.node(value), node.shape.rank > 0 {
      var text = "\(node.dtype.name) \(node.shape)"
      if let values = try? session.graph.values(node), !values.isEmpty, node.dtype != .bool {
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
        text +=
          "  mean \(NumberFormat.significant(mean, digits: 3))"
          + "  sd \(NumberFormat.significant(variance.squareRoot(), digits: 3))"
      }
      return text
    }
    let text = (try? session.echo(value)) ?? value.typeName
    let line = text.split(separator: "\n").first.map(String.init) ?? ""
    return line.count > 70 ? String(line.prefix(69)) + "…" : line
  }

  /// `:name arguments`; nil when the entry is none.
  private func command(_ entry: String) throws -> Bool? {
    guard entry.hasPrefix(":") else { return nil }
    let words = entry.dropFirst().split(separator: " ", maxSplits: 1)
    let name = words.first.map(String.init) ?? ""
    guard let command = Command.all.first(where: { $0.name == name }) else {
      let near = Suggestion.nearest(to: name, in: Command.all.map(\.name))
      throw Diagnostic(
        .name, "there is no command :\(name)",
        help: near.map { "did you mean :\($0)?" } ?? ":help lists them")
    }
    return try command.action(self, words.count > 1 ? String(words[1]) : "")
  }
}

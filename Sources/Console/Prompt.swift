// The prompt: entries from a terminal or from standard input, one session.

import Autodiff
import Diagnostics
import Engine
@preconcurrency import Glibc
import Interpreter
import Library
import Syntax

/// Reads entries and runs them.
package final class Prompt {
  /// The user's session; while a lesson runs, entries run in its own.
  private var own: Session
  package var session: Session { lessons.current?.session ?? own }
  var lessons: LessonShelf
  private let makeSession: () -> Session
  private let isTerminal: Bool
  private let isColored: Bool
  private let isPlain: Bool
  private var entryNumber = 0
  private let history = History()
  /// What was entered, oldest first, for `:history`.
  private(set) var entries: [String] = []
  /// Whether an entry failed; the exit code where there is no terminal.
  package private(set) var hasFailed = false

  /// `session` may have run something already; `makeSession` makes a fresh one for `:reset`. Colours
  /// are those of what is being typed; a plain prompt has no signs that a screen reader would read.
  package init(
    session: Session, isColored: Bool, isPlain: Bool, makeSession: @escaping () -> Session
  ) {
    (self.isColored, self.isPlain) = (isColored, isPlain)
    own = session
    self.makeSession = makeSession
    isTerminal = Prompt.isOnTerminal
    lessons = LessonShelf(file: isTerminal ? history.neighbour("lessons") : nil)
  }

  /// Whether somebody types, rather than a file or a program.
  package static var isOnTerminal: Bool { isatty(0) == 1 && isatty(1) == 1 }

  func show(_ text: StyledText) { session.output(text) }

  func restart() {
    let width = own.width
    own = makeSession()
    own.width = width
  }

  /// Reads and runs entries until the end.
  package func run(version: String) {
    let reader = makeReader()
    if isTerminal {
      show(StyledText("nns \(version) — :help for help, Tab completes, Ctrl-D leaves", .dim))
    }
    while true {
      switch reader.read() {
      case .end:
        if isTerminal { show(StyledText("")) }
        if isTerminal, leaveLesson() { continue }
        return
      case .interrupted: Interrupts.clear()
      case .text(let text):
        let entry = Self.trimmed(text)
        if isTerminal, !entry.isEmpty {
          remember(entry)
          (reader as? EntryEditor)?.remember(entry)
        }
        if !run(entry) { return }
      }
    }
  }

  private func makeReader() -> any EntryReader {
    guard isTerminal else { return FileReader(needsMore: Self.needsMore) }
    entries = history.entries()
    let term = getenv("TERM").map { String(cString: $0) } ?? ""
    let view = EntryView(isColored: isColored, isPlain: isPlain)
    guard !["", "dumb", "unknown"].contains(term),
      let editor = EntryEditor(view: view, needsMore: Self.needsMore)
    else { return PlainReader(needsMore: Self.needsMore) }
    editor.showsHints = isColored
    for entry in entries { editor.remember(entry) }
    editor.completer = { [unowned self] before in
      Completion(session: session, describe: shortForm).candidates(before)
    }
    editor.resized = { [unowned self] columns in session.width = columns }
    return editor
  }

  private func remember(_ entry: String) {
    entries.removeAll { $0 == entry }
    entries.append(entry)
    history.append(entry)
  }

  /// Without blank lines around it and spaces behind it.
  private static func trimmed(_ text: String) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let isBlank = { (line: Substring) in line.allSatisfy(\.isWhitespace) }
    var kept = Array(lines.drop(while: isBlank))
    while let last = kept.last, isBlank(last) { kept.removeLast() }
    var result = kept.joined(separator: "\n")
    while result.last == " " { result.removeLast() }
    return result
  }

  /// Whether an entry goes on: commands and questions are of one line, for all else the parser
  /// decides.
  static func needsMore(_ entry: String) -> Bool {
    !entry.hasPrefix(":") && question(entry) == nil && Parser.isIncomplete(entry)
  }

  /// What `?x` and `x?` ask about; nil where the entry is no question.
  private static func question(_ entry: String) -> String? {
    let name: Substring
    if entry.hasPrefix("?") {
      name = entry.dropFirst()
    } else if entry.hasSuffix("?") {
      name = entry.dropLast()
    } else {
      return nil
    }
    let topic = name.filter { $0 != " " }
    guard topic.allSatisfy({ $0.isLetter || $0.isNumber || "_.[]".contains($0) }) else {
      return nil
    }
    return String(topic)
  }

  /// Runs one entry; false when it asks to leave.
  private func run(_ entry: String) -> Bool {
    Interrupts.clear()
    // A command is of one line; what was pasted with it comes after it.
    if entry.hasPrefix(":"), let end = entry.firstIndex(of: "\n") {
      let rest = Self.trimmed(String(entry[end...]))
      return run(String(entry[..<end])) && (rest.isEmpty || run(rest))
    }
    do {
      guard !entry.unicodeScalars.contains("\u{FFFD}") else {
        throw Problem(.file, "this is no text: it has bytes that are not UTF-8")
      }
      if try takesInLesson(entry) || entry.isEmpty { return true }
      if let command = try command(entry) { return command }
      entryNumber += 1
      let text = Self.question(entry).map { "help(\($0))" } ?? entry
      try session.run(SourceText(name: "entry \(entryNumber)", text: text), mode: .entry)
      showDefinition(text)
    } catch { report(error) }
    return true
  }

  /// Shows an error, as the language does everywhere.
  package func report(_ error: any Error) {
    hasFailed = true
    let diagnostics = session.diagnostics(error)
    // The terminal has written ^C where the cursor was.
    if isTerminal, diagnostics.contains(where: { $0.kind == .interrupt }) { show(StyledText("")) }
    for diagnostic in diagnostics { show(DiagnosticRenderer.render(diagnostic)) }
  }

  /// `:name arguments`; nil when the entry is none.
  private func command(_ entry: String) throws -> Bool? {
    guard entry.hasPrefix(":") else { return nil }
    let words = entry.dropFirst().split(
      maxSplits: 1, omittingEmptySubsequences: false, whereSeparator: \.isWhitespace)
    let name = words.first.map(String.init) ?? ""
    guard let command = Command.all.first(where: { $0.name == name }) else {
      let near = Suggestion.nearest(to: name, in: Command.all.map(\.name))
      throw Diagnostic(
        .name, "there is no command :\(name)",
        help: near.map { "did you mean :\($0)?" } ?? ":help lists them")
    }
    let arguments = words.count > 1 ? words[1].drop(while: \.isWhitespace) : ""
    return try command.action(self, String(arguments))
  }
}

// MARK: - Values in one line

extension Prompt {
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
    guard let node = session.node(value), node.shape.rank > 0 else { return shortForm(value) }
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

  /// As `brief`, without looking at the numbers of a tensor: quick enough for Tab.
  func shortForm(_ value: Value) -> String {
    if let node = session.node(value), node.shape.rank > 0 {
      return "\(node.dtype.name) \(node.shape)"
    }
    if case .list(let list) = value, list.elements.count > 20 {
      return "list of \(list.elements.count)"
    }
    let text = (try? session.echo(value)) ?? value.typeName
    return fitted(text, columns: max(20, session.width - 10))
  }
}

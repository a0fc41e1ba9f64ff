// The prompt: entries from a terminal or from standard input, one session.

import Autodiff
import Diagnostics
import Engine
@preconcurrency import Glibc
import Interpreter
import Library
import Syntax

/// How text is shown.
package final class Face {
  package var isColored: Bool
  /// For screen readers: no signs that a voice would stumble over.
  package let isPlain: Bool

  package init(isColored: Bool, isPlain: Bool) {
    (self.isColored, self.isPlain) = (isColored, isPlain)
  }
}

/// Reads entries and runs them.
package final class Prompt {
  /// What an entry came to.
  enum Outcome {
    case goOn, leave
    /// A paused training goes on.
    case resume
  }

  /// An entry that worked, for `:save`.
  struct Worked {
    let text: String
    /// How its value prints, where it has one.
    let result: String?
  }

  /// The user's session; while a lesson runs, entries run in its own.
  private var own: Session
  package var session: Session { lessons.current?.session ?? own }
  var lessons: LessonShelf
  private let makeSession: () -> Session
  let isTerminal: Bool
  private let face: Face
  let view: EntryView
  private var reader: (any EntryReader)?
  private var entryNumber = 0
  /// The walk that goes on without keys.
  var stepper: Stepper?
  /// A quiz in progress.
  var quiz: QuizRun?
  private let history = History()
  /// What was entered, oldest first, for `:history`.
  private(set) var entries: [String] = []
  /// Whether an entry failed; the exit code where there is no terminal.
  package private(set) var hasFailed = false
  /// The entries that worked in this session.
  var worked: [Worked] = []
  /// Those that were taken back.
  var undone: [[Worked]] = []
  /// The functions that ran when something failed last, the innermost first.
  var failed: [FrameSnapshot] = []
  /// Which of `frames` expressions see; nil for none, or for the innermost one that is paused.
  var frame: Int?
  private var hasSaidWhere = false
  private var isLeaving = false
  private var hasSaidUnsaved = false
  /// How many trainings are paused.
  private(set) var pauses = 0
  /// The width that `:set` has chosen; nil follows the window.
  var chosenWidth: Int? { didSet { fitWidth(view.columns) } }

  /// `session` may have run something already; `makeSession` makes a fresh one for `:reset`. Colours
  /// are those of what is being typed; a plain prompt has no signs that a screen reader would read.
  package init(
    session: Session, face: Face, makeSession: @escaping () -> Session
  ) {
    self.face = face
    showsHints = face.isColored
    own = session
    self.makeSession = makeSession
    isTerminal = Prompt.isOnTerminal
    view = EntryView(isColored: face.isColored, isPlain: face.isPlain)
    lessons = LessonShelf(file: isTerminal ? history.neighbour("lessons") : nil)
    attach()
  }

  /// Whether somebody types, rather than a file or a program.
  package static var isOnTerminal: Bool { isatty(0) == 1 && isatty(1) == 1 }

  func show(_ text: StyledText) { session.output(text) }

  /// A line beside the point.
  func say(_ text: String) { show(StyledText(text, .dim).wrapped(session.columns)) }

  func restart() {
    stepper = nil
    quiz = nil
    let width = own.width
    own = makeSession()
    own.width = width
    (worked, failed, frame) = ([], [], nil)
    attach()
  }

  /// A session in which nothing has happened, not even the user's init file.
  func freshSession(quiet: Bool) -> Session {
    let session = Library.makeSession { [unowned self] in if !quiet { show($0) } }
    (session.width, session.columns) = (self.session.width, self.session.columns)
    return session
  }

  /// Ends the prompt, however many trainings are paused in it.
  func leave() { isLeaving = true }

  /// What only somebody at a terminal wants to know.
  func attach() {
    guard isTerminal else { return }
    session.columns = session.width
    session.keepsSteps = true
    session.keepsFrames = true
    session.stretched = tellsStretch ? { [unowned self] in say($0) } : nil
    session.pause = { [unowned self] in pause($0) }
  }

  // MARK: - Settings

  /// Whether grey text stands behind what is typed.
  var showsHints: Bool {
    didSet { (reader as? EntryEditor)?.showsHints = showsHints }
  }

  var tellsStretch = true { didSet { attach() } }

  func setColor(_ isColored: Bool) {
    face.isColored = isColored
    view.isColored = isColored
    showsHints = isColored
  }

  // MARK: - Reading

  /// Reads and runs entries until the end.
  package func run(version: String) {
    let reader = makeReader()
    self.reader = reader
    if isTerminal {
      say("nns \(version) — :help for help, Tab completes, Ctrl-D leaves")
    }
    while true {
      _ = loop(reader)
      guard let unsaved = unsavedModels() else { return }
      hasSaidUnsaved = true
      isLeaving = false
      say("\(unsaved); Ctrl-D or :quit again leaves")
    }
  }

  /// What would be lost, said once: models that were trained and not saved.
  private func unsavedModels() -> String? {
    guard isTerminal, !hasSaidUnsaved else { return nil }
    let names = session.globals.user.filter { name, value in
      if name == "ans" || value.typeName == "param" || value.typeName == "tensor" { return false }
      return session.parameters(of: value).contains { $0.parameter.isUnsaved }
    }.map(\.name)
    guard let first = names.first else { return nil }
    let verb = names.count == 1 ? "is" : "are"
    return "\(names.joined(separator: ", ")) \(verb) trained and not saved: "
      + "save(\(first), \"\(first).safetensors\") keeps it"
  }

  /// Entries one after the other; true when what was paused is to go on.
  private func loop(_ reader: any EntryReader) -> Bool {
    while !isLeaving {
      reader.prompt = mark
      switch reader.read() {
      case .end:
        if isTerminal { show(StyledText("")) }
        if isTerminal, pauses == 0, leaveLesson() { continue }
        return false
      case .interrupted: Interrupts.clear()
      case .text(let text):
        let entry = Self.trimmed(text)
        if isTerminal, !entry.isEmpty { remembered(entry) }
        switch run(entry) {
        case .goOn: continue
        case .leave: return false
        case .resume: return true
        }
      }
    }
    return false
  }

  /// What stands before an entry: where one is.
  private var mark: String {
    if let frame = frameNamed { return "\(frame)> " }
    return pauses > 0 ? "paused> " : "> "
  }

  /// A live prompt between two steps; true goes on with the training.
  private func pause(_ place: String?) -> Bool {
    guard let reader else { return false }
    pauses += 1
    defer { pauses -= 1 }
    let outer = (failed, frame)
    (failed, frame) = ([], nil)
    defer { (failed, frame) = outer }
    // The terminal has written ^C.
    show(StyledText(""))
    say("paused\(place.map { " in \($0)" } ?? ""): :resume goes on, :stop ends it")
    return loop(reader)
  }

  /// Whether frames can be drawn over each other.
  var canMoveCursor: Bool {
    let term = getenv("TERM").map { String(cString: $0) } ?? ""
    return isTerminal && !face.isPlain && !["", "dumb", "unknown"].contains(term)
  }

  private func makeReader() -> any EntryReader {
    guard isTerminal else { return FileReader(needsMore: Self.needsMore) }
    entries = history.entries()
    let term = getenv("TERM").map { String(cString: $0) } ?? ""
    fitWidth(view.columns)
    guard !["", "dumb", "unknown"].contains(term),
      let editor = EntryEditor(view: view, needsMore: Self.needsMore)
    else {
      return PlainReader(needsMore: Self.needsMore) { [unowned self] in tidy() }
    }
    editor.work = { [unowned self] in tidy() }
    editor.showsHints = showsHints
    for entry in entries { editor.remember(entry) }
    editor.completer = { [unowned self] before in
      Completion(session: session, describe: shortForm).candidates(before)
    }
    editor.signature = { [unowned self] before in
      Completion(session: session, describe: shortForm).signatureHint(before)
    }
    view.isKnown = { [unowned self] name in session.globals[name] != nil }
    editor.resized = { [unowned self] columns in fitWidth(columns) }
    return editor
  }

  /// A piece of what is to be let go; false when there is none.
  private func tidy() -> Bool {
    session.discards.letGo(1 << 14)
    return !session.discards.isEmpty
  }

  private func fitWidth(_ columns: Int) {
    session.width = chosenWidth ?? columns
    session.columns = isTerminal ? session.width : nil
  }

  /// An entry that came from elsewhere than the keys.
  func remembered(_ entry: String) {
    remember(entry)
    (reader as? EntryEditor)?.remember(entry)
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
}

// MARK: - Running

extension Prompt {
  /// Runs one entry.
  func run(_ entry: String) -> Outcome {
    Interrupts.clear()
    // A command is of one line; what was pasted with it comes after it.
    if entry.hasPrefix(":"), let end = entry.firstIndex(of: "\n") {
      let rest = Self.trimmed(String(entry[end...]))
      let outcome = run(String(entry[..<end]))
      guard case .goOn = outcome, !rest.isEmpty else { return outcome }
      return run(rest)
    }
    do {
      guard !entry.unicodeScalars.contains("\u{FFFD}") else {
        throw Problem(.file, "this is no text: it has bytes that are not UTF-8")
      }
      if let outcome = try step(entry) { return outcome }
      if try takesInQuiz(entry) { return .goOn }
      if try takesInLesson(entry) || entry.isEmpty { return .goOn }
      if let outcome = try command(entry) { return outcome }
      if try answer(entry) { return .goOn }
      try evaluate(entry)
    } catch { report(error) }
    return .goOn
  }

  private func evaluate(_ entry: String) throws {
    if entry.hasPrefix("|>") || entry.hasPrefix(">>"), session.globals["ans"] == nil {
      throw Diagnostic(
        .name, "there is no ans yet for \(entry.prefix(2)) to go on from",
        help: "enter an expression first: its value is kept in ans")
    }
    entryNumber += 1
    let source = SourceText(name: "entry \(entryNumber)", text: entry)
    session.worked = isTerminal ? { [unowned self] in showDefinition($0) } : nil
    let frame = visible(in: source)
    if isTerminal, frame.isEmpty { try lookAhead(source) }
    let value = try session.asEntry(entry) {
      try session.run(source, mode: .entry, seeing: frame, of: seen)
    }
    let result = try value.flatMap { value -> String? in
      if case .none = value { return nil }
      return try session.display(value)
    }
    worked.append(Worked(text: entry, result: result))
  }

  /// Throws the faults that stand behind something which takes long, before anything runs.
  private func lookAhead(_ source: SourceText) throws {
    var faults = EntryCheck.faults(in: source, session)
    if Interrupts.isRequested { throw Problem(.interrupt, "interrupted") }
    guard !faults.isEmpty else { return }
    faults[faults.count - 1].notes.append("what stands before it takes long: nothing has run")
    throw DiagnosticList(faults)
  }

  /// Questions, and words that people try when they look for the way out.
  private func answer(_ entry: String) throws -> Bool {
    if let topic = Self.question(entry) {
      try ask(topic, entry)
      return true
    }
    guard isTerminal else { return false }
    if entry == "help" {
      try ask("", entry)
      return true
    }
    guard ["quit", "exit", "q"].contains(entry), session.globals[entry] == nil else { return false }
    say("Ctrl-D or :quit leaves")
    return true
  }

  /// Shows an error, as the language does everywhere.
  package func report(_ error: any Error) {
    hasFailed = true
    let diagnostics = session.diagnostics(error)
    // The terminal has written ^C where the cursor was.
    if isTerminal, diagnostics.contains(where: { $0.kind == .interrupt }) { show(StyledText("")) }
    for diagnostic in diagnostics {
      show(DiagnosticRenderer.render(diagnostic, columns: session.columns))
    }
    // What was entered has no frame of its own: its names are everybody's.
    let calls = session.failure.filter { !$0.name.isEmpty }
    session.failure = []
    guard !calls.isEmpty, diagnostics.first?.kind != .interrupt else { return }
    (failed, frame) = (calls, nil)
    if isTerminal, !hasSaidWhere {
      hasSaidWhere = true
      say(":where shows the variables at that place")
    }
  }

  /// `:name arguments`; nil when the entry is none.
  private func command(_ entry: String) throws -> Outcome? {
    guard entry.hasPrefix(":") else { return nil }
    let words = entry.dropFirst().split(
      maxSplits: 1, omittingEmptySubsequences: false, whereSeparator: \.isWhitespace)
    let name = words.first.map(String.init) ?? ""
    guard let command = Command.all.first(where: { $0.name == name }) else {
      throw Diagnostic(
        .name, "there is no command :\(name)",
        help: Command.nearest(name).map { "did you mean :\($0)?" } ?? ":help lists them")
    }
    let arguments = words.count > 1 ? String(words[1].drop(while: \.isWhitespace)) : ""
    if arguments.isEmpty, command.needsArguments {
      throw Diagnostic(.syntax, "\(command.usage): \(command.summary)")
    }
    return try command.action(self, arguments)
  }
}

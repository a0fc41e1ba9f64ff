// Somebody goes through a lesson: where they are, and the session that its code runs in. Keys are the
// business of whoever shows it.

import Autodiff
import Diagnostics
import Engine
import Interpreter
import Library
import Syntax

package final class LessonRun {
  package let lesson: Lesson
  /// The lesson's own session; the learner's expressions run in it too.
  package private(set) var session: Session
  /// The stop that is shown; the number of stops when the lesson is over.
  package private(set) var stop: Int
  /// Whether an answer is awaited.
  package private(set) var isAsking = false
  private var hintGiven = false
  private let parent: Session

  /// Begins at a stop; all that lies before it is run silently. Output goes where the parent's does.
  package init(_ lesson: Lesson, from parent: Session, at stop: Int = 0) throws {
    (self.lesson, self.parent) = (lesson, parent)
    self.stop = min(max(0, stop), lesson.stops.count)
    session = Library.makeSession(output: parent.output)
    try replay()
  }

  package var isOver: Bool { stop >= lesson.stops.count }

  private func say(_ text: StyledText) { session.output(text) }

  // MARK: - Going on

  /// A session in which everything before this stop has happened.
  private func replay() throws {
    session = Library.makeSession { _ in }
    session.installConstant("script_folder", .string(EmbeddedFiles.folder))
    session.attachedFile = EmbeddedFiles.attached
    session.width = parent.width
    for code in lesson.stops.prefix(stop).flatMap(\.code) {
      try session.run(SourceText(name: "lesson \(lesson.number)", text: code))
    }
    session.output = parent.output
    session.warn = parent.warn
    session.progress = parent.progress
    (isAsking, hintGiven) = (false, false)
  }

  /// Shows the stop: prose, then the code with what it gives, or a question.
  package func show() throws {
    guard !isOver else { return farewell() }
    let shown = lesson.stops[stop]
    if stop == 0 {
      say(LessonText.heading(lesson, width: session.width))
      say(StyledText("\n"))
    }
    for (index, paragraph) in shown.prose.enumerated() {
      say(LessonText.paragraph(paragraph, width: session.width))
      // Lines that are indented belong together.
      let next = index + 1 < shown.prose.count ? shown.prose[index + 1] : ""
      if !(paragraph.hasPrefix("  ") && next.hasPrefix("  ")) { say(StyledText("\n")) }
    }
    if let exercise = shown.exercise {
      isAsking = true
      hintGiven = false
      say(LessonText.question(exercise, width: session.width))
    } else {
      try run(shown.code)
      say(LessonText.footer(lesson, stop))
    }
  }

  private func run(_ code: [String]) throws {
    for text in code {
      let source = SourceText(name: "lesson \(lesson.number)", text: text)
      say(LessonText.code(source))
      try session.run(source, mode: .entry)
    }
  }

  private func farewell() {
    say(StyledText("That was lesson \(lesson.number). :lesson lists the others.", .strong))
  }

  /// Goes to the next stop and shows it; an exercise that is left is left without an answer.
  package func next() throws {
    guard !isOver else { return }
    if isAsking { try session.run(silently: lesson.stops[stop].code) }
    (isAsking, hintGiven) = (false, false)
    stop += 1
    try show()
  }

  /// Shows the stop again, with everything as it was before it.
  package func again() throws {
    try replay()
    try show()
  }

  /// Goes to a stop, counted from 1; what lies before it is run silently.
  package func go(to number: Int) throws {
    guard number >= 1, number <= lesson.stops.count else {
      throw Problem(.value, "lesson \(lesson.number) has the stops 1 to \(lesson.stops.count)")
    }
    stop = number - 1
    try again()
  }

  // MARK: - Answers

  /// Takes an entry as an answer; false where it is none: a statement, or a tensor's value.
  package func answer(_ text: String) throws -> Bool {
    guard isAsking, let exercise = lesson.stops[stop].exercise else { return false }
    if text == "?" {
      try solve(exercise)
      return true
    }
    guard let verdict = try verdict(on: text, exercise) else { return false }
    switch verdict {
    case .right:
      say(StyledText("Right.", .strong))
      try finish()
    case .tooFewDigits: say(StyledText("Right so far; three digits at least."))
    case .wrong where hintGiven || exercise.hint == nil:
      say(StyledText("Not that. Try again, or type ? for the answer."))
    case .wrong:
      hintGiven = true
      say(LessonText.paragraph("Not that. Hint: " + (exercise.hint ?? ""), width: session.width))
    }
    return true
  }

  /// What an entry is worth as an answer; nil where it is none.
  package func verdict(on text: String, _ exercise: Exercise) throws -> Exercise.Verdict? {
    guard let wanted = try session.peek(exercise.answer) else { return nil }
    if case .string(let answer) = wanted, answer.text.lowercased() == text.lowercased() {
      return .right
    }
    guard let given = try session.peek(text) else { return nil }
    if let answer = try session.scalar(wanted) {
      guard let value = try session.scalar(given) else { return nil }
      let isLiteral = Exercise.precision(text) != nil
      return Exercise.judge(value, typed: isLiteral ? text : nil, answer: answer)
    }
    return try session.display(given) == session.display(wanted) ? .right : .wrong
  }

  private func solve(_ exercise: Exercise) throws {
    say(LessonText.code(SourceText(name: "answer", text: exercise.answer)))
    if let value = try session.peek(exercise.answer) { say(StyledText(try session.display(value))) }
    try finish()
  }

  /// The question is done: the code below it shows that the answer is true.
  private func finish() throws {
    isAsking = false
    try run(lesson.stops[stop].code)
    say(LessonText.footer(lesson, stop))
  }
}

extension Session {
  fileprivate func run(silently code: [String]) throws {
    let shown = output
    output = { _ in }
    defer { output = shown }
    for text in code { try run(SourceText(name: "lesson", text: text)) }
  }

  fileprivate func peek(_ text: String) throws -> Value? {
    try peek(SourceText(name: "answer", text: text), seeing: [])
  }

  /// The value of an expression, whose effects are taken back; nil where the text is none.
  package func peek(_ source: SourceText, seeing scope: [(name: String, value: Value)]) throws
    -> Value?
  {
    let (program, problems) = Parser.parse(source)
    guard problems.isEmpty, program.statements.count == 1,
      case .expression? = program.statements.first?.kind
    else { return nil }
    let value = try withoutTrace { try run(source, mode: .file, seeing: scope) }
    if case .none? = value { return nil }
    return value
  }

  /// A number, or a tensor of one; nil for all else.
  package func scalar(_ value: Value) throws -> Double? {
    if case .bool = value { return nil }
    guard let node = node(value), node.shape.count == 1, node.dtype != .bool else { return nil }
    return try graph.item(node)
  }
}

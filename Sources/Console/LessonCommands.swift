// `:lesson` and what is typed while one runs.

import Diagnostics
@preconcurrency import Glibc
import Interpreter
import Lessons

extension Command {
  static let lesson: Command = Command(
    name: "lesson", arguments: "[N [STOP]]", summary: "the lessons, or one of them to go through"
  ) { prompt, text in
    let words = text.split(separator: " ")
    guard let word = words.first else {
      prompt.show(LessonText.list(prompt.lessons.progress))
      return .goOn
    }
    guard let number = Int(word), let lesson = Lesson.all.first(where: { $0.number == number })
    else {
      throw Diagnostic(
        .value, "there is no lesson '\(word)'", help: "the lessons are 1 to \(Lesson.all.count)")
    }
    let stop = words.count > 1 ? Int(words[1]) ?? 0 : 1
    guard words.count < 3, stop >= 1, stop <= lesson.stops.count else {
      throw Diagnostic(.value, "lesson \(number) has the stops 1 to \(lesson.stops.count)")
    }
    try prompt.begin(lesson, at: words.count > 1 ? stop - 1 : nil)
    return .goOn
  }

  static let next: Command = inLesson("next", "", "goes on, as Return does") { run, _ in
    try run.next()
  }

  static let again: Command = inLesson(
    "again", "", "repeats the stop, with everything as it was"
  ) { run, _ in try run.again() }

  static let skip: Command = inLesson(
    "skip", "[STOP]", "leaves an exercise out, or goes to a stop"
  ) { run, text in
    if text.isEmpty { return try run.next() }
    guard let stop = Int(text) else {
      throw Diagnostic(.syntax, ":skip takes the number of a stop, not '\(text)'")
    }
    try run.go(to: stop)
  }

  /// A command that only means something while a lesson runs.
  private static func inLesson(
    _ name: String, _ arguments: String, _ summary: String,
    _ action: @escaping @Sendable (LessonRun, String) throws -> Void
  ) -> Command {
    Command(name: name, arguments: arguments, summary: "in a lesson: " + summary) { prompt, text in
      guard let run = prompt.lessons.current else {
        throw Diagnostic(.value, "no lesson is running", help: ":lesson lists them")
      }
      try action(run, text)
      prompt.afterLessonStep()
      return .goOn
    }
  }
}

/// The lesson that runs, those that were left, and how far each is.
struct LessonShelf {
  private(set) var current: LessonRun?
  private var left: [Int: LessonRun] = [:]
  /// The stop that each lesson is at; the number of its stops when it is done.
  private(set) var progress: [Int: Int]
  private let file: String?

  init(file: String?) {
    self.file = file
    progress = file.map(Self.read) ?? [:]
  }

  mutating func begin(_ lesson: Lesson, at stop: Int?, from session: Session) throws {
    leave()
    let place = stop ?? progress[lesson.number] ?? 0
    if stop == nil, let run = left[lesson.number], !run.isOver {
      current = run
    } else {
      current = try LessonRun(lesson, from: session, at: place >= lesson.stops.count ? 0 : place)
    }
  }

  /// Notes how far the lesson is.
  mutating func note() {
    guard let run = current, progress[run.lesson.number] != run.stop else { return }
    progress[run.lesson.number] = run.stop
    if let file { Self.write(progress, file) }
  }

  mutating func leave() {
    note()
    if let run = current { left[run.lesson.number] = run }
    current = nil
  }

  /// Lines `NUMBER STOP`; whatever else stands there is left out.
  private static func read(_ path: String) -> [Int: Int] {
    guard let file = fopen(path, "r") else { return [:] }
    defer { fclose(file) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = fread(&buffer, 1, buffer.count, file)
    var result: [Int: Int] = [:]
    for line in String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n") {
      let numbers = line.split(separator: " ").compactMap { Int($0) }
      if numbers.count == 2 { result[numbers[0]] = numbers[1] }
    }
    return result
  }

  /// A crash leaves the old file or the new one; where it cannot be written, nothing is kept.
  private static func write(_ progress: [Int: Int], _ path: String) {
    let draft = "\(path).\(getpid())"
    guard let file = fopen(draft, "w") else { return }
    let text = progress.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }.joined()
    let isWritten = fputs(text, file) >= 0
    if fclose(file) != 0 || !isWritten || rename(draft, path) != 0 { unlink(draft) }
  }
}

extension Prompt {
  func begin(_ lesson: Lesson, at stop: Int?) throws {
    try lessons.begin(lesson, at: stop, from: session)
    defer { afterLessonStep() }
    try lessons.current?.show()
  }

  /// After every step: what was reached is noted, and a lesson that is over is left.
  func afterLessonStep() {
    lessons.note()
    attach()
    if lessons.current?.isOver == true { leaveLesson() }
  }

  /// The lesson that runs from its first stop; false when none does.
  func restartLesson() throws -> Bool {
    guard let run = lessons.current else { return false }
    try run.go(to: 1)
    afterLessonStep()
    return true
  }

  /// Back to the user's own variables; false when no lesson runs.
  @discardableResult
  func leaveLesson() -> Bool {
    guard let run = lessons.current else { return false }
    let width = session.width
    lessons.leave()
    session.width = width
    if !run.isOver {
      show(StyledText("lesson \(run.lesson.number) is left; your own names are back", .dim))
    }
    return true
  }

  /// What an entry means in a lesson before it means anything else: nothing goes on, an answer is
  /// judged. False where no lesson runs or the entry is for the session.
  func takesInLesson(_ entry: String) throws -> Bool {
    guard let run = lessons.current else { return false }
    if entry.isEmpty, !run.isAsking {
      try run.next()
      afterLessonStep()
      return true
    }
    return try !entry.isEmpty && !entry.hasPrefix(":") && run.answer(entry)
  }
}

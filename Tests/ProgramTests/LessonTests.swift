// The lessons: embedded as they stand in the repository, and gone through as a learner does.

import Diagnostics
import Interpreter
import Lessons
import Library
import Testing

@Suite("Lessons")
struct LessonTests {
  @Test("every lesson is part of the program, in order")
  func embedded() throws {
    let files = Files.below(Files.root + "/Scripts/lessons").filter { $0.hasSuffix(".nns") }
    let embedded = EmbeddedFiles.paths.filter { $0.hasPrefix("lessons/") }
    #expect(files.map { String($0.dropFirst(Files.root.count + "/Scripts/".count)) } == embedded)
    #expect(Lesson.all.map(\.number) == Array(1...files.count))
    for path in EmbeddedFiles.paths {
      let text = try Files.read(Files.root + "/Scripts/" + path)
      #expect(EmbeddedFiles.bytes(path) == Array(text.utf8), "\(path)")
    }
  }

  @Test(
    "a lesson has questions with hints, and ends with something to try",
    arguments: Lesson.all.indices)
  func shape(_ index: Int) {
    let lesson = Lesson.all[index]
    let exercises = lesson.stops.compactMap(\.exercise)
    #expect(!exercises.isEmpty)
    #expect(exercises.allSatisfy { $0.hint != nil })
    #expect(lesson.stops.last?.prose.last?.hasPrefix("Try:") == true)
    #expect(!lesson.title.isEmpty && lesson.minutes > 0)
  }

  @Test("a lesson is gone through, every question answered", arguments: Lesson.all.indices)
  func walk(_ index: Int) throws {
    let lesson = Lesson.all[index]
    var output = ""
    let parent = Library.makeSession { output += $0.plain }
    parent.define("mine", .number(5))
    let run = try LessonRun(lesson, from: parent)
    try run.show()
    while !run.isOver {
      if let exercise = lesson.stops[run.stop].exercise {
        #expect(run.isAsking)
        #expect(try run.answer("-987654321"))
        #expect(output.contains("Hint: "))
        #expect(try run.answer(exercise.answer), "\(exercise.answer)")
      }
      #expect(!run.isAsking, "\(lesson.number), stop \(run.stop): the answer is not taken")
      try run.next()
    }
    #expect(parent.globals["mine"] != nil)
    #expect(run.session.globals["mine"] == nil)
  }

  @Test("a stop that is repeated begins as it did")
  func again() throws {
    let source = """
      # 1. Test (1 minutes)

      let x = 1

      x += 1
      x

      # ask: x?
      # answer: x + 1
      """
    let lesson = try #require(Lesson(SourceText(name: "test", text: source)))
    #expect(lesson.stops.count == 3)
    var output = ""
    let run = try LessonRun(lesson, from: Library.makeSession { output += $0.plain + "\n" })
    try run.show()
    try run.next()
    try run.again()
    #expect(output.components("\n2\n") == 2)
    try run.next()
    #expect(try !run.answer("let y = 3"))
    #expect(try run.answer("?"))
    #expect(!run.isAsking)
    let later = try LessonRun(lesson, from: Library.makeSession { _ in }, at: 2)
    try later.show()
    #expect(try later.answer("3"))
    #expect(!later.isAsking)
  }

  @Test("right means right to the digits typed, three at least")
  func judging() {
    let pi = 3.14159265
    let judge = { (text: String, answer: Double) in
      Exercise.judge(Double(text) ?? 0, typed: text, answer: answer)
    }
    #expect(judge("3.14", pi) == .right)
    #expect(judge("3.1416", pi) == .right)
    #expect(judge("3.1417", pi) == .wrong)
    #expect(judge("3.1", pi) == .tooFewDigits)
    #expect(judge("3", pi) == .tooFewDigits)
    #expect(judge("4", pi) == .wrong)
    #expect(judge("0", 0) == .right)
    #expect(judge("-10", -10) == .right)
    #expect(judge("10", -10) == .wrong)
    #expect(judge("68100", 68_072.4) == .right)
    #expect(judge("68000", 68_072.4) == .tooFewDigits)
    #expect(judge("67000", 68_072.4) == .wrong)
    #expect(judge("0.00197", 0.00196612) == .right)
    #expect(judge("1.97e-3", 0.00196612) == .right)
    #expect(Exercise.judge(0.5, typed: nil, answer: 0.5001) == .right)
    #expect(Exercise.judge(0.5, typed: nil, answer: 0.51) == .wrong)
  }

  @Test("prose is wrapped, whatever the window", arguments: [10, 40, 80, 300])
  func wrapping(_ width: Int) {
    for lesson in Lesson.all {
      for paragraph in lesson.stops.flatMap(\.prose) where !paragraph.hasPrefix("  ") {
        let lines = LessonText.wrapped(paragraph, width)
        #expect(lines.joined(separator: " ") == paragraph)
        #expect(lines.allSatisfy { TextWidth.columns(of: $0) <= max(width, 30) })
      }
    }
  }
}

extension String {
  /// How often a part occurs.
  fileprivate func components(_ part: String) -> Int {
    var count = 0
    var rest = self[...]
    while let found = rest.firstRange(of: part) {
      count += 1
      rest = rest[found.upperBound...].isEmpty ? "" : rest[rest.index(after: found.lowerBound)...]
    }
    return count
  }
}

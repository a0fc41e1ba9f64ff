// How a lesson looks: prose wrapped to the window, code in colour, the line that says how to go on.

import Diagnostics
import Syntax

package enum LessonText {
  /// Lines are not longer than this in any window.
  private static let widest = 76

  /// All lessons with their marks: what is done, and how far the others are.
  package static func list(_ progress: [Int: Int]) -> StyledText {
    var text = StyledText()
    for lesson in Lesson.all {
      let stop = progress[lesson.number] ?? 0
      let mark = stop >= lesson.stops.count ? "✓ " : stop > 0 ? "· " : "  "
      let number = lesson.number < 10 ? " \(lesson.number)" : "\(lesson.number)"
      text.append(" \(mark)\(number)  ", .name)
      text.append(lesson.title)
      text.append("  \(lesson.minutes) min", .dim)
      if stop > 0, stop < lesson.stops.count {
        text.append("  at \(stop + 1)/\(lesson.stops.count)", .dim)
      }
      text.append("\n")
    }
    text.append(":lesson 1 begins the first; it keeps its own variables.", .dim)
    return text
  }

  static func heading(_ lesson: Lesson, width: Int) -> StyledText {
    var text = StyledText("\(lesson.number). \(lesson.title)\n", .strong)
    let ways =
      "Return goes on. Type anything to try it; :again repeats a stop, :skip leaves an exercise "
      + "out, :quit leaves the lesson, and :lesson \(lesson.number) comes back to it."
    for line in wrapped(ways, width) { text.append(line + "\n", .dim) }
    return text
  }

  static func paragraph(_ text: String, width: Int) -> StyledText {
    if text.hasPrefix("  ") { return StyledText(text + "\n") }
    var result = StyledText()
    // Code in backquotes may be broken between lines.
    var isCode = false
    for line in wrapped(text, width) {
      for (index, part) in line.split(separator: "`", omittingEmptySubsequences: false).enumerated()
      {
        if index > 0 {
          isCode.toggle()
          result.append("`", .dim)
        }
        result.append(String(part), isCode ? .name : .plain)
      }
      result.append("\n")
    }
    return result
  }

  static func question(_ exercise: Exercise, width: Int) -> StyledText {
    var text = StyledText()
    for line in wrapped("Question: " + exercise.question, width) {
      text.append(line + "\n", .strong)
    }
    let ways = "Type a number or an expression; ? shows the answer, :skip goes on without."
    for line in wrapped(ways, width) { text.append(line + "\n", .dim) }
    return text
  }

  static func footer(_ lesson: Lesson, _ stop: Int) -> StyledText {
    StyledText("— \(stop + 1)/\(lesson.stops.count), Return goes on", .dim)
  }

  /// A statement as it would have been typed.
  static func code(_ source: SourceText) -> StyledText {
    var text = StyledText("> ", .dim)
    for (part, style) in Highlighter.highlighted(source).runs {
      for (index, line) in part.split(separator: "\n", omittingEmptySubsequences: false)
        .enumerated()
      {
        if index > 0 { text.append("\n  ") }
        text.append(String(line), style)
      }
    }
    return text
  }

  /// Lines of whole words; a word that is longer than a line stands alone.
  package static func wrapped(_ text: String, _ width: Int) -> [String] {
    let limit = max(16, min(widest, width - 1))
    var lines: [String] = []
    var line = ""
    var used = 0
    for word in text.split(separator: " ") {
      let columns = TextWidth.columns(of: String(word))
      if used > 0, used + 1 + columns > limit {
        lines.append(line)
        (line, used) = ("", 0)
      }
      line += (used > 0 ? " " : "") + word
      used += columns + (used > 0 ? 1 : 0)
    }
    return line.isEmpty ? lines : lines + [line]
  }
}

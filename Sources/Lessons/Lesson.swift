// A lesson as data: an ordinary program whose comments are prose and whose blank lines are stops.

import Diagnostics
import Syntax

/// A lesson: stops in order.
package struct Lesson: Sendable {
  /// A place where the learner is asked to go on: something to read, then code or a question.
  package struct Stop: Sendable {
    /// Paragraphs; lines that are indented stay lines.
    package var prose: [String] = []
    /// Statements, each as it stands in the file.
    package var code: [String] = []
    package var exercise: Exercise?
  }

  package let number: Int
  package let title: String
  package let minutes: Int
  package let stops: [Stop]

  /// All lessons of the program, in their order.
  package static let all: [Lesson] = EmbeddedFiles.paths.compactMap { path in
    guard path.hasPrefix("lessons/"), let bytes = EmbeddedFiles.bytes(path) else { return nil }
    return Lesson(SourceText(name: path, text: String(decoding: bytes, as: UTF8.self)))
  }

  /// Reads a lesson; nil when its first line is not `# 3. Title (10 minutes)`.
  package init?(_ source: SourceText) {
    let heading = Lesson.comment(source.lineText(1))
    guard let dot = heading.firstIndex(of: "."), let number = Int(heading[..<dot]),
      let open = heading.lastIndex(of: "("),
      let minutes = Int(heading[heading.index(after: open)...].prefix { $0.isNumber })
    else { return nil }
    self.number = number
    self.minutes = minutes
    title = heading[heading.index(after: dot)..<open].trimmingSpaces
    stops = Lesson.stops(source)
  }

  /// The text of a line of comment.
  private static func comment(_ line: String) -> String {
    String(line.drop { $0 == "#" }.drop { $0 == " " })
  }

  private static func stops(_ source: SourceText) -> [Stop] {
    let statements = Parser.parse(source).program.statements
    let places = statements.map {
      source.line(at: Int($0.range.lower))...source.line(at: max(0, Int($0.range.upper) - 1))
    }
    var stops: [Stop] = []
    var pending = Stop()
    for chunk in chunks(source, places) {
      let inside = statements.indices.filter { chunk.contains(places[$0].lowerBound) }
      let firstCode = inside.first.map { places[$0].lowerBound } ?? chunk.upperBound
      let comments = (chunk.lowerBound..<firstCode).map { source.lineText($0) }
      if comments.contains(where: { $0.hasPrefix("# ask:") }) {
        pending.exercise = Exercise(comments)
      } else if !comments.isEmpty {
        if !pending.prose.isEmpty { stops.append(pending) }
        pending = Stop(
          prose: paragraphs(chunk.lowerBound == 1 ? Array(comments.dropFirst()) : comments))
      }
      guard !inside.isEmpty || pending.exercise != nil else { continue }
      let code = inside.map { source.slice(statements[$0].range) }
      // Code right below a question shows that its answer is true.
      if comments.isEmpty, pending.prose.isEmpty, let last = stops.last, last.exercise != nil,
        last.code.isEmpty
      {
        stops[stops.count - 1].code = code
        continue
      }
      pending.code = code
      stops.append(pending)
      pending = Stop()
    }
    return pending.prose.isEmpty ? stops : stops + [pending]
  }

  /// Runs of lines between blank ones; a statement stays together.
  private static func chunks(_ source: SourceText, _ statements: [ClosedRange<Int>])
    -> [Range<Int>]
  {
    var result: [Range<Int>] = []
    var start: Int?
    let count = source.lineStarts.count
    for line in 1...count + 1 {
      let isBlank = line > count || source.lineText(line).trimmingSpaces.isEmpty
      if !isBlank {
        start = start ?? line
      } else if let first = start, !statements.contains(where: { $0.contains(line) }) {
        result.append(first..<line)
        start = nil
      }
    }
    return result
  }

  /// Lines of comment joined to paragraphs.
  private static func paragraphs(_ lines: [String]) -> [String] {
    var result: [String] = []
    var joins = false
    for line in lines {
      let text = line.dropFirst().trimmingSpaces
      let isIndented = line.hasPrefix("#   ")
      if isIndented {
        result.append("  " + text)
      } else if !text.isEmpty {
        if joins, let last = result.popLast() {
          result.append(last + " " + text)
        } else {
          result.append(text)
        }
      }
      joins = !text.isEmpty && !isIndented
    }
    return result
  }
}

extension StringProtocol {
  var trimmingSpaces: String {
    let rest = drop { $0 == " " }
    return String(rest.prefix(rest.reversed().drop { $0 == " " }.count))
  }
}

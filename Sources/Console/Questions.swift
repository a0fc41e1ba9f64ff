// `:help`, `?x` and `x?`: what is asked about, and the answer.

import Diagnostics
import Interpreter
import Library

extension Prompt {
  /// What `?x` and `x?` ask about; nil where the entry is no question.
  static func question(_ entry: String) -> String? {
    let name: Substring
    if entry.hasPrefix("?") {
      name = entry.dropFirst()
    } else if entry.hasSuffix("?") {
      name = entry.dropLast()
    } else {
      return nil
    }
    let topic = name.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
    guard
      topic.allSatisfy({ $0.isLetter || $0.isNumber || "_.[]:".contains($0) })
        || Topic.all.contains(where: { $0.names.contains(String(topic)) })
    else { return nil }
    return String(topic)
  }

  /// Shows help: on a command, on a value by its name or path, on a function, a keyword, a family.
  func ask(_ topic: String, _ entry: String) throws {
    if topic.isEmpty { return showCommands() }
    if let value = session.globals[topic] { return show(try Reference.help(value, session)) }
    if !topic.hasPrefix(":"), let text = Reference.topic(topic, session) { return show(text) }
    let name = topic.hasPrefix(":") ? String(topic.dropFirst()) : topic
    if let command = Command.all.first(where: { $0.name == name }) {
      show(StyledText(command.usage, .strong))
      return show(StyledText("  \(command.summary)").wrapped(session.columns, hanging: 2))
    }
    let span = span(of: topic, in: entry)
    if topic.hasPrefix(":") {
      throw Diagnostic(
        .name, "there is no command \(topic)", at: span,
        help: Command.nearest(name).map { "did you mean :\($0)?" } ?? ":help lists them")
    }
    if topic.contains(where: { ".[".contains($0) }) {
      return show(try Reference.help(value(of: topic, asked: span), session))
    }
    let known = session.globals.user.map(\.name)
    throw Diagnostic(
      .name, "nothing is called '\(topic)'", at: span,
      help: Suggestion.nearest(to: topic, in: known).map { "did you mean \($0)?" }
        ?? Reference.near(topic, session))
  }

  private func span(of topic: String, in entry: String) -> SourceSpan {
    let source = SourceText(name: "entry", text: entry)
    let start =
      entry.firstRange(of: topic).map {
        entry.utf8.distance(from: entry.startIndex, to: $0.lowerBound)
      }
      ?? 0
    return SourceSpan(source, TextRange(start, start + topic.utf8.count))
  }

  /// The value of a path; an error shows what was typed.
  private func value(of path: String, asked span: SourceSpan) throws -> Value {
    let source = SourceText(name: "entry", text: path)
    do {
      return try session.withoutTrace { try session.run(source) ?? .none }
    } catch {
      let start = Int(span.range.lower)
      func moved(_ place: SourceSpan) -> SourceSpan {
        guard place.source === source else { return place }
        return SourceSpan(
          span.source,
          TextRange(Int(place.range.lower) + start, Int(place.range.upper) + start))
      }
      throw DiagnosticList(
        session.diagnostics(error).map { diagnostic in
          var diagnostic = diagnostic
          diagnostic.span = diagnostic.span.map(moved)
          diagnostic.labels = diagnostic.labels.map { .init(moved($0.span), $0.text) }
          return diagnostic
        })
    }
  }

  private func showCommands() {
    let width = (Command.all.map(\.usage.count).max() ?? 0) + 4
    let columns = session.columns
    // Where there is little room the summary stands below.
    let isNarrow = columns.map { $0 < width + 30 } ?? false
    for command in Command.all {
      var line = StyledText("  :\(command.name)", .name)
      if !command.arguments.isEmpty { line.append(" \(command.arguments)", .dim) }
      let space =
        isNarrow ? "\n      " : String(repeating: " ", count: width - command.usage.count - 2)
      line.append(space + command.summary)
      show(line.wrapped(columns, hanging: isNarrow ? 6 : width))
    }
    for line in [
      "help() lists all functions, ?softmax explains one; Tab completes, twice lists.",
      "Return runs an entry or goes on with it, Alt-Return always starts a line.",
      "Up and Down: lines of the entry, then earlier entries that begin alike; Ctrl-R searches.",
      "Ctrl-C drops the entry, pauses a training or stops other work; Ctrl-D on an empty line leaves.",
    ] {
      show(StyledText("  " + line, .dim).wrapped(columns, hanging: 2))
    }
  }
}

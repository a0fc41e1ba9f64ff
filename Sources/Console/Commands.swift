// The commands of the prompt: one table.

import Diagnostics
@preconcurrency import Glibc
import Interpreter
import Library

struct Command: Sendable {
  let name: String
  let arguments: String
  let summary: String
  /// False leaves the prompt.
  let action: @Sendable (_ prompt: Prompt, _ text: String) throws -> Bool

  static let all: [Command] = [
    help, vars, shape, type, time, history, undo, load, lesson, next, again, skip, shell, memory,
    reset, quit,
  ]

  static let help: Command = Command(
    name: "help", arguments: "[topic]", summary: "these commands, or help on a function"
  ) { prompt, text in
    if text.hasPrefix(":"), let command = all.first(where: { ":" + $0.name == text }) {
      prompt.show(StyledText("\(text) \(command.arguments)\n  \(command.summary)"))
      return true
    }
    if !text.isEmpty {
      prompt.show(try Reference.help(prompt.topic(text), prompt.session))
      return true
    }
    let width = (all.map { $0.name.count + $0.arguments.count }.max() ?? 0) + 3
    for command in all {
      var line = StyledText("  :\(command.name)", .name)
      line.append(" \(command.arguments)", .dim)
      let used = command.name.count + command.arguments.count
      line.append(String(repeating: " ", count: width - used) + command.summary)
      prompt.show(line)
    }
    for line in [
      "help() lists all functions, ?softmax explains one; Tab completes, twice lists.",
      "Return runs an entry or goes on with it, Alt-Return always starts a line.",
      "Up and Down: lines of the entry, then earlier entries that begin alike; Ctrl-R searches.",
      "Ctrl-C drops the entry or stops the work, Ctrl-D on an empty line leaves.",
    ] {
      prompt.show(StyledText("  " + line, .dim))
    }
    return true
  }

  static let history: Command = Command(
    name: "history", arguments: "[WORD]", summary: "earlier entries, those that have a word"
  ) { prompt, text in
    // The last one is this command.
    let entries = prompt.entries.dropLast().filter { text.isEmpty || $0.contains(text) }
    if entries.isEmpty { prompt.show(StyledText("no earlier entry has '\(text)'")) }
    for entry in entries.suffix(50) {
      let lines = entry.split(separator: "\n", omittingEmptySubsequences: false)
      prompt.show(StyledText("  " + lines.joined(separator: "\n  ")))
    }
    return true
  }

  static let undo: Command = Command(
    name: "undo", arguments: "[N]", summary: "takes back the last statement, params and all"
  ) { prompt, text in
    guard let count = text.isEmpty ? 1 : Int(text), count > 0 else {
      throw Diagnostic(.syntax, ":undo takes a number of statements, not '\(text)'")
    }
    for _ in 0..<count where !prompt.session.undo() {
      prompt.show(StyledText("there is nothing to take back"))
      break
    }
    return true
  }

  static let load: Command = Command(
    name: "load", arguments: "FILE", summary: "runs a file here"
  ) { prompt, text in
    var path = text
    if path.count > 1, path.hasPrefix("\""), path.hasSuffix("\"") {
      path = String(path.dropFirst().dropLast())
    }
    guard !path.isEmpty else { throw Diagnostic(.syntax, "a file's name is missing") }
    try prompt.session.run(SourceText.read(expanded(path)))
    return true
  }

  static let shell: Command = Command(
    name: "sh", arguments: "COMMAND", summary: "runs a command of the shell"
  ) { _, text in
    guard !text.isEmpty else { throw Diagnostic(.syntax, "a command of the shell is missing") }
    fflush(stdout)
    let status = system(text)
    // The low seven bits are a signal, the next eight the exit code.
    if status & 0x7F != 0 {
      guard status & 0x7F != SIGINT else { return true }
      throw Diagnostic(.value, "the command was ended by signal \(status & 0x7F)")
    }
    if status >> 8 != 0 { throw Diagnostic(.value, "the command's exit code is \(status >> 8)") }
    return true
  }

  static let reset: Command = Command(
    name: "reset", arguments: "", summary: "forgets all your names; a lesson begins anew"
  ) { prompt, _ in
    if try !prompt.restartLesson() { prompt.restart() }
    return true
  }

  static let quit: Command = Command(
    name: "quit", arguments: "", summary: "leaves; first the lesson, where one runs"
  ) { prompt, _ in prompt.leaveLesson() }
}

extension Prompt {
  /// What `:help` is about: a value of that name, else a function's name.
  fileprivate func topic(_ text: String) -> Value { session.globals[text] ?? .string(text) }
}

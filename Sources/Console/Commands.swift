// The commands of the prompt: one table.

import Diagnostics
@preconcurrency import Glibc
import Interpreter
import Library

struct Command: Sendable {
  let name: String
  let arguments: String
  let summary: String
  /// Whether a mistyped name is never taken for it: work would be lost.
  var isDrastic = false
  let action: @Sendable (_ prompt: Prompt, _ text: String) throws -> Prompt.Outcome

  static let all: [Command] = [
    help, vars, shape, type, walk, quiz, graph, plan, time, undo, redo, back, up, down,
    whereCommand,
    save,
    load, lesson, next, again, skip, watch, edit,
    source, history, settings, shell, memory, resume, stop, reset, quit,
  ]

  var needsArguments: Bool { !arguments.isEmpty && !arguments.hasPrefix("[") }
  /// `:load FILE`
  var usage: String { arguments.isEmpty ? ":\(name)" : ":\(name) \(arguments)" }

  /// The command that was probably meant.
  static func nearest(_ name: String) -> String? {
    Suggestion.nearest(to: name, in: all.filter { !$0.isDrastic }.map(\.name))
  }

  static let help: Command = Command(
    name: "help", arguments: "[topic]", summary: "these commands, or help on a function"
  ) { prompt, text in
    try prompt.ask(text, ":help " + text)
    return .goOn
  }

  static let load: Command = Command(
    name: "load", arguments: "FILE", summary: "runs a file here"
  ) { prompt, text in
    let path = Self.path(text)
    try prompt.session.asEntry(":load \(path)") {
      _ = try prompt.session.run(SourceText.read(expanded(path)))
    }
    return .goOn
  }

  /// A file's name, with or without quotes.
  static func path(_ text: String) -> String {
    guard text.count > 1, text.hasPrefix("\""), text.hasSuffix("\"") else { return text }
    return String(text.dropFirst().dropLast())
  }

  static let shell: Command = Command(
    name: "sh", arguments: "COMMAND", summary: "runs a command of the shell"
  ) { _, text in
    fflush(stdout)
    let status = system(text)
    // The low seven bits are a signal, the next eight the exit code.
    if status & 0x7F != 0 {
      guard status & 0x7F != SIGINT else { return .goOn }
      throw Diagnostic(.value, "the command was ended by signal \(status & 0x7F)")
    }
    if status >> 8 != 0 { throw Diagnostic(.value, "the command's exit code is \(status >> 8)") }
    return .goOn
  }

  static let reset: Command = Command(
    name: "reset", arguments: "", summary: "forgets all your names; a lesson begins anew",
    isDrastic: true
  ) { prompt, _ in
    guard prompt.pauses == 0 else {
      throw Diagnostic(
        .value, "a training is paused", help: ":resume goes on with it, :stop ends it")
    }
    if try !prompt.restartLesson() { prompt.restart() }
    return .goOn
  }

  static let resume: Command = Command(
    name: "resume", arguments: "", summary: "goes on with a paused training"
  ) { prompt, _ in
    if prompt.pauses == 0 { prompt.say("nothing is paused; Ctrl-C pauses a training or a loop") }
    return prompt.pauses > 0 ? .resume : .goOn
  }

  static let stop: Command = Command(
    name: "stop", arguments: "", summary: "ends a paused training; its steps stay",
    isDrastic: true
  ) { prompt, _ in
    if prompt.pauses == 0 { prompt.say("nothing is paused") }
    return prompt.pauses > 0 ? .leave : .goOn
  }

  static let quit: Command = Command(
    name: "quit", arguments: "", summary: "leaves; first the lesson, where one runs",
    isDrastic: true
  ) { prompt, _ in
    if prompt.leaveLesson() { return .goOn }
    prompt.leave()
    return .leave
  }
}

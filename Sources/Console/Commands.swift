// The commands of the prompt: one table.

import Autodiff
import Diagnostics
import Engine
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
    help, vars, shape, type, time, undo, mem, load, reset, quit,
  ]

  static let help: Command = Command(
    name: "help", arguments: "[topic]", summary: "these commands, or help on a function"
  ) { prompt, text in
    if !text.isEmpty {
      prompt.show(try Reference.help(.string(text), prompt.session))
      return true
    }
    for command in all {
      var line = StyledText("  :\(command.name)", .name)
      line.append(" \(command.arguments)", .dim)
      let used = command.name.count + command.arguments.count + 4
      line.append(String(repeating: " ", count: max(1, 22 - used)) + command.summary)
      prompt.show(line)
    }
    prompt.show(StyledText("  help() lists all functions; Tab completes; Ctrl-D leaves.", .dim))
    return true
  }

  static let vars: Command = Command(
    name: "vars", arguments: "", summary: "your names with their kinds and sizes"
  ) { prompt, _ in
    for (name, value) in prompt.session.globals.user {
      var line = StyledText(name, .name)
      line.append("  " + prompt.brief(value))
      prompt.show(line)
    }
    return true
  }

  /// The value of an expression, without showing it.
  private static func evaluate(_ prompt: Prompt, _ text: String) throws -> Value {
    guard !text.isEmpty else { throw Diagnostic(.syntax, "an expression is missing") }
    let value = try prompt.session.run(SourceText(name: "entry", text: text), mode: .file)
    return value ?? .none
  }

  static let shape: Command = Command(
    name: "shape", arguments: "EXPR", summary: "an expression's shape"
  ) { prompt, text in
    let value = try evaluate(prompt, text)
    guard let node = prompt.session.node(value) else {
      prompt.show(StyledText("a \(value.typeName) has no shape"))
      return true
    }
    prompt.show(StyledText("\(node.dtype.name) \(node.shape)"))
    return true
  }

  static let type: Command = Command(
    name: "type", arguments: "EXPR", summary: "an expression's kind"
  ) { prompt, text in
    prompt.show(StyledText(try evaluate(prompt, text).typeName))
    return true
  }

  static let time: Command = Command(
    name: "time", arguments: "EXPR", summary: "how long an expression takes, over several runs"
  ) { prompt, text in
    var times: [Double] = []
    let start = now()
    repeat {
      let begin = now()
      _ = try evaluate(prompt, text)
      times.append(now() - begin)
    } while times.count < 1000 && now() - start < 1
    times.sort()
    let text = { (seconds: Double) in
      seconds < 1e-3
        ? NumberFormat.fixed(seconds * 1e6, digits: 1) + " µs"
        : NumberFormat.fixed(seconds * 1e3, digits: 2) + " ms"
    }
    prompt.show(
      StyledText(
        "\(times.count) runs: min \(text(times[0])), median \(text(times[times.count / 2]))"))
    return true
  }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  static let undo: Command = Command(
    name: "undo", arguments: "[N]", summary: "takes back the last statement, params and all"
  ) { prompt, text in
    for _ in 0..<max(1, Int(text) ?? 1) where !prompt.session.undo() {
      prompt.show(StyledText("there is nothing to take back"))
      break
    }
    return true
  }

  static let mem: Command = Command(
    name: "mem", arguments: "", summary: "memory of tensors, now and at most; plans made"
  ) { prompt, _ in
    let megabytes = { (bytes: Int) in NumberFormat.fixed(Double(bytes) / 1e6, digits: 1) + " MB" }
    prompt.show(
      StyledText(
        "tensors \(megabytes(Memory.bytesInUse)), at most \(megabytes(Memory.peakBytes)); "
          + "\(prompt.session.graph.planCount) plans, used again \(prompt.session.graph.planHits) times"
      ))
    return true
  }

  static let load: Command = Command(
    name: "load", arguments: "FILE", summary: "runs a file here"
  ) { prompt, text in
    try prompt.session.run(SourceText.read(text))
    return true
  }

  static let reset: Command = Command(
    name: "reset", arguments: "", summary: "forgets all your names"
  ) { prompt, _ in
    prompt.restart()
    return true
  }

  static let quit: Command = Command(name: "quit", arguments: "", summary: "leaves") { _, _ in
    false
  }
}

// Commands that look at values and at the work they take, and leave everything as it was.

import Autodiff
import Diagnostics
import Engine
@preconcurrency import Glibc
import Interpreter
import Syntax

extension Command {
  static let vars: Command = Command(
    name: "vars", arguments: "", summary: "your names with their kinds and sizes"
  ) { prompt, _ in
    let names = prompt.session.globals.user
    if names.isEmpty { prompt.show(StyledText("you have no names yet")) }
    let width = names.map { TextWidth.columns(of: $0.name) }.max() ?? 0
    for (name, value) in names {
      var line = StyledText(name, .name)
      let space = width - TextWidth.columns(of: name) + 2
      line.append(String(repeating: " ", count: space) + prompt.brief(value))
      prompt.show(line)
    }
    return true
  }

  /// The value of an expression; whatever computing it changed is taken back.
  private static func evaluate(_ prompt: Prompt, _ text: String) throws -> Value {
    let source = SourceText(name: "entry", text: text)
    let (program, problems) = Parser.parse(source)
    guard problems.isEmpty else { throw DiagnosticList(problems) }
    guard program.statements.count == 1, case .expression? = program.statements.first?.kind else {
      throw Diagnostic(.syntax, text.isEmpty ? "an expression is missing" : "wanted an expression")
    }
    let value = try prompt.session.run(source, mode: .file)
    _ = prompt.session.undo()
    return value ?? .none
  }

  static let shape: Command = Command(
    name: "shape", arguments: "EXPR", summary: "an expression's shape"
  ) { prompt, text in
    let value = try evaluate(prompt, text)
    guard let node = prompt.session.node(value) else {
      prompt.show(StyledText("\(value.typePhrase) has no shape"))
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
    let runs = times.count == 1 ? "1 run" : "\(times.count) runs"
    prompt.show(
      StyledText(
        "\(runs): min \(duration(times[0])), median \(duration(times[times.count / 2]))"))
    return true
  }

  private static func duration(_ seconds: Double) -> String {
    if seconds >= 1 { return NumberFormat.fixed(seconds, digits: 2) + " s" }
    return seconds < 1e-3
      ? NumberFormat.fixed(seconds * 1e6, digits: 1) + " µs"
      : NumberFormat.fixed(seconds * 1e3, digits: 2) + " ms"
  }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  static let memory: Command = Command(
    name: "mem", arguments: "", summary: "memory of tensors, now and at most; plans made"
  ) { prompt, _ in
    let megabytes = { (bytes: Int) in NumberFormat.fixed(Double(bytes) / 1e6, digits: 1) + " MB" }
    let graph = prompt.session.graph
    prompt.show(
      StyledText(
        "tensors \(megabytes(Memory.bytesInUse)), at most \(megabytes(Memory.peakBytes)); "
          + "\(graph.planCount) plans, used again \(graph.planHits) times"))
    return true
  }
}

// After an error: the functions that ran, and their variables.

import Diagnostics
import Interpreter
import Syntax

extension Command {
  static let whereCommand: Command = Command(
    name: "where", arguments: "",
    summary: "functions of the last error or pause; expressions see them"
  ) { prompt, _ in
    try prompt.look(at: 0)
    return .goOn
  }

  static let up: Command = Command(
    name: "up", arguments: "", summary: "to the function that called; past the last one leaves"
  ) { prompt, _ in
    try prompt.look(at: (prompt.frame ?? -1) + 1)
    return .goOn
  }

  static let down: Command = Command(
    name: "down", arguments: "", summary: "to the function that was called"
  ) { prompt, _ in
    try prompt.look(at: max(0, (prompt.frame ?? 1) - 1))
    return .goOn
  }
}

extension Prompt {
  /// The functions that can be looked into: those that failed last, else those that are paused.
  private var frames: [FrameSnapshot] { failed.isEmpty ? waiting : failed }

  /// What is paused, with the loop at the top level if it has names of its own.
  private var waiting: [FrameSnapshot] {
    session.paused.filter { !$0.name.isEmpty || !$0.variables.isEmpty }
  }

  /// The call whose names are seen: the chosen one, else the innermost that is paused.
  var seen: FrameSnapshot? {
    guard let frame else { return waiting.first }
    return frame < frames.count ? frames[frame] : nil
  }

  /// The function that was chosen, nil at the prompt itself.
  var frameNamed: String? {
    guard let frame, frame < frames.count, !frames[frame].name.isEmpty else { return nil }
    return frames[frame].name
  }

  /// Shows the frames with one of them marked; its names are seen by what is entered next.
  fileprivate func look(at index: Int) throws {
    guard !frames.isEmpty else {
      throw Diagnostic(.value, "no function has failed, and none is paused")
    }
    guard index < frames.count else {
      frame = nil
      // What is paused is seen again.
      if !session.paused.isEmpty { failed = [] }
      return say("back at the prompt: expressions see your own names")
    }
    frame = index
    for (place, call) in frames.enumerated() {
      var line = StyledText(place == index ? "→ " : "  ", .strong)
      line.append(call.name.isEmpty ? "loop" : call.name, .name)
      line.append("  \(fitted(call.span.text, columns: max(20, session.width - 30)))")
      line.append("  \(call.span.place)", .dim)
      show(line)
    }
    let width = frames[index].variables.map { TextWidth.columns(of: $0.name) }.max() ?? 0
    for (name, value) in frames[index].variables {
      var line = StyledText("    \(name)", .name)
      line.append(String(repeating: " ", count: width - TextWidth.columns(of: name) + 2))
      line.append(shortForm(value))
      show(line)
    }
  }

  /// The names of the chosen frame, but for those that an entry defines itself.
  func visible(in source: SourceText) -> [(name: String, value: Value)] {
    let defined = Set(Self.definedNames(source))
    if let quiz { return quiz.scope.filter { !defined.contains($0.name) } }
    if let stepper { return stepper.scope.filter { !defined.contains($0.name) } }
    return (seen?.variables ?? []).filter { !defined.contains($0.name) }
  }

  /// What the statements of an entry define.
  static func definedNames(_ source: SourceText) -> [String] {
    Parser.parseEntry(source).program.statements.flatMap { names(definedBy: $0) }
  }

  static func names(definedBy statement: Statement) -> [String] {
    switch statement.kind {
    case .define(let pattern, _): pattern.names.map(\.name)
    case .param(let name, _): [name.name]
    case .function(let function): function.name.map { [$0.name] } ?? []
    case .model(let model): [model.name.name]
    case .importFile(_, _, let alias): [alias.name]
    default: []
    }
  }
}

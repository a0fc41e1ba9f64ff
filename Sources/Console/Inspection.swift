// Commands that look at values and at the work they take, and leave everything as it was.

import Autodiff
import Diagnostics
import Engine
@preconcurrency import Glibc
import Interpreter
import Syntax

extension Command {
  static let vars: Command = Command(
    name: "vars", arguments: "", summary: "your names with kind, shape and bytes"
  ) { prompt, _ in
    let names = prompt.session.globals.user
    if names.isEmpty { prompt.say("you have no names yet") }
    let width = names.map { TextWidth.columns(of: $0.name) }.max() ?? 0
    let kinds = names.map { prompt.kind($0.name) }
    let kindWidth = kinds.map(\.count).max() ?? 0
    for ((name, value), kind) in zip(names, kinds) {
      var line = StyledText(name, .name)
      line.append(String(repeating: " ", count: width - TextWidth.columns(of: name) + 2))
      line.append(kind + String(repeating: " ", count: kindWidth - kind.count + 2), .dim)
      let bytes = prompt.bytes(value)
      let size = bytes > 0 ? "  \(byteCount(bytes))" : ""
      let room = max(10, prompt.session.width - line.width - size.count)
      line.append(fitted(prompt.shortForm(value), columns: room) + size)
      prompt.show(line)
    }
    return .goOn
  }

  private static func byteCount(_ bytes: Int) -> String {
    switch bytes {
    case ..<10_000: "\(bytes) B"
    case ..<10_000_000: NumberFormat.significant(Double(bytes) / 1e3, digits: 3) + " kB"
    default: NumberFormat.significant(Double(bytes) / 1e6, digits: 3) + " MB"
    }
  }

  /// The value of an expression; whatever computing it changed is taken back.
  static func evaluate(_ prompt: Prompt, _ text: String) throws -> Value {
    let source = SourceText(name: "entry", text: text)
    let (program, problems) = Parser.parse(source)
    guard problems.isEmpty else { throw DiagnosticList(problems) }
    guard program.statements.count == 1, case .expression? = program.statements.first?.kind else {
      throw Diagnostic(.syntax, "this is no expression: '\(text)'")
    }
    return try prompt.session.withoutTrace {
      try prompt.session.run(source, seeing: prompt.visible(in: source)) ?? .none
    }
  }

  static let shape: Command = Command(
    name: "shape", arguments: "EXPR", summary: "an expression's shape"
  ) { prompt, text in
    let value = try evaluate(prompt, text)
    guard let node = prompt.session.node(value) else {
      prompt.show(StyledText("\(value.typePhrase) has no shape"))
      return .goOn
    }
    prompt.show(StyledText("\(node.dtype.name) \(node.shape)"))
    return .goOn
  }

  static let type: Command = Command(
    name: "type", arguments: "EXPR", summary: "an expression's kind"
  ) { prompt, text in
    prompt.show(StyledText(try evaluate(prompt, text).typeName))
    return .goOn
  }
}

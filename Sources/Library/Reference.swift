// help and apropos: the reference, made from the records.

import Diagnostics
import Interpreter

enum ReferenceFunctions {
  static let all: [HostFunction] = [help, apropos]
  private typealias P = HostFunction.Parameter

  static let help: HostFunction = HostFunction(
    name: "help", summary: "What a function is, how it is called, with examples.",
    category: "Language",
    parameters: [P("x", "a function or its name", default: .optional("none"))],
    examples: ["help(softmax)"],
    action: { call in
      call.session.output(try Reference.help(call.value(0), call.session))
      return .none
    })

  static let apropos: HostFunction = HostFunction(
    name: "apropos", summary: "Functions whose name or description has a word.",
    category: "Language", parameters: [P("word", "what to look for")],
    examples: ["apropos(\"entropy\")"],
    action: { call in
      let word = try call.string(0).lowercased()
      for function in call.session.functions
      where (function.name + " " + function.summary).lowercased().contains(word) {
        var line = StyledText(function.name, .name)
        line.append("  \(function.summary)")
        call.session.output(line)
      }
      return .none
    })
}

package enum Reference {
  /// Help on a value: a builtin's record, a user's function with its docs and source, a name.
  package static func help(_ value: Value, _ session: Session) throws -> StyledText {
    switch value {
    case .function(let host as HostFunctionObject): return page(host.function)
    case .function(let closure as ClosureObject):
      var text = StyledText()
      if let documentation = closure.chunk.documentation { text.append(documentation + "\n") }
      text.append(closure.chunk.source.slice(closure.chunk.range))
      return text
    case .string(let name):
      guard let function = session.functions.first(where: { $0.name == name.text }) else {
        let near = Suggestion.nearest(to: name.text, in: session.functions.map(\.name))
        throw Problem(
          .name, "there is no function '\(name.text)'", argument: 0,
          help: near.map { "did you mean \($0)?" })
      }
      return page(function)
    case .none: return overview(session.functions)
    default:
      var text = StyledText("\(value.typeName): ", .dim)
      text.append(try session.describe(value))
      return text
    }
  }

  /// `name(a, b = 2)`
  package static func signature(_ function: HostFunction) -> String {
    let parameters = function.parameters.map { parameter in
      switch parameter.defaultValue {
      case .required: parameter.name
      case .optional(let text): "\(parameter.name) = \(text)"
      case .rest: "\(parameter.name)…"
      }
    }
    return "\(function.name)(\(parameters.joined(separator: ", ")))"
  }

  package static func page(_ function: HostFunction) -> StyledText {
    var text = StyledText(signature(function) + "\n", .strong)
    text.append("  \(function.summary)\n")
    for parameter in function.parameters {
      text.append("  \(parameter.name)", .name)
      text.append("  \(parameter.summary)\n")
    }
    for detail in function.details { text.append("  \(detail)\n") }
    for example in function.examples {
      for line in example.split(separator: "\n") { text.append("    \(line)\n", .dim) }
    }
    return text
  }

  /// All functions by category.
  package static func overview(_ functions: [HostFunction]) -> StyledText {
    var categories: [String] = []
    for function in functions where !categories.contains(function.category) {
      categories.append(function.category)
    }
    var text = StyledText()
    for category in categories {
      text.append("\(category)\n", .strong)
      let names = functions.filter { $0.category == category }.map(\.name)
      var line = " "
      for name in names {
        if line.count + name.count > 76 {
          text.append(line + "\n")
          line = " "
        }
        line += " " + name
      }
      text.append(line + "\n")
    }
    text.append("help(name) tells more about one.", .dim)
    return text
  }
}

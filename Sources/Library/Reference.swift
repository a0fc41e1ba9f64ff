// help and apropos: the reference, made from the records.

import Diagnostics
import Interpreter
import Syntax

enum ReferenceFunctions {
  static let all: [HostFunction] = [help, apropos]
  private typealias P = HostFunction.Parameter

  static let help: HostFunction = HostFunction(
    name: "help", summary: "What a function is, how it is called, with examples.",
    category: "Language",
    parameters: [P("x", "a function, its name, a keyword or a family", default: .optional("none"))],
    examples: ["help(softmax)", "help(\"while\")"],
    action: { call in
      call.session.output(try Reference.help(call.value(0), call.session))
      return .none
    })

  static let apropos: HostFunction = HostFunction(
    name: "apropos", summary: "Functions whose name, description, family or formula has a word.",
    category: "Language", parameters: [P("word", "what to look for")],
    examples: ["apropos(\"entropy\")"],
    action: { call in
      let word = try call.string(0)
      let found = Reference.search(word, call.session)
      guard !found.isEmpty else {
        call.session.output(StyledText("nothing has '\(word)' in it; help() lists all functions"))
        return .none
      }
      call.session.output(Reference.list(found, call.session.columns))
      return .none
    })
}

package enum Reference {
  /// Help on a value: a builtin's record, a user's function with its docs and source, a name.
  package static func help(_ value: Value, _ session: Session) throws -> StyledText {
    switch value {
    case .function(let host as HostFunctionObject): return page(host.function, session.columns)
    case .function(let closure as ClosureObject):
      var text = StyledText()
      if let documentation = closure.chunk.documentation {
        text.append(StyledText(documentation).wrapped(session.columns))
        text.append("\n")
      }
      let source = SourceText(name: "", text: closure.chunk.source.slice(closure.chunk.range))
      text.append(Highlighter.highlighted(source))
      return text
    case .string(let name):
      if let text = topic(name.text, session) { return text }
      throw Problem(
        .name, "there is no help on '\(name.text)'", argument: 0, help: near(name.text, session))
    case .none: return overview(session)
    case .foreign(let last as LastValuesObject):
      var text = topic("last", session) ?? StyledText()
      text.append(try last.describe(session))
      return text
    default:
      let article = "aeiou".contains(value.typeName.first ?? "x") ? "an" : "a"
      var text = StyledText("\(article) \(value.typeName): ", .dim)
      text.append(try session.describe(value, columns: session.columns))
      if let node = session.node(value), node.shape.rank > 0 {
        text = StyledText("a tensor: \(node.dtype.name) \(node.shape)\n", .dim)
        text.append(try session.describe(value, columns: session.columns))
      }
      return text
    }
  }

  /// The page of a function, a keyword, an operator or a family; nil where there is none.
  package static func topic(_ name: String, _ session: Session) -> StyledText? {
    if let function = session.functions.first(where: { $0.name == name }) {
      return page(function, session.columns)
    }
    if let topic = Topic.all.first(where: { $0.names.contains(name) }) {
      return topic.page(session.columns)
    }
    let family = session.functions.filter { $0.category.lowercased() == name.lowercased() }
    guard let heading = family.first?.category else { return nil }
    var text = StyledText("\(heading)\n", .strong)
    text.append(list(family, session.columns))
    return text
  }

  /// What was probably meant.
  package static func near(_ name: String, _ session: Session) -> String? {
    let known =
      session.functions.map(\.name) + Topic.all.flatMap(\.names)
      + Set(session.functions.map(\.category)).sorted()
    if let near = Suggestion.nearest(to: name, in: known) { return "did you mean \(near)?" }
    return search(name, session).isEmpty
      ? "help() lists all functions" : "apropos(\"\(name)\") searches for it"
  }

  /// Functions that have a word in their name, summary, family or formula, names first.
  package static func search(_ word: String, _ session: Session) -> [HostFunction] {
    let word = word.lowercased()
    func has(_ text: String) -> Bool { text.lowercased().contains(word) }
    // Loss and losses are the same family.
    func isFamily(_ category: String) -> Bool {
      has(category) || word == category.lowercased() + "s"
    }
    let named = session.functions.filter { has($0.name) }
    let others = session.functions.filter { function in
      !has(function.name)
        && (has(function.summary) || isFamily(function.category)
          || function.details.contains { $0.hasPrefix("formula: ") && has($0) })
    }
    return named + others
  }

  /// Names and summaries below each other.
  package static func list(_ functions: [HostFunction], _ columns: Int?) -> StyledText {
    let width = min(18, functions.map(\.name.count).max() ?? 0)
    var text = StyledText()
    for (index, function) in functions.enumerated() {
      var line = StyledText("  \(function.name)", .name)
      line.append(String(repeating: " ", count: max(1, width - function.name.count) + 1))
      line.append(function.summary)
      if index > 0 { text.append("\n") }
      text.append(line.wrapped(columns, hanging: width + 4))
    }
    return text
  }

  /// `name(a, b = 2)`
  package static func signature(_ function: HostFunction) -> String {
    "\(function.name)(\(function.parameters.map(parameter).joined(separator: ", ")))"
  }

  /// `a`, `b = 2`, `rest…`
  package static func parameter(_ parameter: HostFunction.Parameter) -> String {
    switch parameter.defaultValue {
    case .required: parameter.name
    case .optional(let text): "\(parameter.name) = \(text)"
    case .rest: "\(parameter.name)…"
    }
  }

  /// Parameters of a function of the user as they are written: `a`, `x: [n, 2]`, `b = 2`.
  package static func parameters(of closure: ClosureObject) -> [String] {
    let text = closure.chunk.source.slice(closure.chunk.range)
    let source = SourceText(name: "", text: text)
    switch Parser.parseEntry(source).program.statements.first?.kind {
    case .function(let function)?: return function.parameters.map { source.slice($0.range) }
    case .model(let model)?: return model.parameters.map { source.slice($0.range) }
    case .expression(let expr)?:
      guard case .lambda(let function) = expr.kind else { return [] }
      return function.parameters.map { source.slice($0.range) }
    default: return []
    }
  }

  package static func page(_ function: HostFunction, _ columns: Int?) -> StyledText {
    var text = StyledText(signature(function), .strong).wrapped(columns, hanging: 4)
    func add(_ line: StyledText, hanging: Int = 4) {
      text.append("\n")
      text.append(line.wrapped(columns, hanging: hanging))
    }
    add(StyledText("  \(function.summary)"), hanging: 2)
    for parameter in function.parameters {
      var line = StyledText("  \(parameter.name)", .name)
      line.append("  \(parameter.summary)")
      add(line, hanging: 4 + parameter.name.count)
    }
    for detail in function.details { add(StyledText("  \(detail)")) }
    for example in function.examples {
      for line in example.split(separator: "\n") {
        add(StyledText("    \(line)", .dim), hanging: 6)
      }
    }
    text.append("\n")
    return text
  }

  /// All functions by category.
  package static func overview(_ session: Session) -> StyledText {
    var categories: [String] = []
    for function in session.functions where !categories.contains(function.category) {
      categories.append(function.category)
    }
    let columns = session.columns ?? 80
    var text = StyledText()
    func add(_ heading: String, _ names: [String]) {
      text.append("\(heading)\n", .strong)
      text.append(StyledText("  " + names.joined(separator: " ")).wrapped(columns, hanging: 2))
      text.append("\n")
    }
    for category in categories {
      add(category, session.functions.filter { $0.category == category }.map(\.name))
    }
    add("The language itself", Topic.all.flatMap(\.names))
    text.append(
      StyledText(
        "help(name) tells more about one, help(\"Tensors\") about a family, apropos(\"word\") searches.",
        .dim
      ).wrapped(columns))
    return text
  }
}

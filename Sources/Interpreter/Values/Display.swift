// Values as text: bare for print, with quotes and types for echoes.

import Autodiff
import Diagnostics
import Engine

extension Session {
  /// How `print` shows a value.
  package func display(_ value: Value) throws -> String {
    if case .string(let string) = value { return string.text }
    return try echo(value)
  }

  /// How a value prints at the prompt: strings in quotes.
  package func echo(_ value: Value) throws -> String {
    try describe(value).plain
  }

  /// `columns` are those of a terminal that a tensor's rows are to fit.
  package func describe(_ value: Value, columns: Int? = nil) throws -> StyledText {
    if isInsideText == 0 { shown = 0 }
    switch value {
    case .none: return StyledText("none", .dim)
    case .bool(let flag): return StyledText(flag ? "true" : "false", .number)
    case .number(let x): return StyledText(NumberFormat.shortest(x), .number)
    case .string(let string): return StyledText("\"\(string.text)\"")
    case .tensor(let tensor):
      try graph.force([tensor.node])
      guard let buffer = tensor.node.buffer else { return StyledText("?") }
      return StyledText(TensorFormat.text(buffer, tensor.node.shape, columns: columns))
    case .tuple(let tuple):
      let isOne = tuple.elements.count == 1
      return try sequence("(", tuple.elements.map { (nil, $0) }, isOne ? ",)" : ")")
    case .list(let list): return try sequence("[", list.elements.map { (nil, $0) }, "]")
    case .record(let record):
      return try sequence("{", record.fields.map { ($0.name, $0.value) }, "}")
    case .range(let range): return StyledText("\(range.lower)..\(range.upper)")
    case .function(let function): return StyledText(try describe(function))
    case .foreign(let object): return try object.describe(self)
    }
  }

  /// Values in brackets; of very many, and of what is nested without end, only the first.
  private func sequence(_ open: String, _ parts: [(name: String?, value: Value)], _ close: String)
    throws -> StyledText
  {
    try poll()
    var text = StyledText(open)
    for (index, part) in parts.prefix(100).enumerated() {
      if index > 0 { text.append(", ") }
      shown += 1
      guard shown < Session.shownLimit else {
        text.append("…")
        break
      }
      if let name = part.name { text.append("\(name): ") }
      text.append(indenting: StyledText(try inner(part.value)))
    }
    if parts.count > 100, shown < Session.shownLimit {
      text.append(", … \(parts.count - 100) more")
    }
    text.append(close)
    return StyledText(text.plain)
  }

  /// Values that one text may name: shared parts would make it endless.
  private static let shownLimit = 10_000

  /// A value inside another: it is part of the same text.
  private func inner(_ value: Value) throws -> String {
    isInsideText += 1
    defer { isInsideText -= 1 }
    return try echo(value)
  }

  /// The pieces of an interpolated string; values of several lines stay in their columns.
  func concatenated(_ pieces: [Value]) throws -> String {
    var text = StyledText()
    for piece in pieces {
      if case .string(let string) = piece {
        text.append(string.text)
      } else {
        text.append(indenting: StyledText(try display(piece)))
      }
    }
    let result = text.plain
    try reserve(result.utf8.count, 1)
    return result
  }

  private func describe(_ function: FunctionObject) throws -> String {
    switch function {
    case let closure as ClosureObject:
      return closure.chunk.source.slice(closure.chunk.range)
    case let host as HostFunctionObject:
      let names = host.function.parameters.map(\.name).joined(separator: ", ")
      return "\(host.name)(\(names))"
    case let composition as CompositionObject:
      let stages = try composition.stages.map { stage -> String in
        if case .function(let inner) = stage { return inner.name }
        let text = try echo(stage)
        return String(text.prefix { $0 != "#" }).trimmed
      }
      let count = parameters(of: .function(composition)).reduce(0) {
        $0 + $1.parameter.node.shape.count
      }
      return stages.joined(separator: " >> ") + (count > 0 ? "  # \(count) parameters" : "")
    default: return function.name
    }
  }

  /// A value as the prompt shows it: a tensor with its type above.
  func echoText(_ value: Value, label: String? = nil) throws -> StyledText {
    var text = StyledText()
    guard case .tensor(let tensor) = read(value), tensor.node.shape.rank > 0 else {
      return try describe(value, columns: columns)
    }
    let name = label.map { "\($0) : " } ?? ""
    text.append("\(name)\(tensor.node.dtype.name) \(tensor.node.shape)\n", .dim)
    text.append(try describe(value, columns: columns))
    return text
  }

  /// A value in an interpolation, by a format spec.
  func format(_ value: Value, _ spec: Value?) throws -> String {
    guard case .string(let text)? = spec else { return try display(value) }
    do {
      let spec = try FormatSpec(parsing: text.text)
      switch read(value) {
      case .number(let x): return try spec.apply(x)
      case .string(let string): return try spec.apply(string.text)
      case .tensor(let tensor) where tensor.node.shape.count == 1:
        return try spec.apply(graph.item(tensor.node))
      case let other:
        throw Problem(.type, "a format is for a number or a string, not \(other.typePhrase)")
      }
    } catch let problem as FormatSpec.Problem {
      throw Problem(.value, problem.message)
    }
  }
}

extension String {
  fileprivate var trimmed: String {
    var text = self
    while text.hasSuffix(" ") { text.removeLast() }
    return text
  }
}

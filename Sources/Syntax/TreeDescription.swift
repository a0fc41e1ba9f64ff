// A tree as text without places: two programs mean the same when their descriptions are equal.
// The formatter's tests compare with it, and it is what a reader of the parser's tests sees.

package enum TreeDescription {
  /// A line for each statement, such as `(let x (+ 1 (* 2 y)))`.
  ///
  /// Parentheses of the source leave no trace.
  package static func describe(_ program: Program) -> String {
    program.statements.map(describe).joined(separator: "\n")
  }

  package static func describe(_ statement: Statement) -> String {
    let text = body(statement)
    guard let documentation = statement.documentation else { return text }
    return "(doc \(quoted(documentation)) \(text))"
  }

  private static func body(_ statement: Statement) -> String {
    switch statement.kind {
    case .define(let pattern, let value): "(let \(describe(pattern)) \(describe(value)))"
    case .param(let name, let value): "(param \(name.name) \(describe(value)))"
    case .layer(let name, let value): "(layer \(name.name) \(describe(value)))"
    case .assign(let target, let op, let value):
      "(\(op?.rawValue ?? "")= \(describe(target)) \(describe(value)))"
    case .function(let function): "(fn \(describe(function)))"
    case .model(let model): describe(model)
    case .forLoop(let pattern, let values, let block):
      "(for \(describe(pattern)) \(describe(values)) \(describe(block)))"
    case .whileLoop(let condition, let block): "(while \(describe(condition)) \(describe(block)))"
    case .breakLoop: "break"
    case .continueLoop: "continue"
    case .returnValue(let value): "(return\(value.map { " " + describe($0) } ?? ""))"
    case .importFile(let path, _, let alias): "(import \(quoted(path)) \(alias.name))"
    case .test(let name, let block): "(test \(quoted(name)) \(describe(block)))"
    case .assert(let condition, let message):
      "(assert \(describe(condition))\(message.map { " " + describe($0) } ?? ""))"
    case .expression(let value): describe(value)
    case .invalid: "invalid"
    }
  }

  private static func describe(_ model: ModelDeclaration) -> String {
    let members = model.members.map { " " + describe($0) }.joined()
    let forward = describe(model.forward)
    return "(model \(model.name.name) (\(parameters(model.parameters)))\(members) \(forward))"
  }

  private static func describe(_ function: FunctionDeclaration) -> String {
    var text = "\(function.name?.name ?? "") (\(parameters(function.parameters)))"
    if let shape = function.resultShape { text += " -> \(describe(shape))" }
    switch function.body {
    case .expression(let value): return text + " " + describe(value)
    case .block(let block): return text + " " + describe(block)
    }
  }

  private static func parameters(_ parameters: [ParameterDeclaration]) -> String {
    parameters.map { parameter in
      var text = describe(parameter.pattern)
      if let shape = parameter.shape { text += ": \(describe(shape))" }
      if let value = parameter.defaultValue { text += " = \(describe(value))" }
      return text
    }.joined(separator: ", ")
  }

  private static func describe(_ shape: [DimensionSpec]) -> String {
    let parts = shape.map { dimension -> String in
      switch dimension {
      case .name(let name): name.name
      case .size(let size, _): String(size)
      case .anyLeading: ".."
      }
    }
    return "[" + parts.joined(separator: " ") + "]"
  }

  package static func describe(_ block: Block) -> String {
    "{" + block.statements.map(describe).joined(separator: "; ") + "}"
  }

  package static func describe(_ pattern: Pattern) -> String {
    switch pattern {
    case .name(let name): name.name
    case .ignore: "_"
    case .tuple(let parts, _): "(" + parts.map(describe).joined(separator: " ") + ")"
    }
  }

  package static func describe(_ expr: Expr) -> String {
    switch expr.kind {
    case .number(let value, let isInteger): isInteger ? integer(value) : "\(value)"
    case .bool(let value): "\(value)"
    case .string(let pieces): string(pieces)
    case .none: "none"
    case .name(let name): name
    case .hole: "_"
    case .unary(let op, let a): "(\(op.rawValue) \(describe(a)))"
    case .binary(let op, _, let a, let b): "(\(op.rawValue) \(describe(a)) \(describe(b)))"
    case .and(let a, let b): "(and \(describe(a)) \(describe(b)))"
    case .or(let a, let b): "(or \(describe(a)) \(describe(b)))"
    case .transpose(let a): "(' \(describe(a)))"
    case .pipe(let a, let b): "(|> \(describe(a)) \(describe(b)))"
    case .compose(let parts): "(>> \(joined(parts)))"
    case .range(let a, let b): "(.. \(describe(a)) \(describe(b)))"
    case .call(let callee, let arguments): "(call \(describe(callee))\(describe(arguments)))"
    case .index(let base, let items): "(index \(describe(base))\(items.map(describe).joined()))"
    case .field(let base, let name): "(. \(describe(base)) \(name.name))"
    case .methodCall(let base, let name, let arguments):
      "(method \(describe(base)) \(name.name)\(describe(arguments)))"
    case .brackets(let elements): "[\(joined(elements))]"
    case .comprehension(let value, let pattern, let source, let condition):
      "[\(describe(value)) for \(describe(pattern)) in \(describe(source))"
        + "\(condition.map { " if " + describe($0) } ?? "")]"
    case .tuple(let parts): "(tuple\(parts.map { " " + describe($0) }.joined()))"
    case .record(let fields):
      "{record" + fields.map { " \($0.0.name): \(describe($0.1))" }.joined() + "}"
    case .lambda(let function): "(lambda\(describe(function)))"
    case .conditional(let branches, let otherwise):
      "(if" + branches.map { " \(describe($0.condition)) \(describe($0.body))" }.joined()
        + (otherwise.map { " \(describe($0))" } ?? "") + ")"
    case .parenthesized(let inner): describe(inner)
    case .invalid: "invalid"
    }
  }

  private static func integer(_ value: Double) -> String {
    Int(exactly: value).map { String($0) } ?? "\(value)"
  }

  private static func joined(_ parts: [Expr]) -> String {
    parts.map(describe).joined(separator: " ")
  }

  private static func describe(_ arguments: [Argument]) -> String {
    arguments.map { argument in
      " " + (argument.label.map { "\($0.name): " } ?? "") + describe(argument.value)
    }.joined()
  }

  private static func describe(_ item: IndexItem) -> String {
    switch item {
    case .expression(let value): " " + describe(value)
    case .range(let lower, let upper, _):
      " (.. \(lower.map(describe) ?? "-") \(upper.map(describe) ?? "-"))"
    case .newAxis: " newaxis"
    }
  }

  private static func string(_ pieces: [StringPiece]) -> String {
    let parts = pieces.map { piece -> String in
      switch piece {
      case .text(let text): quoted(text)
      case .interpolation(let value, let format):
        "(show \(describe(value))\(format.map { " " + quoted($0) } ?? ""))"
      }
    }
    return parts.count == 1 ? parts[0] : "(string " + parts.joined(separator: " ") + ")"
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for character in text {
      switch character {
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      default: result.append(character)
      }
    }
    return result + "\""
  }
}

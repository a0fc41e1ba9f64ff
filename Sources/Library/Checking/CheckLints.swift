// What is probably a mistake and can be seen without running anything.

import Diagnostics
import Neural
import Syntax

struct CheckLints {
  let source: SourceText
  private(set) var found: [Diagnostic] = []
  /// Names of what ends in a softmax, or in a sigmoid.
  private var endings: [String: String] = [:]

  /// A loss, and what it has in itself already.
  private static let own: [String: [String]] = ["cross_entropy": ["softmax", "log_softmax"]]

  init(_ program: Program) {
    source = program.source
    collectEndings(program.statements)
    visitTree(program.statements) {
      lookAtCall($0)
    } block: {
      lookAtBlock($0)
    }
    for statement in program.statements {
      lookAtBodies(statement)
      if case .model(let model) = statement.kind { lookAtMembers(model) }
    }
    found.sort { ($0.span?.range.lower ?? 0) < ($1.span?.range.lower ?? 0) }
  }

  private func span(_ range: TextRange) -> SourceSpan { SourceSpan(source, range) }

  private mutating func warn(
    _ message: String, _ range: TextRange, label: String = "", help: String? = nil
  ) {
    var warning = Diagnostic(.value, message, at: span(range), help: help)
    warning.isWarning = true
    if !label.isEmpty { warning.labels = [Diagnostic.Label(span(range), label)] }
    found.append(warning)
  }

  // MARK: - A loss that has its own softmax

  private static let functions: Set<String> = ["softmax", "log_softmax", "sigmoid"]

  /// `let p = softmax(o)`, `let net = dense(2, 3) >> softmax`: names that mean one thing only.
  private mutating func collectEndings(_ statements: [Statement]) {
    var values: [String: [Expr]] = [:]
    func collect(_ statements: [Statement]) {
      for statement in statements {
        if case .define(.name(let name), let value) = statement.kind {
          values[name.name, default: []].append(value)
        }
        for block in statement.blocks { collect(block.statements) }
      }
    }
    collect(statements)
    for (name, expressions) in values where expressions.count == 1 {
      endings[name] = ending(expressions[0])
    }
  }

  /// The function that a value comes out of, where that is seen.
  private func ending(_ value: Expr) -> String? {
    switch value.bare.kind {
    case .call(let function, _):
      guard case .name(let name) = function.bare.kind else { return nil }
      return Self.functions.contains(name) ? name : endings[name]
    case .compose(let stages):
      guard let last = stages.last, case .name(let name) = last.bare.kind else { return nil }
      return Self.functions.contains(name) ? name : nil
    case .pipe(_, let function):
      guard case .name(let name) = function.bare.kind else { return nil }
      return Self.functions.contains(name) ? name : endings[name]
    case .methodCall(_, let name, _): return Self.functions.contains(name.name) ? name.name : nil
    case .name(let name): return endings[name]
    default: return nil
    }
  }

  private mutating func lookAtCall(_ expr: Expr) {
    guard case .call(let function, let arguments) = expr.kind,
      case .name(let name) = function.bare.kind
    else { return }
    if let inner = Self.own[name], let first = arguments.first, first.label == nil,
      let ending = ending(first.value), inner.contains(ending)
    {
      warnOfSoftmax(name, ending, first.value.range)
    }
    guard name == "fit" || name == "evaluate", let net = arguments.first?.value,
      let ending = ending(net),
      let loss = arguments.first(where: { $0.label?.name == "loss" })?.value,
      case .name(let lossName) = loss.bare.kind, Self.own[lossName]?.contains(ending) == true
    else { return }
    warnOfSoftmax(lossName, ending, net.range)
  }

  private mutating func warnOfSoftmax(_ loss: String, _ ending: String, _ range: TextRange) {
    warn(
      "\(loss) takes logits and has a softmax of its own: this comes out of \(ending)", range,
      help: "leave the \(ending) out where the loss is made")
  }

  // MARK: - Models

  private static let layers = Set(Layers.all.map(\.name))

  /// Layers that let names in a model: they are called, but are no part of it.
  private mutating func lookAtMembers(_ model: ModelDeclaration) {
    for member in model.members {
      guard case .define(.name(let name), let value) = member.kind, isLayer(value) else { continue }
      warn(
        "let keeps this out of the model \(model.name.name): it is neither trained nor saved",
        value.range, help: "write layer \(name.name) = …")
    }
  }

  private func isLayer(_ value: Expr) -> Bool {
    switch value.bare.kind {
    case .call(let function, _):
      if case .name(let name) = function.bare.kind { Self.layers.contains(name) } else { false }
    case .compose(let stages): stages.contains(where: isLayer)
    default: false
    }
  }

  // MARK: - Statements without effect

  private mutating func lookAtBlock(_ block: Block) {
    for (statement, next) in zip(block.statements, block.statements.dropFirst()) {
      switch statement.kind {
      case .returnValue, .breakLoop, .continueLoop:
        warn("this is never reached", next.range, help: "what stands after it ends here already")
        return
      default: continue
      }
    }
  }

  /// Values of expressions that nobody gets: in loops all, in functions all but the last.
  private mutating func lookAtBodies(_ statement: Statement) {
    switch statement.kind {
    case .forLoop(_, _, let body), .whileLoop(_, let body):
      lookAtResults(body.statements)
    case .function(let function):
      if case .block(let body) = function.body { lookAtResults(Array(body.statements.dropLast())) }
    default: break
    }
    for block in statement.blocks { for inner in block.statements { lookAtBodies(inner) } }
  }

  private mutating func lookAtResults(_ statements: [Statement]) {
    for statement in statements {
      guard case .expression(let value) = statement.kind, isPure(value) else { continue }
      warn("the value of this is not used", value.range)
    }
  }

  private func isPure(_ value: Expr) -> Bool {
    switch value.bare.kind {
    case .number, .bool, .name, .field, .range, .lambda: true
    case .unary(_, let a), .transpose(let a): isPure(a)
    case .binary(_, _, let a, let b), .and(let a, let b), .or(let a, let b): isPure(a) && isPure(b)
    case .tuple(let all), .brackets(let all): all.allSatisfy(isPure)
    default: false
    }
  }
}

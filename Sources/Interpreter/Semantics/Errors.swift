// Problems from below become diagnostics: operand indices become labels on the source.

import Autodiff
import Diagnostics
import Engine

extension Session {
  /// A diagnostic for an error, at the innermost of the running functions.
  func located(_ error: any Error, at places: [(chunk: Chunk, position: Int)], values: [Value])
    -> any Error
  {
    if error is Diagnostic || error is DiagnosticList { return error }
    guard let (chunk, position) = places.first, !chunk.spans.isEmpty else { return error }
    let spans = chunk.spans[min(position, chunk.spans.count - 1)]
    let source = chunk.source
    var diagnostic: Diagnostic
    var operands: [Int]
    // A call's operands begin with the call itself.
    let shift = spans.operands.first == spans.whole ? 1 : 0
    switch error {
    case let problem as OperatorProblem:
      (diagnostic, operands) = self.diagnostic(problem, spans, source, shift)
    case let problem as Problem:
      diagnostic = Diagnostic(
        problem.kind, fill(problem.message, spans, source, shift: shift),
        at: problem.span ?? SourceSpan(source, spans.whole), notes: problem.notes,
        help: problem.help.map { fill($0, spans, source, shift: shift) })
      operands = labelled(problem, spans.operands.count, shift)
    default:
      diagnostic = Diagnostic(.internal, "\(error)", at: SourceSpan(source, spans.whole))
      operands = []
    }
    for index in operands where index < spans.operands.count && index < values.count {
      guard let label = describeOperand(values[index]) else { continue }
      // A literal tells what it is.
      let text = label == source.slice(spans.operands[index]) ? "" : label
      diagnostic.labels.append(
        Diagnostic.Label(SourceSpan(source, spans.operands[index]), text))
    }
    addCalls(&diagnostic, places)
    return diagnostic
  }

  private func diagnostic(
    _ problem: OperatorProblem, _ spans: InstructionSpan, _ source: SourceText, _ shift: Int
  )
    -> (Diagnostic, [Int])
  {
    let kind = DiagnosticKind(rawValue: problem.kind.rawValue) ?? .value
    var diagnostic = Diagnostic(
      kind, fill(problem.message, spans, source, shift: shift),
      at: span(problem.origin) ?? SourceSpan(source, spans.whole),
      help: problem.help.map { fill($0, spans, source, shift: shift) })
    if kind == .gradient, let place = span(problem.origin) {
      diagnostic.message = diagnostic.message.replacing(
        "was updated after", with: "was updated at line \(place.line), after")
      diagnostic.span = SourceSpan(source, spans.whole)
    }
    if kind == .memory || kind == .interrupt { return (diagnostic, []) }
    // Found while numbers were made: it is about the operands there, not about those here.
    if kind != .gradient, let span = diagnostic.span, span.range != spans.whole {
      return (diagnostic, [])
    }
    let wanted = problem.operands.isEmpty ? Array(0..<4) : problem.operands
    return (diagnostic, wanted.map { $0 + shift })
  }

  /// Operands that a problem is about; an index counts arguments.
  private func labelled(_ problem: Problem, _ count: Int, _ shift: Int) -> [Int] {
    if problem.isInner { return [] }
    if let argument = problem.argument { return [argument + shift] }
    return problem.kind == .type || problem.kind == .shape ? Array(min(shift, count)..<count) : []
  }

  /// Operands' source text for `{0}` and `{1}`.
  private func fill(_ text: String, _ spans: InstructionSpan, _ source: SourceText, shift: Int)
    -> String
  {
    guard text.utf8.contains(UInt8(ascii: "{")) else { return text }
    var result = text
    for index in 0..<max(3, spans.operands.count) {
      let place = index + shift
      let name = place < spans.operands.count ? source.slice(spans.operands[place]) : "x"
      result = result.replacing("{\(index)}", with: name.count > 40 ? "…" : name)
    }
    return result
  }

  /// What an operand is and where its sizes came from.
  private func describeOperand(_ value: Value) -> String? {
    switch read(value) {
    case .tensor(let tensor):
      let node = tensor.node
      var text = node.shape.rank == 0 ? node.dtype.name : "\(node.shape)"
      if let parameter = node.version?.parameter { return "\(text), the param \(parameter.name)" }
      guard let place = span(node.origin) else { return text }
      if let input = node.inputs.first, !node.op.isHidden, node.inputs.count == 1 {
        text += ", from \(node.op.name) of \(input.shape) at \(place.place)"
      } else {
        text += ", made at \(place.place)"
      }
      return text
    case .number(let x): return NumberFormat.shortest(x)
    case .bool(let flag): return flag ? "true" : "false"
    case .string(let string): return string.text.count > 30 ? "a string" : "\"\(string.text)\""
    case .function: return nil
    case let other: return "a \(other.typeName)"
    }
  }

  /// Notes with the calls that led to the place.
  private func addCalls(
    _ diagnostic: inout Diagnostic, _ places: [(chunk: Chunk, position: Int)]
  ) {
    for index in places.indices.dropFirst().prefix(3) {
      let (chunk, position) = places[index]
      let span = SourceSpan(
        chunk.source, chunk.spans[min(position, chunk.spans.count - 1)].whole)
      let callee = places[index - 1].chunk.name
      diagnostic.notes.append("in \(callee), called at \(span.place)")
    }
    if places.count > 4 { diagnostic.notes.append("… and \(places.count - 4) calls more") }
  }
}

extension String {
  /// Every occurrence of a piece replaced.
  fileprivate func replacing(_ piece: String, with other: String) -> String {
    var result = ""
    var rest = self[...]
    while let range = rest.firstRange(of: piece) {
      result += rest[..<range.lowerBound] + other
      rest = rest[range.upperBound...]
    }
    return result + rest
  }
}

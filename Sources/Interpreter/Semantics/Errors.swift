// Problems from below become diagnostics: operand indices become labels on the source.

import Autodiff
import Diagnostics
import Engine

extension Session {
  /// A diagnostic for an error, at the innermost of the running functions.
  func located(_ error: any Error, at places: [(chunk: Chunk, position: Int)], values: [Value])
    -> any Error
  {
    guard !(error is DiagnosticList), let first = places.first, !first.chunk.spans.isEmpty
    else { return error }
    if var diagnostic = error as? Diagnostic {
      for (index, place) in places.enumerated() {
        addCall(&diagnostic, place, callee: index == 0 ? values.first : nil)
      }
      return diagnostic
    }
    let site = ProblemSite(first.chunk, first.position, values, error)
    var diagnostic: Diagnostic
    switch site.error {
    case let problem as OperatorProblem: diagnostic = self.diagnostic(problem, site)
    case let problem as Problem: diagnostic = self.diagnostic(problem, site)
    case let problem as ShapeProblem:
      diagnostic = self.diagnostic(problem.problem, site)
    default: diagnostic = Diagnostic(.internal, "\(error)", at: site.span)
    }
    diagnostic.calls = CallTrail(first.chunk.name)
    if let problem = site.error as? ShapeProblem { diagnostic.calls.pending = problem.labels }
    for place in places.dropFirst() { addCall(&diagnostic, place, callee: nil) }
    return diagnostic
  }

  private func diagnostic(_ problem: OperatorProblem, _ site: ProblemSite) -> Diagnostic {
    let kind = DiagnosticKind(rawValue: problem.kind.rawValue) ?? .value
    var site = site
    site.made = problem.made.map { $0.name ?? span($0.origin)?.text }
    var diagnostic = Diagnostic(
      kind, site.filled(problem.message), at: span(problem.origin) ?? site.span,
      help: problem.help.flatMap { site.suggestion($0) })
    if let place = span(problem.changedAt) {
      diagnostic.message = diagnostic.message.replacing(
        "was updated after", with: "was updated at line \(place.line), after")
    }
    if kind == .memory || kind == .interrupt { return diagnostic }
    // Found while numbers were made: it is about the operands there, not about those here.
    if let span = diagnostic.span, span.range != site.spans.whole {
      return diagnostic
    }
    let operands = problem.operands.isEmpty && site.isAboutAll ? Array(0..<4) : problem.operands
    label(operands.compactMap { site.place($0) }, site, &diagnostic)
    return diagnostic
  }

  private func diagnostic(_ problem: Problem, _ site: ProblemSite) -> Diagnostic {
    var diagnostic = Diagnostic(
      problem.kind, problem.kind == .error ? problem.message : site.filled(problem.message),
      at: problem.span ?? site.span, notes: problem.notes.map { site.filled($0) },
      help: problem.help.flatMap { site.suggestion($0) })
    if problem.isInner { return diagnostic }
    var operands = problem.arguments.compactMap { site.place($0) }
    switch problem.kind {
    case .index, .name:
      if let first = operands.first {
        diagnostic.span = SourceSpan(site.source, site.spans.operands[first])
      }
    case .type, .shape, .dtype:
      if problem.arguments.isEmpty, site.isAboutAll {
        operands = Array(0..<min(4, site.spans.operands.count))
      }
    default: break
    }
    label(operands, site, &diagnostic)
    explainMissingGradient(operands, site, &diagnostic)
    return diagnostic
  }

  private func label(_ operands: [Int], _ site: ProblemSite, _ diagnostic: inout Diagnostic) {
    for index in operands {
      let span = SourceSpan(site.source, site.spans.operands[index])
      var text = ""
      if index < site.values.count { text = describeOperand(site.values[index]) ?? "" }
      diagnostic.labels.append(Diagnostic.Label(span, text == span.text ? "" : text))
    }
  }

  /// `w - 0.1 * w.grad` before any backward.
  private func explainMissingGradient(
    _ operands: [Int], _ site: ProblemSite, _ diagnostic: inout Diagnostic
  ) {
    for index in operands where index < site.values.count {
      let text = site.source.slice(site.spans.operands[index])
      guard case .none = site.values[index], text.hasSuffix(".grad"), text.utf8.count < 40
      else { continue }
      diagnostic.kind = .gradient
      diagnostic.labels.removeAll { $0.text != "none" }
      diagnostic.message = "\(text.dropLast(".grad".count)) has no gradient yet"
      diagnostic.help = "call backward(loss) first"
    }
  }

  /// What an operand is and where its sizes came from.
  private func describeOperand(_ value: Value) -> String? {
    if case .foreign(let object) = value, let parameter = object as? ParameterObject {
      return describeOperand(.tensor(parameter.parameter.node))
    }
    switch value {
    case .tensor(let tensor): return describe(tensor.node)
    case .number(let x): return NumberFormat.shortest(x)
    case .bool(let flag): return flag ? "true" : "false"
    case .string(let string): return string.text.count > 30 ? "a string" : "\"\(string.text)\""
    case .list(let list): return "a list of \(counted(list.elements.count, "element"))"
    case .tuple(let tuple): return "a tuple of \(counted(tuple.elements.count, "value"))"
    case .function: return nil
    case let other: return other.typePhrase
    }
  }

  private func describe(_ node: Node) -> String {
    let isNumber = node.shape.rank == 0
    var text = "\(node.shape)"
    // A number that cannot be computed is told by its kind.
    if isNumber { text = (try? display(.tensor(node))) ?? node.dtype.name }
    if let parameter = node.version?.parameter {
      let place = span(node.origin).map { ", set at \($0.place)" } ?? ""
      return "\(text), the param \(parameter.name)\(place)"
    }
    guard !isNumber, let place = span(node.origin) else { return text }
    if let input = node.inputs.first, !node.op.isHidden, node.inputs.count == 1 {
      return "\(text), from \(node.op.name) of \(input.shape) at \(place.place)"
    }
    return "\(text), made at \(place.place)"
  }

  /// One call more that led to an error, and what is said about its arguments.
  private func addCall(
    _ diagnostic: inout Diagnostic, _ place: (chunk: Chunk, position: Int), callee: Value?
  ) {
    let chunk = place.chunk
    let position = min(place.position, chunk.spans.count - 1)
    if diagnostic.calls.awaitsCall, !diagnostic.calls.pending.isEmpty {
      let spans = argumentSpans(chunk, position, callee)
      for label in diagnostic.calls.pending {
        guard let span = spans(label) else { continue }
        diagnostic.labels.append(Diagnostic.Label(SourceSpan(chunk.source, span), label.text))
      }
      diagnostic.calls.pending = []
    }
    diagnostic.calls.add(SourceSpan(chunk.source, chunk.spans[position].whole), in: chunk.name)
  }

  /// Where the arguments of a call of a function of the language stand.
  private func argumentSpans(_ chunk: Chunk, _ position: Int, _ callee: Value?)
    -> (CallTrail.ArgumentLabel) -> TextRange?
  {
    let instruction = chunk.code[min(position, chunk.code.count - 1)]
    var first = 1
    switch callee {
    case .function(let function) where function is DroppingFirst: first = 2
    case .function(let function) where !(function is ClosureObject): return { _ in nil }
    case .foreign(let object) where !(object is ModelObject): return { _ in nil }
    default: break
    }
    guard instruction.op.isCall else { return { _ in nil } }
    let operands = chunk.spans[position].operands
    var names: [String?] = []
    if instruction.op == .callNamed, position + 1 < chunk.code.count,
      case .tuple(let labels) = chunk.constants[Int(chunk.code[position + 1].a)]
    {
      names = labels.elements.map { if case .string(let s) = $0 { s.text } else { nil } }
    }
    return { label in
      let index = names.firstIndex(of: label.name).map { $0 + 1 } ?? first + label.index
      return index < operands.count ? operands[index] : nil
    }
  }
}

/// The instruction at which a problem was met: finds what the problem names.
private struct ProblemSite {
  let source: SourceText
  let spans: InstructionSpan
  /// What the operands are, as far as that is known.
  let values: [Value]
  let error: any Error
  /// What a problem calls the operands that it met while numbers were made.
  var made: [String?] = []
  /// For what a problem names, the operand; nil where they are the same.
  private let places: [Int?]?
  /// Whether a problem that names nothing is about all operands.
  let isAboutAll: Bool

  init(_ chunk: Chunk, _ position: Int, _ values: [Value], _ error: any Error) {
    source = chunk.source
    spans = chunk.spans[min(position, chunk.spans.count - 1)]
    self.values = values
    let isCall = chunk.code[min(position, chunk.code.count - 1)].op.isCall
    if let placed = error as? PlacedProblem {
      self.error = placed.problem
      places = placed.places
      isAboutAll = placed.isAboutAll
    } else {
      self.error = error
      places = isCall && error is OperatorProblem ? [] : nil
      isAboutAll = !isCall
    }
  }

  var span: SourceSpan { SourceSpan(source, spans.whole) }

  func place(_ index: Int) -> Int? {
    var place: Int? = index
    if let places { place = index < places.count ? places[index] : nil }
    return place.flatMap { $0 < spans.operands.count ? $0 : nil }
  }

  private func text(_ index: Int) -> String? {
    let made = index < made.count ? made[index] : nil
    return (made ?? place(index).map { source.slice(spans.operands[$0]) }).map { text in
      text.count > 40 || text.contains("\n") ? "…" : text
    }
  }

  /// A message with the operands' source text for `{0}` and `{1}`.
  func filled(_ message: String) -> String { fill(message) { text($0) ?? "x" } ?? message }

  /// A suggestion with the operands' source text; nil where it names one that is not known.
  func suggestion(_ help: String) -> String? {
    if help.contains("({0}") { return fill(help) { text($0) } }
    return fill(help) { index in text(index).map { isTight($0) ? $0 : "(\($0))" } }
  }

  private func fill(_ text: String, _ name: (Int) -> String?) -> String? {
    var result = ""
    var rest = text[...]
    while let brace = rest.firstIndex(of: "{") {
      result += rest[..<brace]
      rest = rest[rest.index(after: brace)...]
      guard let digit = rest.first?.wholeNumberValue, rest.dropFirst().first == "}" else {
        result += "{"
        continue
      }
      guard let name = name(digit) else { return nil }
      result += name
      rest = rest.dropFirst(2)
    }
    return result + rest
  }

  /// Whether a text stays one value with anything before or after it.
  private func isTight(_ text: String) -> Bool {
    var depth = 0
    for character in text {
      if "([{".contains(character) { depth += 1 }
      if ")]}".contains(character) { depth -= 1 }
      if depth == 0, " +-*/@%^<>=|".contains(character), !text.hasPrefix("\"") { return false }
    }
    return true
  }
}

/// A shape that disagrees with a signature; some of the call's arguments are to be labelled.
struct ShapeProblem: Error {
  let problem: Problem
  let labels: [CallTrail.ArgumentLabel]
}

extension Opcode {
  /// Whether its operands are a callee and arguments.
  var isCall: Bool { self == .call || self == .callNamed || self == .callGlobal }
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

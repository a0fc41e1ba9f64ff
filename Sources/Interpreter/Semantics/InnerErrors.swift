// Errors of calls inside calls: whose operands an index means.

import Autodiff
import Diagnostics

extension Session {
  /// An error of a call that the source does not show, as `fit` calls a loss: operands have the names
  /// that the callee gives them, and none is labelled.
  package func inner(_ error: any Error, _ callee: Value) -> any Error {
    var problem: Problem
    switch error {
    case let found as Problem: problem = found
    case let found as OperatorProblem:
      problem = Problem(
        DiagnosticKind(rawValue: found.kind.rawValue) ?? .value, found.message, help: found.help)
      if found.origin != graph.origin { problem.span = span(found.origin) }
    default: return error
    }
    guard !problem.isInner else { return problem }
    let names = parameterNames(callee)
    let named = { (text: String) in
      Session.renumbered(text) { $0 < names.count ? names[$0] : "its argument" }
    }
    problem.message = named(problem.message)
    problem.help = problem.help.map(named)
    problem.argument = nil
    problem.isInner = true
    return problem
  }

  private func parameterNames(_ callee: Value) -> [String] {
    switch callee {
    case .function(let host as HostFunctionObject): host.function.parameters.map(\.name)
    case .function(let native as NativeFunctionObject): native.parameters.map(\.name)
    case .foreign(let object): object.callParameters?.map(\.name) ?? ["x"]
    default: ["x"]
    }
  }

  /// Parameters of a host function that were given by name stand elsewhere in the call.
  func placed(_ error: any Error, _ parameters: [HostFunction.Parameter], _ names: [String?])
    -> any Error
  {
    guard names.contains(where: { $0 != nil }) else { return error }
    var next = 0
    var places: [Int: Int] = [:]
    for (place, name) in names.enumerated() {
      let index = name.flatMap { name in parameters.firstIndex { $0.name == name } } ?? next
      if name == nil { next += 1 }
      places[index] = place
    }
    return moved(error) { places[$0] ?? names.count }
  }

  /// Another numbering of the operands.
  func moved(_ error: any Error, _ place: @escaping (Int) -> Int) -> any Error {
    let renumbered = { (text: String) in Session.renumbered(text) { "{\(place($0))}" } }
    switch error {
    case var problem as OperatorProblem:
      problem.message = renumbered(problem.message)
      problem.help = problem.help.map(renumbered)
      problem.operands = problem.operands.map(place)
      return problem
    case var problem as Problem:
      problem.message = renumbered(problem.message)
      problem.help = problem.help.map(renumbered)
      problem.argument = problem.argument.map(place)
      return problem
    default: return error
    }
  }

  /// An error in a stage behind the first: its operand is what the stage before it gave.
  func inStage(
    _ error: any Error, _ place: Int, of composition: CompositionObject, _ operand: Value
  ) -> any Error {
    let error = inner(error, composition.stages[place])
    guard var problem = error as? Problem, let node = node(operand) else { return error }
    let before = composition.stages[place - 1]
    let text = (try? echo(.function(CompositionObject([before])))) ?? "the stage before"
    let source = text.prefix { $0 != "#" }.split(separator: " ").joined(separator: " ")
    problem.notes.insert("\(source), the stage before it, gave \(node.shape)", at: 0)
    return problem
  }

  /// `{0}`, `{1}` … replaced, all at once.
  package static func renumbered(_ text: String, _ replacement: (Int) -> String) -> String {
    var result = ""
    var rest = text[...]
    while let open = rest.firstIndex(of: "{") {
      result += rest[..<open]
      rest = rest[open...]
      let digits = rest.dropFirst().prefix { $0.isASCII && $0.isNumber }
      guard let index = Int(digits), rest[digits.endIndex...].first == "}" else {
        result += "{"
        rest = rest.dropFirst()
        continue
      }
      result += replacement(index)
      rest = rest[digits.endIndex...].dropFirst()
    }
    return result + rest
  }
}

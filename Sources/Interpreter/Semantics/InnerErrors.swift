// Errors of calls inside calls: whose operands an index means.

import Autodiff
import Diagnostics

extension Session {
  /// An error of a call that the source does not show, as `fit` calls a loss: operands have the names
  /// that the callee gives them, and none is labelled.
  package func inner(_ error: any Error, _ callee: Value) -> any Error {
    var problem: Problem
    switch error {
    case let placed as PlacedProblem: return inner(placed.problem, callee)
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
    problem.arguments = []
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

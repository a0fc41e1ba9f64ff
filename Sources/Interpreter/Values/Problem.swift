import Autodiff
import Diagnostics

/// A mistake of the user found by a host function or by the machine below the level of source.
///
/// The machine, which knows the spans, turns it into a `Diagnostic`. Arguments of a function are
/// named by the index of their parameter, operands of an instruction by their own; `{0}` in the
/// message stands for the source text of the first, and so on.
package struct Problem: Error, Sendable {
  package var kind: DiagnosticKind
  package var message: String
  /// What to label with what it is; of an index or a name the first is where the error is.
  package var arguments: [Int]
  /// Whether operands are left without labels: it came from a call that the source does not show.
  package var isInner = false
  /// Where it is, if not where the machine stands.
  package var span: SourceSpan?
  package var help: String?
  package var notes: [String]

  package init(
    _ kind: DiagnosticKind, _ message: String, argument: Int? = nil, help: String? = nil,
    notes: [String] = []
  ) {
    self.init(
      kind, message, arguments: argument.map { [$0] } ?? [], help: help, notes: notes)
  }

  package init(
    _ kind: DiagnosticKind, _ message: String, arguments: [Int], help: String? = nil,
    notes: [String] = []
  ) {
    self.kind = kind
    self.message = message
    self.arguments = arguments
    self.help = help
    self.notes = notes
  }
}

/// A problem inside a call whose arguments were found among the operands of the call.
struct PlacedProblem: Error {
  let problem: any Error
  /// For each argument (or operand of an operator) that the problem may name, where it stands.
  let places: [Int?]
  /// Whether a problem that names no operand is about all of them.
  var isAboutAll = false
}

extension Call {
  /// Records operators whose operands are these arguments: `nil` is the next of the rest parameter.
  package func recording<T>(_ arguments: [Int?], _ body: () throws -> T) throws -> T {
    do { return try body() } catch let problem as OperatorProblem {
      var rest = restPlaces[...]
      let places = arguments.map { index in
        guard let index else { return rest.popFirst() ?? nil }
        return index < self.places.count ? self.places[index] : nil
      }
      throw PlacedProblem(problem: problem, places: places, isAboutAll: true)
    }
  }
}

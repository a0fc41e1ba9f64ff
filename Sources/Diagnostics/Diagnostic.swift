/// The kinds of error that a user can meet; the word in `error[shape]: …`.
package enum DiagnosticKind: String, Sendable, CaseIterable {
  case syntax, name, type, shape, value, index, dtype, gradient, data, file, memory, recursion
  case assert, interrupt, usage, `internal`
  /// The user's own `error("…")`.
  case error
}

/// A message of the one form: kind, one sentence, labelled source, at most one suggestion.
///
/// An error is thrown; a warning is told to the session, and the program goes on.
package struct Diagnostic: Error, Sendable {
  /// A piece of source with what it *is*: `[32, 784], from flatten of [32, 28, 28] at mlp.nns:12:9`.
  package struct Label: Sendable {
    package var span: SourceSpan
    package var text: String

    package init(_ span: SourceSpan, _ text: String) {
      self.span = span
      self.text = text
    }
  }

  package var kind: DiagnosticKind
  package var isWarning = false
  package var message: String
  /// Where it happened; decides the `--> file:line:column`.
  ///
  /// Labels are drawn on top of it.
  package var span: SourceSpan?
  package var labels: [Label]
  /// Facts that help, one line each, printed as `= note: …`.
  package var notes: [String]
  /// The one suggestion, printed as `= help: …`.
  package var help: String?
  /// The calls that led there, printed as notes after the others.
  package var calls = CallTrail()

  package init(
    _ kind: DiagnosticKind, _ message: String, at span: SourceSpan? = nil, labels: [Label] = [],
    notes: [String] = [], help: String? = nil
  ) {
    self.kind = kind
    self.message = message
    self.span = span
    self.labels = labels
    self.notes = notes
    self.help = help
  }
}

/// Several diagnostics that one parse or resolution found; thrown together, never empty.
package struct DiagnosticList: Error, Sendable {
  package var diagnostics: [Diagnostic]

  package init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }
}

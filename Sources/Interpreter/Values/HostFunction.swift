import Autodiff
import Diagnostics

/// A function of the language that is written in Swift: one record, from which call binding, help,
/// completion, the reference and the tests of its examples are made.
package struct HostFunction: Sendable {
  package struct Parameter: Sendable {
    package enum Default: Sendable {
      case required
      /// May be left out; `Call` then gives nil. The text is shown in help: `none`, `0.001`.
      case optional(String)
      /// Takes all further positional arguments.
      case rest
    }
    package let name: String
    package let defaultValue: Default
    /// One phrase for help and completion: `a tensor [n, d]`.
    package let summary: String

    package init(_ name: String, _ summary: String, default defaultValue: Default = .required) {
      self.name = name
      self.summary = summary
      self.defaultValue = defaultValue
    }
  }

  package typealias Action = @Sendable (_ call: Call) throws -> Value

  package let name: String
  /// One sentence.
  package let summary: String
  /// The heading of the reference under which it stands: `Tables`, `Training`.
  package let category: String
  package let parameters: [Parameter]
  /// Further help: formula, derivative, equivalent in plain nns; one paragraph an entry.
  package let details: [String]
  /// Programs with `# =>` lines; they run as tests.
  package let examples: [String]
  package let action: Action

  package init(
    name: String, summary: String, category: String, parameters: [Parameter],
    details: [String] = [], examples: [String] = [], action: @escaping Action
  ) {
    self.name = name
    self.summary = summary
    self.category = category
    self.parameters = parameters
    self.details = details
    self.examples = examples
    self.action = action
  }
}

/// A call of a host function with its arguments bound to its parameters.
package struct Call {
  package let session: Session
  /// What is being called, for messages.
  package let name: String
  package let parameters: [HostFunction.Parameter]
  /// In the order of the parameters; nil where the caller left one out.
  package let arguments: [Value?]
  /// What the rest parameter took.
  package let rest: [Value]
  /// Whether the caller (or the model that it stands in) said `train: true`.
  package let isTraining: Bool

  package init(
    session: Session, name: String, parameters: [HostFunction.Parameter], arguments: [Value?],
    rest: [Value] = [], isTraining: Bool = false
  ) {
    self.session = session
    self.name = name
    self.parameters = parameters
    self.arguments = arguments
    self.rest = rest
    self.isTraining = isTraining
  }
}

/// A mistake of the user found by a host function or by the machine below the level of source.
///
/// The machine, which knows the spans, turns it into a `Diagnostic`; `argument` is the index of the
/// argument (or operand) to label. `{0}` in the message stands for that argument's source text.
package struct Problem: Error, Sendable {
  package var kind: DiagnosticKind
  package var message: String
  package var argument: Int?
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
    self.kind = kind
    self.message = message
    self.argument = argument
    self.help = help
    self.notes = notes
  }
}

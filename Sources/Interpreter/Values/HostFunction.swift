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
  package var details: [String] { makeDetails() }
  private let makeDetails: @Sendable () -> [String]
  /// Programs with `# =>` lines; they run as tests.
  package let examples: [String]
  package let action: Action
  /// Whether all it does is record: its result depends on nothing but its arguments.
  package let isOperator: Bool
  /// Whether it makes the same tensor of the same numbers, and does nothing else.
  package let isConstant: Bool
  /// Whether all it does is a step of the `Stepper` that is its only argument.
  package let isStep: Bool
  /// For what gives batches of rows and does nothing else: from what it takes them, and how; nil for
  /// arguments of which it makes something more.
  package let batches: OfBatches?
  package typealias OfBatches = @Sendable (_ call: Call) throws -> Batches?
  /// What it does with one tensor alone, where it has a shorter way for that.
  package let direct: Direct?
  package typealias Direct = @Sendable (_ session: Session, _ x: Node) throws -> Void
  /// What it makes of one number, where that needs no more than the number.
  package let number: OfNumber?
  package typealias OfNumber = @Sendable (_ x: Double) -> Double
  /// What it makes of so many values given by position, none of them a param: nil for values that
  /// want its action. There only to be shorter than that.
  package let brief: Brief?
  package struct Brief: Sendable {
    package typealias Action =
      @Sendable (_ session: Session, _ x: Value, _ y: Value) throws -> Value?
    package let count: Int
    package let action: Action
    package init(_ count: Int, _ action: @escaping Action) {
      (self.count, self.action) = (count, action)
    }
  }

  package init(
    name: String, summary: String, category: String, parameters: [Parameter],
    details: @autoclosure @escaping @Sendable () -> [String] = [], examples: [String] = [],
    isOperator: Bool = false,
    isConstant: Bool = false, isStep: Bool = false, batches: OfBatches? = nil,
    direct: Direct? = nil, number: OfNumber? = nil, brief: Brief? = nil, action: @escaping Action
  ) {
    self.name = name
    self.summary = summary
    self.category = category
    self.parameters = parameters
    makeDetails = details
    self.examples = examples
    self.action = action
    self.isOperator = isOperator
    self.isConstant = isConstant
    self.isStep = isStep
    self.batches = batches
    self.direct = direct
    self.number = number
    self.brief = brief
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
  /// Where the arguments stand among the operands of the call; nil where that is not known.
  let places: [Int?]
  let restPlaces: [Int?]
  /// Whether the caller (or the model that it stands in) said `train: true`.
  package let isTraining: Bool

  package init(
    session: Session, name: String, parameters: [HostFunction.Parameter], arguments: [Value?],
    rest: [Value] = [], isTraining: Bool = false, places: [Int?] = [], restPlaces: [Int?] = []
  ) {
    self.session = session
    self.name = name
    self.parameters = parameters
    self.arguments = arguments
    self.rest = rest
    self.isTraining = isTraining
    self.places = places
    self.restPlaces = restPlaces
  }
}

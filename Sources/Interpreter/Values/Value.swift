// The values of the language where Swift code handles them; the machine holds them as `Slot`s.

import Autodiff
import Diagnostics
import Engine

/// Any value of the language.
package enum Value {
  case none
  case bool(Bool)
  case number(Double)
  case string(StringObject)
  case tensor(TensorObject)
  case tuple(TupleObject)
  case list(ListObject)
  case record(RecordObject)
  case range(RangeObject)
  case function(FunctionObject)
  /// A parameter as such (inside models and `(w, b)` given to an optimizer); reading a `param` name
  /// in an expression gives a tensor that remembers its parameter.
  indirect case foreign(any ForeignObject)

  package static func string(_ text: String) -> Value { .string(StringObject(text)) }
  package static func tensor(_ node: Node) -> Value { .tensor(TensorObject(node)) }
  package static func tuple(_ elements: [Value]) -> Value { .tuple(TupleObject(elements)) }
  package static func list(_ elements: [Value]) -> Value { .list(ListObject(elements)) }
  package static func record(_ fields: [(String, Value)]) -> Value {
    .record(RecordObject(fields))
  }

  /// What messages call the kind: `number`, `tensor`, `table`.
  package var typeName: String {
    switch self {
    case .none: "none"
    case .bool: "bool"
    case .number: "number"
    case .string: "string"
    case .tensor: "tensor"
    case .tuple: "tuple"
    case .list: "list"
    case .record: "record"
    case .range: "range"
    case .function: "function"
    case .foreign(let object): object.typeName
    }
  }
}

extension Value {
  /// Why a value of the library is no tensor, where it says more than its type.
  package var noTensor: Problem? {
    if case .foreign(let object) = self { return object.noTensor }
    return nil
  }

  /// The kind with its article: `a list`, `an optimizer`, `none`.
  package var typePhrase: String {
    if case .none = self { return "none" }
    return withArticle(typeName)
  }
}

/// `a list`, `an optimizer`.
package func withArticle(_ noun: String) -> String {
  ("aeiouAEIOU".contains(noun.first ?? "x") ? "an " : "a ") + noun
}

/// A value on the heap.
package class Object {
  /// What it is, known without asking the runtime.
  enum Kind: UInt8 {
    case string, tensor, tuple, list, record, range, closure, function, foreign, cell, iterator
  }
  final let kind: Kind
  /// Of a string, whether every byte is a character; here, where there is room for it.
  fileprivate final var hasBytesOnly: Bool?
  /// How many slots hold it; together they own one count of Swift's. A session is one thread.
  final var slots: Int32 = 0
  init(_ kind: Kind) { self.kind = kind }
}

/// A value of the library where the machine holds it.
final class ForeignBox: Object {
  let object: any ForeignObject
  /// The object, where it is a param.
  let parameter: ParameterObject?
  init(_ object: any ForeignObject) {
    self.object = object
    parameter = object.asParameter
    super.init(.foreign)
  }
}

package final class StringObject: Object {
  package private(set) var text: String
  package init(_ text: String) {
    self.text = text
    super.init(.string)
  }

  /// Continues the text in place; only for a string that nobody else holds.
  func append(_ other: String, hasByteCharacters: Bool) {
    text += other
    // Where every byte of two texts is a character, it is in both together.
    hasBytesOnly = hasBytesOnly == true && hasByteCharacters ? true : nil
  }

  var isKnownToHaveByteCharacters: Bool { hasBytesOnly == true }

  /// A text of which somebody knows that every byte is a character.
  package convenience init(bytes text: String) {
    self.init(text)
    hasBytesOnly = true
  }

  /// Whether every byte is a character; a line end of two bytes is one character.
  package var hasByteCharacters: Bool {
    if let hasBytesOnly { return hasBytesOnly }
    let found = text.utf8.allSatisfy { $0 < 0x80 && $0 != 0x0D }
    hasBytesOnly = found
    return found
  }

  /// How many characters there are.
  package var length: Int { hasByteCharacters ? text.utf8.count : text.count }

  /// Some of the characters, by place; the caller has checked that they are there.
  func part(_ places: Range<Int>) -> StringObject {
    guard hasByteCharacters else {
      let start = text.index(text.startIndex, offsetBy: places.lowerBound)
      let end = text.index(start, offsetBy: places.count)
      return StringObject(String(text[start..<end]))
    }
    let part = text.utf8.withContiguousStorageIfAvailable {
      String(decoding: UnsafeBufferPointer(rebasing: $0[places]), as: UTF8.self)
    }
    let bytes = text.utf8
    return StringObject(
      bytes: part
        ?? String(decoding: bytes.dropFirst(places.lowerBound).prefix(places.count), as: UTF8.self))
  }
}

/// A handle on a node of the graph; as long as it lives, the node is a root of the next plan.
///
/// One that is lent by the memory of a recognised turn neither holds its node nor counts as a handle of
/// it, as long as the program does not hold it (`TensorHandles`).
package final class TensorObject: Object {
  let reference: Unmanaged<Node>
  private var ownsNode: Bool
  private var isCounted: Bool

  package var node: Node { reference.takeUnretainedValue() }

  package init(_ node: Node) {
    reference = .passRetained(node)
    (ownsNode, isCounted) = (true, true)
    node.handles += 1
    super.init(.tensor)
  }

  init(lent node: Unmanaged<Node>) {
    reference = node
    (ownsNode, isCounted) = (false, false)
    super.init(.tensor)
  }

  deinit {
    count(isHeld: false)
    if ownsNode { reference.release() }
  }

  /// Whether nobody else holds the node.
  var holdsAlone: Bool {
    var address = reference.toOpaque()
    return ownsNode
      && withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: Node.self, capacity: 1) { isKnownUniquelyReferenced(&$0.pointee) }
      }
  }

  func isHandle(on node: Unmanaged<Node>) -> Bool { reference.toOpaque() == node.toOpaque() }

  /// Whether it counts as a handle of its node.
  func count(isHeld: Bool) {
    guard isHeld != isCounted else { return }
    isCounted = isHeld
    reference._withUnsafeGuaranteedRef { $0.handles += isHeld ? 1 : -1 }
  }

  /// Holds its node from here on.
  func own() {
    count(isHeld: true)
    guard !ownsNode else { return }
    ownsNode = true
    _ = reference.retain()
  }
}

package final class TupleObject: Object {
  package let elements: [Value]
  package init(_ elements: [Value]) {
    self.elements = elements
    super.init(.tuple)
  }
}

/// Named fields in the order written; a value like a list.
package final class RecordObject: Object {
  package internal(set) var fields: [(name: String, value: Value)]
  package init(_ fields: [(String, Value)]) {
    self.fields = fields.map { (name: $0.0, value: $0.1) }
    super.init(.record)
  }

  package subscript(name: String) -> Value? { fields.first { $0.name == name }?.value }
}

/// `lower..upper`, half-open, whole numbers.
package final class RangeObject: Object {
  package let lower: Int
  package let upper: Int
  package init(_ lower: Int, _ upper: Int) {
    self.lower = lower
    self.upper = upper
    super.init(.range)
  }
}

/// Anything that can be called: closures, builtins, holes, compositions.
package class FunctionObject: Object {
  /// The name for messages; `function` for a lambda.
  package var name: String { "function" }
  /// What it does with one tensor alone, where it has a short way for that.
  var direct: HostFunction.Direct? { nil }
  /// What it makes of one number alone, and of one or two values, where it has short ways for that.
  final let number: HostFunction.OfNumber?
  final let brief: HostFunction.Brief?
  package init(named: Void = ()) {
    (number, brief) = (nil, nil)
    super.init(.function)
  }
  init(_ function: HostFunction) {
    (number, brief) = (function.number, function.brief)
    super.init(.function)
  }
  override init(_ kind: Kind) {
    (number, brief) = (nil, nil)
    super.init(kind)
  }
}

/// A builtin.
package final class HostFunctionObject: FunctionObject {
  package let function: HostFunction
  package override var name: String { function.name }
  override var direct: HostFunction.Direct? { function.direct }
  package override init(_ function: HostFunction) {
    self.function = function
    super.init(function)
  }
}

/// A function made by the host at run time (`grad(f)`, a scaler's `undo`).
package final class NativeFunctionObject: FunctionObject {
  package typealias Body = (_ call: Call) throws -> Value
  private let label: String
  package let parameters: [HostFunction.Parameter]
  package let body: Body
  package override var name: String { label }
  package init(name: String, parameters: [HostFunction.Parameter], body: @escaping Body) {
    self.label = name
    self.parameters = parameters
    self.body = body
    super.init(.function)
  }
}

/// `f >> g >> h`: functions, layers and models from left to right, flat. `net[0]` is a stage.
package final class CompositionObject: FunctionObject {
  package let stages: [Value]
  package override var name: String { "composition" }
  package init(_ stages: [Value]) {
    self.stages = stages
    super.init(.function)
  }
}

/// A value that a library defines: table, layer, model instance, optimizer, scaler, figure, module.
///
/// What a type does not define is an error naming it.
package protocol ForeignObject: AnyObject {
  var typeName: String { get }
  /// How the value prints: where possible as the source that makes it.
  func describe(_ session: Session) throws -> StyledText
  /// Names of fields for completion and did-you-mean.
  var fieldNames: [String] { get }
  func field(_ name: String, _ session: Session) throws -> Value?
  /// The object with a field changed (value types), nil where that is not possible.
  func settingField(_ name: String, to value: Value, _ session: Session) throws -> Value?
  /// `x[items]`, nil where it cannot be indexed.
  func index(_ items: [IndexValue], _ session: Session) throws -> Value?
  /// The object with elements changed (value types), nil where that is not possible.
  func settingIndex(_ items: [IndexValue], to value: Value, _ session: Session) throws -> Value?
  var isCallable: Bool { get }
  /// For what cannot be called: what was meant, `{0}` being its text and `{1}` the argument's.
  var helpForCall: String? { get }
  /// Parameters by name for signature help; nil takes one value.
  var callParameters: [HostFunction.Parameter]? { get }
  func call(_ call: Call) throws -> Value
  func isEqual(to other: any ForeignObject) -> Bool
  /// `x == other` where that is no plain equality: a mask of a column's rows.
  func comparison(to other: Value, _ session: Session) throws -> Value?
  /// Why it cannot be computed with as a tensor, where more can be said than its type.
  var noTensor: Problem? { get }
  /// Length for `len` and loops, nil where there is none.
  var length: Int? { get }
  func element(_ index: Int, _ session: Session) throws -> Value?
  /// Trainable parameters with their paths relative to this object: `weight`, `inner[2].bias`.
  var parameters: [(path: String, parameter: Parameter)] { get }
  /// Whether a call does nothing but record, and records the same for operands of the same shapes.
  var recordsOnly: Bool { get }
  /// What changes with the steps that are made with it, where that is all that they do.
  var stepper: (any Stepper)? { get }
  /// For batches of rows: what they are taken from, and in which order.
  var batches: (source: Batches, order: [Int])? { get }
  /// Itself, where it is a param.
  var asParameter: ParameterObject? { get }
  /// A separate object with the same state, for `copy`; itself for value types.
  func copy() throws -> any ForeignObject
}

/// What a step of training changes besides params, so that steps can be run without being recorded.
package protocol Stepper: AnyObject {
  /// Values that go from step to step.
  var stateNodes: [Node] { get }
  /// Whether its numbers may change at any step, even after steps in which they did not.
  var isScheduled: Bool { get }
  /// What a number of the last step is in the n-th step after it; nil for a number of somebody else.
  func number(_ node: Node, after steps: Int) -> Double?
  /// To be called before `advance`.
  func willAdvance(_ session: Session)
  /// So many steps have been made, which gave the states other values.
  func advance(_ steps: Int, to state: (Node) -> Node)
}

extension ForeignObject {
  package var recordsOnly: Bool { false }
  package var stepper: (any Stepper)? { nil }
  package var batches: (source: Batches, order: [Int])? { nil }
  package var typeName: String { "object" }
  /// The kind with its article.
  package var typePhrase: String { withArticle(typeName) }
  package var helpForCall: String? { nil }
  package func describe(_ session: Session) throws -> StyledText { StyledText("<\(typeName)>") }
  package var fieldNames: [String] { [] }
  package func field(_ name: String, _ session: Session) throws -> Value? { nil }
  package func settingField(_ name: String, to value: Value, _ session: Session) throws -> Value? {
    nil
  }
  package func index(_ items: [IndexValue], _ session: Session) throws -> Value? { nil }
  package func settingIndex(_ items: [IndexValue], to value: Value, _ session: Session) throws
    -> Value?
  { nil }
  package var isCallable: Bool { false }
  package var callParameters: [HostFunction.Parameter]? { nil }
  package func call(_ call: Call) throws -> Value {
    throw Problem(.type, "\(typePhrase) cannot be called")
  }
  package func isEqual(to other: any ForeignObject) -> Bool { self === other }
  package func comparison(to other: Value, _ session: Session) throws -> Value? { nil }
  package var noTensor: Problem? { nil }
  package var length: Int? { nil }
  package func element(_ index: Int, _ session: Session) throws -> Value? { nil }
  package var parameters: [(path: String, parameter: Parameter)] { [] }
  package func copy() throws -> any ForeignObject { self }
  package var asParameter: ParameterObject? { nil }
}

/// One place between brackets, evaluated.
package enum IndexValue {
  /// A number, a tensor of indices or a mask, a list of names, a string.
  case value(Value)
  /// Half-open; nil ends are open.
  case range(Int?, Int?)
  case newAxis
}

/// A variable that closures share.
final class CellObject: Object {
  /// Owned by the cell.
  private(set) var slot: Slot
  /// The turn in which it was made, or its value was last noted in the journal.
  var turn: UInt64

  /// Takes over one count of the slot.
  init(_ slot: Slot, turn: UInt64) {
    self.slot = slot
    self.turn = turn
    super.init(.cell)
  }
  deinit { slot.release() }

  /// Takes over one count of the new slot.
  @inline(__always) func set(_ new: Slot) {
    let old = slot
    slot = new
    old.release()
  }
}

/// A function of the language with what it captured.
package final class ClosureObject: FunctionObject {
  package let chunk: Chunk
  /// What the machine needs of the chunk to run it.
  let routine: Routine
  private let captures: UnsafeMutableBufferPointer<Unmanaged<CellObject>>
  package override var name: String { chunk.name }

  /// Holds the cells as long as it lives.
  init(_ chunk: Chunk, _ captures: [CellObject] = []) {
    self.chunk = chunk
    routine = chunk.routine
    self.captures = .allocate(capacity: captures.count)
    _ = self.captures.initialize(from: captures.map { .passRetained($0) })
    super.init(.closure)
  }

  deinit {
    for cell in captures { cell.release() }
    captures.deallocate()
  }

  /// A captured variable; the compiler counts them.
  @inline(__always) func capture(_ index: Int) -> Unmanaged<CellObject> { captures[index] }
}

/// A function waiting for some of its arguments: `f(_, 2)`.
package final class PartialObject: FunctionObject {
  package let callee: Value
  /// Nil where an argument is awaited.
  package let arguments: [(label: String?, value: Value?)]
  init(_ callee: Value, _ arguments: [(label: String?, value: Value?)]) {
    self.callee = callee
    self.arguments = arguments
    super.init(.function)
  }
}

/// A parameter as such: what a name made by `param` holds.
package class ParameterObject: ForeignObject {
  package let parameter: Parameter
  /// The handle that reading it gave last.
  private var reading: TensorObject?
  package init(_ parameter: Parameter) {
    self.parameter = parameter
  }
  package var asParameter: ParameterObject? { self }

  /// A handle on its present value.
  package func read() -> TensorObject {
    let node = parameter.node
    if let reading, reading.isHandle(on: .passUnretained(node)) { return reading }
    let new = TensorObject(node)
    reading = new
    return new
  }

  package var typeName: String { "param" }
  package var parameters: [(path: String, parameter: Parameter)] { [("", parameter)] }
  package func describe(_ session: Session) throws -> StyledText {
    try session.describe(.tensor(parameter.node))
  }
  package func copy() throws -> any ForeignObject {
    ParameterObject(parameter.copy())
  }
}

/// A field that holds a function, called with its object in front: the object is left out.
package final class DroppingFirst: FunctionObject {
  private let held: [Value]
  var function: Value { held.first ?? .none }
  init(_ function: Value) {
    held = [function]
    super.init(.function)
  }
}

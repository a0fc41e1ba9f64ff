// Fields, params, names given to values, shapes in signatures, imports.

import Autodiff
import Diagnostics
import Engine
import Glibc
import Syntax

extension Session {
  func field(_ value: Value, _ name: String) throws -> Value {
    if let field = try methodField(value, name) { return field }
    throw unknownField(value, name)
  }

  /// A field of a value, nil where it has none of that name.
  func methodField(_ value: Value, _ name: String) throws -> Value? {
    switch value {
    case .foreign(let object):
      if let parameter = object as? ParameterObject {
        if name == "grad" { return parameter.parameter.gradient.map { .tensor($0) } ?? Value.none }
        return try methodField(.tensor(parameter.parameter.node), name)
      }
      return try object.field(name, self)
    case .record(let record): return record[name]
    case .tensor(let tensor):
      if name == "grad", let parameter = tensor.node.version?.parameter {
        return parameter.gradient.map { .tensor($0) } ?? Value.none
      }
      return try tensorProperties[name].map { try $0(tensor.node, self) }
    case .number(let x):
      return try tensorProperties[name].map { try $0(graph.input(x), self) }
    default: return nil
    }
  }

  /// The error for a field that is not there; a method that isn't is looked for among functions too.
  func unknownField(_ value: Value, _ name: String, isCalled: Bool = false) -> Problem {
    if name == "grad", node(value) != nil {
      return Problem(
        .name, "only a param has a field 'grad'", argument: 1,
        help: "write grad(loss, {0}) for the gradient of a loss")
    }
    var known: [String]
    switch value {
    case .foreign(let object) where isObject(value): known = object.fieldNames
    case .record(let record): known = record.fields.map(\.name)
    case .tensor, .number, .foreign: known = Array(tensorProperties.keys)
    default: known = []
    }
    // `pi` and `last` are no functions.
    let builtins = globals.known.builtin.filter {
      globals.builtinSlot($0).flatMap { globals[$0] }.map(isCallable) ?? false
    }
    var help = ForeignHabits.help(forField: name, of: "{0}")
    if !isCalled, help == nil, builtins.contains(name), node(value) != nil || length(value) != nil {
      help = "write {0}.\(name)()"
    }
    if help == nil { help = stage(of: value, with: name).map { "write {0}[\($0)].\(name)" } }
    if help == nil { help = Suggestion.nearest(to: name, in: known).map { "did you mean .\($0)?" } }
    if help == nil, node(value) != nil || length(value) != nil {
      help = Suggestion.nearest(to: name, in: builtins).map { "did you mean .\($0)()?" }
    }
    let listsFields = if case .record = value { true } else { isObject(value) }
    if help == nil, listsFields, !known.isEmpty, known.count <= 12 {
      help = "its fields are \(known.joined(separator: ", "))"
    }
    return Problem(
      .name, "this \(value.typeName) has no field '\(name)'", argument: 1, help: help)
  }

  /// Whether a value is an object with fields of its own: a fitted tree, a layer, an optimizer.
  private func isObject(_ value: Value) -> Bool {
    if case .foreign(let object) = value { !(object is ParameterObject) } else { false }
  }

  /// The first stage of a chain of layers that has a field.
  private func stage(of value: Value, with name: String) -> Int? {
    guard case .function(let function as CompositionObject) = value else { return nil }
    return function.stages.firstIndex { stage in
      if case .foreign(let object) = stage { object.fieldNames.contains(name) } else { false }
    }
  }

  /// The error for a property that is called like a function.
  func notMethod(_ value: Value, _ name: String, _ field: Value) -> Problem {
    let isProperty = node(value) != nil
    return Problem(
      .type, "\(name) of \(value.typePhrase) is \(field.typePhrase), not a function", argument: 1,
      help: isProperty || !field.hasElements ? "write {0}.\(name)" : "write {0}.\(name)[…]")
  }

  /// The slot of a name that has a value, or will have one when the source that is read has run so
  /// far: what failed to be defined leaves a name behind that nothing is called, but a builtin.
  func knownSlot(_ name: String) -> Int? {
    guard let slot = globals.slot(name), globals[slot] == nil, upcoming[name] == nil else {
      return globals.slot(name)
    }
    return globals.builtinSlot(name)
  }

  /// The value of a global variable.
  func global(_ slot: Int) throws -> Value {
    if let value = globals[slot] { return value }
    let name = globals.names[slot]
    guard let place = upcoming[name] else { throw Problem(.name, "nothing is called '\(name)'") }
    throw Problem(.name, "\(name) is defined later, at line \(place.line)")
  }

  /// Throws where a name hides a builtin function and what it names now cannot be called.
  func checkRedefined(_ slot: Int, _ value: Value) throws {
    guard !isCallable(value), let builtin = globals.hiddenBuiltin(slot), isCallable(builtin)
    else { return }
    let name = globals.names[slot]
    let place = span(globals.origin(slot)).map { " since \($0.place)" } ?? ""
    throw Problem(
      .type, "\(name) is \(value.typePhrase)\(place), no longer the function", argument: 0,
      help: "give that value another name: let my_\(name) = …")
  }

  func storeGlobal(_ slot: Int, _ value: Value, isDefinition: Bool) throws {
    if !isDefinition, globals.slots[slot].is(.foreign),
      case .foreign(let object)? = globals[slot], let parameter = object as? ParameterObject
    {
      return try store(parameter.parameter, value)
    }
    if !isDefinition, slot < globals.builtinCount {
      throw Problem(
        .name, "\(globals.names[slot]) is built in and cannot be updated",
        help: "write let \(globals.names[slot]) = … to use the name for something else")
    }
    if !isDefinition, globals.slots[slot].isUndefined { _ = try global(slot) }
    let isParam = isDefinition && (value.isParameter)
    journal.note(slot, of: globals)
    globals[slot] = isParam ? value : read(value)
    if isDefinition { globals.setOrigin(slot, graph.origin) }
    if isDefinition { nameParameters(globals.names[slot], value) }
  }

  func storeCell(_ cell: CellObject?, _ value: Value) throws {
    guard let cell else { return }
    if cell.slot.is(.foreign), case .foreign(let object) = cell.slot.value,
      let parameter = object as? ParameterObject
    {
      return try store(parameter.parameter, value)
    }
    journal.note(cell)
    cell.set(Slot(read(value)))
  }

  func store(_ parameter: Parameter, _ value: Value) throws {
    guard let node = node(value) else {
      throw Problem(.type, "a param holds a tensor, not \(value.typePhrase)", argument: 1)
    }
    let dtype = parameter.node.dtype
    // Numbers and literals have no element type of their own.
    let isLiteral = node.isNumber || node.op === Operator.data && node.dtype == graph.defaultDType
    guard node.dtype == dtype || isLiteral && node.dtype != .bool else {
      throw Problem(
        .dtype,
        "\(parameter.name) is a param of \(dtype.name) and keeps it; this value has "
          + node.dtype.name, help: "write .\(dtype.name) behind the value")
    }
    try parameter.store(node)
  }

  func newParameter(_ name: String, _ value: Value) throws -> Parameter {
    guard let node = node(value) else {
      throw Problem(.type, "a param holds a tensor, not \(value.typePhrase)", argument: 0)
    }
    guard node.dtype.isFloat else {
      throw Problem(.dtype, "a param holds floats, not \(node.dtype.name)")
    }
    return Parameter(name, value: graph.copied(node))
  }

  /// Remembers the name a value was given, for explanations and messages.
  func name(_ value: Value, _ name: String) {
    if case .tensor(let tensor) = value, tensor.node.name == nil { tensor.node.name = name }
  }

  /// Parameters of a model get the path by which the user reaches them. Those that have such a name keep
  /// it in collections of all kinds: `let saved = (net, opt)`.
  private func nameParameters(_ name: String, _ value: Value) {
    let isModel: Bool
    switch value {
    case .function, .foreign: isModel = true
    default: isModel = false
    }
    for (path, parameter) in parameters(of: value) where isModel || !parameter.hasPath {
      parameter.hasPath = true
      if !value.isParameter, !path.isEmpty { parameter.name = Session.joined(name, path) }
    }
  }

  /// Runs a file once and gives its names as a module.
  func importFile(_ path: String, from source: SourceText) throws -> Value {
    let folder =
      source.name.contains("/")
      ? String(source.name[..<(source.name.lastIndex(of: "/") ?? source.name.startIndex)]) + "/"
      : ""
    let full = path.hasPrefix("/") ? path : folder + path
    if let module = modules[full] { return module }
    if importing.contains(full) {
      throw Problem(
        .file, "\((importing + [full]).joined(separator: " imports ")): a circle of imports")
    }
    let text = try SourceText.read(full)
    importing.append(full)
    let outer = upcoming
    upcoming = [:]
    defer {
      importing.removeLast()
      upcoming = outer
    }
    let names = try globals.withNewNames { try run(text) }
    let module = ModuleObject(full, names, globals)
    willChange(module) { { [unowned self] in modules[full] = nil } }
    modules[full] = .foreign(module)
    return .foreign(module)
  }

  func addTest(name: String, block: Block, range: TextRange, source: SourceText) {
    let compiler = FunctionCompiler(
      session: self, parent: nil, name: "test \"\(name)\"", source: source,
      captured: NameCollector.captured(by: block.statements), isTopLevel: false)
    compiler.span = range
    do {
      try compiler.block(block.statements, wantsValue: false, into: compiler.register())
      let result = compiler.none()
      compiler.emit(.returnValue, result)
      compiler.chunk.range = range
      // A file that is imported is tested by itself.
      if importing.isEmpty { tests.append((name, compiler.chunk)) }
    } catch {
      testProblems.append(error)
    }
  }
}

extension Value {
  /// Whether brackets after it find something.
  var hasElements: Bool {
    switch self {
    case .tensor(let tensor): tensor.node.shape.rank > 0
    case .list, .tuple, .string, .range, .record: true
    default: false
    }
  }

  package var isParameter: Bool {
    if case .foreign(let object) = self { return object is ParameterObject }
    return false
  }
}

/// A file that was imported: its names that do not begin with `_`.
final class ModuleObject: ForeignObject {
  private let path: String
  /// The slots of its names.
  private let slots: [String: Int]
  private let globals: Globals

  init(_ path: String, _ names: [String: Int], _ globals: Globals) {
    self.path = path
    slots = names.filter { !$0.key.hasPrefix("_") }
    self.globals = globals
  }

  var typeName: String { "module" }
  var fieldNames: [String] { slots.keys.sorted() }
  func field(_ name: String, _ session: Session) throws -> Value? {
    slots[name].flatMap { globals[$0] }
  }
  func describe(_ session: Session) throws -> StyledText { StyledText("module \(path)") }
}

/// An instance of a user's model: its members by name, in the order of the declaration.
package final class ModelObject: ForeignObject {
  package let name: String
  package let arguments: [Value]
  package private(set) var members: [(name: String, value: Value)] = []

  init(_ name: String, arguments: [Value]) {
    self.name = name
    self.arguments = arguments
  }

  func add(_ name: String, _ value: Value) { members.append((name, value)) }

  subscript(name: String) -> Value? { members.first { $0.name == name }?.value }

  package var typeName: String { name }
  package var isCallable: Bool { true }
  package var fieldNames: [String] { members.map(\.name).filter { $0 != "forward" } }
  package func field(_ name: String, _ session: Session) throws -> Value? { self[name] }
  package func describe(_ session: Session) throws -> StyledText {
    let arguments = try arguments.map { try session.echo($0) }.joined(separator: ", ")
    let count = session.parameters(of: .foreign(self)).reduce(0) {
      $0 + $1.parameter.node.shape.count
    }
    return StyledText("\(name)(\(arguments))  # \(count) parameters")
  }
}

extension SourceText {
  /// Reads a file; throws a `Problem` naming what is wrong with it.
  package static func read(_ path: String) throws -> SourceText {
    guard let file = fopen(path, "r") else {
      throw Problem(.file, "cannot read \(path): \(String(cString: strerror(errno)))")
    }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      if count == 0 { break }
      bytes += chunk[..<count]
      guard bytes.count <= 1 << 28 else { throw Problem(.file, "\(path) is larger than 256 MB") }
    }
    guard ferror(file) == 0 else {
      throw Problem(.file, "cannot read \(path): \(String(cString: strerror(errno)))")
    }
    return try decode(path, bytes)
  }

  /// Bytes as a source; they must be UTF-8 without NUL.
  package static func decode(_ name: String, _ bytes: [UInt8]) throws -> SourceText {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Problem(.file, "\(name) is no text: it has bytes that are not UTF-8")
    }
    if let place = bytes.firstIndex(of: 0) {
      let line = bytes[..<place].count { $0 == 10 } + 1
      throw Problem(.file, "\(name) is no text: it has a NUL byte in line \(line)")
    }
    return SourceText(name: name, text: text)
  }
}

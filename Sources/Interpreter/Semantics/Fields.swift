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

  func unknownField(_ value: Value, _ name: String) -> Problem {
    let known: [String]
    switch value {
    case .foreign(let object) where !(object is ParameterObject): known = object.fieldNames
    case .record(let record): known = record.fields.map(\.name)
    default: known = Array(tensorProperties.keys)
    }
    let habit = ForeignHabits.help(forField: name, of: "x")
    return Problem(
      .name, "this \(value.typeName) has no field '\(name)'", argument: 0,
      help: habit ?? Suggestion.nearest(to: name, in: known).map { "did you mean .\($0)?" })
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
    if !isDefinition, globals.slots[slot].isUndefined { _ = try globals.value(slot) }
    let isParam = isDefinition && (value.isParameter)
    journal.note(slot, of: globals)
    globals[slot] = isParam ? value : read(value)
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
      throw Problem(.type, "a param holds a tensor, not a \(value.typeName)")
    }
    try parameter.store(node)
  }

  func newParameter(_ name: String, _ value: Value) throws -> Parameter {
    guard let node = node(value) else {
      throw Problem(.type, "a param holds a tensor, not a \(value.typeName)")
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

  /// Parameters of a model get the path by which the user reaches them.
  private func nameParameters(_ name: String, _ value: Value) {
    for (path, parameter) in parameters(of: value) where !(value.isParameter) {
      parameter.name = path.hasPrefix("[") ? name + path : name + "." + path
    }
  }

  /// Checks a value against a shape in a signature and binds the names in it.
  func check(
    _ shape: ShapeCheck, _ value: Value, read register: (Int) -> Value,
    bind: (Int, Value) -> Void
  ) throws {
    let what =
      shape.isResult ? "the result of \(shape.function)" : "\(shape.parameter) of \(shape.function)"
    guard let node = node(value) else {
      throw Problem(.type, "\(what) is a tensor of shape \(shape.text), not a \(value.typeName)")
    }
    var parts = shape.parts
    var dims = node.shape.dims
    if case .anyLeading? = parts.first {
      parts.removeFirst()
      guard dims.count >= parts.count else {
        throw Problem(.shape, "\(what) has the shape \(shape.text), not \(node.shape)")
      }
      dims.removeFirst(dims.count - parts.count)
    }
    guard dims.count == parts.count else {
      throw Problem(.shape, "\(what) has the shape \(shape.text), not \(node.shape)")
    }
    for (part, size) in zip(parts, dims) {
      switch part {
      case .size(let wanted) where wanted != size:
        throw Problem(
          .shape, "\(what) has the shape \(shape.text), not \(node.shape)")
      case .name(let name, let index):
        if case .number(let bound) = self.read(register(index)) {
          guard Double(size) == bound else {
            throw Problem(
              .shape,
              "\(what) has the shape \(shape.text) with \(name) = \(NumberFormat.shortest(bound)), "
                + "not \(node.shape)")
          }
        } else {
          bind(index, .number(Double(size)))
        }
      default: break
      }
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
    importing.append(full)
    defer { importing.removeLast() }
    let child = Session(output: output)
    child.warn = warn
    child.progress = progress
    child.importing = importing
    for slot in 0..<globals.builtinCount {
      if let value = globals[slot] {
        child.installConstant(globals.names[slot], value)
      }
    }
    child.tensorProperties = tensorProperties
    let module = ModuleObject(full, child, try SourceText.read(full))
    try module.run()
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
      tests.append((name, compiler.chunk))
    } catch {
      testProblems.append(error)
    }
  }
}

extension Value {
  package var isParameter: Bool {
    if case .foreign(let object) = self { return object is ParameterObject }
    return false
  }
}

/// A file that was imported: its names that do not begin with `_`.
final class ModuleObject: ForeignObject {
  private let path: String
  private let session: Session
  private let source: SourceText

  init(_ path: String, _ session: Session, _ source: SourceText) {
    (self.path, self.session, self.source) = (path, session, source)
  }

  func run() throws { try session.run(source) }

  var typeName: String { "module" }
  var fieldNames: [String] {
    session.globals.user.map(\.name).filter { !$0.hasPrefix("_") }
  }
  func field(_ name: String, _ outer: Session) throws -> Value? {
    guard !name.hasPrefix("_"), fieldNames.contains(name) else { return nil }
    return session.globals[name]
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
    guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
      throw Problem(.file, "\(name) is no text: it has bytes that are not UTF-8")
    }
    return SourceText(name: name, text: text)
  }
}

// The loop of the virtual machine. Registers are a stack of values; calls in the language push a
// frame and go on in the same loop, so they use no native stack.

import Autodiff
import Diagnostics
import Engine
import Synchronization

/// What runs a session's bytecode.
final class Machine {
  private static let registerLimit = 1 << 22
  private static let nativeLimit = 1500
  static let depthLimit = 200_000

  struct Frame {
    let closure: ClosureObject
    let base: Int
    var position: Int
    /// Where the caller wants the result.
    let target: Int
    let given: UInt64
    let isTraining: Bool
  }

  unowned let session: Session
  private let registers: UnsafeMutablePointer<Value>
  private var top = 0
  private(set) var frames: [Frame] = []
  private var nativeDepth = 0
  /// Whether the call that runs now was told, or inherits, that it trains.
  var isTraining = false
  /// Instructions left; a limit for programs that nobody watches.
  var budget = Int.max

  init(_ session: Session) {
    self.session = session
    registers = .allocate(capacity: Machine.registerLimit)
  }

  deinit {
    registers.deinitialize(count: top)
    registers.deallocate()
  }

  /// Runs a closure to its end and gives its result.
  func run(_ closure: ClosureObject, _ arguments: [Value], given: UInt64, isTraining: Bool) throws
    -> Value
  {
    guard nativeDepth < Machine.nativeLimit else { throw recursion() }
    nativeDepth += 1
    let depth = frames.count
    let start = top
    let outer = self.isTraining
    defer {
      nativeDepth -= 1
      self.isTraining = outer
      if frames.count > depth { frames.removeLast(frames.count - depth) }
      release(to: start)
    }
    // One register for the result, the arguments behind it.
    try reserve(start + 1)
    let base = start + 1
    try enter(closure, base: base, target: start, given: given, isTraining: isTraining)
    for (index, argument) in arguments.enumerated() { registers[base + index] = argument }
    try loop(until: depth)
    return registers[start]
  }

  private func recursion() -> Problem {
    Problem(
      .recursion, "calls are nested too deeply: more than \(frames.count) of them",
      help: "check that the recursion ends")
  }

  private func reserve(_ count: Int) throws {
    guard count < Machine.registerLimit else { throw recursion() }
    if count > top {
      (registers + top).initialize(repeating: .none, count: count - top)
      top = count
    }
  }

  private func release(to count: Int) {
    guard count < top else { return }
    (registers + count).deinitialize(count: top - count)
    top = count
  }

  private func enter(
    _ closure: ClosureObject, base: Int, target: Int, given: UInt64, isTraining: Bool
  ) throws {
    guard frames.count < Machine.depthLimit else { throw recursion() }
    try reserve(base + closure.chunk.registerCount + 1)
    frames.append(
      Frame(
        closure: closure, base: base, position: 0, target: target, given: given,
        isTraining: isTraining))
    self.isTraining = isTraining
  }

  /// The source place of an error in the running frame, and of the calls that led there.
  func place(above depth: Int) -> [(chunk: Chunk, position: Int)] {
    frames[depth...].reversed().map { ($0.closure.chunk, max(0, $0.position - 1)) }
  }

  /// Runs until the frame at `depth` has returned. Errors get their source spans here.
  private func loop(until depth: Int) throws {
    do {
      try execute(until: depth)
    } catch {
      throw session.located(error, at: place(above: depth), values: operandValues())
    }
  }

  /// What the operands of the failing instruction are, for labels.
  private func operandValues() -> [Value] {
    guard let frame = frames.last, frame.position > 0 else { return [] }
    let instruction = frame.closure.chunk.code[frame.position - 1]
    let r = registers + frame.base
    let (b, c) = (Int(instruction.b), Int(instruction.c))
    switch instruction.op {
    case .add, .subtract, .multiply, .divide, .floorDivide, .remainder, .matmul, .power, .equal,
      .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .logicalAnd, .logicalOr:
      return [r[b], r[c]]
    case .negate, .not, .transpose, .field, .method: return [r[b]]
    case .call, .callNamed: return (0...max(0, c)).map { r[b + $0] }
    case .index:
      if case .register(let base) = frame.closure.chunk.paths[c].base { return [r[base]] }
      return []
    default: return []
    }
  }

  // MARK: - The loop

  private func execute(until depth: Int) throws {
    let globals = session.globals
    var frame = frames[frames.count - 1]
    var code = frame.closure.chunk.sealed
    var r = registers + frame.base
    var position = frame.position
    while true {
      let i = code[position]
      position += 1
      let (a, b, c) = (Int(i.a), Int(i.b), Int(i.c))
      switch i.op {
      case .move: r[a] = r[b]
      case .constant: r[a] = frame.closure.chunk.constants[b]
      case .add:
        if case .number(let x) = r[b], case .number(let y) = r[c] {
          r[a] = .number(x + y)
          continue
        }
      case .subtract:
        if case .number(let x) = r[b], case .number(let y) = r[c] {
          r[a] = .number(x - y)
          continue
        }
      case .multiply:
        if case .number(let x) = r[b], case .number(let y) = r[c] {
          r[a] = .number(x * y)
          continue
        }
      case .less:
        if case .number(let x) = r[b], case .number(let y) = r[c] {
          r[a] = .bool(x < y)
          continue
        }
      case .equal:
        if case .number(let x) = r[b], case .number(let y) = r[c] {
          r[a] = .bool(x == y)
          continue
        }
      case .jump: position = a
      case .jumpIfFalse:
        if case .bool(let flag) = r[a] {
          if !flag { position = b }
          continue
        }
      case .global:
        if let value = globals.values[b] {
          if case .foreign = value {
          } else {
            r[a] = value
            continue
          }
        }
      default: break
      }
      switch i.op {
      case .move, .constant, .jump: break
      case .call, .callNamed:
        frames[frames.count - 1].position = position
        if i.op == .call, case .function(let function) = r[b],
          type(of: function) == ClosureObject.self,
          case let closure = unsafeDowncast(function, to: ClosureObject.self),
          c == closure.chunk.parameterCount
        {
          try poll()
          try enter(
            closure, base: frame.base + b + 1, target: frame.base + a, given: .max,
            isTraining: frame.isTraining)
          frame = frames[frames.count - 1]
          code = frame.closure.chunk.sealed
          r = registers + frame.base
          position = frame.position
          isTraining = frame.isTraining
          continue
        }
        let chunk = frame.closure.chunk
        var names: [String?] = []
        if i.op == .callNamed {
          if case .tuple(let labels) = chunk.constants[Int(chunk.code[position].a)] {
            names = labels.elements.map { if case .string(let s) = $0 { s.text } else { nil } }
          }
          position += 1
          frames[frames.count - 1].position = position
        }
        try poll()
        session.stand(at: chunk, position - 1)
        let arguments = (0..<c).map { r[b + 1 + $0] }
        let result = try session.call(
          r[b], positional: arguments, names: names, isTraining: frame.isTraining)
        r[a] = result
      case .returnValue:
        let result = r[a]
        let target = frame.target
        frames.removeLast()
        clear(frame)
        registers[target] = result
        if frames.count == depth { return }
        frame = frames[frames.count - 1]
        code = frame.closure.chunk.sealed
        r = registers + frame.base
        position = frame.position
        isTraining = frame.isTraining
      case .loop:
        frames[frames.count - 1].position = position
        try poll()
        try session.endOfTurn(isTopLevel: b == 1)
        position = a
      default:
        frames[frames.count - 1].position = position
        position = try slow(i, frame.closure.chunk, r, position, frame)
      }
    }
  }

  /// Lets go of what a frame's registers hold.
  private func clear(_ frame: Frame) {
    let r = registers + frame.base
    for index in 0..<frame.closure.chunk.registerCount {
      switch r[index] {
      case .none, .bool, .number: break
      default: r[index] = .none
      }
    }
  }

  /// Looks at the interrupt flag and at the budget.
  private func poll() throws {
    if Interrupts.isRequested { throw Problem(.interrupt, "interrupted") }
    if budget != Int.max {
      budget -= 1
      if budget < 0 { throw Problem(.interrupt, "the budget of instructions is used up") }
    }
  }

  /// Everything that takes longer than its dispatch.
  private func slow(
    _ i: Instruction, _ chunk: Chunk, _ r: UnsafeMutablePointer<Value>, _ position: Int,
    _ frame: Frame
  ) throws -> Int {
    let (a, b, c) = (Int(i.a), Int(i.b), Int(i.c))
    session.stand(at: chunk, position - 1)
    switch i.op {
    case .global: r[a] = session.read(try session.globals.value(b))
    case .rawGlobal: r[a] = try session.globals.value(b)
    case .storeGlobal: try session.storeGlobal(b, r[a], isDefinition: c == 1)
    case .newCell: r[a] = .foreign(CellBox(CellObject(r[b])))
    case .cell: r[a] = cell(r[b])?.value ?? .none
    case .storeCell: try session.storeCell(cell(r[a]), r[b])
    case .capture: r[a] = .foreign(CellBox(frame.closure.captures[b]))
    case .read: r[a] = session.read(r[b])
    case .jumpIfFalse: if try !session.condition(r[a]) { return b }
    case .jumpIfTrue: if try session.condition(r[a]) { return b }
    case .andJump:
      r[a] = r[b]
      if case .bool(false) = r[b] { return c }
    case .orJump:
      r[a] = r[b]
      if case .bool(true) = r[b] { return c }
    case .iterate: r[a] = .foreign(try session.iterator(r[b]))
    case .next:
      guard case .foreign(let object) = r[b], let iterator = object as? IteratorBox,
        let value = try iterator.next()
      else { return c }
      r[a] = value
    case .tuple: r[a] = .tuple((0..<c).map { r[b + $0] })
    case .range: r[a] = try session.range(r[b], r[b + 1])
    case .brackets: try brackets(a, b, c, r)
    case .unpack: try unpack(a, b, c, r)
    case .record:
      guard case .tuple(let names) = chunk.constants[c] else { break }
      r[a] = .record(
        names.elements.enumerated().map { index, name in
          if case .string(let s) = name { return (s.text, r[b + index]) }
          return ("", .none)
        })
    case .concatenate:
      r[a] = .string(
        try (0..<c).map { try session.display(r[b + $0]) }.joined())
    case .format: r[a] = .string(try session.format(r[b], c < 0 ? nil : chunk.constants[c]))
    case .closure:
      let inner = chunk.chunks[b]
      r[a] = .function(
        ClosureObject(
          inner,
          inner.captures.compactMap { capture in
            capture.isLocal ? cell(r[capture.index]) : frame.closure.captures[capture.index]
          }))
    case .field: r[a] = try session.field(r[b], string(chunk, c))
    case .index: r[a] = try index(chunk.paths[c], chunk, r, first: b)
    case .update: try update(chunk.paths[c], r, first: b, frame)
    case .method:
      // A field wins; its function takes the arguments without the object.
      if let field = try session.methodField(r[b], string(chunk, c)) {
        r[a] = .function(DroppingFirst(field))
      } else if case .none = r[a] {
        throw session.unknownField(r[b], string(chunk, c))
      }
    case .compose: r[a] = try session.compose((0..<c).map { r[b + $0] })
    case .partial: r[a] = partial(chunk.constants[c], b, r)
    case .newParam:
      r[a] = .foreign(ParameterObject(try session.newParameter(string(chunk, c), r[b])))
    case .storeParam:
      guard case .foreign(let object) = r[a], let parameter = object as? ParameterObject else {
        r[a] = session.read(r[b])
        break
      }
      try session.store(parameter.parameter, r[b])
    case .checkShape:
      try session.check(chunk.shapes[c], r[b]) {
        r[$0]
      } bind: {
        r[$0] = $1
      }
    case .name: session.name(r[b], string(chunk, c))
    case .model:
      r[a] = .foreign(ModelObject(string(chunk, b), arguments: (0..<c).map { value(r[$0]) }))
    case .member:
      guard case .foreign(let object) = r[a], let model = object as? ModelObject else { break }
      model.add(string(chunk, c), r[b])
    case .assert: try assertion(a, b, string(chunk, c), r)
    case .importFile: r[a] = try session.importFile(string(chunk, b), from: chunk.source)
    case .hasArgument:
      r[a] = .bool(b < 0 ? frame.isTraining : frame.given & (1 << UInt64(min(b, 63))) != 0)
    default: r[a] = try session.operate(i.op, r[b], c >= 0 && usesC(i.op) ? r[c] : .none)
    }
    return position
  }

  private func usesC(_ op: Opcode) -> Bool {
    switch op {
    case .negate, .not, .transpose: false
    default: true
    }
  }

  private func value(_ value: Value) -> Value {
    if let cell = cell(value) { return cell.value }
    return value
  }

  private func cell(_ value: Value) -> CellObject? {
    if case .foreign(let object) = value { return (object as? CellBox)?.cell }
    return nil
  }

  private func string(_ chunk: Chunk, _ index: Int) -> String {
    if case .string(let s) = chunk.constants[index] { return s.text }
    return ""
  }

  /// Bracket literals, and comprehensions, which begin with -1, and end with -2.
  private func brackets(_ a: Int, _ b: Int, _ c: Int, _ r: UnsafeMutablePointer<Value>) throws {
    switch c {
    case -1: r[a] = .list([])
    case -2:
      guard case .list(let list) = r[b] else { return }
      r[a] = try session.brackets(list.elements)
    default: r[a] = try session.brackets((0..<c).map { r[b + $0] })
    }
  }

  private func unpack(_ a: Int, _ b: Int, _ c: Int, _ r: UnsafeMutablePointer<Value>) throws {
    if c == -1 {
      guard case .list(let list) = r[a] else { return }
      if list.elements.count & 0xFFFF == 0 { try session.checkListLength(list.elements.count) }
      list.elements.append(r[b])
      return
    }
    let parts = try session.parts(r[b], count: c)
    for (index, part) in parts.enumerated() { r[a + index] = part }
  }

  private func partial(_ kinds: Value, _ b: Int, _ r: UnsafeMutablePointer<Value>) -> Value {
    guard case .tuple(let parts) = kinds else { return .none }
    let arguments = parts.elements.enumerated().map {
      index, part -> (label: String?, value: Value?) in
      guard case .tuple(let pair) = part else { return (nil, nil) }
      var label: String?
      if case .string(let s) = pair.elements[1] { label = s.text }
      if case .bool(true) = pair.elements[0] { return (label, nil) }
      return (label, r[b + 1 + index])
    }
    return .function(PartialObject(r[b], arguments))
  }

  private func items(_ kinds: [IndexKind], _ r: UnsafeMutablePointer<Value>, _ next: inout Int)
    throws -> [IndexValue]
  {
    var result: [IndexValue] = []
    for kind in kinds {
      switch kind {
      case .newAxis: result.append(.newAxis)
      case .value:
        result.append(.value(r[next]))
        next += 1
      case .range(let hasLower, let hasUpper):
        var ends: [Int?] = [nil, nil]
        if hasLower {
          ends[0] = try session.whole(r[next], "a range's end")
          next += 1
        }
        if hasUpper {
          ends[1] = try session.whole(r[next], "a range's end")
          next += 1
        }
        result.append(.range(ends[0], ends[1]))
      }
    }
    return result
  }

  private func index(
    _ path: UpdatePath, _ chunk: Chunk, _ r: UnsafeMutablePointer<Value>, first: Int
  ) throws -> Value {
    guard case .register(let base) = path.base, case .index(let kinds) = path.steps[0] else {
      return .none
    }
    var next = first
    return try session.index(session.read(r[base]), try items(kinds, r, &next))
  }

  private func update(
    _ path: UpdatePath, _ r: UnsafeMutablePointer<Value>, first: Int, _ frame: Frame
  ) throws {
    var next = first + 1
    var steps: [UpdateStep] = []
    for step in path.steps {
      switch step {
      case .field(let name): steps.append(.field(name))
      case .index(let kinds): steps.append(.index(try items(kinds, r, &next)))
      }
    }
    let cell: CellObject?
    let old: Value
    switch path.base {
    case .register(let index): (cell, old) = (nil, r[index])
    case .cell(let index):
      cell = self.cell(r[index])
      old = cell?.value ?? .none
    case .capture(let index):
      cell = frame.closure.captures[index]
      old = cell?.value ?? .none
    case .global(let slot): (cell, old) = (nil, try session.globals.value(slot))
    }
    let new = try session.updated(old, steps[...], r[first], path.op)
    if case .foreign(let a) = old, case .foreign(let b) = new, a === b { return }
    switch path.base {
    case .register(let index): r[index] = new
    case .cell, .capture: try session.storeCell(cell, new)
    case .global(let slot): try session.storeGlobal(slot, new, isDefinition: false)
    }
  }

  private func assertion(
    _ a: Int, _ b: Int, _ text: String, _ r: UnsafeMutablePointer<Value>
  ) throws {
    if try session.condition(r[a]) { return }
    var message = "\(text) is not true"
    if b & 1 == 1 { message += ": \(try session.display(r[a + 1]))" }
    var notes: [String] = []
    if b >= 2 {
      notes = ["left: \(try session.echo(r[a + 2]))", "right: \(try session.echo(r[a + 3]))"]
    }
    throw Problem(.assert, message, notes: notes)
  }
}

/// The flag that a signal handler sets and every loop looks at.
package enum Interrupts {
  private static let flag = Atomic<Bool>(false)
  package static var isRequested: Bool { flag.load(ordering: .relaxed) }
  package static func request() { flag.store(true, ordering: .relaxed) }
  package static func clear() { flag.store(false, ordering: .relaxed) }
}

/// A cell in a register.
final class CellBox: ForeignObject {
  let cell: CellObject
  init(_ cell: CellObject) {
    self.cell = cell
  }
}

/// A field that holds a function, called with its object in front: the object is left out.
package final class DroppingFirst: FunctionObject {
  private let held: [Value]
  var function: Value { held.first ?? .none }
  init(_ function: Value) {
    held = [function]
    super.init()
  }
}

/// The state of a loop over a value.
final class IteratorBox: ForeignObject {
  private var position = 0
  private let count: Int
  private let element: (Int) throws -> Value
  init(count: Int, _ element: @escaping (Int) throws -> Value) {
    self.count = count
    self.element = element
  }

  func next() throws -> Value? {
    guard position < count else { return nil }
    defer { position += 1 }
    return try element(position)
  }
}

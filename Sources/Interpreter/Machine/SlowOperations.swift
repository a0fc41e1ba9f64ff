// The instructions that take longer than their dispatch, over values.

import Autodiff
import Diagnostics
import Engine
import Syntax

extension Machine {
  typealias Registers = UnsafeMutablePointer<Slot>

  /// Carries out an instruction; gives the one that comes next.
  func slow(_ i: Instruction, _ frame: UnsafeMutablePointer<Frame>) throws
    -> UnsafePointer<Instruction>
  {
    let (a, b, c) = (Int(i.a), Int(i.b), Int(i.c))
    let r = frame.pointee.registers
    let next = frame.pointee.next
    frame.pointee.holdsObjects = true
    pollSoon()
    // What a value of no particular size takes.
    try session.reserve(1, 64)
    session.graph.origin = frame.pointee.routine.origins[frame.pointee.position]
    switch i.op {
    case .call, .callNamed: return try callSlowly(i, frame)
    case .callGlobal:
      r[value: a] = session.read(try session.global(b))
      try session.checkRedefined(b, r[value: a])
      return try callSlowly(Instruction(.call, a, a, c), frame)
    case .jumpIfFalse: return try session.condition(r[value: a]) ? next : next + b
    case .jumpIfTrue: return try session.condition(r[value: a]) ? next + b : next
    case .andJump, .orJump:
      r[value: a] = r[value: b]
      return r[b].isBool && r[b].isTrue == (i.op == .orJump) ? next + c : next
    case .jumpUnlessLess, .jumpUnlessLessOrEqual, .jumpUnlessGreater, .jumpUnlessGreaterOrEqual,
      .jumpUnlessEqual, .jumpUnlessNotEqual:
      let truth = try session.operate(
        i.op.comparison, r[value: a], frame.pointee.operand(b).value)
      let what = "{0} \(Session.symbol(i.op.comparison)) {1}"
      return try session.condition(truth, what) ? next : next + c
    case .next:
      guard r[b].is(.iterator) else { return next + c }
      let iterator = r[b].unmanaged(as: IteratorObject.self).takeUnretainedValue()
      guard let slot = try iterator.next(session) else { return next + c }
      r.put(a, slot)
      if slot.is(.foreign) { r[value: a] = session.read(r[value: a]) }
    default:
      if i.op.isBinary {
        let (x, y) = (r[value: b], frame.pointee.operand(c).value)
        try checkLiteral(frame, x, y)
        let result = try session.operate(i.op, x, y)
        let name = frame.pointee.routine.names[frame.pointee.position]
        if name >= 0 { session.name(result, string(frame, Int(name))) }
        if session.stretched != nil { noteStretch(i, frame, of: result) }
        r[value: a] = result
      } else if try !variable(i, frame) {
        try make(i, frame)
      }
    }
    return next
  }

  /// A whole number of the source that an f32 tensor cannot hold exactly is an error where they
  /// meet; computed numbers are rounded.
  func checkLiteral(_ frame: UnsafeMutablePointer<Frame>, _ a: Value, _ b: Value) throws {
    guard Self.isInexact(a) || Self.isInexact(b) else { return }
    let operands = [a, b]
    for (place, value) in operands.enumerated() {
      guard Self.isInexact(value),
        let other = operands.compactMap(session.tensorNode).first, other.dtype == .f32
      else { continue }
      let chunk = frame.pointee.chunk
      let spans = chunk.spans[min(frame.pointee.position, chunk.spans.count - 1)].operands
      guard place < spans.count,
        chunk.source.slice(spans[place]).allSatisfy({ $0.isNumber || $0 == "-" || $0 == "_" })
      else { continue }
      throw Problem(
        .dtype, "an f32 tensor cannot hold {\(place)} exactly", argument: place,
        help: "write .f64 or .i64 behind the tensor")
    }
  }

  /// Whether it is a whole number that f32 rounds.
  private static func isInexact(_ value: Value) -> Bool {
    guard case .number(let x) = value else { return false }
    return x == x.rounded() && x.isFinite && Double(Float(x)) != x
  }

  private func callSlowly(_ i: Instruction, _ frame: UnsafeMutablePointer<Frame>) throws
    -> UnsafePointer<Instruction>
  {
    let (a, b, c) = (Int(i.a), Int(i.b), Int(i.c))
    let r = frame.pointee.registers
    var next = frame.pointee.next
    var names: [String?] = []
    if i.op == .callNamed {
      names = frame.pointee.routine.names(next)
      next += 1
    }
    try poll()
    let arguments = (0..<c).map { r[value: b + 1 + $0] }
    r[value: a] = try session.call(
      r[value: b], Arguments(ofCall: arguments, names: names),
      isTraining: frame.pointee.isTraining)
    session.keepForDiscards(r[a])
    return next
  }

  // MARK: - Variables

  /// Instructions on variables; false when it is none.
  private func variable(_ i: Instruction, _ frame: UnsafeMutablePointer<Frame>) throws -> Bool {
    let (a, b, c) = (Int(i.a), Int(i.b), Int(i.c))
    let r = frame.pointee.registers
    switch i.op {
    case .global: r[value: a] = session.read(try session.global(b))
    case .rawGlobal: r[value: a] = try session.global(b)
    case .storeGlobal: try session.storeGlobal(b, r[value: a], isDefinition: c == 1)
    case .newCell: r.put(a, Slot(CellObject(r[b].retained, turn: session.journal.turn)))
    case .storeCell: try session.storeCell(cell(r[a]), r[value: b])
    case .capture: r.put(a, Slot(capture(b, frame)))
    case .read: r[value: a] = session.read(r[value: b])
    case .name: session.name(r[value: b], string(frame, c))
    case .newParam:
      r[value: a] = .foreign(
        ParameterObject(try session.newParameter(string(frame, c), r[value: b])))
    case .storeParam:
      guard case .foreign(let object) = r[value: a], let parameter = object as? ParameterObject
      else {
        r[value: a] = session.read(r[value: b])
        break
      }
      try session.store(parameter.parameter, r[value: b])
    case .forgetLocals:
      for index in a..<max(a, frame.pointee.routine.registerCount) { r.put(index, .undefined) }
    case .keepLocals: keepLast(frame.pointee.chunk.lastNames[a], frame.pointee)
    case .update: try update(frame.pointee.chunk.paths[c], frame, first: b)
    case .hasArgument:
      let isGiven = frame.pointee.given & (1 << UInt64(min(max(b, 0), 63))) != 0
      r.put(a, Slot(b < 0 ? frame.pointee.isTraining : isGiven))
    default: return false
    }
    return true
  }

  func cell(_ slot: Slot) -> CellObject? {
    slot.is(.cell) ? slot.unmanaged(as: CellObject.self).takeUnretainedValue() : nil
  }

  private func capture(_ index: Int, _ frame: UnsafeMutablePointer<Frame>) -> CellObject {
    frame.pointee.closure.takeUnretainedValue().capture(index).takeUnretainedValue()
  }

  private func string(_ frame: UnsafeMutablePointer<Frame>, _ index: Int) -> String {
    if case .string(let s) = frame.pointee.routine.constant(index).value { return s.text }
    return ""
  }

  // MARK: - New values

  /// Instructions that make a value of others, and those that look into one.
  private func make(_ i: Instruction, _ frame: UnsafeMutablePointer<Frame>) throws {
    let (a, b, c) = (Int(i.a), Int(i.b), Int(i.c))
    let r = frame.pointee.registers
    switch i.op {
    case .negate, .not, .transpose: r[value: a] = try session.operate(i.op, r[value: b], .none)
    case .iterate: r.put(a, Slot(try session.iterator(r[value: b])))
    case .tuple: r[value: a] = .tuple(values(r, b, c))
    case .range: r[value: a] = try session.range(r[value: b], r[value: b + 1])
    case .brackets: try brackets(a, b, c, r)
    case .unpack: try unpack(a, b, c, r)
    case .record: r[value: a] = record(frame.pointee.routine.constant(c).value, r, first: b)
    case .concatenate: r[value: a] = .string(try session.concatenated(values(r, b, c)))
    case .format:
      // Without a spec it is shown where it stands, so that its lines stay under each other.
      if c < 0 {
        r[value: a] = session.read(r[value: b])
      } else {
        r[value: a] = .string(
          try session.format(r[value: b], frame.pointee.routine.constant(c).value))
      }
    case .closure: r.put(a, Slot(closure(frame.pointee.chunk.chunks[b], frame)))
    case .field: r[value: a] = try session.field(r[value: b], string(frame, c))
    case .method: try method(r, a, b, string(frame, c))
    case .index: r[value: a] = try index(frame.pointee.chunk.paths[c], r, first: b)
    case .compose: r[value: a] = try session.compose(values(r, b, c))
    case .partial: r[value: a] = partial(frame.pointee.routine.constant(c).value, b, r)
    case .checkShape:
      try session.check(
        frame.pointee.chunk.shapes, c, r[value: b],
        argument: { cell(r[$0])?.slot.value ?? r[value: $0] }, read: { r[value: $0] },
        bind: { r[value: $0] = $1 })
    case .model:
      r[value: a] = .foreign(
        ModelObject(
          string(frame, b), arguments: (0..<c).map { cell(r[$0])?.slot.value ?? r[value: $0] }))
    case .member:
      guard case .foreign(let object) = r[value: a], let model = object as? ModelObject else {
        break
      }
      model.add(string(frame, c), r[value: b])
    case .assert: try assertion(a, b, string(frame, c), r)
    case .importFile:
      r[value: a] = try session.importFile(string(frame, b), from: frame.pointee.chunk.source)
    default: throw Problem(.internal, "the machine does not know \(i.op)")
    }
  }

  private func values(_ r: Registers, _ first: Int, _ count: Int) -> [Value] {
    (0..<count).map { r[value: first + $0] }
  }

  private func record(_ names: Value, _ r: Registers, first: Int) -> Value {
    guard case .tuple(let names) = names else { return .none }
    return .record(
      names.elements.enumerated().map { index, name in
        if case .string(let s) = name { return (s.text, r[value: first + index]) }
        return ("", .none)
      })
  }

  private func closure(_ chunk: Chunk, _ frame: UnsafeMutablePointer<Frame>) -> ClosureObject {
    ClosureObject(
      chunk,
      chunk.captures.map { capture in
        if !capture.isLocal { return self.capture(capture.index, frame) }
        return cell(frame.pointee.registers[capture.index])
          ?? CellObject(.none, turn: session.journal.turn)
      })
  }

  /// A field wins; its function takes the arguments without the object.
  private func method(_ r: Registers, _ a: Int, _ b: Int, _ name: String) throws {
    if let field = try session.methodField(r[value: b], name) {
      guard session.isCallable(field) else { throw session.notMethod(r[value: b], name, field) }
      r[value: a] = .function(DroppingFirst(field))
    } else if case .none = r[value: a] {
      throw session.unknownField(r[value: b], name, isCalled: true)
    }
  }

  /// Bracket literals, and comprehensions, which begin with -1, and end with -2; -3 asks for room for
  /// as many elements as `b` has.
  private func brackets(_ a: Int, _ b: Int, _ c: Int, _ r: Registers) throws {
    switch c {
    case -1: r[value: a] = .list([])
    case -3: try session.reserveElements(of: r[value: b])
    case -2:
      guard case .list(let list) = r[value: b] else { return }
      r[value: a] = try session.brackets(list.elements)
    default: r[value: a] = try session.brackets(values(r, b, c))
    }
  }

  private func unpack(_ a: Int, _ b: Int, _ c: Int, _ r: Registers) throws {
    if c == -1 {
      guard case .list(let list) = r[value: a] else { return }
      try session.checkGrowth(list.count)
      if list.count == Discards.long { session.keepForDiscards(r[a]) }
      list.append(r[b].retained)
      return
    }
    let parts = try session.parts(r[value: b], count: c)
    for (index, part) in parts.enumerated() { r[value: a + index] = part }
  }

  private func partial(_ kinds: Value, _ b: Int, _ r: Registers) -> Value {
    guard case .tuple(let parts) = kinds else { return .none }
    let arguments = parts.elements.enumerated().map {
      index, part -> (label: String?, value: Value?) in
      guard case .tuple(let pair) = part else { return (nil, nil) }
      var label: String?
      if case .string(let s) = pair.elements[1] { label = s.text }
      if case .bool(true) = pair.elements[0] { return (label, nil) }
      return (label, r[value: b + 1 + index])
    }
    return .function(PartialObject(r[value: b], arguments))
  }

  private func assertion(_ a: Int, _ b: Int, _ text: String, _ r: Registers) throws {
    if try session.condition(r[value: a]) { return }
    var message = "\(text) is not true"
    if b & 1 == 1 { message += ": \(try session.display(r[value: a + 1]))" }
    var notes: [String] = []
    if b >= 2 {
      notes = [
        "left: \(try session.echo(r[value: a + 2]))", "right: \(try session.echo(r[value: a + 3]))",
      ]
    }
    throw Problem(.assert, message, notes: notes)
  }
}

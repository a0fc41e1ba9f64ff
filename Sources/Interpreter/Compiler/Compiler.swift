// Tree to bytecode: scopes, registers and statements. One compiler for each function.

import Diagnostics
import Syntax

/// Where a variable lives.
struct Variable {
  enum Place {
    case register(Int)
    /// A register that holds a cell.
    case cell(Int)
    case capture(Int)
    case global(Int)
  }
  var place: Place
  var isParam = false
}

/// Compiles one function (or one top-level statement).
final class FunctionCompiler {
  let session: Session
  let parent: FunctionCompiler?
  let chunk: Chunk
  let source: SourceText
  var scopes: [[String: Variable]] = [[:]]
  let capturedNames: Set<String>
  var nextRegister = 0
  var captureNames: [String: Int] = [:]
  var captureIsParam: [String: Bool] = [:]
  var loops: [(breaks: [Int], continues: [Int])] = []
  /// Whether names defined in its outermost scope are global.
  let isTopLevel: Bool
  var span = TextRange(0, 0)
  var operandSpans: [TextRange] = []
  var resultCheck: Int?
  /// The latest instruction that a jump goes to: what stands before it must not be changed.
  private var lastTarget = -1

  init(
    session: Session, parent: FunctionCompiler?, name: String, source: SourceText,
    captured: Set<String>, isTopLevel: Bool
  ) {
    self.session = session
    self.parent = parent
    self.source = source
    self.capturedNames = captured
    self.isTopLevel = isTopLevel
    chunk = Chunk(name: name, source: source, sourceID: session.sourceID(source))
  }

  func fail(_ kind: DiagnosticKind, _ message: String, _ range: TextRange, help: String? = nil)
    -> Diagnostic
  {
    Diagnostic(kind, message, at: SourceSpan(source, range), help: help)
  }
}

// MARK: - Emission

extension FunctionCompiler {
  func register() -> Int {
    nextRegister += 1
    chunk.registerCount = max(chunk.registerCount, nextRegister)
    return nextRegister - 1
  }

  @discardableResult
  func emit(_ op: Opcode, _ a: Int = 0, _ b: Int = 0, _ c: Int = 0) -> Int {
    chunk.code.append(Instruction(op, a, b, c))
    chunk.spans.append(InstructionSpan(whole: span, operands: operandSpans))
    return chunk.code.count - 1
  }

  /// Emits with the spans of an expression and its operands.
  @discardableResult
  func emit(
    _ op: Opcode, _ a: Int, _ b: Int, _ c: Int, at range: TextRange, operands: [TextRange] = []
  ) -> Int {
    let outer = (span, operandSpans)
    (span, operandSpans) = (range, operands)
    defer { (span, operandSpans) = outer }
    return emit(op, a, b, c)
  }

  func constant(_ value: Value) -> Int {
    chunk.constants.append(value)
    return chunk.constants.count - 1
  }

  func text(_ string: String) -> Int { constant(.string(string)) }

  var here: Int { chunk.code.count }

  /// Points a jump at the next instruction.
  func patch(_ jump: Int) {
    lastTarget = here
    chunk.code[jump].target = here
  }

  /// Makes `target` hold the value of an expression that ended in `value`: where the instruction
  /// that made it is the last one, and nobody else reads its register, it writes to `target` itself.
  func move(_ target: Int, _ value: Int) {
    guard target != value else { return }
    if let last = chunk.code.last, last.op.writesOnlyA, Int(last.a) == value,
      lastTarget < here, !isVariable(value)
    {
      chunk.code[here - 1].a = Int32(truncatingIfNeeded: target)
    } else {
      emit(.move, target, value)
    }
  }
}

// MARK: - Names

extension FunctionCompiler {
  func resolve(_ name: String) -> Variable? {
    for scope in scopes.reversed() {
      if let variable = scope[name] { return variable }
    }
    if let index = captureNames[name] {
      return Variable(place: .capture(index), isParam: captureIsParam[name] ?? false)
    }
    if let outer = parent?.resolveLocal(name) {
      let isLocal: Bool
      let index: Int
      switch outer.place {
      case .cell(let register): (isLocal, index) = (true, register)
      case .capture(let capture): (isLocal, index) = (false, capture)
      default: return nil
      }
      chunk.captures.append((isLocal, index))
      captureNames[name] = chunk.captures.count - 1
      chunk.locals.append(
        LocalName(name: name, place: .capture(chunk.captures.count - 1), scope: 0, start: 0))
      captureIsParam[name] = outer.isParam
      return Variable(place: .capture(chunk.captures.count - 1), isParam: outer.isParam)
    }
    return session.knownSlot(name).map { Variable(place: .global($0)) }
  }

  /// A variable of this function or one that it captures; nil for globals.
  private func resolveLocal(_ name: String) -> Variable? {
    guard let variable = resolve(name) else { return nil }
    if case .global = variable.place { return nil }
    return variable
  }

  /// Makes a variable in the innermost scope whose value is in a register.
  func declare(_ name: Identifier, value: Int, isParam: Bool = false) {
    if definesGlobals {
      let slot = session.globals.define(name.name)
      session.expect(name, source)
      emit(.storeGlobal, value, slot, 1, at: name.range)
      return
    }
    let target = register()
    if capturedNames.contains(name.name) {
      emit(.newCell, target, value)
      enter(name.name, Variable(place: .cell(target), isParam: isParam), scope: scopes.count - 1)
    } else {
      if isParam { emit(.move, target, value) } else { read(target, value) }
      enter(
        name.name, Variable(place: .register(target), isParam: isParam), scope: scopes.count - 1)
    }
  }

  /// Whether a name that is defined here is global.
  var definesGlobals: Bool { isTopLevel && scopes.count == 1 }

  /// Makes a variable known; who looks at the frame after a failure finds it by its name.
  func enter(_ name: String, _ variable: Variable, scope: Int) {
    scopes[scope][name] = variable
    chunk.locals.append(LocalName(name: name, place: variable.place, scope: scope, start: here))
  }

  /// A move that makes a param its value; arithmetic never gives a param.
  private func read(_ target: Int, _ value: Int) {
    if let last = chunk.code.last, last.op.isBinary, Int(last.a) == value, lastTarget < here {
      move(target, value)
    } else {
      emit(.read, target, value)
    }
  }

  /// The value of a variable in a register; raw leaves a param a param.
  func load(_ name: String, _ range: TextRange, raw: Bool = false) throws -> Int {
    guard let variable = resolve(name) else { throw unknownName(name, range) }
    if case .global(let slot) = variable.place { try checkOrder(slot, range) }
    let target: Int
    switch variable.place {
    case .register(let index):
      if !variable.isParam || raw { return index }
      target = register()
      emit(.read, target, index)
      return target
    case .cell(let index):
      target = register()
      emit(.cell, target, index)
    case .capture(let index):
      target = register()
      emit(.captured, target, index)
    case .global(let slot):
      target = register()
      emit(raw ? .rawGlobal : .global, target, slot, 0, at: range)
      return target
    }
    if variable.isParam, !raw { emit(.read, target, target) }
    return target
  }

  /// A statement that is no function reads a name that is defined after it, or by itself.
  private func checkOrder(_ slot: Int, _ range: TextRange) throws {
    let name = session.globals.names[slot]
    guard parent == nil, isTopLevel, session.globals[slot] == nil,
      let place = session.upcoming[name], place.source === source
    else { return }
    if place.range.lower > range.upper, place.range.lower >= chunk.range.upper {
      throw fail(.name, "\(name) is defined later, at line \(place.line)", range)
    }
    if place.range.lower >= chunk.range.lower { throw unknownName(name, range) }
  }

  func unknownName(_ name: String, _ range: TextRange) -> Diagnostic {
    var help = ForeignHabits.help(forName: name)
    let before = source.slice(TextRange(Int(range.lower) - 3, Int(range.lower)))
    if before == "// " { help = "comments begin with #: write # \(name)" }
    if help == nil {
      let (user, builtin) = names()
      // Of two letters every word is a neighbour.
      let nearest =
        Suggestion.nearest(to: name, in: user)
        ?? (name.count > 2 ? Suggestion.nearest(to: name, in: builtin) : nil)
      help = nearest.map { "did you mean \($0)?" }
    }
    return fail(.name, "nothing is called '\(name)'", range, help: help)
  }

  /// Every name in scope, for suggestions.
  private func names() -> (user: [String], builtin: [String]) {
    var names = parent?.names() ?? session.globals.known
    names.user += scopes.flatMap(\.keys) + (parent == nil ? Array(session.upcoming.keys) : [])
    return names
  }
}

// MARK: - Statements

extension FunctionCompiler {
  func inScope<T>(_ body: () throws -> T) rethrows -> T {
    scopes.append([:])
    let first = nextRegister
    defer {
      scopes.removeLast()
      nextRegister = first
      for index in chunk.locals.indices
      where chunk.locals[index].end == nil && chunk.locals[index].scope >= scopes.count {
        chunk.locals[index].end = here
      }
    }
    return try body()
  }

  /// Statements in order; the register of the last expression's value, or of none.
  ///
  /// Behind the body of a loop what is no variable is let go: nothing else need be computed.
  func block(
    _ statements: [Statement], wantsValue: Bool, into target: Int, isLoopBody: Bool = false
  ) throws {
    try inScope {
      defer { if isLoopBody { emit(.forgetTemporaries, nextRegister) } }
      for (index, statement) in statements.enumerated() {
        let isLast = index == statements.count - 1
        if wantsValue, isLast, case .expression(let last) = statement.kind,
          case .conditional(let branches, let otherwise) = last.kind
        {
          span = statement.range
          try conditional(branches, otherwise, into: target)
          continue
        }
        let value = try self.statement(statement, wantsValue: wantsValue && isLast)
        guard wantsValue, isLast else { continue }
        if let value { move(target, value) } else { emit(.constant, target, constant(.none)) }
      }
      if wantsValue, statements.isEmpty { emit(.constant, target, constant(.none)) }
    }
  }

  /// Compiles a statement; the register of its value where it is an expression.
  func statement(_ statement: Statement, wantsValue: Bool) throws -> Int? {
    span = statement.range
    let first = nextRegister
    var keep = false
    defer { if !keep, scopes.count >= 1, isTemporary(statement) { nextRegister = first } }
    switch statement.kind {
    case .define(let pattern, let expr): try define(pattern, expr)
    case .param(let name, let expr):
      let value = try self.expr(expr)
      let target = register()
      emit(
        .newParam, target, value, text(name.name), at: statement.range, operands: [expr.range])
      declare(name, value: target, isParam: true)
    case .layer(let name, _):
      throw fail(.syntax, "layer \(name.name) stands outside a model", statement.range)
    case .assign(let target, let op, let value): try assign(target, op, value, statement.range)
    case .function(let function): try self.function(function)
    case .model(let model): try self.model(model)
    case .forLoop(let pattern, let values, let body): try forLoop(pattern, values, body)
    case .whileLoop(let condition, let body): try whileLoop(condition, body)
    case .breakLoop:
      loops[loops.count - 1].breaks.append(emit(.jump))
    case .continueLoop:
      loops[loops.count - 1].continues.append(emit(.jump))
    case .returnValue(let value):
      let result: Int
      if let value { result = try expr(value) } else { result = none() }
      if !loops.isEmpty { emit(.endLoop, loops.count) }
      emit(.returnValue, result)
    case .importFile(let path, let range, let alias):
      let target = register()
      emit(.importFile, target, text(path), 0, at: range)
      declare(alias, value: target)
    case .test(let name, let block):
      session.addTest(name: name, block: block, range: statement.range, source: source)
    case .assert(let condition, let message): try assertion(condition, message, statement.range)
    case .expression(let expr):
      let value = try self.expr(expr)
      if wantsValue {
        keep = true
        return value
      }
    case .invalid: break
    }
    return nil
  }

  /// Whether the registers a statement used are free after it: all but those of definitions.
  private func isTemporary(_ statement: Statement) -> Bool {
    switch statement.kind {
    case .define, .param, .function, .model, .importFile: definesGlobals
    default: true
    }
  }

  func none() -> Int {
    let target = register()
    emit(.constant, target, constant(.none))
    return target
  }

  private func define(_ pattern: Pattern, _ expr: Expr) throws {
    let first = nextRegister
    if case .tuple(let names, _) = pattern, case .tuple(let parts) = expr.kind,
      names.count == parts.count
    {
      // No tuple is made of what is taken apart at once.
      let first = try values(parts)
      for (index, name) in names.enumerated() { try bind(name, first + index, parts[index].range) }
      return
    }
    let value = try self.expr(expr)
    // A variable takes the first register of its value; the others are free again.
    if case .name = pattern, !definesGlobals { nextRegister = first }
    try bind(pattern, value, expr.range)
    guard case .name(let name) = pattern else { return }
    // Where the value went to is where it is; a cell is looked into.
    var place = value
    if case .register(let index)? = scopes.last?[name.name]?.place { place = index }
    nameResult(place, name.name, expr.range)
  }

  /// A value remembers the name it was given first; arithmetic names its result itself.
  private func nameResult(_ register: Int, _ name: String, _ range: TextRange) {
    if let last = chunk.code.last, last.op.isBinary, Int(last.a) == register, lastTarget < here {
      chunk.spans[here - 1].name = Int32(truncatingIfNeeded: text(name))
    } else {
      emit(.name, register, register, text(name), at: range)
    }
  }

  /// Declares the names of a pattern with the parts of a value.
  func bind(_ pattern: Pattern, _ value: Int, _ source: TextRange? = nil) throws {
    switch pattern {
    case .name(let name): declare(name, value: value)
    case .ignore: break
    case .tuple(let parts, let range):
      let first = nextRegister
      for _ in parts { _ = register() }
      emit(
        .unpack, first, value, parts.count, at: range, operands: [range, source ?? range])
      for (index, part) in parts.enumerated() { try bind(part, first + index) }
    }
  }

  private func assign(_ target: Expr, _ op: BinaryOperator?, _ expr: Expr, _ range: TextRange)
    throws
  {
    if case .tuple(let parts) = target.kind {
      let first: Int
      if case .tuple(let values) = expr.kind, values.count == parts.count {
        first = try self.values(values)
      } else {
        let value = try self.expr(expr)
        first = nextRegister
        for _ in parts { _ = register() }
        emit(
          .unpack, first, value, parts.count, at: range, operands: [target.range, expr.range])
      }
      for (index, part) in parts.enumerated() {
        if case .hole = part.kind { continue }
        try assign(part, value: first + index, range, expr.range)
      }
      return
    }
    if case .name(let name) = target.kind, let op {
      let old = try load(name, target.range)
      let value = try rightOperand(expr)
      let result = register()
      emit(Self.opcode(op), result, old, value, at: range, operands: [target.range, expr.range])
      try assign(target, value: result, range, expr.range)
      return
    }
    if case .name(let name) = target.kind {
      try checkUpdate(name, target.range)
      if try append(to: name, expr, range) { return }
      let value = try self.expr(expr)
      guard case .register(let index)? = resolve(name)?.place, resolve(name)?.isParam == false
      else {
        nameResult(value, name, expr.range)
        return try assign(target, value: value, range, expr.range)
      }
      try assign(target, value: value, range, expr.range)
      nameResult(index, name, expr.range)
      return
    }
    try update(target, op, expr, range)
  }

  /// `xs = append(xs, v)` with a variable of the function: in place where the list is nobody else's,
  /// else the call as it is written. False for every other assignment.
  private func append(to name: String, _ expr: Expr, _ range: TextRange) throws -> Bool {
    guard case .call(let callee, let arguments) = expr.kind, case .name("append") = callee.kind,
      case .global(let builtin)? = resolve("append")?.place, builtin < session.globals.builtinCount,
      arguments.count == 2, arguments.allSatisfy({ $0.label == nil }),
      case .name(name) = arguments[0].value.kind, let variable = resolve(name),
      case .register(let list) = variable.place, !variable.isParam
    else { return false }
    if case .hole = arguments[1].value.kind { return false }
    let value = register()
    move(value, try self.expr(arguments[1].value))
    nextRegister = value + 1
    let short = emit(.append, list, value)
    let call = register()
    for _ in arguments { _ = register() }
    emit(.global, call, builtin, 0, at: callee.range)
    emit(.move, call + 1, list)
    emit(.move, call + 2, value)
    emit(
      .call, call, call, 2, at: expr.range,
      operands: [callee.range] + arguments.map(\.value.range))
    self.read(list, call)
    nameResult(list, name, expr.range)
    chunk.code[short].c = Int32(truncatingIfNeeded: here - short - 1)
    lastTarget = here
    return true
  }

  private func checkUpdate(_ name: String, _ range: TextRange) throws {
    guard resolve(name) == nil else { return }
    let nearest = Suggestion.nearest(to: name, in: names().user)
    throw fail(
      .name, "nothing is called '\(name)', so it cannot be updated", range,
      help: nearest.map { "did you mean \($0)?" }
        ?? (name == "self" || name == "this"
          ? ForeignHabits.help(forName: name) : "write let \(name) = … to define it"))
  }

  private func assign(_ target: Expr, value: Int, _ range: TextRange, _ source: TextRange) throws {
    let operands = [target.range, source]
    guard case .name(let name) = target.kind else {
      try update(target, register: value, range)
      return
    }
    try checkUpdate(name, target.range)
    guard let variable = resolve(name) else { return }
    switch variable.place {
    case .register(let index) where variable.isParam:
      emit(.storeParam, index, value, 0, at: range, operands: operands)
    case .register(let index): read(index, value)
    case .cell(let index): emit(.storeCell, index, value, 0, at: range, operands: operands)
    case .capture(let index):
      let cell = register()
      emit(.capture, cell, index)
      emit(.storeCell, cell, value, 0, at: range, operands: operands)
    case .global(let slot): emit(.storeGlobal, value, slot, 0, at: range, operands: operands)
    }
  }

  private func assertion(_ condition: Expr, _ message: Expr?, _ range: TextRange) throws {
    // Registers: the condition, the message, then both sides of a comparison.
    let first = nextRegister
    for _ in 0..<4 { _ = register() }
    var sides = 0
    if case .binary(let op, _, let a, let b) = condition.kind,
      [.equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual].contains(op)
    {
      let (x, y) = (try expr(a), try expr(b))
      emit(.move, first + 2, x)
      emit(.move, first + 3, y)
      emit(
        Self.opcode(op), first, first + 2, first + 3, at: condition.range,
        operands: [a.range, b.range])
      sides = 2
    } else {
      emit(.move, first, try expr(condition))
    }
    if let message { emit(.move, first + 1, try expr(message)) }
    emit(
      .assert, first, (message == nil ? 0 : 1) + sides, text(source.slice(condition.range)),
      at: range)
  }

  static func opcode(_ op: BinaryOperator) -> Opcode {
    switch op {
    case .add: .add
    case .subtract: .subtract
    case .multiply: .multiply
    case .divide: .divide
    case .floorDivide: .floorDivide
    case .remainder: .remainder
    case .matmul: .matmul
    case .power: .power
    case .equal: .equal
    case .notEqual: .notEqual
    case .less: .less
    case .lessOrEqual: .lessOrEqual
    case .greater: .greater
    case .greaterOrEqual: .greaterOrEqual
    }
  }
}

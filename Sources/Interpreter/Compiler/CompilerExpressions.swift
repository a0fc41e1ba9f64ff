// Expressions to bytecode.

import Diagnostics
import Syntax

extension FunctionCompiler {
  /// Compiles an expression; the register that holds its value.
  func expr(_ expr: Expr) throws -> Int {
    switch expr.kind {
    case .number(let value, _): return load(.number(value))
    case .bool(let value): return load(.bool(value))
    case .none: return none()
    case .string(let pieces): return try string(pieces, expr.range)
    case .name(let name): return try load(name, expr.range)
    case .hole:
      throw fail(.syntax, "'_' stands for an argument that comes later: f(_, 2)", expr.range)
    case .parenthesized(let inner): return try self.expr(inner)
    case .unary(let op, let operand):
      if op == .negate, case .number(let value, _) = operand.kind { return load(.number(-value)) }
      return try unary(op == .negate ? .negate : .not, operand, expr.range)
    case .transpose(let operand): return try unary(.transpose, operand, expr.range)
    case .binary(let op, _, let a, let b):
      return try binary(Self.opcode(op), a, b, expr.range)
    case .and(let a, let b): return try logical(.andJump, .logicalAnd, a, b, expr.range)
    case .or(let a, let b): return try logical(.orJump, .logicalOr, a, b, expr.range)
    case .pipe(let value, let function): return try pipe(value, function, expr.range)
    case .compose(let parts): return try gather(.compose, parts, expr.range)
    case .range(let a, let b): return try gather(.range, [a, b], expr.range)
    case .tuple(let parts): return try gather(.tuple, parts, expr.range)
    case .brackets(let parts):
      try checkLiterals(parts)
      return try parts.count > 64
        ? long(parts, expr.range) : gather(.brackets, parts, expr.range)
    case .record(let fields):
      let target = try gather(.record, fields.map(\.1), expr.range)
      let names = Value.tuple(fields.map { .string($0.0.name) })
      chunk.code[here - 1].c = Int32(truncatingIfNeeded: constant(names))
      return target
    case .call(let callee, let arguments):
      if arguments.contains(where: { if case .hole = $0.value.kind { true } else { false } }) {
        return try partial(callee, arguments, expr.range)
      }
      return try call(callee, try literalInItsType(callee, arguments), expr.range)
    case .methodCall(let base, let name, let arguments):
      return try methodCall(base, name, arguments, expr.range)
    case .field(let base, let name): return try field(base, name, expr.range)
    case .index(let base, let items): return try index(base, items, expr.range)
    case .comprehension(let value, let pattern, let source, let condition):
      return try comprehension(value, pattern, source, condition, expr.range)
    case .lambda(let function): return try closure(function)
    case .conditional(let branches, let otherwise):
      let target = register()
      try conditional(branches, otherwise, into: target)
      return target
    case .invalid: return none()
    }
  }

  private func load(_ value: Value) -> Int {
    let target = register()
    emit(.constant, target, constant(value))
    return target
  }

  private func unary(_ op: Opcode, _ operand: Expr, _ range: TextRange) throws -> Int {
    let value = try expr(operand)
    let target = register()
    emit(op, target, value, 0, at: range, operands: [operand.range])
    return target
  }

  private func binary(_ op: Opcode, _ a: Expr, _ b: Expr, _ range: TextRange) throws -> Int {
    let first = nextRegister
    let x = try leftOperand(a, before: b)
    let y = try rightOperand(b)
    // The operands are read before the result is written, perhaps over one of them.
    nextRegister = first
    let target = register()
    emit(op, target, x, y, at: range, operands: [a.range, b.range])
    return target
  }

  /// A left operand: a later operand may update the variable that it is.
  func leftOperand(_ a: Expr, before b: Expr) throws -> Int {
    let x = try expr(a)
    return isVariable(x) && !isSimple(b) ? copy(x) : x
  }

  /// A right operand: a register, or a constant number or string.
  func rightOperand(_ b: Expr) throws -> Int {
    if case .number(let value, _) = b.kind { return ~constant(.number(value)) }
    if case .string(let pieces) = b.kind, pieces.count == 1, case .text(let text) = pieces[0] {
      return ~constant(.string(text))
    }
    return try expr(b)
  }

  func isVariable(_ register: Int) -> Bool {
    scopes.contains { scope in
      scope.values.contains { if case .register(register) = $0.place { true } else { false } }
    }
  }

  private func isSimple(_ expr: Expr) -> Bool {
    switch expr.kind {
    case .number, .name, .string, .bool, .none: true
    case .binary(_, _, let a, let b): isSimple(a) && isSimple(b)
    case .call(let f, let arguments): isSimple(f) && arguments.allSatisfy { isSimple($0.value) }
    case .parenthesized(let a), .unary(_, let a), .transpose(let a): isSimple(a)
    default: false
    }
  }

  private func copy(_ source: Int) -> Int {
    let target = register()
    emit(.move, target, source)
    return target
  }

  private func logical(_ jump: Opcode, _ op: Opcode, _ a: Expr, _ b: Expr, _ range: TextRange)
    throws -> Int
  {
    let target = register()
    move(target, try expr(a))
    let end = emit(jump, target, target, 0, at: range, operands: [a.range, b.range])
    let y = try expr(b)
    emit(op, target, target, y, at: range, operands: [a.range, b.range])
    patch(end)
    return target
  }

  /// Values in consecutive registers, the first of which it gives.
  func values(_ parts: [Expr]) throws -> Int {
    let first = nextRegister
    for _ in 0..<max(1, parts.count) { _ = register() }
    for (index, part) in parts.enumerated() {
      let value = try expr(part)
      move(first + index, value)
      nextRegister = first + max(1, parts.count)
    }
    return first
  }

  /// Values in consecutive registers, then one instruction over them.
  private func gather(_ op: Opcode, _ parts: [Expr], _ range: TextRange) throws -> Int {
    let first = try values(parts)
    emit(op, first, first, parts.count, at: range, operands: parts.map(\.range))
    nextRegister = first + 1
    return first
  }

  /// Brackets with many elements are gathered in a list: registers are few.
  private func long(_ parts: [Expr], _ range: TextRange) throws -> Int {
    let target = register()
    if let numbers = plainNumbers(parts) {
      emit(.constant, target, constant(.list(numbers)))
    } else {
      emit(.brackets, target, target, -1)
      for part in parts {
        let first = nextRegister
        emit(.unpack, target, try expr(part), -1, at: part.range)
        nextRegister = first
      }
    }
    emit(.brackets, target, target, -2, at: range)
    return target
  }

  /// Literals that are numbers all of them.
  private func plainNumbers(_ parts: [Expr]) -> [Value]? {
    var numbers: [Value] = []
    numbers.reserveCapacity(parts.count)
    for part in parts {
      switch part.kind {
      case .number(let x, _): numbers.append(.number(x))
      case .unary(.negate, let inner):
        guard case .number(let x, _) = inner.kind else { return nil }
        numbers.append(.number(-x))
      default: return nil
      }
    }
    return numbers
  }

  /// `tensor([…], dtype: f64)`: the numbers arrive as written, not as f32.
  private func literalInItsType(_ callee: Expr, _ arguments: [Argument]) throws -> [Argument] {
    guard case .name("tensor") = callee.kind, arguments.count == 2, arguments[0].label == nil,
      case .global(let slot) = resolve("tensor")?.place, slot < session.globals.builtinCount,
      case .brackets = arguments[0].value.kind
    else { return arguments }
    return [Argument(label: nil, value: try asTuple(arguments[0].value)), arguments[1]]
  }

  private func asTuple(_ expr: Expr) throws -> Expr {
    guard case .brackets(let parts) = expr.kind, !parts.isEmpty else { return expr }
    for part in parts { try checkDigits(part) }
    return Expr(.tuple(try parts.map(asTuple)), expr.range)
  }

  /// Whole numbers that Float64 cannot hold are an error where they are written.
  private func checkDigits(_ part: Expr) throws {
    var value = part
    if case .unary(.negate, let inner) = part.kind { value = inner }
    guard case .number(let x, isInteger: true) = value.kind else { return }
    let digits = source.slice(value.range).filter { $0 != "_" }
    if let written = Int128(digits), Int128(exactly: x) != written {
      throw fail(
        .value,
        "numbers are Float64, which cannot hold \(source.slice(part.range)) exactly", part.range,
        help: "make it from smaller ones, as tensor([2^53], dtype: i64) + 1")
    }
  }

  /// Whole numbers that f32 would round, and numbers beyond its largest, which would be infinite, are
  /// an error where they are written.
  private func checkLiterals(_ parts: [Expr]) throws {
    for part in parts {
      try checkDigits(part)
      var value = part
      if case .unary(.negate, let inner) = part.kind { value = inner }
      guard case .number(let x, let isWhole) = value.kind, session.graph.defaultDType == .f32,
        isWhole ? Double(Float(x)) != x : !Float(x).isFinite
      else { continue }
      let problem = Float(x).isFinite ? " exactly" : ": its numbers end at 3.4e38"
      throw fail(
        .dtype, "f32 cannot hold \(source.slice(part.range))\(problem)", part.range,
        help: "write tensor([…], dtype: f64) or default_dtype(f64)")
    }
  }

  private func string(_ pieces: [StringPiece], _ range: TextRange) throws -> Int {
    if pieces.isEmpty { return load(.string("")) }
    if pieces.count == 1, case .text(let text) = pieces[0] { return load(.string(text)) }
    let first = nextRegister
    for _ in pieces { _ = register() }
    for (index, piece) in pieces.enumerated() {
      switch piece {
      case .text(let text): emit(.constant, first + index, constant(.string(text)))
      case .interpolation(let value, let format):
        let register = try expr(value)
        emit(
          .format, first + index, register, format.map { text($0) } ?? -1, at: value.range,
          operands: [value.range])
      }
      nextRegister = first + pieces.count
    }
    emit(.concatenate, first, first, pieces.count, at: range)
    nextRegister = first + 1
    return first
  }

  /// x |> f: the value first, then the function.
  private func pipe(_ value: Expr, _ function: Expr, _ range: TextRange) throws -> Int {
    let first = nextRegister
    _ = register()
    _ = register()
    move(first + 1, try expr(value))
    move(first, try expr(function))
    emit(.call, first, first, 1, at: range, operands: [range, value.range])
    nextRegister = first + 1
    return first
  }

  /// A call: callee and arguments in consecutive registers; a global is called where it is.
  private func call(_ callee: Expr, _ arguments: [Argument], _ range: TextRange) throws -> Int {
    let first = nextRegister
    for _ in 0...arguments.count { _ = register() }
    var global: Int?
    if case .name(let name) = callee.kind, case .global(let slot)? = resolve(name)?.place,
      slot >= session.globals.builtinCount, arguments.allSatisfy({ $0.label == nil })
    {
      global = slot
    } else {
      move(first, try expr(callee))
    }
    nextRegister = first + 1 + arguments.count
    try self.arguments(arguments, from: first + 1)
    if let global {
      let spans = [callee.range] + arguments.map(\.value.range)
      emit(.callGlobal, first, global, arguments.count, at: range, operands: spans)
    } else {
      emitCall(first, arguments, range, front: [callee.range])
    }
    nextRegister = first + 1
    return first
  }

  private func arguments(_ arguments: [Argument], from first: Int) throws {
    let limit = nextRegister
    for (index, argument) in arguments.enumerated() {
      move(first + index, try expr(argument.value))
      nextRegister = limit
    }
  }

  /// The operands of a call: the callee, of a method what stands before the dot, the arguments, and
  /// where some have names, the names of all.
  private func emitCall(
    _ first: Int, _ arguments: [Argument], _ range: TextRange, front: [TextRange]
  ) {
    let extra = front.count - 1
    var spans = front + arguments.map(\.value.range)
    if arguments.contains(where: { $0.label != nil }) {
      spans += front.dropFirst() + arguments.map { $0.label?.range ?? $0.value.range }
      let names = Value.tuple(
        [Value](repeating: .none, count: extra)
          + arguments.map { $0.label.map { .string($0.name) } ?? .none })
      emit(.callNamed, first, first, arguments.count + extra, at: range, operands: spans)
      emit(.names, constant(names))
    } else {
      emit(.call, first, first, arguments.count + extra, at: range, operands: spans)
    }
  }

  /// x.name(args): a field wins, else name(x, args).
  private func methodCall(
    _ base: Expr, _ name: Identifier, _ arguments: [Argument], _ range: TextRange
  ) throws -> Int {
    let first = nextRegister
    for _ in 0..<arguments.count + 2 { _ = register() }
    move(first + 1, try self.base(base, before: name))
    nextRegister = first + 2 + arguments.count
    // The function of that name, if there is one, waits in the callee's register.
    if resolve(name.name) != nil {
      move(first, try load(name.name, name.range))
    } else {
      emit(.constant, first, constant(.none))
    }
    nextRegister = first + 2 + arguments.count
    emit(.method, first, first + 1, text(name.name), at: range, operands: [base.range, name.range])
    try self.arguments(arguments, from: first + 2)
    emitCall(first, arguments, range, front: [name.range, base.range])
    nextRegister = first + 1
    return first
  }

  /// What stands before a dot: a param stays a param, so that its gradient can be asked for.
  private func base(_ expr: Expr, before member: Identifier? = nil) throws -> Int {
    if let member, let problem = foreignMember(expr, member) { throw problem }
    if case .name(let name) = expr.kind { return try load(name, expr.range, raw: true) }
    return try self.expr(expr)
  }

  /// `np.array`, `torch.nn.Linear`: the error for what stands before the dot, if nothing has its name.
  private func foreignMember(_ base: Expr, _ member: Identifier) -> Diagnostic? {
    var root = base
    var isLibrary = true
    while case .field(let inner, let name) = root.kind {
      isLibrary = isLibrary && ForeignHabits.isLibrary(name.name)
      root = inner
    }
    guard case .name(let library) = root.kind, isLibrary, resolve(library) == nil else {
      return nil
    }
    var help = ForeignHabits.help(forMember: member.name, of: library)
    if ForeignHabits.isLibrary(library), session.globals.builtinSlot(member.name) != nil {
      help = "write \(member.name)"
    }
    return help.map { fail(.name, "nothing is called '\(library)'", root.range, help: $0) }
  }

  private func field(_ base: Expr, _ name: Identifier, _ range: TextRange) throws -> Int {
    let value = try self.base(base, before: name)
    let target = register()
    emit(.field, target, value, text(name.name), at: range, operands: [base.range, name.range])
    return target
  }

  private func index(_ base: Expr, _ items: [IndexItem], _ range: TextRange) throws -> Int {
    let value = try self.base(base)
    let first = nextRegister
    let (kinds, _) = try indexItems(items)
    let target = first
    if nextRegister == first { _ = register() }
    if case .value? = kinds.first, kinds.count == 1 { emit(.element, target, value, first) }
    // The items stand from `first`; the base's register is in the path table.
    chunk.paths.append(
      UpdatePath(base: .register(value), name: "", steps: [.index(kinds)], op: nil))
    emit(
      .index, target, first, chunk.paths.count - 1, at: range,
      operands: [base.range] + items.map(\.range))
    nextRegister = first + 1
    return target
  }

  /// Evaluates what stands between brackets into consecutive registers.
  private func indexItems(_ items: [IndexItem]) throws -> ([IndexKind], Int) {
    var kinds: [IndexKind] = []
    var count = 0
    for item in items {
      let parts: [Expr]
      switch item {
      case .expression(let value): (kinds, parts) = (kinds + [.value], [value])
      case .newAxis: (kinds, parts) = (kinds + [.newAxis], [])
      case .range(let lower, let upper, _):
        kinds.append(.range(hasLower: lower != nil, hasUpper: upper != nil))
        parts = [lower, upper].compactMap { $0 }
      }
      for part in parts {
        let place = register()
        move(place, try expr(part))
        nextRegister = place + 1
        count += 1
      }
    }
    return (kinds, count)
  }

  /// `x.f[i] = v`: the variable at the base gets a new value with one part changed.
  func update(_ target: Expr, _ op: BinaryOperator?, _ value: Expr, _ range: TextRange) throws {
    try updatePath(target, op, range, value.range) { try self.expr(value) }
  }

  func update(_ target: Expr, register: Int, _ range: TextRange) throws {
    try updatePath(target, nil, range, range) { register }
  }

  private func updatePath(
    _ target: Expr, _ op: BinaryOperator?, _ range: TextRange, _ valueRange: TextRange,
    _ value: () throws -> Int
  ) throws {
    var steps: [(UpdatePath.Step, [IndexItem])] = []
    var base = target
    while true {
      if case .field(let inner, let name) = base.kind {
        steps.insert((.field(name.name), []), at: 0)
        base = inner
      } else if case .index(let inner, let items) = base.kind {
        steps.insert((.index([]), items), at: 0)
        base = inner
      } else {
        break
      }
    }
    if case .name(let name) = base.kind, resolve(name) == nil {
      throw unknownName(name, base.range)
    }
    guard case .name(let name) = base.kind, let variable = resolve(name) else {
      throw fail(.name, "only a name and parts of it can be updated", base.range)
    }
    let first = nextRegister
    _ = register()
    move(first, try value())
    nextRegister = first + 1
    var compiled: [UpdatePath.Step] = []
    for (step, items) in steps {
      if case .field = step {
        compiled.append(step)
      } else {
        let (kinds, _) = try indexItems(items)
        compiled.append(.index(kinds))
      }
    }
    let place: UpdatePath.Base
    switch variable.place {
    case .register(let index): place = .register(index)
    case .cell(let index): place = .cell(index)
    case .capture(let index): place = .capture(index)
    case .global(let slot): place = .global(slot)
    }
    if case .index(let kinds)? = compiled.first, compiled.count == 1,
      kinds.allSatisfy({ if case .value = $0 { true } else { false } })
    {
      let kind = StoreKind.code(indices: kinds.count, op.map(Self.opcode))
      switch place {
      case .register(let index): emit(.storeElement, index, first, kind)
      case .global(let slot): emit(.storeGlobalElement, slot, first, kind)
      default: break
      }
    }
    chunk.paths.append(UpdatePath(base: place, name: name, steps: compiled, op: op))
    emit(
      .update, 0, first, chunk.paths.count - 1, at: range,
      operands: [target.range, valueRange] + (steps.last?.1.map(\.range) ?? [target.range]))
  }

  private func partial(_ callee: Expr, _ arguments: [Argument], _ range: TextRange) throws -> Int {
    let first = nextRegister
    for _ in 0...arguments.count { _ = register() }
    move(first, try expr(callee))
    nextRegister = first + 1 + arguments.count
    var parts: [Value] = []
    for (index, argument) in arguments.enumerated() {
      let label: Value = argument.label.map { .string($0.name) } ?? .none
      if case .hole = argument.value.kind {
        parts.append(.tuple([.bool(true), label]))
        emit(.constant, first + 1 + index, constant(.none))
      } else {
        parts.append(.tuple([.bool(false), label]))
        move(first + 1 + index, try expr(argument.value))
      }
      nextRegister = first + 1 + arguments.count
    }
    emit(.partial, first, first, constant(.tuple(parts)), at: range)
    nextRegister = first + 1
    return first
  }

  private func comprehension(
    _ value: Expr, _ pattern: Pattern, _ source: Expr, _ condition: Expr?, _ range: TextRange
  ) throws -> Int {
    let target = register()
    emit(.constant, target, constant(.none))
    emit(.brackets, target, target, -1)
    try inScope {
      let values = try expr(source)
      if condition == nil { emit(.brackets, target, values, -3, at: range) }
      let iterator = register()
      emit(.iterate, iterator, values, 0, at: source.range, operands: [source.range])
      let element = register()
      let start = emit(.next, element, iterator, 0, at: source.range)
      try inScope {
        try bindElement(pattern, element)
        let skip = try condition.map { try jumpUnless($0) }
        let result = try expr(value)
        emit(.unpack, target, result, -1)
        if let skip { patch(skip) }
      }
      emit(.loop, start, LoopKind.comprehension.rawValue)
      patch(start)
    }
    emit(.brackets, target, target, -2, at: range)
    return target
  }

  /// `if … else …`, its value in `target`.
  func conditional(
    _ branches: [(condition: Expr, body: Block)], _ otherwise: Block?, into target: Int
  ) throws {
    var ends: [Int] = []
    for branch in branches {
      let next = nextRegister
      let skip = try jumpUnless(branch.condition)
      nextRegister = next
      try block(branch.body.statements, wantsValue: true, into: target)
      ends.append(emit(.jump))
      patch(skip)
    }
    try block(otherwise?.statements ?? [], wantsValue: true, into: target)
    for end in ends { patch(end) }
  }
}

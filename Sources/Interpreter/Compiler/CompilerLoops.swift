// Loops and conditions to bytecode, with what is kept of a loop's body.

import Syntax

extension FunctionCompiler {
  func forLoop(_ pattern: Pattern, _ values: Expr, _ body: Block) throws {
    try inScope {
      let source = try expr(values)
      let iterator = register()
      emit(.iterate, iterator, source, 0, at: values.range, operands: [values.range])
      let known = beginLast()
      let element = register()
      emit(.beginLoop)
      let start = emit(.next, element, iterator, 0, at: values.range)
      loops.append(([], []))
      try inScope {
        try bindElement(pattern, element)
        let target = register()
        try block(body.statements, wantsValue: false, into: target, isLoopBody: true)
        endTurn(start: start)
      }
      patch(start)
      endLoop(known, scope: scopes.count + 1)
    }
  }

  /// Declares the names of a loop's pattern with the next element, which is no param: one name is
  /// where the element is.
  func bindElement(_ pattern: Pattern, _ element: Int) throws {
    if case .name(let name) = pattern, !capturedNames.contains(name.name) {
      enter(name.name, Variable(place: .register(element)), scope: scopes.count - 1)
    } else {
      try bind(pattern, element)
    }
  }

  /// The outermost loop of a statement begins: its body's names have no values yet. Gives how many
  /// names were declared before; nil for other loops.
  private func beginLast() -> Int? {
    guard isTopLevel, loops.isEmpty else { return nil }
    emit(.forgetLocals, nextRegister)
    return chunk.locals.count
  }

  /// Behind a loop; what the outermost one's body declared, down to a scope, is kept for `last`: but
  /// for names behind a break or continue, whose registers may have served others.
  private func endLoop(_ known: Int?, scope: Int) {
    let jumps = loops.removeLast()
    for jump in jumps.breaks { patch(jump) }
    emit(.endLoop, 1)
    guard let known else { return }
    let first = (jumps.breaks + jumps.continues).min() ?? .max
    var names: [LocalName] = []
    for local in chunk.locals[known...] where local.scope <= scope && local.start <= first {
      names.removeAll { $0.name == local.name }
      names.append(local)
    }
    guard !names.isEmpty else { return }
    chunk.lastNames.append(names)
    emit(.keepLocals, chunk.lastNames.count - 1)
  }

  private func endTurn(start: Int) {
    let kind: LoopKind = isTopLevel ? .topLevel : .inFunction
    let continues = loops[loops.count - 1].continues
    for jump in continues { patch(jump) }
    let end = emit(.loop, start, kind.rawValue, min(loops.count - 1, LoopHeat.levels))
    // Who looks around at the end of a turn sees the names of its body, those behind a `continue`
    // excepted.
    let first = continues.min() ?? .max
    for (index, local) in chunk.locals.enumerated()
    where local.end == end && local.scope == scopes.count && local.start <= first {
      chunk.locals[index].end = end + 1
    }
  }

  func whileLoop(_ condition: Expr, _ body: Block) throws {
    let known = beginLast()
    emit(.beginLoop)
    let start = here
    let first = nextRegister
    let exit = try jumpUnless(condition)
    nextRegister = first
    loops.append(([], []))
    try block(body.statements, wantsValue: false, into: register(), isLoopBody: true)
    endTurn(start: start)
    patch(exit)
    endLoop(known, scope: scopes.count)
  }

  /// A jump that is taken when the condition is false.
  func jumpUnless(_ condition: Expr) throws -> Int {
    if case .binary(let op, _, let a, let b) = condition.kind, let jump = Self.opcode(op).jumpUnless
    {
      let x = try leftOperand(a, before: b)
      let y = try rightOperand(b)
      return emit(jump, x, y, 0, at: condition.range, operands: [a.range, b.range])
    }
    let value = try expr(condition)
    return emit(
      .jumpIfFalse, value, 0, 0, at: condition.range, operands: [condition.range])
  }
}

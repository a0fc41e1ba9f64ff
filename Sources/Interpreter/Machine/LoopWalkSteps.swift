// What single instructions do to a walk through a turn.

import Autodiff

extension LoopWalk {
  /// The instruction that comes after the one at `i`; nil where that does something unknown.
  func step(_ i: UnsafePointer<Instruction>) -> UnsafePointer<Instruction>? {
    let next = i + 1
    switch i.pointee.op {
    case .move: self[i.a] = self[i.b]
    case .constant: self[i.a] = .slot((UnsafePointer<Slot>(slots: i) + i.b).pointee)
    case .global, .rawGlobal, .read, .cell, .captured, .capture: return variable(i) ? next : nil
    case .storeGlobal, .storeCell, .storeParam: return store(i) ? next : nil
    case .name, .forgetTemporaries, .beginLoop, .endLoop: break
    case .jump: return next + i.a
    case .loop:
      polls += 1
      return endTurn() ? next + i.a : nil
    case .jumpIfFalse: return jump(self[i.a], when: false, i.b, next)
    case .jumpIfTrue: return jump(self[i.a], when: true, i.b, next)
    case .jumpUnlessLess, .jumpUnlessLessOrEqual, .jumpUnlessGreater, .jumpUnlessGreaterOrEqual,
      .jumpUnlessEqual, .jumpUnlessNotEqual:
      return jumpUnless(i)
    case .range:
      guard case .slot(let x) = self[i.b], case .slot(let y) = self[i.b + 1], x.isNumber,
        y.isNumber, let lower = Int(exactly: x.number), let upper = Int(exactly: y.number)
      else { return nil }
      self[i.a] = .range(lower, upper)
    case .iterate: return iterate(i) ? next : nil
    case .next:
      guard case .iterator(let counter) = self[i.b] else { return nil }
      guard counter.position < counter.end else { return next + i.c }
      self[i.a] = element(counter)
      counter.position += 1
    case .unpack:
      guard case .element(i.c, let element) = self[i.b] else { return nil }
      for part in 0..<i.c { self[i.a + part] = .rows(part, element: element) }
    case .field:
      guard let parameter = Self.parameter(self[i.b]), text(i.c) == "grad",
        let event = repetition.gradient(of: parameter, at: place)
      else { return nil }
      self[i.a] = .event(event)
    case .hasArgument:
      let level = levels[levels.count - 1]
      let isGiven = level.given & (1 << UInt64(min(max(i.b, 0), 63))) != 0
      self[i.a] = .slot(Slot(i.b < 0 ? level.isTraining : isGiven))
    case .brackets:
      guard i.c > 0, (0..<i.c).allSatisfy({ Self.isConstant(self[i.b + $0]) }) else { return nil }
      self[i.a] = .fresh
    case .returnValue: return leave(with: self[i.a])
    case .call, .callGlobal, .callNamed: return call(i)
    default: return i.pointee.op.isArithmetic && arithmetic(i) ? next : nil
    }
    return next
  }

  private func text(_ constant: Int) -> String {
    let slot = levels[levels.count - 1].routine.constant(constant)
    guard slot.is(.string) else { return "" }
    return slot.unmanaged(as: StringObject.self)._withUnsafeGuaranteedRef { $0.text }
  }

  // MARK: - Variables

  private func variable(_ i: UnsafePointer<Instruction>) -> Bool {
    var value: Known
    switch i.pointee.op {
    case .global, .rawGlobal: value = self[.global(i.b)]
    case .cell:
      guard let cell = Self.object(self[i.b]), cell.is(.cell) else { return false }
      value = self[.cell(cell.object.toOpaque())]
    case .captured, .capture:
      let closure = levels[levels.count - 1].closure
      let cell = closure._withUnsafeGuaranteedRef { $0.capture(i.b).toOpaque() }
      value =
        i.pointee.op == .captured
        ? self[.cell(cell)] : .slot(Slot(owning: Unmanaged<CellObject>.fromOpaque(cell)))
    default: value = self[i.b]
    }
    if case .slot(let slot) = value, slot.isUndefined { return false }
    let isRead = i.pointee.op == .global || i.pointee.op == .read
    if isRead, let parameter = Self.parameter(value) { value = self.value(of: parameter) }
    self[i.a] = value
    return true
  }

  private func store(_ i: UnsafePointer<Instruction>) -> Bool {
    let (target, value): (Known, Known)
    let variable: Place?
    switch i.pointee.op {
    case .storeGlobal:
      guard i.c == 0, i.b >= session.globals.builtinCount else { return false }
      (target, value, variable) = (self[.global(i.b)], self[i.a], .global(i.b))
    case .storeCell:
      guard let cell = Self.object(self[i.a]), cell.is(.cell) else { return false }
      let place = Place.cell(cell.object.toOpaque())
      (target, value, variable) = (self[place], self[i.b], place)
    default: (target, value, variable) = (self[i.a], self[i.b], nil)
    }
    if let parameter = Self.parameter(target) {
      guard let stored = operand(value), let old = operand(self.value(of: parameter)),
        let event = repetition.passStore(stored, over: old, &place)
      else { return false }
      self.stored[ObjectIdentifier(parameter)] = .event(event)
      return true
    }
    guard let variable else { return false }
    switch value {
    case .event, .cell, .tensor: break
    case .slot(let slot) where slot.isNumber || slot.isBool: break
    default: return false
    }
    self[variable] = value
    return true
  }

  // MARK: - Jumps

  private func jump(
    _ condition: Known, when flag: Bool, _ distance: Int, _ next: UnsafePointer<Instruction>
  ) -> UnsafePointer<Instruction>? {
    switch condition {
    case .slot(let slot) where slot.isBool: return slot.isTrue == flag ? next + distance : next
    case .cell(let cell, isBool: true):
      let isTrue = scalars[cell] != 0
      scalars.add(.check(cell, is: isTrue))
      return isTrue == flag ? next + distance : next
    default: return nil
    }
  }

  private func jumpUnless(_ i: UnsafePointer<Instruction>) -> UnsafePointer<Instruction>? {
    let (left, right) = (self[i.a], operand(i.b, i))
    let op = i.pointee.op.comparison
    if case .slot(let x) = left, case .slot(let y) = right, Slot.areNumbers(x, y) {
      return op.compare(x.number, y.number) ? i + 1 : i + 1 + i.c
    }
    guard let x = number(left), let y = number(right) else { return nil }
    let isTrue = op.compare(scalars[x], scalars[y])
    scalars.add(.checkComparison(op, x, y, is: isTrue))
    return isTrue ? i + 1 : i + 1 + i.c
  }

  private func iterate(_ i: UnsafePointer<Instruction>) -> Bool {
    if case .range(let lower, let upper) = self[i.b] {
      self[i.a] = .iterator(Counter(lower, upper))
      return true
    }
    if case .batches(let source) = self[i.b] {
      self[i.a] = .iterator(Counter(0, sources[source].count, source: source))
      return true
    }
    guard let slot = Self.object(self[i.b]), slot.is(.range) else { return false }
    self[i.a] = slot.unmanaged(as: RangeObject.self)._withUnsafeGuaranteedRef {
      .iterator(Counter($0.lower, $0.upper))
    }
    return true
  }

  /// The element that a loop comes to.
  private func element(_ counter: Counter) -> Known {
    guard let source = counter.source else { return .slot(Slot(Double(counter.position))) }
    elements += 1
    batch = Batch(source: source, index: counter.position)
    let parts = sources[source].parts.count
    return parts == 1 ? .rows(0, element: elements) : .element(parts: parts, element: elements)
  }

  // MARK: - Arithmetic

  private func arithmetic(_ i: UnsafePointer<Instruction>) -> Bool {
    let op = i.pointee.op
    let left = self[i.b]
    if !op.isBinary {
      switch (op, left) {
      case (.negate, .slot(let x)) where x.isNumber: self[i.a] = .slot(Slot(-x.number))
      case (.not, .slot(let x)) where x.isBool: self[i.a] = .slot(Slot(!x.isTrue))
      case (.negate, .cell(let x, isBool: false)):
        self[i.a] = compute(.negate(x, into: scalars.cell(-scalars[x])), isBool: false)
      case (.not, .cell(let x, isBool: true)):
        self[i.a] = compute(.not(x, into: scalars.cell(1 - scalars[x])), isBool: true)
      default: return recorded(i, [left], into: i.a)
      }
      return true
    }
    let right = operand(i.c, i)
    guard Self.isNumber(left), Self.isNumber(right) else {
      return recorded(i, [left, right], into: i.a)
    }
    return numbers(op, left, right, into: i.a)
  }

  private func numbers(_ op: Opcode, _ left: Known, _ right: Known, into register: Int) -> Bool {
    guard op.isNumeric || op.isComparison else { return false }
    if case .slot(let x) = left, case .slot(let y) = right {
      if op.isComparison {
        self[register] = .slot(Slot(op.compare(x.number, y.number)))
      } else {
        guard let result = LoopScalars.value(op, x.number, y.number) else { return false }
        self[register] = .slot(Slot(result))
      }
      return true
    }
    guard let x = number(left), let y = number(right) else { return false }
    if op.isComparison {
      let result = scalars.cell(op.compare(scalars[x], scalars[y]) ? 1 : 0)
      self[register] = compute(.comparison(op, x, y, into: result), isBool: true)
    } else {
      guard let value = LoopScalars.value(op, scalars[x], scalars[y]) else { return false }
      let result = scalars.cell(value)
      self[register] = compute(.arithmetic(op, x, y, into: result), isBool: false)
    }
    return true
  }

  private func compute(_ work: LoopScalars.Work, isBool: Bool) -> Known {
    scalars.add(work)
    return .cell(scalars.cells.count - 1, isBool: isBool)
  }

  // MARK: - Calls

  /// An instruction that the turn recorded, on its operands.
  private func recorded(
    _ i: UnsafePointer<Instruction>, _ operands: [Known], of callee: Slot? = nil,
    into register: Int
  ) -> Bool {
    let values = operands.compactMap(operand)
    guard let line = repetition.line(at: place), line.code == UnsafeRawPointer(i),
      line.isTraining == levels[levels.count - 1].isTraining, values.count == operands.count,
      line.callee.map({ Unmanaged.passUnretained($0).toOpaque() }) == callee?.object.toOpaque(),
      let numbers = repetition.pass(line, values, &place)
    else { return false }
    for (leaf, operand) in numbers {
      guard let cell = number(operands[operand]) else { return false }
      numberLeaves.append((turn, leaf, cell))
    }
    self[register] = .event(place.position - 1)
    return true
  }

  private func call(_ i: UnsafePointer<Instruction>) -> UnsafePointer<Instruction>? {
    let isGlobal = i.pointee.op == .callGlobal
    let first = (isGlobal ? i.a : i.b) + 1
    let callee = isGlobal ? self[.global(i.b)] : self[i.b]
    guard let slot = Self.object(callee) else { return nil }
    let arguments = (0..<i.c).map { self[first + $0] }
    if slot.is(.closure), i.pointee.op != .callNamed {
      return enter(slot, first: first, count: i.c, into: i.a, back: i + 1)
    }
    let next = i + (i.pointee.op == .callNamed ? 2 : 1)
    if let result = passSpan(i, slot, arguments) ?? batches(i, slot, arguments) {
      self[i.a] = result
      return next
    }
    guard slot.is(.function) else { return nil }
    if isBackward(slot), arguments.count == 1, let loss = operand(arguments[0]) {
      guard repetition.passBackward(loss, &place) else { return nil }
      self[i.a] = .slot(.none)
      return i + 1
    }
    if host(slot)?.isConstant == true, i.pointee.op != .callNamed,
      arguments.allSatisfy(Self.isConstant)
    {
      self[i.a] = .fresh
      return next
    }
    guard isOperator(slot), recorded(i, arguments, of: slot, into: i.a) else { return nil }
    return next
  }

  /// Goes past a call that does nothing but record, of the same object on the same operands as in the
  /// last turn; nil for others. Gives its result.
  private func passSpan(
    _ i: UnsafePointer<Instruction>, _ callee: Slot, _ arguments: [Known]
  ) -> Known? {
    guard let span = repetition.span(at: place), span.code == UnsafeRawPointer(i),
      span.isTraining == levels[levels.count - 1].isTraining,
      Unmanaged.passUnretained(span.callee).toOpaque() == callee.object.toOpaque(),
      span.flags == arguments.map(Self.flag),
      let stepper = stepper(callee, arguments)
    else { return nil }
    let values = arguments.map(operand)
    guard let numbers = repetition.pass(span, values, stepper?.stateNodes ?? [], &place) else {
      return nil
    }
    for (leaf, number, isSame) in numbers {
      if let stepper, stepper.number(number, after: 1) != nil {
        stepNumbers.append((turn, leaf, number, stepper))
      } else if !isSame {
        return nil
      }
    }
    if let stepper {
      // Two steps of one optimizer in a turn would share its count.
      guard !steppers.contains(where: { $0.turn == turn && $0.stepper === stepper }) else {
        return nil
      }
      steppers.append((turn, stepper))
    }
    for (parameter, event) in repetition.stores(of: span) {
      stored[ObjectIdentifier(parameter)] = .event(event)
    }
    return span.result.map { .event($0) } ?? .slot(.none)
  }

  /// Batches that a call makes of tensors that stay the same.
  private func batches(_ i: UnsafePointer<Instruction>, _ callee: Slot, _ arguments: [Known])
    -> Known?
  {
    guard let host = host(callee), let make = host.batches else { return nil }
    let isNamed = i.pointee.op == .callNamed
    let names = isNamed ? levels[levels.count - 1].routine.names(i + 1) : []
    let values = arguments.compactMap { argument -> Value? in
      switch argument {
      case .slot(let slot) where slot.isNumber || slot.isBool: slot.value
      case .tensor(let node): .tensor(TensorObject(node.takeUnretainedValue()))
      default: nil
      }
    }
    guard values.count == arguments.count,
      let call = try? session.bind(host.parameters, Arguments(values, names: names), host.name),
      let made = try? make(call), made.isPlain
    else { return nil }
    sources.append(made)
    return .batches(sources.count - 1)
  }

  /// The optimizer whose step a call is; `.some(nil)` for a net or an operator, nil for what may have
  /// become another call.
  private func stepper(_ callee: Slot, _ arguments: [Known]) -> (any Stepper)?? {
    guard host(callee)?.isStep == true else {
      return (callee.is(.foreign) || callee.is(.function)) && session.recordsOnly(callee.value)
        ? .some(nil) : nil
    }
    guard arguments.count == 1, let slot = Self.object(arguments[0]), slot.is(.foreign),
      let stepper = slot.unmanaged(as: ForeignBox.self)._withUnsafeGuaranteedRef({
        $0.object.stepper
      })
    else { return nil }
    return .some(stepper)
  }

  /// A truth value that is the same in every turn.
  private static func flag(_ known: Known) -> Bool? {
    if case .slot(let slot) = known { return slot.flag }
    return nil
  }

  /// Whether a value is made of the same numbers in every turn.
  private static func isConstant(_ known: Known) -> Bool {
    if case .fresh = known { return true }
    if case .slot(let slot) = known { return slot.isNumber }
    return false
  }

  private func host(_ slot: Slot) -> HostFunction? {
    guard slot.is(.function) else { return nil }
    return (slot.object.takeUnretainedValue() as? HostFunctionObject)?.function
  }

  private func isOperator(_ slot: Slot) -> Bool { host(slot)?.isOperator ?? false }

  private func isBackward(_ slot: Slot) -> Bool { host(slot)?.direct != nil }

  private func enter(
    _ slot: Slot, first: Int, count: Int, into register: Int, back: UnsafePointer<Instruction>
  ) -> UnsafePointer<Instruction>? {
    let closure = slot.unmanaged(as: ClosureObject.self)
    let (isFitting, code) = closure._withUnsafeGuaranteedRef {
      ($0.routine.parameterCount == count, $0.routine.code)
    }
    guard isFitting, levels.count < 64 else { return nil }
    let level = levels[levels.count - 1]
    polls += 1
    levels.append(
      Level(
        closure: closure, base: level.base + first, target: level.base + register, back: back,
        given: .max, isTraining: level.isTraining))
    return code
  }

  private func leave(with value: Known) -> UnsafePointer<Instruction>? {
    guard levels.count > 1, let level = levels.popLast(), let back = level.back else { return nil }
    for index in 0..<level.routine.registerCount {
      known[.register(level.base + index)] = .slot(.none)
    }
    known[.register(level.target)] = value
    return back
  }
}

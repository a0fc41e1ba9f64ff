// From the instructions of a loop and the kinds of its registers to specialised instructions.

/// An instruction of a specialised loop while that is put together.
struct Emitted {
  var instruction: SpecializedInstruction
  /// The instruction of the function that it was made from.
  let origin: Int32
  /// The registers that get a builtin where it leaves the loop.
  let builtins: [(register: Int, global: Int)]
  /// The registers that get what another one holds where it leaves the loop.
  var copies: [(register: Int, source: Int)] = []
  /// The index of the instruction that it jumps to.
  var target: Int?
}

/// The code of a specialised loop while it is put together.
struct SpecializedCode {
  private let loop: LoopSpecializer
  private var code: [Emitted] = []
  /// Where the instructions of the function begin here.
  private var begins: [Int: Int] = [:]
  /// Jumps that wait for their target, and what the registers hold there.
  private var jumps: [(from: Int, to: Int, states: LoopSpecializer.States)] = []
  /// The instruction of the function that is being specialised.
  private var place = 0
  private var states: LoopSpecializer.States = []

  init(_ loop: LoopSpecializer) { self.loop = loop }

  func loop(guards: [(register: Int, kind: RegisterKind)]) -> SpecializedLoop {
    var made = self
    made.build()
    var copies = CopyPropagation(made.code)
    return SpecializedLoop(copies.propagated(), end: loop.end, guards: guards)
  }

  private mutating func build() {
    // Where the instruction before goes on, if it is not the one that comes.
    var goesOn: Int?
    for next in loop.states.keys.sorted() {
      if let target = goesOn, target != next { emit(jump: .jump, to: target) }
      (place, states) = (next, loop.states[next] ?? [])
      begins[place] = code.count
      goesOn = specialize()
    }
    if let target = goesOn { emit(jump: .jump, to: target) }
    // Stubs for what lies outside.
    for (from, to, states) in jumps {
      let target: Int
      if let inside = begins[to] {
        target = inside
      } else {
        (place, self.states) = (to, states)
        target = code.count
        emit(SpecializedInstruction(.exit))
      }
      code[from].target = target
    }
  }

  private mutating func emit(_ instruction: SpecializedInstruction) {
    let builtins = states.enumerated().compactMap { index, state -> (register: Int, global: Int)? in
      if case .builtin(let global) = state.kind { (index, global) } else { nil }
    }
    code.append(
      Emitted(
        instruction: instruction, origin: Int32(truncatingIfNeeded: place), builtins: builtins))
  }

  private mutating func emit(
    _ op: SpecializedOpcode, _ a: Int = 0, _ b: Int = 0, _ c: Int = 0, value: Slot = .none
  ) {
    emit(SpecializedInstruction(op, a, b, c, value: value))
  }

  /// A jump to an instruction of the function.
  private mutating func emit(
    jump op: SpecializedOpcode, _ a: Int = 0, _ b: Int = 0, to target: Int, value: Slot = .none
  ) {
    jumps.append((code.count, target, states))
    emit(SpecializedInstruction(op, a, b, 0, value: value))
  }

  /// Lets go of what a register holds, before a number goes there.
  private mutating func release(_ register: Int) {
    if states[register].mayHoldObject { emit(.release, register) }
  }

  /// Specialises the instruction at `place`; gives where the loop goes on behind it.
  private mutating func specialize() -> Int? {
    let i = loop.instruction(place)
    guard let effect = loop.effect(of: place, states) else {
      emit(.exit)
      return nil
    }
    let (a, b) = (Int(i.a), Int(i.b))
    let target = i.target.map { place + 1 + $0 } ?? 0
    let next = place + 1 + effect.skipped
    switch i.op {
    case .jump: return target
    case .jumpIfFalse: emit(jump: .jumpIfFalse, a, to: target)
    case .jumpIfTrue: emit(jump: .jumpIfTrue, a, to: target)
    case .andJump, .orJump:
      if a != b { release(a) }
      emit(jump: i.op == .andJump ? .andJump : .orJump, a, b, to: target)
    case .jumpUnlessLess, .jumpUnlessLessOrEqual, .jumpUnlessGreater, .jumpUnlessGreaterOrEqual,
      .jumpUnlessEqual, .jumpUnlessNotEqual:
      if b < 0 {
        let value = loop.constant(b, at: place)
        emit(jump: i.op.specialized.ofConstant, a, to: target, value: value)
      } else {
        emit(jump: i.op.specialized.ofRegisters, a, b, to: target)
      }
    case .next:
      if case .listIterator(let kind) = states[b].kind {
        let code = ElementCode(kind)?.rawValue ?? 0
        emit(jump: .nextOfList, a, b, to: target, value: Slot(Double(code)))
      } else {
        emit(jump: .next, a, b, to: target)
      }
    case .loop:
      endTurn(i, target)
      return nil
    default: straight(i)
    }
    for (register, state) in effect.writes { states[register] = state }
    return next
  }

  /// The end of a turn. A loop over a range takes its next number at once.
  private mutating func endTurn(_ i: Instruction, _ target: Int) {
    if i.b == LoopKind.topLevel.rawValue {
      return emit(jump: .loopTopLevel, 0, LoopHeat.level(Int(i.c)), to: target)
    }
    let first = loop.instruction(target)
    guard first.op == .next, let there = loop.states[target], loop.effect(of: target, there) != nil,
      there[Int(first.b)].kind == .iterator
    else { return emit(jump: .loop, to: target) }
    emit(jump: .loopNext, Int(first.a), Int(first.b), to: target + 1)
    emit(jump: .jump, to: target + 1 + (first.target ?? 0))
  }

  /// An instruction that goes on with the next one.
  private mutating func straight(_ i: Instruction) {
    let (a, b, c) = (Int(i.a), Int(i.b), Int(i.c))
    switch i.op {
    case .move, .read, .format: move(a, b)
    case .constant:
      let value = loop.constant(b, at: place)
      if value.isObject { return emit(.constantObject, a, value: value) }
      release(a)
      emit(.constant, a, value: value)
    case .add where states[b].kind == .string:
      if c >= 0 { return emit(.join, a, b, c) }
      emit(.joinConstant, a, b, value: loop.constant(c, at: place))
    case .concatenate: emit(.text, a, b, c)
    case .iterate: emit(.iterateList, a, b)
    case .negate, .not:
      if a != b { release(a) }
      emit(i.op == .negate ? .negate : .not, a, b)
    case .range:
      emit(.iterate, Int(loop.instruction(place + 1).a), b)
    case .forgetTemporaries: forget(from: a)
    case .beginLoop: emit(.beginLoop)
    case .endLoop: emit(.endLoop, a)
    case .name: break
    case .element, .index, .storeElement, .append, .global, .storeGlobal, .cell, .captured,
      .storeCell,
      .call:
      memory(i)
    default:
      if a != b, a != c { release(a) }
      let (register, constant) = i.op.specialized
      if c >= 0 { return emit(register, a, b, c) }
      let value = loop.constant(c, at: place)
      let number = value.number
      let isWhole = number >= 1 && number < 0x1p51 && PlainArithmetic.isWhole(number)
      emit(i.op == .remainder && isWhole ? .remainderWhole : constant, a, b, value: value)
    }
  }

  private mutating func move(_ a: Int, _ b: Int) {
    guard a != b else { return }
    if !states[b].kind.isPlain { return emit(.moveObject, a, b) }
    release(a)
    emit(.move, a, b)
  }

  private mutating func forget(from first: Int) {
    for register in first..<max(first, states.count)
    where states[register].mayHoldObject && loop.isCleared(states[register]) {
      emit(.release, register)
    }
  }

  /// Lists, variables that are no registers, calls.
  private mutating func memory(_ i: Instruction) {
    let (a, b, c) = (Int(i.a), Int(i.b), Int(i.c))
    switch i.op {
    case .element:
      guard case .list(let kind) = states[b].kind else { return }
      let isPlain = kind.isPlain && a != b
      if isPlain { release(a) }
      let code = ElementCode(kind)?.rawValue ?? 0
      if c < 0 {
        let isBrief = kind == .number && isPlain
        emit(
          isBrief ? .elementConstant : .elementAtLength, a, b, isBrief ? 0 : code,
          value: loop.constant(c, at: place))
      } else if isPlain {
        emit(kind == .number ? .element : .elementFlag, a, b, c)
      } else {
        emit(.elementObject, a, b, c, value: Slot(Double(code)))
      }
    case .index:
      guard let slice = loop.slice(c) else { return }
      emit(
        .slice, a, b, SliceCode.count(slice.code),
        value: Slot(Double(4 * slice.base + slice.code)))
    case .storeElement where !states[a].kind.isList:
      emit(.storeAtLength, a, b, 1 + StoreKind.indices(c), value: Slot(Double(c)))
    case .storeElement:
      switch StoreKind.arithmetic(c) {
      case .add: emit(.storeAdd, a, b, b + 1)
      case .subtract: emit(.storeSubtract, a, b, b + 1)
      case .multiply: emit(.storeMultiply, a, b, b + 1)
      case .divide: emit(.storeDivide, a, b, b + 1)
      default: emit(.store, a, b, b + 1)
      }
    case .append: emit(.append, a, b)
    case .global:
      let slot = loop.globals.slots[b]
      if slot.is(.function) {
        emit(.expectGlobal, 0, b, value: slot)
      } else if slot.isNumber {
        release(a)
        emit(.global, a, b)
      } else {
        emit(.globalList, a, b)
      }
    case .storeGlobal: emit(.storeGlobal, a, b)
    case .cell:
      release(a)
      emit(.cell, a, b)
    case .captured:
      release(a)
      emit(.captured, a, b)
    case .storeCell: emit(.storeCell, a, b)
    default: call(i)
    }
  }

  private mutating func call(_ i: Instruction) {
    let (a, b, c) = (Int(i.a), Int(i.b), Int(i.c))
    guard case .builtin(let global) = states[b].kind else { return }
    let slot = loop.globals.slots[global]
    let function = slot.unmanaged(as: FunctionObject.self)
    guard c == 1, states[b + 1].kind == .number,
      function._withUnsafeGuaranteedRef({ $0.number != nil })
    else {
      if takeLength(i, function) { return }
      return emit(.callBrief, a, b + 1, c, value: slot)
    }
    release(a)
    let isRoot = function._withUnsafeGuaranteedRef { $0.name == "sqrt" }
    emit(isRoot ? .squareRoot : .callNumber, a, b + 1, value: slot)
  }
}

extension SpecializedCode {
  /// The length of a string that has just been made the argument needs no argument; false where it is
  /// not that.
  private mutating func takeLength(_ i: Instruction, _ function: Unmanaged<FunctionObject>) -> Bool
  {
    guard function._withUnsafeGuaranteedRef({ $0.name == "len" }), i.c == 1,
      let last = code.last?.instruction, last.op == .moveObject, last.a == i.b + 1,
      states[Int(i.b) + 1].kind == .string, !loop.isJumpedTo(place)
    else { return false }
    code.removeLast()
    release(Int(i.a))
    emit(.length, Int(i.a), Int(last.b))
    return true
  }
}

extension Opcode {
  /// What it becomes with two registers, and with a register and a constant on the right.
  fileprivate var specialized: (ofRegisters: SpecializedOpcode, ofConstant: SpecializedOpcode) {
    switch self {
    case .add: (.add, .addConstant)
    case .subtract: (.subtract, .subtractConstant)
    case .multiply: (.multiply, .multiplyConstant)
    case .divide: (.divide, .divideConstant)
    case .floorDivide: (.floorDivide, .floorDivideConstant)
    case .remainder: (.remainder, .remainderConstant)
    case .power: (.power, .powerConstant)
    case .less: (.less, .lessConstant)
    case .lessOrEqual: (.lessOrEqual, .lessOrEqualConstant)
    case .greater: (.greater, .greaterConstant)
    case .greaterOrEqual: (.greaterOrEqual, .greaterOrEqualConstant)
    case .equal: (.equal, .equalConstant)
    case .notEqual: (.notEqual, .notEqualConstant)
    case .jumpUnlessLess: (.jumpUnlessLess, .jumpUnlessLessConstant)
    case .jumpUnlessLessOrEqual: (.jumpUnlessLessOrEqual, .jumpUnlessLessOrEqualConstant)
    case .jumpUnlessGreater: (.jumpUnlessGreater, .jumpUnlessGreaterConstant)
    case .jumpUnlessGreaterOrEqual: (.jumpUnlessGreaterOrEqual, .jumpUnlessGreaterOrEqualConstant)
    case .jumpUnlessEqual: (.jumpUnlessEqual, .jumpUnlessEqualConstant)
    case .jumpUnlessNotEqual: (.jumpUnlessNotEqual, .jumpUnlessNotEqualConstant)
    // Of two bools; a constant is never one of them.
    case .logicalAnd: (.logicalAnd, .exit)
    case .logicalOr: (.logicalOr, .exit)
    default: (.exit, .exit)
    }
  }
}

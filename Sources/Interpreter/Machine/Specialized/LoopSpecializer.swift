// What the registers of a loop hold at each of its instructions, found by following their kinds from
// its start until nothing changes (Kildall, "A Unified Approach to Global Program Optimization", 1973).

import Autodiff

/// What is known about a register in front of an instruction.
struct RegisterState: Equatable {
  var kind: RegisterKind
  /// Whether what it holds may have to be let go of when it gets something else.
  var mayHoldObject: Bool
  /// Whether it may still hold what it held when the loop was entered.
  var isFromEntry: Bool

  func merged(_ other: RegisterState) -> RegisterState {
    RegisterState(
      kind: kind.merged(other.kind), mayHoldObject: mayHoldObject || other.mayHoldObject,
      isFromEntry: isFromEntry || other.isFromEntry)
  }
}

/// Makes the specialisation of a loop for the kinds that its registers hold.
struct LoopSpecializer {
  typealias States = [RegisterState]

  let routine: Routine
  /// The first instruction of a turn, and the one that ends it.
  let (start, end): (Int, Int)
  let chunk: Chunk
  let globals: Globals
  private(set) var states: [Int: States] = [:]
  /// Registers whose kind at entry is relied on, and those that are written.
  private var needed: Set<Int> = []
  private var written: Set<Int> = []
  /// The longest loop that is looked at, in instructions.
  private static let longest = 2000

  init(
    _ chunk: Chunk, start: Int, end: Int, _ registers: UnsafeMutablePointer<Slot>,
    _ globals: Globals
  ) {
    (self.chunk, routine, self.globals) = (chunk, chunk.routine, globals)
    (self.start, self.end) = (start, end)
    guard start <= end, end - start < Self.longest else { return }
    states[start] = (0..<routine.registerCount).map { index in
      let kind = RegisterKind(registers[index])
      return RegisterState(kind: kind, mayHoldObject: !kind.isPlain, isFromEntry: true)
    }
  }

  func instruction(_ place: Int) -> Instruction { routine.code[place] }

  /// Whether an instruction of the loop jumps to a place.
  func isJumpedTo(_ place: Int) -> Bool {
    states.keys.contains { from in instruction(from).target.map { from + 1 + $0 } == place }
  }

  /// The constant that is an operand of an instruction.
  func constant(_ operand: Int, at place: Int) -> Slot {
    UnsafePointer<Slot>(slots: routine.code + place)[operand]
  }

  /// The specialised loop, nil where that would be left at once.
  mutating func specialized() -> SpecializedLoop? {
    guard states[start] != nil else { return nil }
    var waiting: Set<Int> = [start]
    var budget = 50 * Self.longest
    while let place = waiting.min() {
      waiting.remove(place)
      budget -= 1
      guard budget > 0, let before = states[place] else { return nil }
      for (next, after) in successors(of: place, before) where start <= next && next <= end {
        let merged = states[next].map { zip($0, after).map { $0.merged($1) } } ?? after
        if states[next] != merged {
          states[next] = merged
          waiting.insert(next)
        }
      }
    }
    guard states[end] != nil, let entry = states[start] else { return nil }
    var guards: [(register: Int, kind: RegisterKind)] = []
    for (index, state) in entry.enumerated() {
      if needed.contains(index) {
        guards.append((index, state.kind))
      } else if written.contains(index), !state.mayHoldObject {
        guards.append((index, .plain))
      }
    }
    return SpecializedCode(self).loop(guards: guards)
  }

  /// Where it goes on after an instruction, and with what; nothing where it leaves the loop.
  private mutating func successors(of place: Int, _ before: States) -> [(Int, States)] {
    let i = instruction(place)
    guard let effect = effect(of: place, before) else { return [] }
    for register in effect.uses where before[register].isFromEntry { needed.insert(register) }
    var after = before
    for (register, state) in effect.writes {
      after[register] = state
      written.insert(register)
    }
    let next = place + 1 + effect.skipped
    guard let jump = i.target else { return [(next, after)] }
    let target = place + 1 + jump
    switch i.op {
    case .jump, .loop: return [(target, after)]
    // At its end a range gives no number.
    case .next: return [(next, after), (target, before)]
    default: return [(next, after), (target, after)]
    }
  }
}

/// What an instruction reads and writes, where it can be specialised.
struct RegisterEffect {
  /// Registers that must hold what they are known to hold.
  var uses: [Int] = []
  var writes: [(register: Int, state: RegisterState)] = []
  /// How many instructions behind it belong to it.
  var skipped = 0

  init(_ uses: [Int] = [], skipped: Int = 0) {
    (self.uses, self.skipped) = (uses, skipped)
  }

  /// It makes a number, or something else that is no object.
  func making(_ kind: RegisterKind, in register: Int) -> RegisterEffect {
    var effect = self
    effect.writes.append(
      (register, RegisterState(kind: kind, mayHoldObject: !kind.isPlain, isFromEntry: false)))
    return effect
  }
}

extension LoopSpecializer {
  /// What an instruction does with registers of these kinds; nil where it is left to the general code.
  func effect(of place: Int, _ states: States) -> RegisterEffect? {
    let i = instruction(place)
    let (a, b, c) = (Int(i.a), Int(i.b), Int(i.c))
    func kind(_ register: Int) -> RegisterKind { states[register].kind }
    switch i.op {
    case .move, .read:
      switch kind(b) {
      case .number, .flag, .list, .string: return RegisterEffect([b]).making(kind(b), in: a)
      default: return nil
      }
    case .constant:
      let kind = RegisterKind(constant(b, at: place), depth: 0)
      return kind.isPlain || kind == .string ? RegisterEffect().making(kind, in: a) : nil
    case .add where kind(b) == .string:
      if c < 0 {
        guard constant(c, at: place).is(.string) else { return nil }
        return RegisterEffect([b]).making(.string, in: a)
      }
      return kind(c) == .string ? RegisterEffect([b, c]).making(.string, in: a) : nil
    case .add, .subtract, .multiply, .divide, .floorDivide, .remainder, .power:
      return numbers(b, c, place, states)?.making(.number, in: a)
    case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual:
      return numbers(b, c, place, states)?.making(.flag, in: a)
    case .jumpUnlessLess, .jumpUnlessLessOrEqual, .jumpUnlessGreater, .jumpUnlessGreaterOrEqual,
      .jumpUnlessEqual, .jumpUnlessNotEqual:
      return numbers(a, b, place, states)
    case .negate: return kind(b) == .number ? RegisterEffect([b]).making(.number, in: a) : nil
    case .not, .andJump, .orJump:
      return kind(b) == .flag ? RegisterEffect([b]).making(.flag, in: a) : nil
    case .logicalAnd, .logicalOr:
      guard c >= 0, kind(b) == .flag, kind(c) == .flag else { return nil }
      return RegisterEffect([b, c]).making(.flag, in: a)
    case .jump, .beginLoop, .endLoop, .loop: return RegisterEffect()
    case .jumpIfFalse, .jumpIfTrue: return kind(a) == .flag ? RegisterEffect([a]) : nil
    case .next:
      // Behind the loop the register holds what it held in the last turn.
      if kind(b) == .iterator, !states[a].mayHoldObject {
        return RegisterEffect([b]).making(.number, in: a)
      }
      guard case .listIterator(let element) = kind(b), ElementCode(element) != nil else {
        return nil
      }
      return RegisterEffect([b]).making(element, in: a)
    case .iterate:
      guard case .list(let element) = kind(b) else { return nil }
      return RegisterEffect([b]).making(.listIterator(of: element), in: a)
    case .range:
      let next = instruction(place + 1)
      guard kind(b) == .number, kind(b + 1) == .number, next.op == .iterate, next.b == i.a else {
        return nil
      }
      return RegisterEffect([b, b + 1], skipped: 1).making(.iterator, in: Int(next.a))
    case .name: return kind(b).isPlain ? RegisterEffect([b]) : nil
    case .forgetTemporaries:
      var effect = RegisterEffect()
      for register in a..<max(a, states.count) where isCleared(states[register]) {
        effect = effect.making(.plain, in: register)
      }
      return effect
    default: return memoryEffect(of: place, states)
    }
  }

  /// Whether what a register holds is let go of at the end of a statement; an iterator may stay.
  func isCleared(_ state: RegisterState) -> Bool {
    switch state.kind {
    case .builtin: true
    case .iterator: false
    default: state.mayHoldObject
    }
  }

  /// An instruction on a left operand and a right one, which may be a constant.
  private func numbers(_ left: Int, _ right: Int, _ place: Int, _ states: States)
    -> RegisterEffect?
  {
    guard states[left].kind == .number else { return nil }
    if right < 0 { return constant(right, at: place).isNumber ? RegisterEffect([left]) : nil }
    return states[right].kind == .number ? RegisterEffect([left, right]) : nil
  }

  /// Instructions on lists, variables that are no registers, and builtins.
  private func memoryEffect(of place: Int, _ states: States) -> RegisterEffect? {
    let i = instruction(place)
    let (a, b, c) = (Int(i.a), Int(i.b), Int(i.c))
    func kind(_ register: Int) -> RegisterKind { states[register].kind }
    switch i.op {
    case .element:
      guard c < 0 || kind(c) == .number, case .list(let element) = kind(b) else { return nil }
      guard ElementCode(element) != nil else { return nil }
      return RegisterEffect(c < 0 ? [b] : [b, c], skipped: 1).making(element, in: a)
    case .storeElement:
      guard kind(a).isList else {
        let row = Array(b...(b + StoreKind.indices(c)))
        guard kind(a) == .unknown, row.allSatisfy({ kind($0) == .number }) else { return nil }
        return RegisterEffect(row, skipped: 1)
      }
      guard StoreKind.hasOneIndex(c), kind(b + 1) == .number else { return nil }
      switch StoreKind.arithmetic(c) {
      case nil where kind(b).isPlain: break
      case .add, .subtract, .multiply, .divide: if kind(b) != .number { return nil }
      default: return nil
      }
      return RegisterEffect([a, b, b + 1], skipped: 1)
    case .append:
      let isKnown = kind(b).isPlain || kind(b) == .string || kind(b).isList
      return kind(a).isList && isKnown ? RegisterEffect([a, b], skipped: c) : nil
    case .format:
      guard c < 0, kind(b) == .number || kind(b) == .string else { return nil }
      return RegisterEffect([b]).making(kind(b), in: a)
    case .concatenate:
      let row = Array(b..<max(b, b + c))
      guard row.allSatisfy({ kind($0) == .number || kind($0) == .string }) else { return nil }
      return RegisterEffect(row).making(.string, in: a)
    case .index:
      guard let slice = slice(c), kind(slice.base) == .string else { return nil }
      let row = Array(b..<(b + SliceCode.count(slice.code)))
      guard row.allSatisfy({ kind($0) == .number }) else { return nil }
      return RegisterEffect([slice.base] + row).making(.string, in: a)
    case .global:
      let slot = globals.slots[b]
      if slot.is(.function), isCalled(a, behind: place) {
        return RegisterEffect().making(.builtin(global: b), in: a).keepingObject(of: states[a])
      }
      let kind = RegisterKind(slot)
      return kind == .number || kind.isList ? RegisterEffect().making(kind, in: a) : nil
    case .storeGlobal:
      return c == 0 && b >= globals.builtinCount && kind(a) == .number ? RegisterEffect([a]) : nil
    case .cell:
      return kind(b) == .cell ? RegisterEffect([b]).making(.number, in: a) : nil
    case .storeCell:
      return kind(a) == .cell && kind(b) == .number ? RegisterEffect([a, b]) : nil
    case .captured: return RegisterEffect().making(.number, in: a)
    case .call:
      guard case .builtin(let global) = kind(b), c == 1 || c == 2 else { return nil }
      let arguments = (1...c).map { b + $0 }
      let function = globals.slots[global].unmanaged(as: FunctionObject.self)
      let (number, brief) = function._withUnsafeGuaranteedRef { ($0.number, $0.brief) }
      if c == 1, number != nil, kind(b + 1) == .number {
        return RegisterEffect(arguments).making(.number, in: a)
      }
      guard brief?.count == c, arguments.allSatisfy({ isArgument(kind($0)) }) else {
        return nil
      }
      return RegisterEffect(arguments).making(.number, in: a)
    default: return nil
    }
  }

  private func isArgument(_ kind: RegisterKind) -> Bool {
    kind.isPlain || kind == .string || kind.isList
  }

  /// The register and the characters that an index in brackets takes, where that is a slice.
  func slice(_ path: Int) -> (base: Int, code: Int)? {
    guard case .register(let base) = chunk.paths[path].base, chunk.paths[path].steps.count == 1,
      case .index(let kinds) = chunk.paths[path].steps[0], kinds.count == 1,
      let code = SliceCode.code(kinds[0])
    else { return nil }
    return (base, code)
  }

  /// Whether what is put into a register is called before anything else happens to it.
  private func isCalled(_ register: Int, behind place: Int) -> Bool {
    for next in (place + 1)..<min(end, place + 60) {
      let i = instruction(next)
      if i.op == .call, Int(i.b) == register { return true }
      if i.op.writesOnlyA, Int(i.a) == register { return false }
    }
    return false
  }
}

extension RegisterEffect {
  /// The register itself keeps what it holds.
  fileprivate func keepingObject(of state: RegisterState) -> RegisterEffect {
    var effect = self
    effect.writes[effect.writes.count - 1].state.mayHoldObject = state.mayHoldObject
    return effect
  }
}

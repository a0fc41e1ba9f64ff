// The loop of the virtual machine: numbers, calls, jumps and variables the short way; everything
// else in SlowOperations.swift. What is no number has the bits of a NaN, so a result that is not NaN
// is one of two numbers, and nothing else needs to be looked at.

import Autodiff
import Diagnostics

extension Machine {
  /// Runs until the frame above `outer` has returned.
  func execute(until outer: UnsafeMutablePointer<Frame>) throws {
    // Few instructions need the frame: it is looked up in `top`, so that less lives through all.
    var ip = top.pointee.next
    var r = top.pointee.registers
    while true {
      let i = ip
      ip += 1
      switch i.pointee.op {
      case .move:
        top.take(r, i.a, r[i.b])
        continue
      case .constant:
        top.take(r, i.a, UnsafePointer<Slot>(slots: i)[i.b])
        continue
      case .add:
        let result = r[i.b].number + right(i.c, r, i).number
        if result == result {
          r.put(i.a, Slot(result))
          continue
        }
      case .subtract:
        let result = r[i.b].number - right(i.c, r, i).number
        if result == result {
          r.put(i.a, Slot(result))
          continue
        }
      case .multiply:
        let result = r[i.b].number * right(i.c, r, i).number
        if result == result {
          r.put(i.a, Slot(result))
          continue
        }
      case .divide:
        let result = r[i.b].number / right(i.c, r, i).number
        if result == result {
          r.put(i.a, Slot(result))
          continue
        }
      case .remainder:
        let (x, y) = (r[i.b], right(i.c, r, i))
        if Slot.areNumbers(x, y) {
          r.put(i.a, Slot(number: PlainArithmetic.remainder(x.number, y.number)))
          continue
        }
      case .floorDivide:
        let (x, y) = (r[i.b], right(i.c, r, i))
        if Slot.areNumbers(x, y) {
          r.put(i.a, Slot(number: PlainArithmetic.floorQuotient(x.number, y.number)))
          continue
        }
      case .power:
        let (x, y) = (r[i.b], right(i.c, r, i))
        if Slot.areNumbers(x, y) {
          r.put(i.a, Slot(number: PlainArithmetic.power(x.number, y.number)))
          continue
        }
      case .negate:
        if r[i.b].isNumber {
          r.put(i.a, Slot(number: -r[i.b].number))
          continue
        }
      case .not:
        if r[i.b].isBool {
          r.put(i.a, Slot(!r[i.b].isTrue))
          continue
        }
      case .less: if compare(i, r, <) { continue }
      case .lessOrEqual: if compare(i, r, <=) { continue }
      case .greater: if compare(i, r, >) { continue }
      case .greaterOrEqual: if compare(i, r, >=) { continue }
      case .equal: if compare(i, r, ==) { continue }
      case .notEqual: if compare(i, r, !=) { continue }
      case .jumpUnlessLess:
        if let isTrue = holds(i, r, <, >=) {
          if !isTrue { ip += i.c }
          continue
        }
      case .jumpUnlessLessOrEqual:
        if let isTrue = holds(i, r, <=, >) {
          if !isTrue { ip += i.c }
          continue
        }
      case .jumpUnlessGreater:
        if let isTrue = holds(i, r, >, <=) {
          if !isTrue { ip += i.c }
          continue
        }
      case .jumpUnlessGreaterOrEqual:
        if let isTrue = holds(i, r, >=, <) {
          if !isTrue { ip += i.c }
          continue
        }
      case .jumpUnlessEqual:
        if let isTrue = holds(i, r, ==, { $0 < $1 || $0 > $1 }) {
          if !isTrue { ip += i.c }
          continue
        }
      case .jumpUnlessNotEqual:
        if let isTrue = holds(i, r, { $0 < $1 || $0 > $1 }, ==) {
          if !isTrue { ip += i.c }
          continue
        }
      case .jump:
        ip += i.a
        continue
      case .jumpIfFalse:
        if r[i.a].isBool {
          if !r[i.a].isTrue { ip += i.b }
          continue
        }
      case .jumpIfTrue:
        if r[i.a].isBool {
          if r[i.a].isTrue { ip += i.b }
          continue
        }
      case .global:
        let slot = globals.slots[i.b]
        if !slot.isUndefined, !slot.is(.foreign) {
          top.take(r, i.a, slot)
          continue
        }
        top.pointee.next = ip
        if try short(i, top) { continue }
        ip = try slow(i.pointee, top)
        continue
      case .storeGlobal:
        if i.c == 0, i.b >= globals.builtinCount, storeNumber(r[i.a], inGlobal: i.b) { continue }
      case .read:
        if !r[i.b].is(.foreign) {
          top.take(r, i.a, r[i.b])
          continue
        }
      case .name:
        if !r[i.b].is(.tensor) { continue }
      case .cell:
        let cell = r[i.b].unmanaged(as: CellObject.self)
        top.take(r, i.a, cell._withUnsafeGuaranteedRef { $0.slot })
        continue
      case .storeCell:
        if storeNumber(r[i.b], in: r[i.a]) { continue }
      case .captured:
        let cell = top.pointee.closure._withUnsafeGuaranteedRef { $0.capture(i.b) }
        top.take(r, i.a, cell._withUnsafeGuaranteedRef { $0.slot })
        continue
      case .next:
        if let slot = nextNumber(r[i.b]) {
          if slot.isUndefined { ip += i.c } else { r.put(i.a, slot) }
          continue
        }
      case .element:
        if let slot = element(r[i.b], right(i.c, r, i)) {
          if slot.isObject { top.pointee.holdsObjects = true }
          r.put(i.a, slot)
          ip += 1
        }
        continue
      case .storeElement:
        if storePlain(r[i.a], r[i.b], r[i.b + 1], i.c) {
          ip += 1
          continue
        }
      case .append:
        if try append(r[i.b], to: r[i.a]) { ip += i.c }
        continue
      case .call:
        if i.c == 1, let number = number(of: r[i.b], r[i.b + 1]) {
          r.put(i.a, number)
          continue
        }
        if let closure = closure(r[i.b], takes: i.c) {
          top.pointee.next = ip
          try poll()
          let target = r + i.a
          r += i.b + 1
          try enter(
            closure, registers: r, target: target, isTraining: top.pointee.isTraining)
          ip = top.pointee.next
          continue
        }
      case .callGlobal:
        let callee = globals.slots[i.b]
        if let closure = closure(callee, takes: i.c) {
          top.pointee.next = ip
          try poll()
          let target = r + i.a
          r = target + 1
          try enter(
            closure, registers: r, target: target, isTraining: top.pointee.isTraining)
          ip = top.pointee.next
          continue
        }
      case .returnValue:
        leave(with: i.a)
        if top == outer { return }
        ip = top.pointee.next
        r = top.pointee.registers
        continue
      case .loop:
        top.pointee.next = ip
        try poll()
        if i.b == LoopKind.topLevel.rawValue || session.graph.wantsFlush || wantsPause
          || epochs.areOpen
        {
          try endOfTurn(i.b, level: LoopHeat.level(i.c))
        }
        ip += i.a
        let heat = LoopHeat.state(i.c)
        if heat >= 0, let next = try specialized(i, heat) {
          ip = next
          continue
        }
        // A loop over a range takes its next number without a dispatch between.
        let n = ip
        if n.pointee.op == .next, let slot = nextNumber(r[n.b]), !slot.isUndefined {
          r.put(n.a, slot)
          ip += 1
        }
        continue
      case .forgetTemporaries:
        let count = top.pointee.routine.registerCount &- i.a
        if count > 0 { (r + i.a).clear(count) }
        continue
      case .beginLoop:
        loops &+= 1
        if loops == 1 { session.loopsBegin() }
        continue
      case .endLoop:
        loops &-= i.a
        if loops == 0 { session.loopsEnd() }
        continue
      case .rawGlobal, .newCell, .capture, .matmul, .transpose, .andJump, .orJump, .logicalAnd,
        .logicalOr, .iterate, .callNamed, .names,
        .tuple, .brackets, .range, .record, .concatenate, .format, .closure, .field,
        .storeGlobalElement, .index, .update, .method, .compose, .partial, .unpack, .newParam,
        .storeParam, .checkShape, .model, .member, .assert, .importFile, .hasArgument,
        .forgetLocals, .keepLocals:
        break
      }
      ip = try atLength(i, next: ip)
    }
  }

  /// Carries out an instruction that had no short way; gives the one that comes next.
  @inline(never)
  private func atLength(_ i: UnsafePointer<Instruction>, next: UnsafePointer<Instruction>) throws
    -> UnsafePointer<Instruction>
  {
    let frame = top
    frame.pointee.next = next
    if let next = try plainly(i, frame) ?? again(i, frame) { return next }
    return try short(i, frame) ? next : learning(i, frame)
  }

  @inline(__always) private var globals: Globals { session.globals }

  /// Compares two numbers; false where the operands are none.
  @inline(__always)
  private func compare(
    _ i: UnsafePointer<Instruction>, _ r: UnsafeMutablePointer<Slot>,
    _ isTrue: (Double, Double) -> Bool
  ) -> Bool {
    let (x, y) = (r[i.b], right(i.c, r, i))
    guard Slot.areNumbers(x, y) else { return false }
    r.put(i.a, Slot(isTrue(x.number, y.number)))
    return true
  }

  /// Whether the comparison of a jump holds; nil where an operand is no number.
  @inline(__always)
  private func holds(
    _ i: UnsafePointer<Instruction>, _ r: UnsafeMutablePointer<Slot>,
    _ isTrue: (Double, Double) -> Bool, _ isFalse: (Double, Double) -> Bool
  ) -> Bool? {
    let (x, y) = (r[i.a].number, right(i.b, r, i).number)
    if isTrue(x, y) { return true }
    return isFalse(x, y) ? false : nil
  }

  /// The next number of a range, `undefined` at its end, nil for what is no iterator over one.
  @inline(__always)
  private func nextNumber(_ slot: Slot) -> Slot? {
    guard slot.is(.iterator) else { return nil }
    return slot.unmanaged(as: IteratorObject.self)._withUnsafeGuaranteedRef { $0.nextNumber() }
  }

  /// A right operand of the instruction at `i`: a register, or a constant where negative.
  @inline(__always)
  private func right(
    _ index: Int, _ r: UnsafeMutablePointer<Slot>, _ i: UnsafePointer<Instruction>
  ) -> Slot {
    ((index >= 0 ? UnsafePointer(r) : UnsafePointer(slots: i)) + index).pointee
  }

  /// The closure in a slot, nil for what takes another number of arguments or is none.
  @inline(__always)
  private func closure(_ slot: Slot, takes count: Int) -> Unmanaged<ClosureObject>? {
    guard slot.is(.closure) else { return nil }
    let closure = slot.unmanaged(as: ClosureObject.self)
    let expected = closure._withUnsafeGuaranteedRef { $0.routine.parameterCount }
    return expected == count ? closure : nil
  }

  /// Stores a number over a number in a captured variable; false where that is none.
  @inline(__always)
  func storeNumber(_ number: Slot, in place: Slot) -> Bool {
    let cell = place.unmanaged(as: CellObject.self)
    guard number.isNumber, cell._withUnsafeGuaranteedRef({ $0.slot.isNumber }) else { return false }
    let turn = session.journal.turn
    if cell._withUnsafeGuaranteedRef({ $0.turn }) != turn {
      session.journal.note(cell.takeUnretainedValue())
    }
    cell._withUnsafeGuaranteedRef { $0.set(number) }
    return true
  }

  /// Stores a number over a number in a global variable of the program; false where that is none.
  @inline(__always)
  func storeNumber(_ number: Slot, inGlobal index: Int) -> Bool {
    let place = globals.slots + index
    guard Slot.areNumbers(number, place.pointee) else { return false }
    session.journal.note(index, of: session.globals)
    place.pointee = number
    return true
  }

  /// An element of a list, nil where there is no short way.
  @inline(__always)
  private func element(_ base: Slot, _ index: Slot) -> Slot? {
    base.is(.list) ? listElement(base, index)?.retained : nil
  }

  /// An element of what is known to be a list, not counted; nil where there is none.
  @inline(__always)
  func listElement(_ list: Slot, _ index: Slot) -> Slot? {
    guard let place = PlainArithmetic.place(index.number) else { return nil }
    return list.unmanaged(as: ListObject.self)._withUnsafeGuaranteedRef {
      place < $0.count ? $0.slot(place) : nil
    }
  }

  /// Puts what is no object into a list that nobody else holds, or what arithmetic makes of it and of
  /// the number there (`StoreKind`); false where there is no short way.
  @inline(__always)
  private func storePlain(_ base: Slot, _ value: Slot, _ index: Slot, _ kind: Int) -> Bool {
    guard base.is(.list), let place = PlainArithmetic.place(index.number),
      StoreKind.hasOneIndex(kind), base.isAlone(as: ListObject.self)
    else { return false }
    return base.unmanaged(as: ListObject.self)._withUnsafeGuaranteedRef { list in
      guard place < list.count else { return false }
      guard let op = StoreKind.arithmetic(kind) else {
        guard !value.isObject, !value.isUndefined else { return false }
        list.replace(place, by: value)
        return true
      }
      let old = list.slot(place)
      guard Slot.areNumbers(value, old), let new = op.arithmetic(old.number, value.number) else {
        return false
      }
      list.replace(place, by: Slot(new))
      return true
    }
  }

  /// What a builtin makes of a number, nil for everything else.
  @inline(__always)
  func number(of callee: Slot, _ argument: Slot) -> Slot? {
    guard argument.isNumber, callee.is(.function) else { return nil }
    return callee.unmanaged(as: FunctionObject.self)._withUnsafeGuaranteedRef {
      $0.number.map { Slot(number: $0(argument.number)) }
    }
  }
}

extension Opcode {
  /// What an instruction makes of two numbers; nil where that is no number, or takes longer.
  @inline(__always)
  func arithmetic(_ x: Double, _ y: Double) -> Double? {
    let result: Double
    switch self {
    case .add: result = x + y
    case .subtract: result = x - y
    case .multiply: result = x * y
    case .divide: result = x / y
    default: return nil
    }
    return result == result ? result : nil
  }

  /// The comparison that an instruction makes.
  @inline(__always)
  func compare(_ x: Double, _ y: Double) -> Bool {
    switch self {
    case .less, .jumpUnlessLess: x < y
    case .lessOrEqual, .jumpUnlessLessOrEqual: x <= y
    case .greater, .jumpUnlessGreater: x > y
    case .greaterOrEqual, .jumpUnlessGreaterOrEqual: x >= y
    case .equal, .jumpUnlessEqual: x == y
    default: x != y
    }
  }
}

extension UnsafeMutablePointer<Machine.Frame> {
  /// Puts one more holder of a value into a register of the frame.
  @inline(__always)
  func take(_ registers: UnsafeMutablePointer<Slot>, _ index: Int, _ slot: Slot) {
    if slot.isObject {
      slot.retain()
      pointee.holdsObjects = true
    }
    registers.put(index, slot)
  }
}

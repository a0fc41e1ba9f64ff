// The loop of the virtual machine: numbers, calls, jumps and variables the short way; everything
// else in SlowOperations.swift. What is no number has the bits of a NaN, so a result that is not NaN
// is one of two numbers, and nothing else needs to be looked at.

import Diagnostics

extension Machine {
  /// Runs until the frame at `outer` has returned.
  func execute(until outer: Int) throws {
    let globals = Unmanaged.passUnretained(session.globals)
    let builtinCount = session.globals.builtinCount
    var frame = frames + (depth - 1)
    var ip = frame.pointee.next
    var r = frame.pointee.registers
    var k = frame.pointee.routine.constants
    while true {
      let i = ip.pointee
      ip += 1
      let (a, b, c) = (Int(i.a), Int(i.b), Int(i.c))
      switch i.op {
      case .move:
        r.put(a, r[b].retained)
        continue
      case .constant:
        r.put(a, k[b].retained)
        continue
      case .add:
        let result = r[b].number + right(c, r, k).number
        if result == result {
          r.put(a, Slot(result))
          continue
        }
      case .subtract:
        let result = r[b].number - right(c, r, k).number
        if result == result {
          r.put(a, Slot(result))
          continue
        }
      case .multiply:
        let result = r[b].number * right(c, r, k).number
        if result == result {
          r.put(a, Slot(result))
          continue
        }
      case .divide:
        let result = r[b].number / right(c, r, k).number
        if result == result {
          r.put(a, Slot(result))
          continue
        }
      case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual:
        let (x, y) = (r[b], right(c, r, k))
        if Slot.areNumbers(x, y) {
          r.put(a, Slot(i.op.compare(x.number, y.number)))
          continue
        }
      case .jumpUnlessLess:
        let (x, y) = (r[a].number, right(b, r, k).number)
        if x < y { continue }
        if x >= y {
          ip += c
          continue
        }
      case .jumpUnlessLessOrEqual, .jumpUnlessGreater, .jumpUnlessGreaterOrEqual,
        .jumpUnlessEqual, .jumpUnlessNotEqual:
        let (x, y) = (r[a], right(b, r, k))
        if Slot.areNumbers(x, y) {
          if !i.op.compare(x.number, y.number) { ip += c }
          continue
        }
      case .jump:
        ip += a
        continue
      case .jumpIfFalse:
        if r[a].isBool {
          if !r[a].isTrue { ip += b }
          continue
        }
      case .jumpIfTrue:
        if r[a].isBool {
          if r[a].isTrue { ip += b }
          continue
        }
      case .global:
        let slot = globals._withUnsafeGuaranteedRef { $0.slots }[b]
        if !slot.isUndefined, !slot.is(.foreign) {
          r.put(a, slot.retained)
          continue
        }
      case .storeGlobal:
        let place = globals._withUnsafeGuaranteedRef { $0.slots } + b
        if c == 0, r[a].isNumber, place.pointee.isNumber, b >= builtinCount {
          session.journal.note(b, of: session.globals)
          place.pointee = r[a]
          continue
        }
      case .read:
        if !r[b].is(.foreign) {
          r.put(a, r[b].retained)
          continue
        }
      case .name:
        if !r[b].isObject { continue }
      case .cell:
        let cell = r[b].unmanaged(as: CellObject.self)
        r.put(a, cell._withUnsafeGuaranteedRef { $0.slot.retained })
        continue
      case .storeCell:
        let cell = r[a].unmanaged(as: CellObject.self)
        if r[b].isNumber, cell._withUnsafeGuaranteedRef({ $0.slot.isNumber }) {
          let turn = session.journal.turn
          if cell._withUnsafeGuaranteedRef({ $0.turn }) != turn {
            session.journal.note(cell.takeUnretainedValue())
          }
          cell._withUnsafeGuaranteedRef { $0.set(r[b]) }
          continue
        }
      case .captured:
        let cell = frame.pointee.closure._withUnsafeGuaranteedRef { $0.capture(b) }
        r.put(a, cell._withUnsafeGuaranteedRef { $0.slot.retained })
        continue
      case .next:
        if r[b].is(.iterator) {
          let iterator = r[b].unmanaged(as: IteratorObject.self)
          if let slot = iterator._withUnsafeGuaranteedRef({ $0.nextNumber() }) {
            if slot.isUndefined { ip += c } else { r.put(a, slot) }
            continue
          }
        }
      case .element:
        if let slot = element(r[b], right(c, r, k)) {
          r.put(a, slot)
          ip += 1
        }
        continue
      case .call, .callGlobal:
        let callee = i.op == .call ? r[b] : globals._withUnsafeGuaranteedRef { $0.slots }[b]
        if callee.is(.closure) {
          let closure = callee.unmanaged(as: ClosureObject.self)
          let routine = closure._withUnsafeGuaranteedRef { $0.routine }
          if routine.parameterCount == c {
            frame.pointee.next = ip
            try poll()
            let arguments = r + (i.op == .call ? b : a) + 1
            try enter(
              closure, registers: arguments, target: r + a, given: .max,
              isTraining: frame.pointee.isTraining)
            frame += 1
            ip = routine.code
            r = arguments
            k = routine.constants
            continue
          }
        }
      case .returnValue:
        let target = frame.pointee.target
        // Moved out, so that the frame no longer holds it.
        let result = r[a]
        r[a] = .none
        leave()
        target.put(0, result)
        if depth == outer { return }
        frame = frames + (depth - 1)
        ip = frame.pointee.next
        r = frame.pointee.registers
        k = frame.pointee.routine.constants
        continue
      case .loop:
        frame.pointee.next = ip
        try poll()
        if b == 1 || session.graph.wantsFlush { try session.endOfTurn(isTopLevel: b == 1) }
        ip += a
        continue
      default: break
      }
      frame.pointee.next = ip
      ip = try slow(i, frame)
    }
  }

  /// A right operand: a register, or a constant where negative.
  @inline(__always)
  private func right(
    _ index: Int, _ r: UnsafeMutablePointer<Slot>, _ k: UnsafePointer<Slot>
  ) -> Slot {
    (index >= 0 ? UnsafePointer(r) + index : k + ~index).pointee
  }

  /// An element of a list, nil where there is no short way.
  @inline(__always)
  private func element(_ base: Slot, _ index: Slot) -> Slot? {
    guard base.is(.list), index.isNumber, let place = Int(exactly: index.number) else { return nil }
    return base.unmanaged(as: ListObject.self)._withUnsafeGuaranteedRef { list in
      guard place >= 0, place < list.elements.count else { return nil }
      return Slot(list.elements[place])
    }
  }
}

extension Opcode {
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

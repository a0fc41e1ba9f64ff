// The loop of the machine over specialised instructions.

import Autodiff

extension Machine {
  typealias Specialized = UnsafePointer<SpecializedInstruction>

  /// Runs a specialised loop; gives the instruction with which it is left.
  @inline(never)
  func run(_ loop: SpecializedLoop, _ r: Registers) throws -> Specialized {
    var i = loop.code
    do {
      while true {
        switch i.pointee.op {
        case .move: r[i.a] = r[i.b]
        case .constant: r[i.a] = i.pointee.value
        case .add: r[i.a] = Slot(r[i.b].number + r[i.c].number)
        case .subtract: r[i.a] = Slot(r[i.b].number - r[i.c].number)
        case .multiply: r[i.a] = Slot(r[i.b].number * r[i.c].number)
        case .divide: r[i.a] = Slot(r[i.b].number / r[i.c].number)
        case .addConstant: r[i.a] = Slot(r[i.b].number + i.number)
        case .subtractConstant: r[i.a] = Slot(r[i.b].number - i.number)
        case .multiplyConstant: r[i.a] = Slot(r[i.b].number * i.number)
        case .divideConstant: r[i.a] = Slot(r[i.b].number / i.number)
        case .remainder:
          r[i.a] = Slot(number: PlainArithmetic.remainder(r[i.b].number, r[i.c].number))
        case .remainderConstant:
          r[i.a] = Slot(number: PlainArithmetic.remainder(r[i.b].number, i.number))
        case .remainderWhole:
          r[i.a] = Slot(PlainArithmetic.remainder(r[i.b].number, ofWhole: i.number))
        case .floorDivide:
          r[i.a] = Slot(number: PlainArithmetic.floorQuotient(r[i.b].number, r[i.c].number))
        case .floorDivideConstant:
          r[i.a] = Slot(number: PlainArithmetic.floorQuotient(r[i.b].number, i.number))
        case .power: r[i.a] = Slot(number: PlainArithmetic.power(r[i.b].number, r[i.c].number))
        case .powerConstant: r[i.a] = Slot(number: PlainArithmetic.power(r[i.b].number, i.number))
        case .negate: r[i.a] = Slot(-r[i.b].number)
        case .not: r[i.a] = Slot(!r[i.b].isTrue)
        case .logicalAnd: r[i.a] = Slot(r[i.b].isTrue && r[i.c].isTrue)
        case .logicalOr: r[i.a] = Slot(r[i.b].isTrue || r[i.c].isTrue)
        case .less: r[i.a] = Slot(r[i.b].number < r[i.c].number)
        case .lessOrEqual: r[i.a] = Slot(r[i.b].number <= r[i.c].number)
        case .greater: r[i.a] = Slot(r[i.b].number > r[i.c].number)
        case .greaterOrEqual: r[i.a] = Slot(r[i.b].number >= r[i.c].number)
        case .equal: r[i.a] = Slot(r[i.b].number == r[i.c].number)
        case .notEqual: r[i.a] = Slot(r[i.b].number != r[i.c].number)
        case .lessConstant: r[i.a] = Slot(r[i.b].number < i.number)
        case .lessOrEqualConstant: r[i.a] = Slot(r[i.b].number <= i.number)
        case .greaterConstant: r[i.a] = Slot(r[i.b].number > i.number)
        case .greaterOrEqualConstant: r[i.a] = Slot(r[i.b].number >= i.number)
        case .equalConstant: r[i.a] = Slot(r[i.b].number == i.number)
        case .notEqualConstant: r[i.a] = Slot(r[i.b].number != i.number)
        case .jump:
          i = i.target
          continue
        case .jumpIfFalse:
          i = r[i.a].isTrue ? i + 1 : i.target
          continue
        case .jumpIfTrue:
          i = r[i.a].isTrue ? i.target : i + 1
          continue
        case .andJump:
          r[i.a] = r[i.b]
          i = r[i.b].isTrue ? i + 1 : i.target
          continue
        case .orJump:
          r[i.a] = r[i.b]
          i = r[i.b].isTrue ? i.target : i + 1
          continue
        case .jumpUnlessLess:
          i = r[i.a].number < r[i.b].number ? i + 1 : i.target
          continue
        case .jumpUnlessLessOrEqual:
          i = r[i.a].number <= r[i.b].number ? i + 1 : i.target
          continue
        case .jumpUnlessGreater:
          i = r[i.a].number > r[i.b].number ? i + 1 : i.target
          continue
        case .jumpUnlessGreaterOrEqual:
          i = r[i.a].number >= r[i.b].number ? i + 1 : i.target
          continue
        case .jumpUnlessEqual:
          i = r[i.a].number == r[i.b].number ? i + 1 : i.target
          continue
        case .jumpUnlessNotEqual:
          i = r[i.a].number != r[i.b].number ? i + 1 : i.target
          continue
        case .jumpUnlessLessConstant:
          i = r[i.a].number < i.number ? i + 1 : i.target
          continue
        case .jumpUnlessLessOrEqualConstant:
          i = r[i.a].number <= i.number ? i + 1 : i.target
          continue
        case .jumpUnlessGreaterConstant:
          i = r[i.a].number > i.number ? i + 1 : i.target
          continue
        case .jumpUnlessGreaterOrEqualConstant:
          i = r[i.a].number >= i.number ? i + 1 : i.target
          continue
        case .jumpUnlessEqualConstant:
          i = r[i.a].number == i.number ? i + 1 : i.target
          continue
        case .jumpUnlessNotEqualConstant:
          i = r[i.a].number != i.number ? i + 1 : i.target
          continue
        case .next:
          let number = nextOfRange(r[i.b])
          guard number == number else {
            i = i.target
            continue
          }
          r[i.a] = Slot(number)
        case .loop:
          fuel &-= 1
          if fuel < 0, try mustLeave() { return i }
          i = i.target
          continue
        case .loopTopLevel:
          if try endsTurn(loop, i) { return i }
          i = i.target
          if hasPaused { return i }
          continue
        case .loopNext:
          fuel &-= 1
          if fuel < 0, try mustLeave() { return i }
          let number = nextOfRange(r[i.b])
          if number == number {
            r[i.a] = Slot(number)
            i = i.target
            continue
          }
        case .element:
          guard let slot = listElement(r[i.b], r[i.c]), slot.isNumber else { return i }
          r[i.a] = slot
        case .elementFlag:
          guard let slot = listElement(r[i.b], r[i.c]), slot.isBool else { return i }
          r[i.a] = slot
        case .elementConstant:
          guard let slot = listElement(r[i.b], i.pointee.value), slot.isNumber else { return i }
          r[i.a] = slot
        case .store:
          guard let place = listPlace(r[i.a], r[i.c]) else { return i }
          place.pointee = r[i.b]
        case .storeAdd:
          guard let place = listPlace(r[i.a], r[i.c]), place.pointee.isNumber else { return i }
          place.pointee = Slot(place.pointee.number + r[i.b].number)
        case .storeSubtract:
          guard let place = listPlace(r[i.a], r[i.c]), place.pointee.isNumber else { return i }
          place.pointee = Slot(place.pointee.number - r[i.b].number)
        case .storeMultiply:
          guard let place = listPlace(r[i.a], r[i.c]), place.pointee.isNumber else { return i }
          place.pointee = Slot(place.pointee.number * r[i.b].number)
        case .storeDivide:
          guard let place = listPlace(r[i.a], r[i.c]), place.pointee.isNumber else { return i }
          place.pointee = Slot(place.pointee.number / r[i.b].number)
        case .global:
          let slot = session.globals.slots[i.b]
          guard slot.isNumber else { return i }
          r[i.a] = slot
        case .expectGlobal:
          guard session.globals.slots[i.b].bits == i.pointee.value.bits else { return i }
        case .squareRoot: r[i.a] = Slot(number: r[i.b].number.squareRoot())
        case .beginLoop: loops &+= 1
        case .endLoop: loops &-= i.a
        case .exit: return i
        case .length:
          let string = r[i.b].unmanaged(as: StringObject.self)
          r[i.a] = Slot(Double(string._withUnsafeGuaranteedRef { $0.length }))
        case .join: try concatenate(r, i.a, i.b, r[i.c])
        case .joinConstant: try concatenate(r, i.a, i.b, i.pointee.value)
        case .nextOfList:
          switch nextOfList(i, r) {
          case .taken: break
          case .nothing: return i
          case .ended:
            i = i.target
            continue
          }
        case .callBrief:
          // The builtin sees where it is called.
          place(loop, i)
          guard try call(i.pointee.value, r + i.b, i.c, into: i.a, top) else { return i }
          // What is no number is left to the general code.
          guard r[i.a].isNumber else { return i + 1 }
        case .release: if r[i.a].isObject { r.put(i.a, .none) }
        case .moveObject, .constantObject, .iterate, .iterateList, .elementObject,
          .elementAtLength, .storeAtLength, .append, .text, .slice, .globalList,
          .storeGlobal, .cell, .captured, .storeCell, .callNumber:
          guard try runAtLength(i, r) else { return i }
        }
        i += 1
      }
    } catch {
      place(loop, i)
      throw error
    }
  }

  // MARK: - Turns

  /// Looks at the interrupt flag; whether the general code is to look around.
  @inline(never)
  private func mustLeave() throws -> Bool {
    try refuel()
    return wantsPause
  }

  /// The end of a turn that is finished work; whether the general code is to look around.
  @inline(never)
  private func endsTurn(_ loop: SpecializedLoop, _ i: Specialized) throws -> Bool {
    place(loop, i)
    try poll()
    if wantsPause { return true }
    hasPaused = false
    try endOfTurn(LoopKind.topLevel.rawValue, level: i.b)
    return false
  }

  /// Says where the function is, and what its registers hold, for errors.
  private func place(_ loop: SpecializedLoop, _ i: Specialized) {
    top.pointee.next = top.pointee.routine.code + (loop.origin(i) + 1)
    loop.makeCopies(i, top.pointee.registers)
  }

  // MARK: - Operands

  /// The next number of the range that an iterator is over, NaN at its end.
  @inline(__always)
  private func nextOfRange(_ iterator: Slot) -> Double {
    iterator.unmanaged(as: IteratorObject.self)._withUnsafeGuaranteedRef { $0.nextOfRange() }
  }

  /// The place of an element that is no object in a list that nobody else sees.
  @inline(__always)
  private func listPlace(_ list: Slot, _ index: Slot) -> UnsafeMutablePointer<Slot>? {
    guard let place = PlainArithmetic.place(index.number), list.isAlone(as: ListObject.self) else {
      return nil
    }
    return list.unmanaged(as: ListObject.self)._withUnsafeGuaranteedRef { $0.ownPlace(place) }
  }

  // MARK: - What takes longer

  /// Carries out an instruction that is more than its dispatch; false where the loop is to be left.
  @inline(never)
  private func runAtLength(_ i: Specialized, _ r: Registers) throws -> Bool {
    switch i.pointee.op {
    case .moveObject: top.take(r, i.a, r[i.b])
    case .constantObject: top.take(r, i.a, i.pointee.value)
    case .iterate: return iterate(i, r)
    case .elementObject:
      return takeElement(i, r, r[i.c], Int(i.number))
    case .elementAtLength:
      return takeElement(i, r, i.pointee.value, i.c)
    case .iterateList:
      r.put(i.a, Slot(try session.iterator(r[value: i.b])))
      top.pointee.holdsObjects = true
    case .storeAtLength:
      return try storeElement(
        in: r + i.a, r, first: i.b, kind: Int(i.number), isShared: false)
    case .append:
      return try append(r[i.b], to: r[i.a])
    case .text:
      return try text(r, i.a, i.b, i.c)
    case .slice: return slice(i, r)
    case .globalList:
      let slot = session.globals.slots[i.b]
      guard slot.is(.list) else { return false }
      top.take(r, i.a, slot)
    case .storeGlobal: return storeNumber(r[i.a], inGlobal: i.b)
    case .cell:
      let slot = r[i.b].unmanaged(as: CellObject.self)._withUnsafeGuaranteedRef { $0.slot }
      guard slot.isNumber else { return false }
      r[i.a] = slot
    case .captured:
      let cell = top.pointee.closure._withUnsafeGuaranteedRef { $0.capture(i.b) }
      let slot = cell._withUnsafeGuaranteedRef { $0.slot }
      guard slot.isNumber else { return false }
      r[i.a] = slot
    case .storeCell: return storeNumber(r[i.b], in: r[i.a])
    default:
      guard let number = number(of: i.pointee.value, r[i.b]) else { return false }
      r[i.a] = number
    }
    return true
  }

  /// An element of the kind that is expected.
  private func takeElement(_ i: Specialized, _ r: Registers, _ index: Slot, _ code: Int) -> Bool {
    guard let slot = listElement(r[i.b], index), let expected = ElementCode(rawValue: code),
      expected.holds(slot)
    else { return false }
    top.take(r, i.a, slot)
    return true
  }

  /// Some characters of a string.
  private func slice(_ i: Specialized, _ r: Registers) -> Bool {
    let (base, code) = (Int(i.number) >> 2, Int(i.number) & 3)
    let string = r[base].unmanaged(as: StringObject.self)
    let length = string._withUnsafeGuaranteedRef { $0.length }
    guard let first = PlainArithmetic.place(r[i.b].number),
      let second = PlainArithmetic.place(r[i.b + (code == 3 ? 1 : 0)].number)
    else { return false }
    let lower = code == 2 ? 0 : first
    let upper = code == 0 ? first + 1 : code == 1 ? length : second
    guard lower <= upper, upper <= length else { return false }
    top.pointee.holdsObjects = true
    r.put(i.a, Slot(string._withUnsafeGuaranteedRef { $0.part(lower..<upper) }))
    return true
  }

  private enum ListStep {
    case taken, ended
    /// The element is none of the kind that is expected.
    case nothing
  }

  /// The next element of a list.
  @inline(never)
  private func nextOfList(_ i: Specialized, _ r: Registers) -> ListStep {
    r[i.b].unmanaged(as: IteratorObject.self)._withUnsafeGuaranteedRef { iterator in
      guard
        let slot = iterator.nextOfList({
          ElementCode(rawValue: Int(i.number))?.holds($0) == true
        })
      else { return .nothing }
      if slot.isUndefined { return .ended }
      if slot.isObject { top.pointee.holdsObjects = true }
      r.put(i.a, slot)
      return .taken
    }
  }

  /// An iterator over a range of whole numbers; that of an earlier turn begins again.
  private func iterate(_ i: Specialized, _ r: Registers) -> Bool {
    guard let lower = Int(exactly: r[i.b].number), let upper = Int(exactly: r[i.b + 1].number),
      max(lower.magnitude, upper.magnitude) <= 1 << 53
    else { return false }
    if r[i.a].is(.iterator), r[i.a].isAlone(as: IteratorObject.self),
      r[i.a].unmanaged(as: IteratorObject.self)._withUnsafeGuaranteedRef({
        $0.begin(lower, upper)
      })
    {
      return true
    }
    top.pointee.holdsObjects = true
    r.put(i.a, Slot(IteratorObject(lower, upper)))
    return true
  }
}

// Instructions on numbers, strings and lists that are not in the loop itself, and have no part in a
// graph: what scalar programs do all the time, without the way through `Value`s.

import Autodiff
import Diagnostics
import Engine

extension Machine {
  /// Carries out an instruction the plain way; the one that comes next, nil where it has none.
  func plainly(_ i: UnsafePointer<Instruction>, _ frame: UnsafeMutablePointer<Frame>) throws
    -> UnsafePointer<Instruction>?
  {
    let r = frame.pointee.registers
    let next = frame.pointee.next
    switch i.pointee.op {
    case .add:
      let right = frame.pointee.operand(i.c)
      guard r[i.b].is(.string), right.is(.string) else { return nil }
      try concatenate(r, i.a, i.b, right)
    case .equal, .notEqual:
      guard let same = areSame(r[i.b], frame.pointee.operand(i.c)) else { return nil }
      r.put(i.a, Slot(same == (i.pointee.op == .equal)))
    case .jumpUnlessEqual, .jumpUnlessNotEqual:
      guard let same = areSame(r[i.a], frame.pointee.operand(i.b)) else { return nil }
      return same == (i.pointee.op == .jumpUnlessEqual) ? next : next + i.c
    case .storeElement:
      let isDone = try storeElement(in: r + i.a, r, first: i.b, kind: i.c, isShared: false)
      return isDone ? next + 1 : next
    case .storeGlobalElement:
      let place = session.globals.slots + i.a
      let isDone = try storeElement(in: place, r, first: i.b, kind: i.c, isShared: true)
      return isDone ? next + 1 : next
    case .call:
      guard i.c == 1 || i.c == 2 else { return nil }
      return try call(r[i.b], r + (i.b + 1), i.c, into: i.a, frame) ? next : nil
    case .next:
      guard r[i.b].is(.iterator) else { return nil }
      let iterator = r[i.b].unmanaged(as: IteratorObject.self)
      guard let slot = iterator._withUnsafeGuaranteedRef({ $0.nextOfList() }) else { return nil }
      if slot.isUndefined { return next + i.c }
      if slot.isObject { frame.pointee.holdsObjects = true }
      r.put(i.a, slot)
      if slot.is(.foreign) { r[value: i.a] = session.read(r[value: i.a]) }
    case .format:
      guard i.c < 0, !r[i.b].isObject || r[i.b].is(.string) else { return nil }
      frame.take(r, i.a, r[i.b])
    case .concatenate: return try text(r, i.a, i.b, i.c) ? next : nil
    case .unpack:
      if i.c == -1 { return try append(r[i.b], to: r[i.a]) ? next : nil }
      return unpack(i, frame) ? next : nil
    default: return nil
    }
    return next
  }

  private func string(_ slot: Slot) -> Unmanaged<StringObject> {
    slot.unmanaged(as: StringObject.self)
  }

  /// Two strings, the second behind the first: in its place where nobody else holds it.
  func concatenate(_ r: Registers, _ a: Int, _ b: Int, _ right: Slot) throws {
    // Each is asked for what is needed by itself: to hold both objects would be to count them.
    let more = string(right)._withUnsafeGuaranteedRef { $0.text }
    let isPlain = string(right)._withUnsafeGuaranteedRef { $0.hasByteCharacters }
    if a == b, r[a].isAlone(as: StringObject.self) {
      try reserve(bytes: more.utf8.count)
      return string(r[a])._withUnsafeGuaranteedRef { $0.append(more, hasByteCharacters: isPlain) }
    }
    let first = string(r[b])._withUnsafeGuaranteedRef { $0.text }
    try reserve(bytes: first.utf8.count + more.utf8.count + 64)
    let isKnown =
      isPlain && string(r[b])._withUnsafeGuaranteedRef { $0.isKnownToHaveByteCharacters }
    top.pointee.holdsObjects = true
    r.put(a, Slot(isKnown ? StringObject(bytes: first + more) : StringObject(first + more)))
  }

  /// Whether two strings, or what is no object, are the same; nil for what is compared otherwise.
  private func areSame(_ x: Slot, _ y: Slot) -> Bool? {
    if x.is(.string), y.is(.string) {
      return string(x)._withUnsafeGuaranteedRef { first in
        string(y)._withUnsafeGuaranteedRef { first.text == $0.text }
      }
    }
    guard !x.isObject, !y.isObject, x.isNumber == y.isNumber else { return nil }
    return x.isNumber ? x.number == y.number : x.bits == y.bits
  }

  /// A list that nobody else holds gets one element more; false where it is no such list.
  func append(_ value: Slot, to place: Slot) throws -> Bool {
    guard place.is(.list), !value.is(.foreign), place.isAlone(as: ListObject.self) else {
      return false
    }
    return try place.unmanaged(as: ListObject.self)._withUnsafeGuaranteedRef { list in
      if list.count & 0xFFF == 0xFFF || list.count == Discards.long {
        try session.checkGrowth(list.count)
        if list.count == Discards.long { session.keepForDiscards(place) }
      }
      list.append(value.retained)
      return true
    }
  }

  /// The parts of a tuple of as many.
  private func unpack(_ i: UnsafePointer<Instruction>, _ frame: UnsafeMutablePointer<Frame>) -> Bool
  {
    let r = frame.pointee.registers
    guard r[i.b].is(.tuple) else { return false }
    let tuple = r[i.b].unmanaged(as: TupleObject.self).takeUnretainedValue()
    guard tuple.elements.count == i.c else { return false }
    frame.pointee.holdsObjects = true
    for index in 0..<i.c { r.put(i.a + index, Slot(tuple.elements[index])) }
    return true
  }

  /// So many pieces of text and numbers from register `b` on, put together.
  func text(_ r: Registers, _ a: Int, _ b: Int, _ count: Int) throws -> Bool {
    if let brief = BriefText.text(of: UnsafeBufferPointer(start: r + b, count: count)) {
      try reserve(bytes: BriefText.capacity)
      top.pointee.holdsObjects = true
      r.put(a, Slot(StringObject(bytes: brief)))
      return true
    }
    var text = ""
    for piece in UnsafeBufferPointer(start: r + b, count: count) {
      if piece.isNumber {
        text += NumberFormat.shortest(piece.number)
      } else if piece.is(.string) {
        string(piece)._withUnsafeGuaranteedRef { text += $0.text }
      } else {
        return false
      }
    }
    try reserve(bytes: text.utf8.count + 64)
    top.pointee.holdsObjects = true
    r.put(a, Slot(StringObject(text)))
    return true
  }

  /// Calls a builtin that is brief with its arguments.
  func call(
    _ callee: Slot, _ arguments: Registers, _ count: Int, into register: Int,
    _ frame: UnsafeMutablePointer<Frame>
  ) throws -> Bool {
    guard callee.is(.function),
      let brief = callee.unmanaged(as: FunctionObject.self)._withUnsafeGuaranteedRef({ $0.brief }),
      brief.count == count
    else { return false }
    for index in 0..<count where arguments[index].is(.foreign) { return false }
    session.graph.origin = frame.pointee.routine.origins[frame.pointee.position]
    do {
      let result = try brief.action(
        session, arguments[0].value, count == 2 ? arguments[1].value : .none)
      guard let result else { return false }
      if case .number(let number) = result {
        frame.pointee.registers.put(register, Slot(number: number))
        return true
      }
      try session.reserve(1, 64)
      let slot = Slot(result)
      session.keepForDiscards(slot)
      frame.pointee.holdsObjects = true
      frame.pointee.registers.put(register, slot)
      return true
    } catch let problem as Problem {
      throw PlacedProblem(problem: problem, places: [1, 2])
    }
  }
}

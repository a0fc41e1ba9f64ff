// Reading and updating elements of variables.

import Diagnostics
import Syntax

extension Machine {
  private func items(_ kinds: [IndexKind], _ r: Registers, _ next: inout Int) throws -> [IndexValue]
  {
    var result: [IndexValue] = []
    for kind in kinds {
      switch kind {
      case .newAxis: result.append(.newAxis)
      case .value:
        result.append(.value(r[value: next]))
        next += 1
      case .range(let hasLower, let hasUpper):
        var ends: [Int?] = [nil, nil]
        if hasLower {
          ends[0] = try session.whole(r[value: next], "a range's end")
          next += 1
        }
        if hasUpper {
          ends[1] = try session.whole(r[value: next], "a range's end")
          next += 1
        }
        result.append(.range(ends[0], ends[1]))
      }
    }
    return result
  }

  func index(_ path: UpdatePath, _ r: Registers, first: Int) throws -> Value {
    guard case .register(let base) = path.base, case .index(let kinds) = path.steps[0] else {
      return .none
    }
    var next = first
    return try session.index(session.read(r[value: base]), try items(kinds, r, &next))
  }

  /// `x.f[i] = v`: the variable gets a new value with one part changed.
  func update(_ path: UpdatePath, _ frame: UnsafeMutablePointer<Frame>, first: Int) throws {
    let r = frame.pointee.registers
    var next = first + 1
    var steps: [UpdateStep] = []
    for step in path.steps {
      switch step {
      case .field(let name): steps.append(.field(name))
      case .index(let kinds): steps.append(.index(try items(kinds, r, &next)))
      }
    }
    let cell = cell(path.base, frame)
    let old: Value
    switch path.base {
    case .register(let index): old = r[value: index]
    case .cell, .capture: old = cell?.slot.value ?? .none
    case .global(let slot): old = try session.global(slot)
    }
    try checkLiteral(frame, old, r[value: first])
    let new = try session.updated(old, steps[...], r[value: first], path.op)
    if case .foreign(let a) = old, case .foreign(let b) = new, a === b { return }
    switch path.base {
    case .register(let index): r[value: index] = new
    case .cell, .capture: try session.storeCell(cell, new)
    case .global(let slot): try session.storeGlobal(slot, new, isDefinition: false)
    }
  }

  private func cell(_ base: UpdatePath.Base, _ frame: UnsafeMutablePointer<Frame>) -> CellObject? {
    switch base {
    case .cell(let index) where frame.pointee.registers[index].is(.cell):
      frame.pointee.registers[index].unmanaged(as: CellObject.self).takeUnretainedValue()
    case .capture(let index):
      frame.pointee.closure.takeUnretainedValue().capture(index).takeUnretainedValue()
    default: nil
    }
  }

  /// Replaces one element of a list that nobody else holds; false where that is no short way.
  ///
  /// The value is in register `first`, the index behind it. What a list in a shared variable (a
  /// global) had there is noted, so that a turn that fails can be taken back.
  func storeElement(
    in place: UnsafeMutablePointer<Slot>, _ r: Registers, first: Int, isShared: Bool
  ) -> Bool {
    guard place.pointee.is(.list), place.pointee.isAlone(as: ListObject.self),
      r[first + 1].isNumber, let index = Int(exactly: r[first + 1].number), !r[first].is(.foreign)
    else { return false }
    let value = r[value: first]
    return place.pointee.unmanaged(as: ListObject.self)._withUnsafeGuaranteedRef { list in
      guard index >= 0, index < list.count else { return false }
      if isShared {
        if !list.isSeparate { list.separate() }
        session.journal.note(list.storage, index)
      }
      list.replace(index, by: value)
      return true
    }
  }
}

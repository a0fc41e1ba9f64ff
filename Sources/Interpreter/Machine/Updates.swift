// Reading and updating elements of variables.

import Autodiff
import Diagnostics
import Engine
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

  /// Replaces one element of a list or tensor that nobody else holds; false where that is no short
  /// way.
  ///
  /// The value is in register `first`, the indices behind it. What a list in a shared variable (a
  /// global) had there is noted, so that a turn that fails can be taken back.
  func storeElement(
    in variable: Registers, _ r: Registers, first: Int, kind: Int, isShared: Bool
  ) throws -> Bool {
    let place = variable.pointee
    if place.is(.tensor) {
      return try !isShared && storeNumber(in: variable, r + first, kind)
    }
    guard place.is(.list), place.isAlone(as: ListObject.self), StoreKind.hasOneIndex(kind),
      r[first + 1].isNumber, let index = Int(exactly: r[first + 1].number), !r[first].is(.foreign)
    else { return false }
    var value = r[first]
    return place.unmanaged(as: ListObject.self)._withUnsafeGuaranteedRef { list in
      guard index >= 0, index < list.count else { return false }
      if let op = StoreKind.arithmetic(kind) {
        let old = list.slot(index)
        guard Slot.areNumbers(old, value), let new = op.arithmetic(old.number, value.number) else {
          return false
        }
        value = Slot(new)
      }
      if isShared {
        if !list.isSeparate { list.separate() }
        session.journal.note(list.storage, index)
      }
      list.replace(index, by: value.retained)
      return true
    }
  }

  /// The value in `r[0]`, a number, goes to the indices behind it in a tensor of floats whose numbers
  /// are there and nobody else's.
  private func storeNumber(in variable: Registers, _ r: Registers, _ kind: Int) throws -> Bool {
    guard r[0].isNumber, variable.pointee.isAlone(as: TensorObject.self) else { return false }
    let (value, op) = (r[0].number, StoreKind.arithmetic(kind))
    let tensor = variable.pointee.unmanaged(as: TensorObject.self)
    let (isAlone, reference) = tensor._withUnsafeGuaranteedRef { ($0.holdsAlone, $0.reference) }
    guard
      let position = reference._withUnsafeGuaranteedRef({
        position(in: $0.shape, r + 1, StoreKind.indices(kind))
      })
    else { return false }
    let change = { (old: Double, new: Double) in op == nil ? new : op?.arithmetic(old, new) }
    if reference._withUnsafeGuaranteedRef({ $0.isPlainData }) {
      return isAlone
        && reference._withUnsafeGuaranteedRef { $0.changeElement(position, by: value, change) }
    }
    let node = reference.takeUnretainedValue()
    // Whoever stores one element after the other will go on: from here on in a copy, in place.
    guard node.op === Operator.sliceUpdate, let copy = try node.plainCopy(),
      copy.changeElement(position, by: value, change)
    else { return false }
    variable.put(0, Slot(TensorObject(copy)))
    return true
  }

  /// Where indices lead to in a tensor; nil where they are not whole, too few or out of range.
  private func position(in shape: Shape, _ indices: Registers, _ count: Int) -> Int? {
    guard shape.rank == count else { return nil }
    var position = 0
    for axis in 0..<count {
      guard indices[axis].isNumber, let index = Int(exactly: indices[axis].number), index >= 0,
        index < shape[axis]
      else { return nil }
      position = position * shape[axis] + index
    }
    return position
  }
}

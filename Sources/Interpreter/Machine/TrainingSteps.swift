// What loops that train do again and again besides recording: reading and storing params and their
// gradients, and calls of functions of one tensor that have a short way.

import Autodiff

extension Machine {
  /// A handle on the value of the param that a slot holds; nil where it holds none.
  @inline(__always)
  func reading(_ slot: Slot) -> Slot? {
    guard slot.is(.foreign) else { return nil }
    return slot.unmanaged(as: ForeignBox.self)._withUnsafeGuaranteedRef {
      $0.parameter.map { Slot($0.read()) }
    }
  }

  /// Carries out an instruction the short way; false where it has none.
  func short(_ i: UnsafePointer<Instruction>, _ frame: UnsafeMutablePointer<Frame>) throws -> Bool {
    let r = frame.pointee.registers
    switch i.pointee.op {
    case .global, .read:
      let slot = i.pointee.op == .read ? r[i.b] : session.globals.slots[i.b]
      guard let value = reading(slot) else { return false }
      frame.pointee.holdsObjects = true
      r.put(i.a, value)
    case .name:
      guard r[i.b].is(.tensor) else { return false }
      tensor(r[i.b])._withUnsafeGuaranteedRef { node in
        if node.name == nil { node.name = text(i.c, frame) }
      }
    case .rawGlobal:
      let slot = session.globals.slots[i.b]
      guard !slot.isUndefined else { return false }
      frame.take(r, i.a, slot)
    case .field:
      guard text(i.c, frame) == "grad", let parameter = parameter(r[i.b]) else { return false }
      return gradient(of: parameter, into: i.a, frame)
    case .storeGlobal:
      let place = session.globals.slots[i.b]
      guard i.c == 0, place.is(.foreign) else { return false }
      return try store(r[i.a], in: place, frame)
    case .storeParam:
      guard r[i.a].is(.foreign) else { return false }
      return try store(r[i.b], in: r[i.a], frame)
    case .callGlobal where i.c == 1:
      return try direct(session.globals.slots[i.b], r[i.a + 1], into: i.a, frame)
    case .call where i.c == 1:
      return try direct(r[i.b], r[i.b + 1], into: i.a, frame)
    default: return false
    }
    return true
  }

  private func tensor(_ slot: Slot) -> Unmanaged<Node> {
    slot.unmanaged(as: TensorObject.self)._withUnsafeGuaranteedRef { $0.reference }
  }

  private func text(_ constant: Int, _ frame: UnsafeMutablePointer<Frame>) -> String {
    let slot = frame.pointee.routine.constant(constant)
    guard slot.is(.string) else { return "" }
    return slot.unmanaged(as: StringObject.self)._withUnsafeGuaranteedRef { $0.text }
  }

  /// The param that a slot holds, or whose value it holds.
  private func parameter(_ slot: Slot) -> Parameter? {
    if slot.is(.tensor) { return tensor(slot)._withUnsafeGuaranteedRef { $0.version?.parameter } }
    guard slot.is(.foreign) else { return nil }
    return slot.unmanaged(as: ForeignBox.self)._withUnsafeGuaranteedRef { $0.parameter?.parameter }
  }

  private func gradient(
    of parameter: Parameter, into register: Int, _ frame: UnsafeMutablePointer<Frame>
  ) -> Bool {
    guard let gradient = parameter.gradient else { return false }
    let handle =
      session.graph.lent(gradient).map {
        session.handles.handle(.passUnretained(gradient), $0.memory, $0.event)
      } ?? TensorObject(gradient)
    frame.pointee.holdsObjects = true
    frame.pointee.registers.put(register, Slot(handle))
    return true
  }

  /// Stores a tensor in the param that a slot holds.
  private func store(_ value: Slot, in place: Slot, _ frame: UnsafeMutablePointer<Frame>) throws
    -> Bool
  {
    guard value.is(.tensor) else { return false }
    let box = place.unmanaged(as: ForeignBox.self).takeUnretainedValue()
    guard let parameter = box.parameter?.parameter else { return false }
    let node = tensor(value).takeUnretainedValue()
    guard node.dtype == parameter.node.dtype else { return false }
    session.graph.origin = frame.pointee.routine.origins[frame.pointee.position]
    pollSoon()
    try parameter.store(node)
    return true
  }

  /// Calls a builtin on one tensor alone, where it has a short way for that.
  private func direct(
    _ callee: Slot, _ argument: Slot, into register: Int, _ frame: UnsafeMutablePointer<Frame>
  ) throws -> Bool {
    guard argument.is(.tensor), callee.is(.function) else { return false }
    let direct = callee.unmanaged(as: FunctionObject.self)._withUnsafeGuaranteedRef { $0.direct }
    guard let direct else { return false }
    let node = tensor(argument).takeUnretainedValue()
    session.graph.origin = frame.pointee.routine.origins[frame.pointee.position]
    pollSoon()
    do { try direct(session, node) } catch  where error is OperatorProblem || error is Problem {
      throw PlacedProblem(problem: error, places: [1])
    }
    frame.pointee.registers.put(register, .none)
    return true
  }
}

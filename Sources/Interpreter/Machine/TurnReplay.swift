// Instructions that an earlier turn of a loop had at the same place, recorded again at once: their
// operands are compared, and everything that they recorded is there already.

import Autodiff
import Engine

/// Handles on the nodes of recognised turns, used again with them.
final class TensorHandles: HandleKeeper {
  func count(_ memory: TurnMemory, _ events: Int) {
    memory.withHandles { handles in
      for index in 0..<events where handles[index] != nil {
        let isHeld = TensorHandles.isHeld(&handles[index])
        TensorHandles.tensor(handles[index])?.count(isHeld: isHeld)
      }
    }
  }

  func release(_ memory: TurnMemory) {
    memory.withHandles { handles in
      for index in handles.indices where handles[index] != nil {
        if TensorHandles.isHeld(&handles[index]) {
          TensorHandles.tensor(handles[index])?.own()
          handles[index] = nil
        } else {
          TensorHandles.tensor(handles[index])?.count(isHeld: false)
        }
      }
    }
  }

  /// The handle on the node of an event; nobody holds it yet but the memory.
  func handle(_ node: Unmanaged<Node>, _ memory: TurnMemory, _ event: Int) -> TensorObject {
    memory.withHandles { handles in
      if let known = TensorHandles.tensor(handles[event]), known.isHandle(on: node) {
        return known
      }
      let handle = TensorObject(lent: node)
      handles[event] = handle
      return handle
    }
  }

  private static func tensor(_ handle: AnyObject?) -> TensorObject? {
    handle.map { unsafeDowncast($0, to: TensorObject.self) }
  }

  private static func isHeld(_ handle: inout AnyObject?) -> Bool {
    tensor(handle)?.slots != 0 || !isKnownUniquelyReferenced(&handle)
  }
}

extension Machine {
  /// Records what the instruction at `i` recorded in an earlier turn; the instruction that comes
  /// next, nil where it has to be carried out.
  func again(_ i: UnsafePointer<Instruction>, _ frame: UnsafeMutablePointer<Frame>)
    -> UnsafePointer<Instruction>?
  {
    let graph = session.graph
    guard let line = graph.foretold, line.code == UnsafeRawPointer(i),
      line.isTraining == frame.pointee.isTraining
    else { return nil }
    var operands = TurnOperands()
    guard collect(i.pointee, frame, line.callee, &operands),
      let (node, memory, event) = graph.again(line, operands)
    else { return nil }
    if let name = line.name { node._withUnsafeGuaranteedRef { $0.name = name } }
    let handle = session.handles.handle(node, memory, event)
    frame.pointee.holdsObjects = true
    frame.pointee.registers.put(i.a, Slot(handle))
    pollSoon()
    return frame.pointee.next + (i.pointee.op == .callNamed ? 1 : 0)
  }

  /// Carries out an instruction that may be recorded again in later turns.
  func learning(_ i: UnsafePointer<Instruction>, _ frame: UnsafeMutablePointer<Frame>) throws
    -> UnsafePointer<Instruction>
  {
    let graph = session.graph
    var operands = TurnOperands()
    guard let mark = graph.mark() else { return try slow(i.pointee, frame) }
    guard isPure(i.pointee, frame) else { return try learningSpan(i, frame, since: mark) }
    let callee = callee(i.pointee, frame)?.object.takeUnretainedValue()
    guard collect(i.pointee, frame, callee, &operands) else { return try slow(i.pointee, frame) }
    let (held, chunk) = (operands.held, frame.pointee.chunk)
    let isTraining = frame.pointee.isTraining
    let origin = frame.pointee.routine.origins[frame.pointee.position]
    let next = try slow(i.pointee, frame)
    let result = frame.pointee.registers[i.a]
    withExtendedLifetime(held) {
      guard result.is(.tensor) else { return }
      let node = result.unmanaged(as: TensorObject.self)._withUnsafeGuaranteedRef { $0.node }
      let step = graph.step(
        since: mark, operands, isArithmetic: i.pointee.op.isArithmetic, result: node)
      guard let step else { return }
      graph.learn(
        TurnLine(
          code: UnsafeRawPointer(i), owner: chunk, callee: callee, isTraining: isTraining,
          name: node.name, origin: origin, step: step))
    }
    return next
  }

  /// Carries out a call; where that does nothing but record, what it recorded is remembered.
  private func learningSpan(
    _ i: UnsafePointer<Instruction>, _ frame: UnsafeMutablePointer<Frame>, since mark: TurnMark
  ) throws -> UnsafePointer<Instruction> {
    let graph = session.graph
    let arguments = Int(i.pointee.op == .callGlobal ? i.a : i.b) + 1
    guard graph.learnsSpans, let slot = callee(i.pointee, frame),
      slot.isObject, recordsOnly(slot, frame.pointee.registers + arguments, i.c)
    else { return try slow(i.pointee, frame) }
    let callee = slot.object.takeUnretainedValue()
    let operands = (0..<i.c).map { node(frame.pointee.registers[arguments + $0]) }
    let flags = (0..<i.c).map { frame.pointee.registers[arguments + $0].flag }
    let (chunk, isTraining) = (frame.pointee.chunk, frame.pointee.isTraining)
    let next = try slow(i.pointee, frame)
    graph.learn(
      UnsafeRawPointer(i), owner: chunk, callee: callee, isTraining: isTraining, since: mark,
      operands, flags: flags, result: node(frame.pointee.registers[i.a]))
    return next
  }

  private func node(_ slot: Slot) -> Node? {
    slot.is(.tensor)
      ? slot.unmanaged(as: TensorObject.self)._withUnsafeGuaranteedRef { $0.node } : nil
  }

  /// Whether a call does nothing but record, or is a step of an optimizer.
  func recordsOnly(_ callee: Slot, _ arguments: UnsafeMutablePointer<Slot>, _ count: Int) -> Bool {
    if callee.is(.function), count == 1, arguments[0].is(.foreign),
      let host = callee.object.takeUnretainedValue() as? HostFunctionObject, host.function.isStep
    {
      return arguments[0].unmanaged(as: ForeignBox.self)._withUnsafeGuaranteedRef {
        $0.object.stepper != nil
      }
    }
    return (callee.is(.foreign) || callee.is(.function)) && session.recordsOnly(callee.value)
  }

  /// What an instruction calls, nil where it calls nothing.
  @inline(__always)
  private func callee(_ i: Instruction, _ frame: UnsafeMutablePointer<Frame>) -> Slot? {
    switch i.op {
    case .call, .callNamed: frame.pointee.registers[Int(i.b)]
    case .callGlobal: session.globals.slots[Int(i.b)]
    default: nil
    }
  }

  /// Whether the result of an instruction depends on nothing but its operands.
  private func isPure(_ i: Instruction, _ frame: UnsafeMutablePointer<Frame>) -> Bool {
    guard let slot = callee(i, frame) else { return i.op.isArithmetic }
    guard slot.is(.function) else { return false }
    let host = slot.object.takeUnretainedValue() as? HostFunctionObject
    return host?.function.isOperator ?? false
  }

  /// The operands of an instruction; false where one is neither tensor nor number, or another function
  /// is called.
  @inline(__always)
  private func collect(
    _ i: Instruction, _ frame: UnsafeMutablePointer<Frame>, _ known: AnyObject?,
    _ operands: inout TurnOperands
  ) -> Bool {
    let r = frame.pointee.registers
    guard let callee = callee(i, frame) else {
      let isUnary = i.op.isArithmetic && !i.op.isBinary
      return append(r[Int(i.b)], &operands)
        && (isUnary || append(frame.pointee.operand(Int(i.c)), &operands))
    }
    guard isSame(callee, known) else { return false }
    let first = Int(i.op == .callGlobal ? i.a : i.b) + 1
    for index in 0..<Int(i.c) where !append(r[first + index], &operands) { return false }
    return true
  }

  @inline(__always)
  private func isSame(_ slot: Slot, _ callee: AnyObject?) -> Bool {
    guard slot.isObject, let callee else { return false }
    return slot.object.toOpaque() == Unmanaged.passUnretained(callee).toOpaque()
  }

  @inline(__always)
  private func append(_ slot: Slot, _ operands: inout TurnOperands) -> Bool {
    if slot.isNumber { return operands.append(TurnOperand(slot.number)) }
    guard slot.is(.tensor) else { return false }
    return operands.append(
      TurnOperand(
        slot.unmanaged(as: TensorObject.self)._withUnsafeGuaranteedRef { $0.reference }))
  }
}

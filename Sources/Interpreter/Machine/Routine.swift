// A compiled function as the machine reads it: flat memory without counting. The constants lie in
// front of the code, the first one next to it, so that an instruction finds them from its own place.

import Autodiff

struct Routine: BitwiseCopyable {
  let code: UnsafePointer<Instruction>
  /// For each instruction, where it stands in the source.
  let origins: UnsafePointer<Origin>
  /// For each instruction, the constant with the name of its result, or -1.
  let names: UnsafePointer<Int32>
  let registerCount: Int
  let parameterCount: Int
  /// The specialisations of its loops.
  let loops: Unmanaged<SpecializedLoops>

  init(_ chunk: Chunk) {
    code = Routine.copy(
      chunk.constants.map { Slot($0) }, before: Routine.linked(chunk.code, chunk.registerCount))
    origins = Routine.copy(
      chunk.spans.map {
        Origin(source: chunk.sourceID, lower: $0.whole.lower, upper: $0.whole.upper)
      })
    names = Routine.copy(chunk.spans.map(\.name))
    registerCount = chunk.registerCount
    parameterCount = chunk.parameters.count
    loops = .passRetained(SpecializedLoops())
  }

  func deallocate(constants count: Int) {
    for index in 0..<count { constant(index).release() }
    (UnsafePointer<Slot>(slots: code) - Routine.space(count)).deallocate()
    origins.deallocate()
    names.deallocate()
    loops.release()
  }

  func constant(_ index: Int) -> Slot { UnsafePointer<Slot>(slots: code)[~index] }

  /// The names of a call's arguments, from the instruction `names` behind it.
  func names(_ i: UnsafePointer<Instruction>) -> [String?] {
    guard case .tuple(let labels) = constant(i.a).value else { return [] }
    return labels.elements.map { if case .string(let name) = $0 { name.text } else { nil } }
  }

  /// Slots in front of the code: an even number, because an instruction is as long as two.
  private static func space(_ constants: Int) -> Int { (constants + 1) & ~1 }

  private static func copy(
    _ constants: [Slot], before code: [Instruction]
  ) -> UnsafePointer<Instruction> {
    let space = space(constants.count)
    let memory = UnsafeMutablePointer<Slot>.allocate(capacity: space + 2 * max(1, code.count))
    for index in 0..<space {
      let constant = index < constants.count ? constants[index] : .none
      (memory + (space + ~index)).initialize(to: constant)
    }
    let start = UnsafeMutableRawPointer(memory + space)
    start.initializeMemory(as: Instruction.self, from: code, count: code.count)
    return UnsafePointer(start.assumingMemoryBound(to: Instruction.self))
  }

  private static func copy<T>(_ values: [T]) -> UnsafePointer<T> {
    let copy = UnsafeMutablePointer<T>.allocate(capacity: max(1, values.count))
    copy.initialize(from: values, count: values.count)
    return UnsafePointer(copy)
  }

  /// Constants are counted from the instruction that reads them, in slots; jumps become relative to
  /// the instruction after them; a jump to the end of the function leaves
  /// it at once, with the value itself where that would be moved first.
  private static func linked(_ code: [Instruction], _ registers: Int) -> [Instruction] {
    var linked = code
    for position in code.indices.reversed() {
      let instruction = code[position]
      if let index = instruction.constant {
        linked[position].constant = -(2 * position + 1 + index)
      }
      if let target = instruction.target {
        linked[position].target = target - position - 1
        if instruction.op == .jump, target < code.count, linked[target].op == .returnValue {
          linked[position] = linked[target]
        }
      } else if instruction.op == .move, position + 1 < code.count,
        linked[position + 1].op == .returnValue, linked[position + 1].a == instruction.a
      {
        linked[position] = Instruction(.returnValue, Int(instruction.b))
      } else if instruction.op == .forgetTemporaries, instruction.a >= registers,
        position + 1 < code.count, code[position + 1].op == .loop
      {
        // There are none: the turn ends here.
        linked[position] = linked[position + 1]
        linked[position].a += 1
      }
    }
    return linked
  }
}

extension UnsafePointer<Slot> {
  /// Code as the machine reads constants from it.
  @inline(__always) init(slots code: UnsafePointer<Instruction>) {
    self = UnsafeRawPointer(code).assumingMemoryBound(to: Slot.self)
  }
}

extension UnsafePointer<Instruction> {
  @inline(__always) var a: Int { Int(pointee.a) }
  @inline(__always) var b: Int { Int(pointee.b) }
  @inline(__always) var c: Int { Int(pointee.c) }
}

// A compiled function as the machine reads it: flat memory without counting.

import Autodiff

struct Routine: BitwiseCopyable {
  let code: UnsafePointer<Instruction>
  let constants: UnsafePointer<Slot>
  /// For each instruction, where it stands in the source.
  let origins: UnsafePointer<Origin>
  /// For each instruction, the constant with the name of its result, or -1.
  let names: UnsafePointer<Int32>
  let registerCount: Int
  let parameterCount: Int

  init(_ chunk: Chunk) {
    code = Routine.copy(Routine.linked(chunk.code))
    constants = Routine.copy(chunk.constants.map { Slot($0) })
    origins = Routine.copy(
      chunk.spans.map {
        Origin(source: chunk.sourceID, lower: $0.whole.lower, upper: $0.whole.upper)
      })
    names = Routine.copy(chunk.spans.map(\.name))
    registerCount = chunk.registerCount
    parameterCount = chunk.parameters.count
  }

  func deallocate(constants count: Int) {
    for index in 0..<count { constants[index].release() }
    constants.deallocate()
    code.deallocate()
    origins.deallocate()
    names.deallocate()
  }

  private static func copy<T>(_ values: [T]) -> UnsafePointer<T> {
    let copy = UnsafeMutablePointer<T>.allocate(capacity: max(1, values.count))
    copy.initialize(from: values, count: values.count)
    return UnsafePointer(copy)
  }

  /// Jumps become relative to the instruction after them; a jump to the end of the function leaves
  /// it at once, with the value itself where that would be moved first.
  private static func linked(_ code: [Instruction]) -> [Instruction] {
    var linked = code
    for position in code.indices.reversed() {
      let instruction = code[position]
      if let target = instruction.target {
        linked[position].target = target - position - 1
        if instruction.op == .jump, target < code.count, linked[target].op == .returnValue {
          linked[position] = linked[target]
        }
      } else if instruction.op == .move, position + 1 < code.count,
        linked[position + 1].op == .returnValue, linked[position + 1].a == instruction.a
      {
        linked[position] = Instruction(.returnValue, Int(instruction.b))
      }
    }
    return linked
  }
}

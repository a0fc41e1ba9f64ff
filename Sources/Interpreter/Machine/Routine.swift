// A compiled function as the machine reads it: flat memory without counting.

import Autodiff

struct Routine: BitwiseCopyable {
  let code: UnsafePointer<Instruction>
  let constants: UnsafePointer<Slot>
  /// For each instruction, where it stands in the source.
  let origins: UnsafePointer<Origin>
  let registerCount: Int
  let parameterCount: Int

  init(_ chunk: Chunk) {
    code = Routine.copy(Routine.shortened(chunk.code))
    constants = Routine.copy(chunk.constants.map { Slot($0) })
    origins = Routine.copy(
      chunk.spans.map {
        Origin(source: chunk.sourceID, lower: $0.whole.lower, upper: $0.whole.upper)
      })
    registerCount = chunk.registerCount
    parameterCount = chunk.parameters.count
  }

  func deallocate(constants count: Int) {
    for index in 0..<count { constants[index].release() }
    constants.deallocate()
    code.deallocate()
    origins.deallocate()
  }

  private static func copy<T>(_ values: [T]) -> UnsafePointer<T> {
    let copy = UnsafeMutablePointer<T>.allocate(capacity: max(1, values.count))
    copy.initialize(from: values, count: values.count)
    return UnsafePointer(copy)
  }

  /// A jump to the end of the function leaves it at once.
  private static func shortened(_ code: [Instruction]) -> [Instruction] {
    code.map { instruction in
      guard instruction.op == .jump, Int(instruction.a) < code.count else { return instruction }
      let target = code[Int(instruction.a)]
      return target.op == .returnValue ? target : instruction
    }
  }
}

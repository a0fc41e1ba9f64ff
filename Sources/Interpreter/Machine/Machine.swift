// The stacks of the virtual machine: registers and frames. Calls in the language push a frame and
// go on in the same loop, so they use no native stack.

import Autodiff
import Diagnostics
import Engine

/// What runs a session's bytecode.
final class Machine {
  private static let registerLimit = 1 << 22
  private static let nativeLimit = 1500
  private static let depthLimit = 200_000

  /// A call that runs. It holds its closure; its registers hold what they hold.
  struct Frame: BitwiseCopyable {
    let closure: Unmanaged<ClosureObject>
    let registers: UnsafeMutablePointer<Slot>
    /// The instruction that comes next.
    var next: UnsafePointer<Instruction>
    /// Where the caller wants the result.
    let target: UnsafeMutablePointer<Slot>
    /// Which parameters were given, by bit.
    let given: UInt64
    let isTraining: Bool

    var chunk: Chunk { closure.takeUnretainedValue().chunk }
    @inline(__always) var routine: Routine { closure._withUnsafeGuaranteedRef { $0.routine } }
    /// The index of the instruction that runs.
    var position: Int { max(0, next - routine.code - 1) }
  }

  /// Owns the machine.
  unowned(unsafe) let session: Session
  let registers: UnsafeMutablePointer<Slot>
  /// Registers below this are valid; above, memory was never touched.
  private var initializedEnd: UnsafeMutablePointer<Slot>
  let frames: UnsafeMutablePointer<Frame>
  var depth = 0
  private var nativeDepth = 0
  /// Turns and calls left; a limit for programs that nobody watches.
  var budget = Int.max

  init(_ session: Session) {
    self.session = session
    registers = .allocate(capacity: Machine.registerLimit)
    initializedEnd = registers
    frames = .allocate(capacity: Machine.depthLimit + 1)
  }

  deinit {
    registers.clear(initializedEnd - registers)
    registers.deallocate()
    frames.deallocate()
  }

  /// Runs a closure to its end and gives its result.
  func run(_ closure: ClosureObject, _ arguments: [Value], given: UInt64, isTraining: Bool) throws
    -> Value
  {
    guard nativeDepth < Machine.nativeLimit else { throw recursion() }
    nativeDepth += 1
    let outer = depth
    // One register for the result, the arguments behind it.
    let target = depth == 0 ? registers : frames[depth - 1].end
    defer {
      nativeDepth -= 1
      unwind(to: outer)
      target.clear(1)
    }
    try reserve(through: target + 1)
    try enter(
      .passUnretained(closure), registers: target + 1, target: target, given: given,
      isTraining: isTraining)
    for (index, argument) in arguments.enumerated() { target[value: 1 + index] = argument }
    do {
      try execute(until: outer)
    } catch {
      throw session.located(error, at: places(above: outer), values: operandValues())
    }
    return target[value: 0]
  }

  func recursion() -> Problem {
    Problem(
      .recursion, "calls are nested too deeply: more than \(depth) of them",
      help: "check that the recursion ends")
  }

  /// Makes the registers below `end` valid.
  @inline(__always)
  private func reserve(through end: UnsafeMutablePointer<Slot>) throws {
    if end > initializedEnd { try initialize(through: end) }
  }

  private func initialize(through end: UnsafeMutablePointer<Slot>) throws {
    let (initialized, count) = (initializedEnd - registers, end - registers)
    guard count < Machine.registerLimit else { throw recursion() }
    (registers + initialized).initialize(repeating: .none, count: count - initialized)
    initializedEnd = end
  }

  /// Pushes the frame of a call.
  @inline(__always)
  func enter(
    _ closure: Unmanaged<ClosureObject>, registers: UnsafeMutablePointer<Slot>,
    target: UnsafeMutablePointer<Slot>, given: UInt64, isTraining: Bool
  ) throws {
    guard depth < Machine.depthLimit else { throw recursion() }
    let routine = closure._withUnsafeGuaranteedRef { $0.routine }
    try reserve(through: registers + routine.registerCount + 1)
    closure._withUnsafeGuaranteedRef { _ = Slot($0) }
    (frames + depth).initialize(
      to: Frame(
        closure: closure, registers: registers, next: routine.code, target: target, given: given,
        isTraining: isTraining))
    depth &+= 1
  }

  /// Pops the uppermost frame and lets go of what its registers hold.
  @inline(__always)
  func leave() {
    depth &-= 1
    let frame = frames + depth
    frame.pointee.registers.clear(frame.pointee.routine.registerCount)
    Slot(owning: frame.pointee.closure).release()
  }

  private func unwind(to outer: Int) {
    while depth > outer { leave() }
  }

  /// The source places of the running instruction and of the calls that led there.
  private func places(above outer: Int) -> [(chunk: Chunk, position: Int)] {
    (outer..<max(outer, depth)).reversed().map { (frames[$0].chunk, frames[$0].position) }
  }

  /// What the operands of the failing instruction are, for labels.
  private func operandValues() -> [Value] {
    guard depth > 0 else { return [] }
    let frame = frames[depth - 1]
    let instruction = frame.routine.code[frame.position]
    let (a, b, c) = (Int(instruction.a), Int(instruction.b), Int(instruction.c))
    switch instruction.op {
    case .jumpUnlessLess, .jumpUnlessLessOrEqual, .jumpUnlessGreater, .jumpUnlessGreaterOrEqual,
      .jumpUnlessEqual, .jumpUnlessNotEqual:
      return [frame.registers[value: a], frame.operand(b).value]
    case .negate, .not, .transpose, .field, .method: return [frame.registers[value: b]]
    case .call, .callNamed: return (0...max(0, c)).map { frame.registers[value: b + $0] }
    case .callGlobal: return (0...max(0, c)).map { frame.registers[value: a + $0] }
    case .index:
      if case .register(let base) = frame.chunk.paths[c].base {
        return [frame.registers[value: base]]
      }
      return []
    default:
      guard instruction.op.isBinary else { return [] }
      return [frame.registers[value: b], frame.operand(c).value]
    }
  }

  /// Looks at the interrupt flag and at the budget.
  @inline(__always)
  func poll() throws {
    budget &-= 1
    if Interrupts.isRequested || budget < 0 { try stop() }
  }

  private func stop() throws {
    if Interrupts.isRequested { throw Problem(.interrupt, "interrupted") }
    budget = 0
    throw Problem(.interrupt, "the budget of instructions is used up")
  }
}

extension Machine.Frame {
  /// The first register behind the frame's.
  var end: UnsafeMutablePointer<Slot> { registers + routine.registerCount }

  /// A right operand: a register, or a constant where negative.
  @inline(__always)
  func operand(_ index: Int) -> Slot {
    index >= 0 ? registers[index] : routine.constants[~index]
  }
}

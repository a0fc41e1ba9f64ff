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

  /// A call that runs. What called it holds its closure; its registers hold what they hold.
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
    /// Whether a register may hold more than a number, so that the registers are to be cleared.
    var holdsObjects: Bool

    var chunk: Chunk { closure.takeUnretainedValue().chunk }
    @inline(__always) var routine: Routine { closure._withUnsafeGuaranteedRef { $0.routine } }
    /// The index of the instruction that runs.
    var position: Int { max(0, next - routine.code - 1) }
  }

  /// Owns the machine.
  unowned(unsafe) let session: Session
  /// The same, for what is too short to count who holds it.
  let sessionReference: Unmanaged<Session>
  let registers: UnsafeMutablePointer<Slot>
  /// Registers below this are valid; above, memory was never touched.
  private var initializedEnd: UnsafeMutablePointer<Slot>
  /// The first one is nobody's: it is below the frame of the first call.
  private let frames: UnsafeMutablePointer<Frame>
  private let lastFrame: UnsafeMutablePointer<Frame>
  /// The frame of the call that runs.
  var top: UnsafeMutablePointer<Frame>
  private var nativeDepth = 0
  /// Closures that left their global variable while they ran.
  private var retired: [Slot] = []
  /// Turns and calls until somebody looks at the interrupt flag, and those left after them.
  var fuel = 0
  private var allowance = Int.max
  /// The loop whose turns were to be repeated last.
  var repetitions = Repetitions()
  /// The epochs that were to be run last.
  var epochs = Epochs()
  /// Loop statements that run, in all calls.
  var loops = 0
  /// Whether somebody wishes to look around between two turns.
  private(set) var wantsPause = false
  /// Whether somebody has looked around since it was set to false.
  var hasPaused = false
  /// Turns of loops that ran specialised.
  var specializedTurns = 0

  init(_ session: Session) {
    self.session = session
    sessionReference = .passUnretained(session)
    registers = .allocate(capacity: Machine.registerLimit)
    initializedEnd = registers
    frames = .allocate(capacity: Machine.depthLimit + 1)
    lastFrame = frames + Machine.depthLimit
    top = frames
  }

  deinit {
    registers.clear(initializedEnd - registers)
    registers.deallocate()
    frames.deallocate()
  }

  var depth: Int { top - frames }

  /// Runs a closure to its end and gives its result.
  func run(_ closure: ClosureObject, _ arguments: [Value], given: UInt64, isTraining: Bool) throws
    -> Value
  {
    guard nativeDepth < Machine.nativeLimit else { throw recursion() }
    nativeDepth += 1
    let (outer, outerLoops) = (top, loops)
    // One register for the result, the arguments behind it.
    let target = depth == 0 ? registers : outer.pointee.end
    defer {
      nativeDepth -= 1
      unwind(to: outer)
      // Where it failed inside of loops, nobody has counted their ends.
      loops = outerLoops
      if loops == 0 { session.loopsEnd() }
      target.clear(1)
      if depth == 0 { forgetRetired() }
    }
    try reserve(through: target + 1)
    return try withExtendedLifetime(closure) {
      try enter(
        .passUnretained(closure), registers: target + 1, target: target, given: given,
        isTraining: isTraining)
      top.pointee.holdsObjects = true
      for (index, argument) in arguments.enumerated() { target[value: 1 + index] = argument }
      do {
        try execute(until: outer)
      } catch {
        if session.keepsFrames, !(error is Diagnostic) { session.failure = snapshots() }
        throw session.located(error, at: places(above: outer), values: operandValues())
      }
      return target[value: 0]
    }
  }

  /// Asks for so many bytes of room for a text.
  @inline(__always)
  func reserve(bytes count: Int) throws {
    try sessionReference._withUnsafeGuaranteedRef { try $0.reserve(count, 1) }
  }

  func recursion() -> Problem {
    if depth < 100, nativeDepth < 100 {
      return Problem(.memory, "this needs more values at once than there is room for")
    }
    return Problem(
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
    target: UnsafeMutablePointer<Slot>, given: UInt64 = .max, isTraining: Bool
  ) throws {
    guard top < lastFrame else { throw recursion() }
    let (code, count, arguments) = closure._withUnsafeGuaranteedRef {
      ($0.routine.code, $0.routine.registerCount, $0.routine.parameterCount)
    }
    try reserve(through: registers + (count + 1))
    top += 1
    top.initialize(
      to: Frame(
        closure: closure, registers: registers, next: code, target: target, given: given,
        isTraining: isTraining, holdsObjects: registers.holdObjects(arguments)))
  }

  /// Pops the uppermost frame and lets go of what its registers hold.
  @inline(__always)
  private func leave() {
    let frame = top
    top = frame - 1
    if frame.pointee.holdsObjects { frame.pointee.clear() }
  }

  private func unwind(to outer: UnsafeMutablePointer<Frame>) {
    while top > outer { leave() }
  }

  /// Pops the frame of a call that returns; the result goes where the caller wants it.
  @inline(__always)
  func leave(with result: Int) {
    let frame = top
    let slot = frame.pointee.registers[result]
    top = frame - 1
    if frame.pointee.holdsObjects {
      // Moved out, so that the frame no longer holds it.
      frame.pointee.registers[result] = .none
      frame.pointee.clear()
      top.pointee.holdsObjects = true
    }
    frame.pointee.target.put(0, slot)
  }

  // MARK: - Closures that run

  /// A global variable lets go of a closure; when it runs, it lives on until nothing does.
  func retire(_ closure: Slot) {
    let runs = calls(above: frames).contains {
      Slot(owning: $0.pointee.closure).bits == closure.bits
    }
    guard runs, !retired.contains(where: { $0.bits == closure.bits }) else { return }
    retired.append(closure.retained)
  }

  private func forgetRetired() {
    guard !retired.isEmpty else { return }
    for closure in retired { closure.release() }
    retired.removeAll()
  }

  /// The frames above one, the running one first.
  private func calls(above outer: UnsafeMutablePointer<Frame>) -> [UnsafeMutablePointer<Frame>] {
    (0..<max(0, top - outer)).map { top - $0 }
  }

  /// The source places of the running instruction and of the calls that led there.
  private func places(
    above outer: UnsafeMutablePointer<Frame>
  ) -> [(chunk: Chunk, position: Int)] {
    calls(above: outer).map { ($0.pointee.chunk, $0.pointee.position) }
  }

  /// What the operands of the failing instruction are, for labels.
  private func operandValues() -> [Value] {
    guard depth > 0 else { return [] }
    let frame = top.pointee
    let instruction = frame.routine.code[frame.position]
    let (a, b, c) = (Int(instruction.a), Int(instruction.b), Int(instruction.c))
    switch instruction.op {
    case .jumpUnlessLess, .jumpUnlessLessOrEqual, .jumpUnlessGreater, .jumpUnlessGreaterOrEqual,
      .jumpUnlessEqual, .jumpUnlessNotEqual:
      return [frame.registers[value: a], frame.operand(b).value]
    case .negate, .not, .transpose, .field, .method, .iterate, .format:
      return [frame.registers[value: b]]
    case .call, .callNamed: return (0...max(0, c)).map { frame.registers[value: b + $0] }
    case .callGlobal: return (0...max(0, c)).map { frame.registers[value: a + $0] }
    case .compose, .tuple, .brackets, .range:
      let count = instruction.op == .range ? 2 : max(0, c)
      return (0..<count).map { frame.registers[value: b + $0] }
    case .index: return [base(frame.chunk.paths[c], frame)] + items(frame, first: b, c)
    case .update:
      return [base(frame.chunk.paths[c], frame), frame.registers[value: b]]
        + items(frame, first: b + 1, c)
    case .storeGlobal: return [session.globals[b] ?? .none, frame.registers[value: a]]
    case .storeCell:
      return [cell(frame.registers[a])?.slot.value ?? .none, frame.registers[value: b]]
    case .storeParam: return [frame.registers[value: a], frame.registers[value: b]]
    case .newParam, .jumpIfFalse, .jumpIfTrue:
      return [frame.registers[value: instruction.op == .newParam ? b : a]]
    case .unpack: return c < 0 ? [] : [.none, frame.registers[value: b]]
    default:
      guard instruction.op.isBinary else { return [] }
      return [frame.registers[value: b], frame.operand(c).value]
    }
  }

  /// The variable at the beginning of a path.
  private func base(_ path: UpdatePath, _ frame: Frame) -> Value {
    switch path.base {
    case .register(let index): frame.registers[value: index]
    case .cell(let index): cell(frame.registers[index])?.slot.value ?? .none
    case .capture(let index):
      frame.closure.takeUnretainedValue().capture(index).takeUnretainedValue().slot.value
    case .global(let slot): session.globals[slot] ?? .none
    }
  }

  /// What stands between the last brackets of a path; none for what is no single value.
  private func items(_ frame: Frame, first: Int, _ path: Int) -> [Value] {
    var next = first
    var result: [Value] = []
    for step in frame.chunk.paths[path].steps {
      guard case .index(let kinds) = step else { continue }
      result = []
      for kind in kinds {
        switch kind {
        case .newAxis: result.append(.none)
        case .value:
          result.append(frame.registers[value: next])
          next += 1
        case .range(let hasLower, let hasUpper):
          result.append(.none)
          next += (hasLower ? 1 : 0) + (hasUpper ? 1 : 0)
        }
      }
    }
    return result
  }

  // MARK: - Interrupts

  /// Turns and calls left; a limit for programs that nobody watches.
  var budget: Int {
    get { allowance &+ fuel }
    set { (allowance, fuel) = (newValue, 0) }
  }

  /// Counts a turn or a call; now and then looks at the interrupt flag.
  @inline(__always)
  func poll() throws {
    fuel &-= 1
    if fuel < 0 { try refuel() }
  }

  /// After work that takes longer the next turn or call looks at the flag.
  @inline(__always)
  func pollSoon() {
    allowance &+= fuel
    fuel = 0
  }

  @inline(never)
  func refuel() throws {
    fuel = 0
    if Interrupts.isRequested { throw Problem(.interrupt, "interrupted") }
    wantsPause = Interrupts.isPauseRequested
    guard allowance > 0 else {
      throw Problem(.interrupt, "the budget of instructions is used up")
    }
    // Who waits for the end of a turn looks at every one.
    let portion = min(allowance, wantsPause ? 1 : 1000)
    allowance -= portion
    fuel = portion - 1
  }

  /// The end of a turn that is finished work, has something to compute, or may be a place to pause.
  @inline(never)
  func endOfTurn(_ kind: Int, level: Int) throws {
    let kind = LoopKind(rawValue: kind) ?? .inFunction
    let hasComputed = try session.endOfTurn(kind, level: level)
    if hasComputed {
      let isLearned = noteBatch()
      if !isLearned, session.graph.repeatsTurns { repeatTurns(kind, level: level) }
    } else if epochs.areOpen {
      repeatEpochs(kind, level: level)
    }
    wantsPause = wantsPause && Interrupts.isPauseRequested
  }
}

extension Machine.Frame {
  /// The first register behind the frame's.
  var end: UnsafeMutablePointer<Slot> { registers + routine.registerCount }

  /// Lets go of what the registers hold.
  @inline(never)
  func clear() { registers.clear(routine.registerCount) }

  /// A right operand of the instruction that runs: a register, or a constant where negative.
  func operand(_ index: Int) -> Slot {
    index >= 0 ? registers[index] : UnsafePointer<Slot>(slots: next - 1)[index]
  }
}

// A loop that has been specialised, when its specialisation is entered, and how it is left again.
// (Brunthaler, "Efficient Interpretation using Quickening", 2010; deoptimisation as in Hölzle,
// Chambers, Ungar, "Debugging Optimized Code with Dynamic Deoptimization", 1992.)

/// The specialised code of a loop. It works on the registers of the general code, and can go on there
/// in front of each of its instructions.
final class SpecializedLoop {
  let code: UnsafePointer<SpecializedInstruction>
  /// The instruction that ends a turn.
  fileprivate let end: Int
  /// For each instruction, the one of the function that it was made from.
  private let origins: UnsafePointer<Int32>
  /// For each instruction, what is to be done where it leaves the loop.
  private let emitted: [Emitted]
  /// What registers must hold for the loop to be entered.
  private let guards: [(register: Int, kind: RegisterKind)]
  /// How often it was left at once, or could not be entered, since it last went well.
  fileprivate var failures = 0

  init(_ emitted: [Emitted], end: Int, guards: [(register: Int, kind: RegisterKind)]) {
    let memory = UnsafeMutablePointer<SpecializedInstruction>.allocate(
      capacity: max(1, emitted.count))
    for (index, next) in emitted.enumerated() {
      var instruction = next.instruction
      if let target = next.target { instruction.setJump(over: target - index) }
      (memory + index).initialize(to: instruction)
    }
    code = UnsafePointer(memory)
    let origins = UnsafeMutablePointer<Int32>.allocate(capacity: max(1, emitted.count))
    for (index, next) in emitted.enumerated() { (origins + index).initialize(to: next.origin) }
    self.origins = UnsafePointer(origins)
    (self.emitted, self.end, self.guards) = (emitted, end, guards)
  }

  deinit {
    code.deallocate()
    origins.deallocate()
  }

  fileprivate func fits(_ registers: UnsafeMutablePointer<Slot>) -> Bool {
    for (register, kind) in guards where !kind.holds(registers[register]) { return false }
    return true
  }

  /// The place in the function's code that belongs to an instruction.
  func origin(_ instruction: UnsafePointer<SpecializedInstruction>) -> Int {
    Int(origins[instruction - code])
  }

  /// Moves that were left out are made.
  func makeCopies(
    _ instruction: UnsafePointer<SpecializedInstruction>, _ registers: UnsafeMutablePointer<Slot>
  ) {
    for (register, source) in emitted[instruction - code].copies {
      registers[register] = registers[source]
    }
  }

  fileprivate func builtins(
    _ instruction: UnsafePointer<SpecializedInstruction>
  ) -> [(register: Int, global: Int)] {
    emitted[instruction - code].builtins
  }
}

/// The specialised loops of a function.
final class SpecializedLoops {
  fileprivate var loops: [SpecializedLoop] = []
}

/// What is known about a loop besides its level, in the upper half of field `c` of its instruction:
/// how many turns it has run, which specialisation it has, or that it has none.
enum LoopHeat {
  /// Turns until a loop is worth a look.
  static let turns = 40
  /// Loops that are nested deeper are not told apart.
  static let levels = 0x7FFF
  private static let step = 0x10000

  @inline(__always) static func level(_ field: Int) -> Int { field & levels }
  /// Negative where there is nothing to be done.
  @inline(__always) static func state(_ field: Int) -> Int { field >> 16 }

  fileprivate static func set(_ state: Int, _ i: UnsafePointer<Instruction>) {
    let place = UnsafeMutablePointer(mutating: i)
    place.pointee.c = Int32(truncatingIfNeeded: state * step + level(i.c))
  }
}

extension Machine {
  /// At the end of a turn: runs the loop specialised where it can be, and gives the instruction to go
  /// on with; nil where the general code goes on.
  @inline(never)
  func specialized(_ i: UnsafePointer<Instruction>, _ state: Int) throws
    -> UnsafePointer<Instruction>?
  {
    if state < LoopHeat.turns {
      LoopHeat.set(state + 1, i)
      guard state + 1 == LoopHeat.turns else { return nil }
      specialize(i)
      return nil
    }
    let loop = specializations.loops[state - LoopHeat.turns]
    guard loop.fits(top.pointee.registers) else {
      fail(loop, i)
      return nil
    }
    let before = budget
    let last = try run(loop, top.pointee.registers)
    loop.makeCopies(last, top.pointee.registers)
    for (register, global) in loop.builtins(last) {
      top.take(top.pointee.registers, register, session.globals.slots[global])
    }
    let next = top.pointee.routine.code + loop.origin(last)
    let turns = before - budget
    specializedTurns += turns
    if turns < 2 || (turns < 4 && next <= i) {
      fail(loop, i)
    } else if turns > 16 {
      loop.failures = 0
    }
    return next
  }

  /// Those of the function that runs.
  private var specializations: SpecializedLoops {
    top.pointee.routine.loops._withUnsafeGuaranteedRef { $0 }
  }

  /// Makes the loop's specialisation for what its registers hold now.
  private func specialize(_ i: UnsafePointer<Instruction>) {
    let all = specializations
    let end = i - top.pointee.routine.code
    var specializer = LoopSpecializer(
      top.pointee.chunk, start: end + 1 + i.a, end: end, top.pointee.registers, session.globals)
    guard session.specializesLoops, all.loops.count < 1000, let loop = specializer.specialized()
    else {
      return LoopHeat.set(-1, i)
    }
    all.loops.append(loop)
    LoopHeat.set(LoopHeat.turns + all.loops.count - 1, i)
  }

  /// A loop that keeps failing is specialised anew, and in the end left to the general code.
  private func fail(_ loop: SpecializedLoop, _ i: UnsafePointer<Instruction>) {
    loop.failures += 1
    guard loop.failures == 8 else { return }
    // Its registers may hold other kinds now.
    LoopHeat.set(specializations.loops.count { $0.end == loop.end } < 3 ? 0 : -1, i)
  }
}

// Moves between registers that a specialised loop need not make: what reads the copy reads what was
// copied, until one of both is written (copy propagation; Aho, Lam, Sethi, Ullman, "Compilers", 9.1.5).

/// Takes moves out of straight lines of code; where the loop is left they are made up for.
struct CopyPropagation {
  private let given: [Emitted]
  private var made: [Emitted] = []
  /// For registers that were not written: the one that holds what they should.
  private var copies: [Int: Int] = [:]

  init(_ code: [Emitted]) { given = code }

  mutating func propagated() -> [Emitted] {
    let targets = Set(given.compactMap(\.target))
    var moved = [Int](repeating: 0, count: given.count)
    for (index, emitted) in given.enumerated() {
      if targets.contains(index) { settle(before: emitted) }
      moved[index] = made.count
      add(emitted)
    }
    for index in made.indices { made[index].target = made[index].target.map { moved[$0] } }
    return made
  }

  private mutating func add(_ emitted: Emitted) {
    var next = emitted
    let op = next.instruction.op
    let (a, b) = (Int(next.instruction.a), Int(next.instruction.b))
    if op == .move {
      write(a, before: next)
      let source = copies[b] ?? b
      // Back to where it came from: it is there.
      if source != a { copies[a] = source }
      return
    }
    let reads = op.reads
    for count in 0..<reads.row(next.instruction) { settle(b + count, before: next) }
    if reads.a { next.instruction.a = resolved(next.instruction.a) }
    if reads.b { next.instruction.b = resolved(next.instruction.b) }
    if reads.c { next.instruction.c = resolved(next.instruction.c) }
    if op.writesA { write(a, before: next) }
    if next.target != nil { settle(before: next) }
    next.copies = copies.map { (register: $0.key, source: $0.value) }.sorted {
      $0.register < $1.register
    }
    made.append(next)
  }

  private func resolved(_ register: Int32) -> Int32 {
    Int32(truncatingIfNeeded: copies[Int(register)] ?? Int(register))
  }

  /// A register gets something else: what was copied from it is moved now.
  private mutating func write(_ register: Int, before next: Emitted) {
    copies[register] = nil
    for copy in copies.keys.sorted() where copies[copy] == register { settle(copy, before: next) }
  }

  private mutating func settle(_ register: Int, before next: Emitted) {
    guard let source = copies.removeValue(forKey: register) else { return }
    let move = SpecializedInstruction(.move, register, source)
    made.append(Emitted(instruction: move, origin: next.origin, builtins: next.builtins))
  }

  private mutating func settle(before next: Emitted) {
    for copy in copies.keys.sorted() { settle(copy, before: next) }
  }
}

extension SpecializedOpcode {
  /// The fields that are registers which it reads, and whether it reads a row of them.
  struct Reads {
    var a = false
    var b = false
    var c = false
    fileprivate var isRow = false

    /// How many registers from b on it reads as they stand.
    fileprivate func row(_ instruction: SpecializedInstruction) -> Int {
      isRow ? instruction.op == .iterate ? 2 : Int(instruction.c) : 0
    }
  }

  fileprivate var reads: Reads {
    switch self {
    case .constant, .constantObject, .release, .jump, .loop, .loopTopLevel, .global, .globalList,
      .captured,
      .expectGlobal, .beginLoop, .endLoop, .exit:
      Reads()
    case .iterate, .callBrief, .text, .slice, .storeAtLength: Reads(isRow: true)
    case .jumpIfFalse, .jumpIfTrue, .storeGlobal, .jumpUnlessLessConstant,
      .jumpUnlessLessOrEqualConstant, .jumpUnlessGreaterConstant,
      .jumpUnlessGreaterOrEqualConstant, .jumpUnlessEqualConstant, .jumpUnlessNotEqualConstant:
      Reads(a: true)
    case .jumpUnlessLess, .jumpUnlessLessOrEqual, .jumpUnlessGreater, .jumpUnlessGreaterOrEqual,
      .jumpUnlessEqual, .jumpUnlessNotEqual, .append, .storeCell:
      Reads(a: true, b: true)
    case .store, .storeAdd, .storeSubtract, .storeMultiply, .storeDivide:
      Reads(a: true, b: true, c: true)
    case .add, .subtract, .multiply, .divide, .floorDivide, .remainder, .power, .logicalAnd,
      .logicalOr, .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual, .element,
      .elementFlag, .elementObject, .join:
      Reads(b: true, c: true)
    case .move, .moveObject, .addConstant, .subtractConstant, .multiplyConstant, .divideConstant,
      .floorDivideConstant, .remainderConstant, .powerConstant, .remainderWhole, .negate, .not,
      .lessConstant, .lessOrEqualConstant, .greaterConstant, .greaterOrEqualConstant,
      .equalConstant, .notEqualConstant, .andJump, .orJump, .next, .loopNext, .elementConstant,
      .elementAtLength, .cell, .squareRoot, .callNumber, .iterateList, .nextOfList, .joinConstant,
      .length:
      Reads(b: true)
    }
  }

  /// Whether it writes the register a.
  fileprivate var writesA: Bool {
    switch self {
    case .jump, .jumpIfFalse, .jumpIfTrue, .jumpUnlessLess, .jumpUnlessLessOrEqual,
      .jumpUnlessGreater, .jumpUnlessGreaterOrEqual, .jumpUnlessEqual, .jumpUnlessNotEqual,
      .jumpUnlessLessConstant, .jumpUnlessLessOrEqualConstant, .jumpUnlessGreaterConstant,
      .jumpUnlessGreaterOrEqualConstant, .jumpUnlessEqualConstant, .jumpUnlessNotEqualConstant,
      .loop, .loopTopLevel, .store, .storeAdd, .storeSubtract, .storeMultiply, .storeDivide,
      .storeAtLength, .append, .storeGlobal, .storeCell, .expectGlobal, .beginLoop, .endLoop, .exit:
      false
    default: true
    }
  }
}

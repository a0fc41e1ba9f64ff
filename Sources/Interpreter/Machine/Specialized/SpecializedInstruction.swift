// What a loop over plain numbers is specialised to: instructions whose operands are known to be
// numbers, so that nothing is asked and nobody is let go of.

/// What a specialised instruction does with its fields: registers `a`, `b`, `c`, the constant `value`,
/// a jump of `c` bytes. One that finds something else than it was made for leaves the loop in front of
/// what it was made from, with nothing done.
enum SpecializedOpcode: UInt8 {
  /// a ← b; the same of any object; a ← value; the same of any object
  case move, moveObject, constant, constantObject
  /// Lets go of what a holds.
  case release
  /// a ← b + c, and so on, then with value in place of c
  case add, subtract, multiply, divide, floorDivide, remainder, power
  case addConstant, subtractConstant, multiplyConstant, divideConstant, floorDivideConstant
  case remainderConstant, powerConstant
  /// a ← b % value, which is a whole number from 1 to 2^51
  case remainderWhole
  case negate, not, logicalAnd, logicalOr
  case less, lessOrEqual, greater, greaterOrEqual, equal, notEqual
  case lessConstant, lessOrEqualConstant, greaterConstant, greaterOrEqualConstant, equalConstant
  case notEqualConstant
  case jump, jumpIfFalse, jumpIfTrue
  /// a ← b; continue at c where that decides
  case andJump, orJump
  /// continue at c unless a < b, and so on, then with value in place of b
  case jumpUnlessLess, jumpUnlessLessOrEqual, jumpUnlessGreater, jumpUnlessGreaterOrEqual
  case jumpUnlessEqual, jumpUnlessNotEqual
  case jumpUnlessLessConstant, jumpUnlessLessOrEqualConstant, jumpUnlessGreaterConstant
  case jumpUnlessGreaterOrEqualConstant, jumpUnlessEqualConstant, jumpUnlessNotEqualConstant
  /// a ← next number of the range b, or continue at c
  case next
  /// a ← iterator over the range from b to the register behind it; over the list b
  case iterate, iterateList
  /// a ← next element of the list that b is over, or continue at c
  case nextOfList
  /// the end of a turn: continue at c; of a turn that is finished work
  case loop, loopTopLevel
  /// the end of a turn, then a ← next number of the range b, and continue at c; else go on
  case loopNext
  /// a ← element c of the list b, which is a number; a bool; what value says (`ElementCode`)
  case element, elementFlag, elementObject
  /// a ← element number value of the list b, which is a number; what c says
  case elementConstant, elementAtLength
  /// list a gets b at the index c; or what is there, + b, and so on
  case store, storeAdd, storeSubtract, storeMultiply, storeDivide
  /// the tensor or list a gets the value in b at the indices behind it, as value says (`StoreKind`),
  /// with c registers in all
  case storeAtLength
  /// list a gets b as one element more
  case append
  /// a ← string b and string c; and value
  case join, joinConstant
  /// a ← text of the c strings and numbers from b
  case text
  /// a ← how many characters b has; those of register value that the numbers from b say (`SliceCode`)
  case length, slice
  /// a ← number of global b; list of global b; global b ← a
  case global, globalList, storeGlobal
  /// a ← number in the cell b; in capture b; cell a ← b
  case cell, captured, storeCell
  /// goes on where global b still is value
  case expectGlobal
  /// a ← √b; a ← value of b, where value is a builtin of a number; of c values from b
  case squareRoot, callNumber, callBrief
  case beginLoop, endLoop
  /// leaves the loop
  case exit
}

struct SpecializedInstruction: BitwiseCopyable {
  var op: SpecializedOpcode
  var a: Int32 = 0
  var b: Int32 = 0
  var c: Int32 = 0
  var value = Slot.none

  init(_ op: SpecializedOpcode, _ a: Int = 0, _ b: Int = 0, _ c: Int = 0, value: Slot = .none) {
    self.op = op
    self.a = Int32(truncatingIfNeeded: a)
    self.b = Int32(truncatingIfNeeded: b)
    self.c = Int32(truncatingIfNeeded: c)
    self.value = value
  }
}

extension SpecializedInstruction {
  mutating func setJump(over count: Int) {
    c = Int32(truncatingIfNeeded: count * MemoryLayout<SpecializedInstruction>.stride)
  }
}

extension UnsafePointer<SpecializedInstruction> {
  @inline(__always) var a: Int { Int(pointee.a) }
  @inline(__always) var b: Int { Int(pointee.b) }
  @inline(__always) var c: Int { Int(pointee.c) }
  @inline(__always) var number: Double { pointee.value.number }
  /// The instruction that a jump of the one here goes to.
  @inline(__always) var target: Self {
    (UnsafeRawPointer(self) + c).assumingMemoryBound(to: SpecializedInstruction.self)
  }
}

/// What an element is expected to be.
enum ElementCode: Int {
  case number, flag, list, string

  /// Nil for what no element is expected to be.
  init?(_ kind: RegisterKind) {
    switch kind {
    case .number: self = .number
    case .flag: self = .flag
    case .string: self = .string
    case .list: self = .list
    default: return nil
    }
  }

  func holds(_ slot: Slot) -> Bool {
    switch self {
    case .number: slot.isNumber
    case .flag: slot.isBool
    case .list: slot.is(.list)
    case .string: slot.is(.string)
    }
  }
}

/// Which characters of a string are wanted: one, or a range with one end or both.
enum SliceCode {
  static func code(_ kind: IndexKind) -> Int? {
    switch kind {
    case .value: 0
    case .range(false, false): nil
    case .range(let hasLower, let hasUpper): (hasLower ? 1 : 0) + (hasUpper ? 2 : 0)
    case .newAxis: nil
    }
  }

  /// How many numbers that takes.
  static func count(_ code: Int) -> Int { code == 3 ? 2 : 1 }
}

/// What a register is known to hold.
enum RegisterKind: Equatable {
  /// Anything.
  case unknown
  /// No object.
  case plain
  case number, flag
  case string
  /// A list, of what as far as was looked at.
  indirect case list(of: RegisterKind)
  /// An iterator over a range; over a list.
  case iterator
  indirect case listIterator(of: RegisterKind)
  /// A captured variable.
  case cell
  /// A builtin that a global variable holds; the register itself gets it when the loop is left.
  case builtin(global: Int)

  var isPlain: Bool { self == .plain || self == .number || self == .flag }

  /// What is known where it may be one or the other.
  func merged(_ other: RegisterKind) -> RegisterKind {
    if self == other { return self }
    if isPlain, other.isPlain { return .plain }
    if isList, other.isList { return .list(of: .unknown) }
    return .unknown
  }

  var isList: Bool { if case .list = self { true } else { false } }

  /// What a slot holds now, lists looked into so deep.
  init(_ slot: Slot, depth: Int = 2) {
    guard slot.isObject else {
      self = slot.isNumber ? .number : slot.isBool ? .flag : .plain
      return
    }
    switch slot.kind {
    case .string: self = .string
    case .cell: self = .cell
    case .list:
      let list = slot.unmanaged(as: ListObject.self)
      self = list._withUnsafeGuaranteedRef { .list(of: RegisterKind(firstOf: $0, depth: depth)) }
    case .iterator:
      let iterator = slot.unmanaged(as: IteratorObject.self)
      self = iterator._withUnsafeGuaranteedRef { iterator in
        if iterator.isOfNumbers { return .iterator }
        return iterator.list.map { .listIterator(of: RegisterKind(firstOf: $0, depth: depth)) }
          ?? .unknown
      }
    default: self = .unknown
    }
  }

  private init(firstOf list: ListObject, depth: Int) {
    self = depth > 0 && list.count > 0 ? RegisterKind(list.slot(0), depth: depth - 1) : .unknown
  }

  /// Whether a slot is of the kind, as far as the instructions that use it rely on it.
  func holds(_ slot: Slot) -> Bool {
    switch self {
    case .unknown, .builtin: true
    case .plain: !slot.isObject
    case .number: slot.isNumber
    case .flag: slot.isBool
    case .string: slot.is(.string)
    case .list: slot.is(.list)
    case .cell: slot.is(.cell)
    case .iterator: RegisterKind(slot, depth: 0) == .iterator
    case .listIterator: RegisterKind(slot, depth: 0) == .listIterator(of: .unknown)
    }
  }
}

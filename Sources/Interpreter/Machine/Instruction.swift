// The instructions of the virtual machine: one table, with a sentence each.

import Diagnostics
import Syntax

/// What an instruction does with its fields `a`, `b` and `c`; registers unless said. The right
/// operand of arithmetic and comparisons may be a constant: −1 − its index.
package enum Opcode: UInt8 {
  /// a ← b
  case move
  /// a ← constant b
  case constant
  /// a ← global b, a param's value rather than the param
  case global
  /// a ← global b as it is
  case rawGlobal
  /// global b ← a; c is 1 for a definition, 0 for an update
  case storeGlobal
  /// a ← new cell holding b
  case newCell
  /// a ← what the cell b holds
  case cell
  /// cell a ← b
  case storeCell
  /// a ← the cell that is capture b of the running function; a ← what that cell holds
  case capture, captured
  /// a ← b as a value: a param's value rather than the param
  case read
  /// a ← b + c, and so on
  case add, subtract, multiply, divide, floorDivide, remainder, matmul, power
  case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
  /// a ← −b; a ← not b; a ← b'
  case negate, not, transpose
  /// continue at a
  case jump
  /// continue at b when a is false, or true
  case jumpIfFalse, jumpIfTrue
  /// continue at c unless a < b, and so on
  case jumpUnlessLess, jumpUnlessLessOrEqual, jumpUnlessGreater, jumpUnlessGreaterOrEqual
  case jumpUnlessEqual, jumpUnlessNotEqual
  /// a ← short-circuit of b: when b is a bool that decides, continue at c
  case andJump, orJump
  /// a ← b and c, or b or c, element by element where they are tensors
  case logicalAnd, logicalOr
  /// a loop statement begins; a of them end
  case beginLoop, endLoop
  /// end of a turn of a loop: continue at a; b tells of which kind (`LoopKind`)
  case loop
  /// the registers from a on have no value: names of a loop's body before its first turn
  case forgetLocals
  /// the registers from a on hold nothing any more
  case forgetTemporaries
  /// the names in list a of the chunk are those of the last loop
  case keepLocals
  /// a ← iterator over b
  case iterate
  /// a ← next element of iterator b as a value, or continue at c
  case next
  /// a ← call of the function in b with c arguments in the registers after b
  case call
  /// a ← call of the closure in global b with c arguments in the registers after a
  case callGlobal
  /// as `call`, with the argument names in constant a of the next instruction, `names`
  case callNamed, names
  /// leave the function with a
  case returnValue
  /// a ← tuple / tensor or list / range of c registers from b
  case tuple, brackets, range
  /// a ← record of the names in constant c from the registers from b
  case record
  /// a ← interpolated string of c registers from b
  case concatenate
  /// a ← b as text in the format of constant c
  case format
  /// a ← closure of function b
  case closure
  /// a ← field named by constant c of b
  case field
  /// a ← element c of the list or tuple in b; where that has no short way, the next instruction does
  /// it in full
  case element
  /// the list or tensor in a, or in global a, gets the value in b at the indices behind b, as c says
  /// (`StoreKind`); in the same way
  case storeElement, storeGlobalElement
  /// the list in a gets b as one element more; where that has no short way, the next c instructions
  /// do it in full
  case append
  /// a ← b[items]; constant c tells the kinds of the items, which follow b
  case index
  /// the variable at a is updated: path of constant c, steps and new value in registers from b
  case update
  /// a ← method: field or function named by constant c on b, ready to be called
  case method
  /// a ← composition of c values from b
  case compose
  /// a ← function with holes: callee and arguments from b, constant c tells which are holes
  case partial
  /// registers from a ← the c parts of b
  case unpack
  /// a ← param named by constant c with first value b
  case newParam
  /// param in a ← b
  case storeParam
  /// checks parameter b against the shape in constant c, binding its names to registers from a
  case checkShape
  /// registers a ← name b (register) given to the value for explanations; constant c
  case name
  /// a ← model class of model b
  case model
  /// model under construction a gets the member named by constant c with value b
  case member
  /// fails when a is not true; constant c the text; b 1 when a message is in the register after a
  case assert
  /// a ← module of the file in constant b
  case importFile
  /// a ← whether the argument of parameter b was given
  case hasArgument
}

/// Where a loop stands, which says what the end of its turns is good for.
enum LoopKind: Int {
  case inFunction
  /// Each turn is finished work.
  case topLevel
  /// In the middle of an expression: nobody looks around between its turns.
  case comprehension
}

/// How an element is stored: with how many indices, and after which arithmetic with the old one.
enum StoreKind {
  static func code(indices: Int, _ op: Opcode?) -> Int {
    indices | Int(op.map { $0.rawValue + 1 } ?? 0) << 8
  }

  @inline(__always) static func hasOneIndex(_ code: Int) -> Bool { code & 0xFF == 1 }
  static func indices(_ code: Int) -> Int { code & 0xFF }
  /// Nil where the value is stored as it is.
  @inline(__always) static func arithmetic(_ code: Int) -> Opcode? {
    code < 0x100 ? nil : Opcode(rawValue: UInt8(truncatingIfNeeded: (code >> 8) - 1))
  }
}

package struct Instruction {
  package var op: Opcode
  package var a: Int32
  package var b: Int32
  package var c: Int32

  init(_ op: Opcode, _ a: Int = 0, _ b: Int = 0, _ c: Int = 0) {
    self.op = op
    self.a = Int32(truncatingIfNeeded: a)
    self.b = Int32(truncatingIfNeeded: b)
    self.c = Int32(truncatingIfNeeded: c)
  }
}

extension Instruction {
  /// Where it may go on instead of with the next one, nil for what never jumps.
  var target: Int? {
    get {
      switch op {
      case .jump, .loop: Int(a)
      case .jumpIfFalse, .jumpIfTrue: Int(b)
      case .next, .andJump, .orJump, .jumpUnlessLess, .jumpUnlessLessOrEqual, .jumpUnlessGreater,
        .jumpUnlessGreaterOrEqual, .jumpUnlessEqual, .jumpUnlessNotEqual:
        Int(c)
      default: nil
      }
    }
    set {
      let target = Int32(truncatingIfNeeded: newValue ?? 0)
      switch op {
      case .jump, .loop: a = target
      case .jumpIfFalse, .jumpIfTrue: b = target
      default: c = target
      }
    }
  }
}

extension Instruction {
  /// The constant that it reads as an operand, nil for none.
  var constant: Int? {
    get {
      switch op {
      case .constant: Int(b)
      case .jumpUnlessLess, .jumpUnlessLessOrEqual, .jumpUnlessGreater, .jumpUnlessGreaterOrEqual,
        .jumpUnlessEqual, .jumpUnlessNotEqual:
        b < 0 ? ~Int(b) : nil
      case .element: c < 0 ? ~Int(c) : nil
      default: op.isBinary && c < 0 ? ~Int(c) : nil
      }
    }
    set {
      let place = Int32(truncatingIfNeeded: newValue ?? 0)
      switch op {
      case .constant, .jumpUnlessLess, .jumpUnlessLessOrEqual, .jumpUnlessGreater,
        .jumpUnlessGreaterOrEqual, .jumpUnlessEqual, .jumpUnlessNotEqual:
        b = place
      default: c = place
      }
    }
  }
}

extension Opcode {
  /// Whether it takes a left operand in `b`, a right one in `c`, and has no jump.
  var isBinary: Bool {
    switch self {
    case .add, .subtract, .multiply, .divide, .floorDivide, .remainder, .matmul, .power, .equal,
      .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .logicalAnd, .logicalOr:
      true
    default: false
    }
  }

  /// Whether it computes with one or two operands, and nothing else.
  var isArithmetic: Bool { isBinary || self == .negate || self == .not || self == .transpose }

  /// Whether its result may go to another register than the compiler said at first.
  var writesOnlyA: Bool {
    switch self {
    case .constant, .global, .rawGlobal, .cell, .captured, .read, .negate, .not, .transpose, .call,
      .tuple, .range, .record, .concatenate, .format, .closure, .field, .compose, .move:
      true
    default: isBinary
    }
  }

  /// The comparison of a fused comparison and jump.
  var comparison: Opcode {
    switch self {
    case .jumpUnlessLess: .less
    case .jumpUnlessLessOrEqual: .lessOrEqual
    case .jumpUnlessGreater: .greater
    case .jumpUnlessGreaterOrEqual: .greaterOrEqual
    case .jumpUnlessEqual: .equal
    default: .notEqual
    }
  }

  /// A comparison fused with a jump, nil for what is no comparison.
  var jumpUnless: Opcode? {
    switch self {
    case .less: .jumpUnlessLess
    case .lessOrEqual: .jumpUnlessLessOrEqual
    case .greater: .jumpUnlessGreater
    case .greaterOrEqual: .jumpUnlessGreaterOrEqual
    case .equal: .jumpUnlessEqual
    case .notEqual: .jumpUnlessNotEqual
    default: nil
    }
  }
}

/// Where an instruction came from: its expression and its operands.
package struct InstructionSpan {
  var whole: TextRange
  var operands: [TextRange]
  /// The constant with the name that the result gets, -1 for none.
  var name: Int32 = -1
}

/// A parameter of a compiled function.
package struct CompiledParameter {
  let name: String
  let hasDefault: Bool
}

/// Where a variable of a function is, and for which instructions.
struct LocalName {
  let name: String
  let place: Variable.Place
  let scope: Int
  var start: Int
  /// Nil for one that lives as long as the call.
  var end: Int?
}

/// A compiled function.
package final class Chunk {
  package let name: String
  package let source: SourceText
  package let sourceID: Int32
  package var documentation: String?
  package var range = TextRange(0, 0)
  var parameters: [CompiledParameter] = []
  var code: [Instruction] = []
  var spans: [InstructionSpan] = []
  var constants: [Value] = []
  var paths: [UpdatePath] = []
  var shapes: [ShapeCheck] = []
  var chunks: [Chunk] = []
  /// Its variables, outer ones first.
  var locals: [LocalName] = []
  /// What the bodies of outermost loops declare, for each the names that have a value behind it.
  var lastNames: [[LocalName]] = []
  var models: [ModelTemplate] = []
  /// For each capture: whether it is a register of the enclosing function (else its capture), where.
  var captures: [(isLocal: Bool, index: Int)] = []
  var registerCount = 0
  var isForward = false
  /// Whether it makes instances of a model declaration.
  package internal(set) var isModel = false

  /// The code where the machine reads it, made once when the first closure is.
  private(set) lazy var routine: Routine = {
    isSealed = true
    return Routine(self)
  }()
  private var isSealed = false

  deinit { if isSealed { routine.deallocate(constants: constants.count) } }

  init(name: String, source: SourceText, sourceID: Int32) {
    self.name = name
    self.source = source
    self.sourceID = sourceID
  }
}

/// The kinds of the steps from a variable to what is updated in it.
struct UpdatePath {
  enum Step {
    case field(String)
    case index([IndexKind])
  }
  enum Base {
    case register(Int)
    case cell(Int)
    case global(Int)
    case capture(Int)
  }
  let base: Base
  let name: String
  let steps: [Step]
  let op: BinaryOperator?
}

enum IndexKind {
  case value, newAxis
  case range(hasLower: Bool, hasUpper: Bool)
}

/// A shape in a signature: sizes, names with the registers they bind to.
struct ShapeCheck {
  enum Part {
    case size(Int)
    /// Binds the register when it is none, else must agree.
    case name(String, register: Int)
    case anyLeading
  }
  let parameter: String
  /// Which parameter it is; nil for the result.
  let place: Int?
  let function: String
  let parts: [Part]
  let text: String
}

/// A model declaration, compiled: the constructor makes the members, `forward` runs it.
final class ModelTemplate {
  let name: String
  let constructor: Chunk
  init(name: String, constructor: Chunk) {
    self.name = name
    self.constructor = constructor
  }
}

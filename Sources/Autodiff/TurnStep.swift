// What one instruction of the language recorded in a turn, and recording the same again at once: in a
// turn of the same structure the same instruction on values of the same places has the same result.

import Engine

/// An operand of an instruction: a tensor, or a number.
package struct TurnOperand {
  /// Whoever asks holds it.
  package var node: Unmanaged<Node>?
  package var number: Double

  package init(_ node: Unmanaged<Node>) { (self.node, number) = (node, 0) }
  package init(_ number: Double) { (node, self.number) = (nil, number) }
}

/// The operands of an instruction, a few at most.
package struct TurnOperands {
  package static let maximum = 4
  private var operands = InlineArray<4, TurnOperand>(repeating: TurnOperand(0))
  package private(set) var count = 0

  package init() {}

  /// False where there are too many.
  @inline(__always)
  package mutating func append(_ operand: TurnOperand) -> Bool {
    guard count < TurnOperands.maximum else { return false }
    operands[count] = operand
    count += 1
    return true
  }

  @inline(__always) subscript(index: Int) -> TurnOperand { operands[index] }

  /// The tensors, kept for as long as this is.
  package var held: [Node] {
    (0..<count).compactMap { operands[$0].node?.takeUnretainedValue() }
  }
}

/// One instruction of a turn.
package final class TurnStep {
  /// Where a leaf comes from that the instruction brings into the turn, in their order.
  enum Entry {
    /// A tensor from before the turn.
    case operand(Int)
    /// A number that may be another one in every turn.
    case number(Int, DType)
    /// A number that is the same in every turn: the operator or the source spells it out, or it decides
    /// about more than a value.
    case fixed(Double, DType, isLiteral: Bool)
  }

  /// Events before it, and how many it adds.
  let position: Int
  let count: Int
  let entries: [Entry]
  /// Operands that the turn knew before, or that stand there twice.
  let checks: [(operand: Int, reference: TurnReference)]
  /// Numbers that have to be the same.
  let numbers: [(operand: Int, bits: UInt64)]
  let dtype: DType

  init(
    position: Int, count: Int, entries: [Entry],
    checks: [(operand: Int, reference: TurnReference)], numbers: [(operand: Int, bits: UInt64)],
    dtype: DType
  ) {
    (self.position, self.count, self.entries) = (position, count, entries)
    (self.checks, self.numbers, self.dtype) = (checks, numbers, dtype)
  }
}

/// Where a turn stood before an instruction.
package struct TurnMark {
  let turn: Int
  let position: Int
  let leaves: Int
  let backwards: Int
  let computes: Int
  let random: RandomStream
  let dtype: DType
}

extension Graph {
  /// The instruction that an earlier turn had here.
  package var foretold: TurnLine? {
    turn.predicted?.script.line(at: turn.position)
  }

  /// The memory that lends a node of the present turn, with its event; nil for other nodes.
  package func lent(_ node: Node) -> (memory: TurnMemory, event: Int)? {
    guard let memory = turn.memory, node.turn == turn.id, node.reference >= 0,
      memory.nodes[Int(node.reference)] === node
    else { return nil }
    return (memory, Int(node.reference))
  }

  /// Remembers an instruction for later turns.
  package func learn(_ line: TurnLine) { turn.predicted?.script.add(line) }

  /// Where the turn stands; nil where nothing is to be learnt: turns are that come again.
  package func mark() -> TurnMark? {
    guard turn.predicted != nil, !turn.isSuspended, group == nil else { return nil }
    return TurnMark(
      turn: turn.id, position: turn.position, leaves: turn.leafCount, backwards: turn.backwards,
      computes: turn.computes, random: random, dtype: defaultDType)
  }

  /// The step that an instruction made since a mark, where its result depends on nothing but its
  /// operands.
  ///
  /// - Parameter isArithmetic: whether a number among the operands is only a value, whichever it is.
  package func step(
    since mark: TurnMark, _ operands: TurnOperands, isArithmetic: Bool, result: Node
  ) -> TurnStep? {
    let count = turn.position - mark.position
    guard count > 0, turn.id == mark.turn, turn.backwards == mark.backwards,
      turn.computes == mark.computes, random == mark.random, defaultDType == mark.dtype,
      result.turn == turn.id, Int(result.reference) == turn.position - 1, !turn.isSuspended
    else { return nil }
    // A number that meets whole numbers decides about the element type of the result.
    let numbersVary = isArithmetic && operands.held.allSatisfy(\.dtype.isFloat)
    var used = [Bool](repeating: false, count: operands.count)
    var entries: [TurnStep.Entry] = []
    for index in mark.leaves..<turn.leafCount {
      guard let leaf = turn.leaf(index),
        let entry = entry(leaf, operands, numbersVary: numbersVary, &used)
      else { return nil }
      entries.append(entry)
    }
    var checks: [(operand: Int, reference: TurnReference)] = []
    var numbers: [(operand: Int, bits: UInt64)] = []
    for index in 0..<operands.count where !used[index] {
      if let node = operands[index].node?.takeUnretainedValue() {
        guard node.turn == turn.id else { return nil }
        checks.append((index, node.reference))
      } else {
        numbers.append((index, operands[index].number.bitPattern))
      }
    }
    return TurnStep(
      position: mark.position, count: count, entries: entries, checks: checks, numbers: numbers,
      dtype: defaultDType)
  }

  private func entry(
    _ leaf: Node, _ operands: TurnOperands, numbersVary: Bool, _ used: inout [Bool]
  ) -> TurnStep.Entry? {
    for index in 0..<operands.count where !used[index] {
      if operands[index].node?.toOpaque() == Unmanaged.passUnretained(leaf).toOpaque() {
        used[index] = true
        return .operand(index)
      }
    }
    guard leaf.isNumber else { return nil }
    if numbersVary, leaf.op === Operator.number {
      for index in 0..<operands.count
      where !used[index] && operands[index].node == nil
        && operands[index].number.bitPattern == leaf.exact.bitPattern
      {
        used[index] = true
        return .number(index, leaf.dtype)
      }
    }
    return .fixed(leaf.exact, leaf.dtype, isLiteral: leaf.op === Operator.constant)
  }

  /// Records the step of `foretold` again: its result, an event of a memory; nil where its operands
  /// are others.
  package func again(_ line: TurnLine, _ operands: TurnOperands)
    -> (node: Unmanaged<Node>, memory: TurnMemory, event: Int)?
  {
    let step = line.step
    guard let trace = turn.predicted, !turn.isSuspended, group == nil,
      defaultDType == step.dtype
    else { return nil }
    let memory = turn.remembered(self, trace)
    for (operand, bits) in step.numbers
    where operands[operand].node != nil || operands[operand].number.bitPattern != bits {
      return nil
    }
    for entry in step.entries where !enter(entry, operands, trace, memory) { return nil }
    for (operand, reference) in step.checks {
      guard let node = operands[operand].node else { return nil }
      let isSame = node._withUnsafeGuaranteedRef {
        $0.turn == turn.id && $0.reference == reference
      }
      if !isSame { return nil }
    }
    origin = line.origin
    for _ in 1..<step.count { _ = turn.lend(self, memory) }
    return (turn.lend(self, memory), memory, turn.position - 1)
  }

  private func enter(
    _ entry: TurnStep.Entry, _ operands: TurnOperands, _ trace: TurnTrace,
    _ memory: TurnMemory
  ) -> Bool {
    let index = turn.leafCount
    let reference = ~TurnReference(truncatingIfNeeded: index)
    guard index < trace.leaves.count else { return false }
    switch entry {
    case .operand(let operand):
      guard let node = operands[operand].node else { return false }
      return node._withUnsafeGuaranteedRef {
        $0.turn != turn.id && turn.agrees($0, reference, trace, memory)
      }
    case .number(let operand, let dtype):
      guard operands[operand].node == nil else { return false }
      let number = operands[operand].number
      turn.enter(number, dtype, isLiteral: false, memory, self)
      return true
    case .fixed(let number, let dtype, let isLiteral):
      turn.enter(number, dtype, isLiteral: isLiteral, memory, self)
      return true
    }
  }
}

extension Turn {
  /// The i-th leaf of the turn.
  func leaf(_ index: Int) -> Node? {
    if let memory { return memory.leaves[index] }
    guard let built, index < built.leafNodes.count else { return nil }
    return built.leafNodes[index]
  }
}

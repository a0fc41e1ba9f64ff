// Who goes through the instructions of a turn, without carrying them out, compares them with what the turn
// recorded.

/// How far through the turn's structure somebody has come who goes through its instructions.
package struct TurnPlace {
  package fileprivate(set) var position = 0
  fileprivate var leaves = 0
  fileprivate var backwards = 0

  package init() {}
}

/// An operand in the next turn.
package enum TurnValue {
  /// What an event of the turn makes, or of the turn before it.
  case event(Int)
  case past(Int)
  /// A part of the loop's element.
  case rows(Int)
  /// A tensor from before the turn; whoever asks holds it.
  case node(Unmanaged<Node>)
  /// A tensor of the same numbers that every turn makes.
  case fresh
  /// The same number in every turn, or one that is computed.
  case number(Double)
  case computed
}

extension TurnRepetition {
  /// Whether that is all that the turn records.
  package func isEnd(_ place: TurnPlace) -> Bool {
    place.position == trace.events.count && place.leaves == trace.leaves.count
      && place.backwards == trace.backwards.count
  }

  /// The instruction that stands there, which records something.
  package func line(at place: TurnPlace) -> TurnLine? { trace.script.line(at: place.position) }

  /// Goes past it; nil where its operands are others than the turn had. Gives the leaves of the turn
  /// that are numbers among the operands.
  package func pass(_ line: TurnLine, _ operands: [TurnValue], _ place: inout TurnPlace)
    -> [(leaf: Int, operand: Int)]?
  {
    let step = line.step
    guard graph.defaultDType == step.dtype else { return nil }
    var numbers: [(leaf: Int, operand: Int)] = []
    for (index, entry) in step.entries.enumerated() {
      let leaf = place.leaves + index
      switch entry {
      case .operand(let operand):
        guard isSame(operands[operand], ~TurnReference(truncatingIfNeeded: leaf)) else {
          return nil
        }
      case .number(let operand, _): numbers.append((leaf, operand))
      case .fixed: break
      }
    }
    for (operand, reference) in step.checks where !isSame(operands[operand], reference) {
      return nil
    }
    for (operand, bits) in step.numbers {
      guard case .number(let number) = operands[operand], number.bitPattern == bits else {
        return nil
      }
    }
    place.position += step.count
    place.leaves += step.entries.count
    return numbers
  }

  private func isSame(_ value: TurnValue, _ reference: TurnReference) -> Bool {
    switch value {
    case .event(let event): return Int(reference) == event
    case .past(let event): return leaf(reference) == .event(event)
    case .rows(let part): return leaf(reference) == .rows(part)
    case .node(let node):
      let leaf = Int(~reference)
      guard reference < 0, leaf < expected.count, let known = expected[leaf] else { return false }
      return Unmanaged.passUnretained(known).toOpaque() == node.toOpaque()
    case .fresh:
      switch leaf(reference) {
      case .fresh, .number(_, isSame: true): return true
      default: return false
      }
    case .number, .computed: return false
    }
  }

  private func leaf(_ reference: TurnReference) -> Leaf? {
    reference < 0 && Int(~reference) < leaves.count ? leaves[Int(~reference)] : nil
  }

  /// The call that stands there, which does nothing but record.
  package func span(at place: TurnPlace) -> TurnSpan? { trace.script.span(at: place.position) }

  /// Goes past it; nil where its operands are others, or it begins with something that is neither an
  /// operand nor a param nor one of `states`. Gives the leaves that are numbers of its own, and whether
  /// each was the same in two turns.
  package func pass(
    _ span: TurnSpan, _ operands: [TurnValue?], _ states: [Node], _ place: inout TurnPlace
  ) -> [(leaf: Int, number: Node, isSame: Bool)]? {
    for (value, reference) in zip(operands, span.operands) {
      switch (value, reference) {
      case (nil, nil): continue
      case (let value?, let reference?) where isSame(value, reference): continue
      default: return nil
      }
    }
    var numbers: [(leaf: Int, number: Node, isSame: Bool)] = []
    for leaf in place.leaves..<place.leaves + span.leaves {
      guard let node = expected[leaf] else { return nil }
      let isOperand = span.operands.contains(~TurnReference(truncatingIfNeeded: leaf))
      switch leaves[leaf] {
      case .number(_, let isSame): numbers.append((leaf, node, isSame))
      case .fresh where !isOperand: return nil
      case .same, .event, .fresh, .rows:
        let isParameter = node.version?.isCurrent == true && node.version?.parameter?.node === node
        guard
          isOperand || isParameter || node.op === Operator.constant
            || states.contains(where: { $0 === node })
        else { return nil }
      }
    }
    place.position = span.end
    place.leaves += span.leaves
    return numbers
  }

  /// The params that events of a call store to.
  package func stores(of span: TurnSpan) -> [(parameter: Parameter, event: Int)] {
    stores.filter { $0.event >= span.position && $0.event < span.end }.map {
      ($0.parameter, $0.event)
    }
  }

  /// Goes past the store of a param over its value so far; gives its event, nil where the turn has
  /// another one there.
  package func passStore(_ value: TurnValue, over old: TurnValue, _ place: inout TurnPlace)
    -> Int?
  {
    guard place.position < trace.events.count else { return nil }
    let event = trace.events[place.position]
    guard event.op === Operator.parameter, isSame(value, event.operands[0]),
      isSame(old, event.operands[1])
    else { return nil }
    for operand in event.operands where operand == ~TurnReference(truncatingIfNeeded: place.leaves)
    {
      place.leaves += 1
    }
    place.position += 1
    return place.position - 1
  }

  /// Goes past a `backward`; false where the turn has none there.
  package func passBackward(_ loss: TurnValue, _ place: inout TurnPlace) -> Bool {
    guard place.backwards < trace.backwards.count else { return false }
    let known = trace.backwards[place.backwards]
    guard known.position == place.position, isSame(loss, known.loss) else { return false }
    place.position += known.targets.count
    place.backwards += 1
    return true
  }

  /// The event that is the gradient of a param so far in the turn.
  package func gradient(of parameter: Parameter, at place: TurnPlace) -> Int? {
    gradients.last { $0.parameter === parameter && $0.event < place.position }?.event
  }
}

// A plan for people: what its steps compute, in the names of the program, and what that costs.

import Engine

/// One step of a plan, described.
package struct PlanSummary: Sendable, Equatable {
  package enum Kind: String, Sendable {
    /// A fused loop over elements.
    case loop
    case product
    /// The kernel of a single operator.
    case kernel
  }

  package let kind: Kind
  /// What it computes, a line for every value that has a name of its own.
  package let lines: [String]
  /// The names of its operators, in order.
  package let operators: [String]
  /// How many elements it goes over.
  package let elements: Int
  /// Additions, multiplications and the like, roughly.
  package let flops: Double
  /// Bytes of operands and results in memory.
  package let bytes: Double
  /// Whether its numbers are f64.
  package let isDouble: Bool
  /// How long it takes, where that was measured.
  package internal(set) var seconds: Double?
}

extension Plan {
  /// What the steps do. `name` gives names to slots, and to leaves, which are −1 − i.
  func summaries(name: (_ value: Int) -> String?) -> [PlanSummary] {
    steps.map { step in
      let slots = step.slots.map { values.slots[$0] }
      let elements = slots.map(\.loopShape.count).max() ?? 0
      return PlanSummary(
        kind: kind(step), lines: lines(step, name), operators: slots.map(\.op.name),
        elements: elements, flops: flops(step, elements), bytes: bytes(step),
        isDouble: slots.contains { $0.type.dtype == .f64 })
    }
  }

  private func kind(_ step: PlanStep) -> PlanSummary.Kind {
    switch step.work {
    case .loop: .loop
    case .product, .products, .productLoop: .product
    case .kernel: .kernel
    }
  }

  private func flops(_ step: PlanStep, _ elements: Int) -> Double {
    switch step.work {
    case .loop(let program): Double(program.flopsPerElement) * Double(elements)
    case .product(let sizes, _, _, _, _):
      2 * Double(sizes.m) * Double(sizes.n) * Double(sizes.k)
    case .products(let batch, _, _, _, _): 2 * batch.work
    case .productLoop(let product):
      2 * Double(product.sizes.m) * Double(product.sizes.n) * Double(product.sizes.k)
        + Double(product.program.flopsPerElement) * Double(elements)
    case .kernel: Double(elements)
    }
  }

  private func bytes(_ step: PlanStep) -> Double {
    let own = Set(step.slots)
    let read = Set(step.slots.flatMap(values.readings)).subtracting(own)
    let written = own.filter(lowering.hasMemory)
    return read.union(written).reduce(0) { total, value in
      let type = values.type(value)
      return total + Double(type.shape.count) * Double(type.dtype.size)
    }
  }

  private func lines(_ step: PlanStep, _ name: (Int) -> String?) -> [String] {
    var uses: [Int: Int] = [:]
    for index in step.slots {
      for value in values.readings(of: index) { uses[value, default: 0] += 1 }
    }
    var texts: [Int: String] = [:]
    var lines: [String] = []
    for index in step.slots {
      let slot = values.slots[index]
      let operands = slot.operands.map { texts[$0] ?? text($0, texts, name) }
      let formula = Plan.formula(slot.op.formula, operands)
      if uses[index, default: 0] == 1, !lowering.hasMemory(index) {
        texts[index] = formula
      } else {
        texts[index] = name(index) ?? "v\(index)"
        lines.append("\(name(index) ?? "v\(index)") = \(formula)")
      }
    }
    return lines
  }

  /// A value that another step made, or one that is only looked through.
  private func text(_ value: Int, _ texts: [Int: String], _ name: (Int) -> String?) -> String {
    if let name = name(value) { return name }
    guard value >= 0 else { return "x\(-1 - value)" }
    guard !lowering.hasMemory(value) else { return "v\(value)" }
    let slot = values.slots[value]
    let operand = texts[slot.operands[0]] ?? text(slot.operands[0], texts, name)
    if case .stretch = slot.op.role { return operand }
    return Plan.formula(slot.op.formula, [operand])
  }

  /// A record's formula with operands filled in; they get parentheses where they need them.
  private static func formula(_ formula: String, _ operands: [String]) -> String {
    let isCall = formula.first?.isLetter == true && formula.hasSuffix(")")
    var result = formula
    for (index, operand) in operands.enumerated() {
      let isSum = operand.contains(" ") && !isCall && formula != "{0}"
      result = Plan.replacing("{\(index)}", in: result, by: isSum ? "(\(operand))" : operand)
    }
    return result
  }

  private static func replacing(_ part: String, in text: String, by other: String) -> String {
    text.split(separator: part, omittingEmptySubsequences: false).joined(separator: other)
  }
}

// What a plan is made of before anything is fused: every value once, and how it is read.

import Engine

/// One value of a plan as it was recorded, its operands resolved.
struct PlanSlot {
  let op: Operator
  let attributes: Attributes
  let type: TensorType
  /// Where its operands are computed; −1 − i for the i-th leaf.
  let operands: [Int]
  let inputTypes: [TensorType]

  init(_ node: Node, operands: [Int], _ inputTypes: [TensorType]) {
    (op, attributes, type) = (node.op, node.attributes, node.type)
    (self.operands, self.inputTypes) = (operands, inputTypes)
  }
}

extension Shape {
  /// The sizes that are not 1: what a loop goes over.
  var loopSizes: [Int] { dims.filter { $0 != 1 } }
}

/// Where the numbers of an operand are, with a step in memory for each axis of its shape.
struct PlanReading {
  var value: Int
  var steps: [Int]
}

/// All values of a plan: which are the same, and which need no memory because their readers can
/// look at their operands instead.
struct PlanValues {
  private(set) var slots: [PlanSlot] = []
  /// For every slot the slot or leaf that has its numbers.
  private(set) var canonical: [Int] = []
  private(set) var isRoot: [Bool]
  /// Whether the numbers of a slot are wanted by somebody.
  private(set) var isNeeded: [Bool]
  let leafTypes: [TensorType]
  private let literals: [Double?]
  private var readings: [[Int]] = []

  private struct Identity: Hashable {
    let op: Int
    let attributes: Attributes
    let type: TensorType
    let operands: [Int]
    let inputTypes: [TensorType]

    /// By what tells most values apart.
    func hash(into hasher: inout Hasher) {
      hasher.combine(op)
      for operand in operands { hasher.combine(operand) }
    }
  }

  init(_ key: PlanKey) {
    (leafTypes, literals) = (key.leafTypes, key.literals)
    isRoot = [Bool](repeating: false, count: key.entries.count)
    isNeeded = isRoot
    var known: [Identity: Int] = [:]
    known.reserveCapacity(key.entries.count)
    slots.reserveCapacity(key.entries.count)
    canonical.reserveCapacity(key.entries.count)
    for (index, (entry, node)) in zip(key.entries, key.nodes).enumerated() {
      if index & 0xFFF == 0xFFF, Interrupts.isRequested { return }
      let operands = entry.operands.map { $0 < 0 ? Int($0) : canonical[Int($0)] }
      let inputTypes = entry.operands.map { type(Int($0)) }
      let slot = PlanSlot(node, operands: operands, inputTypes)
      slots.append(slot)
      if PlanValues.isView(slot) {
        canonical.append(operands[0])
      } else if let operand = unchanged(slot) {
        canonical.append(slot.operands[operand])
      } else {
        let identity = Identity(
          op: slot.op.id, attributes: slot.attributes, type: slot.type, operands: operands,
          inputTypes: slot.inputTypes)
        let earlier = known[identity]
        canonical.append(earlier ?? index)
        if earlier == nil { known[identity] = index }
      }
      if entry.isRoot, canonical[index] >= 0 { isRoot[canonical[index]] = true }
    }
    markNeeded()
  }

  func type(_ value: Int) -> TensorType { value < 0 ? leafTypes[-1 - value] : slots[value].type }

  /// Whether the result has the operand's numbers in the operand's order.
  private static func isView(_ slot: PlanSlot) -> Bool {
    guard let input = slot.inputTypes.first else { return false }
    if slot.op.isAlias { return true }
    let shape = input.shape
    switch slot.op.role {
    case .view: return true
    case .element(.copy): return input.dtype == slot.type.dtype
    case .stretch: return shape.count == slot.type.shape.count
    case .transpose:
      let kept = slot.attributes.sizes.filter { shape[$0] != 1 }
      return kept == kept.sorted()
    case .sum: return shape.count == slot.type.shape.count && slot.type.dtype.isFloat
    default: return false
    }
  }

  /// The operand whose numbers an operator hands on bit by bit because the other one is a literal:
  /// x · 1, x / 1, x^1, x − 0. (x + 0 would make 0 of −0.)
  private func unchanged(_ slot: PlanSlot) -> Int? {
    guard slot.operands.count == 2, case .element(let operation) = slot.op.role else { return nil }
    let kept: Int
    switch (operation, literal(slot.operands[0]), literal(slot.operands[1])) {
    case (.multiply, _, 1), (.divide, _, 1), (.power, _, 1), (.subtract, _, 0): kept = 0
    case (.multiply, 1, _): kept = 1
    default: return nil
    }
    let type = slot.inputTypes[kept]
    return type.dtype == slot.type.dtype && type.shape.count == slot.type.shape.count ? kept : nil
  }

  /// The number of a literal, also where it is stretched.
  private func literal(_ value: Int) -> Double? {
    var value = value
    while value >= 0 {
      guard case .stretch = slots[value].op.role else { return nil }
      value = slots[value].operands[0]
    }
    return literals[-1 - value]
  }

  // MARK: - Readers

  /// How a loop reads an operand: through stretches and transposes, which then need no memory.
  func reading(_ value: Int, _ shape: Shape) -> PlanReading {
    guard value >= 0 else { return PlanReading(value: value, steps: shape.strides) }
    let slot = slots[value]
    let sizes = slot.type.shape
    var own: PlanReading
    switch slot.op.role {
    case .stretch where sizes.loopSizes == shape.loopSizes:
      let from = slot.inputTypes[0].shape
      own = reading(slot.operands[0], from)
      own.steps = PlanValues.stretched(own.steps, from, in: sizes)
    case .transpose where sizes.loopSizes == shape.loopSizes:
      own = reading(slot.operands[0], slot.inputTypes[0].shape)
      own.steps = slot.attributes.sizes.map { own.steps[$0] }
    default: return PlanReading(value: value, steps: shape.strides)
    }
    var moving = zip(sizes.dims, own.steps).filter { $0.0 != 1 }.map(\.1)[...]
    own.steps = shape.dims.map { $0 == 1 ? 0 : moving.popFirst() ?? 0 }
    return own
  }

  /// Steps of an operand seen with the axes of a shape to which it is stretched.
  static func stretched(_ steps: [Int], _ from: Shape, in shape: Shape) -> [Int] {
    let leading = shape.rank - from.rank
    return (0..<shape.rank).map { axis in
      axis < leading || from[axis - leading] == 1 ? 0 : steps[axis - leading]
    }
  }

  /// How a loop over a slot's own axes reads one of its operands; axes of size 1 left out.
  func reading(_ slot: PlanSlot, operand: Int) -> PlanReading {
    let shape = slot.inputTypes[operand].shape
    var reading = reading(slot.operands[operand], shape)
    let loop = slot.loopShape
    let steps = PlanValues.stretched(reading.steps, shape, in: loop)
    reading.steps = zip(loop.dims, steps).filter { $0.0 != 1 }.map(\.1)
    return reading
  }

  private mutating func markNeeded() {
    readings = [[Int]](repeating: [], count: slots.count)
    for index in slots.indices where isRoot[index] { isNeeded[index] = true }
    for index in slots.indices.reversed() where isNeeded[index] {
      if index & 0xFFF == 0xFFF, Interrupts.isRequested { return }
      readings[index] = found(slots[index])
      for value in readings[index] where value >= 0 { isNeeded[value] = true }
    }
  }

  /// The values whose memory a slot reads; none for a slot that is not needed.
  func readings(of index: Int) -> [Int] { readings[index] }

  private func found(_ slot: PlanSlot) -> [Int] {
    if slot.loopType != nil {
      return slot.operands.indices.map { reading(slot, operand: $0).value }
    }
    if let product = PlanProduct(self, slot) { return [product.left, product.right] }
    return slot.operands
  }
}

extension PlanSlot {
  /// The shape of the loop: a sum goes over its operand.
  var loopShape: Shape {
    if case .sum = op.role { return inputTypes[0].shape }
    return type.shape
  }

  /// How the loop is cut into tiles where it ends in a sum.
  var sumOrder: TileOrder? {
    guard case .sum = op.role else { return nil }
    return Reductions.order(inputTypes[0].shape, axes: attributes.axes)
  }

  /// The float type in which a fused loop computes it, nil where it is left to its kernel.
  var loopType: DType? {
    guard loopShape.count > 0 else { return nil }
    let (inputs, result) = (inputTypes.map(\.dtype), type.dtype)
    let loop: DType
    switch op.role {
    case .element(.copy):
      guard inputs == [.bool] else { return nil }
      loop = result
    case .element(.select):
      guard inputs == [.bool, result, result] else { return nil }
      loop = result
    case .element(let operation):
      loop = inputs[0]
      let wanted: DType = operation.isComparison ? .bool : loop
      guard result == wanted, inputs.allSatisfy({ $0 == loop }) else { return nil }
    case .stretch, .sum:
      guard inputs[0] == result else { return nil }
      if case .sum = op.role, sumOrder == nil { return nil }
      loop = result
    default: return nil
    }
    return loop.isFloat ? loop : nil
  }
}

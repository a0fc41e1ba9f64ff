// From values to steps: which operators share a loop, in which order, and where results lie.

import Engine

/// Makes the steps of a plan.
///
/// Every value that is needed goes into a group, a step to be. Groups run in the order in which
/// they were opened; a value may join any group that comes after those of its operands, or that of
/// an operand itself where both go over the same elements.
struct Lowering {
  /// Values that share a loop, or a single one that has a step of its own.
  private struct Group {
    var slots: [Int]
    var key: LoopKey?
    var order: TileOrder?
  }

  /// Loops over the same elements in the same type can be one.
  private struct LoopKey: Hashable {
    let sizes: [Int]
    let isDouble: Bool
  }

  /// Memory that a value has for itself.
  struct Storage {
    let slot: Int
    let bytes: Int
    let isRoot: Bool
    /// The steps that write it first and read it last.
    let first: Int
    var last: Int
    /// Where in the arena, for values that are no roots.
    var offset = 0
  }

  private static let mostInstructions = 192
  /// Elements up to which a value may join a loop that is followed by other steps. A large one would
  /// lie there from then on until somebody reads it.
  private static let smallLoop = 8192

  private let values: PlanValues
  private var groups: [Group] = []
  private var open: [LoopKey: [Int]] = [:]
  private var groupOf: [Int]
  private var storageOf: [Int]
  private(set) var storages: [Storage] = []
  private(set) var steps: [PlanStep] = []
  private(set) var scratchBytes = 0
  private(set) var arenaBytes = 0

  init(_ values: PlanValues) {
    self.values = values
    groupOf = [Int](repeating: -1, count: values.slots.count)
    storageOf = groupOf
    for index in values.slots.indices
    where values.isNeeded[index] && values.canonical[index] == index { place(index) }
    updateEarly()
    findStorages()
    arenaBytes = PlanArena.assign(&storages)
    for index in groups.indices { steps.append(step(index)) }
  }

  // MARK: - Groups

  private mutating func place(_ index: Int) {
    let slot = values.slots[index]
    guard let loop = slot.loopType else {
      groupOf[index] = groups.count
      groups.append(Group(slots: [index]))
      return
    }
    let key = LoopKey(sizes: slot.loopShape.loopSizes, isDouble: loop == .f64)
    let order = slot.sumOrder
    let earliest = earliestGroup(slot, key)
    if let group = openGroup(key, from: earliest, order) {
      groupOf[index] = group
      groups[group].slots.append(index)
      groups[group].order = groups[group].order ?? order
    } else {
      groupOf[index] = groups.count
      open[key, default: []].append(groups.count)
      groups.append(Group(slots: [index], key: key, order: order))
    }
  }

  /// The first group in which all operands are at hand.
  private func earliestGroup(_ slot: PlanSlot, _ key: LoopKey) -> Int {
    var earliest = 0
    for operand in slot.operands.indices {
      let reading = values.reading(slot, operand: operand)
      guard reading.value >= 0 else { continue }
      let group = groupOf[reading.value]
      let isShared = groups[group].key == key && isElement(reading, key)
      earliest = max(earliest, isShared ? group : group + 1)
    }
    return earliest
  }

  /// Whether a loop over a key can hand a value on to a reader in the same loop.
  private func isElement(_ reading: PlanReading, _ key: LoopKey) -> Bool {
    if case .sum = values.slots[reading.value].op.role { return false }
    return reading.steps == Shape(key.sizes).strides
  }

  private func openGroup(_ key: LoopKey, from earliest: Int, _ order: TileOrder?) -> Int? {
    guard let candidates = open[key] else { return nil }
    var (low, high) = (0, candidates.count)
    while low < high {
      let middle = (low + high) / 2
      if candidates[middle] < earliest { low = middle + 1 } else { high = middle }
    }
    let isSmall = key.sizes.reduce(1, *) <= Lowering.smallLoop
    return candidates[low...].prefix(8).first { index in
      let group = groups[index]
      guard isSmall || index == groups.count - 1 else { return false }
      return group.slots.count < Lowering.mostInstructions
        && (order == nil || group.order == nil || group.order == order)
    }
  }

  /// Large loops that make nothing but roots out of a product, as an optimizer's update out of a
  /// gradient, run right after it: what they read is still in the caches, and nothing lies longer.
  private mutating func updateEarly() {
    var readOutside = [Bool](repeating: false, count: values.slots.count)
    var last = [Int](repeating: -1, count: groups.count)
    for (step, group) in groups.enumerated() {
      for index in group.slots {
        for value in values.readings(of: index) where value >= 0 && groupOf[value] != step {
          readOutside[value] = true
          last[step] = max(last[step], groupOf[value])
        }
      }
    }
    var places = groups.indices.map { ($0, false) }
    for (step, group) in groups.enumerated() where last[step] >= 0 {
      guard let key = group.key, key.sizes.reduce(1, *) > Lowering.smallLoop,
        case .product = values.slots[groups[last[step]].slots[0]].op.role,
        !group.slots.contains(where: { readOutside[$0] && !values.isRoot[$0] })
      else { continue }
      places[step] = (last[step], true)
    }
    let order = groups.indices.sorted {
      let (a, b) = (places[$0], places[$1])
      return a.0 != b.0 ? a.0 < b.0 : a.1 != b.1 ? b.1 : $0 < $1
    }
    guard order != Array(groups.indices) else { return }
    groups = order.map { groups[$0] }
    for (step, group) in groups.enumerated() {
      for index in group.slots { groupOf[index] = step }
    }
  }

  // MARK: - Memory

  /// Roots have memory, and what is read by another step than its own.
  private mutating func findStorages() {
    for (step, group) in groups.enumerated() {
      for index in group.slots {
        for value in values.readings(of: index) where value >= 0 && groupOf[value] != step {
          if storageOf[value] < 0 { addStorage(value) }
          storages[storageOf[value]].last = step
        }
      }
    }
    for index in values.slots.indices
    where values.isNeeded[index] && values.canonical[index] == index && storageOf[index] < 0 {
      if values.isRoot[index] || groups[groupOf[index]].key == nil { addStorage(index) }
    }
  }

  private mutating func addStorage(_ index: Int) {
    let type = values.slots[index].type
    storageOf[index] = storages.count
    storages.append(
      Storage(
        slot: index, bytes: type.shape.count * type.dtype.size, isRoot: values.isRoot[index],
        first: groupOf[index], last: groupOf[index]))
  }

  /// Which of the addresses of a run a value has: first come the leaves.
  func address(_ value: Int) -> Int {
    value < 0 ? -1 - value : values.leafTypes.count + storageOf[value]
  }

  func hasMemory(_ value: Int) -> Bool { value < 0 || storageOf[value] >= 0 }

  // MARK: - Steps

  private mutating func step(_ index: Int) -> PlanStep {
    let group = groups[index]
    if let key = group.key {
      let program = loop(group, key)
      scratchBytes = max(scratchBytes, program.scratchBytes)
      return PlanStep(.loop(program), slots: group.slots)
    }
    let slot = values.slots[group.slots[0]]
    let result = address(group.slots[0])
    if let product = PlanProduct(values, slot) {
      return PlanStep(work(product, slot, result), slots: group.slots)
    }
    let operands = slot.operands.map(address)
    return PlanStep(
      .kernel(PlanKernel(slot, operands: operands, result: result)), slots: group.slots)
  }

  private func work(_ product: PlanProduct, _ slot: PlanSlot, _ result: Int) -> PlanStep.Work {
    let (a, b) = (address(product.left), address(product.right))
    let isDouble = slot.type.dtype == .f64
    if product.axes.isEmpty {
      return .product(product.sizes, isDouble: isDouble, a: a, b: b, c: result)
    }
    return .products(
      BatchProduct(product.sizes, product.axes), isDouble: isDouble, a: a, b: b, c: result)
  }

  private func loop(_ group: Group, _ key: LoopKey) -> TileProgram {
    var builder = TileBuilder(
      sizes: key.sizes, isDouble: key.isDouble, order: group.order ?? .flat)
    var made: [Int: TileBuilder.Value] = [:]
    for index in group.slots {
      let slot = values.slots[index]
      var operands: [TileBuilder.Value] = []
      for operand in slot.operands.indices {
        let reading = values.reading(slot, operand: operand)
        if let value = made[reading.value] {
          operands.append(value)
        } else {
          let isTruth = values.type(reading.value).dtype == .bool
          operands.append(
            builder.operand(address(reading.value), steps: reading.steps, isTruth: isTruth))
        }
      }
      if case .sum(let isMean) = slot.op.role {
        builder.sum(operands[0], address: address(index), isMean: isMean)
        continue
      }
      let value: TileBuilder.Value
      switch slot.op.role {
      case .element(.copy), .stretch: value = operands[0]
      case .element(let operation):
        value = builder.apply(operation, operands, slot.attributes)
      default: continue
      }
      made[index] = value
      if storageOf[index] >= 0 {
        builder.output(
          value, address: address(index), isTruth: slot.type.dtype == .bool)
      }
    }
    return builder.build()
  }
}

/// Where values lie in the arena of a plan: one takes the place of others that are not read again.
enum PlanArena {
  /// Sets the offsets of all storages that are no roots; the bytes of the arena.
  static func assign(_ storages: inout [Lowering.Storage]) -> Int {
    var free: [(offset: Int, bytes: Int)] = []
    var total = 0
    let order = storages.indices.filter { !storages[$0].isRoot }
    let starting = order.sorted { storages[$0].first < storages[$1].first }
    let ending = order.sorted { storages[$0].last < storages[$1].last }
    var ended = 0
    for index in starting {
      while ended < ending.count, storages[ending[ended]].last < storages[index].first {
        let over = storages[ending[ended]]
        release(&free, over.offset, rounded(over.bytes))
        ended += 1
      }
      let bytes = rounded(storages[index].bytes)
      storages[index].offset = take(&free, bytes, &total)
    }
    return total
  }

  private static func rounded(_ bytes: Int) -> Int { (max(bytes, 1) + 63) & ~63 }

  /// The smallest gap that is large enough, else the end.
  private static func take(
    _ free: inout [(offset: Int, bytes: Int)], _ bytes: Int, _ total: inout Int
  ) -> Int {
    let fitting = free.indices.filter { free[$0].bytes >= bytes }
    if let best = fitting.min(by: { free[$0].bytes < free[$1].bytes }) {
      let offset = free[best].offset
      free[best].offset += bytes
      free[best].bytes -= bytes
      if free[best].bytes == 0 { free.remove(at: best) }
      return offset
    }
    // A gap at the end grows.
    if let last = free.last, last.offset + last.bytes == total {
      free.removeLast()
      total = last.offset + bytes
      return last.offset
    }
    total += bytes
    return total - bytes
  }

  private static func release(
    _ free: inout [(offset: Int, bytes: Int)], _ offset: Int, _ bytes: Int
  ) {
    var place = free.firstIndex { $0.offset > offset } ?? free.count
    free.insert((offset, bytes), at: place)
    if place + 1 < free.count, offset + bytes == free[place + 1].offset {
      free[place].bytes += free.remove(at: place + 1).bytes
    }
    if place > 0, free[place - 1].offset + free[place - 1].bytes == offset {
      free[place - 1].bytes += free.remove(at: place).bytes
      place -= 1
    }
  }
}

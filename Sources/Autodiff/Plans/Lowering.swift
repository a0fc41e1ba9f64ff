// From values to steps: which operators share a loop, in which order, and where results lie.

import Engine

/// Makes the steps of a plan.
///
/// Every value that is needed goes into a group, a step to be. Groups run in the order in which
/// they were opened; a value may join any group that comes after those of its operands, or that of
/// an operand itself where both go over the same elements. After an interrupt it is not complete.
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
    var first: Int
    var last: Int
    /// Where in the arena, for values that are no roots.
    var offset = 0
    /// The storage in whose memory it lies until that is computed; nil where it has its own.
    var host: Int?
  }

  private static let mostInstructions = 192
  /// Elements up to which a value may join a loop that is followed by other steps. A large one would
  /// lie there from then on until somebody reads it.
  private static let smallLoop = 8192

  private let values: PlanValues
  private var groups: [Group] = []
  private var open: [LoopKey: [Int]] = [:]
  private var groupOf: [Int]
  /// Groups that are one step with the one before them, and the step of every group.
  private var isJoined: [Bool] = []
  private var stepOf: [Int] = []
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
    where values.isNeeded[index] && values.canonical[index] == index {
      if index & 0xFFF == 0xFFF, Interrupts.isRequested { return }
      place(index)
    }
    if groups.indices.contains(where: isProduct) { hurryLoops() }
    joinProducts()
    findStorages()
    shareUpdates()
    if !PlanVerification.isOn { shareRoots() }
    arenaBytes = PlanArena.assign(&storages)
    for index in groups.indices where !isJoined[index] {
      if steps.count & 0xFF == 0xFF, Interrupts.isRequested { return }
      steps.append(step(index))
    }
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
      if groups[group].slots.count == Lowering.mostInstructions { close(group, key) }
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

  /// A full group takes no more values, and is in nobody's way.
  private mutating func close(_ group: Int, _ key: LoopKey) {
    guard let candidates = open[key] else { return }
    open[key]?.remove(at: Lowering.first(of: candidates, from: group))
  }

  /// Where the numbers that are no less than one begin.
  private static func first(of sorted: [Int], from number: Int) -> Int {
    var (low, high) = (0, sorted.count)
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] < number { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func openGroup(_ key: LoopKey, from earliest: Int, _ order: TileOrder?) -> Int? {
    guard let candidates = open[key] else { return nil }
    let low = Lowering.first(of: candidates, from: earliest)
    let isSmall = key.sizes.reduce(1, *) <= Lowering.smallLoop
    return candidates[low...].prefix(8).first { index in
      let group = groups[index]
      guard isSmall || index == groups.count - 1 else { return false }
      return order == nil || group.order == nil || group.order == order
    }
  }

  // MARK: - Products and the loops after them

  /// Large loops run right after the product that they read last, as an optimizer's update after a
  /// gradient or a derivative after what is passed back, where nothing lies longer for it: what they
  /// read is still in the caches.
  private mutating func hurryLoops() {
    let readers = readers()
    var places = groups.indices.map { ($0, false) }
    for (step, group) in groups.enumerated() {
      let last = latestOperand(of: step)
      guard let key = group.key, key.sizes.reduce(1, *) > Lowering.smallLoop, last >= 0,
        isProduct(last),
        readers[groups[last].slots[0]] == [step]
          || group.slots.allSatisfy({ readers[$0].isEmpty || values.isRoot[$0] })
      else { continue }
      places[step] = (last, true)
    }
    let order = groups.indices.sorted {
      let (a, b) = (places[$0], places[$1])
      return a.0 != b.0 ? a.0 < b.0 : a.1 != b.1 ? b.1 : $0 < $1
    }
    groups = order.map { groups[$0] }
    for (step, group) in groups.enumerated() {
      for index in group.slots { groupOf[index] = step }
    }
  }

  /// For every value the other groups that read it.
  private func readers() -> [Set<Int>] {
    var readers = [Set<Int>](repeating: [], count: values.slots.count)
    for (step, group) in groups.enumerated() {
      for index in group.slots {
        for value in values.readings(of: index) where value >= 0 && groupOf[value] != step {
          readers[value].insert(step)
        }
      }
    }
    return readers
  }

  private func latestOperand(of step: Int) -> Int {
    groups[step].slots.reduce(-1) { latest, index in
      values.readings(of: index).reduce(latest) { latest, value in
        value < 0 || groupOf[value] == step ? latest : max(latest, groupOf[value])
      }
    }
  }

  private func isProduct(_ group: Int) -> Bool {
    guard case .product = values.slots[groups[group].slots[0]].op.role else { return false }
    return groups[group].key == nil
  }

  /// Loops that go over the elements of the product before them run with it, part by part.
  private mutating func joinProducts() {
    isJoined = [Bool](repeating: false, count: groups.count)
    stepOf = Array(groups.indices)
    for group in groups.indices.dropFirst() {
      isJoined[group] = joins(group)
      stepOf[group] = stepOf[group - 1] + (isJoined[group] ? 0 : 1)
    }
  }

  private func joins(_ group: Int) -> Bool {
    let product = groups[group - 1].slots[0]
    guard let key = groups[group].key, isProduct(group - 1),
      let found = PlanProduct(values, values.slots[product]), found.axes.isEmpty,
      key.sizes.reduce(1, *) == found.sizes.m * found.sizes.n,
      values.slots[product].type.dtype == (key.isDouble ? .f64 : .f32)
    else { return false }
    var isRead = false
    for index in groups[group].slots {
      for operand in values.slots[index].operands.indices {
        let reading = values.reading(values.slots[index], operand: operand)
        guard reading.value == product else { continue }
        guard isElement(reading, key) else { return false }
        isRead = true
      }
    }
    let hasSums = groups[group].slots.contains { values.slots[$0].sumOrder != nil }
    return isRead
      && ProductLoop.suits(found.sizes, groups[group].order ?? .flat, hasSums: hasSums)
  }

  // MARK: - Memory

  /// Roots have memory, and what is read by another step than its own.
  private mutating func findStorages() {
    for (step, group) in groups.enumerated() {
      for index in group.slots {
        for value in values.readings(of: index) where value >= 0 && groupOf[value] != step {
          if storageOf[value] < 0 { addStorage(value) }
          storages[storageOf[value]].last = stepOf[step]
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
        first: stepOf[groupOf[index]], last: stepOf[groupOf[index]]))
  }

  /// A tensor of which an operator changes some elements lies where the result will lie when nobody reads
  /// it afterwards: nothing is copied. So the gradients of slices are added up in one place.
  private mutating func shareUpdates() {
    for (step, group) in groups.enumerated() where group.key == nil {
      let slot = values.slots[group.slots[0]]
      guard slot.op.changesElements, let value = slot.operands.first, value >= 0,
        !slot.operands.dropFirst().contains(value)
      else { continue }
      let (old, new) = (storageOf[value], storageOf[group.slots[0]])
      guard old >= 0, !storages[old].isRoot, storages[old].last == stepOf[step] else { continue }
      storages[old].host = new
      storages[new].first = min(storages[new].first, storages[old].first)
    }
  }

  /// Values of this many bytes lie in the memory of a root where they can.
  private static let largeValue = 1 << 20

  /// A large value that is last read by a root's loop, element by element, lies where the root will lie:
  /// `rand(n, k) - 0.5` needs the memory of one tensor. (Verification compares with what was there.)
  private mutating func shareRoots() {
    for root in storages.indices where storages[root].isRoot {
      let bytes = storages[root].bytes
      let slot = values.slots[storages[root].slot]
      let group = groupOf[storages[root].slot]
      guard bytes >= Lowering.largeValue, let key = groups[group].key, !isJoined[group],
        groups[group].order ?? .flat == .flat, slot.type.dtype == (key.isDouble ? .f64 : .f32)
      else { continue }
      for operand in slot.operands.indices {
        let reading = values.reading(slot, operand: operand)
        guard reading.value >= 0, groupOf[reading.value] != group, isElement(reading, key),
          isOnlyReader(storages[root].slot, of: reading.value, group)
        else { continue }
        let value = storageOf[reading.value]
        guard value >= 0, !storages[value].isRoot, storages[value].bytes == bytes,
          storages[value].host == nil, storages[value].last == stepOf[group]
        else { continue }
        storages[value].host = root
        break
      }
    }
  }

  /// Whether a value is read once in a group, by this slot.
  private func isOnlyReader(_ slot: Int, of value: Int, _ group: Int) -> Bool {
    let readers = groups[group].slots.flatMap { index in
      values.readings(of: index).filter { $0 == value }.map { _ in index }
    }
    return readers == [slot]
  }

  /// The storage whose memory one has in the end.
  func home(_ storage: Int) -> Int {
    var home = storage
    while let host = storages[home].host { home = host }
    return home
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
      let program = loop(group, key).build()
      scratchBytes = max(scratchBytes, program.scratchBytes)
      return PlanStep(.loop(program), slots: group.slots)
    }
    let slot = values.slots[group.slots[0]]
    let result = address(group.slots[0])
    if let product = PlanProduct(values, slot) {
      guard index + 1 < groups.count, isJoined[index + 1], let key = groups[index + 1].key else {
        return PlanStep(work(product, slot, result), slots: group.slots)
      }
      let joined = ProductLoop(
        product.sizes, isDouble: key.isDouble, left: address(product.left),
        right: address(product.right), result: result, loop(groups[index + 1], key))
      scratchBytes = max(scratchBytes, joined.program.scratchBytes)
      return PlanStep(.productLoop(joined), slots: group.slots + groups[index + 1].slots)
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

  private func loop(_ group: Group, _ key: LoopKey) -> TileBuilder {
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
    return builder
  }
}

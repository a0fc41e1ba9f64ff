// Plans: what to compute in which order, made once for a structure and run many times. A run in
// steady state makes no object: what is computed on the way lies in an arena, and a root takes a
// buffer of an earlier run that nobody holds any more.

import Engine

/// The steps that compute roots from leaves.
final class Plan {
  /// A step as the loop over steps reads it: nothing in it is counted.
  private struct Command {
    enum Work {
      case loop(Unmanaged<TileProgram>)
      case product(MatrixProduct.Sizes, isDouble: Bool, a: Int, b: Int, c: Int)
      case productLoop(Unmanaged<ProductLoop>)
      case products(Unmanaged<BatchProduct>, isDouble: Bool, a: Int, b: Int, c: Int)
      case kernel(Unmanaged<PlanKernel>)
    }
    let work: Work
    let step: Int
    let flushesToZero: Bool

    init(_ step: PlanStep, _ index: Int) {
      self.step = index
      flushesToZero = step.flushesToZero
      work =
        switch step.work {
        case .loop(let program): .loop(.passUnretained(program))
        case .product(let sizes, let isDouble, let a, let b, let c):
          .product(sizes, isDouble: isDouble, a: a, b: b, c: c)
        case .productLoop(let product): .productLoop(.passUnretained(product))
        case .products(let batch, let isDouble, let a, let b, let c):
          .products(.passUnretained(batch), isDouble: isDouble, a: a, b: b, c: c)
        case .kernel(let kernel): .kernel(.passUnretained(kernel))
        }
    }
  }

  /// Where the numbers of a root come from that has no memory of its own.
  private enum Source {
    case leaf(Int)
    case slot(Int)
  }

  /// Memory for a root, with the buffers of the last runs.
  private struct RootStorage {
    let place: Int
    let slot: Int
    private let dtype: DType
    private let count: Int
    private var recycled: (Buffer?, Buffer?, Buffer?) = (nil, nil, nil)
    private var next = 0

    init(place: Int, slot: Int, _ type: TensorType) {
      (self.place, self.slot) = (place, slot)
      (dtype, count) = (type.dtype, type.shape.count)
    }

    /// One of the last buffers that nobody else holds, or a new one.
    mutating func take() throws(MemoryProblem) -> Buffer? {
      if isKnownUniquelyReferenced(&recycled.0) { return recycled.0 }
      if isKnownUniquelyReferenced(&recycled.1) { return recycled.1 }
      if isKnownUniquelyReferenced(&recycled.2) { return recycled.2 }
      let buffer = try Buffer(dtype, count: count)
      guard count * dtype.size <= Plan.recycledBytes else { return buffer }
      switch next {
      case 0: recycled.0 = buffer
      case 1: recycled.1 = buffer
      default: recycled.2 = buffer
      }
      next = (next + 1) % 3
      return buffer
    }
  }

  /// Roots above this size come from the pool, so that plans which are not run hold little.
  private static let recycledBytes = 16 << 10

  let entries: [PlanEntry]
  let leafTypes: [TensorType]
  private let literals: [Double?]
  let values: PlanValues
  let steps: [PlanStep]
  let lowering: Lowering
  /// What the last run computed: the numbers of the roots by slot, nil for all other slots.
  private(set) var outputs: [Buffer?]
  private let commands: UnsafeMutableBufferPointer<Command>
  private var rootStorages: [RootStorage] = []
  /// Roots that share their memory with a leaf or with another root.
  private var sharing: [(slot: Int, source: Source)] = []
  private let memory: PlanMemory
  /// Whether every step is compared with the kernels of its operators.
  var isVerified = PlanVerification.isOn
  /// Where leaves and values lie: the leaves first.
  private let addresses: UnsafeMutableBufferPointer<UnsafeMutableRawPointer>
  /// Which addresses lie in the arena, and at which offset.
  private var arenaPlaces: [(place: Int, offset: Int)] = []
  private var arena: UnsafeMutableRawPointer?
  /// Addresses of values that lie where a root will lie, and the root's.
  private var hosted: [(place: Int, root: Int)] = []

  /// Throws where it is interrupted: plans of a hundred thousand values take a while to make.
  init(_ key: PlanKey) throws(OperatorProblem) {
    entries = key.entries
    leafTypes = key.leafTypes
    literals = key.literals
    outputs = [Buffer?](repeating: nil, count: key.entries.count)
    values = PlanValues(key)
    try Graph.checkInterrupt()
    lowering = Lowering(values)
    try Graph.checkInterrupt()
    steps = lowering.steps
    commands = .allocate(capacity: steps.count)
    _ = commands.initialize(from: steps.enumerated().map { Command($0.element, $0.offset) })
    memory = key.nodes.first?.graph.planMemory ?? PlanMemory()
    addresses = .allocate(capacity: leafTypes.count + lowering.storages.count)
    addresses.initialize(repeating: Plan.nowhere)
    findRoots(lowering)
  }

  deinit {
    addresses.deallocate()
    commands.deallocate()
  }

  /// What a place holds until it gets its own address.
  private static var nowhere: UnsafeMutableRawPointer {
    Buffer(viewing: .bool, count: 0).address
  }

  private func findRoots(_ lowering: Lowering) {
    var withMemory: Set<Int> = []
    for (index, storage) in lowering.storages.enumerated() {
      let place = leafTypes.count + index
      if storage.isRoot {
        let slot = storage.slot
        withMemory.insert(slot)
        rootStorages.append(
          RootStorage(place: place, slot: slot, values.slots[slot].type))
      } else {
        let home = lowering.home(index)
        if lowering.storages[home].isRoot {
          hosted.append((place, leafTypes.count + home))
        } else {
          arenaPlaces.append((place, lowering.storages[home].offset))
        }
      }
    }
    for (slot, entry) in entries.enumerated() where entry.isRoot && !withMemory.contains(slot) {
      let value = values.canonical[slot]
      sharing.append((slot, value < 0 ? .leaf(-1 - value) : .slot(value)))
    }
  }

  func matches(_ key: PlanKey) -> Bool {
    entries == key.entries && leafTypes == key.leafTypes && literals == key.literals
  }

  /// Computes the roots into `outputs`, which the caller lets go with `releaseOutputs`.
  func run(_ leaves: [Buffer], node: (_ slot: Int) -> Node?) throws(OperatorProblem) {
    for index in leaves.indices { addresses[index] = leaves[index].address }
    let scratch: UnsafeMutableRawPointer
    do { scratch = try prepare() } catch { throw Graph.memoryProblem(error) }
    defer { memory.release() }
    guard let places = UnsafePointer(addresses.baseAddress) else { return }
    try execute(places, scratch, node: node)
    for (slot, source) in sharing {
      switch source {
      case .leaf(let index): outputs[slot] = leaves[index]
      case .slot(let other): outputs[slot] = outputs[other]
      }
    }
  }

  /// Carries the steps out on values at these places.
  func execute(
    _ places: UnsafePointer<UnsafeMutableRawPointer>, _ scratch: UnsafeMutableRawPointer,
    node: (_ slot: Int) -> Node?
  ) throws(OperatorProblem) {
    // The session's own numbers are f64, and so is a part of what plans compute.
    let usual = FloatMode.current
    var isFlushing = false
    defer { if isFlushing { usual.use() } }
    for command in commands {
      if command.flushesToZero != isFlushing {
        isFlushing = command.flushesToZero
        (isFlushing ? usual.flushing : usual).use()
      }
      do throws(OperatorProblem) {
        try run(command.work, places, scratch)
        try Graph.checkInterrupt()
        if isVerified { try PlanVerification(self, places).check(steps[command.step]) }
      } catch {
        var problem = error
        if problem.kind != .memory, let node = node(steps[command.step].slots[0]) {
          problem.origin = node.origin
          problem.made = node.inputs.map { ($0.knownName, $0.origin) }
        }
        throw problem
      }
    }
  }

  // MARK: - For who keeps the memory of the roots

  /// Where leaves and values lie, in an arena that is held until `releaseMemory`; the places of leaves
  /// and roots are to be set.
  func copyPlaces() throws(MemoryProblem) -> (
    places: UnsafeMutableBufferPointer<UnsafeMutableRawPointer>, scratch: UnsafeMutableRawPointer
  ) {
    let arena = try memory.arena(lowering.arenaBytes)
    let places = UnsafeMutableBufferPointer<UnsafeMutableRawPointer>.allocate(
      capacity: addresses.count)
    _ = places.initialize(from: addresses)
    for (place, offset) in arenaPlaces { places[place] = arena + offset }
    return (places, try memory.scratch(lowering.scratchBytes))
  }

  /// Where values lie that have the memory of a root, once the roots have theirs.
  func placeHosted(_ places: UnsafeMutableBufferPointer<UnsafeMutableRawPointer>) {
    for (place, root) in hosted { places[place] = places[root] }
  }

  func releaseMemory() { memory.release() }

  /// The places of the roots by slot; nil where one shares its memory with a leaf.
  var rootPlaces: [Int: Int]? {
    var result = Dictionary(uniqueKeysWithValues: rootStorages.map { ($0.slot, $0.place) })
    for (slot, source) in sharing {
      guard case .slot(let other) = source, let place = result[other] else { return nil }
      result[slot] = place
    }
    return result
  }

  /// Runs the steps once more, for their speed only, and notes how many seconds each took where it
  /// took less than `best`. The caller lets the results go with `releaseOutputs`.
  func time(_ leaves: [Buffer], _ best: inout [Double]) throws(OperatorProblem) {
    for index in leaves.indices { addresses[index] = leaves[index].address }
    let scratch: UnsafeMutableRawPointer
    do { scratch = try prepare() } catch { throw Graph.memoryProblem(error) }
    defer { memory.release() }
    guard let places = UnsafePointer(addresses.baseAddress) else { return }
    for command in commands {
      let begin = Stopwatch.now()
      try run(command.work, places, scratch)
      best[command.step] = min(best[command.step], Stopwatch.now() - begin)
      try Graph.checkInterrupt()
    }
  }

  /// Memory for everything that the run computes; the scratch.
  private func prepare() throws(MemoryProblem) -> UnsafeMutableRawPointer {
    let arena = try memory.arena(lowering.arenaBytes)
    if arena != self.arena {
      for (place, offset) in arenaPlaces { addresses[place] = arena + offset }
      self.arena = arena
    }
    for index in rootStorages.indices {
      let buffer = try rootStorages[index].take()
      if let buffer { addresses[rootStorages[index].place] = buffer.address }
      outputs[rootStorages[index].slot] = buffer
    }
    for (place, root) in hosted { addresses[place] = addresses[root] }
    return try memory.scratch(lowering.scratchBytes)
  }

  private func run(
    _ work: Command.Work, _ places: UnsafePointer<UnsafeMutableRawPointer>,
    _ scratch: UnsafeMutableRawPointer
  ) throws(OperatorProblem) {
    switch work {
    case .loop(let program):
      program._withUnsafeGuaranteedRef { $0.run(places, scratch: scratch) }
    case .product(let sizes, let isDouble, let a, let b, let c):
      MatrixProduct.multiply(places[a], places[b], places[c], sizes, isDouble: isDouble)
    case .productLoop(let product):
      product._withUnsafeGuaranteedRef { $0.run(places, scratch: scratch) }
    case .products(let batch, let isDouble, let a, let b, let c):
      batch._withUnsafeGuaranteedRef {
        $0.multiply(places[a], places[b], places[c], isDouble: isDouble)
      }
    case .kernel(let kernel): try kernel.takeUnretainedValue().run(places)
    }
  }

  /// Holds the numbers of the last run no longer.
  func releaseOutputs() {
    for index in rootStorages.indices { outputs[rootStorages[index].slot] = nil }
    for (slot, _) in sharing { outputs[slot] = nil }
  }
}

extension Graph {
  /// Throws where work was interrupted: kernels that were just end.
  package static func checkInterrupt() throws(OperatorProblem) {
    if Interrupts.isRequested { throw OperatorProblem(.interrupt, "interrupted") }
  }
}

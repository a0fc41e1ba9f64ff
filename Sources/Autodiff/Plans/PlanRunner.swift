// Plans: what to compute in which order, made once for a structure and run many times. A run in
// steady state makes no object: what is computed on the way lies in an arena, and a root takes a
// buffer of an earlier run that nobody holds any more.

import Engine

/// The steps that compute roots from leaves.
final class Plan {
  /// Where a root's numbers come from.
  private enum Source {
    case leaf(Int)
    case storage(Int)
  }

  /// Memory for a root, with the buffers of the last runs.
  private struct RootStorage {
    let place: Int
    let dtype: DType
    let count: Int
    var present: Buffer?
    private var recycled: (Buffer?, Buffer?, Buffer?) = (nil, nil, nil)
    private var next = 0

    init(place: Int, _ type: TensorType) {
      (self.place, dtype, count) = (place, type.dtype, type.shape.count)
    }

    /// One of the last buffers that nobody else holds, or a new one.
    mutating func take() throws(MemoryProblem) -> UnsafeMutableRawPointer {
      if isKnownUniquelyReferenced(&recycled.0) {
        present = recycled.0
      } else if isKnownUniquelyReferenced(&recycled.1) {
        present = recycled.1
      } else if isKnownUniquelyReferenced(&recycled.2) {
        present = recycled.2
      } else {
        try renew()
      }
      return present.map(\.address) ?? Plan.nowhere
    }

    private mutating func renew() throws(MemoryProblem) {
      let buffer = try Buffer(dtype, count: count)
      present = buffer
      guard count * dtype.size <= Plan.recycledBytes else { return }
      switch next {
      case 0: recycled.0 = buffer
      case 1: recycled.1 = buffer
      default: recycled.2 = buffer
      }
      next = (next + 1) % 3
    }
  }

  /// Roots above this size come from the pool, so that plans which are not run hold little.
  private static let recycledBytes = 16 << 10

  let entries: [PlanEntry]
  let leafTypes: [TensorType]
  let values: PlanValues
  let steps: [PlanStep]
  let lowering: Lowering
  /// What the last run computed: the numbers of the roots by slot, nil for all other slots.
  private(set) var outputs: [Buffer?]
  private var roots: [(slot: Int, source: Source)] = []
  private var rootStorages: [RootStorage] = []
  private let memory: PlanMemory
  /// Whether every step is compared with the kernels of its operators.
  var isVerified = PlanVerification.isOn
  /// Where leaves and values lie: the leaves first.
  private let addresses: UnsafeMutableBufferPointer<UnsafeMutableRawPointer>
  /// Which addresses lie in the arena, and at which offset.
  private var arenaPlaces: [(place: Int, offset: Int)] = []
  private var arena: UnsafeMutableRawPointer?

  init(_ key: PlanKey) {
    entries = key.entries
    leafTypes = key.leafTypes
    outputs = [Buffer?](repeating: nil, count: key.entries.count)
    values = PlanValues(key)
    lowering = Lowering(values)
    steps = lowering.steps
    memory = key.nodes.first?.graph.planMemory ?? PlanMemory()
    addresses = .allocate(capacity: leafTypes.count + lowering.storages.count)
    addresses.initialize(repeating: Plan.nowhere)
    findRoots(lowering)
  }

  deinit { addresses.deallocate() }

  /// What a place holds until it gets its own address.
  private static var nowhere: UnsafeMutableRawPointer {
    Buffer(viewing: .bool, count: 0).address
  }

  private func findRoots(_ lowering: Lowering) {
    var rootOf: [Int: Int] = [:]
    for (index, storage) in lowering.storages.enumerated() {
      let place = leafTypes.count + index
      if storage.isRoot {
        let type = values.slots[storage.slot].type
        rootOf[storage.slot] = rootStorages.count
        rootStorages.append(
          RootStorage(place: place, type))
      } else {
        arenaPlaces.append((place, storage.offset))
      }
    }
    for (slot, entry) in entries.enumerated() where entry.isRoot {
      let value = values.canonical[slot]
      if value < 0 {
        roots.append((slot, .leaf(-1 - value)))
      } else if let root = rootOf[value] {
        roots.append((slot, .storage(root)))
      }
    }
  }

  func matches(_ key: PlanKey) -> Bool {
    entries == key.entries && leafTypes == key.leafTypes
  }

  /// Computes the roots into `outputs`, which the caller lets go with `releaseOutputs`.
  func run(_ leaves: [Buffer], node: (_ slot: Int) -> Node?) throws(OperatorProblem) {
    for (index, leaf) in leaves.enumerated() { addresses[index] = leaf.address }
    let scratch: UnsafeMutableRawPointer
    do { scratch = try prepare() } catch { throw Graph.memoryProblem(error) }
    defer { memory.release() }
    guard let places = UnsafePointer(addresses.baseAddress) else { return }
    for step in steps {
      do throws(OperatorProblem) {
        try run(step, places, scratch)
        try Graph.checkInterrupt()
        if isVerified { try PlanVerification(self, places).check(step) }
      } catch {
        var problem = error
        if problem.kind != .memory, let node = node(step.slots[0]) {
          problem.origin = node.origin
          problem.made = node.inputs.map { ($0.knownName, $0.origin) }
        }
        throw problem
      }
    }
    for (slot, source) in roots {
      switch source {
      case .leaf(let index): outputs[slot] = leaves[index]
      case .storage(let index): outputs[slot] = rootStorages[index].present
      }
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
      addresses[rootStorages[index].place] = try rootStorages[index].take()
    }
    return try memory.scratch(lowering.scratchBytes)
  }

  private func run(
    _ step: PlanStep, _ places: UnsafePointer<UnsafeMutableRawPointer>,
    _ scratch: UnsafeMutableRawPointer
  ) throws(OperatorProblem) {
    switch step.work {
    case .loop(let program): program.run(places, scratch: scratch)
    case .product(let sizes, let isDouble, let a, let b, let c):
      MatrixProduct.multiply(places[a], places[b], places[c], sizes, isDouble: isDouble)
    case .kernel(let kernel): try kernel.run(places)
    }
  }

  /// Holds the numbers of the last run no longer.
  func releaseOutputs() {
    for (slot, _) in roots { outputs[slot] = nil }
    for index in rootStorages.indices { rootStorages[index].present = nil }
  }
}

extension Graph {
  /// Throws where work was interrupted: kernels that were just end.
  package static func checkInterrupt() throws(OperatorProblem) {
    if Interrupts.isRequested { throw OperatorProblem(.interrupt, "interrupted") }
  }
}

// A plan that runs many times in a row, each time with some of what it made the time before. What it
// makes lies in two sets of buffers that take turns: a run counts no object and asks for no memory.

import Engine

/// A plan with its leaves and the memory of its roots.
final class ResidentPlan {
  /// A root by its place, and what is in it.
  private struct Root {
    let place: Int
    let type: TensorType
  }

  private let plan: Plan
  /// The leaves that are the same in every run, and those of the first one.
  private let leaves: [Buffer]
  /// Leaves that are numbers, each with memory of its own.
  private var numbers: [Int: Buffer] = [:]
  private let roots: [Root]
  private let carried: [(leaf: Int, root: Int)]
  /// Which roots have to be finite.
  private let checked: [Int]
  private let indices: [Int: Int]
  private let sets: [[Buffer]]
  private let places: [UnsafeMutableBufferPointer<UnsafeMutableRawPointer>]
  private let scratch: UnsafeMutableRawPointer
  /// The set with the results of the last run; what it held when it was saved.
  private var latest = 1
  private var saved: [Buffer] = []

  /// Nil where a root shares its memory with a leaf. Throws where there is not enough memory.
  ///
  /// - Parameters:
  ///   - carried: leaves that are a root of the run before, by its slot.
  ///   - checked: slots of roots that have to be finite.
  init?(
    _ plan: Plan, _ leaves: [Buffer], carried: [(leaf: Int, slot: Int)], checked: [Int]
  ) throws(MemoryProblem) {
    guard let rootPlaces = plan.rootPlaces else { return nil }
    var (roots, byPlace, indices) = ([Root](), [Int: Int](), [Int: Int]())
    for (slot, place) in rootPlaces.sorted(by: { $0.key < $1.key }) {
      if byPlace[place] == nil {
        byPlace[place] = roots.count
        roots.append(Root(place: place, type: plan.entries[slot].type))
      }
      indices[slot] = byPlace[place]
    }
    (self.plan, self.leaves, self.roots, self.indices) = (plan, leaves, roots, indices)
    self.carried = carried.compactMap { leaf, slot in indices[slot].map { (leaf, $0) } }
    self.checked = checked.compactMap { indices[$0] }
    sets = [try ResidentPlan.buffers(roots), try ResidentPlan.buffers(roots)]
    let (first, scratch) = try plan.copyPlaces()
    self.scratch = scratch
    let second = UnsafeMutableBufferPointer<UnsafeMutableRawPointer>.allocate(
      capacity: first.count)
    places = [first, second]
    for (index, buffer) in leaves.enumerated() { first[index] = buffer.address }
    _ = second.initialize(from: first)
    for (set, places) in zip(sets, places) {
      for (root, buffer) in zip(roots, set) { places[root.place] = buffer.address }
    }
  }

  deinit {
    for places in places { places.deallocate() }
    plan.releaseMemory()
  }

  private static func buffers(_ roots: [Root]) throws(MemoryProblem) -> [Buffer] {
    var buffers: [Buffer] = []
    for root in roots { buffers.append(try Buffer(root.type.dtype, count: root.type.shape.count)) }
    return buffers
  }

  /// Gives a leaf that is a number its value.
  func set(_ leaf: Int, _ dtype: DType, to value: Double) throws(MemoryProblem) {
    guard let buffer = numbers[leaf] else {
      let buffer = try Buffer(dtype, values: [value])
      numbers[leaf] = buffer
      for places in places { places[leaf] = buffer.address }
      return
    }
    buffer.fill { _ in value }
  }

  /// Runs once more; false where a root that has to be finite is not, and the run does not count.
  func run() throws(OperatorProblem) -> Bool {
    let next = 1 - latest
    guard let table = UnsafePointer(places[next].baseAddress) else { return false }
    try plan.execute(table, scratch) { _ in nil }
    for root in checked where !isFinite(root, next) { return false }
    // The next run begins with what this one made.
    for (leaf, root) in carried { places[latest][leaf] = places[next][roots[root].place] }
    latest = next
    return true
  }

  private func isFinite(_ root: Int, _ set: Int) -> Bool {
    let root = roots[root]
    return Buffer.isFinite(
      places[set][root.place], root.type.dtype, count: root.type.shape.count)
  }

  // MARK: - Results

  /// Keeps what the last run made, for `restore`.
  func save() throws(MemoryProblem) {
    if saved.isEmpty { saved = try ResidentPlan.buffers(roots) }
    for (copy, buffer) in zip(saved, sets[latest]) { copy.copy(from: buffer) }
  }

  /// What was kept is what the last run made.
  func restore() {
    for (copy, buffer) in zip(saved, sets[latest]) { buffer.copy(from: copy) }
  }

  /// What the last run made of a root; nobody may run again.
  func result(_ slot: Int) -> Buffer? { indices[slot].map { sets[latest][$0] } }
}

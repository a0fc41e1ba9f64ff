// Plans that run many times in a row, each time with some of what was made the time before. What a plan
// makes lies in two sets of buffers that take turns: a run counts no object and asks for no memory.

import Engine

/// Values that go from run to run, by number: where each lies now.
final class ResidentStates {
  fileprivate let places: UnsafeMutableBufferPointer<UnsafeMutableRawPointer>
  /// What they were at first.
  private var buffers: [Buffer]

  init(_ buffers: [Buffer]) {
    self.buffers = buffers
    places = .allocate(capacity: buffers.count)
    _ = places.initialize(from: buffers.map(\.address))
  }

  deinit { places.deallocate() }

  var count: Int { buffers.count }

  /// They have other values; as many as before.
  func replace(_ buffers: [Buffer]) {
    self.buffers = buffers
    for (index, buffer) in buffers.enumerated() { places[index] = buffer.address }
  }

  /// Whether a run has given a state another value.
  func hasMoved(_ index: Int) -> Bool { places[index] != buffers[index].address }

  /// The present value of a state, for whoever keeps it.
  func copy(_ index: Int) throws(MemoryProblem) -> Buffer {
    let copy = try Buffer(buffers[index].dtype, count: buffers[index].count)
    copy.copy(from: places[index])
    return copy
  }
}

/// A plan with its leaves and the memory of its roots.
final class ResidentPlan {
  /// A root by its place, and what is in it.
  private struct Root {
    let place: Int
    let type: TensorType
  }

  private let plan: Plan
  private let states: ResidentStates
  /// The leaves that are no states; those that change have memory of their own.
  private var leaves: [Buffer]
  private var isOwn: [Bool]
  private let roots: [Root]
  /// Leaves that are states, and roots that they become.
  private let before: [(leaf: Int, state: Int)]
  private let after: [(root: Int, state: Int)]
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
  ///   - before: leaves that are states.
  ///   - after: what states become, by slots of roots.
  ///   - checked: slots of roots that have to be finite.
  init?(
    _ plan: Plan, _ leaves: [Buffer], _ states: ResidentStates,
    before: [(leaf: Int, state: Int)], after: [(slot: Int, state: Int)], checked: [Int]
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
    (self.plan, self.states, self.leaves, self.roots) = (plan, states, leaves, roots)
    (self.before, self.indices) = (before, indices)
    isOwn = [Bool](repeating: false, count: leaves.count)
    self.after = after.compactMap { slot, state in indices[slot].map { ($0, state) } }
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
      plan.placeHosted(places)
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

  /// Gives a leaf that changes from run to run its numbers, as many as it has elements.
  func set(_ leaf: Int, _ value: (_ index: Int) -> Double) throws(MemoryProblem) {
    try own(leaf)
    leaves[leaf].fill(value)
  }

  private func own(_ leaf: Int) throws(MemoryProblem) {
    guard !isOwn[leaf] else { return }
    place(leaf, at: try Buffer(leaves[leaf].dtype, count: leaves[leaf].count))
    isOwn[leaf] = true
  }

  /// A leaf is what lies there from now on.
  func place(_ leaf: Int, at buffer: Buffer) {
    leaves[leaf] = buffer
    isOwn[leaf] = false
    for places in places { places[leaf] = buffer.address }
  }

  /// Gives leaves the rows that parts have in a batch; false where these are not computed.
  func take(
    _ targets: [(leaf: Int, part: Int)], _ rows: ArraySlice<Int>, of batches: Batches
  ) throws(MemoryProblem) -> Bool {
    for (leaf, part) in targets {
      guard let source = batches.parts[part].buffer else { return false }
      try own(leaf)
      Movement.takeRows(source, rows, width: leaves[leaf].count / max(1, rows.count), leaves[leaf])
    }
    return true
  }

  /// Gives a leaf of whole numbers others.
  func set(_ leaf: Int, _ words: [Int64]) throws(MemoryProblem) {
    try own(leaf)
    let places = leaves[leaf].pointer(as: Int64.self)
    for (index, word) in words.enumerated() { places[index] = word }
  }

  /// Runs once more; false where a root that has to be finite is not, and the run does not count.
  func run() throws(OperatorProblem) -> Bool {
    let next = 1 - latest
    let table = places[next]
    guard let start = UnsafePointer(table.baseAddress) else { return false }
    for (leaf, state) in before { table[leaf] = states.places[state] }
    try plan.execute(start, scratch) { _ in nil }
    for root in checked where !isFinite(root, next) { return false }
    for (root, state) in after { states.places[state] = table[roots[root].place] }
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

  /// The one element of a root that has one, after the last run.
  func number(_ slot: Int) -> Double? {
    indices[slot].map { index in
      let type = roots[index].type
      return Buffer.number(places[latest][roots[index].place], type.dtype)
    }
  }

  /// What the last run made of a root; nobody may run again.
  func result(_ slot: Int) -> Buffer? { indices[slot].map { sets[latest][$0] } }

  /// What the last run made of a root, for whoever keeps it.
  func copy(_ slot: Int) throws(MemoryProblem) -> Buffer? {
    guard let buffer = result(slot) else { return nil }
    let copy = try Buffer(buffer.dtype, count: buffer.count)
    copy.copy(from: buffer)
    return copy
  }
}

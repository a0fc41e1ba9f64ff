// The global names of a session: every file that is imported has its own, over one store of values.

import Autodiff

/// Global variables by slot; builtins have slots too.
package final class Globals {
  package private(set) var names: [String] = []
  /// The slots of the names of the file that is read: the session's own or one that is imported.
  private var indices: [String: Int] = [:]
  /// The slots of the builtins.
  private var builtins: [String: Int] = [:]
  /// For each slot, where its name was defined last.
  private var origins: [Origin] = []
  /// Slots below this are builtins.
  package private(set) var builtinCount = 0
  /// The values, where the machine reads them; `undefined` where a name is known and has none yet.
  private(set) var slots: UnsafeMutablePointer<Slot> = .allocate(capacity: 512)
  private var capacity = 512
  /// For each slot, the turn in which its value was last noted in the journal.
  private var noted: [UInt64] = []

  /// Told about closures that leave their variable: they may be running.
  var retire: (Slot) -> Void = { _ in }

  deinit {
    for slot in 0..<names.count { slots[slot].release() }
    slots.deallocate()
  }

  package var count: Int { names.count }

  func slot(_ name: String) -> Int? { indices[name] }
  func builtinSlot(_ name: String) -> Int? { builtins[name] }

  /// The slot of a name that a program defines. A builtin's name gets a slot of its own.
  @discardableResult
  func define(_ name: String) -> Int {
    if let slot = indices[name], slot >= builtinCount { return slot }
    return append(name, nil)
  }

  func installBuiltin(_ name: String, _ value: Value) {
    builtins[name] = append(name, value)
    builtinCount = names.count
  }

  @discardableResult
  private func append(_ name: String, _ value: Value?) -> Int {
    if names.count == capacity {
      let larger = UnsafeMutablePointer<Slot>.allocate(capacity: capacity * 2)
      larger.initialize(from: slots, count: capacity)
      slots.deallocate()
      slots = larger
      capacity *= 2
    }
    let slot = names.count
    (slots + slot).initialize(to: value.map { Slot($0) } ?? .undefined)
    indices[name] = slot
    names.append(name)
    noted.append(0)
    origins.append(.unknown)
    return slot
  }

  /// What `body` defines are names of their own: those, by their slots.
  func withNewNames(_ body: () throws -> Void) rethrows -> [String: Int] {
    let outer = indices
    indices = builtins
    defer { indices = outer }
    try body()
    return indices.filter { $0.value >= builtinCount }
  }

  /// Where the name of a slot was defined.
  func origin(_ slot: Int) -> Origin { origins[slot] }
  func setOrigin(_ slot: Int, _ origin: Origin) { origins[slot] = origin }

  /// The builtin that a name of the program hides.
  func hiddenBuiltin(_ slot: Int) -> Value? {
    slot < builtinCount ? nil : builtins[names[slot]].flatMap { self[$0] }
  }

  /// Gives names other values for as long as `body` runs; who knows their slots sees no difference.
  ///
  /// - Parameter updated: told about those that were updated.
  func shadowing<T>(
    _ names: [(name: String, value: Value)], _ body: () throws -> T,
    updated: (_ name: String, _ value: Value) throws -> Void = { _, _ in }
  ) rethrows -> T {
    var earlier: [(name: String, slot: Int?, own: Int, value: Slot)] = []
    for (name, value) in names {
      let old = indices[name]
      let own = append(name, value)
      earlier.append((name, old, own, slots[own].retained))
    }
    defer {
      for (name, old, own, value) in earlier.reversed() {
        if indices[name] == own {
          indices[name] = old
          self[own] = nil
        }
        value.release()
      }
    }
    let result = try body()
    for (name, _, own, value) in earlier where slots[own].bits != value.bits {
      if let new = self[own] { try updated(name, new) }
    }
    return result
  }

  /// The value in a slot, nil where there is none yet.
  subscript(slot: Int) -> Value? {
    get { slots[slot].isUndefined ? nil : slots[slot].value }
    set {
      if slots[slot].is(.closure) { retire(slots[slot]) }
      slots.put(slot, newValue.map { Slot($0) } ?? .undefined)
    }
  }

  /// The turn in which a slot was last noted; 0 for never.
  func lastNoted(_ slot: Int) -> UInt64 { noted[slot] }
  func markNoted(_ slot: Int, in turn: UInt64) { noted[slot] = turn }

  /// The names that the program knows: those that it defined, and builtins.
  var known: (user: [String], builtin: [String]) {
    let named = indices.filter { self[$0.value] != nil }
    return (named.filter { $0.value >= builtinCount }.map(\.key), Array(builtins.keys))
  }

  /// The user's names with their values, in the order of definition.
  package var user: [(name: String, value: Value)] {
    (builtinCount..<names.count).compactMap { slot in
      guard indices[names[slot]] == slot else { return nil }
      return self[slot].map { (names[slot], $0) }
    }
  }

  package subscript(name: String) -> Value? { indices[name].flatMap { self[$0] } }
}

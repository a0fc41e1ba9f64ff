// The global names of a session.

/// Global variables by slot; builtins have slots too.
package final class Globals {
  package private(set) var names: [String] = []
  private var indices: [String: Int] = [:]
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

  /// The slot of a name that a program defines. A builtin's name gets a slot of its own.
  @discardableResult
  func define(_ name: String) -> Int {
    if let slot = indices[name], slot >= builtinCount { return slot }
    return append(name, nil)
  }

  func installBuiltin(_ name: String, _ value: Value) {
    append(name, value)
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
    return slot
  }

  func value(_ slot: Int) throws -> Value {
    guard let value = self[slot] else {
      throw Problem(.name, "\(names[slot]) is used before it is defined")
    }
    return value
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

  /// The user's names with their values, in the order of definition.
  package var user: [(name: String, value: Value)] {
    (builtinCount..<names.count).compactMap { slot in
      guard indices[names[slot]] == slot else { return nil }
      return self[slot].map { (names[slot], $0) }
    }
  }

  package subscript(name: String) -> Value? { indices[name].flatMap { self[$0] } }
}

// The global names of a session.

/// Global variables by slot; builtins have slots too.
package final class Globals {
  /// Nil where a name is known, and has no value yet.
  package internal(set) var values: [Value?] = []
  package private(set) var names: [String] = []
  private var slots: [String: Int] = [:]
  /// Slots below this are builtins.
  package private(set) var builtinCount = 0

  func slot(_ name: String) -> Int? { slots[name] }

  /// The slot of a name that a program defines. A builtin's name gets a slot of its own.
  @discardableResult
  func define(_ name: String) -> Int {
    if let slot = slots[name], slot >= builtinCount { return slot }
    slots[name] = values.count
    values.append(nil)
    names.append(name)
    return values.count - 1
  }

  func installBuiltin(_ name: String, _ value: Value) {
    slots[name] = values.count
    values.append(value)
    names.append(name)
    builtinCount = values.count
  }

  func value(_ slot: Int) throws -> Value {
    guard let value = values[slot] else {
      throw Problem(.name, "\(names[slot]) is used before it is defined")
    }
    return value
  }

  /// The user's names with their values, in the order of definition.
  package var user: [(name: String, value: Value)] {
    (builtinCount..<values.count).compactMap { slot in
      guard slots[names[slot]] == slot else { return nil }
      return values[slot].map { (names[slot], $0) }
    }
  }

  package subscript(name: String) -> Value? { slots[name].flatMap { values[$0] } }
}

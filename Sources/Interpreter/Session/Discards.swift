// Long lists are let go in pieces: to free ten million tuples at once takes longer than somebody who
// has pressed Ctrl-C would wait.

/// Elements of long lists that nobody holds any more. Who asks for room for new ones lets go of
/// twice as many, and a prompt does while nobody types.
package final class Discards {
  /// Shorter lists are let go at once.
  static let long = 1 << 14
  private static let piece = 1 << 12

  private var arrays: [[Value]] = []
  private var slots: [(base: UnsafeMutablePointer<Slot>, count: Int)] = []
  private var owed = 0

  package var isEmpty: Bool { arrays.isEmpty && slots.isEmpty }

  deinit { letGoOfAll() }

  /// Takes over the memory of a list with its elements.
  func take(_ base: UnsafeMutablePointer<Slot>, _ count: Int) { slots.append((base, count)) }

  /// Takes over the elements of a list.
  package func take(_ elements: [Value]) {
    if elements.count >= Discards.long { arrays.append(elements) }
  }

  /// New values are about to be made.
  @inline(__always)
  func makeRoom(for count: Int) {
    if !isEmpty { pay(count) }
  }

  private func pay(_ count: Int) {
    owed += 2 * min(count, 1 << 24)
    guard owed >= Discards.piece else { return }
    letGo(owed)
    owed = 0
  }

  /// Lets go of so many elements.
  package func letGo(_ count: Int) {
    var left = count
    while left > 0, var elements = arrays.popLast() {
      // Elements may be lists themselves, and come here.
      guard Discards.isAlone(&elements) else { continue }
      let part = min(left, elements.count)
      elements.removeLast(part)
      left -= part
      if !elements.isEmpty { arrays.append(elements) }
    }
    while left > 0, let (base, count) = slots.popLast() {
      let part = min(left, count)
      (base + (count - part)).clear(part)
      left -= part
      if part < count { slots.append((base, count - part)) } else { base.deallocate() }
    }
  }

  func letGoOfAll() { letGo(.max) }

  /// Whether nobody else holds the elements; who does lets go of them later.
  private static func isAlone(_ elements: inout [Value]) -> Bool {
    withUnsafeMutablePointer(to: &elements) {
      $0.withMemoryRebound(to: AnyObject.self, capacity: 1) {
        isKnownUniquelyReferenced(&$0.pointee)
      }
    }
  }
}

extension Session {
  /// Makes the elements of a list one after the other; what is left of them after an interrupt is let
  /// go in pieces.
  package func collect(_ body: (_ elements: inout [Value]) throws -> Void) throws -> [Value] {
    var elements: [Value] = []
    do { try body(&elements) } catch {
      discards.take(elements)
      throw error
    }
    return elements
  }

  /// A list that has come out of a call: if it is long, its elements are let go in pieces one day.
  @inline(__always)
  func keepForDiscards(_ slot: Slot) {
    guard slot.is(.list) else { return }
    slot.unmanaged(as: ListObject.self)._withUnsafeGuaranteedRef { list in
      if list.count >= Discards.long { list.storage.discards = discards }
    }
  }
}

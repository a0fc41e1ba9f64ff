// Lists: values whose copies and longer versions share their elements.

/// The elements of lists that were made from each other by appending; each list sees the first
/// `count` of them, so a longer version of a list costs its new elements only. It never moves: where
/// there is no more room, the longer list has another one.
final class ListStorage {
  fileprivate let base: UnsafeMutablePointer<Slot>
  fileprivate let capacity: Int
  fileprivate(set) var count: Int
  /// How many lists see it.
  fileprivate var views = 0
  /// The turn for which the journal can bring all its elements back.
  var wholeTurn: UInt64 = 0
  /// The turn of the last single element that the journal noted, and how many it noted in it.
  var placesTurn: UInt64 = 0
  var places = 0

  /// Who takes the elements of a long list when nobody holds it any more.
  var discards: Discards?

  fileprivate init(capacity: Int) {
    self.capacity = max(4, capacity)
    base = .allocate(capacity: self.capacity)
    count = 0
  }

  deinit {
    if let discards, count >= Discards.long { return discards.take(base, count) }
    base.clear(count)
    base.deallocate()
  }

  var elements: [Value] { (0..<count).map { base[$0].value } }

  func element(_ index: Int) -> Value { base[index].value }

  /// Takes over one count of the slot; there is room.
  @inline(__always)
  fileprivate func append(_ slot: Slot) {
    (base + count).initialize(to: slot)
    count += 1
  }

  /// Brings elements back; what was appended since stays behind them for whoever sees it.
  func restore(_ index: Int, _ value: Value) {
    if index < count { base.put(index, Slot(value)) }
  }

  func restore(_ old: [Value]) {
    for (index, value) in old.enumerated() { restore(index, value) }
  }
}

/// A list is a value: the machine copies it before an update when anybody else holds it.
package final class ListObject: Object {
  private(set) var storage: ListStorage
  private var base: UnsafeMutablePointer<Slot>
  package private(set) var count: Int

  package convenience init(_ elements: [Value]) {
    let storage = ListStorage(capacity: elements.count)
    for element in elements { storage.append(Slot(element)) }
    self.init(storage, elements.count)
  }

  private init(_ storage: ListStorage, _ count: Int) {
    (self.storage, self.count) = (storage, count)
    base = storage.base
    storage.views += 1
    super.init(.list)
  }

  deinit { storage.views -= 1 }

  package var elements: [Value] { (0..<count).map { base[$0].value } }

  /// The element at a place that the caller has checked.
  package subscript(index: Int) -> Value { base[index].value }

  /// The element at a place that the caller has checked, not counted.
  @inline(__always) func slot(_ index: Int) -> Slot { base[index] }

  /// Longer by some elements; they share what they have in common, unless it was continued
  /// otherwise already.
  package func appending(_ values: some Collection<Value>) -> ListObject {
    let total = count + values.count
    var target = storage
    if storage.count != count || total > storage.capacity {
      target = ListStorage(capacity: max(total, 2 * count))
      for index in 0..<count { target.append(base[index].retained) }
    }
    for value in values { target.append(Slot(value)) }
    return ListObject(target, total)
  }

  /// Changes one element in place, taking over one count of the slot; only for a list that nobody
  /// else holds.
  @inline(__always)
  func replace(_ index: Int, by slot: Slot) {
    if !isSeparate { separate() }
    base.put(index, slot)
  }

  /// Where an element is that is no object, in a list whose elements no other list sees.
  @inline(__always)
  func ownPlace(_ index: Int) -> UnsafeMutablePointer<Slot>? {
    guard index < count, isSeparate, !base[index].isObject else { return nil }
    return base + index
  }

  /// One element more in place, taking over one count of the slot; only for a list that nobody else
  /// holds.
  @inline(__always)
  func append(_ slot: Slot) {
    if storage.count != count || count == storage.capacity { move(capacity: max(8, 2 * count)) }
    storage.append(slot)
    count += 1
  }

  /// Elements of its own from here on.
  @inline(never)
  func separate() { move(capacity: count) }

  private func move(capacity: Int) {
    let old = storage
    let new = ListStorage(capacity: max(capacity, count))
    if old.views == 1, old.count == count {
      (new.base).moveInitialize(from: base, count: count)
      (new.count, old.count) = (count, 0)
    } else {
      for index in 0..<count { new.append(base[index].retained) }
    }
    (new.discards, new.views) = (old.discards, 1)
    old.views -= 1
    (storage, base) = (new, new.base)
  }

  /// Whether no other list sees the elements.
  @inline(__always) var isSeparate: Bool { storage.views == 1 && storage.count == count }
}

// Lists: values whose copies and longer versions share their elements.

/// The elements of lists that were made from each other by appending; each list sees the first
/// `count` of them, so a longer version of a list costs its new elements only.
final class ListStorage {
  fileprivate(set) var elements: [Value]
  /// How many lists see it.
  fileprivate var views = 0
  /// The turn for which the journal can bring all its elements back.
  var wholeTurn: UInt64 = 0
  /// The turn of the last single element that the journal noted, and how many it noted in it.
  var placesTurn: UInt64 = 0
  var places = 0

  /// Who takes the elements of a long list when nobody holds it any more.
  var discards: Discards?

  fileprivate init(_ elements: [Value]) { self.elements = elements }

  deinit { discards?.take(elements) }

  /// Brings elements back; what was appended since stays behind them for whoever sees it.
  func restore(_ index: Int, _ value: Value) {
    if index < elements.count { elements[index] = value }
  }

  func restore(_ old: [Value]) {
    for (index, value) in old.enumerated() { restore(index, value) }
  }
}

/// A list is a value: the machine copies it before an update when anybody else holds it.
package final class ListObject: Object {
  private(set) var storage: ListStorage
  package private(set) var count: Int

  package convenience init(_ elements: [Value]) {
    self.init(ListStorage(elements), elements.count)
  }

  private init(_ storage: ListStorage, _ count: Int) {
    (self.storage, self.count) = (storage, count)
    storage.views += 1
    super.init(.list)
  }

  deinit { storage.views -= 1 }

  package var elements: [Value] {
    if storage.elements.count != count { separate() }
    return storage.elements
  }

  /// The element at a place that the caller has checked.
  package subscript(index: Int) -> Value { storage.elements[index] }

  /// Longer by some elements; they share what they have in common, unless it was continued
  /// otherwise already.
  package func appending(_ values: some Collection<Value>) -> ListObject {
    guard storage.elements.count == count else { return ListObject(elements + values) }
    storage.elements.append(contentsOf: values)
    return ListObject(storage, count + values.count)
  }

  /// Changes one element in place; only for a list that nobody else holds.
  func replace(_ index: Int, by value: Value) {
    if storage.views > 1 || storage.elements.count != count { separate() }
    storage.elements[index] = value
  }

  /// One element more in place; only for a list that nobody else holds.
  func append(_ value: Value) {
    if storage.elements.count != count { separate() }
    storage.elements.append(value)
    count += 1
  }

  /// Elements of its own from here on.
  func separate() {
    storage.views -= 1
    storage = ListStorage(Array(storage.elements.prefix(count)))
    storage.views = 1
  }

  /// Whether no other list sees the elements.
  var isSeparate: Bool { storage.views == 1 && storage.elements.count == count }
}

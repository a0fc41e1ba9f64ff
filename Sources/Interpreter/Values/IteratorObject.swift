// The state of a loop over a value.

import Autodiff

/// Counts through a range by itself, and through other values by asking for their elements.
final class IteratorObject: Object {
  private var position: Int
  private var end: Int
  /// Nil for a range.
  private let source: Value?
  /// The last element of what makes its elements when they are asked for.
  private var latest: Value?

  /// Over the numbers `lower..<upper`.
  init(_ lower: Int, _ upper: Int) {
    (position, end) = (lower, upper)
    source = nil
    super.init(.iterator)
  }

  /// Over a value of so many elements.
  init(_ source: Value, count: Int) {
    (position, end) = (0, count)
    self.source = source
    super.init(.iterator)
  }

  /// The next number of a range, `undefined` at its end, nil where this is no range.
  @inline(__always)
  func nextNumber() -> Slot? {
    guard source == nil else { return nil }
    guard position < end else { return .undefined }
    defer { position &+= 1 }
    return Slot(Double(position))
  }

  /// The next number of what is known to be a range, NaN at its end.
  @inline(__always)
  func nextOfRange() -> Double {
    guard position < end else { return .nan }
    defer { position &+= 1 }
    return Double(position)
  }

  /// Begins again with another range; false where it is over something else.
  func begin(_ lower: Int, _ upper: Int) -> Bool {
    guard source == nil else { return false }
    (position, end) = (lower, upper)
    return true
  }

  var isOfNumbers: Bool { source == nil }
  /// The next number of a range.
  var nextValue: Double { Double(position) }

  /// How many elements are left.
  var left: Int { end - position }
  /// The last element that was given; of a list, or of batches.
  var current: Value? {
    if case .list(let list)? = source { return position > 0 ? list[position - 1] : nil }
    return latest
  }
  /// Whether its elements can be looked at ahead: those of a list, and batches.
  var givesRows: Bool { list != nil || batches != nil }
  /// An element of a list ahead, 0 being the next one.
  func ahead(_ count: Int) -> Value? { count < left ? list?[position + count] : nil }

  /// The batches that it is over, with the number of the next one.
  var batches: (source: Batches, order: [Int], next: Int)? {
    guard case .foreign(let object)? = source else { return nil }
    return object.batches.map { ($0.source, $0.order, position) }
  }

  /// Goes past some numbers of a range, or elements of a list, which has as many.
  func advance(_ count: Int) { position += count }

  /// The list that it is over, nil where it is over something else.
  var list: ListObject? { if case .list(let list)? = source { list } else { nil } }

  /// The next element of a list, `undefined` at its end, nil where this is over something else, or the
  /// element is not wanted.
  func nextOfList(_ isWanted: (Slot) -> Bool = { _ in true }) -> Slot? {
    guard case .list(let list)? = source else { return nil }
    guard position < end else { return .undefined }
    let slot = list.slot(position)
    guard isWanted(slot) else { return nil }
    position &+= 1
    return slot.retained
  }

  /// The next element, nil at the end.
  func next(_ session: Session) throws -> Slot? {
    guard let source, position < end else { return nil }
    defer { position += 1 }
    if case .list(let list) = source { return Slot(list[position]) }
    let element = try session.element(source, position)
    latest = element
    return Slot(element)
  }
}

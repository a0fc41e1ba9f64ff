import Synchronization

extension Operator {
  private static let counter = Atomic<Int>(0)

  /// Numbers operators in the order in which they come into being.
  static func nextID() -> Int {
    counter.add(1, ordering: .relaxed).oldValue
  }
}

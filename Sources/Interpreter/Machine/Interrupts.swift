// How work is stopped from outside.

import Synchronization

/// The flag that a signal handler sets and every loop looks at.
package enum Interrupts {
  private static let flag = Atomic<Bool>(false)
  package static var isRequested: Bool { flag.load(ordering: .relaxed) }
  package static func request() { flag.store(true, ordering: .relaxed) }
  package static func clear() { flag.store(false, ordering: .relaxed) }
}

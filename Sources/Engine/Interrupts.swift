// How work is stopped from outside.

import Glibc
import Synchronization

/// The flags that a signal handler sets and every loop looks at.
package enum Interrupts {
  private static let flag = Atomic<Bool>(false)
  private static let pauseFlag = Atomic<Bool>(false)
  private static let waits = Atomic<Bool>(false)

  package static var isRequested: Bool { flag.load(ordering: .relaxed) }
  /// Whether a loop is to pause at the end of its turn.
  package static var isPauseRequested: Bool { pauseFlag.load(ordering: .relaxed) }

  /// Whether a first request waits for the end of the turn of a loop.
  package static var waitsForTurn: Bool {
    get { waits.load(ordering: .relaxed) }
    set { waits.store(newValue, ordering: .relaxed) }
  }

  private static let time = Atomic<Int>(0)

  /// How long ago the first request was made.
  package static var secondsSinceRequest: Double {
    Double(milliseconds - time.load(ordering: .relaxed)) / 1000
  }

  private static var milliseconds: Int {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec * 1000 + now.tv_nsec / 1_000_000
  }

  /// A second request doesn't wait. Called by a signal handler.
  package static func request() {
    let isFirst = !pauseFlag.exchange(true, ordering: .relaxed)
    if isFirst { time.store(milliseconds, ordering: .relaxed) }
    if isFirst, waitsForTurn {
      alarm(1)
    } else {
      flag.store(true, ordering: .relaxed)
    }
  }

  package static func clear() {
    alarm(0)
    flag.store(false, ordering: .relaxed)
    pauseFlag.store(false, ordering: .relaxed)
  }
}

/// Long loops of kernels in pieces, between which the flag is looked at.
///
/// A loop that was interrupted just ends, and what it left behind is thrown away by whoever runs
/// the kernel (`Graph.checkInterrupt`): kernels need no errors for it.
package struct Work {
  /// Elements between two looks; even slow functions take no more than a few milliseconds.
  package static let piece = 1 << 15
  @usableFromInline package var left = Work.piece

  @inlinable package init() {}

  /// Counts elements that were worked on; whether it is time to stop, from then on always.
  @inlinable @inline(__always)
  package mutating func isOver(after count: Int) -> Bool {
    left &-= count
    if left > 0 { return false }
    if Interrupts.isRequested { return true }
    left = 1 << 15
    return false
  }

  /// The pieces of 0..<count, in order, up to an interrupt. A sequence and not a function that
  /// takes the loop's body: bodies inside of bodies are not vectorised.
  @inlinable @inline(__always)
  package static func pieces(_ count: Int, of size: Int = 1 << 15) -> Pieces {
    Pieces(count, size)
  }

  package struct Pieces: Sequence, IteratorProtocol {
    @usableFromInline package var start = 0
    @usableFromInline package let count: Int
    @usableFromInline package let size: Int

    @inlinable @inline(__always)
    package init(_ count: Int, _ size: Int) { (self.count, self.size) = (count, size) }

    @inlinable @inline(__always)
    package mutating func next() -> Range<Int>? {
      guard start < count, count <= size || !Interrupts.isRequested else { return nil }
      let first = start
      start = count - first > size ? first + size : count
      return first..<start
    }
  }
}

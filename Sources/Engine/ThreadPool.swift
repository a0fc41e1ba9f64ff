// The threads that share large kernels: as many as there are processors, with the calling one.

import CProcessor
import Glibc
import Synchronization

/// Threads that wait for work: first they spin, which hands over in less than a microsecond, then
/// they sleep.
///
/// Work is cut by its shape; who does which part makes no difference to results. The calling thread
/// waits for no part that nobody has begun: on a busy machine it does all of them.
package final class ThreadPool: @unchecked Sendable {
  /// The pool of the process, made when it is first asked for.
  package static let shared = ThreadPool(threads: standardCount())
  private static let spins = 20_000

  package let threads: Int
  /// The number of the job, and in the lowest 16 bits the next part that nobody has begun.
  private let ticket = Atomic<Int>(0)
  private let finished = Atomic<Int>(0)
  private let sleeping = Atomic<Int>(0)
  private let parts = Atomic<Int>(0)
  /// How the job computes with floats: as the thread that asked for it.
  private let mode = Atomic<UInt>(0)
  /// Whether somebody's job is being done; another one runs on the thread that asks.
  private let isBusy = Atomic<Bool>(false)
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let awake: UnsafeMutablePointer<pthread_cond_t>
  /// What is to be done: there from the beginning of a job until all its parts are finished.
  private var body: ((Int) -> Void)?

  /// The most threads that there may be.
  package static let most = 256
  private static let wanted = Atomic<Int>(0)

  /// Decides how many threads the pool of the process has, before it is first asked for.
  package static func use(threads: Int) {
    wanted.store(min(max(threads, 1), most), ordering: .relaxed)
  }

  /// As many as were asked for, else the processors that the process may use.
  private static func standardCount() -> Int {
    let wanted = wanted.load(ordering: .relaxed)
    return wanted > 0 ? wanted : Int(processor_count())
  }

  private init(threads: Int) {
    self.threads = threads
    lock = .allocate(capacity: 1)
    awake = .allocate(capacity: 1)
    pthread_mutex_init(lock, nil)
    pthread_cond_init(awake, nil)
    for _ in 1..<max(threads, 1) { start() }
  }

  private func start() {
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<ThreadPool>.fromOpaque(argument).takeUnretainedValue().work()
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
  }

  /// In a copy of the process, which has the calling thread only: all work stays on it.
  package static func becomeAlone() { shared.isBusy.store(true, ordering: .relaxed) }

  /// Runs `body` for every part, on whichever thread is free; at most 65 535 parts.
  package func run(parts: Int, _ body: (Int) -> Void) {
    guard threads > 1, parts > 1,
      isBusy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    else {
      for part in 0..<parts { body(part) }
      return
    }
    defer { isBusy.store(false, ordering: .releasing) }
    withoutActuallyEscaping(body) { body in
      self.body = body
      self.parts.store(parts, ordering: .relaxed)
      mode.store(FloatMode.current.bits, ordering: .relaxed)
      finished.store(0, ordering: .relaxed)
      let job = (ticket.load(ordering: .relaxed) >> 16) &+ 1
      ticket.store(job << 16, ordering: .sequentiallyConsistent)
      if sleeping.load(ordering: .sequentiallyConsistent) > 0 {
        pthread_mutex_lock(lock)
        pthread_cond_broadcast(awake)
        pthread_mutex_unlock(lock)
      }
      help(job)
      while finished.load(ordering: .acquiring) < parts { processor_pause() }
      self.body = nil
    }
  }

  /// Does parts of a job until all are begun.
  @inline(never)
  private func help(_ job: Int) {
    while let part = claim(job) {
      perform(part)
      finished.add(1, ordering: .releasing)
    }
  }

  /// Holds the body only while the part is unfinished.
  @inline(never)
  private func perform(_ part: Int) { body?(part) }

  /// A part that nobody has begun; nil when there is none, or another job.
  private func claim(_ job: Int) -> Int? {
    while true {
      let present = ticket.load(ordering: .acquiring)
      let part = present & 0xFFFF
      guard present >> 16 == job, part < parts.load(ordering: .relaxed) else { return nil }
      let (won, _) = ticket.weakCompareExchange(
        expected: present, desired: present + 1, ordering: .acquiringAndReleasing)
      if won { return part }
    }
  }

  /// What every thread but the calling one does for ever.
  private func work() {
    var seen = 0
    while true {
      seen = next(after: seen)
      let mode = FloatMode(bits: mode.load(ordering: .relaxed))
      if mode != .current { mode.use() }
      help(seen)
    }
  }

  /// The next job, awaited.
  private func next(after seen: Int) -> Int {
    for _ in 0..<ThreadPool.spins {
      let job = ticket.load(ordering: .acquiring) >> 16
      if job != seen { return job }
      processor_pause()
    }
    pthread_mutex_lock(lock)
    sleeping.add(1, ordering: .sequentiallyConsistent)
    while ticket.load(ordering: .sequentiallyConsistent) >> 16 == seen {
      pthread_cond_wait(awake, lock)
    }
    sleeping.subtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(lock)
    return ticket.load(ordering: .acquiring) >> 16
  }
}

extension Work {
  /// Calls `body` with ranges of rows of so many elements; many of them are shared by threads. What
  /// it makes of a row must not depend on other rows.
  package static func rows(_ count: Int, of length: Int, _ body: (Range<Int>) -> Void) {
    let parts = min(count, 16)
    if parts < 2 || count * length < 1 << 14 { return body(0..<count) }
    ThreadPool.shared.run(parts: parts) { part in
      body(count * part / parts..<count * (part + 1) / parts)
    }
  }
}

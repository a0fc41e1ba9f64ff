// Time that passes, for measurements.

import Glibc

package enum Stopwatch {
  /// Seconds since some moment in the past.
  package static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// The least seconds that a body takes, over as many runs as fit into `limit` and at least two.
  package static func best(
    within limit: Double, _ body: () throws(MemoryProblem) -> Void
  ) throws(MemoryProblem) -> Double {
    let start = now()
    var best = Double.infinity
    var runs = 0
    repeat {
      let begin = now()
      try body()
      best = min(best, now() - begin)
      runs += 1
    } while (runs < 2 || now() - start < limit) && !Interrupts.isRequested
    return best
  }
}

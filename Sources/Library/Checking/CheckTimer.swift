// How long a statement may take while a program is checked.

import Engine
@preconcurrency import Glibc

/// Ends what runs by an interrupt, after so much time of the processor.
enum CheckTimer {
  /// Whether a statement was ended by it.
  static func run<T>(seconds: Double, _ body: () throws -> T) rethrows -> (value: T, isCut: Bool) {
    signal(SIGVTALRM) { _ in Interrupts.request() }
    set(seconds)
    defer {
      set(0)
      Interrupts.clear()
    }
    let value = try body()
    return (value, Interrupts.isRequested)
  }

  private static func set(_ seconds: Double) {
    var timer = itimerval()
    timer.it_value.tv_sec = Int(seconds)
    timer.it_value.tv_usec = Int((seconds - seconds.rounded(.down)) * 1e6)
    setitimer(Int32(ITIMER_VIRTUAL.rawValue), &timer, nil)
  }

  /// Time of the processor since the program began.
  static var used: Double {
    var now = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }
}

// Something tried in a copy of the process, so that nothing of it stays.

import Engine
@preconcurrency import Glibc

enum ForkedProcess {
  private typealias Fork = @convention(c) () -> pid_t

  /// The bytes that `body` gives in a copy of this process, where nothing can be read from the terminal
  /// or written to it; nil where there is no copy, it failed, or it took longer than that.
  ///
  /// The copy has one thread: what it computes stays on it.
  static func result(seconds: Double, _ body: () -> [UInt8]) -> [UInt8]? {
    // Swift's overlay hides fork: what it warns of, a copy without the other threads, is wanted here.
    guard let address = dlsym(nil, "fork") else { return nil }
    let fork = unsafeBitCast(address, to: Fork.self)
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    let child = fork()
    if child == 0 {
      become(writing: ends[1], seconds, body)
    }
    close(ends[1])
    defer { close(ends[0]) }
    guard child > 0 else { return nil }
    let bytes = read(ends[0], until: now() + seconds)
    if bytes == nil { kill(child, SIGKILL) }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    return status == 0 ? bytes : nil
  }

  private static func become(writing end: Int32, _ seconds: Double, _ body: () -> [UInt8]) -> Never
  {
    let nowhere = open("/dev/null", O_RDWR)
    for descriptor: Int32 in 0...2 { dup2(nowhere, descriptor) }
    ThreadPool.becomeAlone()
    // Whatever happens, it ends.
    signal(SIGALRM, SIG_DFL)
    alarm(UInt32(seconds.rounded(.up)) + 1)
    var bytes = body()[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { write(end, $0.baseAddress, $0.count) }
      guard count > 0 else { _exit(1) }
      bytes = bytes.dropFirst(count)
    }
    _exit(0)
  }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// Everything up to the end; nil where it does not come in time, or somebody interrupts.
  private static func read(_ descriptor: Int32, until end: Double) -> [UInt8]? {
    var bytes: [UInt8] = []
    var portion = [UInt8](repeating: 0, count: 4096)
    while true {
      let left = end - now()
      guard left > 0, !Interrupts.isRequested else { return nil }
      var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&wait, 1, Int32(min(left, 0.05) * 1000) + 1) > 0 else { continue }
      let count = Glibc.read(descriptor, &portion, portion.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return count == 0 ? bytes : nil }
      bytes += portion[..<count]
    }
  }
}

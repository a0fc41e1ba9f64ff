// How long work shows itself on standard error.

@preconcurrency import Glibc
import Interpreter

/// On a terminal one line that is drawn again at most ten times a second; elsewhere lines that stay.
final class ProgressLine: ProgressFace {
  private let isLive: Bool
  private var isShown = false
  private var last = timespec()

  init(isPlain: Bool) {
    let isDumb = getenv("TERM").map { String(cString: $0) == "dumb" } ?? false
    isLive = isatty(2) == 1 && !isPlain && !isDumb
  }

  var liveWidth: Int? {
    guard isLive else { return nil }
    var size = winsize()
    return ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }

  func draw(_ text: () -> String) {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    let elapsed =
      Double(now.tv_sec - last.tv_sec) + Double(now.tv_nsec - last.tv_nsec) * 1e-9
    guard isLive, elapsed >= 0.1 else { return }
    last = now
    isShown = true
    fflush(stdout)
    fputs("\r\u{1B}[K" + text(), stderr)
    fflush(stderr)
  }

  func clear() {
    guard isShown else { return }
    isShown = false
    fputs("\r\u{1B}[K", stderr)
    fflush(stderr)
  }

  func line(_ text: String) {
    clear()
    fflush(stdout)
    fputs(text + "\n", stderr)
  }
}

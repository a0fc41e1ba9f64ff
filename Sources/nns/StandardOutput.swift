// Where results go. What cannot be written is no result.

import Diagnostics
@preconcurrency import Glibc

enum StandardOutput {
  /// Writes and hands over to the system; a device that takes no more ends the program with an
  /// error, as a closed pipe ends it without one.
  static func write(_ text: String) {
    if fputs(text, stdout) >= 0, fflush(stdout) == 0 { return }
    let reason = String(cString: strerror(errno))
    let problem = Diagnostic(.file, "cannot write to standard output: \(reason)")
    fputs(DiagnosticRenderer.render(problem, style: .plain), stderr)
    // Nothing is flushed again on the way out.
    _exit(1)
  }
}

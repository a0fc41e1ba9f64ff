// What decides about the process before anything of it runs: colours, threads.

import ArgumentParser
import Engine
@preconcurrency import Glibc
import Interpreter

/// How a face looks.
struct Appearance: Sendable {
  var color = "auto"
  var plain = false

  /// Whether a stream gets colours.
  func isColored(_ stream: Int32) -> Bool {
    if plain { return false }
    if color != "auto" { return color == "always" }
    if let none = getenv("NO_COLOR"), none.pointee != 0 { return false }
    if let force = getenv("CLICOLOR_FORCE"), force.pointee != 0, force.pointee != 48 { return true }
    if let term = getenv("TERM"), String(cString: term) == "dumb" { return false }
    return isatty(stream) == 1
  }
}

enum Environment {
  /// Sets the number of threads: the option's where it is given, else `NNS_THREADS`.
  static func check(threads option: String?) throws {
    let variable = getenv("NNS_THREADS").map { String(cString: $0) } ?? ""
    guard let text = option ?? (variable.isEmpty ? nil : variable) else { return }
    guard let count = Int(text), (1...ThreadPool.most).contains(count) else {
      throw ValidationError(
        "\(option == nil ? "NNS_THREADS" : "--threads") is a whole number from 1 to "
          + "\(ThreadPool.most), not \"\(text)\"")
    }
    ThreadPool.use(threads: count)
  }
}

/// The usual ways to start, which need no parser of options: `nns`, `nns -e CODE`,
/// `nns FILE ARG…`. The parser takes longer than a short program runs.
struct PlainRun {
  private var code: [String] = []
  private var words: [String] = []

  /// Nil where there is anything else.
  init?(_ arguments: [String]) {
    if arguments.count == 2, arguments[0] == "-e" {
      code = [arguments[1]]
    } else if let first = arguments.first {
      // No tool has such a name.
      guard first == "-" || !first.hasPrefix("-") && first.utf8.contains(UInt8(ascii: ".")) else {
        return nil
      }
      words = arguments
    }
  }

  func start() throws {
    try Environment.check(threads: nil)
    let (code, words) = (code, words)
    try finish(
      onLargeStack {
        Runner(Appearance(), runsInit: true).run(code: code, stays: false, words: words)
      })
  }
}

// What a terminal says about itself when it is asked: its primary device attributes (ECMA-48, DA; DEC,
// "VT510 Programmer Information", 1995, chapter 4).

@preconcurrency import Glibc
import Synchronization

package enum TerminalQuestion {
  /// Milliseconds for an answer; what is no terminal behind its pseudo-terminal gives none.
  private static let patience = 500
  /// More than any answer, and what is typed meanwhile.
  private static let mostBytes = 4096

  enum Answer: Equatable {
    case attributes([Int])
    /// Nobody answers.
    case silence
    /// Somebody has typed already: what comes first is no answer.
    case busy
  }

  /// What was typed while the terminal answered.
  private static let unread = Mutex<[UInt8]>([])

  /// The next byte that was typed then, for whoever reads keys.
  package static func takeUnread() -> UInt8? {
    unread.withLock { $0.isEmpty ? nil : $0.removeFirst() }
  }

  /// Asks the terminal of this process, wherever its standard input comes from.
  static func attributes() -> Answer {
    let terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard terminal >= 0 else { return .silence }
    defer { close(terminal) }
    var before = termios()
    // Who is in the background would be stopped.
    guard tcgetpgrp(terminal) == getpgrp(), tcgetattr(terminal, &before) == 0 else {
      return .silence
    }
    var raw = before
    raw.c_lflag &= ~tcflag_t(ICANON | ECHO)
    guard tcsetattr(terminal, TCSANOW, &raw) == 0 else { return .silence }
    defer { tcsetattr(terminal, TCSANOW, &before) }
    guard !comes(terminal, within: 0) else { return .busy }
    guard write(terminal, "\u{1B}[c", 3) == 3 else { return .silence }
    let (attributes, rest) = listen(terminal)
    unread.withLock { $0 += rest }
    return attributes.map { .attributes($0) } ?? .silence
  }

  /// Reads until the answer is there, or the time is over; what else has come.
  private static func listen(_ terminal: Int32) -> (attributes: [Int]?, rest: [UInt8]) {
    let clock = ContinuousClock()
    let end = clock.now + .milliseconds(patience)
    var bytes: [UInt8] = []
    while bytes.count < mostBytes {
      let left = clock.now.duration(to: end).components
      let milliseconds = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000
      guard milliseconds > 0, comes(terminal, within: Int32(milliseconds)) else { break }
      var piece = [UInt8](repeating: 0, count: 256)
      let count = read(terminal, &piece, piece.count)
      guard count > 0 else { break }
      bytes += piece[..<count]
      if let (attributes, rest) = parsed(bytes) { return (attributes, rest) }
    }
    return (nil, bytes)
  }

  private static func comes(_ terminal: Int32, within milliseconds: Int32) -> Bool {
    var wait = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
    return poll(&wait, 1, milliseconds) == 1 && wait.revents & Int16(POLLIN) != 0
  }

  /// The numbers of an answer, `ESC [ ? 63 ; 4 c`, and the bytes around it; nil where there is none.
  static func parsed(_ bytes: [UInt8]) -> (attributes: [Int], rest: [UInt8])? {
    let head = Array("\u{1B}[?".utf8)
    for start in bytes.indices.dropLast(head.count) where bytes[start...].starts(with: head) {
      let body = bytes[(start + head.count)...].prefix {
        $0 == UInt8(ascii: ";") || ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9"))
      }
      guard body.endIndex < bytes.endIndex, bytes[body.endIndex] == UInt8(ascii: "c") else {
        continue
      }
      let numbers = body.split(separator: UInt8(ascii: ";")).compactMap {
        Int(String(decoding: $0, as: UTF8.self))
      }
      return (numbers, Array(bytes[..<start] + bytes[(body.endIndex + 1)...]))
    }
    return nil
  }
}

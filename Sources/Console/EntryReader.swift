// Where entries come from: an editor on a terminal, a terminal that cannot move its cursor, a file.

@preconcurrency import CLibedit
@preconcurrency import Glibc
import Library

/// What reading an entry came to.
enum Entry {
  case text(String)
  /// Ctrl-C: what was typed is dropped.
  case interrupted
  case end
}

/// A source of entries.
protocol EntryReader: AnyObject {
  /// What stands before an entry on a terminal.
  var prompt: String { get set }
  /// The next entry, without its last line end.
  func read() -> Entry
}

/// Waits for keys and for signals at once.
struct Keys {
  enum Event {
    case byte(UInt8)
    case signal(Int32)
    case end
  }

  private let signals: Int32

  /// Signals come as events until `leave`.
  static func watch() -> Keys { Keys(signals: nns_watch_signals()) }

  func leave() { nns_leave_signals() }

  /// The next key's byte, or a signal; `idle` is called before a wait, `work` again and again while
  /// nobody types, until it says that there is none left.
  func next(work: () -> Bool, idle: () -> Void = {}) -> Event {
    if let byte = TerminalQuestion.takeUnread() { return .byte(byte) }
    var hasLooked = false
    while true {
      var waits = [
        pollfd(fd: 0, events: Int16(POLLIN), revents: 0),
        pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
      ]
      let count = poll(&waits, 2, hasLooked && !work() ? -1 : 0)
      if count < 0, errno != EINTR { return .end }
      if count <= 0 {
        if !hasLooked { idle() }
        hasLooked = true
        continue
      }
      var byte: UInt8 = 0
      if waits[1].revents != 0, Glibc.read(signals, &byte, 1) == 1 { return .signal(Int32(byte)) }
      guard waits[0].revents != 0 else { continue }
      let length = Glibc.read(0, &byte, 1)
      if length < 0, errno == EINTR { continue }
      return length == 1 ? .byte(byte) : .end
    }
  }
}

/// Ends the program as the signal would have, the terminal being as programs expect it.
func dieBy(_ number: Int32) {
  fflush(stdout)
  signal(number, SIG_DFL)
  kill(getpid(), number)
}

/// Lines of a terminal without cursor movement (`TERM=dumb`: editors' shells, braille lines): the
/// terminal driver edits the line, an incomplete entry goes on after `  … `.
final class PlainReader: EntryReader {
  var prompt = "> "
  private let needsMore: (String) -> Bool
  private let work: () -> Bool

  /// - Parameter work: for the time in which nobody types; see `Keys.next`.
  init(needsMore: @escaping (String) -> Bool, work: @escaping () -> Bool) {
    (self.needsMore, self.work) = (needsMore, work)
  }

  func read() -> Entry {
    let keys = Keys.watch()
    defer { keys.leave() }
    var entry: [UInt8] = []
    say(prompt)
    while true {
      switch keys.next(work: work) {
      case .byte(0x0A):
        entry = Self.withoutKeys(entry)
        let text = String(decoding: entry, as: UTF8.self)
        // Two blank lines run what is incomplete.
        if entry.suffix(2) == [0x0A, 0x0A] || !needsMore(text) { return .text(text) }
        entry.append(0x0A)
        say("  … ")
      case .byte(let byte): entry.append(byte)
      case .signal(SIGINT):
        say("\n")
        return .interrupted
      case .signal(let number) where number == SIGTERM: dieBy(number)
      case .signal(let number) where number == SIGTSTP: kill(getpid(), SIGSTOP)
      case .signal: continue
      case .end: return entry.isEmpty ? .end : .text(String(decoding: entry, as: UTF8.self))
      }
    }
  }

  /// Without what arrows and other keys send that the terminal driver does not know.
  private static func withoutKeys(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var rest = bytes[...]
    while let byte = rest.popFirst() {
      guard byte == 0x1B else {
        result.append(byte)
        continue
      }
      guard let kind = rest.first, kind == UInt8(ascii: "[") || kind == UInt8(ascii: "O") else {
        continue
      }
      rest.removeFirst()
      while let next = rest.popFirst(), next < 0x40 {}
    }
    return result
  }

  private func say(_ text: String) {
    fputs(text, stdout)
    fflush(stdout)
  }
}

/// Standard input that is no terminal: nothing is asked for.
final class FileReader: EntryReader {
  var prompt = ""
  private let needsMore: (String) -> Bool

  init(needsMore: @escaping (String) -> Bool) { self.needsMore = needsMore }

  func read() -> Entry {
    var entry: String?
    while let line = readLine(strippingNewline: true) {
      let text = entry.map { $0 + "\n" + line } ?? line
      guard needsMore(text) else { return .text(text) }
      entry = text
    }
    return entry.map { .text($0) } ?? .end
  }
}

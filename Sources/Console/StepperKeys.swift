// The stepper's keys on a terminal: arrows, Tab, < and >, Escape; any letter or digit begins an
// expression.

import Diagnostics
@preconcurrency import Glibc
import Interpreter
import Syntax

/// Draws frames over each other and reads keys.
final class StepperKeys {
  private enum Key { case move(Stepper.Move), character(UInt8), other, end }

  private let stepper: Stepper
  private let prompt: Prompt
  /// Lines of the frame that the next one replaces.
  private var drawn = 0
  private var help: String {
    "→ next  ← back  ↓ into  ↑ out  Tab other half  "
      + (stepper.hasTurns ? "< > another turn  :turn 3  " : "")
      + ":at [0, 1]  a letter begins an expression  Esc leaves"
  }

  init(_ stepper: Stepper, _ prompt: Prompt) { (self.stepper, self.prompt) = (stepper, prompt) }

  func run() throws {
    var before = termios()
    guard tcgetattr(0, &before) == 0 else { return }
    var raw = before
    raw.c_lflag &= ~tcflag_t(ICANON | ECHO)
    raw.c_iflag &= ~tcflag_t(ICRNL)
    tcsetattr(0, TCSADRAIN, &raw)
    defer { tcsetattr(0, TCSADRAIN, &before) }
    try draw(nil)
    while true {
      switch key() {
      case .end, .move(.leave): return
      case .move(let move): try make(move)
      case .character(let byte):
        guard let text = line(from: byte) else {
          try draw(nil)
          continue
        }
        if let move = Stepper.move(text) {
          if case .leave = move { return }
          try make(move)
        } else {
          evaluate(text)
          drawn = 0
          try draw(nil)
        }
      case .other: continue
      }
    }
  }

  private func make(_ move: Stepper.Move) throws { try draw(try stepper.make(move)) }

  private func draw(_ problem: String?) throws {
    var frame = try stepper.frame(keys: help)
    if let problem { frame.append("  \(problem)\n", .warning) }
    erase()
    prompt.show(frame)
    drawn = frame.plain.reduce(0) { $0 + ($1 == "\n" ? 1 : 0) }
  }

  private func erase() {
    if drawn > 0 { write("\u{1B}[\(drawn)A\r\u{1B}[J") }
    drawn = 0
  }

  private func write(_ text: String) {
    fputs(text, stdout)
    fflush(stdout)
  }

  // MARK: - Expressions

  private func evaluate(_ text: String) {
    do {
      let source = SourceText(name: "entry", text: text)
      try prompt.session.run(source, mode: .entry, seeing: prompt.visible(in: source))
    } catch { prompt.report(error) }
  }

  /// A line that begins with what was typed; nil when Escape drops it.
  private func line(from first: UInt8) -> String? {
    var bytes = [first]
    write("> " + String(decoding: bytes, as: UTF8.self))
    while true {
      guard let byte = next(wait: -1) else { return nil }
      switch byte {
      case 0x0D, 0x0A:
        write("\r\u{1B}[K")
        let text = String(decoding: bytes, as: UTF8.self)
        if !text.hasPrefix(":") { write("> \(text)\n") }
        return text
      case 0x1B:
        if next(wait: 20) == UInt8(ascii: "[") { while let c = next(wait: 20), c < 0x40 {} }
        write("\r\u{1B}[K")
        return nil
      case 0x7F, 0x08:
        while let last = bytes.popLast(), last & 0xC0 == 0x80 {}
        if bytes.isEmpty {
          write("\r\u{1B}[K")
          return nil
        }
      case 0x00..<0x20: continue
      default: bytes.append(byte)
      }
      write("\r\u{1B}[K> " + String(decoding: bytes, as: UTF8.self))
    }
  }

  // MARK: - Keys

  private func key() -> Key {
    guard let byte = next(wait: -1) else { return .end }
    switch byte {
    case 0x0D, 0x0A: return .move(.next)
    case 0x09: return .move(.flip)
    case 0x04: return .move(.leave)
    case UInt8(ascii: "<"): return .move(.turn(-1))
    case UInt8(ascii: ">"): return .move(.turn(1))
    case 0x1B: return escape()
    case 0x00..<0x21, 0x7F: return .other
    default: return .character(byte)
    }
  }

  /// Escape alone leaves; a sequence of an arrow moves.
  private func escape() -> Key {
    guard let second = next(wait: 40) else { return .move(.leave) }
    guard second == UInt8(ascii: "[") || second == UInt8(ascii: "O") else { return .other }
    var (last, digit) = (next(wait: 40), UInt8(0))
    while let c = last, c < 0x40 { (last, digit) = (next(wait: 40), c) }
    if last == UInt8(ascii: "~") {
      // Page up and page down.
      if digit == UInt8(ascii: "5") { return .move(.turn(-1)) }
      if digit == UInt8(ascii: "6") { return .move(.turn(1)) }
    }
    switch last {
    case UInt8(ascii: "C"): return .move(.next)
    case UInt8(ascii: "D"): return .move(.previous)
    case UInt8(ascii: "B"): return .move(.into)
    case UInt8(ascii: "A"): return .move(.out)
    default: return .other
    }
  }

  /// The next byte; nil at the end, on an interrupt, and after so many milliseconds.
  private func next(wait: Int32) -> UInt8? {
    while true {
      var poller = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
      let ready = poll(&poller, 1, wait)
      if Interrupts.isRequested {
        Interrupts.clear()
        return nil
      }
      if ready < 0, errno == EINTR { continue }
      guard ready > 0 else { return nil }
      var byte: UInt8 = 0
      let length = read(0, &byte, 1)
      if length < 0, errno == EINTR { continue }
      return length == 1 ? byte : nil
    }
  }
}

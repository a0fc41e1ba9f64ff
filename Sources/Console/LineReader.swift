// Lines from a terminal, edited by libedit.

@preconcurrency import CEditline
@preconcurrency import CLibedit
@preconcurrency import Glibc

/// What Tab offers for a line and a cursor; set by the prompt. libedit's callbacks carry no context.
nonisolated(unsafe) private var completer:
  (String, Int) -> (start: Int, candidates: [(String, String)]) = { _, _ in (0, []) }
nonisolated(unsafe) private var promptText: UnsafeMutablePointer<CChar>? = strdup("> ")

/// A libedit editor on the standard streams.
final class LineReader {
  enum Line {
    case text(String)
    case interrupted
    case end
  }

  private let editor: OpaquePointer
  private let list: OpaquePointer

  init?() {
    setlocale(LC_ALL, "")
    if bytesPerCharacter() == 1 { setlocale(LC_ALL, "C.UTF-8") }
    guard let editor = nns_el_start("nns", stdin, stdout, stderr), let list = history_init() else {
      return nil
    }
    (self.editor, self.list) = (editor, list)
    nns_history_size(list, 2000)
    nns_el_set_editor(editor)
    nns_el_set_history(editor, list)
    nns_el_set_prompt(editor) { _ in promptText }
    nns_el_add(editor, "nns-complete", "complete", complete)
    nns_el_bind(editor, "\t", "nns-complete")
    for (key, action) in [
      ("^R", "em-inc-search-prev"), ("\u{1B}[3~", "ed-delete-next-char"),
      ("\u{1B}[H", "ed-move-to-beg"), ("\u{1B}[F", "ed-move-to-end"),
      ("\u{1B}[1;5C", "em-next-word"), ("\u{1B}[1;5D", "ed-prev-word"),
    ] {
      nns_el_bind(editor, key, action)
    }
    nns_el_set_getc(editor, readCharacter)
  }

  deinit {
    el_end(editor)
    history_end(list)
  }

  func setCompleter(
    _ body: @escaping (String, Int) -> (start: Int, candidates: [(String, String)])
  ) { completer = body }

  /// The next line without its line end.
  func read(prompt: String) -> Line {
    free(promptText)
    promptText = strdup(prompt)
    var count: Int32 = 0
    errno = 0
    guard let line = el_gets(editor, &count), count > 0 else {
      let interrupted = errno == EINTR || pressedInterrupt
      pressedInterrupt = false
      el_reset(editor)
      return interrupted ? .interrupted : .end
    }
    let bytes = UnsafeRawBufferPointer(start: line, count: Int(count))
    var text = String(decoding: bytes, as: UTF8.self)
    if text.hasSuffix("\n") { text.removeLast() }
    return .text(text)
  }

  func remember(_ entry: String) { nns_history_enter(list, entry) }
}

nonisolated(unsafe) private var pressedInterrupt = false

private func bytesPerCharacter() -> Int { Int(__ctype_get_mb_cur_max()) }

/// One character from the terminal, decoded from UTF-8; −1 on an interrupt, 0 at the end.
private func readCharacter(_ editor: OpaquePointer?, _ result: UnsafeMutablePointer<wchar_t>?)
  -> Int32
{
  var bytes: [UInt8] = []
  while true {
    var byte: UInt8 = 0
    let count = Glibc.read(0, &byte, 1)
    if count < 0 {
      if errno == EINTR { pressedInterrupt = true }
      return -1
    }
    if count == 0 { return 0 }
    bytes.append(byte)
    if let text = String(validating: bytes, as: UTF8.self), let scalar = text.unicodeScalars.first {
      result?.pointee = wchar_t(bitPattern: scalar.value)
      return 1
    }
    if bytes.count >= 4 { return 0 }
  }
}

/// Inserts what all candidates share, or shows them below the line.
private func complete(_ editor: OpaquePointer?, _ key: Int32) -> UInt8 {
  guard let editor, let info = el_line(editor) else { return UInt8(CC_ERROR) }
  let length = info.pointee.lastchar - info.pointee.buffer
  let cursor = info.pointee.cursor - info.pointee.buffer
  let bytes = UnsafeRawBufferPointer(start: info.pointee.buffer, count: length)
  let line = String(decoding: bytes, as: UTF8.self)
  let (start, candidates) = completer(line, cursor)
  guard let first = candidates.first else { return UInt8(CC_REFRESH_BEEP) }
  let typed = String(decoding: bytes[min(start, cursor)..<cursor], as: UTF8.self)
  let common = candidates.dropFirst().reduce(first.0) { shared, next in
    String(zip(shared, next.0).prefix { $0 == $1 }.map(\.0))
  }
  if common.count > typed.count {
    el_insertstr(editor, String(common.dropFirst(typed.count)))
    return UInt8(CC_REFRESH)
  }
  guard candidates.count > 1 else { return UInt8(CC_REFRESH) }
  let width = candidates.map(\.0.count).max() ?? 0
  var text = "\n"
  for (name, description) in candidates.prefix(30) {
    let space = String(repeating: " ", count: width - name.count + 2)
    text += "  " + name + space + description.prefix(60) + "\n"
  }
  if candidates.count > 30 { text += "  … \(candidates.count - 30) more\n" }
  fputs(text, stdout)
  fflush(stdout)
  return UInt8(CC_REDISPLAY)
}

// Entries from a terminal, edited by libedit: a whole entry, of one line or many, in one buffer.
//
// libedit draws the text and knows the simple keys. What it has no notion of are own functions that
// it calls by key (`EditorKeys.swift`): a Return that asks whether the entry is complete, Up and Down
// inside a block, a history of blocks, a search in it, pasted blocks.

@preconcurrency import CEditline
@preconcurrency import CLibedit
@preconcurrency import Glibc

/// What Tab offers.
struct Candidate {
  /// What stands in the text when it is chosen.
  let text: String
  /// What it is: a signature, a shape, a value.
  let detail: String

  init(_ text: String, _ detail: String) {
    self.text = text
    self.detail = detail
  }
}

/// An editor on the standard streams.
final class EntryEditor: EntryReader {
  let editor: OpaquePointer
  /// Whether Return goes on with a new line.
  let needsMore: (String) -> Bool
  /// Candidates for what stands before the cursor, and how many scalars of it they replace.
  var completer: (_ before: String) -> (replaced: Int, candidates: [Candidate]) = { _ in (0, []) }
  /// Told the number of columns when the window has changed.
  var resized: (Int) -> Void = { _ in }
  var walk = HistoryWalk()
  /// What the kill keys took last, for Ctrl-Y.
  var killed = ""
  /// The text that Return has ended.
  var finished: String?

  private var prompt = strdup("> ")
  private(set) var promptWidth = 2
  private(set) var wasInterrupted = false
  private var keys: Keys?

  /// Nil where the terminal cannot be edited on.
  init?(needsMore: @escaping (String) -> Bool) {
    setlocale(LC_CTYPE, "")
    if __ctype_get_mb_cur_max() == 1 { setlocale(LC_CTYPE, "C.UTF-8") }
    guard let editor = nns_el_start("nns", stdin, stdout, stderr) else { return nil }
    self.editor = editor
    self.needsMore = needsMore
    nns_el_set_client(editor, Unmanaged.passUnretained(self).toOpaque())
    nns_el_set_editor(editor)
    nns_el_set_prompt(editor) { editor in EntryEditor.of(editor)?.prompt }
    nns_el_set_getc(editor) { editor, result in
      guard let self = EntryEditor.of(editor) else { return -1 }
      return self.readCharacter(result)
    }
    bindKeys()
  }

  deinit {
    el_end(editor)
    free(prompt)
  }

  /// The object behind a callback's editor.
  static func of(_ editor: OpaquePointer?) -> EntryEditor? {
    nns_el_client(editor).map { Unmanaged<EntryEditor>.fromOpaque($0).takeUnretainedValue() }
  }

  func remember(_ entry: String) { walk.append(entry) }

  func read() -> Entry {
    (finished, wasInterrupted) = (nil, false)
    walk.begin()
    setPrompt("> ")
    keys = Keys.watch()
    // Pasted text comes between marks, so that its line ends are not taken for Return.
    write("\u{1B}[?2004h")
    var count: Int32 = 0
    let line = el_gets(editor, &count)
    write("\u{1B}[?2004l")
    keys?.leave()
    keys = nil
    if let finished { return .text(finished) }
    el_reset(editor)
    if wasInterrupted { return .interrupted }
    guard line == nil, count <= 0 else { return .text("") }
    return .end
  }

  // MARK: - The buffer

  /// A copy of what is being edited.
  var entry: EntryText {
    guard let info = el_wline(editor)?.pointee, let start = info.buffer else {
      return EntryText(scalars: [], cursor: 0)
    }
    let scalars = UnsafeBufferPointer(start: start, count: info.lastchar - start).map {
      Unicode.Scalar(UInt32(bitPattern: $0)) ?? "\u{FFFD}"
    }
    return EntryText(scalars: scalars, cursor: info.cursor - start)
  }

  func insert(_ text: String) {
    guard !text.isEmpty else { return }
    let wide = text.unicodeScalars.map { wchar_t(bitPattern: $0.value) } + [0]
    el_winsertstr(editor, wide)
  }

  func move(to position: Int) { el_cursor(editor, Int32(position - entry.cursor)) }

  /// Deletes scalars before the cursor.
  func deleteBeforeCursor(_ count: Int) {
    if count > 0 { el_deletestr(editor, Int32(count)) }
  }

  /// Another text in place of the whole entry, with the cursor behind it.
  func replace(with text: String) {
    let entry = entry
    move(to: entry.scalars.count)
    deleteBeforeCursor(entry.scalars.count)
    insert(text)
  }

  // MARK: - The screen

  var columns: Int {
    var size = winsize()
    guard ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  func setPrompt(_ text: String) {
    free(prompt)
    prompt = strdup(text)
    promptWidth = text.unicodeScalars.count
  }

  func write(_ text: String) {
    fputs(text, stdout)
    fflush(stdout)
  }

  private func place(of position: Int, _ entry: EntryText) -> (row: Int, column: Int) {
    entry.place(of: position, promptWidth: promptWidth, columns: columns)
  }

  /// From the cursor to the end of the entry, behind which output may begin.
  func leaveEntry() {
    let entry = entry
    let end = place(of: entry.scalars.count, entry)
    let rows = end.row - place(of: entry.cursor, entry).row
    let right = end.column > 0 ? "\u{1B}[\(end.column)C" : ""
    write(String(repeating: "\n", count: rows) + "\r" + right)
  }

  /// From the cursor to the prompt, everything below it wiped: where a drawing may begin.
  func wipeEntry() {
    let entry = entry
    let rows = place(of: entry.cursor, entry).row
    write((rows > 0 ? "\u{1B}[\(rows)A" : "") + "\r\u{1B}[J")
  }

  /// Draws prompt and text anew from the cursor's row on.
  func draw() { nns_el_refresh(editor) }

  /// Another prompt and another text in place of what is drawn.
  func redraw(prompt: String, text: String) {
    wipeEntry()
    if text != entry.text { replace(with: text) }
    setPrompt(prompt)
    draw()
  }

  // MARK: - Keys

  /// One character from the terminal for libedit: −1 on an interrupt, 0 at the end. What is not
  /// UTF-8 becomes U+FFFD.
  private func readCharacter(_ result: UnsafeMutablePointer<wchar_t>?) -> Int32 {
    guard let first = nextByte() else { return wasInterrupted ? -1 : 0 }
    var bytes = [first]
    let length = first < 0xC2 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 1
    while bytes.count < length {
      guard let byte = nextByte() else { return wasInterrupted ? -1 : 0 }
      bytes.append(byte)
    }
    let scalar = String(decoding: bytes, as: UTF8.self).unicodeScalars.first ?? "\u{FFFD}"
    result?.pointee = wchar_t(bitPattern: scalar.value)
    return 1
  }

  /// The next byte of the terminal; nil after Ctrl-C and at the end.
  private func nextByte() -> UInt8? {
    while let event = keys?.next() {
      switch event {
      case .byte(let byte): return byte
      case .end: return nil
      case .signal(SIGINT):
        leaveEntry()
        write("^C\n")
        wasInterrupted = true
        return nil
      case .signal(SIGTSTP): suspend()
      case .signal(SIGTERM):
        nns_el_prepare_terminal(editor, 0)
        write("\u{1B}[?2004l\n")
        dieBy(SIGTERM)
      case .signal: resize()
      }
    }
    return nil
  }

  private func resize() {
    el_resize(editor)
    wipeEntry()
    draw()
    resized(columns)
  }

  /// Ctrl-Z: the shell gets its terminal as it was; on return the entry is drawn again.
  private func suspend() {
    leaveEntry()
    write("\u{1B}[?2004l\n")
    nns_el_prepare_terminal(editor, 0)
    kill(getpid(), SIGSTOP)
    nns_el_prepare_terminal(editor, 1)
    write("\u{1B}[?2004h")
    el_resize(editor)
    draw()
  }
}

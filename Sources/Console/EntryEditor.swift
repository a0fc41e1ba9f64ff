// Entries from a terminal, edited by libedit: a whole entry, of one line or many, in one buffer.
//
// libedit keeps the text and knows the simple keys. What it has no notion of are own functions that
// it calls by key (`EditorKeys.swift`): a Return that asks whether the entry is complete, Up and Down
// inside a block, a history of blocks, a search in it, pasted blocks. `EntryView` draws: libedit
// would show neither colours nor a block that is taller than the terminal.

@preconcurrency import CEditline
@preconcurrency import CLibedit
@preconcurrency import Glibc

/// What Tab offers.
struct Candidate {
  /// What stands in the text when it is chosen.
  let text: String
  /// What it is: a signature, a shape, a value.
  let detail: String
  /// Whether something follows it after a space.
  var takesArguments = false

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
  /// What is still to come of the call that a text ends in.
  var signature: (_ before: String) -> String = { _ in "" }
  var prompt = "> "
  /// Work for the time in which nobody types; see `Keys.next`.
  var work: () -> Bool = { false }
  /// Told the number of columns when the window has changed.
  var resized: (Int) -> Void = { _ in }
  var walk = HistoryWalk()
  /// Whether a grey hint stands behind what is typed.
  var showsHints = false
  /// What the kill keys took last, for Ctrl-Y.
  var killed = ""
  /// The text that Return has ended.
  var finished: String?

  /// The entry under which candidates are listed: pressing Tab again lists them only if it changed.
  var listed: EntryText?

  let view: EntryView
  private(set) var wasInterrupted = false
  private var keys: Keys?

  /// Nil where the terminal cannot be edited on.
  init?(view: EntryView, needsMore: @escaping (String) -> Bool) {
    setlocale(LC_CTYPE, "")
    if __ctype_get_mb_cur_max() == 1 { setlocale(LC_CTYPE, "C.UTF-8") }
    guard let editor = nns_el_start("nns") else { return nil }
    self.editor = editor
    self.view = view
    self.needsMore = needsMore
    nns_el_set_client(editor, Unmanaged.passUnretained(self).toOpaque())
    nns_el_set_editor(editor)
    nns_el_set_getc(editor) { editor, result in
      guard let self = EntryEditor.of(editor) else { return -1 }
      return self.readCharacter(result)
    }
    bindKeys()
  }

  deinit { el_end(editor) }

  /// The object behind a callback's editor.
  static func of(_ editor: OpaquePointer?) -> EntryEditor? {
    nns_el_client(editor).map { Unmanaged<EntryEditor>.fromOpaque($0).takeUnretainedValue() }
  }

  func remember(_ entry: String) { walk.append(entry) }

  func read() -> Entry {
    (finished, wasInterrupted) = (nil, false)
    walk.begin()
    view.measure()
    resized(view.columns)
    view.takeFreshLine()
    view.prompt = prompt
    listed = nil
    keys = Keys.watch()
    // Pasted text comes between marks, so that its line ends are not taken for Return.
    view.write("\u{1B}[?2004h")
    var count: Int32 = 0
    let line = el_gets(editor, &count)
    if let finished {
      view.end(EntryText(scalars: Array(finished.unicodeScalars), cursor: 0))
    }
    view.write("\u{1B}[?2004l")
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

  /// What Right at the end would add: the rest of the newest entry that begins as this one.
  var hint: String {
    let entry = entry
    guard showsHints, entry.cursor == entry.scalars.count, !entry.scalars.isEmpty else { return "" }
    return walk.continuation(of: entry.text)
  }

  /// That, else the signature of the call that is being typed, which nothing takes over.
  private var shownHint: String {
    let (entry, hint) = (entry, hint)
    guard hint.isEmpty, showsHints, entry.cursor == entry.lineEnd else { return hint }
    return signature(entry.beforeCursor)
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
    while let event = keys?.next(work: work, idle: { view.show(entry, hint: shownHint) }) {
      switch event {
      case .byte(let byte): return byte
      case .end: return nil
      case .signal(SIGINT):
        view.end(entry, mark: "^C")
        wasInterrupted = true
        return nil
      case .signal(SIGTSTP): suspend()
      case .signal(SIGTERM):
        leaveTerminal()
        dieBy(SIGTERM)
      case .signal:
        el_resize(editor)
        view.resize()
        resized(view.columns)
      }
    }
    return nil
  }

  /// The terminal as the shell had it, with the cursor below the entry.
  private func leaveTerminal() {
    view.end(entry)
    view.write("\u{1B}[?2004l")
    nns_el_prepare_terminal(editor, 0)
  }

  /// Ctrl-Z; on return the entry is drawn again.
  private func suspend() {
    leaveTerminal()
    kill(getpid(), SIGSTOP)
    nns_el_prepare_terminal(editor, 1)
    view.write("\u{1B}[?2004h")
    view.measure()
  }
}

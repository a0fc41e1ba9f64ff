// The editor's own keys. Own functions cannot call libedit's: where one of those is wanted, a
// private key bound to it is pushed.

@preconcurrency import CEditline
@preconcurrency import CLibedit
@preconcurrency import Glibc

private let refresh = UInt8(CC_REFRESH)
private let beep = UInt8(CC_REFRESH_BEEP)
private let nothing = UInt8(CC_NORM)

/// A key that no terminal sends.
private let endKey = "\u{1B}[nns\u{1D}"

extension EntryEditor {
  func bindKeys() {
    for (key, action) in [
      (endKey, "ed-newline"), ("\u{1B}[3~", "ed-delete-next-char"),
      ("\u{1B}[1;5C", "em-next-word"), ("\u{1B}[1;5D", "ed-prev-word"),
      ("\u{1B}[1;3C", "em-next-word"), ("\u{1B}[1;3D", "ed-prev-word"),
      ("\u{1B}f", "em-next-word"), ("\u{1B}b", "ed-prev-word"),
      ("\u{1B}d", "em-delete-next-word"),
      ("\u{1B}[1;5H", "ed-move-to-beg"), ("\u{1B}[1;5F", "ed-move-to-end"),
    ] {
      nns_el_bind(editor, key, action)
    }
    own("return", ["^M", "^J"]) { editor, _ in EntryEditor.of(editor)?.pressReturn() ?? nothing }
    own("new-line", ["\u{1B}^M", "\u{1B}^J"]) { editor, _ in
      EntryEditor.of(editor)?.breakLine() ?? nothing
    }
    own("up", ["\u{1B}[A", "\u{1B}OA"]) { editor, _ in EntryEditor.of(editor)?.up() ?? nothing }
    own("down", ["\u{1B}[B", "\u{1B}OB"]) { editor, _ in
      EntryEditor.of(editor)?.down() ?? nothing
    }
    own("previous", ["^P"]) { editor, _ in EntryEditor.of(editor)?.previous() ?? nothing }
    own("next", ["^N"]) { editor, _ in EntryEditor.of(editor)?.next() ?? nothing }
    own("start", ["^A", "\u{1B}[H", "\u{1B}OH", "\u{1B}[1~", "\u{1B}[7~"]) { editor, _ in
      EntryEditor.of(editor)?.toLineStart() ?? nothing
    }
    own("end", ["^E", "\u{1B}[F", "\u{1B}OF", "\u{1B}[4~", "\u{1B}[8~"]) { editor, _ in
      EntryEditor.of(editor)?.toLineEnd() ?? nothing
    }
    own("right", ["^F", "\u{1B}[C", "\u{1B}OC"]) { editor, _ in
      EntryEditor.of(editor)?.right() ?? nothing
    }
    own("clear", ["^L"]) { editor, _ in EntryEditor.of(editor)?.clear() ?? nothing }
    own("close", ["}", ")", "]"]) { editor, key in
      EntryEditor.of(editor)?.close(with: key) ?? nothing
    }
    own("paste", ["\u{1B}[200~"]) { editor, _ in EntryEditor.of(editor)?.paste() ?? nothing }
    own("search", ["^R"]) { editor, _ in EntryEditor.of(editor)?.search() ?? nothing }
    own("complete", ["\t"]) { editor, _ in EntryEditor.of(editor)?.complete() ?? nothing }
    bindKillKeys()
  }

  private func bindKillKeys() {
    own("kill-end", ["^K"]) { editor, _ in EntryEditor.of(editor)?.killToEnd() ?? nothing }
    own("kill-start", ["^U"]) { editor, _ in EntryEditor.of(editor)?.killToStart() ?? nothing }
    own("kill-word", ["^W", "\u{1B}^?", "\u{1B}^H"]) { editor, _ in
      EntryEditor.of(editor)?.killWord() ?? nothing
    }
    own("yank", ["^Y"]) { editor, _ in EntryEditor.of(editor)?.yank() ?? nothing }
  }

  private func own(
    _ name: String, _ keys: [String],
    _ action: @escaping @convention(c) (OpaquePointer?, Int32) -> UInt8
  ) {
    nns_el_add(editor, "nns-" + name, name, action)
    for key in keys { nns_el_bind(editor, key, "nns-" + name) }
  }

  // MARK: - Lines

  private func pressReturn() -> UInt8 {
    let entry = entry
    let text = entry.text
    if needsMore(text), !entry.endsInBlankLines { return breakLine() }
    finished = text
    // ed-newline leaves the cursor below the entry and ends el_gets.
    el_push(editor, endKey)
    return nothing
  }

  private func breakLine() -> UInt8 {
    insert("\n" + entry.indentation)
    return refresh
  }

  /// A bracket that closes a block stands where its block began.
  private func close(with key: Int32) -> UInt8 {
    let entry = entry
    if entry.lineStart > 0, entry.isLineBlankBeforeCursor {
      deleteBeforeCursor(min(2, entry.cursor - entry.lineStart))
    }
    if let scalar = Unicode.Scalar(UInt32(bitPattern: key)) { insert(String(scalar)) }
    return refresh
  }

  private func toLineStart() -> UInt8 {
    move(to: entry.lineStart)
    return refresh
  }

  /// At the end of the entry this takes the hint, as Right does.
  private func toLineEnd() -> UInt8 {
    let (entry, hint) = (entry, hint)
    if hint.isEmpty { move(to: entry.lineEnd) } else { insert(hint) }
    return refresh
  }

  private func right() -> UInt8 {
    let hint = hint
    if hint.isEmpty { move(to: entry.cursor + 1) } else { insert(hint) }
    return refresh
  }

  private func clear() -> UInt8 {
    view.write("\u{1B}[H\u{1B}[2J")
    view.begin()
    return refresh
  }

  // MARK: - History

  private func up() -> UInt8 {
    guard let position = entry.above else { return previous() }
    move(to: position)
    return refresh
  }

  private func down() -> UInt8 {
    guard let position = entry.below else { return next() }
    move(to: position)
    return refresh
  }

  private func previous() -> UInt8 {
    guard let text = walk.previous(from: entry.text) else { return beep }
    replace(with: text)
    return refresh
  }

  private func next() -> UInt8 {
    guard let text = walk.next(from: entry.text) else { return beep }
    replace(with: text)
    return refresh
  }

  /// Ctrl-R: entries that contain what is typed, newest first; Ctrl-R again goes on to older ones,
  /// Ctrl-G gives the old text back, Backspace shortens the pattern, any other key takes the entry
  /// and does what it always does.
  private func search() -> UInt8 {
    let before = entry.text
    var (pattern, text, place) = ("", before, walk.entries.count)
    var isFound = true
    defer { view.prompt = prompt }
    var key: wchar_t = 0
    while true {
      view.prompt = "(\(isFound ? "search" : "not found"): \(pattern)) "
      if text != entry.text { replace(with: text) }
      guard el_wgetc(editor, &key) == 1 else { return UInt8(CC_EOF) }
      let scalar = Unicode.Scalar(UInt32(bitPattern: key)) ?? "\u{FFFD}"
      var limit = place + 1
      switch scalar {
      case "\u{12}": limit = place
      case "\u{08}", "\u{7F}":
        if !pattern.isEmpty { pattern.unicodeScalars.removeLast() }
        limit = walk.entries.count
      case "\u{07}":
        replace(with: before)
        return refresh
      case _ where scalar.value < 0x20:
        el_wpush(editor, [key, 0])
        return refresh
      default: pattern.unicodeScalars.append(scalar)
      }
      let match = pattern.isEmpty ? nil : walk.search(pattern, before: limit)
      isFound = pattern.isEmpty || match != nil
      if let match { (place, text) = (match.index, match.text) }
    }
  }

  // MARK: - Killing and yanking

  private func kill(from start: Int, to end: Int) -> UInt8 {
    guard start < end else { return beep }
    killed = EntryText.text(entry.scalars[start..<end])
    move(to: end)
    deleteBeforeCursor(end - start)
    return refresh
  }

  /// At the end of a line its line end goes.
  private func killToEnd() -> UInt8 {
    let entry = entry
    let end = entry.lineEnd > entry.cursor ? entry.lineEnd : entry.cursor + 1
    return kill(from: entry.cursor, to: min(end, entry.scalars.count))
  }

  private func killToStart() -> UInt8 { kill(from: entry.lineStart, to: entry.cursor) }

  private func killWord() -> UInt8 { kill(from: entry.wordStart, to: entry.cursor) }

  private func yank() -> UInt8 {
    insert(killed)
    return refresh
  }

  // MARK: - Pasting

  /// Everything up to the closing mark, as it is; line ends at its end would only be in the way.
  private func paste() -> UInt8 {
    let close: [Unicode.Scalar] = Array("\u{1B}[201~".unicodeScalars)
    var scalars: [Unicode.Scalar] = []
    var key: wchar_t = 0
    while scalars.suffix(close.count) != close[...] {
      guard el_wgetc(editor, &key) == 1 else { return UInt8(CC_EOF) }
      let scalar = Unicode.Scalar(UInt32(bitPattern: key)) ?? "\u{FFFD}"
      if scalar == "\n", scalars.last == "\r" { scalars.removeLast() }
      scalars.append(scalar)
    }
    scalars.removeLast(close.count)
    scalars = scalars.map { $0 == "\r" ? "\n" : $0 }
    scalars.removeAll { $0.value < 0x20 && $0 != "\n" && $0 != "\t" || $0.value == 0x7F }
    while scalars.last == "\n" { scalars.removeLast() }
    insert(Self.withoutPrompts(EntryText.text(scalars[...])))
    return refresh
  }

  /// What was copied from a prompt on the screen, without its `> ` and `… `.
  private static func withoutPrompts(_ text: String) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.contains(where: { $0.hasPrefix("… ") }) else { return text }
    return lines.map {
      $0.hasPrefix("> ") || $0.hasPrefix("… ") ? String($0.dropFirst(2)) : String($0)
    }
    .joined(separator: "\n")
  }
}

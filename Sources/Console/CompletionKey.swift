// Tab: inserts what all candidates share, or lists them below the entry, what each is beside it.

@preconcurrency import CEditline
import Diagnostics

extension EntryEditor {
  func complete() -> UInt8 {
    let entry = entry
    if entry.lineStart > 0, entry.isLineBlankBeforeCursor {
      insert("  ")
      return UInt8(CC_REFRESH)
    }
    let (replaced, candidates) = completer(entry.beforeCursor)
    guard let first = candidates.first else { return UInt8(CC_REFRESH_BEEP) }
    let shared = candidates.dropFirst().reduce(first.text) { shared, next in
      String(zip(shared, next.text).prefix { $0 == $1 }.map(\.0))
    }
    // `net.0.` becomes `net[0].`
    let typed = String(entry.beforeCursor.unicodeScalars.suffix(replaced))
    if !shared.hasPrefix(typed), shared != typed, !shared.isEmpty {
      deleteBeforeCursor(replaced)
      insert(shared)
      return UInt8(CC_REFRESH)
    }
    var added = String(String.UnicodeScalarView(shared.unicodeScalars.dropFirst(replaced)))
    if candidates.count == 1, first.takesArguments { added += " " }
    if !added.isEmpty {
      insert(added)
      return UInt8(CC_REFRESH)
    }
    guard candidates.count > 1, listed != entry else { return UInt8(CC_REFRESH) }
    listed = entry
    view.end(entry)
    view.write(Self.list(candidates, columns: view.columns))
    return UInt8(CC_REFRESH)
  }

  /// The candidates below each other, as many as a reader takes in.
  private static func list(_ candidates: [Candidate], columns: Int) -> String {
    let shown = candidates.prefix(24)
    let widest = shown.map { TextWidth.columns(of: $0.text) }.max() ?? 0
    let width = min(widest, max(8, columns / 2))
    var result = ""
    for candidate in shown {
      let space = String(
        repeating: " ", count: max(2, width + 2 - TextWidth.columns(of: candidate.text)))
      let line = "  " + candidate.text + (candidate.detail.isEmpty ? "" : space + candidate.detail)
      result += fitted(line, columns: columns - 1) + "\n"
    }
    if candidates.count > shown.count { result += "  … \(candidates.count - shown.count) more\n" }
    return result
  }
}

/// The first line of a text, cut where the columns end.
func fitted(_ text: String, columns: Int) -> String {
  let line = text.prefix { $0 != "\n" }
  let isWhole = line.count == text.count
  if isWhole, TextWidth.columns(of: String(line)) <= columns { return String(line) }
  var result = ""
  var used = 0
  for character in line {
    used += TextWidth.columns(of: character)
    if used > columns - 1 { break }
    result.append(character)
  }
  return result + "…"
}

// Walking and searching the entries of earlier, newest first, by what is already typed.

struct HistoryWalk {
  private(set) var entries: [String] = []
  /// The entry that is shown; `entries.count` is the text being typed.
  private var position = 0
  /// What was typed when the walk began; the entries that begin with it are visited.
  private var typed = ""
  /// What the walk has put into the buffer; another text there begins a new walk.
  private var shown: String?

  /// An earlier duplicate goes.
  mutating func append(_ entry: String) {
    entries.removeAll { $0 == entry }
    entries.append(entry)
    if entries.count > 5000 { entries.removeFirst(1000) }
  }

  /// A new entry is being typed.
  mutating func begin() { (position, shown) = (entries.count, nil) }

  /// The entry before the one that is shown; nil where there is none.
  mutating func previous(from text: String) -> String? {
    restart(from: text)
    for index in stride(from: position - 1, through: 0, by: -1) where fits(entries[index], text) {
      return show(index, entries[index])
    }
    return nil
  }

  /// The entry after the one that is shown, at last what was typed; nil when it is shown.
  mutating func next(from text: String) -> String? {
    restart(from: text)
    guard position < entries.count else { return nil }
    for index in (position + 1)..<max(position + 1, entries.count) where fits(entries[index], text)
    {
      return show(index, entries[index])
    }
    return show(entries.count, typed)
  }

  private func fits(_ entry: String, _ text: String) -> Bool {
    entry != text && (typed.isEmpty || entry.hasPrefix(typed))
  }

  private mutating func restart(from text: String) {
    guard shown != text else { return }
    (position, typed) = (entries.count, text)
  }

  private mutating func show(_ index: Int, _ text: String) -> String {
    (position, shown) = (index, text)
    return text
  }

  /// The rest of the newest entry of one line that begins with a text.
  func continuation(of text: String) -> String {
    let entry = entries.last { $0.hasPrefix(text) && $0 != text && !$0.contains("\n") }
    return entry.map { String($0.dropFirst(text.count)) } ?? ""
  }

  /// The newest entry before `limit` that has `pattern` anywhere; capitals only where it has some.
  func search(_ pattern: String, before limit: Int) -> (index: Int, text: String)? {
    let ignoresCase = pattern == pattern.lowercased()
    for index in stride(from: min(limit, entries.count) - 1, through: 0, by: -1) {
      let entry = entries[index]
      if (ignoresCase ? entry.lowercased() : entry).contains(pattern) { return (index, entry) }
    }
    return nil
  }
}

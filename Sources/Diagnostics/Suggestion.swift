// Did you mean …? The known word nearest to one that was mistyped.

package enum Suggestion {
  /// The known word nearest to a mistyped one, nil where none is near enough: at most a third of
  /// its letters wrong, case not counted.
  ///
  /// Of several, the first in the alphabet.  Words of one letter have no neighbours, names that
  /// begin with `_` are never offered.
  package static func nearest(to word: String, in known: some Sequence<String>) -> String? {
    let letters = Array(word.lowercased())
    guard letters.count > 1 else { return nil }
    var limit = max(1, letters.count / 3)
    var best: String?
    for candidate in known where candidate != word && !candidate.hasPrefix("_") {
      guard abs(candidate.count - letters.count) <= limit else { continue }
      let distance = distance(letters, Array(candidate.lowercased()))
      guard distance <= limit else { continue }
      if let found = best, distance == limit, found < candidate { continue }
      (best, limit) = (candidate, distance)
    }
    return best
  }

  /// Damerau and Levenshtein's distance, of neighbouring letters swapped at most once: how many
  /// insertions, deletions, replacements and swaps lead from one word to the other; O(a · b).
  package static func distance(_ a: [Character], _ b: [Character]) -> Int {
    guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
    var rows = [Array(0...b.count)]
    for i in 1...a.count {
      var row = [i] + [Int](repeating: 0, count: b.count)
      for j in 1...b.count {
        let cost = a[i - 1] == b[j - 1] ? 0 : 1
        row[j] = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + cost)
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
          row[j] = min(row[j], rows[i - 2][j - 2] + 1)
        }
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}

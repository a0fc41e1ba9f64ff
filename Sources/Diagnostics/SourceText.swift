/// A piece of source text with its name: a file, an entry at the prompt, the `-e` string.
///
/// Offsets are UTF-8 byte offsets. Lines and columns count from 1; a column counts what a
/// reader sees as characters.
package final class SourceText: Sendable {
  /// What messages call it: `mlp.nns`, `entry 3`, `-e`.
  package let name: String
  /// The text as UTF-8; always valid UTF-8 (readers reject other bytes before they get here).
  package let utf8: [UInt8]
  /// Offsets at which each line begins; never empty.
  package let lineStarts: [Int]

  package init(name: String, text: String) {
    self.name = name
    self.utf8 = Array(text.utf8)
    var starts = [0]
    for (offset, byte) in utf8.enumerated() where byte == UInt8(ascii: "\n") {
      starts.append(offset + 1)
    }
    self.lineStarts = starts
  }

  package var text: String { String(decoding: utf8, as: UTF8.self) }

  /// The text between two offsets, clamped to the source.
  package func slice(_ range: TextRange) -> String {
    let lower = min(max(0, Int(range.lower)), utf8.count)
    let upper = min(max(lower, Int(range.upper)), utf8.count)
    return String(decoding: utf8[lower..<upper], as: UTF8.self)
  }

  /// The 1-based line that holds an offset (binary search, O(log lines)).
  package func line(at offset: Int) -> Int {
    var low = 0
    var high = lineStarts.count
    while low + 1 < high {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    return low + 1
  }

  /// The 1-based column of an offset, in characters.
  package func column(at offset: Int) -> Int {
    let start = lineStarts[line(at: offset) - 1]
    let end = min(max(offset, start), utf8.count)
    let before = utf8[start..<end]
    if before.allSatisfy({ $0 < 0x80 && $0 != UInt8(ascii: "\r") }) { return before.count + 1 }
    return String(decoding: before, as: UTF8.self).count + 1
  }

  /// The offsets of a 1-based line without its line end; empty for lines that don't exist.
  package func lineRange(_ line: Int) -> Range<Int> {
    guard line >= 1, line <= lineStarts.count else { return 0..<0 }
    let start = lineStarts[line - 1]
    var end = line < lineStarts.count ? lineStarts[line] : utf8.count
    while end > start, utf8[end - 1] == UInt8(ascii: "\n") || utf8[end - 1] == UInt8(ascii: "\r") {
      end -= 1
    }
    return start..<end
  }

  /// The text of a 1-based line without its line end.
  package func lineText(_ line: Int) -> String {
    String(decoding: utf8[lineRange(line)], as: UTF8.self)
  }
}

/// A half-open range of UTF-8 offsets in one source text.
package struct TextRange: Hashable, Sendable {
  package var lower: Int32
  package var upper: Int32

  package init(_ lower: Int, _ upper: Int) {
    self.lower = Int32(clamping: lower)
    self.upper = Int32(clamping: upper)
  }

  /// From the beginning of this range to the end of another.
  package func joined(_ other: TextRange) -> TextRange {
    TextRange(Int(min(lower, other.lower)), Int(max(upper, other.upper)))
  }
}

/// A range in a particular source text.
package struct SourceSpan: Sendable {
  package let source: SourceText
  package let range: TextRange

  package init(_ source: SourceText, _ range: TextRange) {
    self.source = source
    self.range = range
  }

  package var line: Int { source.line(at: Int(range.lower)) }
  package var column: Int { source.column(at: Int(range.lower)) }
  /// `mlp.nns:14:9`.
  package var place: String { "\(source.name):\(line):\(column)" }
  package var text: String { source.slice(range) }
}

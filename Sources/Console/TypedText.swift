// What colours tell about a text that is being typed: names that mean nothing, brackets that belong
// together.

import Diagnostics
import Syntax

enum UnknownNames {
  /// Names that nothing has: not known, not defined in the entry itself, no field, no label of an
  /// argument. The word that is being typed may become something yet.
  static func ranges(_ source: SourceText, cursor: Int, _ isKnown: (String) -> Bool)
    -> Set<TextRange>
  {
    let tokens = Highlighter.tokens(source)
    let texts = tokens.map { source.slice($0.0) }
    // What the entry itself may define: names before = and in parameter lists, loops and lambdas.
    guard !texts.contains(where: { ["->", "fn", "for", "model", "forward"].contains($0) }) else {
      return []
    }
    let defined = Set(Prompt.definedNames(source))
    var result: Set<TextRange> = []
    for (place, (range, kind)) in tokens.enumerated() where kind == .name {
      let before = place > 0 ? texts[place - 1] : ""
      let after = place + 1 < texts.count ? texts[place + 1] : ""
      guard before != ".", after != ":", before != "let", before != "param",
        Int(range.upper) != cursor,
        texts[place] != "_", !defined.contains(texts[place]), !isKnown(texts[place])
      else { continue }
      result.insert(range)
    }
    return result
  }
}

enum Brackets {
  private static let closing: [Unicode.Scalar: Unicode.Scalar] = ["(": ")", "[": "]", "{": "}"]

  /// The bracket at the cursor, or before it, and the one that belongs to it.
  static func pair(_ entry: EntryText) -> [Int] {
    let scalars = entry.scalars
    for place in [entry.cursor - 1, entry.cursor] where scalars.indices.contains(place) {
      let open = closing[scalars[place]] != nil
      guard open || closing.values.contains(scalars[place]) else { continue }
      return partner(of: place, open, scalars).map { [place, $0] } ?? []
    }
    return []
  }

  private static func partner(of place: Int, _ isOpen: Bool, _ scalars: [Unicode.Scalar]) -> Int? {
    var depth = 0
    var index = place
    let close = Set(closing.values)
    while scalars.indices.contains(index) {
      if closing[scalars[index]] != nil { depth += 1 }
      if close.contains(scalars[index]) { depth -= 1 }
      if depth == 0 {
        let pair = isOpen ? (scalars[place], scalars[index]) : (scalars[index], scalars[place])
        return closing[pair.0] == pair.1 ? index : nil
      }
      index += isOpen ? 1 : -1
    }
    return nil
  }
}

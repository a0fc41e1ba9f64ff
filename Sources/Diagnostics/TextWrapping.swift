// Lines broken between words, so that they fit a terminal.

extension StyledText {
  /// Each line broken at spaces where it is wider than the columns; what goes on stands `hanging`
  /// columns in, or under the line's own beginning. A word that is wider than that stays whole; nil
  /// columns change nothing.
  package func wrapped(_ columns: Int?, hanging: Int? = nil) -> StyledText {
    guard let columns, width > columns else { return self }
    var result = StyledText()
    for (index, line) in lines.enumerated() {
      if index > 0 { result.append("\n") }
      StyledText.wrap(line, columns, hanging, &result)
    }
    return result
  }

  private typealias Styled = (character: Character, style: Style)

  private var lines: [[Styled]] {
    var result: [[Styled]] = [[]]
    for (text, style) in runs {
      for character in text {
        if character == "\n" {
          result.append([])
        } else {
          result[result.count - 1].append((character, style))
        }
      }
    }
    return result
  }

  /// Up to the next space; `lr = 0.1` is one word.
  private static func word(_ rest: ArraySlice<Styled>) -> ArraySlice<Styled> {
    var end = rest.startIndex
    while end < rest.endIndex {
      if rest[end].character == " " {
        let isBefore = end + 1 < rest.endIndex && rest[end + 1].character == "="
        let isAfter = end > rest.startIndex && rest[end - 1].character == "="
        if !isBefore, !isAfter { break }
      }
      end += 1
    }
    return rest[..<end]
  }

  private static func wrap(
    _ line: [Styled], _ columns: Int, _ hanging: Int?, _ result: inout StyledText
  ) {
    let own = line.prefix { $0.character == " " }.count
    let indent = min(hanging ?? own, columns / 2)
    var used = 0
    var isStart = true
    var rest = line[...]
    while !rest.isEmpty {
      let space = rest.prefix { $0.character == " " }
      let word = word(rest.dropFirst(space.count))
      let size = word.reduce(0) { $0 + TextWidth.columns(of: $1.character) }
      if !isStart, used + space.count + size > columns {
        guard !word.isEmpty else { break }
        result.append("\n" + String(repeating: " ", count: indent))
        used = indent
      } else {
        result.append(String(space.map(\.character)), space.first?.style ?? .plain)
        used += space.count
      }
      for part in word { result.append(String(part.character), part.style) }
      used += size
      isStart = false
      rest = rest.dropFirst(space.count + word.count)
    }
  }
}

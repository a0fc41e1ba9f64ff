// What each part of a source is, for colours: at the prompt as one types, in listings.

import Diagnostics

/// What a piece of source is to the eye.
package enum HighlightClass: Sendable, CaseIterable {
  case keyword, number, string, comment, name, `operator`, error

  /// The style that shows it.
  package var style: StyledText.Style {
    switch self {
    case .keyword: .keyword
    case .number: .number
    case .string: .string
    case .comment: .dim
    case .name, .operator: .plain
    case .error: .error
    }
  }
}

package enum Highlighter {
  /// The pieces of a source in its order, white space between them left out; linear time, also for
  /// text that doesn't parse.
  package static func tokens(_ source: SourceText) -> [(TextRange, HighlightClass)] {
    var lexer = Lexer(source)
    lexer.run()
    var result: [(TextRange, HighlightClass)] = []
    result.reserveCapacity(lexer.tokens.count)
    var comments = lexer.comments[...]
    for (index, token) in lexer.tokens.enumerated() {
      while let comment = comments.first, comment.range.lower < token.range.lower {
        result.append((comment.range, .comment))
        comments = comments.dropFirst()
      }
      if let kind = kind(token, index, lexer.tokens, source) { result.append((token.range, kind)) }
    }
    return result + comments.map { ($0.range, .comment) }
  }

  /// The source in colours.
  package static func highlighted(_ source: SourceText) -> StyledText {
    var text = StyledText()
    var end = 0
    for (range, kind) in tokens(source) {
      text.append(source.slice(TextRange(end, Int(range.lower))))
      text.append(source.slice(range), kind.style)
      end = Int(range.upper)
    }
    text.append(source.slice(TextRange(end, source.utf8.count)))
    return text
  }

  private static func kind(
    _ token: Token, _ index: Int, _ tokens: [Token], _ source: SourceText
  ) -> HighlightClass? {
    switch token.kind {
    case .newline, .end: nil
    case .number: .number
    case .stringStart, .stringText, .stringEnd, .formatSpec: .string
    // A string that is being typed isn't closed yet.
    case .error where source.utf8[token.lower] == UInt8(ascii: "\""): .string
    case .error, .foreign: .error
    case .name: isContextualKeyword(index, tokens, source) ? .keyword : .name
    default: token.kind.isKeyword ? .keyword : .operator
    }
  }

  /// Whether a name is one of the words that belong to the grammar where a statement begins.
  private static func isContextualKeyword(
    _ index: Int, _ tokens: [Token], _ source: SourceText
  ) -> Bool {
    guard tokens[index].upper - tokens[index].lower <= 7 else { return false }
    if index > 0 {
      switch tokens[index - 1].kind {
      case .newline, .semicolon, .leftBrace: break
      default: return false
      }
    }
    switch source.slice(tokens[index].range) {
    case "model", "layer", "param": return tokens[index + 1].kind.isWord
    case "test": return tokens[index + 1].kind == .stringStart
    case "forward": return tokens[index + 1].kind == .leftParenthesis
    default: return false
    }
  }
}

// One canonical layout: 2 spaces, 100 columns. Statements stay on the lines that the author gave
// them, single blank lines and comments stay, numbers and strings stay as they are spelled, and
// brackets that the author broke over lines stay broken where they were. Formatting twice changes
// nothing, and what a program means never changes.

import Diagnostics

package enum Formatter {
  /// The canonical text of a program without errors; ends with a line end unless it is empty.
  package static func format(_ program: Program) -> String {
    let builder = LayoutBuilder(program)
    let text = LayoutPrinter.print(builder.program())
    return text.isEmpty ? "" : text + "\n"
  }
}

/// Builds the layout of a tree in the order of the source, putting each comment back where the
/// text around it stands.
final class LayoutBuilder {
  let tree: Program
  let source: SourceText
  private var nextComment = 0
  /// Comments at places where none can be put back.
  private var leftovers: [Comment] = []

  init(_ program: Program) {
    tree = program
    source = program.source
  }

  func program() -> Layout {
    lines(tree.statements.map(piece), from: nil, to: source.utf8.count)
  }

  /// A statement, or a model's `forward`, with its place.
  struct Piece {
    var range: TextRange
    var build: () -> Layout
  }

  func piece(_ statement: Statement) -> Piece {
    Piece(range: statement.range) { [self] in layout(statement) }
  }
}

// MARK: - Lines and comments

extension LayoutBuilder {
  func line(_ offset: Int) -> Int { source.line(at: offset) }

  /// The comments between two offsets.
  ///
  /// What stands before them and has found no place goes below the statement.
  func comments(from lower: Int, to upper: Int) -> [Comment] {
    setAside(before: lower)
    var result: [Comment] = []
    while nextComment < tree.comments.count, start(nextComment) < upper {
      result.append(tree.comments[nextComment])
      nextComment += 1
    }
    return result
  }

  func hasComments(from lower: Int, to upper: Int) -> Bool {
    setAside(before: lower)
    return nextComment < tree.comments.count && start(nextComment) < upper
  }

  private func setAside(before offset: Int) {
    while nextComment < tree.comments.count, start(nextComment) < offset {
      leftovers.append(tree.comments[nextComment])
      nextComment += 1
    }
  }

  private func start(_ comment: Int) -> Int { Int(tree.comments[comment].range.lower) }

  func text(_ comment: Comment) -> String {
    var bytes = source.utf8[Int(comment.range.lower)..<Int(comment.range.upper)]
    while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Whether the source has a line end between two offsets.
  func isBroken(_ lower: Int, _ upper: Int) -> Bool {
    guard lower < upper else { return false }
    return source.utf8[lower..<upper].contains(UInt8(ascii: "\n"))
  }

  /// Statements and the comments around them, one a line but for those that `;` joins; from after
  /// an opening brace (nil: the beginning of the text) to the closing one.
  func lines(_ pieces: [Piece], from opening: Int?, to end: Int) -> Layout {
    var result: [Layout] = []
    var lastLine = opening.map(line)
    var isFirst = true
    var position = opening ?? 0
    var mustPart = false
    func separate(_ offset: Int) {
      if let last = lastLine {
        let isBlank = mustPart || (line(offset) > last + 1 && !isFirst)
        result.append(isBlank ? .blankLine : .newline)
      }
      lastLine = line(offset)
      isFirst = false
      mustPart = false
    }
    func put(_ comments: [Comment]) {
      for comment in comments {
        let offset = Int(comment.range.lower)
        if lastLine == line(offset), opening != nil || !isFirst {
          result.append(.comment("  " + text(comment)))
        } else {
          separate(offset)
          result.append(.comment(text(comment)))
        }
      }
    }
    for (index, piece) in pieces.enumerated() {
      put(comments(from: position, to: Int(piece.range.lower)))
      let start = Int(piece.range.lower)
      let followsSemicolon = !isFirst && lastLine == line(start) && !result.endsWithComment
      if followsSemicolon {
        result.append(.group(.line("; "), isBroken: false))
      } else {
        separate(start)
      }
      result.append(piece.build())
      lastLine = line(max(start, Int(piece.range.upper) - 1))
      position = Int(piece.range.upper)
      // A comment at the end of its line stays there.
      let lineEnd = source.lineRange(line(max(start, position - 1))).upperBound
      let next = index + 1 < pieces.count ? Int(pieces[index + 1].range.lower) : end
      if next >= lineEnd { put(comments(from: position, to: min(lineEnd, end))) }
      mustPart = putLeftovers(of: piece, into: &result)
    }
    put(comments(from: position, to: end))
    return .sequence(result)
  }

  /// Comments that found no place go below their statement.
  private func putLeftovers(of piece: Piece, into result: inout [Layout]) -> Bool {
    setAside(before: Int(piece.range.upper))
    for comment in leftovers {
      result.append(.newline)
      result.append(.comment(text(comment)))
    }
    // Documentation must not slip to the next statement.
    let mustPart = leftovers.last?.isDocumentation ?? false
    leftovers = []
    return mustPart
  }

  /// What goes between two parts: the comments that stand there, or a break if the author made
  /// one, or `otherwise`.
  func gap(_ lower: Int, _ upper: Int, otherwise: Layout) -> Layout {
    guard hasComments(from: lower, to: upper) else {
      return isBroken(lower, upper) ? .newline : otherwise
    }
    var result: [Layout] = []
    var last = line(max(0, lower - 1))
    for comment in comments(from: lower, to: upper) {
      let isTrailing = line(Int(comment.range.lower)) == last && result.isEmpty
      result.append(isTrailing ? .text("  ") : .newline)
      result.append(.comment(text(comment)))
      last = line(Int(comment.range.lower))
    }
    result.append(.newline)
    return .sequence(result)
  }
}

extension [Layout] {
  /// Whether nothing may follow on the line.
  fileprivate var endsWithComment: Bool {
    if case .comment = last { return true }
    return false
  }
}

// MARK: - Blocks

extension LayoutBuilder {
  /// Whether the author wrote a block over several lines.
  func isBroken(_ block: TextRange) -> Bool { isBroken(Int(block.lower), Int(block.upper)) }

  /// `{ a }` on one line, or one statement a line, as the author had it.
  func block(_ block: Block, isBroken: Bool) -> Layout {
    braces(block.statements.map(piece), block.range, isBroken: isBroken)
  }

  func braces(_ pieces: [Piece], _ range: TextRange, isBroken: Bool) -> Layout {
    let end = Int(range.upper) - 1
    let start = Int(range.lower)
    if pieces.isEmpty, !hasComments(from: start, to: end) { return .text("{}") }
    guard isBroken else {
      let parts = pieces.enumerated().map { index, piece -> Layout in
        index == 0 ? piece.build() : .sequence([.line("; "), piece.build()])
      }
      return .sequence([
        .text("{"), .indent(.sequence([.line(" ")] + parts)), .line(" "), .text("}"),
      ])
    }
    let content = lines(pieces, from: start, to: end)
    return .sequence([.text("{"), .indent(content), .newline, .text("}")])
  }
}

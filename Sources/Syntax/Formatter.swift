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

  /// The comments before an offset that have not been put back yet.
  func comments(before offset: Int) -> [Comment] {
    var result: [Comment] = []
    while nextComment < tree.comments.count,
      Int(tree.comments[nextComment].range.lower) < offset
    {
      result.append(tree.comments[nextComment])
      nextComment += 1
    }
    return result
  }

  func hasComments(before offset: Int) -> Bool {
    nextComment < tree.comments.count && Int(tree.comments[nextComment].range.lower) < offset
  }

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
    func separate(_ offset: Int) {
      if let last = lastLine {
        let isBlank = line(offset) > last + 1 && !isFirst
        result.append(isBlank ? .blankLine : .newline)
      }
      lastLine = line(offset)
      isFirst = false
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
    for piece in pieces {
      put(comments(before: Int(piece.range.lower)))
      let start = Int(piece.range.lower)
      let followsSemicolon = !isFirst && lastLine == line(start)
      if followsSemicolon {
        result.append(.group(.line("; "), isBroken: false))
      } else {
        separate(start)
      }
      result.append(piece.build())
      lastLine = line(max(start, Int(piece.range.upper) - 1))
      putLeftovers(of: piece, into: &result)
    }
    put(comments(before: end))
    return .sequence(result)
  }

  /// Comments at places where none can be put back go below their statement.
  private func putLeftovers(of piece: Piece, into result: inout [Layout]) {
    let leftovers = comments(before: Int(piece.range.upper))
    for comment in leftovers {
      result.append(.newline)
      result.append(.comment(text(comment)))
    }
    // Documentation must not slip to the next statement.
    if leftovers.last?.isDocumentation ?? false { result.append(.newline) }
  }

  /// What goes between two parts: the comments that stand there, or a break if the author made
  /// one, or `otherwise`.
  func gap(_ lower: Int, _ upper: Int, otherwise: Layout) -> Layout {
    guard hasComments(before: upper) else {
      return isBroken(lower, upper) ? .newline : otherwise
    }
    var result: [Layout] = []
    var last = line(max(0, lower - 1))
    for comment in comments(before: upper) {
      let isTrailing = line(Int(comment.range.lower)) == last && result.isEmpty
      result.append(isTrailing ? .text("  ") : .newline)
      result.append(.comment(text(comment)))
      last = line(Int(comment.range.lower))
    }
    result.append(.newline)
    return .sequence(result)
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
    if pieces.isEmpty, !hasComments(before: end) { return .text("{}") }
    let start = Int(range.lower)
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

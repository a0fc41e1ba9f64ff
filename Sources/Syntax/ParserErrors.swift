// How the parser reports what is wrong, and where it goes on after that.

import Diagnostics

extension Parser {
  /// Records an error and goes on.
  mutating func report(
    _ message: String, at range: TextRange? = nil, labels: [(TextRange, String)] = [],
    help: String? = nil
  ) {
    let range = range ?? token.range
    // Two errors at one place: the second is a consequence.
    if let last = diagnostics.last?.span?.range, last.lower == range.lower { return }
    guard !hasGivenUp, diagnostics.count < 2 * Lexer.maximumDiagnostics else { return }
    diagnostics.append(
      Diagnostic(
        .syntax, message, at: SourceSpan(source, range),
        labels: labels.map { Diagnostic.Label(SourceSpan(source, $0.0), $0.1) }, help: help))
  }

  /// Records an error; to be thrown.
  ///
  /// An error token has been reported by the lexer.
  mutating func fail(
    _ message: String, at range: TextRange? = nil, labels: [(TextRange, String)] = [],
    help: String? = nil
  ) -> Abandon {
    if range == nil, token.kind == .error { return Abandon() }
    if range == nil, token.kind == .end, diagnostics.isEmpty,
      ignoresNewlines || previous?.kind.continuesLine ?? false
    {
      endedEarly = true
    }
    report(message, at: range, labels: labels, help: help)
    return Abandon()
  }

  /// The error for something that more text could complete, if the text ends here.
  mutating func failAtEnd(_ message: String, at range: TextRange) -> Abandon {
    if token.kind == .end, diagnostics.isEmpty { endedEarly = true }
    report(message, at: range)
    return Abandon()
  }

  /// The error for a token that can't follow what stands before it: a habit from another language
  /// where it is one.
  mutating func unexpected(_ expectation: String, left: Expr? = nil) -> Abandon {
    if let previous, let habit = wordHabit(previous) {
      return fail(
        habit.message, at: previous.range, help: habit.help(left: "", right: excerpt(token.range)))
    }
    let spelling = text(token)
    if token.kind == .foreign || token.kind == .if || token.kind == .name,
      let habit = ForeignHabits.after(spelling)
    {
      return fail(
        habit.message, at: token.range,
        help: habit.help(
          left: left.map { excerpt($0.range) } ?? "x", right: excerpt(next.range)))
    }
    if token.kind == .equal {
      return fail("'=' gives a name a value; it does not compare", help: "write == to compare")
    }
    if token.kind.isClosing, token.partner < 0 {
      return fail("this '\(spelling)' closes nothing")
    }
    return fail("\(expectation), found \(describe(token))")
  }

  /// `def f`, `var x`: a word of another language with something after it.
  private func wordHabit(_ word: Token) -> ForeignHabit? {
    guard word.kind == .name, token.kind != .newline, token.kind != .end else { return nil }
    switch token.kind {
    case .name, .number, .stringStart, .leftBrace, .minus, .true, .false, .none, .foreign, .not:
      return ForeignHabits.word(text(word))
    default: return nil
    }
  }
}

// MARK: - Recovery

extension Parser {
  /// What a statement may have changed when it is abandoned.
  struct Checkpoint {
    var index: Int
    var ignoresNewlines: Bool
    var depth: Int
    var groups: Int
    var context: Context
  }

  var checkpoint: Checkpoint {
    Checkpoint(
      index: index, ignoresNewlines: ignoresNewlines, depth: depth, groups: groups.count,
      context: context)
  }

  /// Goes on after an abandoned statement: past the brackets that it opened and the parser didn't
  /// finish, to the end of the line.
  ///
  /// A `}` that closes the block around is left alone.
  mutating func recover(to point: Checkpoint) {
    if diagnostics.count >= Lexer.maximumDiagnostics { return giveUp() }
    if let outermost = groups.dropFirst(point.groups).first(where: { tokens[$0].partner > index }) {
      move(to: Int(tokens[outermost].partner) + 1)
    } else if startsStatementOnNewLine(after: point.index) {
      return restore(point)
    }
    restore(point)
    if index == point.index, !token.kind.isClosing || token.partner < 0 { skipOne() }
    scan: while token.kind != .end {
      switch token.kind {
      case .newline, .semicolon: break scan
      case .rightBrace where !groups.isEmpty || !context.isTopLevel:
        if token.partner < Int32(point.index) { break scan }
        move(to: index + 1)
      default: skipOne()
      }
    }
    skipIndentedBody(of: point.index)
  }

  /// Leaves the rest of the text unread: whatever it holds would be a consequence.
  mutating func giveUp() {
    hasGivenUp = true
    move(to: tokens.count - 1)
  }

  private mutating func restore(_ point: Checkpoint) {
    ignoresNewlines = point.ignoresNewlines
    depth = point.depth
    groups.removeSubrange(min(point.groups, groups.count)...)
    context = point.context
  }

  /// Over one token, or over a whole bracket.
  private mutating func skipOne() {
    if token.kind.isOpening, token.partner > Int32(index) { move(to: Int(token.partner)) }
    previous = token
    move(to: index + 1)
  }

  /// Whether we stand at the beginning of a line that looks like a statement of its own: the
  /// bracket or operator before it was left unfinished.
  private func startsStatementOnNewLine(after start: Int) -> Bool {
    guard index > start, tokens[index - 1].kind == .newline else { return false }
    switch token.kind {
    case .name, .let, .fn, .for, .while, .if, .return, .break, .continue, .import, .assert:
      return true
    default: return false
    }
  }

  /// A header that ends with a colon, as in Python: its indented lines belong to the error.
  private mutating func skipIndentedBody(of start: Int) {
    guard token.kind == .newline, index > start, tokens[index - 1].kind == .colon else { return }
    let indentation = indentation(at: tokens[start].lower)
    while token.kind == .newline {
      var ahead = index
      while tokens[ahead].kind == .newline { ahead += 1 }
      guard tokens[ahead].kind != .end, self.indentation(at: tokens[ahead].lower) > indentation
      else { return }
      move(to: ahead)
      while token.kind != .newline, token.kind != .end { skipOne() }
    }
  }

  /// How far the line of an offset is indented.
  func indentation(at offset: Int) -> Int {
    let start = source.lineStarts[source.line(at: offset) - 1]
    var end = start
    while end < source.utf8.count, source.utf8[end] == 0x20 || source.utf8[end] == 0x09 { end += 1 }
    return end - start
  }

  /// Whether nothing, or only `;`, stands before an offset on its line.
  func beginsLine(_ offset: Int) -> Bool {
    let start = source.lineStarts[source.line(at: offset) - 1]
    return source.utf8[start..<offset].allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x3B }
  }

  /// Of a block that was never closed, the brace to blame: where a `}` stands further left than
  /// the line that its partner is on, that partner was the one left open.
  func culprit(of opening: Token, at index: Int) -> TextRange {
    var ahead = index + 1
    while ahead < tokens.count, tokens[ahead].kind != .end {
      let inner = tokens[ahead]
      if inner.kind == .leftBrace, inner.partner > Int32(ahead) {
        let closing = tokens[Int(inner.partner)]
        if source.line(at: closing.lower) != source.line(at: inner.lower),
          indentation(at: closing.lower) < indentation(at: inner.lower)
        {
          return inner.range
        }
      }
      ahead += 1
    }
    return opening.range
  }
}

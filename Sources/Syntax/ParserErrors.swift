// How the parser reports what is wrong, and where it goes on after that.

import Diagnostics

extension Parser {
  /// Records an error and goes on.
  mutating func report(
    _ message: String, at range: TextRange? = nil, labels: [(TextRange, String)] = [],
    help: String? = nil
  ) {
    let range = range ?? place
    // Two errors at one place: the second is a consequence.
    if let last = diagnostics.last?.span?.range, last.lower == range.lower { return }
    guard !hasGivenUp, diagnostics.count < 2 * Lexer.maximumDiagnostics else { return }
    diagnostics.append(
      Diagnostic(
        .syntax, message, at: SourceSpan(source, range),
        labels: labels.map { Diagnostic.Label(SourceSpan(source, $0.0), $0.1) }, help: help))
  }

  /// Where the present token is; of a line end, where the text before it ends.
  private var place: TextRange {
    guard token.kind == .newline || token.kind == .end, let previous else { return token.range }
    return TextRange(previous.upper, previous.upper + 1)
  }

  /// A piece of the source for a suggestion, spellings of other languages put right.
  func corrected(_ range: TextRange) -> String {
    var low = 0
    var high = tokens.count
    while low < high {
      let middle = (low + high) / 2
      if tokens[middle].range.lower < range.lower { low = middle + 1 } else { high = middle }
    }
    var result = ""
    var end = Int(range.lower)
    for token in tokens[low...] where result.count < 80 {
      guard token.range.upper <= range.upper, token.kind != .end else { break }
      result += source.slice(TextRange(end, token.lower))
      let spelling = text(token)
      let isForeign = token.kind == .foreign || token.kind == .name
      result += isForeign ? ForeignHabits.correction(spelling) ?? spelling : spelling
      end = token.upper
    }
    result += source.slice(TextRange(end, min(Int(range.upper), end + 80)))
    return result.count > 60 || result.contains("\n") ? "…" : result
  }

  /// The source of a token, or of the string that begins with it.
  private func operandText(_ token: Token) -> String {
    guard token.kind == .stringStart else { return corrected(token.range) }
    var open = 0
    for inner in tokens[index...] where inner.lower >= token.lower {
      if inner.kind == .stringStart { open += 1 }
      if inner.kind == .stringEnd { open -= 1 }
      if open == 0 { return corrected(token.range.joined(inner.range)) }
    }
    return "…"
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
    if let previous, previous.kind == .name, token.kind == .stringStart, !token.spaceBefore,
      let habit = ForeignHabits.stringPrefix(text(previous))
    {
      return fail(
        habit.message, at: previous.range, help: habit.help(left: "", right: operandText(token)))
    }
    if let previous, let habit = wordHabit(previous, before: token) {
      return fail(
        habit.message, at: previous.range, help: habit.help(left: "", right: operandText(token)))
    }
    if let habit = wordHabit(token, before: next) {
      return fail(habit.message, help: habit.help(left: "", right: operandText(next)))
    }
    let spelling = text(token)
    if token.kind == .foreign || token.kind == .if || token.kind == .name,
      let habit = ForeignHabits.after(spelling)
    {
      return fail(
        habit.message, at: token.range,
        help: habit.help(
          left: left.map { corrected($0.range) } ?? "x", right: corrected(next.range)))
    }
    if let left, let comment = comment(after: left) { return comment }
    if token.kind == .equal {
      return fail("'=' gives a name a value; it does not compare", help: "write == to compare")
    }
    if token.kind.isClosing, token.partner < 0 {
      return fail("this '\(spelling)' closes nothing")
    }
    return fail("\(expectation), found \(describe(token))")
  }

  /// `1 // one of them`: a comment of another language was read as a quotient.
  private mutating func comment(after left: Expr) -> Abandon? {
    guard case .binary(.floorDivide, let symbol, _, _) = left.kind, token.kind == .name,
      previous?.kind == .name, token.spaceBefore
    else { return nil }
    return fail("comments begin with #", at: symbol, help: "write # before the comment")
  }

  /// `def f`, `var x`: a word of another language with something after it.
  private func wordHabit(_ word: Token, before following: Token) -> ForeignHabit? {
    guard word.kind == .name else { return nil }
    switch following.kind {
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

  /// The error for a block that the text ends in.
  mutating func unclosed(_ brace: Token, at index: Int) -> Abandon {
    hasGivenUp
      ? Abandon() : failAtEnd("this '{' is not closed", at: culprit(of: brace, at: index))
  }

  /// Of a block that was never closed, the brace to blame: where a `}` stands further left than
  /// the line that its partner is on, that partner was the one left open.
  private func culprit(of opening: Token, at index: Int) -> TextRange {
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

// Tokens become the tree: recursive descent for statements, precedence climbing for operators.
// Above each function stands the production of `Grammar/nns.ebnf` that it reads. After an error
// the parser goes on at the next statement, so that one run reports several.

import Diagnostics

package struct Parser {
  /// Brackets, blocks and prefixes inside each other: nobody reads more, and every level costs a
  /// few frames of the stack.
  package static let maximumNesting = 256

  let source: SourceText
  let tokens: [Token]
  let comments: [Comment]
  var diagnostics: [Diagnostic]
  var index = 0
  /// The present token.
  var token: Token
  /// The token before it; line ends don't count.
  var previous: Token?
  /// Inside `( ) [ ]` and records line ends are white space; inside blocks they count again.
  var ignoresNewlines = false
  var depth = 0
  /// Indices of the brackets that are open here.
  var groups: [Int] = []
  var context = Context()
  /// Whether the first error was that the text ended too early.
  var endedEarly = false
  /// Set when the rest of the text isn't worth reading.
  var hasGivenUp = false
  let isEntry: Bool

  /// What may stand where we are.
  struct Context {
    var isTopLevel = true
    var isInFunction = false
    var isInLoop = false
    var isModelBody = false
  }

  /// Thrown to unwind to the statement after its error was recorded.
  struct Abandon: Error {}

  init(_ source: SourceText, isEntry: Bool) {
    self.source = source
    self.isEntry = isEntry
    var lexer = Lexer(source)
    lexer.run()
    tokens = lexer.tokens
    comments = lexer.comments
    diagnostics = lexer.diagnostics
    token = lexer.tokens[0]
  }
}

// MARK: - Entry points

extension Parser {
  /// The tree of a source and what is wrong with it, in the order of the text; a statement with an
  /// error is `.invalid` in the tree.
  package static func parse(_ source: SourceText) -> (program: Program, diagnostics: [Diagnostic]) {
    parse(source, isEntry: false)
  }

  /// As `parse`, for the prompt: a leading `|>` or `>>` continues from `ans`.
  package static func parseEntry(_ source: SourceText) -> (
    program: Program, diagnostics: [Diagnostic]
  ) {
    parse(source, isEntry: true)
  }

  /// Whether more input could complete this entry: a bracket or block is open, or the last line
  /// ends with an operator, and nothing is wrong before that.
  package static func isIncomplete(_ text: String) -> Bool {
    var parser = Parser(SourceText(name: "entry", text: text), isEntry: true)
    let isClean = parser.diagnostics.isEmpty
    _ = parser.statements(until: nil)
    return isClean && parser.endedEarly
  }

  private static func parse(_ source: SourceText, isEntry: Bool) -> (Program, [Diagnostic]) {
    var parser = Parser(source, isEntry: isEntry)
    let statements = parser.statements(until: nil)
    let program = Program(source: source, statements: statements, comments: parser.comments)
    let diagnostics = parser.diagnostics.sorted {
      ($0.span?.range.lower ?? 0) < ($1.span?.range.lower ?? 0)
    }
    return (program, Array(diagnostics.prefix(Lexer.maximumDiagnostics)))
  }
}

// MARK: - Tokens

extension Parser {
  /// The token after the present one, over line ends where they don't count.
  var next: Token { tokens[significant(after: index)] }

  /// The index of the next token that counts.
  func significant(after index: Int) -> Int {
    var result = min(index + 1, tokens.count - 1)
    if ignoresNewlines {
      while tokens[result].kind == .newline { result += 1 }
    }
    return result
  }

  /// Moves to a token.
  mutating func move(to index: Int) {
    self.index = min(index, tokens.count - 1)
    token = tokens[self.index]
  }

  /// Steps over the present token and gives it.
  @discardableResult
  mutating func advance() -> Token {
    let current = token
    previous = current
    move(to: significant(after: index))
    return current
  }

  mutating func skipNewlines() {
    while token.kind == .newline { move(to: index + 1) }
  }

  /// Steps over the present token if it is of a kind.
  mutating func take(_ kind: TokenKind) -> Bool {
    guard token.kind == kind else { return false }
    advance()
    return true
  }

  func text(_ token: Token) -> String { source.slice(token.range) }

  func spells(_ token: Token, _ word: StaticString) -> Bool {
    guard token.kind == .name, token.upper - token.lower == word.utf8CodeUnitCount else {
      return false
    }
    return text(token) == word.description
  }

  mutating func expect(_ kind: TokenKind, _ purpose: String, help: String? = nil) throws(Abandon)
    -> Token
  {
    guard token.kind == kind else {
      throw fail(
        "expected '\(kind.spelling ?? "")' \(purpose), found \(describe(token))", help: help)
    }
    return advance()
  }

  mutating func identifier(_ what: String) throws(Abandon) -> Identifier {
    if token.kind.isKeyword {
      throw fail("'\(text(token))' is a word of the language and cannot be \(what)")
    }
    guard token.kind == .name else { throw fail("expected \(what), found \(describe(token))") }
    let token = advance()
    return Identifier(text(token), token.range)
  }

  func describe(_ token: Token) -> String {
    switch token.kind {
    case .end: "the end"
    case .newline: "the end of the line"
    case .stringStart, .stringText: "a string"
    case .interpolationEnd, .formatSpec: "the end of the braces"
    default: "'\(excerpt(token.range))'"
    }
  }

  /// A piece of the source for a message: short and on one line.
  func excerpt(_ range: TextRange, limit: Int = 40) -> String {
    let text = source.slice(
      TextRange(Int(range.lower), min(Int(range.upper), Int(range.lower) + 400)))
    guard text.count <= limit, !text.contains("\n") else { return "…" }
    return text
  }
}

// MARK: - Brackets

extension Parser {
  /// An open bracket, and how line ends counted before it.
  struct Group {
    var token: Token
    var ignoredNewlines: Bool
  }

  /// Steps over an opening bracket; line ends count no more.
  mutating func openGroup() -> Group {
    let group = Group(token: token, ignoredNewlines: ignoresNewlines)
    groups.append(index)
    ignoresNewlines = true
    advance()
    return group
  }

  /// Steps over the closing bracket; line ends count as they did before the group.
  @discardableResult
  mutating func closeGroup(_ group: Group) throws(Abandon) -> Token {
    guard token.kind == group.token.kind.closing else { throw unclosed(group) }
    groups.removeLast()
    ignoresNewlines = group.ignoredNewlines
    return advance()
  }

  /// The error for a group whose closing bracket isn't here, at the opening one if it has none.
  private mutating func unclosed(_ group: Group) -> Abandon {
    let opening = text(group.token)
    let closing = group.token.kind.closing?.spelling ?? ""
    let hasPartner = group.token.partner >= 0
    let startsLine = index > 0 && tokens[index - 1].kind == .newline
    if token.kind == .end || token.kind == .interpolationEnd
      || (!hasPartner && (startsLine || token.kind.beginsStatementOnly))
    {
      return failAtEnd("this '\(opening)' is not closed", at: group.token.range)
    }
    if token.kind == .error { return Abandon() }
    if !hasPartner, token.kind.isClosing {
      return fail(
        "expected '\(closing)', found \(describe(token))",
        labels: [(group.token.range, "opened here"), (token.range, "")])
    }
    return unexpected("expected ',' or '\(closing)'")
  }
}

// MARK: - Nesting

extension Parser {
  /// Goes one level down; `depth -= 1` on the way back, errors reset it at the statement.
  mutating func descend() throws(Abandon) {
    depth += 1
    guard depth <= Parser.maximumNesting else {
      let abandon = fail(
        "this is nested more than \(Parser.maximumNesting) levels deep",
        help: "give the inner part a name with let")
      giveUp()
      throw abandon
    }
  }

  /// Stops chains that would make the tree too tall.
  mutating func checked(_ expr: Expr) throws(Abandon) -> Expr {
    guard expr.height <= TreeHeight.maximum else {
      throw fail(
        "more than \(TreeHeight.maximum) operators in a row", at: expr.range.start,
        help: "give a part of it a name with let")
    }
    return expr
  }
}

extension TextRange {
  /// The first byte.
  var start: TextRange { TextRange(Int(lower), Int(lower) + 1) }
}

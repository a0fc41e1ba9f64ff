// Tokens become the tree: recursive descent for statements, one precedence table for operators.
// After an error the parser skips to the next statement and goes on, so one run reports several.

import Diagnostics

package struct Parser {
  let source: SourceText
  var tokens: [Token]
  var index = 0
  var comments: [Comment]
  var diagnostics: [Diagnostic] = []
  /// Levels of nesting; limited so that no input can exhaust the stack.
  var depth = 0
  /// How many `( [ {record` surround us: line ends count only when it is 0.
  var groups = 0
  var inFunction = false
  var inLoop = false
  var isIncomplete = false
  let isEntry: Bool
  static let maximumDepth = 400

  /// Thrown to unwind to the statement level after a diagnostic was recorded.
  struct Abandon: Error {}

  init(_ source: SourceText, isEntry: Bool) {
    self.source = source
    self.isEntry = isEntry
    var lexer = Lexer(source)
    lexer.run()
    tokens = lexer.tokens
    comments = lexer.comments
    diagnostics = lexer.diagnostics
  }

  package static func parse(_ source: SourceText) -> (program: Program, diagnostics: [Diagnostic]) {
    parse(source, isEntry: false)
  }

  /// As `parse`, for the prompt: a leading `|>` or `>>` continues from `ans`.
  package static func parseEntry(_ source: SourceText) -> (
    program: Program, diagnostics: [Diagnostic]
  ) {
    parse(source, isEntry: true)
  }

  private static func parse(_ source: SourceText, isEntry: Bool) -> (Program, [Diagnostic]) {
    var parser = Parser(source, isEntry: isEntry)
    let statements = parser.statements(until: nil)
    return (
      Program(source: source, statements: statements, comments: parser.comments),
      parser.diagnostics
    )
  }

  /// Whether more input could complete this entry.
  package static func isIncomplete(_ text: String) -> Bool {
    var parser = Parser(SourceText(name: "entry", text: text), isEntry: true)
    _ = parser.statements(until: nil)
    return parser.isIncomplete
  }
}

// MARK: - Tokens

extension Parser {
  var token: Token { tokens[min(index, tokens.count - 1)] }

  func peek(_ distance: Int) -> Token { tokens[min(index + distance, tokens.count - 1)] }

  mutating func advance() -> Token {
    let current = token
    if index < tokens.count - 1 { index += 1 }
    return current
  }

  mutating func skipNewlines() {
    while token.kind == .newline { index += 1 }
  }

  /// Inside a group line ends are white space.
  mutating func skipInGroup() {
    if groups > 0 { skipNewlines() }
  }

  mutating func take(_ symbol: String) -> Bool {
    guard token.is(symbol) else { return false }
    _ = advance()
    return true
  }

  mutating func fail(_ message: String, at range: TextRange? = nil, help: String? = nil) -> Abandon {
    if token.kind == .end, range == nil { isIncomplete = true }
    if diagnostics.count < 20 {
      diagnostics.append(
        Diagnostic(
          .syntax, message, at: SourceSpan(source, range ?? token.range), help: help))
    }
    return Abandon()
  }

  mutating func expect(_ symbol: String, _ context: String) throws(Abandon) -> Token {
    guard token.is(symbol) else {
      throw fail("expected '\(symbol)' \(context), found \(describe(token))")
    }
    return advance()
  }

  func describe(_ token: Token) -> String {
    switch token.kind {
    case .end: "the end"
    case .newline: "the end of the line"
    case .string: "a string"
    default: "'\(token.text)'"
    }
  }

  /// The closing bracket of a group, blaming the opening one where it is missing.
  mutating func close(_ symbol: String, opened: Token) throws(Abandon) -> Token {
    if token.is(symbol) { return advance() }
    if token.kind == .end {
      isIncomplete = true
      throw fail("this '\(opened.text)' is not closed", at: opened.range)
    }
    throw fail("expected '\(symbol)' or ',', found \(describe(token))")
  }

  mutating func identifier(_ what: String) throws(Abandon) -> Identifier {
    guard token.kind == .name else { throw fail("expected \(what), found \(describe(token))") }
    let token = advance()
    return Identifier(token.text, token.range)
  }

  mutating func nested<T>(_ body: (inout Parser) throws(Abandon) -> T) throws(Abandon) -> T {
    depth += 1
    defer { depth -= 1 }
    guard depth < Parser.maximumDepth else {
      throw fail("this is nested more than \(Parser.maximumDepth) levels deep", at: token.range)
    }
    return try body(&self)
  }
}

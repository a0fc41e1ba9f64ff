// What Tab offers.

import Diagnostics
@preconcurrency import Glibc
import Interpreter
import Library
import Syntax

struct Completion {
  let session: Session
  /// A value in one line.
  let describe: (Value) -> String

  /// Candidates for the word that ends a text, and how many scalars of the text it is.
  func candidates(_ before: String) -> (replaced: Int, candidates: [Candidate]) {
    if before.hasPrefix(":") {
      guard let space = before.firstIndex(of: " ") else { return (count(before), commands(before)) }
      let command = before[..<space].dropFirst()
      let argument = String(before[before.index(after: space)...])
      if command == "load" { return (count(argument), files(argument)) }
    }
    if let typed = openString(before) { return (count(typed), files(typed)) }
    let word = Self.lastWord(before)
    let head = String(before.dropLast(word.count))
    if head.hasSuffix("."), !head.hasSuffix("..") { return (count(word), fields(head, word)) }
    return (count(word), arguments(head, word) + names(word))
  }

  private func count(_ text: String) -> Int { text.unicodeScalars.count }

  private static func lastWord(_ text: String) -> String {
    String(text.reversed().prefix { $0.isLetter || $0.isNumber || $0 == "_" }.reversed())
  }

  /// What is typed of a string that isn't closed; nil outside of strings and inside `{…}` of one.
  private func openString(_ before: String) -> String? {
    var typed: String?
    var isEscaped = false
    for character in before {
      defer { isEscaped = character == "\\" && !isEscaped }
      if character == "\"", !isEscaped {
        typed = typed == nil ? "" : nil
      } else {
        typed?.append(character)
      }
    }
    guard let typed, !typed.contains("{"), !typed.contains("\n") else { return nil }
    return typed
  }

  private func commands(_ before: String) -> [Candidate] {
    Command.all.map { Candidate(":" + $0.name, $0.summary) }
      .filter { $0.text.hasPrefix(before) }.sorted { $0.text < $1.text }
  }

  // MARK: - Names

  private static let keywords = [
    "let", "param", "model", "layer", "fn", "for", "while", "if", "else", "return", "import",
    "break", "continue", "test", "true", "false", "none", "and", "or", "not", "in",
  ]

  private func names(_ word: String) -> [Candidate] {
    guard !word.isEmpty else { return [] }
    var result: [String: String] = [:]
    for keyword in Self.keywords where keyword.hasPrefix(word) { result[keyword] = "keyword" }
    for function in session.functions where function.name.hasPrefix(word) {
      result[function.name] = Reference.signature(function)
    }
    for (name, value) in session.globals.user where name.hasPrefix(word) {
      result[name] = describe(value)
    }
    return result.sorted { $0.key < $1.key }.map { Candidate($0.key, $0.value) }
  }

  /// Named arguments of the call that the cursor is in, those already given left out.
  private func arguments(_ head: String, _ word: String) -> [Candidate] {
    var depth = 0
    var rest = head[...]
    while let character = rest.last {
      if ")]}".contains(character) { depth += 1 }
      if "([{".contains(character) {
        if depth == 0 { break }
        depth -= 1
      }
      rest.removeLast()
    }
    guard rest.last == "(" else { return [] }
    let given = head[rest.endIndex...]
    return parameters(of: Self.lastWord(String(rest.dropLast()))).filter {
      $0.text.hasPrefix(word) && !given.contains($0.text)
    }
  }

  private func parameters(of name: String) -> [Candidate] {
    switch session.globals[name] {
    case .function(let host as HostFunctionObject): return host.function.parameters.map(argument)
    case .function(let native as NativeFunctionObject): return native.parameters.map(argument)
    case .function(let closure as ClosureObject):
      let source = closure.chunk.source.slice(closure.chunk.range)
      return functionParameters(source, closure.chunk.source)
    case .foreign(let object): return (object.callParameters ?? []).map(argument)
    default: return []
    }
  }

  private func argument(_ parameter: HostFunction.Parameter) -> Candidate {
    guard case .optional(let text) = parameter.defaultValue else {
      return Candidate(parameter.name + ":", parameter.summary)
    }
    return Candidate(parameter.name + ":", parameter.summary + " (\(text))")
  }

  /// Parameters of a function of the user, read from its source.
  private func functionParameters(_ text: String, _ source: SourceText) -> [Candidate] {
    let program = Parser.parseEntry(SourceText(name: source.name, text: text)).program
    guard case .function(let function)? = program.statements.first?.kind else { return [] }
    return function.parameters.flatMap { parameter in
      let detail = parameter.defaultValue == nil ? "parameter" : "may be left out"
      return parameter.pattern.names.map { Candidate($0.name + ":", detail) }
    }
  }

  // MARK: - Fields

  /// Fields of the value that a path of names, fields and indices leads to.
  private func fields(_ head: String, _ word: String) -> [Candidate] {
    let path = head.dropLast().reversed().prefix {
      $0.isLetter || $0.isNumber || "_.[]".contains($0)
    }
    guard let value = value(of: String(path.reversed())) else { return [] }
    var result: [Candidate] = []
    switch value {
    case .foreign(let object):
      result = object.fieldNames.map { name in
        Candidate(name, ((try? object.field(name, session)) ?? nil).map(describe) ?? "")
      }
    case .record(let record): result = record.fields.map { Candidate($0.name, describe($0.value)) }
    case .tensor(let tensor):
      result = session.tensorProperties.map { name, property in
        guard name == "shape" || name == "dtype" else { return Candidate(name, "as \(name)") }
        return Candidate(name, (try? property(tensor.node, session)).map(describe) ?? "")
      }
      result.append(Candidate("grad", "the gradient of a parameter"))
    default: break
    }
    return result.filter { $0.text.hasPrefix(word) }.sorted { $0.text < $1.text }
  }

  /// Looking leaves no trace: what it computed is taken back.
  private func value(of path: String) -> Value? {
    guard !path.isEmpty, let value = try? session.run(SourceText(name: "completion", text: path))
    else { return nil }
    _ = session.undo()
    return value
  }

  // MARK: - Files

  private func files(_ typed: String) -> [Candidate] {
    let slash = typed.lastIndex(of: "/")
    let folder = slash.map { String(typed[...$0]) } ?? ""
    let prefix = slash.map { String(typed[typed.index(after: $0)...]) } ?? typed
    guard let stream = opendir(folder.isEmpty ? "." : expanded(folder)) else { return [] }
    defer { closedir(stream) }
    var result: [Candidate] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard name.hasPrefix(prefix), !name.hasPrefix(".") || prefix.hasPrefix(".") else { continue }
      guard name != ".", name != ".." else { continue }
      let path = folder + name
      var status = stat()
      guard stat(expanded(path), &status) == 0 else { continue }
      let isFolder = status.st_mode & S_IFMT == S_IFDIR
      result.append(
        isFolder ? Candidate(path + "/", "folder") : Candidate(path, "\(status.st_size) bytes"))
    }
    return result.sorted { $0.text < $1.text }
  }
}

/// A path with the home folder in place of `~`.
func expanded(_ path: String) -> String {
  guard path == "~" || path.hasPrefix("~/"), let home = getenv("HOME") else { return path }
  return String(cString: home) + path.dropFirst()
}

// What Tab offers.

import Diagnostics
@preconcurrency import Glibc
import Interpreter
import Library

enum Completion {
  /// Candidates for the word before the cursor (a byte offset) with a description each.
  static func candidates(_ line: String, _ cursor: Int, _ session: Session) -> (
    start: Int, candidates: [(String, String)]
  ) {
    let before = String(decoding: Array(line.utf8).prefix(cursor), as: UTF8.self)
    if before.hasPrefix(":"), !before.contains(" ") {
      let names = Command.all.map { (":" + $0.name, $0.summary) }
      return (0, names.filter { $0.0.hasPrefix(before) })
    }
    if before.filter({ $0 == "\"" }).count % 2 == 1,
      let quote = before.lastIndex(of: "\"")
    {
      let typed = String(before[before.index(after: quote)...])
      return (before.utf8.count - typed.utf8.count, files(typed))
    }
    let word = String(
      before.reversed().prefix { $0.isLetter || $0.isNumber || $0 == "_" }.reversed())
    let start = before.utf8.count - word.utf8.count
    let head = String(before.dropLast(word.count))
    if head.hasSuffix(".") { return (start, fields(head, word, session)) }
    return (start, arguments(head, word, session) + names(word, session))
  }

  private static func names(_ word: String, _ session: Session) -> [(String, String)] {
    guard !word.isEmpty else { return [] }
    var result: [(String, String)] = []
    for (name, value) in session.globals.user where name.hasPrefix(word) {
      result.append((name, value.typeName))
    }
    for function in session.functions where function.name.hasPrefix(word) {
      result.append((function.name, function.summary))
    }
    for keyword in [
      "let", "param", "model", "fn", "for", "while", "if", "else", "return", "import",
    ]
    where keyword.hasPrefix(word) { result.append((keyword, "")) }
    return result.sorted { $0.0 < $1.0 }
  }

  /// Named arguments of the call that the cursor is in.
  private static func arguments(_ head: String, _ word: String, _ session: Session) -> [(
    String, String
  )] {
    var depth = 0
    var name = ""
    var rest = head[...]
    while let character = rest.popLast() {
      if character == ")" { depth += 1 }
      if character == "(" {
        if depth == 0 {
          name = String(
            rest.reversed().prefix { $0.isLetter || $0.isNumber || $0 == "_" }.reversed())
          break
        }
        depth -= 1
      }
    }
    guard let function = session.functions.first(where: { $0.name == name }) else { return [] }
    return function.parameters.filter {
      if case .optional = $0.defaultValue { $0.name.hasPrefix(word) } else { false }
    }.map { ($0.name + ":", $0.summary) }
  }

  private static func fields(_ head: String, _ word: String, _ session: Session) -> [(
    String, String
  )] {
    let path = head.dropLast().reversed().prefix {
      $0.isLetter || $0.isNumber || "_.[]".contains($0)
    }
    let base = String(path.reversed())
    guard let value = try? session.run(SourceText(name: "completion", text: base)) else {
      return []
    }
    var names: [String] = []
    switch value {
    case .foreign(let object): names = object.fieldNames
    case .record(let record): names = record.fields.map(\.name)
    case .tensor: names = Array(session.tensorProperties.keys) + ["grad"]
    default: break
    }
    return names.filter { $0.hasPrefix(word) }.sorted().map { ($0, "") }
  }

  private static func files(_ typed: String) -> [(String, String)] {
    let slash = typed.lastIndex(of: "/")
    let folder = slash.map { String(typed[...$0]) } ?? ""
    let prefix = slash.map { String(typed[typed.index(after: $0)...]) } ?? typed
    guard let stream = opendir(folder.isEmpty ? "." : folder) else { return [] }
    defer { closedir(stream) }
    var result: [(String, String)] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard name.hasPrefix(prefix), !name.hasPrefix(".") else { continue }
      result.append((folder + name, Int32(entry.pointee.d_type) == 4 ? "folder" : "file"))
    }
    return result.sorted { $0.0 < $1.0 }
  }
}

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

  /// Candidates for the word that ends a text, and how many scalars of the text they stand for.
  func candidates(_ before: String) -> (replaced: Int, candidates: [Candidate]) {
    if before.hasPrefix(":") {
      guard let space = before.firstIndex(of: " ") else { return (count(before), commands(before)) }
      let argument = String(before[before.index(after: space)...].drop { $0 == " " })
      let command = Command.all.first { $0.name == before[..<space].dropFirst() }
      if let command, let special = self.argument(argument, of: command) {
        return (count(argument), special)
      }
    }
    if let typed = openString(before) {
      let head = String(before.dropLast(typed.count + 1))
      return (count(typed), columns(head, typed) ?? files(typed))
    }
    let word = Self.lastWord(before)
    let head = String(before.dropLast(word.count))
    if head.hasSuffix("."), !head.hasSuffix("..") {
      let fields = fields(head, word)
      if !fields.isEmpty { return (count(word), fields) }
    }
    let path = Self.path(before)
    let paths = paths(path)
    if !paths.isEmpty { return (count(path), paths) }
    return (count(word), arguments(head, word) + names(word))
  }

  /// What a command takes that is no expression; nil where it takes one.
  private func argument(_ typed: String, of command: Command) -> [Candidate]? {
    switch command.arguments {
    case "FILE": return files(typed)
    case "NAME", "[NAME]":
      return session.globals.user.filter { $0.name.hasPrefix(typed) }
        .map { Candidate($0.name, describe($0.value)) }
    case "[NAME VALUE]":
      return Setting.all.filter { $0.name.hasPrefix(typed) }.map {
        Candidate($0.name, "\($0.summary) (\($0.values))")
      }
    case "[topic]":
      if typed.hasPrefix(":") { return commands(typed) }
      let families = Set(session.functions.map(\.category)).sorted().map { Candidate($0, "family") }
      return (names(typed) + families).filter { $0.text.hasPrefix(typed) }
    default: return nil
    }
  }

  private func count(_ text: String) -> Int { text.unicodeScalars.count }

  static func lastWord(_ text: String) -> String {
    String(text.reversed().prefix { $0.isLetter || $0.isNumber || $0 == "_" }.reversed())
  }

  /// What is typed of a string that isn't closed; nil outside of strings and inside `{…}` of one.
  func openString(_ before: String) -> String? {
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
    Command.all.map { command in
      var candidate = Candidate(":" + command.name, command.summary)
      candidate.takesArguments = !command.arguments.isEmpty
      return candidate
    }
    .filter { $0.text.hasPrefix(before) }.sorted { $0.text < $1.text }
  }

  // MARK: - Names

  private func names(_ word: String) -> [Candidate] {
    guard !word.isEmpty else { return [] }
    var result: [String: String] = [:]
    for topic in Topic.all {
      for name in topic.names where name.hasPrefix(word) && name.first?.isLetter == true {
        result[name] = topic.form
      }
    }
    for function in session.functions where function.name.hasPrefix(word) {
      result[function.name] = Reference.signature(function)
    }
    for (name, value) in session.globals.user where name.hasPrefix(word) {
      result[name] = describe(value)
    }
    return result.sorted { $0.key < $1.key }.map { Candidate($0.key, $0.value) }
  }

  // MARK: - Fields

  /// Fields of the value that a path of names, fields and indices leads to.
  private func fields(_ head: String, _ word: String) -> [Candidate] {
    guard let value = value(of: Self.path(String(head.dropLast()))) else { return [] }
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
    guard !path.isEmpty else { return nil }
    if let value = session.globals[path] { return value }
    return session.withoutTrace {
      (try? session.run(SourceText(name: "completion", text: path))) ?? nil
    }
  }

  /// Names, fields and indices that end a text.
  private static func path(_ text: String) -> String {
    String(
      text.reversed().prefix { $0.isLetter || $0.isNumber || "_.[]".contains($0) }.reversed())
  }

  /// Params below a net or model, by the paths that reach them: `net[0].weight`. Also for
  /// `net.0.` as others write it.
  private func paths(_ typed: String) -> [Candidate] {
    let name = typed.prefix { $0 != "." && $0 != "[" }
    guard name.count < typed.count, let value = session.globals[String(name)] else { return [] }
    var wanted = ""
    let steps = typed.dropFirst(name.count).split(separator: ".", omittingEmptySubsequences: false)
    for (place, step) in steps.enumerated() {
      if place > 0, !step.isEmpty, step.allSatisfy(\.isNumber) {
        wanted += "[\(step)]"
      } else {
        wanted += (place > 0 && !(step.isEmpty && place == 1) ? "." : "") + step
      }
    }
    return session.parameters(of: value).compactMap { path, parameter in
      guard path.hasPrefix(wanted) || path.hasPrefix(String(wanted.drop { $0 == "." })) else {
        return nil
      }
      return Candidate(
        Session.joined(String(name), path), describe(.tensor(parameter.node)))
    }
  }

  /// Columns of a table whose index a string is.
  private func columns(_ head: String, _ typed: String) -> [Candidate]? {
    guard head.hasSuffix("["),
      case .foreign(let table)? = value(of: Self.path(String(head.dropLast()))),
      table.typeName == "table"
    else { return nil }
    return table.fieldNames.filter { $0.hasPrefix(typed) && !["shape", "columns"].contains($0) }
      .map { Candidate($0, ((try? table.field($0, session)) ?? nil).map(describe) ?? "column") }
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

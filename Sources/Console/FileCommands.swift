// Commands between the prompt and files: saving what was entered, watching and editing.

import Diagnostics
@preconcurrency import Glibc
import Interpreter
import Library
import Syntax

extension Command {
  static let save: Command = Command(
    name: "save", arguments: "FILE",
    summary: "writes the entries that worked, with results; checks them first"
  ) { prompt, text in
    let file = expanded(path(text))
    let program = Transcript.text(prompt.worked)
    guard !program.isEmpty else { throw Diagnostic(.value, "no entry has worked yet") }
    let report = Expectations.check(
      SourceText(name: path(text), text: program), in: prompt.freshSession(quiet: true))
    if let failure = report.failures.first {
      prompt.report(failure)
      throw Diagnostic(
        .value, "\(path(text)) is not written: in a clean session the entries give something else",
        help: ":undo what does not belong to it")
    }
    try WholeText.write(program, to: file)
    let lines = program.split(separator: "\n").count
    prompt.say("wrote \(path(text)): \(lines) lines, \(report.passed) results checked")
    return .goOn
  }

  static let watch: Command = Command(
    name: "watch", arguments: "FILE", summary: "runs a file again whenever it changes, until Ctrl-C"
  ) { prompt, text in
    let file = expanded(path(text))
    guard access(file, R_OK) == 0 else {
      throw Diagnostic(.file, "cannot read \(path(text)): \(String(cString: strerror(errno)))")
    }
    var last: timespec?
    while !Interrupts.isRequested {
      var status = stat()
      if stat(file, &status) == 0,
        last?.tv_sec != status.st_mtim.tv_sec || last?.tv_nsec != status.st_mtim.tv_nsec
      {
        last = status.st_mtim
        let session = prompt.freshSession(quiet: false)
        do { try session.run(SourceText.read(file)) } catch {
          if !Interrupts.isRequested { prompt.report(error) }
        }
        prompt.say("— watching \(path(text)); Ctrl-C ends it")
      }
      usleep(100_000)
    }
    Interrupts.clear()
    return .goOn
  }

  static let source: Command = Command(
    name: "source", arguments: "NAME", summary: "the text that defined a name"
  ) { prompt, text in
    prompt.show(Highlighter.highlighted(SourceText(name: text, text: try prompt.definition(text))))
    return .goOn
  }

  static let edit: Command = Command(
    name: "edit", arguments: "[NAME]", summary: "the last entry, or a name's definition, in $EDITOR"
  ) { prompt, text in
    let old = text.isEmpty ? prompt.lastEntry : try prompt.definition(text)
    guard let new = try prompt.edited(old) else { return .goOn }
    guard !new.isEmpty, new != old else {
      prompt.say("unchanged")
      return .goOn
    }
    prompt.remembered(new)
    prompt.show(Highlighter.highlighted(SourceText(name: "entry", text: new)))
    return prompt.run(new)
  }

  static let history: Command = Command(
    name: "history", arguments: "[WORD]", summary: "earlier entries, those that have a word"
  ) { prompt, text in
    // The last one is this command.
    let entries = prompt.entries.dropLast().filter { text.isEmpty || $0.contains(text) }
    if entries.isEmpty { prompt.say("no earlier entry has '\(text)'") }
    for entry in entries.suffix(50) {
      let lines = entry.split(separator: "\n", omittingEmptySubsequences: false)
      let text = StyledText("  " + lines.joined(separator: "\n  "))
      prompt.show(text.wrapped(prompt.session.columns, hanging: 4))
    }
    return .goOn
  }
}

extension Prompt {
  /// The last entry that is no command.
  fileprivate var lastEntry: String { entries.last { !$0.hasPrefix(":") } ?? "" }

  /// What defined a name: a function's source, else the last entry that gave it a value.
  fileprivate func definition(_ name: String) throws -> String {
    if case .function(let closure as ClosureObject)? = session.globals[name] {
      return closure.chunk.source.slice(closure.chunk.range)
    }
    for entry in worked.reversed()
    where Self.definedNames(SourceText(name: "entry", text: entry.text)).contains(name) {
      return entry.text
    }
    let isKnown = session.globals[name] != nil
    throw Diagnostic(
      .name, isKnown ? "\(name) was not defined by an entry" : "nothing is called '\(name)'",
      help: isKnown
        ? "?\(name) tells about it"
        : Suggestion.nearest(to: name, in: session.globals.user.map(\.name)).map {
          "did you mean \($0)?"
        })
  }

  /// A text after somebody has worked on it in an editor; nil where the editor failed.
  fileprivate func edited(_ text: String) throws -> String? {
    let chosen = ["VISUAL", "EDITOR"].compactMap { (name: String) in
      getenv(name).map { String(cString: $0) }
    }
    let editor = chosen.first { !$0.isEmpty } ?? "vi"
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(folder)/nns-XXXXXX.nns".utf8CString)
    let file = mkstemps(&template, 4)
    let reason = String(cString: strerror(errno))
    guard file >= 0 else {
      throw Diagnostic(.file, "cannot write in \(folder): \(reason)")
    }
    close(file)
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { unlink(path) }
    try WholeText.write(text + "\n", to: path)
    fflush(stdout)
    let status = system("\(editor) '\(path)'")
    guard status == 0 else {
      throw Diagnostic(
        .value, "the editor '\(editor)' failed with code \(status >> 8 & 0xFF)",
        help: "set EDITOR to the one that you like")
    }
    var new = try SourceText.read(path).text
    while new.last?.isNewline == true { new.removeLast() }
    return new
  }
}

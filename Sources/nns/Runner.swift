// Scripts, expressions, the prompt and tests, with their exit codes.

import Console
import Diagnostics
@preconcurrency import Glibc
import Interpreter
import Library
import Syntax

struct Runner {
  private let appearance: Appearance
  private let face: Face
  /// Whether the prompt begins with the user's init file.
  private let runsInit: Bool

  init(_ appearance: Appearance, runsInit: Bool = false) {
    self.appearance = appearance
    face = Face(isColored: appearance.isColored(1), isPlain: appearance.plain)
    self.runsInit = runsInit
    signal(SIGPIPE, SIG_DFL)
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in Interrupts.request() }
    sigaction(SIGINT, &action, nil)
    // A second after Ctrl-C a loop may still be in its turn.
    action.__sigaction_handler.sa_handler = { _ in
      let text: StaticString = "\nstops after this turn; Ctrl-C again stops at once\n"
      _ = write(2, text.utf8Start, text.utf8CodeUnitCount)
    }
    action.sa_flags = SA_RESTART
    sigaction(SIGALRM, &action, nil)
    if isatty(1) == 0 { setvbuf(stdout, nil, _IOLBF, 1 << 16) }
  }

  func makeSession() -> Session {
    let (face, isPlain) = (face, face.isPlain)
    let progress = ProgressLine(isPlain: isPlain)
    let session = Library.makeSession { text in
      progress.clear()
      let line = isPlain ? Frames.spelled(text.plain) : text.rendered(colored: face.isColored)
      StandardOutput.write(line.hasSuffix("\n") ? line : line + "\n")
    }
    var size = winsize()
    if ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
      session.width = Int(size.ws_col)
      if isatty(1) == 1 { session.columns = session.width }
    }
    if isatty(1) == 1, appearance.isColored(1) { session.inlinePicture = InlinePictures.drawer() }
    let isErrorColored = appearance.isColored(2)
    session.warn = { warning in
      progress.clear()
      fflush(stdout)
      fputs(
        DiagnosticRenderer.render(warning, columns: errorColumns).rendered(colored: isErrorColored),
        stderr)
    }
    session.progress = progress
    // Pictures are asked for where they can be drawn; elsewhere the variable means nothing.
    if isatty(1) == 1, let complaint = InlinePictures.complaint {
      var warning = Diagnostic(.usage, complaint)
      warning.isWarning = true
      session.warn(warning)
    }
    return session
  }

  /// Columns of the terminal that errors go to, nil where they go elsewhere.
  private var errorColumns: Int? {
    var size = winsize()
    guard isatty(2) == 1, ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return nil
    }
    return Int(size.ws_col)
  }

  /// A diagnostic as it is written to standard output.
  func rendered(_ diagnostic: Diagnostic) -> String {
    DiagnosticRenderer.render(diagnostic).rendered(colored: face.isColored)
  }

  func report(_ error: any Error, _ session: Session) -> Int32 {
    fflush(stdout)
    let diagnostics = session.diagnostics(error)
    if diagnostics.contains(where: { $0.kind == .interrupt }), Interrupts.isRequested { return 130 }
    for diagnostic in diagnostics {
      fputs(
        DiagnosticRenderer.render(diagnostic, columns: errorColumns)
          .rendered(colored: appearance.isColored(2)), stderr)
    }
    return 1
  }

  func run(code: [String], stays: Bool, words: [String]) -> Int32 {
    let session = makeSession()
    var hasFailed = false
    let words = code.isEmpty && words.first == "--" ? Array(words.dropFirst()) : words
    let isPrompt = code.isEmpty && words.isEmpty
    if stays || isPrompt && Prompt.isOnTerminal { runInit(session) }
    do {
      if !code.isEmpty {
        try evaluate(code, words, session)
      } else if let path = words.first {
        try runScript(path, words, session)
      }
    } catch {
      let status = report(error, session)
      // Where nothing has run there is nothing to look at.
      let isMissing = (error as? Problem)?.kind == .file && session.globals.user.isEmpty
      guard stays, status != 130, !isMissing else { return status }
      hasFailed = true
    }
    if !stays, !isPrompt, Interrupts.isRequested { return 130 }
    guard stays || isPrompt else { return 0 }
    let prompt = Prompt(session: session, face: face) {
      let session = makeSession()
      if stays || Prompt.isOnTerminal { runInit(session) }
      return session
    }
    prompt.run(version: version)
    return (hasFailed || prompt.hasFailed) && isatty(0) == 0 ? 1 : 0
  }

  private func evaluate(_ code: [String], _ words: [String], _ session: Session) throws {
    let arguments = (0..<Int(CommandLine.argc)).compactMap { CommandLine.unsafeArgv[$0] }
    guard arguments.allSatisfy({ String(validatingCString: $0) != nil }) else {
      throw Problem(.file, "-e is no text: it has bytes that are not UTF-8")
    }
    session.installConstant("args", .list(words.map { .string($0) }))
    for text in code { try session.run(SourceText(name: "-e", text: text), mode: .code) }
  }

  /// Where a script lies.
  static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  }

  func runScript(_ path: String, _ words: [String], _ session: Session) throws {
    session.installConstant("args", .list(words.dropFirst().map { .string($0) }))
    let source = try path == "-" ? standardInput() : SourceText.read(path)
    session.installConstant("script_folder", .string(Runner.folder(of: path)))
    try session.run(source)
  }

  /// `$XDG_CONFIG_HOME/nns/init.nns` or `~/.config/nns/init.nns`, where there is one; what is wrong
  /// in it is said and keeps neither the rest of it from running nor anybody from the prompt.
  private func runInit(_ session: Session) {
    guard runsInit else { return }
    let config = getenv("XDG_CONFIG_HOME").map { String(cString: $0) } ?? ""
    let home = getenv("HOME").map { String(cString: $0) } ?? ""
    guard config.hasPrefix("/") || !home.isEmpty else { return }
    let path = (config.hasPrefix("/") ? config : home + "/.config") + "/nns/init.nns"
    guard access(path, F_OK) == 0 else { return }
    let goesOn = { (error: any Error) -> Bool in
      guard report(error, session) == 130 else { return true }
      Interrupts.clear()
      return false
    }
    do { session.runEach(try SourceText.read(path), report: goesOn) } catch { _ = goesOn(error) }
  }

  private func standardInput() throws -> SourceText {
    try SourceText.decode("standard input", Runner.standardInputBytes())
  }

  static func standardInputBytes() -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&chunk, 1, chunk.count, stdin)
      if count == 0 { break }
      bytes += chunk[..<count]
    }
    return bytes
  }

  /// Runs every program below the paths; 1 when an expectation failed.
  func test(_ paths: [String]) -> Int32 {
    var passed = 0
    var failed = 0
    var files = 0
    for path in paths.flatMap(programs) {
      files += 1
      do {
        for source in Expectations.programs(try SourceText.read(path)) {
          let session = Library.makeSession { _ in }
          session.installConstant("script_folder", .string(Runner.folder(of: path)))
          let report = Expectations.check(source, in: session)
          passed += report.passed
          failed += report.failures.count
          if Interrupts.isRequested { return 130 }
          for diagnostic in report.failures {
            StandardOutput.write(rendered(diagnostic))
          }
        }
      } catch {
        failed += 1
        _ = report(error, Library.makeSession { _ in })
      }
    }
    StandardOutput.write("\(passed) passed, \(failed) failed in \(counted(files, "file"))\n")
    return failed == 0 ? 0 : 1
  }

  /// The file itself, or all programs below a folder, in order of their names.
  func programs(_ path: String) -> [String] {
    guard let stream = opendir(path) else { return [path] }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    closedir(stream)
    let base = path.hasSuffix("/") ? path : path + "/"
    return names.sorted().flatMap { name -> [String] in
      if let inner = opendir(base + name) {
        closedir(inner)
        return programs(base + name)
      }
      return name.hasSuffix(".nns") || name.hasSuffix(".md") ? [base + name] : []
    }
  }

  /// Formats files in place, or with `check` only says which would change.
  func format(_ paths: [String], check: Bool) -> Int32 {
    var status: Int32 = 0
    // A file that is named is formatted, whatever it is called.
    let files = paths.flatMap { path in
      programs(path).filter { $0 == path || $0.hasSuffix(".nns") }
    }
    for path in files {
      do {
        guard !path.hasSuffix(".md") else {
          throw Problem(.file, "\(path) is Markdown: fmt gives nns programs their layout")
        }
        let source = try path == "-" ? standardInput() : SourceText.read(path)
        let (program, diagnostics) = Parser.parse(source)
        guard diagnostics.isEmpty else { throw DiagnosticList(diagnostics) }
        let formatted = Formatter.format(program)
        if path == "-", !check {
          StandardOutput.write(formatted)
          continue
        }
        guard formatted != source.text else { continue }
        if check {
          StandardOutput.write("\(path == "-" ? "standard input" : path) would change\n")
          status = 1
        } else {
          try WholeText.write(formatted, to: path)
        }
      } catch { status = report(error, Library.makeSession { _ in }) }
    }
    return status
  }

  /// Runs a script without its output, and shows the walk of its loss.
  func explain(_ path: String, depth: Int, at element: String?, html: String?) -> Int32 {
    let session = makeSession()
    let output = session.output
    do {
      session.output = { _ in }
      session.keepsSteps = true
      try runScript(path, [path], session)
      let pick = try element.map { text -> Value in
        try session.run(SourceText(name: "--at", text: text), mode: .file) ?? .none
      }
      session.output = output
      if let html {
        let loss = try WalkOf.checked(WalkOf.loss(session), "the loss")
        let page = try WalkPages.make(loss, session)
        try WholeText.write(page.html, to: html)
        output(StyledText("wrote \(html), \(page.steps) steps\n"))
        return 0
      }
      output(
        try WalkOf.text(session, depth: depth, at: pick.flatMap { session.node($0) }))
      return 0
    } catch {
      session.output = output
      return report(error, session)
    }
  }

  func doc(_ name: String?) -> Int32 {
    let session = makeSession()
    do {
      session.output(try Reference.help(name.map { .string($0) } ?? .none, session))
      return 0
    } catch { return report(error, session) }
  }
}

/// Frames and bars of pictures as letters that a screen reader can say.
private enum Frames {
  private static let letters: [Character: Character] = [
    "─": "-", "│": "|", "┤": "|", "└": "+", "┬": "+", "┴": "+", "┼": "+", "├": "|",
    "░": ".", "▒": ":", "▓": "*", "█": "#", "▀": "\"", "▄": "_",
  ]

  static func spelled(_ text: String) -> String {
    text.utf8.allSatisfy { $0 < 0x80 } ? text : String(text.map { letters[$0] ?? $0 })
  }
}

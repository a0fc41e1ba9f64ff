// The command line: parses it, runs the session on a large stack, maps results to exit codes.

import ArgumentParser
import Console
import Diagnostics
@preconcurrency import Glibc
import Interpreter
import Library

let version = "0.1.0"

@main
struct NNS: ParsableCommand {
  /// Wrong usage ends with 2, a failing program with its own code.
  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    if ["--help", "-h", "help"].contains(arguments.first), arguments.count == 1 {
      return StandardOutput.write(Usage.text)
    }
    do {
      if let run = PlainRun(arguments) { return try run.start() }
      var command = try parseAsRoot(Arguments.arranged(arguments, tools))
      try command.run()
    } catch {
      let code = exitCode(for: error)
      if error is ExitCode { Glibc.exit(code.rawValue) }
      guard code != .success else { return StandardOutput.write(fullMessage(for: error) + "\n") }
      fputs(Usage.error(message(for: error)), stderr)
      Glibc.exit(2)
    }
  }

  static let configuration = CommandConfiguration(
    commandName: "nns", abstract: "Type neural networks, run them from files, take them apart.",
    version: version, subcommands: [Run.self] + tools, defaultSubcommand: Run.self)

  static let tools: [any ParsableCommand.Type] = [
    Check.self, Test.self, Explain.self, Predict.self, Fmt.self, Doc.self, Bench.self,
  ]
}

/// What every command has in common.
struct CommonOptions: ParsableArguments {
  @Option(name: .long, help: "Colours: always, never or auto.")
  var color = "auto"

  @Flag(help: "For screen readers: no colours, no line that is drawn again, no frames.")
  var plain = false

  @Option(
    help: ArgumentHelp(
      "Threads for large tensors, instead of NNS_THREADS or one a processor.", valueName: "n"))
  var threads: String?

  func validate() throws {
    guard ["always", "never", "auto"].contains(color) else {
      throw ValidationError("--color is always, never or auto")
    }
    try Environment.check(threads: threads)
  }

  var appearance: Appearance { Appearance(color: color, plain: plain) }
}

extension NNS {
  struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "run", abstract: "Run a script, an expression or the prompt.",
      shouldDisplay: false)

    @Option(
      name: .short, parsing: .unconditionalSingleValue,
      help: ArgumentHelp("Evaluate CODE and print its values; may be repeated.", valueName: "code"))
    var e: [String] = []

    @Flag(name: .short, help: "Stay at the prompt after the script.")
    var i = false

    @Flag(help: "Leave out ~/.config/nns/init.nns, which the prompt runs first.")
    var noInit = false

    @OptionGroup var common: CommonOptions

    @Argument(
      parsing: .captureForPassthrough, help: "A script (- is standard input) and its arguments.")
    var script: [String] = []

    func validate() throws {
      if let first = script.first, first.hasPrefix("-"), first != "-", first != "--" {
        throw ValidationError("there is no option \(first)")
      }
    }

    func run() throws {
      let (code, stays, runsInit, words, appearance) = (e, i, !noInit, script, common.appearance)
      try finish(
        onLargeStack {
          Runner(appearance, runsInit: runsInit).run(code: code, stays: stays, words: words)
        })
    }
  }

  struct Test: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Run test blocks and # => examples in .nns and .md files.")

    @OptionGroup var common: CommonOptions

    @Argument(help: "Files and folders.")
    var paths: [String] = []

    func validate() throws {
      if paths.isEmpty { throw ValidationError("nns test wants files or folders") }
    }

    func run() throws {
      let (paths, appearance) = (paths, common.appearance)
      try finish(onLargeStack { Runner(appearance).test(paths) })
    }
  }

  struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The walk of a script's loss: forward, back, every number.",
      discussion: "The loss is that of the last backward, else the value named loss.")

    @Option(help: "1 folds layers and losses, 2 opens them, 3 opens everything.")
    var depth = 1

    @Option(help: "An element like W[0, 1], for its scalar walk.")
    var at: String?

    @Option(help: "A file for the walk as a page, which a browser shows without network.")
    var html: String?

    @Flag(help: "The steps of the last turn of training, with their time, instead of the walk.")
    var plan = false

    @OptionGroup var common: CommonOptions

    @Argument(help: "A script.")
    var script: String

    func validate() throws {
      if !(1...3).contains(depth) { throw ValidationError("--depth is 1, 2 or 3") }
      if plan, at != nil { throw ValidationError("--plan and --at do not go together") }
      if html != nil, plan || at != nil || depth != 1 {
        throw ValidationError("the page of --html shows every step: it goes with no other option")
      }
    }

    func run() throws {
      let (depth, at, plan, script, html, appearance) = (
        depth, at, plan, script, html, common.appearance
      )
      try finish(
        onLargeStack {
          let runner = Runner(appearance)
          if plan { return runner.plan(script) }
          return runner.explain(script, depth: depth, at: at, html: html)
        })
    }
  }

  struct Fmt: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give .nns files the one canonical layout.")

    @Flag(help: "Change nothing; fail when a file would change.")
    var check = false

    @OptionGroup var common: CommonOptions

    @Argument(help: "Files and folders; - is standard input, written to standard output.")
    var paths: [String] = []

    func validate() throws {
      if paths.isEmpty {
        throw ValidationError("nns fmt wants files or folders, or - for standard input")
      }
    }

    func run() throws {
      let (check, paths, appearance) = (check, paths, common.appearance)
      try finish(onLargeStack { Runner(appearance).format(paths, check: check) })
    }
  }

  struct Doc: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The reference, or one page of it.")

    @OptionGroup var common: CommonOptions

    @Argument(help: "A function, a family of functions, a keyword.")
    var name: String?

    func run() throws {
      let (name, appearance) = (name, common.appearance)
      try finish(onLargeStack { Runner(appearance).doc(name) })
    }
  }
}

/// Leaves with a code; 130 dies by the signal, so that shell loops stop.
func finish(_ code: Int32) throws {
  fflush(stdout)
  if code == 130 {
    signal(SIGINT, SIG_DFL)
    raise(SIGINT)
  }
  if code != 0 { throw ExitCode(code) }
}

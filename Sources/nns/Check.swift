// `nns check`: what is wrong with programs, without running them whole.

import ArgumentParser
import Diagnostics
import Engine
import Interpreter
import Library

extension NNS {
  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "What is wrong with a program, before it runs for an hour.",
      discussion: """
        Every statement is tried, long ones only for a moment; nothing is written. Several errors are \
        told in one run, what depends on an earlier one is left out. ? stands for a size that is asked \
        for: dense(?, 10).
        """)

    @Flag(help: "One JSON object a line, for editors.")
    var json = false

    @OptionGroup var common: CommonOptions

    @Argument(help: "Programs, and folders of programs.")
    var paths: [String] = []

    func validate() throws {
      if paths.isEmpty { throw ValidationError("nns check wants files or folders") }
    }

    func run() throws {
      let (paths, json, appearance) = (paths, json, common.appearance)
      // Nobody waits for a thread that spins while time is counted.
      ThreadPool.use(threads: 1)
      try finish(onLargeStack { Runner(appearance).check(paths, json: json) })
    }
  }
}

extension Runner {
  /// 1 when a program has errors.
  func check(_ paths: [String], json: Bool) -> Int32 {
    var status: Int32 = 0
    for path in paths.flatMap(programs) where paths.contains(path) || path.hasSuffix(".nns") {
      do {
        let source = try SourceText.read(path)
        for diagnostic in ProgramCheck.diagnostics(of: source, folder: Runner.folder(of: path)) {
          if !diagnostic.isWarning { status = 1 }
          StandardOutput.write(
            json ? CheckJSON.line(diagnostic, path: path) + "\n" : rendered(diagnostic))
        }
      } catch { status = max(status, report(error, Library.makeSession { _ in })) }
    }
    return status
  }
}

// What `--help` tells, and errors in the use of the command line.

import ArgumentParser
import Diagnostics

enum Usage {
  /// The ways to call the program, every option, every tool.
  static var text: String {
    let tools = NNS.tools.map { tool in
      let name = "nns \(tool._commandName)"
      return
        "  \(name)\(String(repeating: " ", count: max(1, 24 - name.count)))\(tool.configuration.abstract)\n"
    }
    return """
      \(NNS.configuration.abstract)

        nns                     the prompt
        nns FILE [ARG…]         run a script; - is standard input
        nns -e CODE             evaluate and print
        nns -i FILE             run, then stay at the prompt
      \(tools.joined())
      \(options)
      nns TOOL --help tells more about a tool, nns doc NAME about the language.

      """
  }

  /// The options as the parser knows them.
  private static var options: String {
    let lines = NNS.Run.helpMessage(columns: 80).split(
      separator: "\n", omittingEmptySubsequences: false)
    let start = lines.firstIndex { $0.hasPrefix("OPTIONS") } ?? lines.endIndex
    return lines[start...].dropFirst().prefix { !$0.isEmpty }.map { $0 + "\n" }.joined()
  }

  static func error(_ message: String) -> String {
    DiagnosticRenderer.render(
      Diagnostic(
        .usage, message.trimmingPrefix("Error: ").description, help: "nns --help lists the options"),
      style: .plain)
  }
}

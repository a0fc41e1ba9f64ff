// Command lines that are understood although the parser wants them in another order.

import ArgumentParser

enum Arguments {
  /// Options of every command may stand before its name; `help NAME` is the reference of what is no
  /// command.
  static func arranged(_ arguments: [String], _ tools: [any ParsableCommand.Type]) -> [String] {
    let names = Set(tools.map { $0._commandName })
    if arguments.count == 2, arguments[0] == "help", !names.contains(arguments[1]) {
      return ["doc", arguments[1]]
    }
    var front = 0
    while front < arguments.count {
      switch arguments[front] {
      case "--plain": front += 1
      case "--threads", "--color": front += 2
      case let word where word.hasPrefix("--threads=") || word.hasPrefix("--color="): front += 1
      case let word where front > 0 && names.contains(word):
        return [word] + arguments[..<front] + arguments[(front + 1)...]
      default: return arguments
      }
    }
    return arguments
  }
}

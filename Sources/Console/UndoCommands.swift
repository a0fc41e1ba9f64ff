// Taking back and bringing again.

import Diagnostics
import Interpreter

extension Command {
  static let undo: Command = Command(
    name: "undo", arguments: "[N]", summary: "takes back the last entry, params and all"
  ) { prompt, text in
    try prompt.takeBack(number(text, ":undo", "entries")) {
      prompt.undoOne()
    } said: {
      "took back"
    }
    return .goOn
  }

  static let redo: Command = Command(
    name: "redo", arguments: "[N]", summary: "brings again what :undo took back"
  ) { prompt, text in
    try prompt.takeBack(number(text, ":redo", "entries")) {
      prompt.redoOne()
    } said: {
      "brought again"
    }
    return .goOn
  }

  static let back: Command = Command(
    name: "back", arguments: "[N]",
    summary: "takes back steps of training: params, optimizer, random numbers"
  ) { prompt, text in
    let count = try number(text, ":back", "steps")
    let taken = prompt.session.back(count)
    switch taken {
    case 0: prompt.say("no step of a training is kept")
    case count: prompt.say(taken == 1 ? "one step back" : "\(taken) steps back")
    default: prompt.say("\(taken) steps back: no more are kept")
    }
    return .goOn
  }

  private static func number(_ text: String, _ command: String, _ what: String) throws -> Int {
    guard let count = text.isEmpty ? 1 : Int(text), count > 0 else {
      throw Diagnostic(.syntax, "\(command) takes a number of \(what), not '\(text)'")
    }
    return count
  }
}

extension Prompt {
  fileprivate func undoOne() -> String? {
    guard let text = session.undo() else { return nil }
    // What came after it changed nothing, or it would have been taken back first.
    if let place = worked.lastIndex(where: { $0.text == text }) {
      undone.append(Array(worked[place...]))
      worked.removeSubrange(place...)
    }
    return text
  }

  fileprivate func redoOne() -> String? {
    guard let text = session.redo() else { return nil }
    if undone.last?.first?.text == text { worked += undone.removeLast() }
    return text
  }

  /// Tells each entry that is taken back, or brought again, in a line.
  fileprivate func takeBack(
    _ count: Int, _ step: () -> String?, said: () -> String
  ) throws {
    var done = 0
    while done < count, let text = step() {
      done += 1
      if done <= 10 { say("\(said()): \(fitted(text, columns: max(20, session.width - 16)))") }
    }
    if done == 0 {
      say("there is nothing that could be \(said() == "took back" ? "taken back" : said())")
    }
    if done > 0, done < count || done > 10 {
      say(
        "\(done == 1 ? "one entry" : "\(done) entries") in all"
          + (done < count ? ": there is no more" : ""))
    }
  }
}

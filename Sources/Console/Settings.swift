// `:set`: what can be chosen at the prompt.

import Diagnostics
import Interpreter

struct Setting: Sendable {
  let name: String
  /// What it may be: `20…500`, `on or off`.
  let values: String
  let summary: String
  let get: @Sendable (Prompt) -> String
  /// False where the value is none of those.
  let set: @Sendable (Prompt, String) -> Bool

  static let all: [Setting] = [
    Setting(
      name: "color", values: "on or off", summary: "colours of what is typed and printed",
      get: { $0.view.isColored ? "on" : "off" },
      set: { prompt, value in
        guard let flag = flag(value) else { return false }
        prompt.setColor(flag)
        return true
      }),
    Setting(
      name: "hints", values: "on or off", summary: "grey text behind what is typed",
      get: { $0.showsHints ? "on" : "off" },
      set: { prompt, value in
        guard let flag = flag(value) else { return false }
        prompt.showsHints = flag
        return true
      }),
    Setting(
      name: "stretch", values: "on or off", summary: "tells when an operator stretches a value",
      get: { $0.tellsStretch ? "on" : "off" },
      set: { prompt, value in
        guard let flag = flag(value) else { return false }
        prompt.tellsStretch = flag
        return true
      }),
    Setting(
      name: "width", values: "20 to 500, or auto", summary: "columns of values, help and pictures",
      get: { $0.chosenWidth.map(String.init) ?? "auto" },
      set: { prompt, value in
        if value == "auto" {
          prompt.chosenWidth = nil
          return true
        }
        guard let width = Int(value), (20...500).contains(width) else { return false }
        prompt.chosenWidth = width
        return true
      }),
  ]

  private static func flag(_ text: String) -> Bool? {
    ["on": true, "off": false][text]
  }
}

extension Command {
  static let settings: Command = Command(
    name: "set", arguments: "[NAME VALUE]", summary: "chooses how the prompt behaves, or lists it"
  ) { prompt, text in
    let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
    guard let name = words.first else {
      for setting in Setting.all { show(setting, prompt) }
      return .goOn
    }
    guard let setting = Setting.all.first(where: { $0.name == name }) else {
      let near = Suggestion.nearest(to: name, in: Setting.all.map(\.name))
      throw Diagnostic(
        .name, "there is no setting '\(name)'",
        help: near.map { "did you mean \($0)?" } ?? ":set lists them")
    }
    guard words.count > 1 else {
      show(setting, prompt)
      return .goOn
    }
    guard words.count == 2, setting.set(prompt, words[1]) else {
      throw Diagnostic(
        .value, "\(name) is \(setting.values), not '\(words.dropFirst().joined(separator: " "))'")
    }
    return .goOn
  }

  private static func show(_ setting: Setting, _ prompt: Prompt) {
    let value = setting.get(prompt)
    var line = StyledText("  \(setting.name)", .name)
    line.append(String(repeating: " ", count: max(1, 9 - setting.name.count)) + value)
    line.append(String(repeating: " ", count: max(1, 6 - value.count)))
    line.append("\(setting.summary) (\(setting.values))", .dim)
    prompt.show(line.wrapped(prompt.session.columns, hanging: 17))
  }
}

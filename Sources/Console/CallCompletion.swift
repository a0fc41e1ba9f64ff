// The call that the cursor is in: its named arguments, and what is still to come of its signature.

import Diagnostics
import Interpreter
import Library
import Syntax

/// A call that is being typed.
private struct OpenCall {
  let name: String
  /// Arguments before the one at the cursor that have no label.
  let positional: Int
  let labels: [String]
  /// What is typed of the argument at the cursor.
  let current: String

  /// Nil outside of calls.
  init?(_ before: String) {
    var depth = 0
    var rest = before[...]
    while let character = rest.last {
      if ")]}".contains(character) { depth += 1 }
      if "([{".contains(character) {
        if depth == 0 { break }
        depth -= 1
      }
      rest.removeLast()
    }
    guard rest.last == "(" else { return nil }
    let head = rest.dropLast()
    name = Completion.lastWord(String(head))
    guard !name.isEmpty else { return nil }
    var parts = OpenCall.parts(before[rest.endIndex...])
    current = parts.removeLast()
    labels = parts.compactMap(OpenCall.label)
    // What stands before a dot or a pipe is the first argument.
    let lead = head.dropLast(name.count)
    let isGiven = lead.hasSuffix(".") || String(lead.filter { $0 != " " }).hasSuffix("|>")
    positional = parts.count - labels.count + (isGiven ? 1 : 0)
  }

  /// Split at commas outside of brackets.
  private static func parts(_ text: Substring) -> [String] {
    var (parts, depth) = ([""], 0)
    for character in text {
      if "([{".contains(character) { depth += 1 }
      if ")]}".contains(character) { depth -= 1 }
      if character == ",", depth == 0 {
        parts.append("")
      } else {
        parts[parts.count - 1].append(character)
      }
    }
    return parts.map { String($0.drop { $0 == " " || $0 == "\n" }) }
  }

  static func label(_ argument: String) -> String? {
    guard let colon = argument.firstIndex(of: ":") else { return nil }
    let name = argument[..<colon]
    return name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" } ? String(name) : nil
  }

  /// Parameters that no earlier argument is for.
  func open(_ parameters: [CallParameter]) -> [CallParameter] {
    parameters.enumerated().filter { place, parameter in
      parameter.isRest || place >= positional && !labels.contains(parameter.name)
    }.map(\.element)
  }
}

/// A parameter as hints and completion show it.
private struct CallParameter {
  let name: String
  /// `axis = -1`
  let text: String
  let detail: String
  var isRest = false
}

extension Completion {
  /// Named arguments of the call that the cursor is in, those already given left out.
  func arguments(_ head: String, _ word: String) -> [Candidate] {
    guard let call = OpenCall(head + word), call.current == word else { return [] }
    return call.open(parameters(of: call.name)).filter { !$0.isRest && $0.name.hasPrefix(word) }
      .map { Candidate($0.name + ":", $0.detail) }
  }

  /// The rest of the signature of the call that a text ends in.
  func signatureHint(_ before: String) -> String {
    guard !before.hasPrefix(":"), openString(before) == nil, let call = OpenCall(before) else {
      return ""
    }
    let all = parameters(of: call.name)
    var open = call.open(all)
    guard !all.isEmpty else { return "" }
    if call.current.isEmpty { return open.map(\.text).joined(separator: ", ") + ")" }
    if let label = OpenCall.label(call.current) {
      open.removeAll { $0.name == label }
    } else if open.first?.isRest == false {
      open.removeFirst()
    }
    return open.map { ", " + $0.text }.joined() + ")"
  }

  private func parameters(of name: String) -> [CallParameter] {
    switch session.globals[name] {
    case .function(let host as HostFunctionObject): host.function.parameters.map(parameter)
    case .function(let native as NativeFunctionObject): native.parameters.map(parameter)
    case .function(let closure as ClosureObject):
      Reference.parameters(of: closure).map { text in
        let name = text.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        return CallParameter(
          name: String(name), text: text,
          detail: text.contains("=") ? "may be left out: \(text)" : "parameter: \(text)")
      }
    case .foreign(let object): (object.callParameters ?? []).map(parameter)
    default: []
    }
  }

  private func parameter(_ parameter: HostFunction.Parameter) -> CallParameter {
    let text = Reference.parameter(parameter)
    switch parameter.defaultValue {
    case .required:
      return CallParameter(name: parameter.name, text: text, detail: parameter.summary)
    case .optional(let value):
      return CallParameter(
        name: parameter.name, text: text, detail: "\(parameter.summary), default \(value)")
    case .rest:
      return CallParameter(
        name: parameter.name, text: text, detail: parameter.summary, isRest: true)
    }
  }
}

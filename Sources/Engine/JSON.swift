// JSON, written in the order in which it is given, so that the same values give the same bytes.

/// A value in JSON.
package indirect enum JSON {
  case text(String)
  case whole(Int)
  /// What is written already: a number, or all of a value.
  case raw(String)
  case list([JSON])
  case object([(String, JSON)])
  case none

  package static func optional(_ text: String?) -> JSON { text.map { .text($0) } ?? .none }

  private func write(to result: inout String) {
    switch self {
    case .none: result += "null"
    case .whole(let number): result += String(number)
    case .raw(let text): result += text
    case .text(let text): result += JSON.quoted(text)
    case .list(let items):
      result += "["
      for (index, item) in items.enumerated() {
        if index > 0 { result += "," }
        item.write(to: &result)
      }
      result += "]"
    case .object(let fields):
      result += "{"
      for (index, field) in fields.enumerated() {
        if index > 0 { result += "," }
        result += JSON.quoted(field.0)
        result += ":"
        field.1.write(to: &result)
      }
      result += "}"
    }
  }

  package var written: String {
    var result = ""
    write(to: &result)
    return result
  }

  package static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{0}"..."\u{1F}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

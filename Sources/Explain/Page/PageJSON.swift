// JSON for a script of a page: written in the order in which it is given, so that the same walk
// gives the same bytes.

/// A value in JSON.
indirect enum PageJSON {
  case text(String)
  case whole(Int)
  /// A number as it is written already.
  case number(String)
  case list([PageJSON])
  case object([(String, PageJSON)])
  case none

  static func optional(_ text: String?) -> PageJSON { text.map { .text($0) } ?? .none }

  func write(to result: inout String) {
    switch self {
    case .none: result += "null"
    case .whole(let number): result += String(number)
    case .number(let text): result += text
    case .text(let text): PageJSON.write(text, to: &result)
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
        PageJSON.write(field.0, to: &result)
        result += ":"
        field.1.write(to: &result)
      }
      result += "}"
    }
  }

  var written: String {
    var result = ""
    write(to: &result)
    return result
  }

  /// Quoted, without anything that would end the element of the page in which it stands.
  private static func write(_ text: String, to result: inout String) {
    result += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "<": result += "\\u003c"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\u{0}"..<"\u{20}", "\u{2028}", "\u{2029}":
        let code = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - code.count) + code
      default: result.unicodeScalars.append(scalar)
      }
    }
    result += "\""
  }
}

// A diagnostic as one line of JSON, for editors.

import Diagnostics

package enum CheckJSON {
  /// `{"file":…,"line":…,"column":…,"endLine":…,"endColumn":…,"severity":…,"kind":…,"message":…,
  /// "labels":[…],"notes":[…],"help":…}`; lines and columns count from 1, the end is behind the last
  /// character.
  package static func line(_ diagnostic: Diagnostic, path: String) -> String {
    var fields = ["\"file\":\(quoted(path))"]
    if let span = diagnostic.span { fields.append(place(span)) }
    fields.append("\"severity\":\"\(diagnostic.isWarning ? "warning" : "error")\"")
    fields.append("\"kind\":\(quoted(diagnostic.kind.rawValue))")
    fields.append("\"message\":\(quoted(diagnostic.message))")
    let labels = diagnostic.labels.map { "{\(place($0.span)),\"text\":\(quoted($0.text))}" }
    fields.append("\"labels\":[\(labels.joined(separator: ","))]")
    fields.append("\"notes\":[\(diagnostic.notes.map(quoted).joined(separator: ","))]")
    fields.append("\"help\":\(diagnostic.help.map(quoted) ?? "null")")
    return "{\(fields.joined(separator: ","))}"
  }

  private static func place(_ span: SourceSpan) -> String {
    let (source, end) = (span.source, Int(span.range.upper))
    return "\"line\":\(span.line),\"column\":\(span.column),\"endLine\":\(source.line(at: end)),"
      + "\"endColumn\":\(source.column(at: end))"
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\u{0}"..<"\u{20}":
        let code = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - code.count) + code
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

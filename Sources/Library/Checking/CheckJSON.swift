// A diagnostic as one line of JSON, for editors.

import Diagnostics
import Engine

package enum CheckJSON {
  /// `{"file":…,"line":…,"column":…,"endLine":…,"endColumn":…,"severity":…,"kind":…,"message":…,
  /// "labels":[…],"notes":[…],"help":…}`; lines and columns count from 1, the end is behind the last
  /// character.
  package static func line(_ diagnostic: Diagnostic, path: String) -> String {
    JSON.object(
      [("file", .text(path))] + (diagnostic.span.map(place) ?? []) + [
        ("severity", .text(diagnostic.isWarning ? "warning" : "error")),
        ("kind", .text(diagnostic.kind.rawValue)), ("message", .text(diagnostic.message)),
        (
          "labels",
          .list(diagnostic.labels.map { .object(place($0.span) + [("text", .text($0.text))]) })
        ),
        ("notes", .list(diagnostic.notes.map { .text($0) })),
        ("help", .optional(diagnostic.help)),
      ]
    ).written
  }

  private static func place(_ span: SourceSpan) -> [(String, JSON)] {
    let (source, end) = (span.source, Int(span.range.upper))
    return [
      ("line", .whole(span.line)), ("column", .whole(span.column)),
      ("endLine", .whole(source.line(at: end))), ("endColumn", .whole(source.column(at: end))),
    ]
  }
}

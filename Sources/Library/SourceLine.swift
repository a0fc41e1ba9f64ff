// Where a value was made: what the walk quotes of the source.

import Autodiff
import Diagnostics
import Explain
import Interpreter

/// An expression on one line of a source.
struct SourceLine {
  /// `mse(o, t)`; nil where it spans several lines.
  let text: String?
  /// `mazur.nns:11`
  let place: String
  /// The whole line, and where the expression begins and ends in it, in characters.
  let line: String
  let marked: Range<Int>

  init?(_ node: Node, _ session: Session) {
    guard let span = session.span(node.origin) else { return nil }
    let text = span.text
    self.text = text.isEmpty || text.contains("\n") ? nil : text
    place = "\(span.source.name):\(span.line)"
    line = span.source.lineText(span.line)
    let start = min(max(0, span.column - 1), line.count)
    let length = text.prefix { !$0.isNewline }.count
    marked = start..<min(line.count, start + length)
  }
}

extension NonFinite {
  /// Tells the story with the sources of a session.
  static func `in`(_ session: Session) -> NonFinite {
    NonFinite { [unowned session] node in
      SourceLine(node, session).map { ($0.place, $0.text) }
    }
  }
}

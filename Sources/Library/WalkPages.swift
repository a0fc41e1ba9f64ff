// The page of a loss in a session: with the source that its steps were made by.

import Autodiff
import Diagnostics
import Explain
import Interpreter

package enum WalkPages {
  /// Lines of a source that is shown whole; of a longer one those near the steps are.
  private static let longest = 400

  /// The page of a loss with one element, and how many steps it has.
  package static func make(_ loss: Node, _ session: Session, notation: WalkNotation = .names) throws
    -> (html: String, steps: Int)
  {
    let origin = SourceLine(loss, session)
    let page = WalkPage(
      loss, title: origin?.text ?? "…", place: origin?.place, notation: notation
    ) { nodes in
      let sources = Sources(session, nodes)
      return (sources.shown, sources.place)
    }
    return try page.made()
  }

  /// The lines of all sources in which a step was made.
  private struct Sources {
    let session: Session
    private(set) var shown = WalkPage.Source(lines: [])
    /// Where a line of a source stands among those that are shown.
    private var places: [ObjectIdentifier: [Int: Int]] = [:]

    init(_ session: Session, _ nodes: [Node]) {
      self.session = session
      var used: [(source: SourceText, lines: Set<Int>)] = []
      for span in nodes.compactMap({ session.span($0.origin) }) {
        if let place = used.firstIndex(where: { $0.source === span.source }) {
          used[place].lines.insert(span.line)
        } else {
          used.append((span.source, [span.line]))
        }
      }
      var lines: [(number: String, text: String)] = []
      for (source, near) in used {
        if used.count > 1 { lines.append(("", "# \(source.name)")) }
        // What ends in a line end has an empty last line.
        let isEnded = source.lineText(source.lineStarts.count).isEmpty
        let last = source.lineStarts.count - (isEnded ? 1 : 0)
        for number in 1...max(1, last) {
          guard
            source.lineStarts.count <= WalkPages.longest
              || near.contains(where: { ($0 - number).magnitude <= 4 })
          else { continue }
          places[ObjectIdentifier(source), default: [:]][number] = lines.count
          lines.append((String(number), source.lineText(number)))
        }
      }
      shown = WalkPage.Source(lines: lines)
    }

    /// Where a value was made, among the lines that are shown.
    func place(_ node: Node) -> WalkPage.Place? {
      guard let span = session.span(node.origin),
        let line = places[ObjectIdentifier(span.source)]?[span.line]
      else { return nil }
      let from = max(0, span.column - 1)
      return (line, from, from + span.text.prefix { !$0.isNewline }.count)
    }
  }
}

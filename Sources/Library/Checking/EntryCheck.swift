// An entry at the prompt is tried before it runs, so that a fault behind something long is told at once.

import Diagnostics
import Engine
import Interpreter
import Syntax

package enum EntryCheck {
  /// How long an entry may be tried, of the processor's time and by the clock.
  private static let seconds = (processor: 0.25, clock: 0.5)

  /// The faults that an entry would come to behind something that takes long: wrong shapes, dtypes and
  /// names. Nothing for an entry that comes to its first fault soon: that is told when it runs.
  ///
  /// It is tried in a copy of the process; the session keeps what it has.
  package static func faults(in source: SourceText, _ session: Session) -> [Diagnostic] {
    let (program, problems) = Parser.parseEntry(source)
    guard problems.isEmpty, mayTakeLong(program.statements) else { return [] }
    let bytes = ForkedProcess.result(seconds: seconds.clock) {
      let check = ProgramCheck(entry: source, session, seconds: seconds.processor)
      return encoded(check.faults(behindLong: program.statements), source)
    }
    return bytes.map { decoded($0, source) } ?? []
  }

  /// Whether something stands behind a call or a loop.
  private static func mayTakeLong(_ statements: [Statement]) -> Bool {
    let isLoop = statements.contains { statement in
      switch statement.kind {
      case .forLoop(_, _, let body), .whileLoop(_, let body): body.statements.count > 1
      default: false
      }
    }
    guard !isLoop else { return true }
    var hasCall = false
    visitTree(Array(statements.dropLast())) { if case .call = $0.kind { hasCall = true } }
    return statements.count > 1 && hasCall
  }

  // MARK: - From the copy

  private static let (field, part) = ("\u{1E}", "\u{1F}")

  private static func encoded(_ faults: [Diagnostic], _ source: SourceText) -> [UInt8] {
    let texts = faults.compactMap { fault -> String? in
      guard let span = fault.span, span.source === source else { return nil }
      let labels = fault.labels.filter { $0.span.source === source }.map {
        [String($0.span.range.lower), String($0.span.range.upper), $0.text].joined(separator: part)
      }
      let parts = [
        fault.kind.rawValue, fault.message, String(span.range.lower), String(span.range.upper),
        fault.help ?? "", fault.notes.joined(separator: part),
      ]
      return (parts + labels).joined(separator: field)
    }
    return Array(texts.joined(separator: "\u{1D}").utf8)
  }

  private static func decoded(_ bytes: [UInt8], _ source: SourceText) -> [Diagnostic] {
    String(decoding: bytes, as: UTF8.self).split(separator: "\u{1D}").compactMap { text in
      let parts = text.split(separator: field, omittingEmptySubsequences: false).map(String.init)
      guard parts.count >= 6, let kind = DiagnosticKind(rawValue: parts[0]),
        let span = span(parts[2], parts[3], source)
      else { return nil }
      let labels = parts.dropFirst(6).compactMap { label -> Diagnostic.Label? in
        let fields = label.split(separator: part, omittingEmptySubsequences: false).map(String.init)
        guard fields.count == 3, let span = Self.span(fields[0], fields[1], source) else {
          return nil
        }
        return Diagnostic.Label(span, fields[2])
      }
      return Diagnostic(
        kind, parts[1], at: span, labels: labels,
        notes: parts[5].split(separator: part).map(String.init),
        help: parts[4].isEmpty ? nil : parts[4])
    }
  }

  private static func span(_ lower: String, _ upper: String, _ source: SourceText) -> SourceSpan? {
    guard let lower = Int(lower), let upper = Int(upper), 0 <= lower, lower <= upper,
      upper <= source.utf8.count
    else { return nil }
    return SourceSpan(source, TextRange(lower, upper))
  }
}

// A frame of the stepper as text: where, operands, rule with numbers, shapes, ledger, check, health.

import Autodiff
import Diagnostics
import Engine

package enum FrameText {
  /// What the source says at a value: the place, the line, and which part of it.
  package typealias Origin = (place: String, line: String, marked: Range<Int>)

  package static func render(
    _ frame: WalkFrame, index: Int, count: Int, turn: String? = nil, origin: Origin?,
    keys: String, _ layout: WalkLayout
  ) -> StyledText {
    var writer = WalkWriter(layout)
    writer.put(
      "\(index == 0 ? " " : "◀") \(index + 1)/\(count) \(index + 1 == count ? " " : "▶")", .accent)
    if let turn { writer.put("  \(turn)", .accent) }
    writer.flow("  \(frame.half.rawValue)  ", .keyword, indent: 4)
    writer.flow(frame.title, .strong, indent: 4)
    if let origin { writer.flow("  (\(origin.place))", .dim, indent: 4) }
    writer.end()
    if let origin { source(origin, &writer) }
    operands(frame, &writer)
    for part in frame.rules { rule(part, frame, &writer) }
    for line in frame.lines { self.line(line, &writer) }
    said(frame.half == .update ? "rule" : "shapes", frame.shapes, &writer)
    for line in frame.ledgers { ledger(line, &writer) }
    if let check = frame.check { said("check", [check], &writer) }
    said("health", frame.health, &writer)
    for key in keys.split(separator: "  ") { writer.flow("  \(key)", .dim, indent: 2) }
    writer.end()
    return writer.text
  }

  /// The source line with the part that is being differentiated marked.
  private static func source(_ origin: Origin, _ writer: inout WalkWriter) {
    let room = writer.layout.width - 5
    let characters = Array(origin.line)
    let indent = characters.prefix { $0 == " " }.count
    let start = origin.marked.upperBound - indent > room ? origin.marked.lowerBound : indent
    let shown = characters.dropFirst(start).prefix(room)
    guard !shown.isEmpty else { return }
    writer.put("    \(String(shown))\n", .dim)
    let from = max(0, origin.marked.lowerBound - start)
    let length = min(origin.marked.upperBound - start, room) - from
    guard length > 0, length < shown.count else { return }
    writer.put("    " + String(repeating: " ", count: from))
    writer.put(String(repeating: "~", count: length) + "\n", .accent)
  }

  private static func operands(_ frame: WalkFrame, _ writer: inout WalkWriter) {
    let names = frame.operands.map { ($0.isResult ? "→ " : "  ") + $0.name }
    let width = names.map { TextWidth.columns(of: $0) }.max() ?? 0
    let shapes = frame.operands.map { "\($0.shape)" }
    let shapeWidth = shapes.map(\.count).max() ?? 0
    for (index, operand) in frame.operands.enumerated() {
      writer.put(" " + WalkText.padded(names[index], width), .name)
      writer.flow("  \(WalkText.padded(shapes[index], shapeWidth))", .dim, indent: 5)
      let corner = WalkText.corner(
        operand.values, operand.shape, writer.layout, operand.dtype)
      writer.flow("  \(corner)", .number, indent: 5)
      writer.end()
    }
  }

  private static func rule(_ part: WalkPart, _ frame: WalkFrame, _ writer: inout WalkWriter) {
    writer.put("   ")
    writer.put(part.gradientName, .name)
    let legend = part.legend.map { ", \($0.symbol) = \($0.value)" }.joined()
    writer.flow(" = \(part.rule)\(legend)", indent: 6)
    writer.flow("  \(part.shape)", .dim, indent: 6)
    writer.end()
  }

  private static func line(_ line: ScalarLine, _ writer: inout WalkWriter) {
    writer.put("   ")
    FocusText.append(line, &writer)
  }

  private static func ledger(_ line: ScalarLine, _ writer: inout WalkWriter) {
    writer.put("  ledger ", .keyword)
    FocusText.append(line, &writer)
  }

  private static func said(_ what: String, _ words: [String], _ writer: inout WalkWriter) {
    for (index, sentence) in words.enumerated() {
      writer.put("  " + WalkText.padded(index == 0 ? what : "", 7), .keyword)
      writer.flow(" ", indent: 10)
      writer.words(sentence, indent: 10)
      writer.end()
    }
  }
}

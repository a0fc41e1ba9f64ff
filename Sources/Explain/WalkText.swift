// The walk as text, for as many columns as there are.

import Autodiff
import Diagnostics
import Engine

package enum WalkText {
  /// Forward lines, backward lines with their ledgers, the scalar walk, the update.
  ///
  /// - Parameters:
  ///   - source: the loss as the user wrote it.
  ///   - place: where they did.
  package static func render(
    _ walk: Walk, source: String? = nil, place: String?, _ layout: WalkLayout = WalkLayout(),
    update: Walk.Update? = nil
  ) -> StyledText {
    var writer = WalkWriter(layout)
    writer.put(walk.lossName, .strong)
    writer.flow(" = \(source ?? walk.steps.last?.formula ?? "")", indent: 4)
    if let place { writer.flow("  \(place)", .dim, indent: 4) }
    writer.end()
    if let focus = walk.focus {
      FocusText.append(focus, walk, to: &writer)
    } else {
      forward(walk, &writer)
      backward(walk, &writer)
    }
    if let update { self.update(update, walk, &writer) }
    legend(walk, &writer)
    for name in walk.updated {
      writer.words("\(name) was updated since; these are the values before.", .dim, indent: 0)
      writer.end()
    }
    return writer.text
  }

  /// What the letters stand for, as many as fit on a line.
  private static func legend(_ walk: Walk, _ writer: inout WalkWriter) {
    guard !walk.legend.isEmpty else { return }
    for (index, entry) in walk.legend.enumerated() {
      writer.flow(
        (index == 0 ? "  " : "   ") + "\(entry.symbol) = \(entry.meaning)", .dim, indent: 2)
    }
    writer.end()
  }

  private static func margin(_ walk: Walk) -> Int {
    max(2, walk.steps.map(\.label.count).max() ?? 0)
  }

  private static func forward(_ walk: Walk, _ writer: inout WalkWriter) {
    writer.put("forward\n", .accent)
    let names = walk.steps.map { "\($0.name) = \($0.formula)" }
    let limit = writer.layout.width * 2 / 5
    let width = min(limit, names.map { TextWidth.columns(of: $0) }.max() ?? 0)
    let shapes = walk.steps.map { "\($0.node.shape)" }
    let shapeWidth = shapes.map(\.count).max() ?? 0
    let margin = margin(walk)
    for (index, step) in walk.steps.enumerated() {
      writer.put(" \(padded(step.label, margin, left: true))  ", .dim)
      writer.flow(padded(names[index], width), .name, indent: margin + 5)
      let value = corner(step.value, step.node.shape, writer.layout, step.node.dtype)
      let isWide = !writer.fits(4 + shapeWidth + TextWidth.columns(of: value))
      writer.flow(
        "  \(isWide ? shapes[index] : padded(shapes[index], shapeWidth))", .dim,
        indent: margin + 5)
      writer.flow("  \(value)", .number, indent: margin + 5)
      writer.end()
    }
  }

  private static func backward(_ walk: Walk, _ writer: inout WalkWriter) {
    writer.put("backward\n", .accent)
    let subjects = walk.steps.flatMap { $0.parts.map { $0.gradientName.count } }
    let width = min(writer.layout.width / 4, subjects.max() ?? 0)
    let margin = margin(walk)
    for step in walk.steps.reversed() {
      for (index, part) in step.parts.enumerated() {
        writer.put(" \(padded(index == 0 ? step.label : "", margin, left: true))  ", .dim)
        append(part, in: step, width, &writer)
      }
      for ledger in walk.ledgers where ledger.readyAfter == step.label {
        writer.put(String(repeating: " ", count: margin + 3))
        append(ledger, &writer)
      }
    }
  }

  static func append(
    _ part: WalkPart, in step: WalkStep, _ width: Int, _ writer: inout WalkWriter
  ) {
    let indent = 8
    let subject =
      part.isPartial ? "\(part.gradientName) through \(step.name)" : part.gradientName
    writer.put(padded(subject, width), part.isParameter ? .strong : .name)
    let legend = part.legend.map { ", \($0.symbol) = \($0.value)" }.joined()
    let value = corner(part.value, part.shape, writer.layout, part.dtype)
    if part.rule != value { writer.flow(" = \(part.rule)\(legend)", indent: indent) }
    if writer.fits(3 + TextWidth.columns(of: value)) {
      writer.put(" = ")
    } else {
      writer.line(at: indent)
      writer.put("= ")
    }
    writer.flow(value, .number, indent: indent + 2)
    if let note = part.note { writer.flow("  (\(note))", .dim, indent: indent + 1) }
    writer.end()
  }

  static func append(_ ledger: Ledger, _ writer: inout WalkWriter) {
    writer.put(ledger.gradientName, .name)
    writer.put(" =")
    let isNumber = ledger.total.count == 1
    for (index, part) in ledger.parts.enumerated() {
      var number = corner(part.value, ledger.shape, writer.layout, ledger.dtype)
      var sign = index == 0 ? " " : " + "
      if isNumber, index > 0, number.hasPrefix("−") {
        number.removeFirst()
        sign = " − "
      }
      writer.flow("\(sign)\(number) (through \(part.step))", indent: 9)
    }
    let total = corner(ledger.total, ledger.shape, writer.layout, ledger.dtype)
    if writer.fits(3 + TextWidth.columns(of: total)) {
      writer.put(" = ")
    } else {
      writer.line(at: 9)
      writer.put("= ")
    }
    writer.flow(total, .number, indent: 11)
    writer.end()
  }

  /// The update: old value, gradient, the rule with numbers, new value, and the loss after it.
  private static func update(_ update: Walk.Update, _ walk: Walk, _ writer: inout WalkWriter) {
    let layout = writer.layout
    writer.put("update", .accent)
    writer.flow("  \(update.rule)", indent: 2)
    writer.end()
    for line in update.lines {
      writer.put("     ")
      FocusText.append(line, &writer)
    }
    for change in update.lines.isEmpty ? update.changes : [] {
      let text = { corner($0, change.node.shape, layout, change.node.dtype) }
      writer.put("     ")
      writer.put(change.name, .strong)
      if let rate = update.rate {
        writer.put(" ←")
        writer.flow(" \(text(change.old))", indent: 8)
        let lr = NumberText.written(rate, digits: 17)
        writer.flow(" − \(lr) · \(text(change.gradient))", indent: 8)
        writer.flow(" = \(text(change.new))", indent: 8)
      } else {
        writer.flow(" \(text(change.old))", indent: 8)
        writer.flow(" → \(text(change.new))", indent: 8)
      }
      writer.end()
    }
    writer.put("     \(walk.lossName) after it = ")
    let loss = NumberText.written(
      update.loss, digits: writer.digits, isSingle: walk.loss.dtype == .f32)
    writer.put(loss + "\n", .number)
  }

  /// A corner of a tensor, at most two rows of three, fewer where they are long.
  static func corner(
    _ values: [Double], _ shape: Shape, _ layout: WalkLayout, _ dtype: DType = .f64
  ) -> String {
    var text = ""
    for width in [3, 2, 1] {
      text = corner(values, shape, layout, dtype, width: width)
      if TextWidth.columns(of: text) <= layout.width - 11 { break }
    }
    return text
  }

  private static func corner(
    _ values: [Double], _ shape: Shape, _ layout: WalkLayout, _ dtype: DType, width: Int
  ) -> String {
    let number = { (x: Double) in
      dtype == .bool
        ? (x == 0 ? "false" : "true")
        : NumberText.written(x, digits: layout.digits, isSingle: dtype == .f32)
    }
    guard shape.rank > 0 else { return values.first.map(number) ?? "" }
    let columns = max(1, shape[shape.rank - 1])
    let rows = values.count / columns
    let row = { (index: Int) -> String in
      let shown = values[index * columns..<index * columns + min(width, columns)].map(number)
      return "[" + shown.joined(separator: ", ") + (columns > width ? ", …]" : "]")
    }
    guard rows > 0, !values.isEmpty else { return "[]" }
    if shape.rank == 1 || rows == 1 { return row(0) }
    let shown = (0..<min(2, rows)).map(row)
    return "[" + shown.joined(separator: ", ") + (rows > 2 ? ", …]" : "]")
  }

  static func padded(_ text: String, _ width: Int, left: Bool = false) -> String {
    let space = String(repeating: " ", count: max(0, width - TextWidth.columns(of: text)))
    return left ? space + text : text + space
  }
}

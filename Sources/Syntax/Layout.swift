// Text whose line breaks are decided when it is printed: what the formatter builds. After Wadler,
// "A prettier printer" (2003), with two differences: line breaks that the author made are kept
// without breaking what is around them, and the text inside a group that fits isn't indented.

import Diagnostics

/// A text with places where it may be broken.
indirect enum Layout {
  case text(String)
  /// A comment at the end of a line: it never makes a line too long.
  case comment(String)
  /// A line end in every case.
  case newline
  /// An empty line and a line end.
  case blankLine
  /// A line end where the group is broken, else the text.
  case line(String)
  /// A line end where what follows, up to the next possible break, doesn't fit; else a space.
  case fill
  /// A text that is only there where the group is broken.
  case ifBroken(String)
  /// Two columns further in where the group is broken.
  case indent(Layout)
  /// Parts in a row, two columns further in after the first of them that breaks the line.
  case hanging([Layout])
  /// Broken or not as one: broken where it doesn't fit on the line, or where the author broke it.
  case group(Layout, isBroken: Bool)
  /// As a group, but only on one line if all of it is: a block.
  case block(Layout, isBroken: Bool)
  case sequence([Layout])

  static var space: Layout { .text(" ") }
  static var empty: Layout { .sequence([]) }
}

/// Prints layouts; linear in the text for a given width.
struct LayoutPrinter {
  private let width: Int
  private var output = ""
  private var column = 0
  /// White space that the line begins with, written when something follows.
  private var margin = 0
  /// What is still to be printed, the next last.
  private var stack: [Item] = []

  private struct Item {
    var indentation: Int
    var isBroken: Bool
    var layout: Layout
  }

  private init(width: Int) {
    self.width = width
  }

  static func print(_ layout: Layout, width: Int = 100) -> String {
    var printer = LayoutPrinter(width: width)
    printer.stack = [Item(indentation: 0, isBroken: true, layout: layout)]
    while let item = printer.stack.popLast() { printer.print(item) }
    return printer.output
  }

  private mutating func print(_ item: Item) {
    switch item.layout {
    case .text(let text), .comment(let text): write(text)
    case .newline: breakLine(item.indentation)
    case .blankLine:
      output += "\n"
      breakLine(item.indentation)
    case .line(let flat):
      if item.isBroken { breakLine(item.indentation) } else { write(flat) }
    case .fill:
      if item.isBroken, !fits(after: 1) { breakLine(item.indentation) } else { write(" ") }
    case .ifBroken(let text): if item.isBroken { write(text) }
    case .indent(let inner):
      let indentation = item.indentation + (item.isBroken ? 2 : 0)
      stack.append(Item(indentation: indentation, isBroken: item.isBroken, layout: inner))
    case .group(let inner, let isForced):
      stack.append(Item(indentation: item.indentation, isBroken: false, layout: inner))
      if isForced || !fits(after: 0) { stack[stack.count - 1].isBroken = true }
    case .block(let inner, let isForced):
      stack.append(Item(indentation: item.indentation, isBroken: false, layout: inner))
      if isForced || !fits(after: 0, asOneLine: true) { stack[stack.count - 1].isBroken = true }
    case .hanging(let parts): hang(parts, item)
    case .sequence(let parts):
      for part in parts.reversed() {
        stack.append(
          Item(indentation: item.indentation, isBroken: item.isBroken, layout: part))
      }
    }
  }

  /// Prints the first of some parts and leaves the rest on the stack.
  private mutating func hang(_ parts: [Layout], _ item: Item) {
    guard let first = parts.first else { return }
    var rest = Item(
      indentation: item.indentation, isBroken: item.isBroken,
      layout: .hanging(Array(parts.dropFirst())))
    // Of a row that has broken, the rest is one indented sequence.
    func breaks() {
      rest.indentation += 2
      rest.layout = .sequence(Array(parts.dropFirst()))
    }
    switch first {
    case .fill:
      stack.append(rest)
      let fits = !item.isBroken || fits(after: 1)
      stack.removeLast()
      if !fits { breaks() }
      stack.append(rest)
      if fits { write(" ") } else { breakLine(rest.indentation) }
    case .line(let flat):
      if item.isBroken { breaks() }
      stack.append(rest)
      if item.isBroken { breakLine(rest.indentation) } else { write(flat) }
    case .newline, .sequence:
      // A sequence between parts is a gap with comments, which ends with a line end.
      breaks()
      stack.append(rest)
      stack.append(
        Item(indentation: rest.indentation, isBroken: item.isBroken, layout: first))
    default:
      stack.append(rest)
      stack.append(Item(indentation: item.indentation, isBroken: item.isBroken, layout: first))
    }
  }

  private mutating func write(_ text: String) {
    if text.isEmpty { return }
    output += String(repeating: " ", count: margin)
    margin = 0
    output += text
    column += TextWidth.columns(of: text)
  }

  private mutating func breakLine(_ indentation: Int) {
    output += "\n"
    margin = indentation
    column = indentation
  }

  /// Whether what is on the stack, after some columns, reaches a possible line end in time; `asOneLine`:
  /// not before the topmost item is over.
  private func fits(after columns: Int, asOneLine: Bool = false) -> Bool {
    var left = width - column - columns
    var below = stack.count
    var pending: [(isBroken: Bool, layout: Layout)] = []
    while left >= 0 {
      guard let (isBroken, layout) = pending.popLast() else {
        guard below > 0 else { return true }
        below -= 1
        pending.append((stack[below].isBroken, stack[below].layout))
        continue
      }
      let isOver = !asOneLine || below < stack.count - 1
      switch layout {
      case .text(let text): left -= TextWidth.columns(of: text)
      case .comment, .newline, .blankLine: return isOver
      case .line(let flat):
        if isBroken { return isOver }
        left -= TextWidth.columns(of: flat)
      case .fill:
        if isBroken { return isOver }
        left -= 1
      case .ifBroken(let text): if isBroken { left -= TextWidth.columns(of: text) }
      case .indent(let inner): pending.append((isBroken, inner))
      case .group(let inner, let isForced), .block(let inner, let isForced):
        pending.append((isForced, inner))
      case .hanging(let parts), .sequence(let parts):
        for part in parts.reversed() { pending.append((isBroken, part)) }
      }
    }
    return false
  }
}

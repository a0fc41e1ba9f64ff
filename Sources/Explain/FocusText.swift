// The scalar walk as text: symbols, then numbers put in, then the result.

import Autodiff
import Diagnostics
import Engine

package enum FocusText {
  static func append(_ focus: FocusWalk, _ walk: Walk, to writer: inout WalkWriter) {
    let value = NumberText.written(
      focus.value, digits: writer.digits, isSingle: focus.isSingle)
    writer.put("at ")
    writer.put(focus.name, .strong)
    writer.put(" = \(value)\n")
    writer.put("forward\n", .accent)
    append(focus.forward, &writer)
    writer.put("backward\n", .accent)
    append(focus.backward, &writer)
    if !focus.details.isEmpty {
      writer.put("where\n", .accent)
      append(focus.details, &writer)
    }
    elsewhere(focus, &writer)
  }

  /// What has no line: numbers of other steps, and elements that were left out.
  private static func elsewhere(_ focus: FocusWalk, _ writer: inout WalkWriter) {
    if !focus.elsewhere.isEmpty {
      writer.put("from the rest of the walk\n", .accent)
      for (index, symbol) in focus.elsewhere.enumerated() {
        let number = NumberText.written(
          symbol.value, digits: writer.digits, isSingle: symbol.isSingle)
        let space = index == 0 ? "     " : "   "
        writer.flow("\(space)\(symbol.text) = \(number)", .dim, indent: 5)
      }
      writer.end()
    }
    for part in focus.omitted {
      let noun = part.count == 1 ? "element" : "elements"
      writer.put("  ")
      writer.words(
        "\(part.count) more \(noun) of \(part.name), with smaller gradients, not shown", .dim,
        indent: 2)
      writer.end()
    }
  }

  private static func append(_ lines: [ScalarLine], _ writer: inout WalkWriter) {
    var last: String?
    let width = max(2, lines.compactMap { $0.step?.count }.max() ?? 0)
    for line in lines {
      let label = line.step.flatMap { $0 == last ? nil : $0 } ?? ""
      last = line.step
      writer.put(" \(WalkText.padded(label, width, left: true))  ", .dim)
      append(line, &writer)
    }
  }

  /// One line, broken before an equals sign where it would be too long.
  static func append(_ line: ScalarLine, _ writer: inout WalkWriter) {
    writer.put(line.subject, .name)
    let pieces = self.pieces(line, writer.digits)
    let total = pieces.reduce(0) { $0 + TextWidth.columns(of: $1) + 3 }
    let isLong = !writer.fits(total)
    var indent = writer.used
    var isOwnLine = false
    if isLong, indent > writer.layout.width / 2 {
      indent = min(8, writer.layout.width / 5)
      writer.line(at: indent)
      isOwnLine = true
    }
    for (index, piece) in pieces.enumerated() {
      if index > 0, isLong { writer.line(at: indent) }
      writer.put(isOwnLine ? "= " : " = ")
      writer.flow(
        piece, index == pieces.count - 1 ? .number : .plain,
        indent: min(writer.used, writer.layout.width / 2))
    }
    writer.end()
  }

  /// Symbols, numbers put in, the ledger, the result; what would only repeat is left out.
  package static func pieces(_ line: ScalarLine, _ digits: Int) -> [String] {
    let parts = parts(line, digits)
    return [parts.symbols, parts.numbers, parts.ledger, parts.result].compactMap { $0 }
  }

  /// - Parameter isMarked: whether each number is followed by what it is the value of; see
  ///   `Formula.View.marked`.
  static func parts(_ line: ScalarLine, _ digits: Int, isMarked: Bool = false)
    -> (symbols: String?, numbers: String?, ledger: String?, result: String?)
  {
    let number = NumberText.written(line.result, digits: digits, isSingle: line.isSingle)
    let result = line.isTruth ? (line.result == 0 ? "false" : "true") : number
    guard let formula = line.formula else { return (line.words, nil, nil, result) }
    let legend = formula.legend.map {
      ", \($0.text) = \(NumberText.written($0.value, digits: digits, isSingle: $0.isSingle))"
    }
    let symbols = formula.text(.symbols)
    let numbers = formula.text(.numbers(digits: digits))
    // A sum of gradients alone is its own ledger.
    let hasLedger = !line.terms.isEmpty && !line.terms.allSatisfy({ $0.formula.isPlain })
    let ledger = hasLedger ? ledger(line.terms, digits) : nil
    return (
      symbols != numbers ? symbols + legend.joined() : nil,
      isMarked ? formula.text(.marked(digits: digits)) : numbers, ledger,
      (ledger ?? numbers) != result ? result : nil
    )
  }

  /// `0.0553994 (through o_in[0, 0]) − 0.0190491 (through o_in[0, 1])`
  private static func ledger(_ terms: [Contribution], _ digits: Int) -> String {
    let order = terms.indices.sorted { terms[$0].value.magnitude > terms[$1].value.magnitude }
    let shown = terms.count > 6 ? order.prefix(5).sorted() : Array(terms.indices)
    var result = ""
    for (place, index) in shown.enumerated() {
      var number = NumberText.written(
        terms[index].value, digits: digits, isSingle: terms[index].isSingle)
      var sign = place == 0 ? "" : " + "
      if place > 0, number.hasPrefix("−") {
        number.removeFirst()
        sign = " − "
      }
      result += "\(sign)\(number) (through \(terms[index].through))"
    }
    guard shown.count < terms.count else { return result }
    let rest = order.dropFirst(5).reduce(0.0) { $0 + terms[$1].value }
    let number = NumberText.written(rest, digits: digits)
    return result + " + (\(terms.count - 5) more = \(number))"
  }
}

extension Formula {
  /// Whether it is one value, with a sign at most.
  var isPlain: Bool {
    switch self {
    case .value, .number: true
    case .negative(let inner): inner.isPlain
    default: false
    }
  }
}

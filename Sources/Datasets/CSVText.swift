// Tables as comma-separated values by RFC 4180, as `CSV.parse` reads them.

import Engine

extension CSV {
  /// The text of a table: its names, then a line for each row. What is missing is empty.
  package static func text(_ table: Table) -> String {
    var text = table.columns.map { field($0.name) }.joined(separator: ",") + "\n"
    for row in 0..<table.rowCount {
      for (place, column) in table.columns.enumerated() {
        if place > 0 { text += "," }
        switch column.values {
        case .numbers(let values): text += values[row].map(number) ?? ""
        case .strings(let values): text += values[row].map(field) ?? ""
        }
      }
      text += "\n"
    }
    return text
  }

  /// The shortest text that reads back as the number; one that f32 holds has come from there, and gets as
  /// many digits as it takes there.
  private static func number(_ x: Double) -> String {
    Double(Float(x)) == x ? NumberFormat.shortest(Float(x)) : NumberFormat.shortest(x)
  }

  /// In quotes where it would read differently without them.
  private static func field(_ text: String) -> String {
    let isPlain =
      !text.isEmpty && text.first != " " && text.last != " "
      && text.utf8.allSatisfy { ![0x22, 0x2C, 0x0A, 0x0D].contains($0) }
    return isPlain
      ? text
      : "\""
        + text.split(separator: "\"", omittingEmptySubsequences: false)
        .joined(separator: "\"\"") + "\""
  }
}

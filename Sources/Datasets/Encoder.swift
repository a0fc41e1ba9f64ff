// Strings as numbers, for one table and for those that come later.

/// What the columns of a table were and how their words become numbers: two words one column of 0 and
/// 1 (the first in alphabetical order is 0), more words a column of 0 and 1 for each.
package struct Encoder: Sendable, Equatable {
  package struct Entry: Sendable, Equatable {
    package let name: String
    /// In alphabetical order; nil for a column of numbers.
    package let words: [String]?
    package init(name: String, words: [String]?) { (self.name, self.words) = (name, words) }
  }

  package let columns: [Entry]
  private static let limit = 1000

  package init(columns: [Entry]) { self.columns = columns }

  /// Learns the words of a table.
  package init(_ table: Table) throws(DataProblem) {
    var entries: [Entry] = []
    for column in table.columns {
      guard case .strings(let values) = column.values else {
        entries.append(Entry(name: column.name, words: nil))
        continue
      }
      let words = Set(values.compactMap { $0 }).sorted()
      guard words.count <= Encoder.limit else {
        throw DataProblem(
          "column \(column.name) has \(words.count) different strings, which would be a column "
            + "each; drop it first")
      }
      entries.append(Entry(name: column.name, words: words))
    }
    columns = entries
  }

  /// Numbers for a table with the same columns.
  package func encode(_ table: Table) throws(DataProblem) -> Table {
    if let name = table.names.first(where: { name in !columns.contains { $0.name == name } }) {
      throw DataProblem("column \(name) was not there when encode learned the words")
    }
    var result: [(name: String, values: Column)] = []
    for column in columns {
      guard let values = table[column.name] else {
        throw DataProblem("the table has no column \(column.name), which encode saw")
      }
      result += try encode(column, values)
    }
    var names: Set<String> = []
    for (name, _) in result where !names.insert(name).inserted {
      throw DataProblem("two columns would be named \(name)")
    }
    return Table(result)
  }

  private func encode(_ column: Entry, _ values: Column) throws(DataProblem)
    -> [(name: String, values: Column)]
  {
    switch (column.words, values) {
    case (nil, .numbers): return [(column.name, values)]
    case (let words?, .strings(let texts)):
      if let row = texts.firstIndex(where: { $0.map { !words.contains($0) } ?? false }) {
        throw DataProblem(
          "row \(row) of column \(column.name) is \"\(texts[row] ?? "")\", which encode has not "
            + "seen; it knows \(Encoder.listed(words))")
      }
      guard words.count > 2 else {
        return [(column.name, .numbers(texts.map { $0.map { $0 == words.last ? 1 : 0 } }))]
      }
      return words.map { word in
        ("\(column.name)_\(word)", .numbers(texts.map { $0.map { $0 == word ? 1 : 0 } }))
      }
    // A column in which everything is missing has no kind of its own.
    case (let words?, .numbers(let numbers)) where numbers.allSatisfy({ $0 == nil }):
      return try encode(
        Entry(name: column.name, words: words), .strings(numbers.map { _ in nil }))
    default:
      let (was, isNow) = column.words == nil ? ("numbers", "strings") : ("strings", "numbers")
      throw DataProblem("column \(column.name) held \(was) when encode saw it, and now \(isNow)")
    }
  }

  private static func listed(_ words: [String]) -> String {
    words.count > 5
      ? "\(words.prefix(4).joined(separator: ", ")) and \(words.count - 4) more"
      : words.joined(separator: ", ")
  }
}

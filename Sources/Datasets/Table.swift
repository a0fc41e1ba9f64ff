// Tables: named columns of equal length, numbers or strings, with missing values.

import Engine

/// A column's values.
package enum Column: Sendable, Equatable {
  /// Nil where a value is missing.
  case numbers([Double?])
  case strings([String?])

  package var count: Int {
    switch self {
    case .numbers(let values): values.count
    case .strings(let values): values.count
    }
  }

  /// The rows in which nothing stands.
  package var missingRows: [Int] {
    switch self {
    case .numbers(let values): values.indices.filter { values[$0] == nil }
    case .strings(let values): values.indices.filter { values[$0] == nil }
    }
  }

  package func isMissing(_ row: Int) -> Bool {
    switch self {
    case .numbers(let values): values[row] == nil
    case .strings(let values): values[row] == nil
    }
  }

  package func rows(_ indices: [Int]) -> Column {
    switch self {
    case .numbers(let values): .numbers(indices.map { values[$0] })
    case .strings(let values): .strings(indices.map { values[$0] })
    }
  }

  /// Whether f32 would change one of its whole numbers.
  package var needsDouble: Bool {
    guard case .numbers(let values) = self else { return false }
    return values.contains { value in
      guard let value, value.magnitude > 16_777_216, value.isFinite else { return false }
      return value == value.rounded() && Double(Float(value)) != value
    }
  }
}

/// What is wrong with data, by row and column where known.
package struct DataProblem: Error, Sendable {
  package enum Kind: Sendable {
    case data, memory, interrupt
  }

  package let kind: Kind
  package let message: String
  package init(_ message: String, _ kind: Kind = .data) {
    (self.message, self.kind) = (message, kind)
  }

  package static let interrupted = DataProblem("interrupted", .interrupt)
}

package struct Table: Sendable, Equatable {
  package struct Entry: Sendable, Equatable {
    package let name: String
    package var values: Column
  }

  package private(set) var columns: [Entry]
  package let rowCount: Int

  package init(_ columns: [(name: String, values: Column)]) {
    self.columns = columns.map { Entry(name: $0.name, values: $0.values) }
    rowCount = columns.first?.values.count ?? 0
  }

  private init(_ columns: [Entry], rowCount: Int) {
    (self.columns, self.rowCount) = (columns, rowCount)
  }

  package var names: [String] { columns.map(\.name) }
  package subscript(name: String) -> Column? { columns.first { $0.name == name }?.values }

  package func rows(_ indices: [Int]) -> Table {
    Table(
      columns.map { Entry(name: $0.name, values: $0.values.rows(indices)) },
      rowCount: indices.count)
  }

  package func selecting(_ names: [String]) -> Table {
    Table(
      names.compactMap { name in columns.first { $0.name == name } }, rowCount: rowCount)
  }

  package func dropping(_ names: [String]) -> Table {
    Table(columns.filter { !names.contains($0.name) }, rowCount: rowCount)
  }

  /// With a column changed, or one more; it has as many rows as the others.
  package func setting(_ name: String, _ values: Column) -> Table {
    var columns = columns
    if let place = columns.firstIndex(where: { $0.name == name }) {
      columns[place].values = values
    } else {
      columns.append(Entry(name: name, values: values))
    }
    return Table(columns, rowCount: rowCount)
  }

  /// Rows in which nothing is missing.
  package var completeRows: [Int] {
    (0..<rowCount).filter { row in columns.allSatisfy { !$0.values.isMissing(row) } }
  }

  /// All numbers, row by row; throws naming the first cell that is no number.
  package func numbers() throws(DataProblem) -> [Double] {
    var result = [Double](repeating: 0, count: rowCount * columns.count)
    for (place, column) in columns.enumerated() {
      guard case .numbers(let values) = column.values else { throw noNumbers(column) }
      for (row, value) in values.enumerated() {
        guard let value else {
          throw DataProblem(
            "row \(row) of column \(column.name) is missing; fill or drop it first")
        }
        result[row * columns.count + place] = value
      }
    }
    return result
  }

  private func noNumbers(_ column: Entry) -> DataProblem {
    guard case .strings(let values) = column.values,
      let row = values.firstIndex(where: { $0.map { CSV.number($0) == nil } ?? false }),
      let text = values[row]
    else { return DataProblem("column \(column.name) holds no numbers") }
    let shown = text.count > 30 ? text.prefix(29) + "…" : text[...]
    return DataProblem(
      "row \(row) of column \(column.name) is \"\(shown)\", not a number; encode(table) makes "
        + "numbers of strings")
  }
}

// Tables: named columns of equal length, numbers or strings, with missing values.

/// A column's values.
package enum Column: Sendable {
  /// Nil where a value is missing.
  case numbers([Double?])
  case strings([String?])

  package var count: Int {
    switch self {
    case .numbers(let values): values.count
    case .strings(let values): values.count
    }
  }

  package var missing: Int {
    switch self {
    case .numbers(let values): values.lazy.filter { $0 == nil }.count
    case .strings(let values): values.lazy.filter { $0 == nil }.count
    }
  }

  package func rows(_ indices: [Int]) -> Column {
    switch self {
    case .numbers(let values): .numbers(indices.map { values[$0] })
    case .strings(let values): .strings(indices.map { values[$0] })
    }
  }
}

/// What is wrong with data, by row and column where known.
package struct DataProblem: Error, Sendable {
  package let message: String
  package init(_ message: String) { self.message = message }
}

package struct Table: Sendable {
  package private(set) var columns: [(name: String, values: Column)]

  package init(_ columns: [(name: String, values: Column)]) { self.columns = columns }

  package var rowCount: Int { columns.first?.values.count ?? 0 }
  package var names: [String] { columns.map(\.name) }
  package subscript(name: String) -> Column? { columns.first { $0.name == name }?.values }

  package func rows(_ indices: [Int]) -> Table {
    Table(columns.map { ($0.name, $0.values.rows(indices)) })
  }

  package func selecting(_ names: [String]) -> Table {
    Table(names.compactMap { name in self[name].map { (name, $0) } })
  }

  package func dropping(_ names: [String]) -> Table {
    Table(columns.filter { !names.contains($0.name) })
  }

  package func setting(_ name: String, _ values: Column) -> Table {
    var result = self
    if let place = columns.firstIndex(where: { $0.name == name }) {
      result.columns[place].values = values
    } else {
      result.columns.append((name, values))
    }
    return result
  }

  /// Rows in which nothing is missing.
  package var completeRows: [Int] {
    (0..<rowCount).filter { row in
      columns.allSatisfy {
        switch $0.values {
        case .numbers(let values): values[row] != nil
        case .strings(let values): values[row] != nil
        }
      }
    }
  }

  /// Strings become numbers: two words one column of 0 and 1 (the first in alphabetical order is
  /// 0), more words a column of 0 and 1 for each.
  package func encoded() -> Table {
    var result: [(name: String, values: Column)] = []
    for (name, column) in columns {
      guard case .strings(let values) = column else {
        result.append((name, column))
        continue
      }
      let words = Set(values.compactMap { $0 }).sorted()
      if words.count <= 2 {
        result.append((name, .numbers(values.map { $0.map { $0 == words.last ? 1 : 0 } })))
      } else {
        for word in words {
          result.append(
            ("\(name)_\(word)", .numbers(values.map { $0.map { $0 == word ? 1 : 0 } })))
        }
      }
    }
    return Table(result)
  }

  /// All numbers, row by row; throws naming the first cell that is no number.
  package func numbers() throws(DataProblem) -> [Double] {
    var result = [Double](repeating: 0, count: rowCount * columns.count)
    for (place, column) in columns.enumerated() {
      guard case .numbers(let values) = column.values else {
        throw DataProblem(
          "column \(column.name) holds strings, not numbers; encode(table) makes numbers of them")
      }
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
}

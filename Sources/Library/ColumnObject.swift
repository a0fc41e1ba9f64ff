// Columns that are no tensors: strings, and numbers of which some are missing.

import Autodiff
import Datasets
import Diagnostics
import Engine
import Interpreter

/// A column of strings, or of numbers some of which are missing: a list that gives masks.
final class ColumnObject: ForeignObject {
  let column: Column
  private let name: String

  private init(_ column: Column, _ name: String) { (self.column, self.name) = (column, name) }

  /// A column as a value: a tensor where all of it are numbers, in f64 where f32 would change them.
  static func value(_ column: Column, _ name: String, _ session: Session) throws -> Value {
    guard case .numbers(let values) = column else { return .foreign(ColumnObject(column, name)) }
    let known = values.compactMap { $0 }
    guard known.count == values.count else { return .foreign(ColumnObject(column, name)) }
    return .tensor(
      try session.graph.tensor(
        known, shape: [known.count],
        dtype: column.needsDouble ? .f64 : session.graph.defaultDType))
  }

  /// The column that a list, a tensor or another column makes.
  static func column(of value: Value, _ name: String, _ session: Session) throws -> Column {
    if case .foreign(let object as ColumnObject) = value { return object.column }
    if let node = session.node(value), node.shape.rank == 1 {
      return .numbers(try session.graph.values(node))
    }
    guard session.length(value) != nil, session.node(value) == nil,
      let elements = try session.elements(value)
    else {
      throw Problem(
        .type,
        "column \(name) is a list or a tensor of one axis, not "
          + (session.node(value).map { "one of shape \($0.shape)" } ?? "\(value.typePhrase)"))
    }
    return try column(elements, name, session)
  }

  private static func column(_ elements: [Value], _ name: String, _ session: Session) throws
    -> Column
  {
    var strings: [String?] = []
    var numbers: [Double?] = []
    for (row, element) in elements.enumerated() {
      switch element {
      case .none:
        strings.append(nil)
        numbers.append(nil)
      case .string(let text): strings.append(text.text)
      case .number(let x): numbers.append(x)
      case let other:
        guard let node = session.node(other), node.shape.count == 1 else {
          throw Problem(
            .type, "row \(row) of column \(name) is a number or a string, not \(other.typePhrase)")
        }
        numbers.append(try session.graph.item(node))
      }
    }
    if numbers.count == elements.count { return .numbers(numbers) }
    guard strings.count == elements.count else {
      throw Problem(.type, "column \(name) holds numbers or strings, not both")
    }
    return .strings(strings)
  }

  var typeName: String { "column" }
  var length: Int? { column.count }

  func element(_ index: Int, _ session: Session) throws -> Value? { element(index) }

  private func element(_ row: Int) -> Value {
    switch column {
    case .numbers(let values): values[row].map { .number($0) } ?? .none
    case .strings(let values): values[row].map { .string($0) } ?? .none
    }
  }

  private var list: Value { .list((0..<column.count).map { element($0) }) }

  func index(_ items: [IndexValue], _ session: Session) throws -> Value? {
    if items.count == 1, case .value(.number(let x)) = items[0], let row = Int(exactly: x),
      row < column.count, row >= -column.count
    {
      return element(row < 0 ? row + column.count : row)
    }
    return try session.index(list, items)
  }

  func isEqual(to other: any ForeignObject) -> Bool {
    (other as? ColumnObject).map { $0.column == column } ?? false
  }

  /// A mask of the rows that hold a string or a number, or nothing; lists are compared as a whole.
  func comparison(to other: Value, _ session: Session) throws -> Value? {
    let holds: (Int) -> Bool
    switch (column, other) {
    case (_, .none): holds = { [column] in column.isMissing($0) }
    case (.strings(let values), .string(let text)): holds = { values[$0] == text.text }
    case (.numbers(let values), .number(let x)): holds = { values[$0] == x }
    case (_, .list): return .bool(try session.isEqual(list, other))
    default: return nil
    }
    return .tensor(
      try session.graph.tensor(
        (0..<column.count).map { holds($0) ? 1 : 0 }, shape: [column.count], dtype: .bool))
  }

  var noTensor: Problem? {
    guard case .numbers = column, let first = column.missingRows.first else {
      return Problem(
        .type, "column \(name) holds strings, not numbers",
        help: "encode(table) makes numbers of them; classes(t.\(name)) class numbers")
    }
    let count = column.missingRows.count
    return Problem(
      .data, "column \(name) misses \(count) of \(column.count) values, the first in row \(first)",
      help: "write fill(table, \"mean\"), or drop(table) to leave out such rows")
  }

  func describe(_ session: Session) throws -> StyledText { try session.describe(list) }
}

// Tables and reading data.

import Autodiff
import Datasets
import Diagnostics
import Engine
import Glibc
import Interpreter

/// A table of the language: a value.
final class TableObject: ForeignObject {
  let table: Table
  init(_ table: Table) {
    self.table = table
  }

  var typeName: String { "table" }
  var length: Int? { table.rowCount }
  var fieldNames: [String] { table.names + ["shape", "columns"] }

  func field(_ name: String, _ session: Session) throws -> Value? {
    if let column = table[name] { return try value(column, name, session) }
    if name == "shape" { return Library.shape(Shape([table.rowCount, table.columns.count])) }
    if name == "columns" { return .list(table.names.map { .string($0) }) }
    return nil
  }

  private func value(_ column: Column, _ name: String, _ session: Session) throws -> Value {
    switch column {
    case .strings(let values): return .list(values.map { $0.map { .string($0) } ?? Value.none })
    case .numbers(let values):
      if values.contains(where: { $0 == nil }) {
        return .list(values.map { $0.map { .number($0) } ?? Value.none })
      }
      return .tensor(
        try session.graph.tensor(
          values.compactMap { $0 }, shape: [values.count], dtype: session.graph.defaultDType))
    }
  }

  func settingField(_ name: String, to value: Value, _ session: Session) throws -> Value? {
    guard let elements = try session.elements(value), elements.count == table.rowCount else {
      throw Problem(.data, "a column of this table has \(table.rowCount) values")
    }
    var strings: [String?] = []
    var numbers: [Double?] = []
    for element in elements {
      switch element {
      case .none: (strings, numbers) = (strings + [nil], numbers + [nil])
      case .string(let text): strings.append(text.text)
      case let other:
        guard let node = session.node(other) else {
          throw Problem(.type, "a column holds numbers or strings, not a \(other.typeName)")
        }
        numbers.append(try session.graph.item(node))
      }
    }
    if strings.count == elements.count {
      return .foreign(TableObject(table.setting(name, .strings(strings))))
    }
    guard numbers.count == elements.count else {
      throw Problem(.type, "a column holds numbers or strings, not both")
    }
    return .foreign(TableObject(table.setting(name, .numbers(numbers))))
  }

  func index(_ items: [IndexValue], _ session: Session) throws -> Value? {
    guard items.count == 1 else { return nil }
    switch items[0] {
    case .value(.string(let name)):
      return try field(name.text, session) ?? { throw unknown(name.text) }()
    case .value(.list(let list)):
      let names = try list.elements.map { element -> String in
        guard case .string(let name) = element else {
          throw Problem(.type, "columns are chosen by their names")
        }
        guard table[name.text] != nil else { throw unknown(name.text) }
        return name.text
      }
      return .foreign(TableObject(table.selecting(names)))
    case .value(.tensor(let tensor)):
      let picks = try session.graph.values(tensor.node)
      if tensor.node.dtype == .bool {
        guard picks.count == table.rowCount else {
          throw Problem(.shape, "the mask has \(picks.count) rows, the table \(table.rowCount)")
        }
        return rows(picks.enumerated().filter { $0.element != 0 }.map(\.offset))
      }
      return rows(
        try picks.map { pick in
          guard let row = Int(exactly: pick), row >= -table.rowCount, row < table.rowCount else {
            throw Problem(.index, "there is no row \(NumberFormat.shortest(pick))")
          }
          return row < 0 ? row + table.rowCount : row
        })
    case .range(let lower, let upper):
      let clamp = { (x: Int) in
        min(max(x < 0 ? x + self.table.rowCount : x, 0), self.table.rowCount)
      }
      let start = clamp(lower ?? 0)
      return rows(Array(start..<max(start, clamp(upper ?? table.rowCount))))
    default:
      throw Problem(
        .type, "a table is indexed by a column's name, a list of names, a mask or a range of rows",
        help: "write t[0..1] for the first row")
    }
  }

  func rows(_ indices: [Int]) -> Value { .foreign(TableObject(table.rows(indices))) }

  private func unknown(_ name: String) -> Problem {
    Problem(
      .name, "the table has no column '\(name)'",
      help: Suggestion.nearest(to: name, in: table.names).map { "did you mean \($0)?" })
  }

  func tensor(_ session: Session) throws -> Value {
    do {
      return .tensor(
        try session.graph.tensor(
          table.numbers(), shape: [table.rowCount, table.columns.count],
          dtype: session.graph.defaultDType))
    } catch let problem as DataProblem { throw Problem(.data, problem.message) }
  }

  func describe(_ session: Session) throws -> StyledText {
    let shown =
      table.rowCount <= 12
      ? Array(0..<table.rowCount) : Array(0..<5) + [-1] + Array(table.rowCount - 3..<table.rowCount)
    var cells = [table.names]
    for row in shown {
      cells.append(table.columns.map { row < 0 ? "…" : TableObject.cell($0.values, row) })
    }
    let widths = table.columns.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    var text = StyledText("table [\(table.rowCount), \(table.columns.count)]\n", .dim)
    for (index, row) in cells.enumerated() {
      let line = zip(row, widths).map { cell, width in
        String(repeating: " ", count: width - cell.count) + cell
      }.joined(separator: "  ")
      text.append(line + (index < cells.count - 1 ? "\n" : ""), index == 0 ? .strong : .plain)
    }
    return text
  }

  private static func cell(_ column: Column, _ row: Int) -> String {
    switch column {
    case .numbers(let values): values[row].map { NumberFormat.shortest($0) } ?? "none"
    case .strings(let values): values[row] ?? "none"
    }
  }
}

enum TableFunctions {
  static let all: [HostFunction] = [
    readCSV, table, head, drop, missing, fill, encode, ScalerFunctions.standardize, classes,
  ]
  private typealias P = HostFunction.Parameter

  private static func given(_ call: Call) throws -> Table {
    guard case .foreign(let object as TableObject) = call.value(0) else {
      throw Problem(
        .type, "\(call.name) wants a table, not a \(call.value(0).typeName)", argument: 0)
    }
    return object.table
  }

  private static func function(
    _ name: String, _ summary: String, _ parameters: [HostFunction.Parameter], _ example: String,
    details: [String] = [], _ action: @escaping HostFunction.Action
  ) -> HostFunction {
    HostFunction(
      name: name, summary: summary, category: "Tables", parameters: parameters,
      details: details, examples: [example], action: action)
  }

  static let readCSV: HostFunction = function(
    "read_csv", "A table from a file of comma-separated values.", [P("path", "a file name")],
    "read_csv(\"no-such-file.csv\")  # error: file",
    details: [
      "The first line names the columns. A column whose every value is a number holds numbers; an",
      "empty field, NA, nan, null or ? is missing. Blanks round a field are left out, except in quotes.",
    ]
  ) { call in
    let path = try call.string(0)
    guard let file = fopen(path, "r") else {
      throw Problem(
        .file, "cannot read \(path): \(String(cString: strerror(errno)))", argument: 0)
    }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      if count == 0 { break }
      bytes += chunk[..<count]
    }
    guard ferror(file) == 0 else {
      throw Problem(.file, "cannot read \(path): \(String(cString: strerror(errno)))", argument: 0)
    }
    do { return .foreign(TableObject(try CSV.parse(bytes))) } catch let problem as DataProblem {
      throw Problem(.data, "\(path): \(problem.message)", argument: 0)
    }
  }

  static let table: HostFunction = function(
    "table", "A table of a record of columns.", [P("columns", "a record of equally long columns")],
    "table({a: [1, 2], b: [\"x\", \"y\"]}).shape  # => [2, 2]"
  ) { call in
    guard case .record(let record) = call.value(0), let first = record.fields.first,
      let rows = call.session.length(first.value)
    else { throw Problem(.type, "table wants a record such as {a: [1, 2]}", argument: 0) }
    var result = TableObject(
      Table([(first.name, .numbers([Double?](repeating: nil, count: rows)))]))
    for (name, value) in record.fields {
      if case .foreign(let next as TableObject)? = try result.settingField(
        name, to: value, call.session)
      {
        result = next
      }
    }
    return .foreign(result)
  }

  static let head: HostFunction = function(
    "head", "The first rows.",
    [P("table", "a table or tensor"), P("n", "how many", default: .optional("5"))],
    "head([1, 2, 3], 2)  # => [1, 2]"
  ) { call in
    let n = try call.int(1, default: 5)
    guard let rows = call.session.length(call.value(0)) else {
      throw Problem(.type, "a \(call.value(0).typeName) has no rows", argument: 0)
    }
    return try Library.rows(call.value(0), Array(0..<max(0, min(n, rows))), call.session)
  }

  static let drop: HostFunction = function(
    "drop", "Without some columns; without names, without the rows in which something is missing.",
    [P("table", "a table"), P("columns", "names", default: .rest)],
    "drop(table({a: [1], b: [2]}), \"a\").columns  # => [\"b\"]"
  ) { call in
    let table = try given(call)
    guard !call.rest.isEmpty else {
      return .foreign(TableObject(table.rows(table.completeRows)))
    }
    let values = call.rest.count == 1 ? try call.session.elementsOfList(call.rest[0]) : call.rest
    let names = try values.map { value -> String in
      let name = try call.session.display(value)
      guard table[name] != nil else {
        throw Problem(
          .name, "the table has no column '\(name)'",
          help: Suggestion.nearest(to: name, in: table.names).map { "did you mean \($0)?" })
      }
      return name
    }
    return .foreign(TableObject(table.dropping(names)))
  }

  static let missing: HostFunction = function(
    "missing", "How many values each column misses.", [P("table", "a table")],
    "missing(table({a: [1, 2]})).a  # => 0"
  ) { call in
    .record(try given(call).columns.map { ($0.name, .number(Double($0.values.missing))) })
  }

  static let fill: HostFunction = function(
    "fill", "Missing values replaced: by a number, a string, or each column's mean or median.",
    [P("table", "a table"), P("by", "a value, \"mean\" or \"median\"")],
    "fill(table({a: list(1, none, 3)}), \"mean\").a  # => [1, 2, 3]"
  ) { call in
    var table = try given(call)
    for (name, column) in table.columns where column.missing > 0 {
      switch column {
      case .numbers(let values):
        let known = values.compactMap { $0 }.sorted()
        let replacement: Double
        switch call.value(1) {
        case .string(let s) where s.text == "mean":
          replacement = known.reduce(0, +) / Double(max(1, known.count))
        case .string(let s) where s.text == "median":
          replacement =
            known.isEmpty ? 0 : (known[(known.count - 1) / 2] + known[known.count / 2]) / 2
        case .string: continue
        default: replacement = try call.number(1)
        }
        table = table.setting(name, .numbers(values.map { $0 ?? replacement }))
      case .strings(let values):
        guard case .string(let text) = call.value(1), text.text != "mean", text.text != "median"
        else {
          continue
        }
        table = table.setting(name, .strings(values.map { $0 ?? text.text }))
      }
    }
    return .foreign(TableObject(table))
  }

  static let encode: HostFunction = function(
    "encode", "Strings as numbers: two words as 0 and 1, more as a column each.",
    [P("table", "a table")],
    "tensor(encode(table({a: [\"no\", \"yes\"]})))  # => [[0], [1]]"
  ) { call in .foreign(TableObject(try given(call).encoded())) }

  static let classes: HostFunction = function(
    "classes", "Strings as class numbers, in alphabetical order.",
    [P("names", "a list of strings")], "classes([\"b\", \"a\", \"b\"])  # => [1, 0, 1]"
  ) { call in
    let names = try call.elements(0).map { try call.session.display($0) }
    let known = Set(names).sorted()
    let numbers = names.map { Double(known.firstIndex(of: $0) ?? 0) }
    let graph = call.session.graph
    return .tensor(try graph.tensor(numbers, shape: [numbers.count], dtype: graph.defaultDType))
  }
}

extension Session {
  /// The elements of a list or tuple; any other value by itself.
  func elementsOfList(_ value: Value) throws -> [Value] {
    switch value {
    case .list(let list): list.elements
    case .tuple(let tuple): tuple.elements
    default: [value]
    }
  }
}

// Tables as values of the language, and what messages say about their columns.

import Autodiff
import Datasets
import Diagnostics
import Engine
import Interpreter

/// A table of the language: a value.
class TableObject: ForeignObject {
  final let table: Table
  init(_ table: Table) {
    self.table = table
  }

  /// What every table has; a column of such a name is read as `t["shape"]`.
  private static let properties = ["shape", "columns"]

  var typeName: String { "table" }
  var length: Int? { table.rowCount }
  var fieldNames: [String] {
    table.names.filter { !TableObject.properties.contains($0) } + TableObject.properties
  }
  var isCallable: Bool { false }
  var callParameters: [HostFunction.Parameter]? { nil }
  func call(_ call: Call) throws -> Value { throw Problem(.type, "a table cannot be called") }

  func isEqual(to other: any ForeignObject) -> Bool {
    (other as? TableObject).map { $0.table == table } ?? false
  }

  func field(_ name: String, _ session: Session) throws -> Value? {
    switch name {
    case "shape": return Library.shape(Shape([table.rowCount, table.columns.count]))
    case "columns": return .list(table.names.map { .string($0) })
    default: return try column(name, session)
    }
  }

  private func column(_ name: String, _ session: Session) throws -> Value? {
    try table[name].map { try ColumnObject.value($0, name, session) }
  }

  func settingField(_ name: String, to value: Value, _ session: Session) throws -> Value? {
    guard !TableObject.properties.contains(name) else {
      throw Problem(
        .name, "\(name) of a table is made of its columns and cannot be set",
        help: "write t[\"\(name)\"] for a column of that name")
    }
    return try setting(name, to: value, session)
  }

  func settingIndex(_ items: [IndexValue], to value: Value, _ session: Session) throws -> Value? {
    guard items.count == 1, case .value(.string(let name)) = items[0] else { return nil }
    return try setting(name.text, to: value, session)
  }

  /// With a column changed or added.
  private func setting(_ name: String, to value: Value, _ session: Session) throws -> Value {
    let column = try ColumnObject.column(of: value, name, session)
    guard column.count == table.rowCount || table.columns.isEmpty else {
      throw Problem(
        .data, "column \(name) has \(column.count) values, the table \(table.rowCount) rows")
    }
    return .foreign(TableObject(table.setting(name, column)))
  }

  func index(_ items: [IndexValue], _ session: Session) throws -> Value? {
    guard items.count == 1 else { return nil }
    switch items[0] {
    case .value(.string(let name)):
      return try column(name.text, session) ?? { throw table.unknown(name.text, argument: 1) }()
    case .value(.list(let list)): return try columns(list.elements)
    case .value(.tensor(let tensor)): return try rows(tensor.node, session)
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

  private func columns(_ values: [Value]) throws -> Value {
    let names = try values.map { value -> String in
      guard case .string(let name) = value else {
        throw Problem(.type, "columns are chosen by their names")
      }
      guard table[name.text] != nil else { throw table.unknown(name.text, argument: 1) }
      return name.text
    }
    return .foreign(TableObject(table.selecting(names)))
  }

  private func rows(_ node: Node, _ session: Session) throws -> Value {
    let picks = try session.graph.values(node)
    if node.dtype == .bool {
      guard node.shape.dims == [table.rowCount] else {
        throw Problem(.shape, "the mask is \(node.shape), the table has \(table.rowCount) rows")
      }
      return rows(picks.indices.filter { picks[$0] != 0 })
    }
    return rows(
      try picks.map { pick in
        guard let row = Int(exactly: pick), row >= -table.rowCount, row < table.rowCount else {
          throw Problem(.index, "there is no row \(NumberFormat.shortest(pick))")
        }
        return row < 0 ? row + table.rowCount : row
      })
  }

  func rows(_ indices: [Int]) -> Value { .foreign(TableObject(table.rows(indices))) }

  /// In f32, or f64 where f32 would change whole numbers.
  func tensor(_ session: Session) throws -> Value {
    let needsDouble = table.columns.contains { $0.values.needsDouble }
    let numbers: [Double]
    do throws(DataProblem) { numbers = try table.numbers() } catch { throw Problem(error) }
    return .tensor(
      try session.graph.tensor(
        numbers, shape: [table.rowCount, table.columns.count],
        dtype: needsDouble ? .f64 : session.graph.defaultDType))
  }

  func describe(_ session: Session) throws -> StyledText {
    let shown =
      table.rowCount <= 12
      ? Array(0..<table.rowCount) : Array(0..<5) + [-1] + Array(table.rowCount - 3..<table.rowCount)
    var columns: [[String]] = []
    var width = 0
    for column in table.columns {
      let cells = [column.name] + shown.map { $0 < 0 ? "…" : TableObject.cell(column.values, $0) }
      let size = cells.map(\.count).max() ?? 0
      guard columns.isEmpty || width + size + 2 <= session.width else { break }
      width += size + 2
      columns.append(cells.map { String(repeating: " ", count: size - $0.count) + $0 })
    }
    var text = StyledText("table [\(table.rowCount), \(table.columns.count)]", .dim)
    if columns.count < table.columns.count {
      text.append(", the first \(columns.count) of \(table.columns.count) columns", .dim)
    }
    for row in 0...shown.count {
      text.append(
        "\n" + columns.map { $0[row] }.joined(separator: "  "), row == 0 ? .strong : .plain)
    }
    return text
  }

  /// Whole numbers as they are, others with at most six significant digits.
  private static func number(_ x: Double) -> String {
    guard x.isFinite, x != x.rounded() else { return NumberFormat.shortest(x) }
    return NumberFormat.shortest(Double(NumberFormat.significant(x, digits: 6)) ?? x)
  }

  private static func cell(_ column: Column, _ row: Int) -> String {
    switch column {
    case .numbers(let values): values[row].map(number) ?? "none"
    case .strings(let values): values[row] ?? "none"
    }
  }
}

extension Table {
  func unknown(_ name: String, argument: Int? = nil) -> Problem {
    let nearest = Suggestion.nearest(to: name, in: names).map { "did you mean \($0)?" }
    let listed = names.prefix(12).joined(separator: ", ")
    return Problem(
      .name, "the table has no column '\(name)'", argument: argument,
      help: nearest ?? "its columns are \(listed)\(names.count > 12 ? " …" : "")")
  }
}

extension Problem {
  /// What is wrong with data, as an error of the language.
  init(
    _ problem: DataProblem, _ kind: DiagnosticKind = .data, in path: String? = nil,
    argument: Int? = nil
  ) {
    let own: DiagnosticKind =
      switch problem.kind {
      case .data: kind
      case .memory: .memory
      case .interrupt: .interrupt
      }
    self.init(own, (path.map { "\($0): " } ?? "") + problem.message, argument: argument)
  }
}

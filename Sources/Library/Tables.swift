// Functions of tables: reading, choosing, missing values, words.

import Autodiff
import Datasets
import Diagnostics
import Engine
import Interpreter

enum TableFunctions {
  static let all: [HostFunction] = [
    readCSV, table, head, drop, missing, fill, encode, classes,
  ]
  private typealias P = HostFunction.Parameter

  private static func given(_ call: Call) throws -> Table {
    guard case .foreign(let object as TableObject) = call.value(0) else {
      throw Problem(
        .type, "\(call.name) wants a table, not \(call.value(0).typePhrase)", argument: 0)
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
      "The first line names the columns. A column whose every value is a decimal number holds",
      "numbers; an empty field, NA, nan, null or ? is missing. Blanks round a field are left out,",
      "except in quotes. t.name is a tensor; strings, and numbers of which some are missing, are a",
      "column: a list with which t[t.name == \"x\"] and t[t.name != none] choose rows.",
      "Whole numbers that f32 would change make a tensor of f64.",
    ]
  ) { call in try read(call, call.string(0)) }

  /// The table in a file; one that is part of the program comes from there.
  static func read(_ call: Call, _ path: String) throws -> Value {
    let bytes = try FileFormat.bytes(call, path, limit: WholeFile.limit)
    do throws(DataProblem) {
      return .foreign(TableObject(try CSV.parse(bytes) { Interrupts.isRequested }))
    } catch { throw Problem(error, in: path, argument: 0) }
  }

  static let table: HostFunction = function(
    "table", "A table of a record of columns.", [P("columns", "a record of equally long columns")],
    "table({a: [1, 2], b: [\"x\", \"y\"]}).shape  # => [2, 2]",
    details: [
      "t.a is a column, t.shape its size and t.columns the names; t[\"shape\"] is a column of that",
      "name. t.z = … and t[\"z\"] = … add a column.",
    ]
  ) { call in
    guard case .record(let record) = call.value(0), let first = record.fields.first else {
      throw Problem(
        .type, "table wants a record of one column at least, such as {a: [1, 2]}", argument: 0)
    }
    var columns: [(name: String, values: Column)] = []
    for (name, value) in record.fields {
      let column = try ColumnObject.column(of: value, name, call.session)
      if let rows = columns.first?.values.count, rows != column.count {
        throw Problem(
          .data,
          "the columns of a table are equally long: \(first.name) has \(rows) values, \(name) "
            + "\(column.count)", argument: 0)
      }
      columns.append((name, column))
    }
    return .foreign(TableObject(Table(columns)))
  }

  static let head: HostFunction = function(
    "head", "The first rows.",
    [P("table", "a table or tensor"), P("n", "how many", default: .optional("5"))],
    "head([1, 2, 3], 2)  # => [1, 2]"
  ) { call in
    let n = try call.int(1, default: 5)
    guard n >= 0 else {
      throw Problem(
        .value, "n of head is at least 0, not \(n)", argument: 1,
        help: "write {0}[\(n)..] for the last rows")
    }
    guard let rows = call.session.length(call.value(0)) else {
      throw Problem(.type, "\(call.value(0).typePhrase) has no rows", argument: 0)
    }
    return try Library.rows(call.value(0), Array(0..<min(n, rows)), call.session)
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
      guard table[name] != nil else { throw table.unknown(name) }
      return name
    }
    return .foreign(TableObject(table.dropping(names)))
  }

  static let missing: HostFunction = function(
    "missing", "How many values each column misses.", [P("table", "a table")],
    "missing(table({a: [1, 2]})).a  # => 0"
  ) { call in
    .record(
      try given(call).columns.map { ($0.name, .number(Double($0.values.missingRows.count))) })
  }

  static let fill: HostFunction = function(
    "fill",
    "Missing values replaced: by a value, each column's mean or median, or column by column.",
    [P("table", "a table"), P("by", "a value, \"mean\", \"median\" or a record of them")],
    "fill(table({a: list(1, none, 3)}), \"mean\").a  # => [1, 2, 3]",
    details: [
      "Columns of strings get their most frequent string instead of a mean or median, the first in",
      "alphabetical order of several. A number fills columns of numbers only, another string columns",
      "of strings only. fill(t, {a: 0, b: \"x\"}) fills these two.",
    ]
  ) { call in
    var table = try given(call)
    var wanted: [(name: String, by: Value, isNamed: Bool)] = []
    if case .record(let record) = call.value(1) {
      for (name, by) in record.fields {
        guard table[name] != nil else { throw table.unknown(name, argument: 1) }
        wanted.append((name, by, true))
      }
    } else {
      wanted = table.names.map { ($0, call.value(1), false) }
    }
    for (name, by, isNamed) in wanted {
      guard let column = table[name], !column.missingRows.isEmpty else { continue }
      if let filled = try filled(column, name, by, call.session) {
        table = table.setting(name, filled)
      } else if isNamed {
        throw Problem(
          .type, "column \(name) cannot be filled with \(by.typePhrase)", argument: 1)
      }
    }
    return .foreign(TableObject(table))
  }

  /// Nil where the value is not of the column's kind.
  private static func filled(_ column: Column, _ name: String, _ by: Value, _ session: Session)
    throws -> Column?
  {
    var word: String?
    if case .string(let text) = by { word = text.text }
    let isAverage = word == "mean" || word == "median"
    if isAverage, column.missingRows.count == column.count {
      throw Problem(.data, "column \(name) has no values of which to take the \(word ?? "")")
    }
    switch column {
    case .numbers(let values):
      let replacement: Double
      if isAverage {
        replacement = average(values.compactMap { $0 }, isMedian: word == "median")
      } else {
        guard let node = session.node(by), node.shape.count == 1 else { return nil }
        replacement = node.isNumber ? node.exact : try session.graph.item(node)
      }
      return .numbers(values.map { $0 ?? replacement })
    case .strings(let values):
      guard let word else { return nil }
      let replacement = isAverage ? mostFrequent(values.compactMap { $0 }) : word
      return .strings(values.map { $0 ?? replacement })
    }
  }

  private static func average(_ known: [Double], isMedian: Bool) -> Double {
    guard isMedian else { return known.reduce(0, +) / Double(max(1, known.count)) }
    let sorted = known.sorted()
    return (sorted[(known.count - 1) / 2] + sorted[known.count / 2]) / 2
  }

  private static func mostFrequent(_ known: [String]) -> String {
    let counts = Dictionary(grouping: known) { $0 }.mapValues(\.count)
    return counts.min { ($1.value, $0.key) < ($0.value, $1.key) }?.key ?? ""
  }

  static let encode: HostFunction = function(
    "encode", "Strings as numbers: two words as 0 and 1, more as a column each.",
    [P("table", "a table")],
    "let e = encode(table({a: [\"no\", \"yes\"]}))\ntensor(e)  # => [[0], [1]]\n"
      + "tensor(e(table({a: [\"yes\"]})))  # => [[1]]",
    details: [
      "let e = encode(train) is a table; e(test) encodes another one alike, and a word that train has",
      "not is an error. e is a stage: e >> s >> net is saved with its words.",
    ]
  ) { call in
    let table = try given(call)
    do throws(DataProblem) {
      let encoder = try Encoder(table)
      return .foreign(EncodedTable(encoder, try encoder.encode(table)))
    } catch { throw Problem(error, argument: 0) }
  }

  static let classes: HostFunction = function(
    "classes", "Strings as class numbers, in alphabetical order.",
    [P("names", "a list of strings")], "classes([\"b\", \"a\", \"b\"])  # => [1, 0, 1]"
  ) { call in
    let names = try call.elements(0).enumerated().map { row, name -> String in
      guard case .none = name else { return try call.session.display(name) }
      throw Problem(
        .data, "row \(row) has no class", argument: 0,
        help: "leave such rows out with drop(table), or give them one with fill(table, …)")
    }
    let known = Dictionary(
      uniqueKeysWithValues: Set(names).sorted().enumerated().map { ($1, Double($0)) })
    let graph = call.session.graph
    return .tensor(
      try graph.tensor(
        names.map { known[$0] ?? 0 }, shape: [names.count], dtype: graph.defaultDType))
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

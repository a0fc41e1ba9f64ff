// Rows of data: batches, split, shuffle.

import Autodiff
import Diagnostics
import Engine
import Interpreter

enum RowFunctions {
  static let all: [HostFunction] = [batches, split, shuffle]
  private typealias P = HostFunction.Parameter

  static let batches: HostFunction = HostFunction(
    name: "batches", summary: "Rows in portions, for a loop; the last may be smaller.",
    category: "Training",
    parameters: [
      P("x", "a tensor or a table"),
      P("y", "a tensor or table with as many rows", default: .optional("none")),
      P("size", "rows a portion", default: .optional("32")),
      P("shuffle", "in a random order", default: .optional("false")),
    ],
    details: ["Like a list of tensors, or of (x, y); each is made when it is asked for."],
    examples: [
      "len(batches(zeros(10, 2), zeros(10), size: 4))  # => 3",
      "for (a, b) in batches([1, 2, 3], [4, 5, 6], size: 2) { print(a, b) }",
    ],
    batches: { call in
      let hasTensors = [0, 1].allSatisfy { index in
        if case .tensor = call.value(index) { true } else { index == 1 && !call.isGiven(index) }
      }
      return hasTensors ? try source(call) : nil
    },
    action: { call in .foreign(try BatchesObject(try source(call))) })

  /// What a call of `batches` takes its rows from.
  private static func source(_ call: Call) throws -> Batches {
    let x = try call.data(0)
    if case .number(let size) = call.value(1) {
      throw Problem(
        .type, "y of batches is a tensor with as many rows as x, not a number", argument: 1,
        help: Int(exactly: size).map { $0 > 0 ? "write size: \($0) for the rows a portion" : nil }
          ?? nil)
    }
    let y = call.isGiven(1) ? try call.data(1) : nil
    let size = try call.int(2, default: 32)
    guard size > 0 else {
      throw Problem(.value, "size of batches is a number above 0, not \(size)", argument: 2)
    }
    guard let rows = x.shape.dims.first else {
      throw Problem(.shape, "batches wants rows, not a number", argument: 0)
    }
    if let y, y.shape.dims.first != rows {
      throw Problem(
        .shape, "batches wants as many rows in y as in x: x is \(x.shape), y is \(y.shape)",
        argument: 1)
    }
    return Batches(
      [x] + (y.map { [$0] } ?? []), size: size, isShuffled: try call.bool(3, default: false))
  }

  static let split: HostFunction = HostFunction(
    name: "split", summary: "Rows in two parts at random; a string at a separator.",
    category: "Data",
    parameters: [
      P("data", "a tensor, a table, a tuple of them, or a string"),
      P("share", "the first part's share, or the separator"),
      P("shuffle", "at random rather than in order", default: .optional("true")),
      P("stratify", "classes to spread evenly", default: .optional("none")),
    ],
    examples: [
      "split(\"a,b\", \",\")  # => [\"a\", \"b\"]",
      "let (a, b) = split(zeros(10, 2), 0.8)\nlen(a)  # => 8",
    ],
    action: { call in
      if case .string(let text) = call.value(0) {
        let separator = try call.string(1)
        guard !separator.isEmpty else {
          throw Problem(.value, "the separator is empty", argument: 1)
        }
        return .list(pieces(of: text, separator))
      }
      let share = try call.number(1)
      guard share > 0, share < 1 else {
        throw Problem(.value, "split wants a share between 0 and 1", argument: 1)
      }
      var parts = [call.value(0)]
      if case .tuple(let tuple) = parts[0] { parts = tuple.elements }
      guard let rows = call.session.length(parts[0]),
        parts.allSatisfy({ call.session.length($0) == rows })
      else { throw Problem(.shape, "split wants data with equally many rows", argument: 0) }
      try checkRows(rows)
      let (first, second) = try indices(call, rows, share)
      let halves = try [first, second].map { picks -> Value in
        let chosen = try parts.map { try Library.rows($0, picks, call.session) }
        return chosen.count == 1 ? chosen[0] : .tuple(chosen)
      }
      return .tuple(halves)
    })

  /// The pieces of a string between separators; where every byte is a character, bytes are compared.
  private static func pieces(of text: StringObject, _ separator: String) -> [Value] {
    guard text.hasByteCharacters else {
      return text.text.split(separator: separator, omittingEmptySubsequences: false).map {
        .string(String($0))
      }
    }
    let wanted = Array(separator.utf8)
    let (bytes, first) = (Array(text.text.utf8), wanted[0])
    var pieces: [Value] = []
    var (start, position) = (0, 0)
    func piece(to end: Int) -> Value {
      .string(StringObject(bytes: String(decoding: bytes[start..<end], as: UTF8.self)))
    }
    while position + wanted.count <= bytes.count {
      if bytes[position] == first,
        wanted.indices.dropFirst().allSatisfy({ bytes[position + $0] == wanted[$0] })
      {
        pieces.append(piece(to: position))
        position += wanted.count
        start = position
      } else {
        position += 1
      }
    }
    pieces.append(piece(to: bytes.count))
    return pieces
  }

  private static func indices(_ call: Call, _ rows: Int, _ share: Double) throws -> ([Int], [Int]) {
    let graph = call.session.graph
    let order =
      try call.bool(2, default: true) ? graph.randomOrder(rows) : Array(0..<rows)
    guard call.isGiven(3) else {
      let cut = Int((Double(rows) * share).rounded())
      return (Array(order[..<cut]), Array(order[cut...]))
    }
    let classes = try call.elements(3).map { try call.session.display($0) }
    guard classes.count == rows else {
      throw Problem(.shape, "stratify has \(classes.count) rows, the data \(rows)", argument: 3)
    }
    let isFirst = stratified(order, classes, share)
    return (order.filter { isFirst[$0] }, order.filter { !isFirst[$0] })
  }

  /// Which rows the first part gets: of each class its share, the places that are left over going to
  /// the largest remainders.
  private static func stratified(_ order: [Int], _ classes: [String], _ share: Double) -> [Bool] {
    let members = Dictionary(grouping: order) { classes[$0] }
    var counts = members.mapValues { Int(Double($0.count) * share) }
    let total = Int((Double(order.count) * share).rounded())
    let rest = { (name: String) -> Double in
      Double(members[name]?.count ?? 0) * share - Double(counts[name] ?? 0)
    }
    let byRest = members.keys.sorted { (rest($0), $1) > (rest($1), $0) }
    for name in byRest.prefix(max(0, total - counts.values.reduce(0, +))) {
      counts[name, default: 0] += 1
    }
    var isFirst = [Bool](repeating: false, count: order.count)
    for (name, rows) in members {
      for row in rows.prefix(counts[name] ?? 0) { isFirst[row] = true }
    }
    return isFirst
  }

  static let shuffle: HostFunction = HostFunction(
    name: "shuffle", summary: "The rows in a random order.", category: "Data",
    parameters: [P("data", "a tensor or table")],
    examples: ["sum(shuffle([1, 2, 3]))  # => 6"],
    action: { call in
      guard let rows = call.session.length(call.value(0)) else {
        throw Problem(.type, "\(call.value(0).typePhrase) has no rows", argument: 0)
      }
      try checkRows(rows)
      return try Library.rows(
        call.value(0), call.session.graph.randomOrder(rows), call.session)
    })

  /// A range may be longer than memory.
  private static func checkRows(_ rows: Int) throws {
    guard rows <= 1 << 28 else {
      throw Problem(.memory, "an order of \(rows) rows fits no memory", argument: 0)
    }
  }
}

// Which options are best: tried one after the other.

import Autodiff
import Datasets
import Engine
import Interpreter

enum SearchFunctions {
  static let all: [HostFunction] = [gridSearch, randomSearch]
  private typealias P = HostFunction.Parameter
  private static let function = P(
    "f", "a function of a record of options that gives a score, or a vector of them")
  private static let lowest = P(
    "lowest", "whether the lowest score is the best, as of a loss", default: .optional("false"))
  private static let details = [
    "Gives {best, score, table}: the best options as a record, their score, and all that was tried, the",
    "best first. Of a vector of scores, as cross_validate gives, the mean counts; spread is its deviation.",
  ]

  static let gridSearch: HostFunction = HostFunction(
    name: "grid_search", summary: "Tries all combinations of options.", category: "Training",
    parameters: [function, P("options", "a record of lists: {lr: [0.1, 0.01]}"), lowest],
    details: details,
    examples: [
      "let found = grid_search(o -> -(o.a - 2)^2 - o.b, {a: [1, 2, 3], b: [0, 5]})\nfound.best  # => {a: 2, b: 0}",
      "grid_search(o -> 1, {a: []})  # error: value",
    ],
    action: { call in
      let options = try Options(call)
      var count = 1
      for choices in options.lists {
        let (product, overflow) = count.multipliedReportingOverflow(by: choices.count)
        guard !overflow, product <= 1 << 20 else {
          throw Problem(.value, "these are too many combinations to try", argument: 1)
        }
        count = product
      }
      let search = try Search(call, lowest: 2, options.names)
      for index in 0..<count {
        // The last option changes fastest.
        var rest = index
        var picks = [Value](repeating: .none, count: options.lists.count)
        for place in options.lists.indices.reversed() {
          picks[place] = options.lists[place][rest % options.lists[place].count]
          rest /= options.lists[place].count
        }
        try search.attempt(picks)
      }
      return try search.result()
    })

  static let randomSearch: HostFunction = HostFunction(
    name: "random_search", summary: "Tries options that are drawn at random.",
    category: "Training",
    parameters: [
      function,
      P(
        "options",
        "a record of lists to choose from, or of functions that draw: {lr: () -> 10^(-4 * rand())}"),
      P("tries", "how many", default: .optional("20")), lowest,
    ],
    details: details,
    examples: [
      "seed(1)\nlet found = random_search(o -> -(o.x - 1)^2, {x: () -> 4 * rand()}, tries: 50)\n"
        + "abs(found.best.x - 1) < 0.3  # => true"
    ],
    action: { call in
      let options = try Options(call, mayDraw: true)
      let tries = try call.int(2, default: 20)
      guard tries > 0, tries <= 1 << 20 else {
        throw Problem(.value, "tries is at least 1, not \(tries)", argument: 2)
      }
      let search = try Search(call, lowest: 3, options.names)
      for _ in 0..<tries {
        let picks = try options.lists.indices.map { place -> Value in
          if let draw = options.draws[place] { return try settled(call.invoke(draw, []), call) }
          let choices = options.lists[place]
          let share = call.session.graph.random.nextUniform()
          return choices[min(choices.count - 1, Int(share * Double(choices.count)))]
        }
        try search.attempt(picks)
      }
      return try search.result()
    })

  /// One number as a plain one, with the digits that it was written with.
  private static func settled(_ value: Value, _ call: Call) throws -> Value {
    guard case .tensor(let tensor) = value, tensor.node.shape.rank == 0 else { return value }
    let x = try call.session.graph.item(tensor.node)
    let isSingle = tensor.node.dtype == .f32
    return .number(isSingle ? Double(NumberFormat.shortest(Float(x))) ?? x : x)
  }

  /// The options of a search.
  private struct Options {
    private(set) var names: [String] = []
    private(set) var lists: [[Value]] = []
    /// What draws an option, where it is no list.
    private(set) var draws: [Value?] = []

    init(_ call: Call, mayDraw: Bool = false) throws {
      guard case .record(let record) = call.value(1), !record.fields.isEmpty else {
        throw Problem(
          .type,
          "options is a record of lists, such as {lr: [0.1, 0.01]}, not "
            + call.value(1).typePhrase, argument: 1)
      }
      for (name, value) in record.fields {
        names.append(name)
        if mayDraw, call.session.isCallable(value) {
          draws.append(value)
          lists.append([])
          continue
        }
        draws.append(nil)
        guard let count = call.session.length(value) else {
          throw Problem(
            .type, "\(name) is a list of what to try, not \(value.typePhrase)", argument: 1)
        }
        guard count > 0, count <= 1 << 20 else {
          throw Problem(.value, "there is nothing to try for \(name)", argument: 1)
        }
        let choices = try call.session.elements(value) ?? []
        lists.append(try choices.map { try SearchFunctions.settled($0, call) })
      }
    }
  }
}

/// What was tried, with its scores.
private final class Search {
  private let call: Call
  private let function: Value
  private let isLowest: Bool
  private let names: [String]
  private var rows: [(options: [Value], score: Double, spread: Double)] = []

  init(_ call: Call, lowest: Int, _ names: [String]) throws {
    (self.call, self.names) = (call, names)
    function = try call.function(0)
    isLowest = try call.bool(lowest, default: false)
  }

  func attempt(_ options: [Value]) throws {
    try Graph.checkInterrupt()
    let record = Value.record(Array(zip(names, options)))
    let value = try call.invoke(function, [record])
    guard let node = call.session.node(value), node.shape.rank < 2, node.shape.count > 0 else {
      throw Problem(
        .type, "a score is a number or a vector of them, not \(value.typePhrase)", argument: 0)
    }
    let scores = try call.session.graph.values(node)
    let mean = scores.reduce(0, +) / Double(scores.count)
    let squares = scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    rows.append((options, mean, (squares / Double(scores.count)).squareRoot()))
  }

  func result() throws -> Value {
    let order = rows.indices.sorted { a, b in
      let (x, y) = (worth(a), worth(b))
      return x == y ? a < b : x > y
    }
    guard let best = order.first else { throw Problem(.value, "nothing was tried") }
    var columns: [(String, Column)] = [("score", .numbers(order.map { rows[$0].score }))]
    if rows.contains(where: { $0.spread > 0 }) {
      columns.append(("spread", .numbers(order.map { rows[$0].spread })))
    }
    for (place, name) in names.enumerated() {
      columns.append((unused(name, columns), try column(order.map { rows[$0].options[place] })))
    }
    return .record([
      ("best", .record(Array(zip(names, rows[best].options)))),
      ("score", .number(rows[best].score)), ("table", .foreign(TableObject(Table(columns)))),
    ])
  }

  /// What cannot be compared comes last.
  private func worth(_ row: Int) -> Double {
    let score = rows[row].score
    return score.isNaN ? -.infinity : isLowest ? -score : score
  }

  private func unused(_ name: String, _ columns: [(String, Column)]) -> String {
    columns.contains { $0.0 == name } ? name + "_option" : name
  }

  private func column(_ values: [Value]) throws -> Column {
    let numbers = values.compactMap { value -> Double? in
      if case .number(let x) = value { x } else { nil }
    }
    if numbers.count == values.count { return .numbers(numbers) }
    return .strings(try values.map { try call.session.display($0) })
  }
}

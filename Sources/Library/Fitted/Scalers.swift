// Scalers: columns brought to one size, and back.

import Autodiff
import Engine
import Interpreter

enum Scalers {
  static let all: [HostFunction] = [standardize, minMax, robust]
  static let kinds: [FittedKind] = [
    kind("standardize", center: "mean", spread: "std"), minMaxKind,
    kind("robust", center: "median", spread: "iqr"),
  ]
  private typealias P = HostFunction.Parameter

  // MARK: - Kinds

  /// (x − center) / spread
  private static func kind(_ name: String, center: String, spread: String) -> FittedKind {
    FittedKind(
      name, typeName: "scaler", fields: [center, spread],
      parts: { [(center, [$0[0]]), (spread, [$0[0]])] },
      fault: { _, part, values in part == spread ? notAboveZero(values, "no deviation") : nil },
      apply: { scaler, x in
        try scaler.check(x)
        let (c, s) = (try vector(scaler, center, x), try vector(scaler, spread, x))
        return try x.graph.rule { .tensor((x - c) / s) }
      },
      undo: { scaler, y in
        try scaler.check(y)
        let (c, s) = (try vector(scaler, center, y), try vector(scaler, spread, y))
        return try y.graph.rule { .tensor(y * s + c) }
      })
  }

  /// low + (high − low) (x − min) / (max − min); `range` is what the columns span, `to` the two ends.
  private static let minMaxKind: FittedKind = FittedKind(
    "min_max", typeName: "scaler", fields: ["min", "range"],
    parts: { [("min", [$0[0]]), ("range", [$0[0]]), ("to", [2])] },
    fault: { _, part, values in
      switch part {
      case "range": notAboveZero(values, "no range")
      case "to": values[0] < values[1] ? nil : "goes from a higher end to a lower one"
      default: nil
      }
    },
    apply: { scaler, x in
      try scaler.check(x)
      let (least, range) = (try vector(scaler, "min", x), try vector(scaler, "range", x))
      return try x.graph.rule {
        let (low, high) = ends(scaler)
        let share = (x - least) / range
        return .tensor(low == 0 && high == 1 ? share : share * (high - low) + low)
      }
    },
    undo: { scaler, y in
      try scaler.check(y)
      let (least, range) = (try vector(scaler, "min", y), try vector(scaler, "range", y))
      return try y.graph.rule {
        let (low, high) = ends(scaler)
        let share = low == 0 && high == 1 ? y : (y - low) / (high - low)
        return .tensor(share * range + least)
      }
    })

  private static func ends(_ scaler: FittedObject) -> (Double, Double) {
    let to = scaler["to"]
    return to.count == 2 ? (to[0], to[1]) : (0, 1)
  }

  private static func notAboveZero(_ values: [Double], _ what: String) -> String? {
    values.firstIndex { $0 <= 0 }.map {
      "is \(what): its element \($0) is \(NumberFormat.shortest(values[$0])), not above 0"
    }
  }

  /// The numbers as they meet `x`: a column alone may come as a vector.
  private static func vector(_ scaler: FittedObject, _ part: String, _ x: Node) throws -> Node {
    let columns = scaler.columns
    return try x.graph.tensor(scaler[part], shape: columns == 1 ? [] : [columns], dtype: x.dtype)
  }

  // MARK: - Functions

  private static let rows = P("x", "a tensor [n, d] or a table")
  private static let stages = [
    "Scalers are stages: s >> net >> t.undo takes and gives what it was measured in, and save and",
    "load keep them with the model.",
  ]

  static let standardize: HostFunction = HostFunction(
    name: "standardize",
    summary: "A scaler to mean 0 and deviation 1 of each column; s(x) scales, s.undo(y) undoes.",
    category: "Tables", parameters: [rows],
    details: ["s.mean and s.std are its numbers; a column that never changes has the std 1."]
      + stages,
    examples: [
      "let s = standardize([[1], [3]])\ns([[1], [3]])  # => [[-1], [1]]\ns.undo(1)  # => 3"
    ],
    action: { call in
      let data = try ScaledColumns(call)
      return .foreign(data.scaler(kinds[0], ["mean": data.means(), "std": data.deviations()]))
    })

  static let minMax: HostFunction = HostFunction(
    name: "min_max",
    summary: "A scaler of each column to 0 … 1; s(x) scales, s.undo(y) undoes.",
    category: "Tables",
    parameters: [
      rows, P("low", "what the smallest becomes", default: .optional("0")),
      P("high", "what the largest becomes", default: .optional("1")),
    ],
    details: [
      "s.min and s.range are its numbers; a column that never changes has the range 1. What lies",
      "outside of the measured range becomes less than low or more than high.",
    ] + stages,
    examples: [
      "let s = min_max([[1], [5]])\ns([[1], [2], [5]])  # => [[0], [0.25], [1]]\ns.undo(0.5)  # => 3",
      "min_max([[1], [5]], low: -1)([[1], [3]])  # => [[-1], [0]]",
    ],
    action: { call in
      let (low, high) = (try call.number(1, default: 0), try call.number(2, default: 1))
      guard low < high, (high - low).isFinite else {
        throw Problem(
          .value,
          "min_max goes from low to a larger high, not from \(NumberFormat.shortest(low)) to "
            + NumberFormat.shortest(high), argument: call.isGiven(2) ? 2 : 1)
      }
      let data = try ScaledColumns(call)
      let ranges = zip(data.low, data.high).map { $1 > $0 ? $1 - $0 : 1 }
      return .foreign(
        data.scaler(minMaxKind, ["min": data.low, "range": ranges, "to": [low, high]]))
    })

  static let robust: HostFunction = HostFunction(
    name: "robust",
    summary: "A scaler by median and quartiles, which outliers do not move.",
    category: "Tables", parameters: [rows],
    details: [
      "(x − s.median) / s.iqr: s.iqr is the distance of the quartiles, 1 where it is 0."
    ] + stages,
    examples: [
      "let s = robust([[1], [2], [3], [4], [100]])\ns([[3], [5]])  # => [[0], [1]]\ns.undo(1)  # => 5"
    ],
    action: { call in
      let data = try ScaledColumns(call)
      let sorted = try data.sorted()
      let spreads = sorted.map {
        ScaledColumns.quantile(0.75, $0) - ScaledColumns.quantile(0.25, $0)
      }
      return .foreign(
        data.scaler(
          kinds[2],
          [
            "median": sorted.map { ScaledColumns.quantile(0.5, $0) },
            "iqr": spreads.map { $0 > 0 ? $0 : 1 },
          ]))
    })
}

/// Columns that a scaler is measured on.
private struct ScaledColumns {
  let columns: Int
  let dtype: DType
  private let values: [Double]
  private(set) var low: [Double]
  private(set) var high: [Double]

  init(_ call: Call) throws {
    var value = call.value(0)
    if case .foreign(let table as TableObject) = value { value = try table.tensor(call.session) }
    guard let x = call.session.node(value), x.shape.rank > 0, x.shape[0] > 0 else {
      throw Problem(.type, "\(call.name) wants rows of numbers", argument: 0)
    }
    columns = x.shape.rank > 1 ? x.shape[x.shape.rank - 1] : 1
    dtype = x.dtype.isFloat ? x.dtype : call.session.graph.defaultDType
    values = try call.session.graph.values(x)
    low = [Double](repeating: .infinity, count: columns)
    high = low.map { -$0 }
    for (index, v) in values.enumerated() {
      let column = index % columns
      guard v.isFinite else {
        throw Problem(
          .data,
          "row \(index / columns) of column \(column) is \(NumberFormat.shortest(v)); \(call.name) "
            + "wants finite numbers", argument: 0)
      }
      (low[column], high[column]) = (min(low[column], v), max(high[column], v))
    }
  }

  func scaler(_ kind: FittedKind, _ numbers: [String: [Double]]) -> FittedObject {
    FittedObject(kind, sizes: [columns], dtype: dtype, numbers: numbers)
  }

  private var count: Double { Double(values.count / max(1, columns)) }

  func means() -> [Double] {
    var mean = [Double](repeating: 0, count: columns)
    for (index, v) in values.enumerated() { mean[index % columns] += v / count }
    return (0..<columns).map { low[$0] == high[$0] ? low[$0] : mean[$0] }
  }

  /// Distances are measured in the column's own range, so that small numbers count like large ones.
  func deviations() -> [Double] {
    let mean = means()
    var variance = [Double](repeating: 0, count: columns)
    for (index, v) in values.enumerated() {
      let column = index % columns
      let range = high[column] - low[column]
      guard range > 0 else { continue }
      let distance = (v - mean[column]) / range
      variance[column] += distance * distance / count
    }
    return (0..<columns).map { column in
      let deviation = variance[column].squareRoot() * (high[column] - low[column])
      return deviation > 0 ? deviation : 1
    }
  }

  /// Each column in order.
  func sorted() throws -> [[Double]] {
    try (0..<columns).map { column in
      try Graph.checkInterrupt()
      return stride(from: column, to: values.count, by: columns).map { values[$0] }.sorted()
    }
  }

  /// On the line through two elements, as NumPy's.
  static func quantile(_ share: Double, _ sorted: [Double]) -> Double {
    let place = share * Double(sorted.count - 1)
    let (below, above) = (sorted[Int(place)], sorted[Int(place.rounded(.up))])
    return below + (place - place.rounded(.down)) * (above - below)
  }
}

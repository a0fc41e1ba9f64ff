// A tensor in a page: all of a small one, evenly spread rows and columns of a large one.

import Autodiff
import Engine

struct PageTensor {
  let values: [Double]
  let shape: Shape
  let dtype: DType
  let digits: Int
  /// At most so many numbers.
  let most: Int

  private var columns: Int { shape.rank == 0 ? 1 : max(1, shape[shape.rank - 1]) }
  private var rows: Int { values.count / columns }

  func text(_ value: Double) -> String {
    dtype == .bool
      ? (value == 0 ? "false" : "true")
      : NumberText.written(value, digits: digits, isSingle: dtype == .f32)
  }

  /// Evenly spread places, the first and the last among them.
  private static func places(_ count: Int, _ most: Int) -> [Int] {
    guard count > most, most > 1 else { return Array(0..<min(count, max(1, most))) }
    return (0..<most).map { $0 * (count - 1) / (most - 1) }
  }

  /// Which rows and columns are shown.
  private var chosen: (rows: [Int], columns: [Int]) {
    guard values.count > most else { return (Array(0..<rows), Array(0..<columns)) }
    let side = max(2, Int(Double(most).squareRoot()))
    let across = min(columns, max(side, most / max(1, min(rows, side))))
    return (
      PageTensor.places(rows, max(1, most / across)), PageTensor.places(columns, across)
    )
  }

  /// The flat places of the numbers that are in the page.
  var flat: [Int] {
    let (rows, columns) = chosen
    return rows.flatMap { row in columns.map { row * self.columns + $0 } }
  }

  private func rowName(_ row: Int) -> String {
    guard shape.rank > 2 else { return String(row) }
    let outer = Shape(Array(shape.dims.dropLast()))
    return String(WalkNames.suffix(outer, row).dropFirst().dropLast())
  }

  var json: JSON {
    let (rows, columns) = chosen
    let flat = flat
    var fields: [(String, JSON)] = [
      ("n", .whole(shape.rank)),
      (
        "at",
        .list([
          .list(rows.map { .text(rowName($0)) }), .list(columns.map { .whole($0) }),
        ])
      ),
      ("f", .list(flat.map { .whole($0) })),
      ("x", .list(flat.map { .text(text(values[$0])) })),
    ]
    if values.count > 1, dtype != .bool { fields += statistics }
    if flat.count < values.count {
      fields.append(
        ("part", .text("\(values.count / max(1, flat.count))th number or so of \(values.count)")))
    }
    return .object(fields)
  }

  private var statistics: [(String, JSON)] {
    let finite = values.filter(\.isFinite)
    guard let low = finite.min(), let high = finite.max() else { return [] }
    let mean = finite.reduce(0, +) / Double(finite.count)
    let summary = [low, high, mean].map { JSON.text(text($0)) }
    guard low < high else { return [("st", .list(summary))] }
    var counts = [Int](repeating: 0, count: 24)
    for x in finite {
      counts[min(23, Int((x - low) / (high - low) * 24))] += 1
    }
    return [
      ("st", .list(summary)),
      (
        "h",
        .list([
          .text(text(low)), .text(text(high)), .list(counts.map { .whole($0) }),
        ])
      ),
    ]
  }
}

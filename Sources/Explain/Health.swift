// What is unhealthy about a value and its gradient: saturated, dead, vanishing, exploding.

import Autodiff
import Engine

/// The health of one step.
enum Health {
  /// Shares of a value's elements, in words; empty where all is well. Saturation counts from a share
  /// of so many.
  static func complaints(_ node: Node, values: [Double], least: Double = 0) -> [String] {
    guard !values.isEmpty else { return [] }
    if values.contains(where: { !$0.isFinite }) { return ["not all values are finite"] }
    let count = Double(values.count)
    switch node.op.name {
    case "sigmoid":
      let flat = values.filter { $0 * (1 - $0) < 0.05 }.count
      let isWell = flat == 0 || Double(flat) < least * count
      return isWell ? [] : ["saturated: σ′ < 0.05 in \(share(flat, count)) of the elements"]
    case "tanh":
      let flat = values.filter { 1 - $0 * $0 < 0.05 }.count
      let isWell = flat == 0 || Double(flat) < least * count
      return isWell ? [] : ["saturated: tanh′ < 0.05 in \(share(flat, count)) of the elements"]
    case "relu":
      let units = deadUnits(node, values)
      if !units.isEmpty {
        let some = units.prefix(4).map(String.init).joined(separator: ", ")
        return ["dead: \(units.count) of \(width(node)) units give 0 for every row (\(some))"]
      }
      return []
    default: return []
    }
  }

  /// Columns of a relu's result that are 0 in every row.
  static func deadUnits(_ node: Node, _ values: [Double]) -> [Int] {
    let columns = width(node)
    guard columns > 0, values.count > columns else { return [] }
    return (0..<columns).filter { column in
      stride(from: column, to: values.count, by: columns).allSatisfy { values[$0] == 0 }
    }
  }

  private static func width(_ node: Node) -> Int {
    node.shape.rank == 0 ? 1 : node.shape[node.shape.rank - 1]
  }

  static func share(_ part: Int, _ count: Double) -> String {
    "\(NumberFormat.significant(100 * Double(part) / max(1, count), digits: 2)) %"
  }

  /// The root of the mean square.
  static func size(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return 0 }
    return (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
  }
}

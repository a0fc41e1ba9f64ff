// The classes that a model gives in a rectangle: asked on a grid, and closer where two of them meet.

import Engine
import Interpreter
import Plots

/// A call of `decision_boundary` with the rectangle that it shows.
struct DecisionGrid {
  /// Places that are asked, across and down.
  private static let (across, down) = (96, 72)
  /// Each of those at a border is asked at so many places again, across and down.
  private static let finer = 4
  /// With more of them there is no border to see.
  private static let mostAtBorders = 1500

  let call: Call
  let dtype: DType
  let x: ClosedRange<Double>
  let y: ClosedRange<Double>

  /// Classes or other numbers, the lowest row first.
  struct Answer {
    let values: [Double]
    let rows: Int
    let columns: Int
    let isOfClasses: Bool
  }

  func answer() throws -> Answer {
    let (across, down, finer) = (Self.across, Self.down, Self.finer)
    let places = (0..<across * down).flatMap { place($0 % across, $0 / across, 1) }
    let scores = try ask(places)
    // One score near 0 does not say whether all are shares.
    let bound: Double = scores.values.allSatisfy { $0 >= 0 && $0 <= 1 } ? 0.5 : 0
    let coarse = classes(scores, bound)
    let isOfClasses = coarse.allSatisfy { $0 >= 0 && $0 == $0.rounded() && $0 < 1000 }
    let borders = isOfClasses ? Self.borders(coarse) : []
    guard !borders.isEmpty, borders.count <= Self.mostAtBorders else {
      return Answer(values: coarse, rows: down, columns: across, isOfClasses: isOfClasses)
    }
    let parts = borders.flatMap { cell in
      (0..<finer * finer).map { part in
        (
          column: cell % across * finer + part % finer, row: cell / across * finer + part / finer
        )
      }
    }
    let closer = classes(try ask(parts.flatMap { place($0.column, $0.row, finer) }), bound)
    var values = (0..<across * down * finer * finer).map { index in
      let (column, row) = (index % (across * finer), index / (across * finer))
      return coarse[row / finer * across + column / finer]
    }
    for (part, value) in zip(parts, closer) where value >= 0 && value < 1000 {
      values[part.row * across * finer + part.column] = value.rounded()
    }
    return Answer(
      values: values, rows: down * finer, columns: across * finer, isOfClasses: true)
  }

  /// The middle of a cell of a grid that is so many times finer.
  private func place(_ column: Int, _ row: Int, _ finer: Int) -> [Double] {
    let middle = { (index: Int, count: Int, range: ClosedRange<Double>) in
      range.lowerBound
        + (Double(index) + 0.5) / Double(count) * (range.upperBound - range.lowerBound)
    }
    return [middle(column, Self.across * finer, x), middle(row, Self.down * finer, y)]
  }

  /// The cells that have a neighbour of another class.
  private static func borders(_ classes: [Double]) -> [Int] {
    classes.indices.filter { cell in
      let (column, row) = (cell % across, cell / across)
      return (max(0, row - 1)...min(down - 1, row + 1)).contains { other in
        (max(0, column - 1)...min(across - 1, column + 1)).contains {
          classes[other * across + $0] != classes[cell]
        }
      }
    }
  }

  /// What the model gives for points, x and y by turns; a width of 0 where it gives one number each.
  private func ask(_ places: [Double]) throws -> (values: [Double], width: Int) {
    let graph = call.session.graph
    let count = places.count / 2
    let asked = try graph.tensor(
      places, shape: [count, 2], dtype: dtype.isFloat ? dtype : graph.defaultDType)
    let answer = try call.session.call(try call.function(0), [.tensor(asked)])
    guard let scores = call.session.node(answer), scores.shape.rank > 0, scores.shape[0] == count,
      scores.shape.rank <= 2
    else {
      throw Problem(
        .shape, "the model gives no class or scores for each of \(count) points", argument: 0)
    }
    return (try graph.values(scores), scores.shape.rank == 2 ? scores.shape[1] : 0)
  }

  /// The class that scores mean; one score is class 1 above `bound`.
  private func classes(_ scores: (values: [Double], width: Int), _ bound: Double) -> [Double] {
    let (values, width) = scores
    guard width > 0 else { return values }
    guard width > 1 else { return values.map { $0 > bound ? 1 : 0 } }
    return stride(from: 0, to: values.count, by: width).map { start in
      let own = values[start..<start + width]
      return Double((own.indices.max { own[$0] < own[$1] } ?? start) - start)
    }
  }
}

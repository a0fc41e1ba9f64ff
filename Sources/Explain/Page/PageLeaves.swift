// What a page tells of the params: why a gradient is what it is, and what a nudge does.

import Autodiff
import Engine

struct PageLeaves {
  /// The walk in plain arithmetic, layers open.
  let walk: Walk
  private let digits: Int
  private let params: [Node]
  /// How many numbers are computed for one loss.
  private let work: Int

  /// - Parameter walk: with its layers open.
  init(_ walk: Walk, digits: Int) {
    let order = Walk.order(walk.loss)
    params = order.filter { $0.version != nil && $0.shape.count > 0 }
    work = order.reduce(0) { $0 + $1.shape.count }
    (self.walk, self.digits) = (walk, digits)
  }

  /// The elements with the largest gradients, in order.
  private func largest(_ node: Node, _ count: Int, among places: [Int]? = nil) -> [Int] {
    guard let gradient = walk.formulas.gradients[node.serial]?.buffer else { return [] }
    let all = places ?? Array(0..<node.shape.count)
    let order = all.sorted {
      (gradient[$0].magnitude, $1) > (gradient[$1].magnitude, $0)
    }
    return order.prefix(count).sorted()
  }

  /// Pairs of an element and why its gradient is what it is, of at most sixteen that are shown.
  func reasons(_ node: Node, _ places: [Int]) throws(OperatorProblem) -> JSON {
    guard let param = params.first(where: { $0 === node }) else { return .list([]) }
    // A sum of very many products takes long, and nobody checks it with a calculator.
    let most = work > 1_000_000 ? 4 : 16
    let count = max(1, min(most, 300 / max(1, params.count)))
    var result: [JSON] = []
    for element in largest(param, count, among: places) {
      let why = try Why(param, element, walk.formulas)
      let text = why.render(walk, WalkLayout(width: 76, digits: digits)).plain
      result.append(.list([.whole(element), .text(text)]))
    }
    return .list(result)
  }

  /// For some elements of every param the loss at several distances, in f64.
  func nudges() throws(OperatorProblem) -> JSON {
    var result: [JSON] = []
    let isLarge = work > 200_000
    for param in params where walk.formulas.gradients[param.serial] != nil {
      let count = param.shape.count <= 6 && !isLarge ? param.shape.count : isLarge ? 1 : 3
      guard result.count < 40 else { break }
      result += try curves(param, largest(param, count), points: isLarge ? 4 : 8)
    }
    return .list(result)
  }

  private func curves(_ param: Node, _ elements: [Int], points: Int) throws(OperatorProblem)
    -> [JSON]
  {
    let graph = walk.loss.graph
    let start = try graph.detach(param.converted(to: .f64))
    let values = try graph.values(start)
    let gradient = walk.formulas.gradients[param.serial]?.buffer?.doubles ?? []
    let loss = try graph.item(of: walk.loss, replacing: param, by: start)
    let number = { (x: Double) in NumberText.written(x, digits: digits) }
    // Half of what such a weight usually is, so that the curve bends visibly.
    let size = max(Health.size(values), 0.1)
    let step = NumberFormat.significant(size / Double(points), digits: 1)
    let unit = Double(step) ?? 0.01
    var result: [JSON] = []
    for element in elements {
      var list: [JSON] = []
      for place in -points...points {
        let shift = Double(place) * unit
        var point = values
        point[element] += shift
        let moved = try graph.tensor(point, shape: param.shape.dims, dtype: .f64)
        let after = try graph.item(of: walk.loss, replacing: param, by: moved)
        list.append(
          .list(
            [shift, gradient[element] * shift, after - loss, after].map { .text(number($0)) }))
      }
      result.append(
        .object([
          ("name", .text(walk.names.element(param, element))),
          ("value", .text(number(values[element]))),
          ("gradient", .text(number(gradient[element]))), ("loss", .text(number(loss))),
          ("points", .list(list)),
        ]))
    }
    return result
  }
}

// Which elements of an operator's result hang on which elements of its operands.

import Autodiff
import Engine

/// Places within one operator's operands and result, all as indices into row-major elements.
struct ElementMap {
  let node: Node

  // MARK: Element by element, with stretched operands

  /// The element of an operand that an element of the result is made of.
  func source(_ operand: Int, of result: Int) -> Int {
    let shape = node.inputs[operand].shape
    if shape == node.shape { return result }
    var rest = result
    var place = 0
    let strides = BroadcastWalk.strides(shape, in: node.shape)
    for (own, step) in zip(node.shape.strides, strides) {
      place += rest / max(1, own) * step
      rest %= max(1, own)
    }
    return place
  }

  /// The elements of the result that an operand's element goes into.
  func results(_ operand: Int, of element: Int) -> [Int] {
    if node.inputs[operand].shape == node.shape { return [element] }
    return (0..<node.shape.count).filter { source(operand, of: $0) == element }
  }

  // MARK: Along axes

  /// The axes over which Σ runs.
  func axes(_ standard: Operator.Elements.Axes) -> [Int] {
    let rank = node.inputs[0].shape.rank
    if let axes = node.attributes.axes { return axes }
    return standard == .all ? Array(0..<rank) : rank > 0 ? [rank - 1] : []
  }

  /// Whether the result has an element for every element of operand 0.
  var keepsShape: Bool { node.shape == node.inputs[0].shape }

  /// The row in which an element of operand 0 lies.
  func row(of element: Int, _ axes: [Int]) -> Int {
    var rest = element
    var row = 0
    let shape = node.inputs[0].shape
    for (axis, stride) in shape.strides.enumerated() {
      if !axes.contains(axis) { row = row * shape[axis] + rest / max(1, stride) }
      rest %= max(1, stride)
    }
    return row
  }

  /// The elements of a row, in order.
  func members(of row: Int, _ axes: [Int]) -> [Int] {
    let shape = node.inputs[0].shape
    let strides = shape.strides
    var rest = row
    var start = 0
    for axis in (0..<shape.rank).reversed() where !axes.contains(axis) {
      start += rest % max(1, shape[axis]) * strides[axis]
      rest /= max(1, shape[axis])
    }
    var result = [start]
    for axis in axes.sorted() {
      result = result.flatMap { base in (0..<shape[axis]).map { base + $0 * strides[axis] } }
    }
    return result
  }

  // MARK: Matrix products

  /// How a product falls into rows of the first operand and columns of the second.
  private struct Layout {
    let inner: Int
    let columns: Int
    let rows: Int
    let first: [Int]
    let second: [Int]
    let batch: [Int]
  }

  private var layout: Layout {
    let (a, b) = (node.inputs[0].shape, node.inputs[1].shape)
    if node.op === Operator.outer {
      return Layout(inner: 1, columns: b.count, rows: a.count, first: [], second: [], batch: [])
    }
    let batchA = Shape(Array(a.dims.dropLast(2)))
    let batchB = Shape(Array(b.dims.dropLast(2)))
    let batch = batchA.broadcast(with: batchB) ?? .scalar
    return Layout(
      inner: a[a.rank - 1], columns: b.rank > 1 ? b[b.rank - 1] : 1,
      rows: a.rank > 1 ? a[a.rank - 2] : 1, first: BroadcastWalk.strides(batchA, in: batch),
      second: BroadcastWalk.strides(batchB, in: batch), batch: batch.dims)
  }

  /// Where the row and the column of an element of the product begin, and the column's stride.
  private func start(_ result: Int, _ layout: Layout) -> (a: Int, b: Int) {
    let column = result % layout.columns
    let row = result / layout.columns % layout.rows
    var rest = result / (layout.columns * layout.rows)
    var (a, b) = (0, 0)
    for axis in layout.batch.indices.reversed() {
      let place = rest % layout.batch[axis]
      a += place * layout.first[axis]
      b += place * layout.second[axis]
      rest /= layout.batch[axis]
    }
    return (
      (a * layout.rows + row) * layout.inner, b * layout.inner * layout.columns + column
    )
  }

  /// The pairs of elements whose products an element of the result sums.
  func pairs(_ result: Int) -> [(a: Int, b: Int)] {
    if case .pairs(let own) = node.op.elements { return own.pairs(node, result) }
    let layout = layout
    let (a, b) = start(result, layout)
    return (0..<layout.inner).map { (a + $0, b + $0 * layout.columns) }
  }

  /// The elements of the product in which an operand's element stands, each with its partner.
  func partners(_ operand: Int, of element: Int) -> [(result: Int, partner: Int)] {
    if case .pairs(let own) = node.op.elements { return own.partners(node, operand, element) }
    let layout = layout
    var found: [(result: Int, partner: Int)] = []
    for result in 0..<node.shape.count {
      let (a, b) = start(result, layout)
      if operand == 0 {
        guard element >= a, element < a + layout.inner else { continue }
        found.append((result, b + (element - a) * layout.columns))
      } else {
        let distance = element - b
        guard distance >= 0, distance % layout.columns == 0,
          distance / layout.columns < layout.inner
        else { continue }
        found.append((result, a + distance / layout.columns))
      }
    }
    return found
  }
}

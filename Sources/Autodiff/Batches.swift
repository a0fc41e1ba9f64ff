// Rows of data in portions, as loops over batches take them.

import Engine

/// What the rows come from, how many a batch has, and in which order they are taken.
package struct Batches {
  /// Tensors with equally many rows.
  package let parts: [Node]
  package let size: Int
  package let isShuffled: Bool

  /// How many rows there are, and how many batches.
  private let rows: Int
  package let count: Int

  package init(_ parts: [Node], size: Int, isShuffled: Bool) {
    (self.parts, self.size, self.isShuffled) = (parts, size, isShuffled)
    rows = parts.first?.shape.dims.first ?? 0
    count = (rows + size - 1) / size
  }

  /// Whether batches are copies of numbers that are there already.
  package var isPlain: Bool { parts.allSatisfy { !$0.isTracked && $0.buffer != nil } }

  /// The order of the rows for one way through them; each shuffle draws another one.
  package func order() throws(OperatorProblem) -> [Int] {
    isShuffled ? try parts[0].graph.randomOrder(rows) : Array(0..<rows)
  }

  /// The places of a batch in that order.
  package func places(_ batch: Int) -> Range<Int> {
    batch * size..<batch * size + min(size, rows - batch * size)
  }

  /// What a part has in a batch.
  package func type(_ part: Int, _ batch: Int) -> TensorType {
    TensorType(shape(part, places(batch).count), parts[part].dtype)
  }

  private func shape(_ part: Int, _ rows: Int) -> Shape {
    Shape([rows] + parts[part].shape.dims.dropFirst())
  }

  /// Rows of a part: a copy of their numbers, where no gradient could pass to them.
  package func take(_ part: Int, _ rows: ArraySlice<Int>) throws(OperatorProblem) -> Node {
    let x = parts[part]
    let graph = x.graph
    try graph.force([x])
    guard !x.isTracked, let buffer = x.buffer else {
      return try graph.record(.gather, [x, graph.indices(rows)])
    }
    let shape = shape(part, rows.count)
    let copy = try Kernels.buffer(x.dtype, shape.count)
    Movement.takeRows(buffer, rows, width: shape.count / max(1, rows.count), copy)
    return graph.leaf(copy, shape)
  }
}

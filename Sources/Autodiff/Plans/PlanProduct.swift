// Matrix products of operands as they lie in memory: transposed, or as blocks of larger tensors.

import Engine

/// A product, or a batch of them, without copies of operands that the library can read in place.
struct PlanProduct {
  let left: Int
  let right: Int
  let sizes: MatrixProduct.Sizes
  /// Empty for a single product.
  let axes: [BatchProduct.Axis]

  /// Nil where the slot is no product of floats, or one of nothing.
  init?(_ values: PlanValues, _ slot: PlanSlot) {
    guard case .product = slot.op.role, slot.type.dtype.isFloat, slot.type.shape.count > 0 else {
      return nil
    }
    let (a, b) = (slot.inputTypes[0].shape, slot.inputTypes[1].shape)
    let k = a[a.rank - 1]
    guard k > 0 else { return nil }
    let batch = Shape(slot.type.shape.dims.dropLast((a.rank > 1 ? 1 : 0) + (b.rank > 1 ? 1 : 0)))
    var m = a.rank > 1 ? a[a.rank - 2] : 1
    let n = b.rank > 1 ? b[b.rank - 1] : 1
    let leftShape = a.rank > 1 ? a : Shape([1, k])
    let rightShape = b.rank > 1 ? b : Shape([k, 1])
    var left = PlanMatrix(values, slot.operands[0], a, as: leftShape, in: batch)
    let right = PlanMatrix(values, slot.operands[1], b, as: rightShape, in: batch)
    var axes = batch.dims.enumerated().map { axis, count in
      BatchProduct.Axis(count: count, left: left.batch[axis], right: right.batch[axis])
    }
    axes.removeAll { $0.count == 1 }
    // Matrices one below the other that meet the same matrix are one.
    while let last = axes.last, last.right == 0, m == 1 || last.left == m * left.rowStep {
      if m == 1 { left.rowStep = last.left }
      m *= last.count
      axes.removeLast()
    }
    guard let leftForm = left.form(rows: m, columns: k),
      let rightForm = right.form(rows: k, columns: n)
    else { return nil }
    (self.left, self.right) = (left.value, right.value)
    self.axes = axes
    sizes = MatrixProduct.Sizes(
      m: m, n: n, k: k, isLeftTransposed: leftForm.isTransposed,
      isRightTransposed: rightForm.isTransposed, leftWidth: leftForm.width,
      rightWidth: rightForm.width)
  }
}

/// An operand of a product: a value and the steps in its memory.
private struct PlanMatrix {
  let value: Int
  var rowStep: Int
  let columnStep: Int
  /// For each axis of the batch.
  let batch: [Int]

  /// Looks through transposes and stretches as far as the library can read what lies there.
  init(_ values: PlanValues, _ operand: Int, _ shape: Shape, as matrix: Shape, in batch: Shape) {
    let seen = PlanMatrix(values.reading(operand, shape), shape, matrix, batch)
    let (rows, columns) = (matrix[matrix.rank - 2], matrix[matrix.rank - 1])
    if seen.form(rows: rows, columns: columns) != nil {
      self = seen
    } else {
      self.init(PlanReading(value: operand, steps: shape.strides), shape, matrix, batch)
    }
  }

  private init(_ reading: PlanReading, _ shape: Shape, _ matrix: Shape, _ batch: Shape) {
    value = reading.value
    // A vector is a row or a column.
    var steps = reading.steps
    if shape.rank == 1 {
      steps = matrix[0] == 1 ? [0, reading.steps[0]] : [reading.steps[0], 0]
    }
    (rowStep, columnStep) = (steps[steps.count - 2], steps[steps.count - 1])
    self.batch = PlanValues.stretched(
      Array(steps.dropLast(2)), Shape(matrix.dims.dropLast(2)), in: batch)
  }

  /// How the library is told of it, nil where it cannot read it: one of the steps must be 1, and
  /// lines may not overlap.
  func form(rows: Int, columns: Int) -> (isTransposed: Bool, width: Int)? {
    let (row, column) = (rows == 1 ? columns : rowStep, columns == 1 ? rows : columnStep)
    let most = Int(Int32.max)
    if columns == 1 || column == 1, row >= columns, row <= most { return (false, row) }
    if rows == 1 || row == 1, column >= rows, column <= most { return (true, column) }
    return nil
  }
}

// Kernels that reduce axes. The operand is first brought to [rows, length] with the reduced axes
// last; every row is then reduced in a fixed order that depends on its length only.

package enum Reductions {
  /// How a shape falls into kept and reduced axes.
  package struct Layout {
    package let rows: Int
    package let length: Int
    /// The operand's axes: kept ones first, reduced ones last; nil when they already are.
    let permutation: [Int]?

    package init(_ shape: Shape, axes: [Int]) {
      let kept = (0..<shape.rank).filter { !axes.contains($0) }
      let order = kept + axes
      rows = kept.reduce(1) { $0 * shape[$1] }
      length = axes.reduce(1) { $0 * shape[$1] }
      permutation = order == Array(0..<shape.rank) ? nil : order
    }
  }

  /// The operand with the reduced axes last, copied only where they are not.
  package static func arranged(_ x: Buffer, _ shape: Shape, _ layout: Layout)
    throws(MemoryProblem) -> Buffer
  {
    guard let permutation = layout.permutation else { return x }
    let copy = try Buffer(x.dtype, count: x.count)
    Movement.permute(x, shape, copy, permutation)
    return copy
  }

  /// y[row] = body(row of x)
  @inlinable @inline(__always)
  package static func rows<T, U>(
    _ x: Buffer, _ y: Buffer, _ length: Int, _ from: T.Type, _ to: U.Type,
    _ body: (UnsafePointer<T>, Int) -> U
  ) {
    let source = UnsafePointer(x.pointer(as: T.self))
    let target = y.pointer(as: U.self)
    var work = Work()
    for row in 0..<y.count {
      target[row] = body(source + row * length, length)
      if work.isOver(after: length) { return }
    }
  }

  /// How the tiles of a sum over axes lie, nil for all axes: the operand is summed as it lies where
  /// everything, the last or the first axes go, else not at all.
  package static func order(_ shape: Shape, axes: [Int]?) -> TileOrder? {
    let moving = (0..<shape.rank).filter { shape[$0] != 1 }
    let goes = moving.map { axis in axes?.contains(axis) ?? true }
    if !goes.contains(false) { return .flat }
    let kept = zip(moving, goes).reduce(1) { $0 * ($1.1 ? 1 : shape[$1.0]) }
    let first = goes.firstIndex(of: true) ?? goes.count
    if !goes[first...].contains(false) { return .rows(shape.count / max(1, kept)) }
    let last = goes.lastIndex(of: true) ?? -1
    return goes[...last].contains(false) ? nil : .columns(kept)
  }

  /// y = Σ x over axes, or the mean, always added up in the same order.
  package static func sum(
    _ x: Buffer, _ shape: Shape, axes: [Int]?, _ y: Buffer, isMean: Bool
  ) throws(MemoryProblem) {
    var x = x
    let order = order(shape, axes: axes)
    if order == nil, let axes {
      x = try arranged(x, shape, Layout(shape, axes: axes))
    }
    defer { withExtendedLifetime(x) {} }
    let length = y.count == 0 ? 0 : shape.count / y.count
    if x.dtype == .f32 {
      sum(x, y, length, order, isMean: isMean, Float.self)
    } else {
      sum(x, y, length, order, isMean: isMean, Double.self)
    }
  }

  @inline(__always)
  private static func sum<T: TileScalar>(
    _ x: Buffer, _ y: Buffer, _ length: Int, _ order: TileOrder?, isMean: Bool, _: T.Type
  ) {
    let source = UnsafePointer(x.pointer(as: T.self))
    let target = y.pointer(as: T.self)
    if length == 1 {
      for piece in Work.pieces(y.count) { for i in piece { target[i] = source[i] } }
      return
    }
    if case .columns = order {
      columns(source, target, rows: length, width: y.count)
    } else {
      rows(x, y, length, T.self, T.self) { BlockSum.sum($0, $1) }
    }
    if isMean { for i in 0..<y.count { target[i] /= T(length) } }
  }

  private static let tile = 256

  private static func columns<T: TileScalar>(
    _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, rows: Int, width: Int
  ) {
    let lines = ColumnSum<T>.levels(rows)
    withUnsafeTemporaryAllocation(of: T.self, capacity: lines * min(width, tile)) { scratch in
      guard let parts = scratch.baseAddress else { return }
      var work = Work()
      for first in stride(from: 0, to: width, by: tile) {
        let strip = min(tile, width - first)
        ColumnSum.clear(parts, width: strip)
        for row in stride(from: 0, to: rows, by: ColumnSum<T>.block) {
          let height = min(ColumnSum<T>.block, rows - row)
          ColumnSum.add(
            x + row * width + first, rows: height, after: row, stride: width, to: parts,
            width: strip)
          if work.isOver(after: height * strip) { return }
        }
        ColumnSum.finish(parts, rows: rows, width: strip, y + first)
      }
    }
  }
}

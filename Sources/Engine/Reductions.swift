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

  /// The sum of a row, pairwise over blocks of 128 with eight accumulators: the error grows with
  /// the logarithm of the length.
  static func sum<T: BinaryFloatingPoint & SIMDScalar>(_ x: UnsafePointer<T>, _ n: Int) -> T {
    if n <= 128 {
      var lanes = SIMD8<T>(repeating: 0)
      var i = 0
      while i + 8 <= n {
        var part = SIMD8<T>()
        for lane in 0..<8 { part[lane] = x[i + lane] }
        lanes += part
        i += 8
      }
      var total =
        ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]))
        + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]))
      while i < n {
        total += x[i]
        i += 1
      }
      return total
    }
    if n > 1 << 18, Interrupts.isRequested { return 0 }
    let half = (n / 2 + 7) / 8 * 8
    return sum(x, half) + sum(x + half, n - half)
  }

  package static func sumRows(_ x: Buffer, _ y: Buffer, _ length: Int) {
    switch x.dtype {
    case .f32: rows(x, y, length, Float.self, Float.self) { sum($0, $1) }
    case .f64: rows(x, y, length, Double.self, Double.self) { sum($0, $1) }
    default: break
    }
  }

  /// y[columns] = Σ over rows of x[rows, columns], a row at a time: no transpose for a bias. Blocks
  /// of 128 rows are summed pairwise, so that the error grows with the logarithm of the rows.
  package static func sumColumns(_ x: Buffer, _ y: Buffer, rows: Int) {
    if x.dtype == .f32 {
      sumColumns(x, y, rows, Float.self)
    } else {
      sumColumns(x, y, rows, Double.self)
    }
  }

  private static let block = 128
  /// Columns that are summed at a time when there are several blocks of rows.
  private static let tile = 256

  private static func sumColumns<T: BinaryFloatingPoint>(
    _ x: Buffer, _ y: Buffer, _ rows: Int, _: T.Type
  ) {
    let source = UnsafePointer(x.pointer(as: T.self))
    let target = y.pointer(as: T.self)
    let n = y.count
    if rows <= block {
      for piece in Work.pieces(n) {
        let first = piece.lowerBound
        add(rows, of: source + first, stride: n, to: target + first, piece.count)
      }
      return
    }
    let levels = Int.bitWidth - (rows / block).leadingZeroBitCount + 2
    withUnsafeTemporaryAllocation(of: T.self, capacity: levels * min(n, tile)) { scratch in
      guard let parts = scratch.baseAddress else { return }
      for first in stride(from: 0, to: n, by: tile) {
        let width = min(tile, n - first)
        let total = sumTile(source + first, rows, stride: n, width, parts)
        for j in 0..<width { target[first + j] = total[j] }
      }
    }
  }

  /// y[j] = Σ over rows of x[row · stride + j]
  @inline(__always)
  private static func add<T: BinaryFloatingPoint>(
    _ rows: Int, of x: UnsafePointer<T>, stride: Int, to y: UnsafeMutablePointer<T>, _ n: Int
  ) {
    for j in 0..<n { y[j] = 0 }
    for row in 0..<rows {
      let line = x + row * stride
      for j in 0..<n { y[j] += line[j] }
    }
  }

  /// Sums blocks as a binary counter carries: level l of `parts` holds the sum of 2^l blocks.
  @inline(__always)
  private static func sumTile<T: BinaryFloatingPoint>(
    _ x: UnsafePointer<T>, _ rows: Int, stride: Int, _ n: Int, _ parts: UnsafeMutablePointer<T>
  ) -> UnsafeMutablePointer<T> {
    let newest = parts
    let level = { (l: Int) in parts + (l + 1) * n }
    var blocks = 0
    var work = Work()
    for first in Swift.stride(from: 0, to: rows, by: block) {
      add(min(block, rows - first), of: x + first * stride, stride: stride, to: newest, n)
      if work.isOver(after: block * n) { break }
      var l = 0
      while blocks >> l & 1 == 1 {
        for j in 0..<n { newest[j] += level(l)[j] }
        l += 1
      }
      for j in 0..<n { level(l)[j] = newest[j] }
      blocks += 1
    }
    for j in 0..<n { newest[j] = 0 }
    for l in 0..<Int.bitWidth where blocks >> l & 1 == 1 {
      for j in 0..<n { newest[j] += level(l)[j] }
    }
    return newest
  }
}

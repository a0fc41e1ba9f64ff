// Products of matrices of a few elements, for which a call of the library takes longer than the
// work.

enum SmallProduct {
  private static let most = 128

  /// Whether a product is made here; a matter of its shape only.
  static func takes(_ sizes: MatrixProduct.Sizes) -> Bool {
    sizes.m <= most && sizes.n <= most && sizes.k <= most && sizes.m * sizes.n * sizes.k <= most
  }

  static func multiply(
    _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ c: UnsafeMutableRawPointer,
    _ sizes: MatrixProduct.Sizes, isDouble: Bool, adds: Bool
  ) {
    if isDouble {
      multiply(a, b, c, sizes, Double.self, adds: adds)
    } else {
      multiply(a, b, c, sizes, Float.self, adds: adds)
    }
  }

  @inline(__always)
  private static func multiply<T: BinaryFloatingPoint>(
    _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ c: UnsafeMutableRawPointer,
    _ sizes: MatrixProduct.Sizes, _: T.Type, adds: Bool
  ) {
    let (m, n, k) = (sizes.m, sizes.n, sizes.k)
    let (rowStep, leftStep) = sizes.isLeftTransposed ? (1, sizes.leftWidth) : (sizes.leftWidth, 1)
    let (columnStep, rightStep) =
      sizes.isRightTransposed ? (sizes.rightWidth, 1) : (1, sizes.rightWidth)
    var row = a.assumingMemoryBound(to: T.self)
    var result = c.assumingMemoryBound(to: T.self)
    for _ in 0..<m {
      var column = b.assumingMemoryBound(to: T.self)
      for _ in 0..<n {
        var (x, y) = (row, column)
        var total = x[0] * y[0]
        for _ in 1..<k {
          x += leftStep
          y += rightStep
          total += x[0] * y[0]
        }
        result[0] = adds ? result[0] + total : total
        result += 1
        column += columnStep
      }
      result += sizes.resultWidth - n
      row += rowStep
    }
  }
}

// Products of f32 matrices by the loops of `ProductLoops`, where these are ahead of the library.

import CProcessor

#if arch(x86_64)
  import TilesAVX512
#endif

enum PanelProduct {
  /// Products in a sum between two looks at memory: a panel of as many rows stays in a core's first
  /// cache.
  private static let inner = 256
  /// Rows that are multiplied with a panel: what they have of A stays in a core's second cache.
  private static let rows = 512

  /// Whether the processor has the vectors for which the tiles are made.
  static let isAvailable = TileVectors.available >= TileVectors.Width.avx512.rawValue

  /// Whether a product is made here; a matter of its shape and of the processor. Narrow ones would
  /// leave lanes empty.
  static func takes(_ sizes: MatrixProduct.Sizes) -> Bool {
    isAvailable && sizes.m >= 8 && sizes.n >= 16 && sizes.k >= 8
  }

  /// C (+)= A · B for f32 blocks, whose lines lie as those of whole matrices do.
  static func multiply(
    _ sizes: MatrixProduct.Sizes, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ c: UnsafeMutablePointer<Float>, adds: Bool
  ) {
    let (leftRow, leftInner) = sizes.isLeftTransposed ? (1, sizes.leftWidth) : (sizes.leftWidth, 1)
    let (rightRow, rightColumn) =
      sizes.isRightTransposed ? (1, sizes.rightWidth) : (sizes.rightWidth, 1)
    let bytes = min(inner, sizes.k) * ProductLoops.columns * 4
    withUnsafeTemporaryAllocation(byteCount: bytes, alignment: 64) { memory in
      guard let address = memory.baseAddress else { return }
      let panel = address.assumingMemoryBound(to: Float.self)
      for first in stride(from: 0, to: sizes.k, by: inner) {
        var part = ProductPanel(
          m: 0, k: min(inner, sizes.k - first), n: 0, left: (leftRow, leftInner),
          result: sizes.resultWidth, adds: adds || first > 0)
        for row in stride(from: 0, to: sizes.m, by: rows) {
          part.m = min(rows, sizes.m - row)
          for column in stride(from: 0, to: sizes.n, by: ProductLoops.columns) {
            part.n = min(ProductLoops.columns, sizes.n - column)
            pack(
              panel, b + first * rightRow + column * rightColumn, k: part.k, n: part.n,
              step: sizes.rightWidth, isTransposed: sizes.isRightTransposed)
            let next = column + ProductLoops.columns
            part.ahead =
              next < sizes.n
              ? lines(sizes, b + first * rightRow + next * rightColumn, part.k, sizes.n - next)
              : .none
            multiply(
              part, a + row * leftRow + first * leftInner, panel,
              c + row * sizes.resultWidth + column)
          }
        }
      }
    }
  }

  /// What the next panel is made of: at most so many columns.
  private static func lines(
    _ sizes: MatrixProduct.Sizes, _ b: UnsafePointer<Float>, _ k: Int, _ columns: Int
  ) -> LinesAhead {
    let n = min(ProductLoops.columns, columns)
    return sizes.isRightTransposed
      ? LinesAhead(rows: n, of: k, step: sizes.rightWidth, from: b)
      : LinesAhead(rows: k, of: n, step: sizes.rightWidth, from: b)
  }

  // MARK: - Compilations of the loops

  private static func pack(
    _ panel: UnsafeMutablePointer<Float>, _ b: UnsafePointer<Float>, k: Int, n: Int, step: Int,
    isTransposed: Bool
  ) {
    #if arch(x86_64)
      if TileVectors.width == .avx512 {
        return TilesAVX512.ProductLoops.pack(
          panel, b, k: k, n: n, step: step, isTransposed: isTransposed)
      }
    #endif
    ProductLoops.pack(panel, b, k: k, n: n, step: step, isTransposed: isTransposed)
  }

  private static func multiply(
    _ part: ProductPanel, _ a: UnsafePointer<Float>, _ panel: UnsafePointer<Float>,
    _ c: UnsafeMutablePointer<Float>
  ) {
    withUnsafeBytes(of: part) { bytes in
      guard let shape = bytes.baseAddress else { return }
      #if arch(x86_64)
        if TileVectors.width == .avx512 {
          return TilesAVX512.ProductLoops.multiply(shape, a, panel, c)
        }
      #endif
      ProductLoops.multiply(shape, a, panel, c)
    }
  }
}

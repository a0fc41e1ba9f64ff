// Products of f32 matrices by the loops of `ProductLoops`, where these are ahead of the library.

#if arch(x86_64)
  import TilesAVX512
#endif

enum PanelProduct {
  /// Products in a sum between two looks at memory: a panel of as many rows stays in a core's first
  /// cache.
  private static let inner = 256
  /// Rows that are multiplied with a panel: what they have of A stays in a core's second cache.
  private static let rows = 512

  /// Rows for which it is not worth to bring B into another order.
  private static let fewRows = 64
  /// Floats of a whole B that stays in a core's first caches as it is.
  private static let near = 1 << 15

  /// Whether the processor has the vectors for which the tiles are made.
  static let isAvailable = TileVectors.available >= TileVectors.Width.avx512.rawValue

  /// Whether a product is made here; a matter of its shape and of the processor. Narrow ones would
  /// leave lanes empty.
  static func takes(_ sizes: MatrixProduct.Sizes) -> Bool {
    isAvailable && sizes.m >= (sizes.isRightTransposed ? fewRows : 8) && sizes.n >= 16
      && sizes.k >= 8
  }

  /// C (+)= A · B for f32 blocks, whose lines lie as those of whole matrices do.
  static func multiply(
    _ sizes: MatrixProduct.Sizes, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ c: UnsafeMutablePointer<Float>, adds: Bool
  ) {
    let isNear = sizes.k <= inner && sizes.k * sizes.rightWidth <= near
    if sizes.m < fewRows || isNear, !sizes.isRightTransposed, sizes.n % 16 == 0 {
      return multiply(sizes, a, b, c, adds: adds, panel: nil)
    }
    let bytes = min(inner, sizes.k) * ProductLoops.columns * 4
    // malloc would tidy its lists for each block of this size.
    if let (block, capacity) = try? Memory.allocate(bytes: bytes) {
      multiply(
        sizes, a, b, c, adds: adds, panel: block.bindMemory(to: Float.self, capacity: bytes / 4))
      return Memory.release(block, capacity: capacity)
    }
    withUnsafeTemporaryAllocation(byteCount: bytes, alignment: 64) { memory in
      let panel = memory.baseAddress?.bindMemory(to: Float.self, capacity: bytes / 4)
      multiply(sizes, a, b, c, adds: adds, panel: panel)
    }
  }

  /// - Parameter panel: nil where all columns of B stay where they are.
  private static func multiply(
    _ sizes: MatrixProduct.Sizes, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ c: UnsafeMutablePointer<Float>, adds: Bool, panel: UnsafeMutablePointer<Float>?
  ) {
    let (leftRow, leftInner) = sizes.isLeftTransposed ? (1, sizes.leftWidth) : (sizes.leftWidth, 1)
    let (rightRow, rightColumn) =
      sizes.isRightTransposed ? (1, sizes.rightWidth) : (sizes.rightWidth, 1)
    for first in stride(from: 0, to: sizes.k, by: inner) {
      var part = ProductPanel(
        k: min(inner, sizes.k - first), left: (leftRow, leftInner), result: sizes.resultWidth,
        adds: adds || first > 0)
      for row in stride(from: 0, to: sizes.m, by: rows) {
        part.m = min(rows, sizes.m - row)
        for column in stride(from: 0, to: sizes.n, by: ProductLoops.columns) {
          let source = b + first * rightRow + column * rightColumn
          let right = prepare(&part, sizes, source, sizes.n - column, panel)
          multiply(
            part, a + row * leftRow + first * leftInner, right, c + row * sizes.resultWidth + column
          )
        }
      }
    }
  }

  /// The columns of B from one on, so many are left, in a panel; where few rows are multiplied with them
  /// they stay where they are.
  private static func prepare(
    _ part: inout ProductPanel, _ sizes: MatrixProduct.Sizes, _ b: UnsafePointer<Float>,
    _ rest: Int, _ panel: UnsafeMutablePointer<Float>?
  ) -> UnsafePointer<Float> {
    part.n = min(ProductLoops.columns, rest)
    part.ahead = .none
    guard let panel, part.m >= fewRows || sizes.isRightTransposed || part.n % 16 != 0 else {
      part.right = sizes.rightWidth
      return b
    }
    part.right = part.n > 16 ? 32 : 16
    pack(
      panel, b, k: part.k, n: part.n, step: sizes.rightWidth,
      isTransposed: sizes.isRightTransposed)
    if rest > ProductLoops.columns {
      let next = min(ProductLoops.columns, rest - ProductLoops.columns)
      part.ahead =
        sizes.isRightTransposed
        ? LinesAhead(
          rows: next, of: part.k, step: sizes.rightWidth,
          from: b + ProductLoops.columns * sizes.rightWidth)
        : LinesAhead(
          rows: part.k, of: next, step: sizes.rightWidth, from: b + ProductLoops.columns)
    }
    return UnsafePointer(panel)
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

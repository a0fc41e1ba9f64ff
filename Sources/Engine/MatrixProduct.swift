// Matrix products by OpenBLAS, on one thread: the same bits whatever the machine.

import COpenBLAS

package enum MatrixProduct {
  /// Stops the library's own threads: results must not depend on their number, and idle ones spin.
  package static func useOneThread() { openblas_set_num_threads(1) }

  /// C[m, n] = A[m, k] · B[k, n], contiguous, at element offsets of the buffers; k and n are at
  /// most `Int32.max`.
  ///
  /// A call of the library cannot be interrupted, so large products are made in blocks, which
  /// depend on shape and element type only.
  package static func multiply(
    _ a: Buffer, _ aOffset: Int, _ b: Buffer, _ bOffset: Int, _ c: Buffer, _ cOffset: Int,
    m: Int, n: Int, k: Int
  ) {
    guard m > 0, n > 0 else { return }
    if k == 0 {
      let size = c.dtype.size
      (c.address + cOffset * size).initializeMemory(
        as: UInt8.self, repeating: 0, count: m * n * size)
      return
    }
    let block = Block(m: m, n: n, k: k, c.dtype)
    for row in stride(from: 0, to: m, by: block.m) {
      for column in stride(from: 0, to: n, by: block.n) {
        for inner in stride(from: 0, to: k, by: block.k) {
          let part = Block(
            m: min(block.m, m - row), n: min(block.n, n - column), k: min(block.k, k - inner))
          multiply(
            part, a, aOffset + row * k + inner, b, bOffset + inner * n + column, c,
            cOffset + row * n + column, widths: (k, n), adds: inner > 0)
          if block != Block(m: m, n: n, k: k), Interrupts.isRequested { return }
        }
      }
    }
  }

  /// The sizes of the blocks of a product.
  private struct Block: Equatable {
    var m: Int
    var n: Int
    var k: Int

    init(m: Int, n: Int, k: Int) { (self.m, self.n, self.k) = (m, n, k) }

    /// Halves the largest size until the block takes no more than some 10 ms: multiplications, and
    /// elements, which come from memory, at the price of 32.
    init(m: Int, n: Int, k: Int, _ dtype: DType) {
      self.init(m: m, n: n, k: k)
      let most = dtype == .f64 ? 0x1p28 : 0x1p29
      while cost > most {
        if self.m >= max(self.n, self.k) {
          self.m = (self.m + 1) / 2
        } else if self.n >= self.k {
          self.n = (self.n + 1) / 2
        } else {
          self.k = (self.k + 1) / 2
        }
      }
    }

    private var cost: Double {
      let (m, n, k) = (Double(m), Double(n), Double(k))
      return m * n * k + 32 * (m * k + k * n + m * n)
    }
  }

  /// C (+)= A · B for blocks of matrices with rows of so many elements.
  private static func multiply(
    _ block: Block, _ a: Buffer, _ aOffset: Int, _ b: Buffer, _ bOffset: Int, _ c: Buffer,
    _ cOffset: Int, widths: (k: Int, n: Int), adds: Bool
  ) {
    let (m, n, k) = (Int32(block.m), Int32(block.n), Int32(block.k))
    let (wide, high) = (Int32(widths.n), Int32(widths.k))
    switch c.dtype {
    case .f32:
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a.pointer(as: Float.self) + aOffset,
        high, b.pointer(as: Float.self) + bOffset, wide, adds ? 1 : 0,
        c.pointer(as: Float.self) + cOffset, wide)
    case .f64:
      cblas_dgemm(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a.pointer(as: Double.self) + aOffset,
        high, b.pointer(as: Double.self) + bOffset, wide, adds ? 1 : 0,
        c.pointer(as: Double.self) + cOffset, wide)
    default: break
    }
  }
}

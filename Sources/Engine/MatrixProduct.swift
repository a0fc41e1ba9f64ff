// Matrix products by OpenBLAS, on one thread: the same bits whatever the machine.

import COpenBLAS

package enum MatrixProduct {
  /// Stops the library's own threads: results must not depend on their number, and idle ones spin.
  package static func useOneThread() { openblas_set_num_threads(1) }

  /// C[m, n] = A[m, k] · B[k, n], contiguous, at element offsets of the buffers.
  package static func multiply(
    _ a: Buffer, _ aOffset: Int, _ b: Buffer, _ bOffset: Int, _ c: Buffer, _ cOffset: Int,
    m: Int, n: Int, k: Int
  ) {
    guard m > 0, n > 0 else { return }
    if k == 0 {
      (c.address + cOffset * c.dtype.size).initializeMemory(
        as: UInt8.self, repeating: 0, count: m * n * c.dtype.size)
      return
    }
    switch c.dtype {
    case .f32:
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(m), Int32(n), Int32(k), 1,
        a.pointer(as: Float.self) + aOffset, Int32(k), b.pointer(as: Float.self) + bOffset,
        Int32(n), 0, c.pointer(as: Float.self) + cOffset, Int32(n))
    case .f64:
      cblas_dgemm(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(m), Int32(n), Int32(k), 1,
        a.pointer(as: Double.self) + aOffset, Int32(k), b.pointer(as: Double.self) + bOffset,
        Int32(n), 0, c.pointer(as: Double.self) + cOffset, Int32(n))
    default: break
    }
  }
}

// Linear equations by LAPACK's LU decomposition.

import COpenBLAS

package enum LinearSolver {
  /// X with A · X = B, all row-major: A [n, n], B and X [n, columns]. Returns LAPACK's status, 0 or
  /// the 1-based column that makes A singular.
  package static func solve(_ a: Buffer, _ b: Buffer, _ x: Buffer, n: Int, columns: Int)
    throws(MemoryProblem) -> Int
  {
    guard n > 0, columns > 0 else { return 0 }
    // LAPACK wants columns one after the other.
    let matrix = try Buffer(a.dtype, count: a.count)
    Movement.permute(a, Shape([n, n]), matrix, [1, 0])
    let right = try Buffer(b.dtype, count: b.count)
    Movement.permute(b, Shape([n, columns]), right, [1, 0])
    var size = Int32(n)
    var rightSides = Int32(columns)
    var pivots = [Int32](repeating: 0, count: n)
    var status: Int32 = 0
    if a.dtype == .f32 {
      sgesv_(
        &size, &rightSides, matrix.pointer(as: Float.self), &size, &pivots,
        right.pointer(as: Float.self), &size, &status)
    } else {
      dgesv_(
        &size, &rightSides, matrix.pointer(as: Double.self), &size, &pivots,
        right.pointer(as: Double.self), &size, &status)
    }
    Movement.permute(right, Shape([columns, n]), x, [1, 0])
    return Int(status)
  }
}

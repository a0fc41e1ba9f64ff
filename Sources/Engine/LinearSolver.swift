// Linear equations by LU decomposition with row exchanges, block by block, so that large ones can
// be interrupted: LAPACK factors a panel of columns, BLAS brings the columns behind it up to date.

import COpenBLAS

package enum LinearSolver {
  /// X with A · X = B, all row-major, at element offsets of the buffers: A [n, n], B and X
  /// [n, columns]. Returns 0 or the 1-based column that makes A singular.
  package static func solve(
    _ a: Buffer, _ aOffset: Int, _ b: Buffer, _ bOffset: Int, _ x: Buffer, _ xOffset: Int, n: Int,
    columns: Int
  ) throws(MemoryProblem) -> Int {
    guard n > 0, columns > 0 else { return 0 }
    // LAPACK wants columns one after the other.
    let matrix = try Buffer(a.dtype, count: n * n)
    let right = try Buffer(a.dtype, count: n * columns)
    defer { withExtendedLifetime((matrix, right)) {} }
    let square = Shape([n, n])
    Movement.strided(a, matrix, square, offset: aOffset, strides: [1, n])
    Movement.strided(b, right, Shape([columns, n]), offset: bOffset, strides: [1, columns])
    if a.dtype == .f32 {
      let status = eliminate(
        Matrix(matrix.pointer(as: Float.self), n), right.pointer(as: Float.self), columns)
      if status != 0 { return status }
    } else {
      let status = eliminate(
        Matrix(matrix.pointer(as: Double.self), n), right.pointer(as: Double.self), columns)
      if status != 0 { return status }
    }
    Movement.scatterStrided(
      right, x, Shape([columns, n]), offset: xOffset, strides: [1, columns])
    return 0
  }

  /// Columns of a panel, and columns that are brought up to date at a time.
  private static let panel = 128
  private static let chunk = 256

  private struct Matrix<T> {
    let base: UnsafeMutablePointer<T>
    let n: Int
    init(_ base: UnsafeMutablePointer<T>, _ n: Int) { (self.base, self.n) = (base, n) }
    func at(_ row: Int, _ column: Int) -> UnsafeMutablePointer<T> { base + column * n + row }
  }

  /// Forward elimination takes the right sides along, so that no part of L is needed again.
  private static func eliminate<T: Factored>(
    _ a: Matrix<T>, _ b: UnsafeMutablePointer<T>, _ columns: Int
  ) -> Int {
    let n = a.n
    let right = Matrix(b, n)
    var pivots = [Int32](repeating: 0, count: min(panel, n))
    for j in stride(from: 0, to: n, by: panel) {
      let width = min(panel, n - j)
      let status = T.factor(a.at(j, j), rows: n - j, columns: width, n, &pivots)
      if status != 0 { return j + status }
      for (target, first, end) in [(a, j + width, n), (right, 0, columns)] {
        for column in stride(from: first, to: end, by: chunk) {
          let part = target.at(j, column)
          let count = min(chunk, end - column)
          T.exchange(part, count, n, pivots, width)
          T.triangle(a.at(j, j), part, width, count, n, isLower: true)
          if n > j + width {
            T.subtract(a.at(j + width, j), part, part + width, n - j - width, count, width, n)
          }
          if Interrupts.isRequested { return 0 }
        }
      }
    }
    for j in stride(from: 0, to: n, by: panel).reversed() {
      let width = min(panel, n - j)
      for column in stride(from: 0, to: columns, by: chunk) {
        let count = min(chunk, columns - column)
        T.triangle(a.at(j, j), right.at(j, column), width, count, n, isLower: false)
        if j > 0 {
          T.subtract(a.at(0, j), right.at(j, column), right.at(0, column), j, count, width, n)
        }
        if Interrupts.isRequested { return 0 }
      }
    }
    return 0
  }
}

/// The steps of an LU decomposition on columns of `n` elements each.
protocol Factored {
  /// L and U of a panel in its place, with the rows that were exchanged.
  static func factor(
    _ a: UnsafeMutablePointer<Self>, rows: Int, columns: Int, _ n: Int, _ pivots: inout [Int32]
  )
    -> Int
  static func exchange(
    _ x: UnsafeMutablePointer<Self>, _ columns: Int, _ n: Int, _ pivots: [Int32], _ count: Int)
  /// x = T⁻¹ x for the triangle of a block.
  static func triangle(
    _ a: UnsafeMutablePointer<Self>, _ x: UnsafeMutablePointer<Self>, _ size: Int, _ columns: Int,
    _ n: Int, isLower: Bool)
  /// y −= A x
  static func subtract(
    _ a: UnsafeMutablePointer<Self>, _ x: UnsafeMutablePointer<Self>,
    _ y: UnsafeMutablePointer<Self>, _ rows: Int, _ columns: Int, _ inner: Int, _ n: Int)
}

extension Float: Factored {
  static func factor(
    _ a: UnsafeMutablePointer<Float>, rows: Int, columns: Int, _ n: Int, _ pivots: inout [Int32]
  )
    -> Int
  {
    var (m, width, lead, status) = (Int32(rows), Int32(columns), Int32(n), Int32(0))
    sgetrf_(&m, &width, a, &lead, &pivots, &status)
    return Int(status)
  }

  static func exchange(
    _ x: UnsafeMutablePointer<Float>, _ columns: Int, _ n: Int, _ pivots: [Int32], _ count: Int
  ) {
    var (width, lead, first, last, step) = (
      Int32(columns), Int32(n), Int32(1), Int32(count), Int32(1)
    )
    var pivots = pivots
    slaswp_(&width, x, &lead, &first, &last, &pivots, &step)
  }

  static func triangle(
    _ a: UnsafeMutablePointer<Float>, _ x: UnsafeMutablePointer<Float>, _ size: Int, _ columns: Int,
    _ n: Int, isLower: Bool
  ) {
    cblas_strsm(
      CblasColMajor, CblasLeft, isLower ? CblasLower : CblasUpper, CblasNoTrans,
      isLower ? CblasUnit : CblasNonUnit, Int32(size), Int32(columns), 1, a, Int32(n), x, Int32(n))
  }

  static func subtract(
    _ a: UnsafeMutablePointer<Float>, _ x: UnsafeMutablePointer<Float>,
    _ y: UnsafeMutablePointer<Float>, _ rows: Int, _ columns: Int, _ inner: Int, _ n: Int
  ) {
    cblas_sgemm(
      CblasColMajor, CblasNoTrans, CblasNoTrans, Int32(rows), Int32(columns), Int32(inner), -1, a,
      Int32(n), x, Int32(n), 1, y, Int32(n))
  }
}

extension Double: Factored {
  static func factor(
    _ a: UnsafeMutablePointer<Double>, rows: Int, columns: Int, _ n: Int, _ pivots: inout [Int32]
  )
    -> Int
  {
    var (m, width, lead, status) = (Int32(rows), Int32(columns), Int32(n), Int32(0))
    dgetrf_(&m, &width, a, &lead, &pivots, &status)
    return Int(status)
  }

  static func exchange(
    _ x: UnsafeMutablePointer<Double>, _ columns: Int, _ n: Int, _ pivots: [Int32], _ count: Int
  ) {
    var (width, lead, first, last, step) = (
      Int32(columns), Int32(n), Int32(1), Int32(count), Int32(1)
    )
    var pivots = pivots
    dlaswp_(&width, x, &lead, &first, &last, &pivots, &step)
  }

  static func triangle(
    _ a: UnsafeMutablePointer<Double>, _ x: UnsafeMutablePointer<Double>, _ size: Int,
    _ columns: Int, _ n: Int, isLower: Bool
  ) {
    cblas_dtrsm(
      CblasColMajor, CblasLeft, isLower ? CblasLower : CblasUpper, CblasNoTrans,
      isLower ? CblasUnit : CblasNonUnit, Int32(size), Int32(columns), 1, a, Int32(n), x, Int32(n))
  }

  static func subtract(
    _ a: UnsafeMutablePointer<Double>, _ x: UnsafeMutablePointer<Double>,
    _ y: UnsafeMutablePointer<Double>, _ rows: Int, _ columns: Int, _ inner: Int, _ n: Int
  ) {
    cblas_dgemm(
      CblasColMajor, CblasNoTrans, CblasNoTrans, Int32(rows), Int32(columns), Int32(inner), -1, a,
      Int32(n), x, Int32(n), 1, y, Int32(n))
  }
}

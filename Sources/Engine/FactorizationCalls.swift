// The calls of LAPACK behind `Factorization`, for floats and doubles. Matrices lie column by column.

import COpenBLAS

protocol Factorable: BinaryFloatingPoint {
  typealias Pointer = UnsafeMutablePointer<Self>
  /// U with U' U = A, in the upper triangle; that is L of a row-major matrix.
  static func positive(_ a: Pointer, _ n: Int) -> Int
  static func triangles(_ a: Pointer, _ n: Int, _ pivots: inout [Int32]) -> Int
  /// Eigenvectors in place of the matrix, one after the other.
  static func eigen(_ a: Pointer, _ values: Pointer, _ n: Int, _ dtype: DType)
    throws(MemoryProblem) -> Int
  static func singular(
    _ a: Pointer, _ values: Pointer, u: Pointer, v: Pointer, rows: Int, columns: Int, _ dtype: DType
  ) throws(MemoryProblem) -> Int
  /// R above the reflections that Q is made of.
  static func reflections(_ a: Pointer, _ tau: Pointer, _ m: Int, _ n: Int, _ dtype: DType)
    throws(MemoryProblem)
  /// Q of the reflections.
  static func product(_ a: Pointer, _ tau: Pointer, _ m: Int, _ k: Int, _ dtype: DType)
    throws(MemoryProblem)
}

extension Factorable {
  /// Calls LAPACK twice: for the length of its workspace, and with one. The length comes as a number
  /// of the matrix's own type, which may have rounded it down.
  fileprivate static func working(
    _ dtype: DType, _ call: (_ work: Pointer, _ length: Int32) -> Void
  ) throws(MemoryProblem) {
    var length = Self(0)
    call(&length, -1)
    let count = min(Int(Int32.max), Int(Double(length) * 1.0001) + 64)
    let work = try Buffer(dtype, count: count)
    call(work.pointer(as: Self.self), Int32(count))
    withExtendedLifetime(work) {}
  }
}

extension Float: Factorable {
  static func positive(_ a: Pointer, _ n: Int) -> Int {
    var (part, size, lead, status) = (CChar(UInt8(ascii: "U")), Int32(n), Int32(n), Int32(0))
    spotrf_(&part, &size, a, &lead, &status)
    return Int(status)
  }

  static func triangles(_ a: Pointer, _ n: Int, _ pivots: inout [Int32]) -> Int {
    var (rows, columns, lead, status) = (Int32(n), Int32(n), Int32(n), Int32(0))
    sgetrf_(&rows, &columns, a, &lead, &pivots, &status)
    return Int(status)
  }

  static func eigen(_ a: Pointer, _ values: Pointer, _ n: Int, _ dtype: DType)
    throws(MemoryProblem) -> Int
  {
    var (job, part) = (CChar(UInt8(ascii: "V")), CChar(UInt8(ascii: "U")))
    var (size, lead, status) = (Int32(n), Int32(n), Int32(0))
    var places = [Int32](repeating: 0, count: 3 + 5 * n)
    try working(dtype) { work, length in
      var (length, count) = (length, length < 0 ? -1 : Int32(3 + 5 * n))
      ssyevd_(
        &job, &part, &size, a, &lead, values, work, &length, &places, &count, &status)
    }
    return Int(status)
  }

  static func singular(
    _ a: Pointer, _ values: Pointer, u: Pointer, v: Pointer, rows: Int, columns: Int, _ dtype: DType
  ) throws(MemoryProblem) -> Int {
    var (job, status) = (CChar(UInt8(ascii: "S")), Int32(0))
    var (m, n, lead) = (Int32(rows), Int32(columns), Int32(rows))
    var (leadU, leadV) = (Int32(rows), Int32(min(rows, columns)))
    var places = [Int32](repeating: 0, count: 8 * min(rows, columns))
    try working(dtype) { work, length in
      var length = length
      sgesdd_(
        &job, &m, &n, a, &lead, values, u, &leadU, v, &leadV, work, &length, &places, &status)
    }
    return Int(status)
  }

  static func reflections(_ a: Pointer, _ tau: Pointer, _ m: Int, _ n: Int, _ dtype: DType)
    throws(MemoryProblem)
  {
    var (rows, columns, lead, status) = (Int32(m), Int32(n), Int32(m), Int32(0))
    try working(dtype) { work, length in
      var length = length
      sgeqrf_(&rows, &columns, a, &lead, tau, work, &length, &status)
    }
  }

  static func product(_ a: Pointer, _ tau: Pointer, _ m: Int, _ k: Int, _ dtype: DType)
    throws(MemoryProblem)
  {
    var (rows, columns, count) = (Int32(m), Int32(k), Int32(k))
    var (lead, status) = (Int32(m), Int32(0))
    try working(dtype) { work, length in
      var length = length
      sorgqr_(&rows, &columns, &count, a, &lead, tau, work, &length, &status)
    }
  }
}

extension Double: Factorable {
  static func positive(_ a: Pointer, _ n: Int) -> Int {
    var (part, size, lead, status) = (CChar(UInt8(ascii: "U")), Int32(n), Int32(n), Int32(0))
    dpotrf_(&part, &size, a, &lead, &status)
    return Int(status)
  }

  static func triangles(_ a: Pointer, _ n: Int, _ pivots: inout [Int32]) -> Int {
    var (rows, columns, lead, status) = (Int32(n), Int32(n), Int32(n), Int32(0))
    dgetrf_(&rows, &columns, a, &lead, &pivots, &status)
    return Int(status)
  }

  static func eigen(_ a: Pointer, _ values: Pointer, _ n: Int, _ dtype: DType)
    throws(MemoryProblem) -> Int
  {
    var (job, part) = (CChar(UInt8(ascii: "V")), CChar(UInt8(ascii: "U")))
    var (size, lead, status) = (Int32(n), Int32(n), Int32(0))
    var places = [Int32](repeating: 0, count: 3 + 5 * n)
    try working(dtype) { work, length in
      var (length, count) = (length, length < 0 ? -1 : Int32(3 + 5 * n))
      dsyevd_(
        &job, &part, &size, a, &lead, values, work, &length, &places, &count, &status)
    }
    return Int(status)
  }

  static func singular(
    _ a: Pointer, _ values: Pointer, u: Pointer, v: Pointer, rows: Int, columns: Int, _ dtype: DType
  ) throws(MemoryProblem) -> Int {
    var (job, status) = (CChar(UInt8(ascii: "S")), Int32(0))
    var (m, n, lead) = (Int32(rows), Int32(columns), Int32(rows))
    var (leadU, leadV) = (Int32(rows), Int32(min(rows, columns)))
    var places = [Int32](repeating: 0, count: 8 * min(rows, columns))
    try working(dtype) { work, length in
      var length = length
      dgesdd_(
        &job, &m, &n, a, &lead, values, u, &leadU, v, &leadV, work, &length, &places, &status)
    }
    return Int(status)
  }

  static func reflections(_ a: Pointer, _ tau: Pointer, _ m: Int, _ n: Int, _ dtype: DType)
    throws(MemoryProblem)
  {
    var (rows, columns, lead, status) = (Int32(m), Int32(n), Int32(m), Int32(0))
    try working(dtype) { work, length in
      var length = length
      dgeqrf_(&rows, &columns, a, &lead, tau, work, &length, &status)
    }
  }

  static func product(_ a: Pointer, _ tau: Pointer, _ m: Int, _ k: Int, _ dtype: DType)
    throws(MemoryProblem)
  {
    var (rows, columns, count) = (Int32(m), Int32(k), Int32(k))
    var (lead, status) = (Int32(m), Int32(0))
    try working(dtype) { work, length in
      var length = length
      dorgqr_(&rows, &columns, &count, a, &lead, tau, work, &length, &status)
    }
  }
}

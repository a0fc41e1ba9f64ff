// The calls of LAPACK behind `Factorization`, for floats and doubles. Matrices lie column by column.

import COpenBLAS

/// A float type with the routines of LAPACK that are called for it.
protocol Factorable: Factored, BinaryFloatingPoint {
  typealias Pointer = UnsafeMutablePointer<Self>
  typealias Word = UnsafePointer<CChar>
  typealias Count = UnsafePointer<Int32>
  typealias Places = UnsafeMutablePointer<Int32>
  static var potrf: (Word?, Count?, Pointer?, Count?, Places?) -> Void { get }
  static var syevd:
    (
      Word?, Word?, Count?, Pointer?, Count?, Pointer?, Pointer?, Count?, Places?, Count?, Places?
    ) -> Void
  { get }
  static var gesdd:
    (
      Word?, Count?, Count?, Pointer?, Count?, Pointer?, Pointer?, Count?, Pointer?, Count?,
      Pointer?,
      Count?, Places?, Places?
    ) -> Void
  { get }
  static var geqrf: (Count?, Count?, Pointer?, Count?, Pointer?, Pointer?, Count?, Places?) -> Void
  { get }
  static var orgqr:
    (
      Count?, Count?, Count?, Pointer?, Count?, UnsafePointer<Self>?, Pointer?, Count?, Places?
    ) -> Void
  { get }
}

extension Float: Factorable {
  static var potrf: (Word?, Count?, Pointer?, Count?, Places?) -> Void { spotrf_ }
  static var syevd:
    (
      Word?, Word?, Count?, Pointer?, Count?, Pointer?, Pointer?, Count?, Places?, Count?, Places?
    ) -> Void
  { ssyevd_ }
  static var gesdd:
    (
      Word?, Count?, Count?, Pointer?, Count?, Pointer?, Pointer?, Count?, Pointer?, Count?,
      Pointer?,
      Count?, Places?, Places?
    ) -> Void
  { sgesdd_ }
  static var geqrf: (Count?, Count?, Pointer?, Count?, Pointer?, Pointer?, Count?, Places?) -> Void
  { sgeqrf_ }
  static var orgqr:
    (
      Count?, Count?, Count?, Pointer?, Count?, UnsafePointer<Self>?, Pointer?, Count?, Places?
    ) -> Void
  { sorgqr_ }
}

extension Double: Factorable {
  static var potrf: (Word?, Count?, Pointer?, Count?, Places?) -> Void { dpotrf_ }
  static var syevd:
    (
      Word?, Word?, Count?, Pointer?, Count?, Pointer?, Pointer?, Count?, Places?, Count?, Places?
    ) -> Void
  { dsyevd_ }
  static var gesdd:
    (
      Word?, Count?, Count?, Pointer?, Count?, Pointer?, Pointer?, Count?, Pointer?, Count?,
      Pointer?,
      Count?, Places?, Places?
    ) -> Void
  { dgesdd_ }
  static var geqrf: (Count?, Count?, Pointer?, Count?, Pointer?, Pointer?, Count?, Places?) -> Void
  { dgeqrf_ }
  static var orgqr:
    (
      Count?, Count?, Count?, Pointer?, Count?, UnsafePointer<Self>?, Pointer?, Count?, Places?
    ) -> Void
  { dorgqr_ }
}

extension Factorable {
  /// Calls LAPACK twice: for the length of its workspace, and with one. The length comes as a number
  /// of the matrix's own type, which may have rounded it down.
  private static func working(
    _ dtype: DType, _ call: (_ work: Pointer, _ length: Int32) -> Void
  ) throws(MemoryProblem) {
    var length = Self(0)
    call(&length, -1)
    let count = min(Int(Int32.max), Int(Double(length) * 1.0001) + 64)
    let work = try Buffer(dtype, count: count)
    call(work.pointer(as: Self.self), Int32(count))
    withExtendedLifetime(work) {}
  }

  /// U with U' U = A, in the upper triangle; that is L of a row-major matrix.
  static func positive(_ a: Pointer, _ n: Int) -> Int {
    var (part, size, lead, status) = (CChar(UInt8(ascii: "U")), Int32(n), Int32(n), Int32(0))
    potrf(&part, &size, a, &lead, &status)
    return Int(status)
  }

  /// Eigenvectors in place of the matrix, one after the other.
  static func eigen(_ a: Pointer, _ values: Pointer, _ n: Int, _ dtype: DType)
    throws(MemoryProblem) -> Int
  {
    var (job, part) = (CChar(UInt8(ascii: "V")), CChar(UInt8(ascii: "U")))
    var (size, lead, status) = (Int32(n), Int32(n), Int32(0))
    var places = [Int32](repeating: 0, count: 3 + 5 * n)
    try working(dtype) { work, length in
      var (length, count) = (length, length < 0 ? -1 : Int32(3 + 5 * n))
      syevd(
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
      gesdd(
        &job, &m, &n, a, &lead, values, u, &leadU, v, &leadV, work, &length, &places, &status)
    }
    return Int(status)
  }

  /// R above the reflections that Q is made of.
  static func reflections(_ a: Pointer, _ tau: Pointer, _ m: Int, _ n: Int, _ dtype: DType)
    throws(MemoryProblem)
  {
    var (rows, columns, lead, status) = (Int32(m), Int32(n), Int32(m), Int32(0))
    try working(dtype) { work, length in
      var length = length
      geqrf(&rows, &columns, a, &lead, tau, work, &length, &status)
    }
  }

  /// Q of the reflections.
  static func product(_ a: Pointer, _ tau: Pointer, _ m: Int, _ k: Int, _ dtype: DType)
    throws(MemoryProblem)
  {
    var (rows, columns, count) = (Int32(m), Int32(k), Int32(k))
    var (lead, status) = (Int32(m), Int32(0))
    try working(dtype) { work, length in
      var length = length
      orgqr(&rows, &columns, &count, a, &lead, tau, work, &length, &status)
    }
  }
}

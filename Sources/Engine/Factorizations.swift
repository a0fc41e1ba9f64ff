// Factorizations of one matrix by LAPACK, whose matrices lie column by column: a row-major A is its
// A'. Results are row-major and one after the other; their signs are fixed, so that they do not
// depend on the library's way there.

import COpenBLAS
import Glibc

package enum Factorization {
  /// Where a matrix lies in a buffer.
  package struct Place {
    let buffer: Buffer
    let offset: Int
    package init(_ buffer: Buffer, _ offset: Int) { (self.buffer, self.offset) = (buffer, offset) }
    fileprivate func pointer<T>(_: T.Type) -> UnsafeMutablePointer<T> {
      buffer.pointer(as: T.self) + offset
    }
  }

  /// L with L L' = (A + A') / 2, both [n, n]. Returns 0 or the 1-based row of the first leading block
  /// that is not positive definite.
  package static func cholesky(_ a: Place, _ l: Place, n: Int) -> Int {
    guard n > 0 else { return 0 }
    return a.buffer.dtype == .f32
      ? cholesky(a, l, n, Float.self) : cholesky(a, l, n, Double.self)
  }

  private static func cholesky<T: Factorable>(_ a: Place, _ l: Place, _ n: Int, _: T.Type) -> Int {
    let y = l.pointer(T.self)
    symmetrize(a.pointer(T.self), y, n)
    let status = T.positive(y, n)
    for i in 0..<n {
      for j in i + 1..<max(n, i + 1) { y[i * n + j] = 0 }
    }
    return status
  }

  /// The sign of a determinant and the logarithm of what it comes to without it; 0 and −∞ where the
  /// matrix is singular.
  package static func determinant(_ a: Place, n: Int) throws(MemoryProblem) -> (
    sign: Double, logarithm: Double, product: Double
  ) {
    guard n > 0 else { return (1, 0, 1) }
    return a.buffer.dtype == .f32
      ? try determinant(a, n, Float.self) : try determinant(a, n, Double.self)
  }

  private static func determinant<T: Factorable>(_ a: Place, _ n: Int, _: T.Type)
    throws(MemoryProblem) -> (Double, Double, Double)
  {
    let copy = try Buffer(a.buffer.dtype, count: n * n)
    defer { withExtendedLifetime(copy) {} }
    let x = copy.pointer(as: T.self)
    x.update(from: a.pointer(T.self), count: n * n)
    var pivots = [Int32](repeating: 0, count: n)
    _ = T.factor(x, rows: n, columns: n, n, &pivots)
    var (sign, logarithm, product) = (1.0, 0.0, 1.0)
    for i in 0..<n {
      let pivot = Double(x[i * n + i])
      if pivot < 0 { sign.negate() }
      if Int(pivots[i]) != i + 1 { (sign, product) = (-sign, -product) }
      if pivot == 0 { sign = 0 }
      logarithm += log(Swift.abs(pivot))
      product *= pivot
    }
    return (sign, logarithm, product)
  }

  /// Ascending eigenvalues [n] of (A + A') / 2, then the eigenvectors as columns [n, n]. Returns 0 or
  /// what LAPACK says where it found none.
  package static func symmetricEigen(_ a: Place, _ y: Place, n: Int) throws(MemoryProblem) -> Int {
    guard n > 0 else { return 0 }
    return a.buffer.dtype == .f32
      ? try symmetricEigen(a, y, n, Float.self) : try symmetricEigen(a, y, n, Double.self)
  }

  private static func symmetricEigen<T: Factorable>(
    _ a: Place, _ y: Place, _ n: Int, _: T.Type
  ) throws(MemoryProblem) -> Int {
    let copy = try Buffer(a.buffer.dtype, count: n * n)
    defer { withExtendedLifetime(copy) {} }
    let (x, values) = (copy.pointer(as: T.self), y.pointer(T.self))
    symmetrize(a.pointer(T.self), x, n)
    let status = try T.eigen(x, values, n, copy.dtype)
    let vectors = values + n
    for k in 0..<n {
      let factor = sign(x + k * n, n, step: 1)
      for i in 0..<n { vectors[i * n + k] = factor * x[k * n + i] }
    }
    return status
  }

  /// U [m, k], then the singular values [k], the largest first, then V' [k, n], with k the smaller of
  /// m and n.
  package static func singular(_ a: Place, _ y: Place, m: Int, n: Int) throws(MemoryProblem) -> Int
  {
    guard m > 0, n > 0 else { return 0 }
    return a.buffer.dtype == .f32
      ? try singular(a, y, m, n, Float.self) : try singular(a, y, m, n, Double.self)
  }

  private static func singular<T: Factorable>(
    _ a: Place, _ y: Place, _ m: Int, _ n: Int, _: T.Type
  ) throws(MemoryProblem) -> Int {
    let k = min(m, n)
    let copy = try Buffer(a.buffer.dtype, count: m * n)
    defer { withExtendedLifetime(copy) {} }
    let x = copy.pointer(as: T.self)
    x.update(from: a.pointer(T.self), count: m * n)
    let u = y.pointer(T.self)
    let (values, v) = (u + m * k, u + m * k + k)
    // A' = V S U': what LAPACK calls U is V, and it lies as V'.
    let status = try T.singular(x, values, u: v, v: u, rows: n, columns: m, copy.dtype)
    for j in 0..<k {
      let factor = sign(u + j, m, step: k)
      for i in 0..<m { u[i * k + j] *= factor }
      for i in 0..<n { v[j * n + i] *= factor }
    }
    return status
  }

  /// Q [m, k], then R [k, n], with k the smaller of m and n and no negative number on R's diagonal.
  package static func orthogonal(_ a: Place, _ y: Place, m: Int, n: Int) throws(MemoryProblem) {
    guard m > 0, n > 0 else { return }
    if a.buffer.dtype == .f32 {
      try orthogonal(a, y, m, n, Float.self)
    } else {
      try orthogonal(a, y, m, n, Double.self)
    }
  }

  private static func orthogonal<T: Factorable>(
    _ a: Place, _ y: Place, _ m: Int, _ n: Int, _: T.Type
  ) throws(MemoryProblem) {
    let k = min(m, n)
    let copy = try Buffer(a.buffer.dtype, count: m * n)
    defer { withExtendedLifetime(copy) {} }
    let (x, q) = (copy.pointer(as: T.self), y.pointer(T.self))
    let r = q + m * k
    Movement.strided(a.buffer, copy, Shape([n, m]), offset: a.offset, strides: [1, n])
    let tau = try Buffer(a.buffer.dtype, count: k)
    defer { withExtendedLifetime(tau) {} }
    try T.reflections(x, tau.pointer(as: T.self), m, n, copy.dtype)
    var factors = [T](repeating: 1, count: k)
    for i in 0..<k {
      if x[i * m + i] < 0 { factors[i] = -1 }
      for j in 0..<n { r[i * n + j] = j < i ? 0 : factors[i] * x[j * m + i] }
    }
    try T.product(x, tau.pointer(as: T.self), m, k, copy.dtype)
    for i in 0..<m {
      for j in 0..<k { q[i * k + j] = factors[j] * x[j * m + i] }
    }
  }

  private static func symmetrize<T: Factorable>(
    _ a: UnsafeMutablePointer<T>, _ y: UnsafeMutablePointer<T>, _ n: Int
  ) {
    for i in 0..<n {
      for j in 0..<n { y[i * n + j] = (a[i * n + j] + a[j * n + i]) / 2 }
    }
  }

  /// The factor that makes the largest element of a vector positive, the first of equal ones.
  private static func sign<T: Factorable>(_ x: UnsafeMutablePointer<T>, _ n: Int, step: Int) -> T {
    var largest = 0
    for i in 1..<max(n, 1) {
      // Elements that differ by rounding alone count as equal: [1, -1] / √2 must not depend on it.
      if x[i * step].magnitude > x[largest * step].magnitude * (1 + 64 * T.ulpOfOne) {
        largest = i
      }
    }
    return x[largest * step] < 0 ? -1 : 1
  }
}

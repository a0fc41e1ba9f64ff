// Principal components: the directions in which centred data vary most.

package struct PrincipalComponents {
  package let mean: [Double]
  /// [k, width]; the largest element of each is positive.
  package let components: [Double]
  /// Along each component, by n − 1.
  package let variances: [Double]
  /// The variance of all columns together.
  package let total: Double

  /// nil where LAPACK found no factors.
  ///
  /// Of many rows by the eigenvectors of the covariance, of few by the singular vectors of the data; both
  /// in doubles, so that squares cost no digit that a float has.
  package init?(_ values: [Double], count: Int, width: Int, k: Int) throws(MemoryProblem) {
    precondition(values.count == count * width && count > 1 && k <= min(count, width))
    var mean = [Double](repeating: 0, count: width)
    for row in 0..<count {
      for j in 0..<width { mean[j] += values[row * width + j] }
    }
    for j in 0..<width { mean[j] /= Double(count) }
    let centered = try Buffer(.f64, count: count * width)
    defer { withExtendedLifetime(centered) {} }
    let x = centered.pointer(as: Double.self)
    for row in 0..<count {
      for j in 0..<width { x[row * width + j] = values[row * width + j] - mean[j] }
    }
    let found =
      count >= 2 * width
      ? try PrincipalComponents.ofCovariance(centered, count, width, k)
      : try PrincipalComponents.ofData(centered, count, width, k)
    guard let found else { return nil }
    self.mean = mean
    (components, variances, total) = found
  }

  private typealias Found = (components: [Double], variances: [Double], total: Double)

  private static func ofCovariance(_ centered: Buffer, _ count: Int, _ width: Int, _ k: Int)
    throws(MemoryProblem) -> Found?
  {
    let covariance = try Buffer(.f64, count: width * width)
    let factors = try Buffer(.f64, count: width * (width + 1))
    defer { withExtendedLifetime((covariance, factors)) {} }
    MatrixProduct.multiply(
      centered.address, centered.address, covariance.address,
      MatrixProduct.Sizes(m: width, n: width, k: count, isLeftTransposed: true), isDouble: true)
    let (c, f) = (covariance.pointer(as: Double.self), factors.pointer(as: Double.self))
    for i in 0..<width * width { c[i] /= Double(count - 1) }
    guard
      try Factorization.symmetricEigen(
        Factorization.Place(covariance, 0), Factorization.Place(factors, 0), n: width) == 0
    else { return nil }
    var found: Found = ([], [], 0)
    for j in 0..<width { found.total += c[j * width + j] }
    for component in 0..<k {
      let column = width - 1 - component
      found.variances.append(max(0, f[column]))
      for j in 0..<width { found.components.append(f[width + j * width + column]) }
    }
    return found
  }

  private static func ofData(_ centered: Buffer, _ count: Int, _ width: Int, _ k: Int)
    throws(MemoryProblem) -> Found?
  {
    let rank = min(count, width)
    let factors = try Buffer(.f64, count: rank * (count + width + 1))
    defer { withExtendedLifetime(factors) {} }
    guard
      try Factorization.singular(
        Factorization.Place(centered, 0), Factorization.Place(factors, 0), m: count, n: width) == 0
    else { return nil }
    let values = factors.pointer(as: Double.self) + count * rank
    var found: Found = ([], [], 0)
    for i in 0..<rank { found.total += values[i] * values[i] / Double(count - 1) }
    for component in 0..<k {
      found.variances.append(values[component] * values[component] / Double(count - 1))
      let vector = values + rank + component * width
      var largest = 0
      for j in 1..<max(width, 1) where abs(vector[j]) > abs(vector[largest]) * (1 + 0x1p-46) {
        largest = j
      }
      let sign: Double = vector[largest] < 0 ? -1 : 1
      for j in 0..<width { found.components.append(sign * vector[j]) }
    }
    return found
  }
}

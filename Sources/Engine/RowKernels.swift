// Kernels of one row: sums, squares, the logarithm of summed exponentials, softmax. The entry
// points name their element type, so that all of them are compiled for it here and not called
// through generic code from other modules.

import Glibc

package enum RowKernels {
  static func sum(_ x: UnsafePointer<Float>, _ n: Int) -> Float { BlockSum.sum(x, n) }
  static func sum(_ x: UnsafePointer<Double>, _ n: Int) -> Double { BlockSum.sum(x, n) }

  /// Σ (x − center)² in f64, so that squares of large f32 do not overflow.
  package static func squares(_ x: UnsafePointer<Float>, _ n: Int, from center: Float) -> Double {
    sumOfParts(n) { i, part, count in
      let middle = Double(center)
      for j in 0..<count {
        let distance = Double(x[i + j]) - middle
        part[j] = distance * distance
      }
    }
  }

  package static func squares(_ x: UnsafePointer<Double>, _ n: Int, from center: Double) -> Double {
    sumOfParts(n) { i, part, count in
      for j in 0..<count { part[j] = (x[i + j] - center) * (x[i + j] - center) }
    }
  }

  /// The mean squared distance from the mean.
  package static func variance(_ x: UnsafePointer<Float>, _ n: Int) -> Double {
    squares(x, n, from: sum(x, n) / Float(n)) / Double(n)
  }

  package static func variance(_ x: UnsafePointer<Double>, _ n: Int) -> Double {
    squares(x, n, from: sum(x, n) / Double(n)) / Double(n)
  }

  /// log Σ e^x without overflow.
  package static func logSumExp(_ x: UnsafePointer<Float>, _ n: Int) -> Float {
    let largest = largest(x, n)
    guard largest.isFinite else { return largest }
    let total: Float = sumOfParts(n) { i, part, count in
      for j in 0..<count { part[j] = FloatMath.exp(x[i + j] - largest) }
    }
    return largest + logf(total)
  }

  package static func logSumExp(_ x: UnsafePointer<Double>, _ n: Int) -> Double {
    let largest = largest(x, n)
    guard largest.isFinite else { return largest }
    let total: Double = sumOfParts(n) { i, part, count in
      for j in 0..<count { part[j] = Glibc.exp(x[i + j] - largest) }
    }
    return largest + Glibc.log(total)
  }

  /// y = e^x / Σ e^x, without overflow.
  package static func softmax(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ n: Int
  ) {
    let largest = largest(x, n)
    for piece in Work.pieces(n) { for i in piece { y[i] = FloatMath.exp(x[i] - largest) } }
    let total = sum(UnsafePointer(y), n)
    for piece in Work.pieces(n) { for i in piece { y[i] /= total } }
  }

  package static func softmax(
    _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ n: Int
  ) {
    let largest = largest(x, n)
    for piece in Work.pieces(n) { for i in piece { y[i] = Glibc.exp(x[i] - largest) } }
    let total = sum(UnsafePointer(y), n)
    for piece in Work.pieces(n) { for i in piece { y[i] /= total } }
  }

  /// y = x − log Σ e^x
  package static func logSoftmax(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ n: Int
  ) {
    let total = logSumExp(x, n)
    for piece in Work.pieces(n) { for i in piece { y[i] = x[i] - total } }
  }

  package static func logSoftmax(
    _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ n: Int
  ) {
    let total = logSumExp(x, n)
    for piece in Work.pieces(n) { for i in piece { y[i] = x[i] - total } }
  }

  /// y = (x − mean) / √(variance + ε)
  package static func standardize(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ n: Int, _ epsilon: Double
  ) {
    let mean = sum(x, n) / Float(n)
    let scale = Float(1 / (squares(x, n, from: mean) / Double(n) + epsilon).squareRoot())
    for piece in Work.pieces(n) { for i in piece { y[i] = (x[i] - mean) * scale } }
  }

  package static func standardize(
    _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ n: Int, _ epsilon: Double
  ) {
    let mean = sum(x, n) / Double(n)
    let scale = 1 / (squares(x, n, from: mean) / Double(n) + epsilon).squareRoot()
    for piece in Work.pieces(n) { for i in piece { y[i] = (x[i] - mean) * scale } }
  }

  /// The largest element; NaN when one is NaN and no other is finite.
  @inline(__always)
  private static func largest<T: TileScalar>(_ x: UnsafePointer<T>, _ n: Int) -> T {
    var lanes = T.Lanes(repeating: -T.infinity)
    let whole = n / T.width * T.width
    for piece in Work.pieces(whole) {
      for i in stride(from: piece.lowerBound, to: piece.upperBound, by: T.width) {
        let next = T.load(x + i)
        lanes = T.choose(next, lanes, where: lanes, isLess: next)
      }
    }
    var largest = T.largest(lanes)
    for i in whole..<n { largest = x[i] > largest ? x[i] : largest }
    guard largest.isFinite else {
      for i in 0..<n where x[i] != x[i] { return x[i] }
      return largest
    }
    return largest
  }

  /// The sum of n numbers that `fill` makes, 128 at a time.
  @inline(__always)
  private static func sumOfParts<T: TileScalar>(
    _ n: Int, _ fill: (_ start: Int, _ part: UnsafeMutablePointer<T>, _ count: Int) -> Void
  ) -> T {
    withUnsafeTemporaryAllocation(of: T.self, capacity: 128) { storage in
      guard let part = storage.baseAddress else { return 0 }
      var total: T = 0
      var work = Work()
      for start in stride(from: 0, to: n, by: 128) {
        let count = min(128, n - start)
        fill(start, part, count)
        total += BlockSum.sum(UnsafePointer(part), count)
        if work.isOver(after: count) { break }
      }
      return total
    }
  }
}

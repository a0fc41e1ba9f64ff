// Points of a search among neighbours: as they were given, and as floats in which products are made.

/// Points [count, width] as doubles, in which distances are decided, and as floats, in which most of
/// them are ruled out.
///
/// Floats are told from a centre, so that an offset costs them no digits. Numbers that are very large
/// or very small are multiplied by a power of two, so that squares stay within what a float can hold.
package final class PointSet: @unchecked Sendable {
  package let count: Int
  package let width: Int
  /// Times `scale`.
  package let values: [Double]
  /// A power of two.
  package let scale: Double
  /// What floats are told from, times `scale`.
  let center: [Double]
  let floats: [Float]
  /// Squared lengths of the floats, and infinity up to the next multiple of 16 and one more.
  let squares: [Float]
  let largestSquare: Float

  /// - Parameters:
  ///   - values: count · width finite numbers.
  ///   - other: whose centre and scale are taken; without it those that suit the numbers.
  package init(_ values: [Double], count: Int, width: Int, like other: PointSet? = nil) {
    precondition(values.count == count * width)
    (self.count, self.width) = (count, width)
    scale = other?.scale ?? PointSet.scale(of: values)
    let factor = scale
    self.values = factor == 1 ? values : values.map { $0 * factor }
    center = other?.center ?? PointSet.mean(self.values, count, width)
    let (all, middle) = (self.values, center)
    floats = [Float](unsafeUninitializedCapacity: all.count) { floats, filled in
      for row in 0..<count {
        let start = row * width
        for j in 0..<width { floats[start + j] = Float(all[start + j] - middle[j]) }
      }
      filled = all.count
    }
    squares = PointSet.squares(floats, count, width)
    largestSquare = squares.prefix(count).max() ?? 0
  }

  /// The elements of a buffer.
  package static func doubles(_ buffer: Buffer) -> [Double] {
    [Double](unsafeUninitializedCapacity: buffer.count) { doubles, filled in
      switch buffer.dtype {
      case .f32:
        let x = buffer.pointer(as: Float.self)
        for i in 0..<buffer.count { doubles[i] = Double(x[i]) }
      case .f64:
        let x = buffer.pointer(as: Double.self)
        for i in 0..<buffer.count { doubles[i] = x[i] }
      default: for i in 0..<buffer.count { doubles[i] = buffer[i] }
      }
      filled = buffer.count
    }
  }

  private static func scale(of values: [Double]) -> Double {
    // Of finite numbers the larger one has the larger bits.
    var bits: UInt64 = 0
    for v in values { bits = max(bits, v.bitPattern & (.max >> 1)) }
    let largest = Double(bitPattern: bits)
    guard largest > 0, largest < 1e-12 || largest > 1e12 else { return 1 }
    return Double(sign: .plus, exponent: -max(-1000, min(1000, largest.exponent)), significand: 1)
  }

  private static func mean(_ values: [Double], _ count: Int, _ width: Int) -> [Double] {
    var mean = [Double](repeating: 0, count: width)
    for row in 0..<count {
      for j in 0..<width { mean[j] += values[row * width + j] }
    }
    return mean.map { $0 / Double(max(1, count)) }
  }

  private static func squares(_ floats: [Float], _ count: Int, _ width: Int) -> [Float] {
    var squares = [Float](repeating: .infinity, count: (count + 31) / 16 * 16)
    floats.withUnsafeBufferPointer { floats in
      guard let x = floats.baseAddress else {
        for row in 0..<count { squares[row] = 0 }
        return
      }
      for row in 0..<count { squares[row] = Distance.square(x + row * width, width) }
    }
    return squares
  }

  /// Twice what a squared distance that was made of floats may be wrong by: the rounding of the
  /// numbers, of a product over `width` and of its parts.
  static func slack(_ square: Float, _ largest: Float, width: Int) -> Float {
    let lengths = square.squareRoot() + largest.squareRoot()
    return max(.leastNormalMagnitude, 2 * Float(width + 8) * 0x1p-24 * lengths * lengths)
  }
}

/// Squared Euclidean distances.
enum Distance {
  /// Σ (a − b)²
  @inline(__always)
  static func squared(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ width: Int)
    -> Double
  {
    var (sums, i) = (SIMD8<Double>.zero, 0)
    while i &+ 8 <= width {
      let x = UnsafeRawPointer(a + i).loadUnaligned(as: SIMD8<Double>.self)
      let difference = x - UnsafeRawPointer(b + i).loadUnaligned(as: SIMD8<Double>.self)
      sums += difference * difference
      i &+= 8
    }
    var sum = sums.sum()
    while i < width {
      let difference = a[i] - b[i]
      sum += difference * difference
      i &+= 1
    }
    return sum
  }

  /// Σ a²
  @inline(__always)
  static func square(_ a: UnsafePointer<Float>, _ width: Int) -> Float {
    var (sums, i) = (SIMD16<Float>.zero, 0)
    while i &+ 16 <= width {
      let x = UnsafeRawPointer(a + i).loadUnaligned(as: SIMD16<Float>.self)
      sums += x * x
      i &+= 16
    }
    var sum = sums.sum()
    while i < width {
      sum += a[i] * a[i]
      i &+= 1
    }
    return sum
  }
}

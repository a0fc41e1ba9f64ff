// Scalar functions of f32 without library calls, so that loops over them are vectorised, and the
// same names for f64 through the C library. The loops stand here too: a function of another module
// is called, not inlined.

import Glibc

package enum FloatMath {
  /// e^x, relative error below 2·10⁻⁷: x = n ln 2 + r, a polynomial in r, the exponent by bits.
  @inlinable @inline(__always)
  package static func exp(_ x: Float) -> Float {
    let clamped = max(min(x, 89), -104)
    let magic: Float = 12_582_912
    let n = (clamped * 1.442_695_04 + magic) - magic
    let r = (clamped - n * 0.693_359_375) - n * -2.121_944_4e-4
    var p: Float = 1.987_569_2e-4
    p = p * r + 1.398_199_9e-3
    p = p * r + 8.333_452e-3
    p = p * r + 4.166_579_6e-2
    p = p * r + 1.666_666_5e-1
    p = p * r + 0.5
    let value = p * r * r + r + 1
    // Two factors, so that results near the largest and the smallest numbers come out right.
    let half = (n * 0.5 + magic) - magic
    let a = Float(bitPattern: (half + magic).bitPattern << 23 &+ 0x3F80_0000)
    let b = Float(bitPattern: (n - half + magic).bitPattern << 23 &+ 0x3F80_0000)
    let result = value * a * b
    return x != x ? x : (x > 88.72284 ? Float.infinity : result)
  }

  @inlinable @inline(__always)
  package static func sigmoid(_ x: Float) -> Float { 1 / (1 + exp(-x)) }

  @inlinable @inline(__always)
  package static func sigmoid(_ x: Double) -> Double { 1 / (1 + Glibc.exp(-x)) }

  /// tanh by e^(−2|x|), and by its series where that would cancel.
  @inlinable @inline(__always)
  package static func tanh(_ x: Float) -> Float {
    let magnitude = abs(x)
    let e = exp(-2 * magnitude)
    let large = (1 - e) / (1 + e)
    let s = x * x
    let small =
      magnitude
      * (1 + s * (-0.333_333_3 + s * (0.133_333_3 + s * (-0.053_968_25 + s * 0.021_869_49))))
    let result = magnitude < 0.25 ? small : large
    return x < 0 ? -result : (x != x ? x : result)
  }
}

extension FloatMath {
  package static func exp(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ n: Int
  ) {
    for i in 0..<n { y[i] = exp(x[i]) }
  }

  package static func tanh(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ n: Int
  ) {
    for i in 0..<n { y[i] = tanh(x[i]) }
  }

  package static func sigmoid(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ n: Int
  ) {
    for i in 0..<n { y[i] = sigmoid(x[i]) }
  }

  package static func silu(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ n: Int
  ) {
    for i in 0..<n { y[i] = x[i] * sigmoid(x[i]) }
  }
}

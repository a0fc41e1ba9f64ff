// Scalar functions of f32 without library calls, so that loops over them are vectorised.

package enum FloatMath {
  /// log(1 + x) for x from 0 to 1: 2 artanh(x / (2 + x)) by its series, of which 7 terms are enough for
  /// f32; NaN stays.
  @inlinable @inline(__always)
  package static func log1pOfFraction(_ x: Float) -> Float {
    let s = x / (2 + x)
    let t = s * s
    var p: Float = 1 / 13
    p = p * t + 1 / 11
    p = p * t + 1 / 9
    p = p * t + 1 / 7
    p = p * t + 1 / 5
    p = p * t + 1 / 3
    return 2 * s + 2 * s * t * p
  }

  /// e^x, relative error below 2·10⁻⁷: x = n ln 2 + r, a polynomial in r, n added to the exponent.
  /// Results below the smallest normal number are 0.
  @inlinable @inline(__always)
  package static func exp(_ x: Float) -> Float {
    let magic: Float = 12_582_912
    let shifted = x * 1.442_695_04 + magic
    let n = shifted - magic
    let r = (x - n * 0.693_359_375) - n * -2.121_944_4e-4
    var p: Float = 1.987_569_2e-4
    p = p * r + 1.398_199_9e-3
    p = p * r + 8.333_452e-3
    p = p * r + 4.166_579_6e-2
    p = p * r + 1.666_666_5e-1
    p = p * r + 0.5
    let value = p * r * r + r + 1
    let scaled = Float(bitPattern: value.bitPattern &+ shifted.bitPattern << 23)
    return x <= 88.722_84 ? (x >= -87.336_54 ? scaled : 0) : x * Float.infinity
  }

  /// tanh by the quotient of two polynomials, relative error below 4·10⁻⁷ (coefficients from
  /// Eigen); beyond 7.9 it is 1 to the last bit.
  @inlinable @inline(__always)
  package static func tanh(_ x: Float) -> Float {
    let c = x > 7.905_311 ? 7.905_311 : (x < -7.905_311 ? -7.905_311 : x)
    let s = c * c
    var p: Float = -2.760_768_5e-16
    p = p * s + 2.000_187_9e-13
    p = p * s + -8.604_671_5e-11
    p = p * s + 5.122_297_1e-8
    p = p * s + 1.485_722_36e-5
    p = p * s + 6.372_619_3e-4
    p = p * s + 4.893_524_6e-3
    var q: Float = 1.198_258_4e-6
    q = q * s + 1.185_347_06e-4
    q = q * s + 2.268_434_6e-3
    q = q * s + 4.893_525_2e-3
    let quotient = p * c / q
    return x.magnitude < 0.0004 ? x : quotient
  }

  /// The error function by the quotient of two polynomials, relative error below 4·10⁻⁷; beyond
  /// 3.92 it is 1 to the last bit. The coefficients are a least-squares fit of erf(x) / x over x²,
  /// weighted until the largest relative error is smallest.
  @inlinable @inline(__always)
  package static func erf(_ x: Float) -> Float {
    let c = x > 3.92 ? 3.92 : (x < -3.92 ? -3.92 : x)
    let s = c * c
    var p: Float = -1.320_223_7e-8
    p = p * s + 4.684_779_5e-6
    p = p * s + 3.796_088_5e-4
    p = p * s + 3.849_608_5e-3
    p = p * s + 5.431_690_4e-2
    p = p * s + 0.185_203_13
    p = p * s + 1.128_379_2
    var q: Float = 6.311_059_4e-5
    q = q * s + 1.307_569_3e-3
    q = q * s + 1.546_208_2e-2
    q = q * s + 0.113_958_39
    q = q * s + 0.497_465_43
    q = q * s + 1
    let quotient = c * p / q
    return quotient > 1 ? 1 : (quotient < -1 ? -1 : quotient)
  }
}

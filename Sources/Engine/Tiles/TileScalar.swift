// The functions of one element, for both float types. Fused loops and the kernels of single
// operators are made of these and of nothing else, so that both give the same bits.

import Glibc

/// A float type over which tile programs run.
protocol TileScalar: BinaryFloatingPoint, SIMDScalar, BitwiseCopyable, Codable {
  /// As many as fill 64 bytes.
  associatedtype Lanes: SIMD where Lanes.Scalar == Self
  static var width: Int { get }
  static func load(_ address: UnsafeRawPointer) -> Lanes
  static func store(_ lanes: Lanes, _ address: UnsafeMutableRawPointer)
  static func sum(_ a: Lanes, _ b: Lanes) -> Lanes
  /// The sum of all lanes, halves added to halves.
  static func total(_ lanes: Lanes) -> Self
  /// Whether exp, tanh and their kin are made of arithmetic, which is vectorised, and not of calls.
  static var hasVectorFunctions: Bool { get }

  static func exp(_ x: Self) -> Self
  static func log(_ x: Self) -> Self
  static func sin(_ x: Self) -> Self
  static func cos(_ x: Self) -> Self
  static func tanh(_ x: Self) -> Self
  static func erf(_ x: Self) -> Self
  static func log1p(_ x: Self) -> Self
  static func power(_ x: Self, _ y: Self) -> Self
}

extension Float: TileScalar {
  typealias Lanes = SIMD16<Float>
  @inline(__always) static var width: Int { 16 }
  @inline(__always) static var hasVectorFunctions: Bool { true }
  @inline(__always) static func load(_ address: UnsafeRawPointer) -> SIMD16<Float> {
    address.loadUnaligned(as: SIMD16<Float>.self)
  }
  @inline(__always)
  static func store(_ lanes: SIMD16<Float>, _ address: UnsafeMutableRawPointer) {
    address.storeBytes(of: lanes, as: SIMD16<Float>.self)
  }
  @inline(__always)
  static func sum(_ a: SIMD16<Float>, _ b: SIMD16<Float>) -> SIMD16<Float> { a + b }
  @inline(__always) static func total(_ lanes: SIMD16<Float>) -> Float {
    let eight = lanes.lowHalf + lanes.highHalf
    let four = eight.lowHalf + eight.highHalf
    let two = four.lowHalf + four.highHalf
    return two[0] + two[1]
  }

  @inline(__always) static func exp(_ x: Float) -> Float { FloatMath.exp(x) }
  @inline(__always) static func log(_ x: Float) -> Float { logf(x) }
  @inline(__always) static func sin(_ x: Float) -> Float { sinf(x) }
  @inline(__always) static func cos(_ x: Float) -> Float { cosf(x) }
  @inline(__always) static func tanh(_ x: Float) -> Float { FloatMath.tanh(x) }
  @inline(__always) static func erf(_ x: Float) -> Float { erff(x) }
  @inline(__always) static func log1p(_ x: Float) -> Float { log1pf(x) }
  @inline(__always) static func power(_ x: Float, _ y: Float) -> Float { powf(x, y) }
}

extension Double: TileScalar {
  typealias Lanes = SIMD8<Double>
  @inline(__always) static var width: Int { 8 }
  @inline(__always) static var hasVectorFunctions: Bool { false }
  @inline(__always) static func load(_ address: UnsafeRawPointer) -> SIMD8<Double> {
    address.loadUnaligned(as: SIMD8<Double>.self)
  }
  @inline(__always)
  static func store(_ lanes: SIMD8<Double>, _ address: UnsafeMutableRawPointer) {
    address.storeBytes(of: lanes, as: SIMD8<Double>.self)
  }
  @inline(__always)
  static func sum(_ a: SIMD8<Double>, _ b: SIMD8<Double>) -> SIMD8<Double> { a + b }
  @inline(__always) static func total(_ lanes: SIMD8<Double>) -> Double {
    let four = lanes.lowHalf + lanes.highHalf
    let two = four.lowHalf + four.highHalf
    return two[0] + two[1]
  }

  @inline(__always) static func exp(_ x: Double) -> Double { Glibc.exp(x) }
  @inline(__always) static func log(_ x: Double) -> Double { Glibc.log(x) }
  @inline(__always) static func sin(_ x: Double) -> Double { Glibc.sin(x) }
  @inline(__always) static func cos(_ x: Double) -> Double { Glibc.cos(x) }
  @inline(__always) static func tanh(_ x: Double) -> Double { Glibc.tanh(x) }
  @inline(__always) static func erf(_ x: Double) -> Double { Glibc.erf(x) }
  @inline(__always) static func log1p(_ x: Double) -> Double { Glibc.log1p(x) }
  @inline(__always) static func power(_ x: Double, _ y: Double) -> Double { pow(x, y) }
}

extension TileScalar {
  @inline(__always) static func sigmoid(_ x: Self) -> Self { 1 / (1 + exp(-x)) }
  @inline(__always) static func silu(_ x: Self) -> Self { x * sigmoid(x) }
  @inline(__always) static func relu(_ x: Self) -> Self { x > 0 || x != x ? x : 0 }
  @inline(__always) static func sign(_ x: Self) -> Self { x > 0 ? 1 : (x < 0 ? -1 : x) }
  @inline(__always) static func gelu(_ x: Self) -> Self {
    0.5 * x * (1 + erf(x * 0.707_106_781_186_547_5))
  }
  @inline(__always) static func softplus(_ x: Self) -> Self {
    (x > 0 ? x : 0) + log1p(exp(-x.magnitude))
  }
  @inline(__always) static func larger(_ a: Self, _ b: Self) -> Self {
    a != a || a >= b ? a : b
  }
  @inline(__always) static func smaller(_ a: Self, _ b: Self) -> Self {
    a != a || a <= b ? a : b
  }
  @inline(__always) static func clipped(_ x: Self, _ low: Self, _ high: Self) -> Self {
    x < low ? low : (x > high ? high : x)
  }
}

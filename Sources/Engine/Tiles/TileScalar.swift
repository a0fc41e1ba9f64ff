// The functions of one element, for both float types. Fused loops and the kernels of single
// operators are made of these and of nothing else, so that both give the same bits.

import Glibc

/// A float type over which tile programs run.
protocol TileScalar: LibraryScalar, SIMDScalar, BitwiseCopyable, Codable {
  /// As many as fill 64 bytes.
  associatedtype Lanes: SIMD where Lanes.Scalar == Self
  static var width: Int { get }
  static func load(_ address: UnsafeRawPointer) -> Lanes
  static func store(_ lanes: Lanes, _ address: UnsafeMutableRawPointer)
  static func sum(_ a: Lanes, _ b: Lanes) -> Lanes
  /// The sum of all lanes, halves added to halves.
  static func total(_ lanes: Lanes) -> Self
  /// The largest lane, none of which is NaN.
  static func largest(_ lanes: Lanes) -> Self
  /// For each lane the first where a comparison holds, else the second. Choices of single lanes by
  /// conditions are not vectorised, those of whole vectors are.
  static func choose(_ a: Lanes, _ b: Lanes, where x: Lanes, isLess y: Lanes) -> Lanes
  static func choose(_ a: Lanes, _ b: Lanes, where x: Lanes, isLessOrEqual y: Lanes) -> Lanes
  static func choose(_ a: Lanes, _ b: Lanes, where x: Lanes, equals y: Lanes) -> Lanes
  /// Whether exp, tanh and their kin are made of arithmetic, which is vectorised, and not of calls.
  static var hasVectorFunctions: Bool { get }

  static func exp(_ x: Self) -> Self
  static func log(_ x: Self) -> Self
  static func sin(_ x: Self) -> Self
  static func cos(_ x: Self) -> Self
  static func tanh(_ x: Self) -> Self
  static func erf(_ x: Self) -> Self
  static func power(_ x: Self, _ y: Self) -> Self
  /// log(1 + x) for x from 0 to 1.
  static func log1pOfFraction(_ x: Self) -> Self
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
  @inline(__always) static func largest(_ lanes: SIMD16<Float>) -> Float {
    let (a, b) = (lanes.lowHalf, lanes.highHalf)
    let eight = a.replacing(with: b, where: a .< b)
    let (c, d) = (eight.lowHalf, eight.highHalf)
    let four = c.replacing(with: d, where: c .< d)
    let two = four.lowHalf.replacing(with: four.highHalf, where: four.lowHalf .< four.highHalf)
    return two[0] < two[1] ? two[1] : two[0]
  }

  @inline(__always)
  static func choose(
    _ a: SIMD16<Float>, _ b: SIMD16<Float>, where x: SIMD16<Float>, isLess y: SIMD16<Float>
  )
    -> SIMD16<Float>
  { b.replacing(with: a, where: x .< y) }
  @inline(__always)
  static func choose(
    _ a: SIMD16<Float>, _ b: SIMD16<Float>, where x: SIMD16<Float>, isLessOrEqual y: SIMD16<Float>
  ) -> SIMD16<Float> { b.replacing(with: a, where: x .<= y) }
  @inline(__always)
  static func choose(
    _ a: SIMD16<Float>, _ b: SIMD16<Float>, where x: SIMD16<Float>, equals y: SIMD16<Float>
  )
    -> SIMD16<Float>
  { b.replacing(with: a, where: x .== y) }

  @inline(__always) static func exp(_ x: Float) -> Float { FloatMath.exp(x) }
  @inline(__always) static func log(_ x: Float) -> Float { logf(x) }
  @inline(__always) static func sin(_ x: Float) -> Float { sinf(x) }
  @inline(__always) static func cos(_ x: Float) -> Float { cosf(x) }
  @inline(__always) static func tanh(_ x: Float) -> Float { FloatMath.tanh(x) }
  @inline(__always) static func erf(_ x: Float) -> Float { FloatMath.erf(x) }
  @inline(__always) static func power(_ x: Float, _ y: Float) -> Float { powf(x, y) }
  @inline(__always) static func log1pOfFraction(_ x: Float) -> Float {
    FloatMath.log1pOfFraction(x)
  }
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
  @inline(__always) static func largest(_ lanes: SIMD8<Double>) -> Double {
    let (a, b) = (lanes.lowHalf, lanes.highHalf)
    let four = a.replacing(with: b, where: a .< b)
    let two = four.lowHalf.replacing(with: four.highHalf, where: four.lowHalf .< four.highHalf)
    return two[0] < two[1] ? two[1] : two[0]
  }

  @inline(__always)
  static func choose(
    _ a: SIMD8<Double>, _ b: SIMD8<Double>, where x: SIMD8<Double>, isLess y: SIMD8<Double>
  )
    -> SIMD8<Double>
  { b.replacing(with: a, where: x .< y) }
  @inline(__always)
  static func choose(
    _ a: SIMD8<Double>, _ b: SIMD8<Double>, where x: SIMD8<Double>, isLessOrEqual y: SIMD8<Double>
  ) -> SIMD8<Double> { b.replacing(with: a, where: x .<= y) }
  @inline(__always)
  static func choose(
    _ a: SIMD8<Double>, _ b: SIMD8<Double>, where x: SIMD8<Double>, equals y: SIMD8<Double>
  )
    -> SIMD8<Double>
  { b.replacing(with: a, where: x .== y) }

  @inline(__always) static func exp(_ x: Double) -> Double { Glibc.exp(x) }
  @inline(__always) static func log(_ x: Double) -> Double { Glibc.log(x) }
  @inline(__always) static func sin(_ x: Double) -> Double { Glibc.sin(x) }
  @inline(__always) static func cos(_ x: Double) -> Double { Glibc.cos(x) }
  @inline(__always) static func tanh(_ x: Double) -> Double { Glibc.tanh(x) }
  @inline(__always) static func erf(_ x: Double) -> Double { Glibc.erf(x) }
  @inline(__always) static func power(_ x: Double, _ y: Double) -> Double { pow(x, y) }
  @inline(__always) static func log1pOfFraction(_ x: Double) -> Double { Glibc.log1p(x) }
}

extension TileScalar {
  @inline(__always) static func sigmoid(_ x: Self) -> Self { 1 / (1 + exp(-x)) }
  @inline(__always) static func silu(_ x: Self) -> Self { x * sigmoid(x) }
  @inline(__always) static func sign(_ x: Self) -> Self { x > 0 ? 1 : (x < 0 ? -1 : x) }
  @inline(__always) static func gelu(_ x: Self) -> Self {
    0.5 * x * (1 + erf(x * 0.707_106_781_186_547_5))
  }
  @inline(__always) static func softplus(_ x: Self) -> Self {
    (x > 0 ? x : 0) + log1pOfFraction(exp(-x.magnitude))
  }
}

extension TileScalar {
  /// 0 for what is not above 0; NaN stays.
  @inline(__always) static func relu(_ x: Lanes) -> Lanes {
    let zero = Lanes(repeating: 0)
    return choose(zero, x, where: x, isLessOrEqual: zero)
  }
  /// The larger one, NaN where there is one.
  @inline(__always) static func larger(_ a: Lanes, _ b: Lanes) -> Lanes {
    choose(choose(a, b, where: b, isLessOrEqual: a), a, where: a, equals: a)
  }
  @inline(__always) static func smaller(_ a: Lanes, _ b: Lanes) -> Lanes {
    choose(choose(a, b, where: a, isLessOrEqual: b), a, where: a, equals: a)
  }
  @inline(__always) static func clipped(_ x: Lanes, _ low: Lanes, _ high: Lanes) -> Lanes {
    choose(low, choose(high, x, where: high, isLess: x), where: x, isLess: low)
  }
  @inline(__always) static func truth(_ x: Lanes, isLess y: Lanes) -> Lanes {
    choose(Lanes(repeating: 1), Lanes(repeating: 0), where: x, isLess: y)
  }
  @inline(__always) static func truth(_ x: Lanes, isLessOrEqual y: Lanes) -> Lanes {
    choose(Lanes(repeating: 1), Lanes(repeating: 0), where: x, isLessOrEqual: y)
  }
  /// 1 where both are equal, or 1 where they are not.
  @inline(__always) static func truth(_ x: Lanes, _ y: Lanes, areEqual: Bool) -> Lanes {
    let (one, zero) = (Lanes(repeating: 1), Lanes(repeating: 0))
    return choose(areEqual ? one : zero, areEqual ? zero : one, where: x, equals: y)
  }
}

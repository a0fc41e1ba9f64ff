// Functions of one element that are calls of the C library, in the element's own precision: errors of
// one or two units of the last place.

import Glibc

/// A float type for which the C library has these functions.
protocol LibraryScalar: BinaryFloatingPoint, Sendable {
  static func log1p(_ x: Self) -> Self
  static func expm1(_ x: Self) -> Self
  static func exp2(_ x: Self) -> Self
  static func log2(_ x: Self) -> Self
  static func log10(_ x: Self) -> Self
  static func cbrt(_ x: Self) -> Self
  static func tan(_ x: Self) -> Self
  static func asin(_ x: Self) -> Self
  static func acos(_ x: Self) -> Self
  static func atan(_ x: Self) -> Self
  static func sinh(_ x: Self) -> Self
  static func cosh(_ x: Self) -> Self
  static func asinh(_ x: Self) -> Self
  static func acosh(_ x: Self) -> Self
  static func atanh(_ x: Self) -> Self
  static func atan2(_ a: Self, _ b: Self) -> Self
  static func hypot(_ a: Self, _ b: Self) -> Self
}

extension Float: LibraryScalar {
  @inline(__always) static func log1p(_ x: Float) -> Float { Glibc.log1pf(x) }
  static func expm1(_ x: Float) -> Float { Glibc.expm1f(x) }
  static func exp2(_ x: Float) -> Float { Glibc.exp2f(x) }
  static func log2(_ x: Float) -> Float { Glibc.log2f(x) }
  static func log10(_ x: Float) -> Float { Glibc.log10f(x) }
  static func cbrt(_ x: Float) -> Float { Glibc.cbrtf(x) }
  static func tan(_ x: Float) -> Float { Glibc.tanf(x) }
  static func asin(_ x: Float) -> Float { Glibc.asinf(x) }
  static func acos(_ x: Float) -> Float { Glibc.acosf(x) }
  static func atan(_ x: Float) -> Float { Glibc.atanf(x) }
  static func sinh(_ x: Float) -> Float { Glibc.sinhf(x) }
  static func cosh(_ x: Float) -> Float { Glibc.coshf(x) }
  static func asinh(_ x: Float) -> Float { Glibc.asinhf(x) }
  static func acosh(_ x: Float) -> Float { Glibc.acoshf(x) }
  static func atanh(_ x: Float) -> Float { Glibc.atanhf(x) }
  static func atan2(_ a: Float, _ b: Float) -> Float { Glibc.atan2f(a, b) }
  static func hypot(_ a: Float, _ b: Float) -> Float { Glibc.hypotf(a, b) }
}

extension Double: LibraryScalar {
  @inline(__always) static func log1p(_ x: Double) -> Double { Glibc.log1p(x) }
  static func expm1(_ x: Double) -> Double { Glibc.expm1(x) }
  static func exp2(_ x: Double) -> Double { Glibc.exp2(x) }
  static func log2(_ x: Double) -> Double { Glibc.log2(x) }
  static func log10(_ x: Double) -> Double { Glibc.log10(x) }
  static func cbrt(_ x: Double) -> Double { Glibc.cbrt(x) }
  static func tan(_ x: Double) -> Double { Glibc.tan(x) }
  static func asin(_ x: Double) -> Double { Glibc.asin(x) }
  static func acos(_ x: Double) -> Double { Glibc.acos(x) }
  static func atan(_ x: Double) -> Double { Glibc.atan(x) }
  static func sinh(_ x: Double) -> Double { Glibc.sinh(x) }
  static func cosh(_ x: Double) -> Double { Glibc.cosh(x) }
  static func asinh(_ x: Double) -> Double { Glibc.asinh(x) }
  static func acosh(_ x: Double) -> Double { Glibc.acosh(x) }
  static func atanh(_ x: Double) -> Double { Glibc.atanh(x) }
  static func atan2(_ a: Double, _ b: Double) -> Double { Glibc.atan2(a, b) }
  static func hypot(_ a: Double, _ b: Double) -> Double { Glibc.hypot(a, b) }
}

extension TileOperation {
  /// What an operation is to one element; nil for those that are no call of the library.
  func libraryFunction<T: LibraryScalar>(_: T.Type) -> (@Sendable (T) -> T)? {
    switch self {
    case .log1p: { T.log1p($0) }
    case .expm1: { T.expm1($0) }
    case .exp2: { T.exp2($0) }
    case .log2: { T.log2($0) }
    case .log10: { T.log10($0) }
    case .cbrt: { T.cbrt($0) }
    case .tan: { T.tan($0) }
    case .asin: { T.asin($0) }
    case .acos: { T.acos($0) }
    case .atan: { T.atan($0) }
    case .sinh: { T.sinh($0) }
    case .cosh: { T.cosh($0) }
    case .asinh: { T.asinh($0) }
    case .acosh: { T.acosh($0) }
    case .atanh: { T.atanh($0) }
    default: nil
    }
  }
}

extension TileLoops {
  static func callLibrary<T: TileScalar>(
    _ operation: TileOperation, _ y: UnsafeMutableRawPointer, _ a: UnsafeRawPointer, _ count: Int,
    _: T.Type
  ) {
    guard let f = operation.libraryFunction(T.self) else { return }
    let source = a.assumingMemoryBound(to: T.self)
    let target = y.assumingMemoryBound(to: T.self)
    for i in 0..<count { target[i] = f(source[i]) }
  }

  /// For functions of two elements, one of which may be a number.
  static func callLibrary<T: TileScalar>(
    _ operation: TileOperation, _ form: TileInstruction.Form, _ y: UnsafeMutableRawPointer,
    _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ count: Int, _: T.Type
  ) {
    let (x, z) = (a.assumingMemoryBound(to: T.self), b.assumingMemoryBound(to: T.self))
    let target = y.assumingMemoryBound(to: T.self)
    let stepX = form == .firstIsNumber ? 0 : 1
    let stepZ = form == .secondIsNumber ? 0 : 1
    if operation == .hypot {
      for i in 0..<count { target[i] = T.hypot(x[i * stepX], z[i * stepZ]) }
    } else {
      for i in 0..<count { target[i] = T.atan2(x[i * stepX], z[i * stepZ]) }
    }
  }
}

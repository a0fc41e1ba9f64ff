// Pools over windows of two by two elements, one beside the other: the usual ones, a vector of windows
// at a time.

/// Vectors whose lanes come in pairs.
private protocol PairLanes: SIMD {
  associatedtype Half: SIMD where Half.Scalar == Scalar
  var evenHalf: Half { get set }
  var oddHalf: Half { get set }
}

extension SIMD4: PairLanes {}
extension SIMD8: PairLanes {}
extension SIMD16: PairLanes {}

extension PairLanes {
  @inline(__always) fileprivate init(_ even: Half, _ odd: Half) {
    self.init()
    (evenHalf, oddHalf) = (even, odd)
  }
}

/// Vectors of windows: one lane for each.
///
/// Comparisons are of the concrete types: those of `SIMD` itself go lane by lane.
private protocol WindowLanes: SIMD where Scalar == Float {
  /// What lies in the windows' rows: two elements for each.
  associatedtype Pairs: PairLanes where Pairs.Half == Self
  /// For each lane `a` where x = y, else `b`.
  static func choose(_ a: Self, _ b: Self, where x: Self, equals y: Self) -> Self
  /// The first one where no other is larger.
  static func larger(_ a: Self, _ b: Self) -> Self
}

extension Pooling {
  /// Whether windows are of two by two elements, all within their plane, and none sees what another
  /// one sees.
  var isOfPairs: Bool {
    horizontal.count > 1
      && [vertical, horizontal].allSatisfy {
        $0.kernel == 2 && $0.stride == 2 && $0.dilation == 1 && $0.before == 0
          && $0.count * 2 <= $0.size
      }
  }

  /// y[window] = the largest of its four elements; NaN where there is one.
  func largestOfPairs(_ x: Buffer, _ y: Buffer) {
    switch horizontal.count {
    case 8...: largestOfPairs(x, y, SIMD8<Float>.self)
    case 4...: largestOfPairs(x, y, SIMD4<Float>.self)
    default: largestOfPairs(x, y, SIMD2<Float>.self)
    }
  }

  /// y = 0 but where a window's first of the largest elements of x is: there its g.
  func returnedOfPairs(_ x: Buffer, _ g: Buffer, _ y: Buffer) {
    switch horizontal.count {
    case 8...: returnedOfPairs(x, g, y, SIMD8<Float>.self)
    case 4...: returnedOfPairs(x, g, y, SIMD4<Float>.self)
    default: returnedOfPairs(x, g, y, SIMD2<Float>.self)
    }
  }

  /// Calls `body` with the first of so many windows, vectors of which cover a row; the last one may
  /// cover some windows once more.
  @inline(__always)
  private func forEachVector(_ lanes: Int, _ body: (_ window: Int) -> Void) {
    let last = horizontal.count - lanes
    for window in stride(from: 0, to: last, by: lanes) { body(window) }
    body(last)
  }

  @inline(__always)
  private func largestOfPairs<L: WindowLanes>(_ x: Buffer, _ y: Buffer, _: L.Type) {
    let width = horizontal.size
    forEachPlane { _, plane in
      let source = UnsafePointer(x.pointer(as: Float.self)) + plane * area
      let target = y.pointer(as: Float.self) + plane * places
      var check = L()
      for down in 0..<vertical.count {
        let (row, result) = (source + 2 * down * width, target + down * horizontal.count)
        forEachVector(L.scalarCount) { window in
          let elements = Window<L>(row + 2 * window, width)
          check += elements.check
          UnsafeMutableRawPointer(result + window).storeBytes(of: elements.largest, as: L.self)
        }
      }
      // What is not finite may be NaN, which goes another way.
      if check.sum() != 0 { chosen(source, source, target) }
    }
  }

  @inline(__always)
  private func returnedOfPairs<L: WindowLanes>(
    _ x: Buffer, _ g: Buffer, _ y: Buffer, _: L.Type
  ) {
    let width = horizontal.size
    forEachPlane { _, plane in
      let source = UnsafePointer(x.pointer(as: Float.self)) + plane * area
      let values = UnsafePointer(g.pointer(as: Float.self)) + plane * places
      let target = y.pointer(as: Float.self) + plane * area
      var check = L()
      for down in 0..<vertical.count {
        let (row, given) = (source + 2 * down * width, values + down * horizontal.count)
        let result = target + 2 * down * width
        forEachVector(L.scalarCount) { window in
          let elements = Window<L>(row + 2 * window, width)
          check += elements.check
          // A sum that begins with 0 is never -0.
          let g = UnsafeRawPointer(given + window).loadUnaligned(as: L.self) + 0
          elements.give(g, result + 2 * window, width)
        }
        for column in 2 * horizontal.count..<width {
          (result[column], result[width + column]) = (0, 0)
        }
      }
      let used = 2 * vertical.count * width
      (target + used).update(repeating: 0, count: area - used)
      if check.sum() != 0 { returned(source, values, target) }
    }
  }
}

/// The four elements of each window, in order.
private struct Window<L: WindowLanes> {
  let (a, b, c, d): (L, L, L, L)

  @inline(__always)
  init(_ row: UnsafePointer<Float>, _ width: Int) {
    let upper = UnsafeRawPointer(row).loadUnaligned(as: L.Pairs.self)
    let lower = UnsafeRawPointer(row + width).loadUnaligned(as: L.Pairs.self)
    (a, b, c, d) = (upper.evenHalf, upper.oddHalf, lower.evenHalf, lower.oddHalf)
  }

  /// 0; NaN where something is not finite, or close to it.
  @inline(__always) var check: L { (a + b + c + d) * 0 }

  /// Where all are finite.
  @inline(__always) var largest: L { L.larger(L.larger(a, b), L.larger(c, d)) }

  /// Writes g where the first of the largest elements lies, and 0 everywhere else.
  @inline(__always)
  func give(_ g: L, _ result: UnsafeMutablePointer<Float>, _ width: Int) {
    let (zero, largest) = (L(), largest)
    let first = L.choose(g, zero, where: a, equals: largest)
    var rest = L.choose(zero, g, where: a, equals: largest)
    let second = L.choose(rest, zero, where: b, equals: largest)
    rest = L.choose(zero, rest, where: b, equals: largest)
    let third = L.choose(rest, zero, where: c, equals: largest)
    let fourth = L.choose(zero, rest, where: c, equals: largest)
    UnsafeMutableRawPointer(result).storeBytes(of: L.Pairs(first, second), as: L.Pairs.self)
    UnsafeMutableRawPointer(result + width).storeBytes(
      of: L.Pairs(third, fourth), as: L.Pairs.self)
  }
}

extension SIMD2: WindowLanes where Scalar == Float {
  typealias Pairs = SIMD4<Float>
  @inline(__always)
  static func choose(_ a: Self, _ b: Self, where x: Self, equals y: Self) -> Self {
    b.replacing(with: a, where: x .== y)
  }
  @inline(__always) static func larger(_ a: Self, _ b: Self) -> Self {
    a.replacing(with: b, where: a .< b)
  }
}

extension SIMD4: WindowLanes where Scalar == Float {
  typealias Pairs = SIMD8<Float>
  @inline(__always)
  static func choose(_ a: Self, _ b: Self, where x: Self, equals y: Self) -> Self {
    b.replacing(with: a, where: x .== y)
  }
  @inline(__always) static func larger(_ a: Self, _ b: Self) -> Self {
    a.replacing(with: b, where: a .< b)
  }
}

extension SIMD8: WindowLanes where Scalar == Float {
  typealias Pairs = SIMD16<Float>
  @inline(__always)
  static func choose(_ a: Self, _ b: Self, where x: Self, equals y: Self) -> Self {
    b.replacing(with: a, where: x .== y)
  }
  @inline(__always) static func larger(_ a: Self, _ b: Self) -> Self {
    a.replacing(with: b, where: a .< b)
  }
}

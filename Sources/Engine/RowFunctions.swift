// Rows by themselves, on all threads. What worker threads run is in this module as a whole: others
// count references without locks.

import Glibc

/// What becomes of a row.
package enum RowFunction: Sendable {
  case softmax, logSoftmax
  /// (x − mean) / √(variance + ε)
  case standardize(epsilon: Double)
}

/// The one number that a row comes to.
package enum RowReduction: Sendable {
  case logSumExp, variance, deviation, length
}

extension RowKernels {
  /// y = f(x) for rows of so many floats.
  package static func apply(_ function: RowFunction, _ x: Buffer, _ y: Buffer, length: Int) {
    guard length > 0 else { return }
    Work.rows(y.count / length, of: length) { rows in
      var work = Work()
      for row in rows {
        if y.dtype == .f32 {
          apply(
            function, x.pointer(as: Float.self) + row * length,
            y.pointer(as: Float.self) + row * length, length)
        } else {
          apply(
            function, x.pointer(as: Double.self) + row * length,
            y.pointer(as: Double.self) + row * length, length)
        }
        if work.isOver(after: length) { return }
      }
    }
  }

  private static func apply(
    _ function: RowFunction, _ x: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    _ n: Int
  ) {
    switch function {
    case .softmax: softmax(UnsafePointer(x), y, n)
    case .logSoftmax: logSoftmax(UnsafePointer(x), y, n)
    case .standardize(let epsilon): standardize(UnsafePointer(x), y, n, epsilon)
    }
  }

  private static func apply(
    _ function: RowFunction, _ x: UnsafeMutablePointer<Double>, _ y: UnsafeMutablePointer<Double>,
    _ n: Int
  ) {
    switch function {
    case .softmax: softmax(UnsafePointer(x), y, n)
    case .logSoftmax: logSoftmax(UnsafePointer(x), y, n)
    case .standardize(let epsilon): standardize(UnsafePointer(x), y, n, epsilon)
    }
  }

  /// y[row] = f(row of x)
  package static func reduce(_ reduction: RowReduction, _ x: Buffer, _ y: Buffer, length: Int) {
    Work.rows(y.count, of: length) { rows in
      var work = Work()
      for row in rows {
        if y.dtype == .f32 {
          let line = UnsafePointer(x.pointer(as: Float.self)) + row * length
          y.pointer(as: Float.self)[row] = reduce(reduction, line, length)
        } else {
          let line = UnsafePointer(x.pointer(as: Double.self)) + row * length
          y.pointer(as: Double.self)[row] = reduce(reduction, line, length)
        }
        if work.isOver(after: length) { return }
      }
    }
  }

  private static func reduce(_ reduction: RowReduction, _ x: UnsafePointer<Float>, _ n: Int)
    -> Float
  {
    switch reduction {
    case .logSumExp: logSumExp(x, n)
    case .variance: Float(variance(x, n))
    case .deviation: Float(variance(x, n).squareRoot())
    case .length: Float(squares(x, n, from: 0).squareRoot())
    }
  }

  private static func reduce(_ reduction: RowReduction, _ x: UnsafePointer<Double>, _ n: Int)
    -> Double
  {
    switch reduction {
    case .logSumExp: logSumExp(x, n)
    case .variance: variance(x, n)
    case .deviation: variance(x, n).squareRoot()
    case .length: squares(x, n, from: 0).squareRoot()
    }
  }
}

extension Philox {
  /// What is made of the bits of a place in the stream.
  package enum Draw: Sendable {
    case uniform, normal
    case bernoulli(Double)
    /// Whole numbers from the first (included) to the second (excluded).
    case integers(Double, Double)
  }

  /// y[i] is the draw of place `start` + i, or `most` where that is less. Every number is made of
  /// its own place, so that threads can share them; one takes as long as dozens of multiplications.
  package func fill(_ y: Buffer, _ draw: Draw, from start: UInt64, most: Double) {
    let row = 64
    Work.rows((y.count + row - 1) / row, of: 16 * row) { rows in
      let places = rows.lowerBound * row..<min(rows.upperBound * row, y.count)
      guard y.dtype == .f32 else {
        return y.fill(places) { min(number(draw, start &+ UInt64($0)), most) }
      }
      // A loop for each of them, which is vectorised.
      let floats = y.pointer(as: Float.self)
      switch draw {
      case .uniform:
        fill(floats, places, from: start) { Float(min(uniform($0), most)) }
      case .normal:
        fill(floats, places, from: start) { Float(min(normal($0), most)) }
      case .bernoulli(let p):
        fill(floats, places, from: start) { Float(min(uniform($0) < p ? 1 : 0, most)) }
      case .integers:
        fill(floats, places, from: start) { Float(min(number(draw, $0), most)) }
      }
    }
  }

  @inline(__always)
  private func fill(
    _ y: UnsafeMutablePointer<Float>, _ places: Range<Int>, from start: UInt64,
    _ number: (_ place: UInt64) -> Float
  ) {
    for piece in Work.pieces(places.count) {
      let first = places.lowerBound + piece.lowerBound
      let (target, place) = (y + first, start &+ UInt64(first))
      for i in 0..<piece.count { target[i] = number(place &+ UInt64(truncatingIfNeeded: i)) }
    }
  }

  @inline(__always)
  private func number(_ draw: Draw, _ place: UInt64) -> Double {
    switch draw {
    case .uniform: uniform(place)
    case .normal: normal(place)
    case .bernoulli(let p): uniform(place) < p ? 1 : 0
    case .integers(let low, let high):
      low + min((uniform(place) * (high - low)).rounded(.down), high - low - 1)
    }
  }
}

// The f32 functions that are made of arithmetic, against the C library in f64.

import Engine
import Glibc
import Testing

@Suite("Functions of floats")
struct FloatMathTests {
  private func worst(_ range: ClosedRange<Float>, _ f: (Float) -> Float, _ g: (Double) -> Double)
    -> Double
  {
    (0...200_000).reduce(0) { worst, i in
      let x = range.lowerBound + (range.upperBound - range.lowerBound) * Float(i) / 200_000
      let exact = g(Double(x))
      return max(worst, (Double(f(x)) - exact).magnitude / max(exact.magnitude, 1e-37))
    }
  }

  @Test("relative errors stay below a few units of the last place")
  func errors() {
    #expect(worst(-87...88.7, { FloatMath.exp($0) }, { exp($0) }) < 2e-7)
    #expect(worst(-1...1, { FloatMath.exp($0) }, { exp($0) }) < 2e-7)
    #expect(worst(-10...10, { FloatMath.tanh($0) }, { tanh($0) }) < 4e-7)
    #expect(worst(-0.01...0.01, { FloatMath.tanh($0) }, { tanh($0) }) < 4e-7)
    #expect(worst(-5...5, { FloatMath.erf($0) }, { erf($0) }) < 4e-7)
    #expect(worst(-0.01...0.01, { FloatMath.erf($0) }, { erf($0) }) < 4e-7)
  }

  @Test("the ends")
  func ends() {
    for (x, y) in [
      (Float.infinity, Float.infinity), (-.infinity, 0), (1000, .infinity), (-1000, 0), (0, 1),
      (88.8, .infinity), (-87.4, 0),
    ] {
      #expect(FloatMath.exp(x) == y, "e^\(x)")
    }
    #expect(FloatMath.exp(.nan).isNaN)
    #expect(FloatMath.exp(88.722_8).isFinite)
    for x in [Float.infinity, 1e30, 8, 7.95] {
      #expect(FloatMath.tanh(x) == 1)
      #expect(FloatMath.tanh(-x) == -1)
    }
    #expect(FloatMath.tanh(.nan).isNaN)
    #expect(FloatMath.erf(.nan).isNaN && FloatMath.erf(0) == 0)
    #expect(FloatMath.erf(.infinity) == 1 && FloatMath.erf(-.infinity) == -1)
    for i in 0..<100_000 { #expect(FloatMath.erf(Float(i) / 10_000).magnitude <= 1) }
    #expect(FloatMath.tanh(0) == 0)
    for i in 0..<100_000 { #expect(FloatMath.tanh(Float(i) / 10_000).magnitude <= 1) }
  }
}

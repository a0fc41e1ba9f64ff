// Counts of values in bins of equal width.

import Engine
import Glibc

extension Figure {
  /// Counts of values between edges; one edge more than counts.
  package struct Histogram: Sendable, Equatable {
    package let edges: [Double]
    package let counts: [Int]
    /// Values that are not finite and in no bin.
    let missing: Int
  }
}

extension Figure.Histogram {
  /// As many values decide how wide the bins are; all are counted.
  private static let sampleSize = 100_000

  /// Bins of equal width; without a number, as many as the wider of Sturges' rule (1926) and
  /// Freedman and Diaconis' rule (1981) wants, as NumPy's "auto".
  ///
  /// On a logarithmic axis it is the logarithms that have bins of equal width.
  init(
    _ values: PlotValues, bins: Int?, isLogarithmic: Bool = false, _ isInterrupted: () -> Bool
  ) throws(PlotProblem) {
    var range = Extent()
    var absent = 0
    try values.forEach(isInterrupted) { _, value in
      if value.isFinite { range.cover(value) } else { absent += 1 }
    }
    missing = absent
    guard !range.isEmpty else {
      (edges, counts) = ([], [])
      return
    }
    if range.low == range.high {
      // Numbers above 2^53 are more than 0.5 apart.
      let room = max(0.5, range.low.ulp)
      range =
        isLogarithmic && range.low > 0
        ? Extent(low: range.low / 2, high: min(Self.largest, range.low * 2))
        : Extent(
          low: max(-Self.largest, range.low - room), high: min(Self.largest, range.low + room))
    }
    // What is not above 0 has no logarithm, and is refused by the axis.
    let isLogarithmic = isLogarithmic && range.low > 0
    let place = { (value: Double) in isLogarithmic ? log10(value) : value }
    let span = Extent(low: place(range.low), high: place(range.high))
    let number = bins ?? Self.automaticBins(values, absent, span, place)
    var tally = [Int](repeating: 0, count: number)
    try values.forEach(isInterrupted) { _, value in
      guard value.isFinite else { return }
      let share = span.share(place(value))
      tally[min(number - 1, max(0, Int(share * Double(number))))] += 1
    }
    counts = tally
    edges = (0...number).map { index in
      guard index > 0, index < number else { return index == 0 ? range.low : range.high }
      let edge = span.value(at: Double(index) / Double(number))
      return isLogarithmic ? pow(10, edge) : edge
    }
  }

  private static let largest = Double.greatestFiniteMagnitude

  /// For bins of equal width in what `place` makes of the values, which lies in `range`.
  private static func automaticBins(
    _ values: PlotValues, _ missing: Int, _ range: Extent, _ place: (Double) -> Double
  ) -> Int {
    let count = values.count - missing
    let step = max(1, values.count / sampleSize)
    let sample = stride(from: 0, to: values.count, by: step).map { values[$0] }
      .filter(\.isFinite).map(place).sorted()
    guard count > 1, sample.count > 1 else { return 1 }
    var bits = 0
    while 1 << bits < count { bits += 1 }
    let sturges = bits + 1
    let quartile = { (share: Double) in sample[Int(Double(sample.count - 1) * share)] }
    let spread = quartile(0.75) / 2 - quartile(0.25) / 2
    guard spread > 0 else { return sturges }
    var root = 1.0
    while root * root * root < Double(count) { root += 1 }
    let wanted = (range.halfSpan / (2 * spread / root)).rounded(.up)
    return min(100, max(sturges, Int(exactly: wanted) ?? 100))
  }
}

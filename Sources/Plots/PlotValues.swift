// The numbers of a plot, read where they are, and fewer of them where a drawing cannot show all.

import Engine

/// Why something can't be drawn, in plain words.
package struct PlotProblem: Error, Sendable, Equatable {
  package let message: String
  package let help: String?

  package init(_ message: String, help: String? = nil) {
    self.message = message
    self.help = help
  }

  /// Somebody wanted the work to stop.
  package static let interrupted = PlotProblem("interrupted")
}

/// Numbers to draw: a list, a column of a tensor, or 0, 1, 2 …
package struct PlotValues: Sendable {
  private enum Source {
    case list([Double])
    case buffer(Buffer, start: Int, stride: Int)
    case counting
  }

  private let source: Source
  package let count: Int

  package init(_ values: [Double]) { (source, count) = (.list(values), values.count) }

  /// Every `stride`-th element from `start`; the caller has checked that they are there.
  package init(_ buffer: Buffer, start: Int = 0, stride: Int = 1, count: Int) {
    (source, self.count) = (.buffer(buffer, start: start, stride: stride), count)
  }

  /// 0, 1, 2 …
  package init(countingTo count: Int) { (source, self.count) = (.counting, count) }

  package subscript(index: Int) -> Double {
    switch source {
    case .list(let values): values[index]
    case .buffer(let buffer, let start, let stride): buffer[start + index * stride]
    case .counting: Double(index)
    }
  }

  /// Goes over all of them; looks every few thousand whether it should stop.
  func forEach(_ isInterrupted: () -> Bool, _ body: (_ index: Int, _ value: Double) -> Void)
    throws(PlotProblem)
  {
    var index = 0
    while index < count {
      if isInterrupted() { throw .interrupted }
      let end = min(count, index + 1 << 16)
      while index < end {
        body(index, self[index])
        index += 1
      }
    }
  }
}

/// Picks the points that can be told apart in a drawing.
struct Thinning {
  /// So many points are drawn as they are.
  static let limit = 20_000
  private static let buckets = 2000
  private static let grid = (columns: 400, rows: 260)

  let x: PlotValues
  let y: PlotValues
  let isInterrupted: () -> Bool
  private(set) var missing = 0
  private(set) var kept: [Int] = []

  init(_ x: PlotValues, _ y: PlotValues, _ isInterrupted: @escaping () -> Bool) {
    (self.x, self.y, self.isInterrupted) = (x, y, isInterrupted)
  }

  private func isDrawable(_ index: Int) -> Bool { x[index].isFinite && y[index].isFinite }

  private mutating func keepAll() {
    kept = Array(0..<y.count)
    missing = kept.count { !isDrawable($0) }
  }

  /// Of each stretch of a line its ends and extremes, in order: the drawing is the same.
  mutating func line() throws(PlotProblem) {
    guard y.count > Self.limit else { return keepAll() }
    let size = (y.count + Self.buckets - 1) / Self.buckets
    for start in stride(from: 0, to: y.count, by: size) {
      if isInterrupted() { throw .interrupted }
      kept += bucket(start..<min(y.count, start + size))
    }
  }

  private mutating func bucket(_ range: Range<Int>) -> [Int] {
    var picks: [Int] = []
    var (left, right, low, high, last) = (-1, -1, -1, -1, -1)
    for index in range {
      let (a, b) = (x[index], y[index])
      guard a.isFinite && b.isFinite else {
        missing += 1
        continue
      }
      if last < 0 {
        picks = [index]
        (left, right, low, high) = (index, index, index, index)
      }
      if a < x[left] { left = index }
      if a > x[right] { right = index }
      if b < y[low] { low = index }
      if b > y[high] { high = index }
      last = index
    }
    // A stretch without any point is a gap in the line.
    guard last >= 0 else { return [range.lowerBound] }
    return Set(picks + [left, right, low, high, last]).sorted()
  }

  /// Of points that fall on the same place, the first.
  mutating func points() throws(PlotProblem) {
    guard y.count > Self.limit else { return keepAll() }
    var (xs, ys) = (Extent(), Extent())
    let (x, y) = (x, y)
    var absent = 0
    try y.forEach(isInterrupted) { index, b in
      let a = x[index]
      guard a.isFinite && b.isFinite else {
        absent += 1
        return
      }
      xs.cover(a)
      ys.cover(b)
    }
    missing = absent
    var isTaken = [Bool](repeating: false, count: Self.grid.columns * Self.grid.rows)
    var picks: [Int] = []
    try y.forEach(isInterrupted) { index, b in
      let a = x[index]
      guard a.isFinite && b.isFinite else { return }
      let column = Int(xs.share(a) * Double(Self.grid.columns - 1))
      let place = column + Int(ys.share(b) * Double(Self.grid.rows - 1)) * Self.grid.columns
      if !isTaken[place] { picks.append(index) }
      isTaken[place] = true
    }
    kept = picks
  }
}

/// The least and the largest of some numbers. Spans may be larger than any number is, so
/// everything is computed with halves.
struct Extent: Equatable {
  var low = Double.infinity
  var high = -Double.infinity

  var isEmpty: Bool { !(low <= high) }
  var halfSpan: Double { high / 2 - low / 2 }

  mutating func cover(_ value: Double) {
    low = min(low, value)
    high = max(high, value)
  }

  /// Where a value stands between the ends, 0 … 1; the middle where they are equal.
  func share(_ value: Double) -> Double {
    guard low < high else { return 0.5 }
    // Halves of the smallest numbers are 0.
    return halfSpan > 0 ? (value / 2 - low / 2) / halfSpan : (value - low) / (high - low)
  }

  func value(at share: Double) -> Double { low * (1 - share) + high * share }
}

// Ranges and ticks of axes: round numbers at steps of 1, 2 or 5 times a power of ten.

import Engine
import Glibc

/// One axis: the range of numbers that it shows and the places that are labelled.
struct Axis: Equatable {
  struct Tick: Equatable {
    let value: Double
    let label: String
    /// Whether the label is a name and no number.
    var isName = false
  }

  private let extent: Extent
  /// Whether numbers grow towards its beginning, as those of rows that are counted from the top.
  private let isReversed: Bool
  /// Whether equal steps are equal factors; the extent is that of the logarithms to the base of ten.
  private let isLogarithmic: Bool
  let ticks: [Tick]
  /// Places between the ticks of a logarithmic axis: 1 … 9 times the powers of ten.
  let minorTicks: [Double]
  /// What the ticks of an axis of dates do not say: the year of days, the day of hours.
  let context: String?

  /// The value at its lower end.
  var low: Double { isLogarithmic ? pow(10, extent.low) : extent.low }

  /// An axis that covers `values`, with a small margin unless it is `tight`, and about `count` ticks.
  ///
  /// Without values it shows 0 … 1; equal values get room on both sides. One that counts has ticks at
  /// whole numbers only.
  init(
    _ values: some Sequence<Double>, count: Int, tight: Bool = false, reversed: Bool = false,
    counts: Bool = false, logarithmic: Bool = false, dates: Bool = false, names: [String] = []
  ) {
    var extent = Extent()
    for value in values where !logarithmic || value > 0 {
      extent.cover(logarithmic ? log10(value) : value)
    }
    if extent.isEmpty { extent = Extent(low: 0, high: 1) }
    let largest = Double.greatestFiniteMagnitude
    let size = max(extent.low.magnitude, extent.high.magnitude)
    if extent.halfSpan <= size * 1e-11 {
      let room = dates ? Double(CalendarTime.day) : size == 0 ? 1 : size * 0.1
      extent.low = max(-largest, extent.low - room)
      extent.high = min(largest, extent.high + room)
    } else if !tight {
      let room = extent.halfSpan * 0.08
      let isAtZero = extent.low == 0 && !logarithmic
      extent.low = isAtZero ? 0 : max(-largest, extent.low - room)
      extent.high = min(largest, extent.high + room)
    }
    (self.extent, isReversed, isLogarithmic) = (extent, reversed, logarithmic)
    minorTicks = logarithmic ? Axis.minor(extent) : []
    if dates {
      (ticks, context) = CalendarTime.ticks(extent.low, extent.high, count: count)
      return
    }
    context = nil
    if !names.isEmpty {
      ticks = names.enumerated().map {
        Tick(value: Double($0.offset), label: $0.element, isName: true)
      }
    } else {
      ticks =
        logarithmic
        ? Axis.powers(extent, count: count) : Axis.ticks(extent, count: count, counts: counts)
    }
  }

  private static func minor(_ extent: Extent) -> [Double] {
    let (first, last) = (Int(extent.low.rounded(.down)), Int(extent.high.rounded(.up)))
    guard last - first < 12 else { return [] }
    return (first...last).flatMap { exponent in
      (1...9).map { Double($0) * pow(10, Double(exponent)) }
    }.filter { log10($0) >= extent.low && log10($0) <= extent.high }
  }

  /// Where a value stands between the axis' ends, 0 … 1.
  func share(_ value: Double) -> Double {
    guard isLogarithmic else { return isReversed ? 1 - extent.share(value) : extent.share(value) }
    // Bars begin at 0, which is infinitely far below.
    return value > 0 ? extent.share(log10(value)) : 0
  }

  /// The value at a share of the way between its ends.
  func value(at share: Double) -> Double {
    let value = extent.value(at: isReversed ? 1 - share : share)
    return isLogarithmic ? pow(10, value) : value
  }

  /// Powers of ten; also 2 and 5 times them where there are few.
  private static func powers(_ extent: Extent, count: Int) -> [Tick] {
    let (first, last) = (Int(extent.low.rounded(.down)), Int(extent.high.rounded(.up)))
    guard last - first < 1000 else { return [] }
    let inside = { (x: Double) in x >= extent.low - 1e-9 && x <= extent.high + 1e-9 }
    let whole = (first...last).filter { inside(Double($0)) }
    let factors: [Double] = whole.count < 3 ? [1, 2, 5] : [1]
    let every = max(1, (whole.count + count - 1) / max(1, count))
    return (first...last).filter { $0 % every == 0 || factors.count > 1 }.flatMap { exponent in
      factors.filter { inside(Double(exponent) + log10($0)) }.map { factor in
        let value = factor * pow(10, Double(exponent))
        let isPlain = exponent >= -3 && exponent <= 4
        let digits = max(0, -exponent)
        let label =
          isPlain
          ? NumberFormat.fixed(value, digits: digits)
          : "\(NumberFormat.fixed(factor, digits: 0))e\(exponent)"
        return Tick(value: value, label: label)
      }
    }
  }

  private static func ticks(_ extent: Extent, count: Int, counts: Bool) -> [Tick] {
    let rough = extent.halfSpan / Double(max(1, count)) * 2
    let exponent = floor(log10(rough))
    let base = pow(10, exponent)
    guard base > 0, base.isFinite else { return [] }
    let factor = [1.0, 2, 5, 10].first { $0 * base >= rough * 0.999 } ?? 10
    let step = counts ? max(1, factor * base) : factor * base
    let first = (extent.low / step).rounded(.up)
    let last = (extent.high / step).rounded(.down)
    guard last >= first, last - first < 1000 else { return [] }
    return stride(from: first, through: last, by: 1).map { index in
      let value = index * step
      return Tick(value: value, label: label(value, step))
    }
  }

  /// A tick's number with as many digits as the step needs.
  private static func label(_ value: Double, _ step: Double) -> String {
    if value == 0 { return "0" }
    let decimals = Int(max(0, -floor(log10(step) + 1e-9)))
    let size = value.magnitude
    if size < 1e6, decimals <= 5 { return NumberFormat.fixed(value, digits: decimals) }
    let digits = Int(floor(log10(size)) - floor(log10(step) + 1e-9))
    let text = NumberFormat.fixed(value, digits: max(0, min(15, digits)), conversion: "e")
    // 2.0e+07 as 2e7
    guard let e = text.firstIndex(of: "e"), let exponent = Int(text[text.index(after: e)...]) else {
      return text
    }
    var mantissa = String(text[..<e])
    if mantissa.contains(".") {
      while mantissa.hasSuffix("0") { mantissa.removeLast() }
      if mantissa.hasSuffix(".") { mantissa.removeLast() }
    }
    return "\(mantissa)e\(exponent)"
  }
}

extension Figure {
  /// With about so many ticks.
  func xAxis(count: Int) -> Axis {
    let extent = extent
    return Axis(
      extent.x, count: count, tight: extent.isTight, counts: countsColumns,
      logarithmic: isLogarithmic.x, dates: hasDates, names: countsColumns ? names : [])
  }

  /// With about so many ticks.
  func yAxis(count: Int) -> Axis {
    let extent = extent
    return Axis(
      extent.y, count: count, tight: extent.isTight, reversed: isUpsideDown, counts: isUpsideDown,
      logarithmic: isLogarithmic.y, names: isUpsideDown ? names : [])
  }

  /// The x values and y values that the axes must cover, and whether the axes are tight.
  var extent: (x: [Double], y: [Double], isTight: Bool) {
    var x: [Double] = []
    var y: [Double] = []
    var isTight = false
    for layer in layers {
      switch layer.content {
      case .line(let series), .scatter(let series):
        for index in series.x.indices where series.isDrawable[index] {
          x.append(series.x[index])
          y.append(series.y[index])
        }
      case .histogram(let histogram):
        x += [histogram.edges.first, histogram.edges.last].compactMap { $0 }
        y += [isLogarithmic.y ? 0.7 : 0, Double(histogram.counts.max() ?? 0)]
      case .heatmap(let map):
        guard map.rows > 0, map.columns > 0 else { continue }
        x += [map.x.lowerBound, map.x.upperBound]
        y += [map.y.lowerBound, map.y.upperBound]
        isTight = true
      case .pictures: break
      }
    }
    return (x, y, isTight)
  }

  /// Whether there is anything to draw.
  package var isEmpty: Bool {
    layers.allSatisfy { layer in
      if case .pictures(let pictures) = layer.content {
        return pictures.allSatisfy { $0.width == 0 || $0.height == 0 }
      }
      return Figure.isBlank(layer.content)
    }
  }

  private static func isBlank(_ content: Content) -> Bool {
    switch content {
    case .line(let series), .scatter(let series): !series.isDrawable.contains(true)
    case .histogram(let histogram): histogram.counts.isEmpty
    case .heatmap(let map): !map.values.contains(where: \.isFinite)
    case .pictures: false
    }
  }

  /// The names of a heat map's rows and columns.
  private var names: [String] {
    for layer in layers {
      if case .heatmap(let map) = layer.content { return map.names }
    }
    return []
  }

  /// Whether the x axis counts a heat map's columns.
  var countsColumns: Bool {
    layers.contains { layer in
      if case .heatmap(let map) = layer.content { map.countsColumns } else { false }
    }
  }

  /// Whether the y axis counts a heat map's rows from the top.
  var isUpsideDown: Bool {
    layers.contains { layer in
      if case .heatmap(let map) = layer.content { map.countsRows } else { false }
    }
  }
}

extension Figure.Heatmap {
  /// The number of the cell at a place; nil outside and where it cannot be drawn.
  func value(_ x: Double, _ y: Double) -> Double? {
    let column = (x - self.x.lowerBound) / (self.x.upperBound - self.x.lowerBound) * Double(columns)
    let row = (y - self.y.lowerBound) / (self.y.upperBound - self.y.lowerBound) * Double(rows)
    guard column >= 0, row >= 0, column < Double(columns), row < Double(rows) else { return nil }
    let value = values[Int(row) * columns + Int(column)]
    return value.isFinite ? value : nil
  }

  /// The middle of a cell.
  func middle(_ index: Int) -> (x: Double, y: Double) {
    let (row, column) = (Double(index / columns) + 0.5, Double(index % columns) + 0.5)
    return (
      x.lowerBound + column / Double(columns) * (x.upperBound - x.lowerBound),
      y.lowerBound + row / Double(rows) * (y.upperBound - y.lowerBound)
    )
  }

  /// A number as it is written into a cell.
  static func text(_ value: Double) -> String {
    value == value.rounded() && value.magnitude < 1e6
      ? NumberFormat.fixed(value, digits: 0) : NumberFormat.significant(value, digits: 3)
  }

  /// The classes of a map of classes, in order.
  var classes: [Int] { Set(values.filter(\.isFinite).map { Int($0) }).sorted() }

  /// The smallest and largest value that can be drawn.
  var range: ClosedRange<Double>? {
    let drawable = values.filter(\.isFinite)
    guard let low = drawable.min(), let high = drawable.max() else { return nil }
    return low...high
  }

  /// 0 … 1 for a value; the middle when all are equal.
  static func share(_ value: Double, _ range: ClosedRange<Double>) -> Double {
    Extent(low: range.lowerBound, high: range.upperBound).share(value)
  }
}

// A figure as pure data: layers with options. Renderers turn it into terminal text or SVG.

import Engine

/// What a caller may say about a layer and about the figure that it joins.
package struct PlotOptions: Sendable {
  /// A colour's name or `#rrggbb`; nil takes the next of the palette.
  package var color: String?
  /// The entry in the legend.
  package var label: String?
  package var title: String?
  package var xLabel: String?
  package var yLabel: String?
  /// Whether an axis is logarithmic; nil leaves it as it is.
  package var isLogarithmic: (x: Bool?, y: Bool?)
  /// Whether the x values are seconds since 1970, and shown as dates.
  package var hasDates = false

  package init(
    color: String? = nil, label: String? = nil, title: String? = nil, xLabel: String? = nil,
    yLabel: String? = nil, isLogarithmic: (x: Bool?, y: Bool?) = (nil, nil)
  ) {
    self.color = color
    self.label = label
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.isLogarithmic = isLogarithmic
  }
}

/// Layers that share axes, or a grid of pictures.
package struct Figure: Sendable, Equatable {
  /// Points in order, as many of them as a drawing can show.
  package struct Series: Sendable, Equatable {
    package let x: [Double]
    package let y: [Double]
    /// The rows of the points that can be drawn.
    let isDrawable: [Bool]
    /// Points before any were left out because others hide them.
    let count: Int
    /// Points that are not finite.
    let missing: Int

    init(_ thinning: Thinning) {
      x = thinning.kept.map { thinning.x[$0] }
      y = thinning.kept.map { thinning.y[$0] }
      isDrawable = zip(x, y).map { $0.isFinite && $1.isFinite }
      (count, missing) = (thinning.y.count, thinning.missing)
    }

    /// Whether a point has no neighbour to be joined with.
    func isAlone(_ index: Int) -> Bool {
      isDrawable[index] && !(index > 0 && isDrawable[index - 1])
        && !(index + 1 < x.count && isDrawable[index + 1])
    }
  }

  /// Values in rows from the top; the rectangle that they cover.
  package struct Heatmap: Sendable, Equatable {
    package let rows: Int
    package let columns: Int
    package let values: [Double]
    package let x: ClosedRange<Double>
    package let y: ClosedRange<Double>
    /// Whether the axis counts rows, the first one on top.
    package let countsRows: Bool
    package let countsColumns: Bool
    /// Whether the numbers are written into the cells.
    package let showsNumbers: Bool
    /// Whether the numbers are those of classes, which have the colours of series.
    package let isOfClasses: Bool
    /// What the rows and columns are called; empty where they are counted.
    package let names: [String]
  }

  package enum Content: Sendable, Equatable {
    case line(Series)
    case scatter(Series)
    case histogram(Histogram)
    case heatmap(Heatmap)
    case pictures([Picture])
  }

  package struct Layer: Sendable, Equatable {
    package let content: Content
    package let color: PlotColor
    package let label: String?
  }

  package private(set) var layers: [Layer] = []
  package private(set) var title: String?
  package private(set) var xLabel: String?
  package private(set) var yLabel: String?
  private var isLogarithmicX = false
  private var isLogarithmicY = false
  package var isLogarithmic: (x: Bool, y: Bool) { (isLogarithmicX, isLogarithmicY) }
  /// Whether the x axis is one of dates.
  package private(set) var hasDates = false
  /// What was left out, one sentence each.
  package private(set) var notes: [String] = []

  package init() {}
}

extension Figure {
  /// This figure with a line through points; without `x` they stand at 0, 1, 2 …
  package func line(
    x: PlotValues? = nil, y: PlotValues, _ options: PlotOptions = PlotOptions(),
    isInterrupted: @escaping () -> Bool = { false }
  ) throws(PlotProblem) -> Figure {
    try checkCounted(x, options)
    var thinning = try Figure.thinning(x, y, "line", isInterrupted)
    try thinning.line()
    return try adding(.line(Series(thinning)), options)
  }

  /// This figure with points.
  package func scatter(
    x: PlotValues? = nil, y: PlotValues, _ options: PlotOptions = PlotOptions(),
    isInterrupted: @escaping () -> Bool = { false }
  ) throws(PlotProblem) -> Figure {
    try checkCounted(x, options)
    var thinning = try Figure.thinning(x, y, "scatter", isInterrupted)
    try thinning.points()
    return try adding(.scatter(Series(thinning)), options)
  }

  /// This figure with counts of values in bins of equal width.
  package func histogram(
    _ values: PlotValues, bins: Int? = nil, _ options: PlotOptions = PlotOptions(),
    isInterrupted: () -> Bool = { false }
  ) throws(PlotProblem) -> Figure {
    if let bins, bins < 1 || bins > 10_000 {
      throw PlotProblem("histogram takes 1 to 10000 bins, not \(bins)")
    }
    let histogram = try Histogram(
      values, bins: bins, isLogarithmic: options.isLogarithmic.x ?? isLogarithmicX, isInterrupted)
    var figure = try adding(.histogram(histogram), options)
    figure.note(missing: histogram.missing, of: values.count, "values")
    return figure
  }

  /// This figure with a map of values, `rows · columns` of them, over a rectangle, the first row at
  /// the lower end of `y`; without one, the axes count columns and rows, the first row on top.
  package func heatmap(
    _ values: [Double], rows: Int, columns: Int, x: ClosedRange<Double>? = nil,
    y: ClosedRange<Double>? = nil, showsNumbers: Bool = false, isOfClasses: Bool = false,
    names: [String] = [], _ options: PlotOptions = PlotOptions()
  ) throws(PlotProblem) -> Figure {
    let (area, overflow) = rows.multipliedReportingOverflow(by: columns)
    guard rows >= 0, columns >= 0, !overflow, area == values.count else {
      throw PlotProblem("\(values.count) values are no map of \(rows) rows and \(columns) columns")
    }
    guard names.isEmpty || (names.count == rows && rows == columns && x == nil && y == nil) else {
      throw PlotProblem(
        "\(names.count) labels are not those of a map of \(rows) rows and \(columns) columns",
        help: "labels name the rows and the columns alike, without xrange and yrange")
    }
    for range in [x, y].compactMap({ $0 }) {
      guard range.lowerBound.isFinite, range.upperBound.isFinite else {
        throw PlotProblem("the edges of a heatmap are finite numbers")
      }
    }
    let map = Heatmap(
      rows: rows, columns: columns, values: values,
      x: x ?? -0.5...Double(columns) - 0.5, y: y ?? -0.5...Double(rows) - 0.5,
      countsRows: y == nil, countsColumns: x == nil, showsNumbers: showsNumbers,
      isOfClasses: isOfClasses, names: names)
    var figure = try adding(.heatmap(map), options)
    figure.note(missing: values.count { !$0.isFinite }, of: values.count, "values")
    return figure
  }

  /// This figure with pictures side by side.
  package func show(_ pictures: [Picture], _ options: PlotOptions = PlotOptions())
    throws(PlotProblem) -> Figure
  {
    var figure = try adding(.pictures(pictures), options)
    let missing = pictures.reduce(0) { $0 + $1.missing }
    figure.note(
      missing: missing, of: pictures.reduce(0) { $0 + $1.width * $1.height }, "pixels")
    return figure
  }

  private static func thinning(
    _ x: PlotValues?, _ y: PlotValues, _ name: String, _ isInterrupted: @escaping () -> Bool
  ) throws(PlotProblem) -> Thinning {
    let x = x ?? PlotValues(countingTo: y.count)
    guard x.count == y.count else {
      throw PlotProblem("\(name) wants as many x as y: x has \(x.count) values, y has \(y.count)")
    }
    return Thinning(x, y, isInterrupted)
  }

  private func adding(_ content: Content, _ options: PlotOptions) throws(PlotProblem) -> Figure {
    var result = self
    let isPicture = { (content: Content) in if case .pictures = content { true } else { false } }
    if let first = layers.first, isPicture(first.content) != isPicture(content) {
      throw PlotProblem(
        "pictures have no axes to share with other layers", help: "use heatmap instead of show")
    }
    if let first = layers.first, !isPicture(first.content), hasDates != options.hasDates {
      throw PlotProblem(
        hasDates
          ? "the x axis has dates: what is drawn over it needs dates as well"
          : "the x axis has numbers: dates have no place on it")
    }
    var color = PlotColor.series(layers.count)
    if let name = options.color {
      guard let named = PlotColor(name) else {
        throw PlotProblem(
          "\"\(name)\" is no colour that plots know",
          help: "use one of \(PlotColor.names.joined(separator: ", ")), or \"#1f77b4\"")
      }
      color = named
    }
    result.layers.append(Layer(content: content, color: color, label: options.label))
    result.title = options.title ?? title
    result.xLabel = options.xLabel ?? xLabel
    result.yLabel = options.yLabel ?? yLabel
    result.isLogarithmicX = options.isLogarithmic.x ?? isLogarithmicX
    result.isLogarithmicY = options.isLogarithmic.y ?? isLogarithmicY
    result.hasDates = options.hasDates
    guard !result.hasDates || !result.isLogarithmicX else {
      throw PlotProblem("an axis of dates is not logarithmic", help: "leave out xscale")
    }
    try result.checkLogarithms()
    switch content {
    case .line(let series), .scatter(let series):
      result.note(missing: series.missing, of: series.count, "points")
    default: break
    }
    return result
  }

  /// A logarithmic axis has no place for what is not above 0, nor for cells of equal width.
  private func checkLogarithms() throws(PlotProblem) {
    guard isLogarithmicX || isLogarithmicY else { return }
    for layer in layers {
      switch layer.content {
      case .heatmap, .pictures:
        throw PlotProblem("a heatmap and pictures have no logarithmic axes")
      case .histogram(let histogram):
        guard !isLogarithmicX || (histogram.edges.first ?? 1) > 0 else {
          throw Figure.misplaced(histogram.edges.first ?? 0, "x")
        }
      case .line(let series), .scatter(let series):
        for (values, isLogarithmic, name) in [
          (series.x, isLogarithmicX, "x"), (series.y, isLogarithmicY, "y"),
        ] where isLogarithmic {
          let low = zip(values, series.isDrawable).filter(\.1).map(\.0).min() ?? 1
          guard low > 0 else { throw Figure.misplaced(low, name) }
        }
      }
    }
  }

  /// Points that are counted begin at 0, which a logarithmic axis does not have.
  private func checkCounted(_ x: PlotValues?, _ options: PlotOptions) throws(PlotProblem) {
    guard x == nil, options.isLogarithmic.x ?? isLogarithmicX else { return }
    throw PlotProblem(
      "without x the points stand at 0, 1, 2 …, and a logarithmic x axis has no place for 0",
      help: "write x values before y")
  }

  private static func misplaced(_ value: Double, _ axis: String) -> PlotProblem {
    PlotProblem(
      "the logarithmic \(axis) axis has no place for \(NumberFormat.significant(value, digits: 4))",
      help: "leave out what is not above 0, or write \(axis)scale: \"linear\"")
  }

  private mutating func note(missing: Int, of count: Int, _ things: String) {
    guard missing > 0 else { return }
    let verb = missing == 1 ? "is" : "are"
    notes.append("\(missing) of \(count) \(things) \(verb) not finite and \(verb) not drawn")
  }

  /// `figure of scatter and line`: how it prints where it isn't drawn.
  package var summary: String {
    let names = layers.map { layer in
      switch layer.content {
      case .line(let series): "line of \(series.count) points"
      case .scatter(let series): "scatter of \(series.count) points"
      case .histogram(let histogram): "histogram of \(histogram.counts.count) bins"
      case .heatmap(let map): "heatmap of \(map.rows) × \(map.columns)"
      case .pictures(let pictures): pictures.count == 1 ? "picture" : "\(pictures.count) pictures"
      }
    }
    return "figure: " + (names.isEmpty ? "empty" : names.joined(separator: ", "))
  }
}

extension Figure {
  /// The x values that the figure shows; nil where it has none.
  package var xRange: ClosedRange<Double>? {
    let xs = extent.x
    guard let low = xs.min(), let high = xs.max(), low < high else { return nil }
    return low...high
  }
}

// A figure as pure data: layers with options. Renderers turn it into terminal text or SVG.

/// Why something can't be drawn, in plain words.
package struct PlotProblem: Error, Sendable, Equatable {
  package let message: String
  package let help: String?

  package init(_ message: String, help: String? = nil) {
    self.message = message
    self.help = help
  }
}

/// What a caller may say about a layer and about the figure that it joins.
package struct PlotOptions: Sendable, Equatable {
  /// A colour's name or `#rrggbb`; nil takes the next of the palette.
  package var color: String?
  /// The entry in the legend.
  package var label: String?
  package var title: String?
  package var xLabel: String?
  package var yLabel: String?

  package init(
    color: String? = nil, label: String? = nil, title: String? = nil, xLabel: String? = nil,
    yLabel: String? = nil
  ) {
    self.color = color
    self.label = label
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
  }
}

/// A picture: rows of pixels from the top, one value (grey) or three (red, green, blue) each.
package struct Picture: Sendable, Equatable {
  package let width: Int
  package let height: Int
  package let channels: Int
  package let values: [Double]
  package let caption: String

  /// Throws when the number of values is not width · height · channels.
  package init(
    width: Int, height: Int, channels: Int = 1, values: [Double], caption: String = ""
  ) throws(PlotProblem) {
    let (area, overflow) = width.multipliedReportingOverflow(by: height)
    guard width >= 0, height >= 0, channels == 1 || channels == 3, !overflow,
      values.count % channels == 0, values.count / channels == area
    else {
      throw PlotProblem("\(values.count) values are no picture of \(height) × \(width) pixels")
    }
    self.width = width
    self.height = height
    self.channels = channels
    self.values = values
    self.caption = caption
  }
}

/// Layers that share axes, or a grid of pictures.
package struct Figure: Sendable, Equatable {
  /// Points in order.
  package struct Series: Sendable, Equatable {
    package let x: [Double]
    package let y: [Double]
    /// The rows of the points that can be drawn.
    package let isDrawable: [Bool]

    init(_ x: [Double], _ y: [Double]) {
      self.x = x
      self.y = y
      isDrawable = zip(x, y).map { Figure.canDraw($0) && Figure.canDraw($1) }
    }
  }

  /// Counts of values between edges; one edge more than counts.
  package struct Histogram: Sendable, Equatable {
    package let edges: [Double]
    package let counts: [Int]
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
  /// What was left out, one sentence each.
  package private(set) var notes: [String] = []

  package init() {}

  /// What can be placed: finite, and small enough that a range does not overflow.
  static func canDraw(_ value: Double) -> Bool { value.magnitude <= 1e300 }
}

extension Figure {
  /// This figure with a line through points; without `x` they stand at 0, 1, 2 …
  package func line(x: [Double]? = nil, y: [Double], _ options: PlotOptions = PlotOptions())
    throws(PlotProblem) -> Figure
  {
    try adding(.line(try Figure.series(x, y, "line")), options)
  }

  /// This figure with points.
  package func scatter(x: [Double]? = nil, y: [Double], _ options: PlotOptions = PlotOptions())
    throws(PlotProblem) -> Figure
  {
    try adding(.scatter(try Figure.series(x, y, "scatter")), options)
  }

  /// This figure with counts of values in bins of equal width.
  package func histogram(
    _ values: [Double], bins: Int? = nil, _ options: PlotOptions = PlotOptions()
  ) throws(PlotProblem) -> Figure {
    if let bins, bins < 1 || bins > 10_000 {
      throw PlotProblem("histogram takes 1 to 10000 bins, not \(bins)")
    }
    let drawable = values.filter(Figure.canDraw)
    var figure = try adding(.histogram(Histogram(drawable, bins: bins)), options)
    figure.note(missing: values.count - drawable.count, of: values.count, "values")
    return figure
  }

  /// This figure with a map of values, `rows · columns` of them, over a rectangle; without one, the
  /// axes count columns and rows, the first row on top.
  package func heatmap(
    _ values: [Double], rows: Int, columns: Int, x: ClosedRange<Double>? = nil,
    y: ClosedRange<Double>? = nil, _ options: PlotOptions = PlotOptions()
  ) throws(PlotProblem) -> Figure {
    let (area, overflow) = rows.multipliedReportingOverflow(by: columns)
    guard rows >= 0, columns >= 0, !overflow, area == values.count else {
      throw PlotProblem("\(values.count) values are no map of \(rows) rows and \(columns) columns")
    }
    for range in [x, y].compactMap({ $0 }) {
      guard Figure.canDraw(range.lowerBound), Figure.canDraw(range.upperBound) else {
        throw PlotProblem("the edges of a heatmap are finite numbers")
      }
    }
    let map = Heatmap(
      rows: rows, columns: columns, values: values,
      x: x ?? -0.5...Double(columns) - 0.5, y: y ?? -0.5...Double(rows) - 0.5,
      countsRows: y == nil)
    var figure = try adding(.heatmap(map), options)
    figure.note(missing: values.count { !Figure.canDraw($0) }, of: values.count, "values")
    return figure
  }

  /// This figure with pictures side by side.
  package func show(_ pictures: [Picture], _ options: PlotOptions = PlotOptions())
    throws(PlotProblem) -> Figure
  {
    var figure = try adding(.pictures(pictures), options)
    let values = pictures.flatMap(\.values)
    figure.note(missing: values.count { !Figure.canDraw($0) }, of: values.count, "pixels")
    return figure
  }

  private static func series(_ x: [Double]?, _ y: [Double], _ name: String)
    throws(PlotProblem) -> Series
  {
    let x = x ?? (0..<y.count).map(Double.init)
    guard x.count == y.count else {
      throw PlotProblem("\(name) wants as many x as y: x has \(x.count) values, y has \(y.count)")
    }
    return Series(x, y)
  }

  private func adding(_ content: Content, _ options: PlotOptions) throws(PlotProblem) -> Figure {
    var result = self
    let isPicture = { (content: Content) in if case .pictures = content { true } else { false } }
    if let first = layers.first, isPicture(first.content) != isPicture(content) {
      throw PlotProblem(
        "pictures have no axes to share with other layers", help: "use heatmap instead of show")
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
    switch content {
    case .line(let series), .scatter(let series):
      let missing = series.isDrawable.count { !$0 }
      result.note(missing: missing, of: series.y.count, "points")
    default: break
    }
    return result
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
      case .line(let series): "line of \(series.y.count) points"
      case .scatter(let series): "scatter of \(series.y.count) points"
      case .histogram(let histogram): "histogram of \(histogram.counts.count) bins"
      case .heatmap(let map): "heatmap of \(map.rows) × \(map.columns)"
      case .pictures(let pictures): pictures.count == 1 ? "picture" : "\(pictures.count) pictures"
      }
    }
    return "figure: " + (names.isEmpty ? "empty" : names.joined(separator: ", "))
  }
}

extension Figure.Histogram {
  /// Bins of equal width; without a number, as many as the wider of Sturges' rule (1926) and
  /// Freedman and Diaconis' rule (1981) wants, as NumPy's "auto".
  init(_ values: [Double], bins: Int?) {
    let sorted = values.sorted()
    guard let low = sorted.first, let high = sorted.last else {
      edges = []
      counts = []
      return
    }
    let (start, end) = low < high ? (low, high) : (low - 0.5, high + 0.5)
    let number = bins ?? Figure.Histogram.automaticBins(sorted)
    let width = (end - start) / Double(number)
    var counts = [Int](repeating: 0, count: number)
    for value in sorted {
      let place = ((value - start) / (end - start) * Double(number)).rounded(.down)
      counts[min(number - 1, max(0, Int(exactly: place) ?? 0))] += 1
    }
    self.counts = counts
    edges = (0...number).map { $0 == number ? end : start + Double($0) * width }
  }

  private static func automaticBins(_ sorted: [Double]) -> Int {
    guard let low = sorted.first, let high = sorted.last, low < high else { return 1 }
    var bits = 0
    while 1 << bits < sorted.count { bits += 1 }
    let sturges = bits + 1
    let quartile = { (share: Double) in sorted[Int(Double(sorted.count - 1) * share)] }
    let spread = quartile(0.75) - quartile(0.25)
    guard spread > 0 else { return sturges }
    var root = 1.0
    while root * root * root < Double(sorted.count) { root += 1 }
    let wanted = ((high - low) / (2 * spread / root)).rounded(.up)
    return min(100, max(sturges, Int(exactly: wanted) ?? 100))
  }
}

// Pictures as data: rows of pixels, and what share of the brightest each is.

/// A picture: rows of pixels from the top, a number each; the smallest (0 where none is below) is
/// black, the largest white.
package struct Picture: Sendable, Equatable {
  /// Larger pictures are kept smaller: nobody could tell the difference.
  private static let limit = 1024

  package let width: Int
  package let height: Int
  package let caption: String
  private let values: [Double]
  private let range: Extent
  /// Pixels that are not finite: they are black.
  let missing: Int
  /// Where pixels were put together: how many there were across and down.
  private let originalSize: [Int]

  /// Throws when the number of values is not width · height.
  package init(
    width: Int, height: Int, values: PlotValues, caption: String = "",
    isInterrupted: () -> Bool = { false }
  ) throws(PlotProblem) {
    let (area, overflow) = width.multipliedReportingOverflow(by: height)
    guard width >= 0, height >= 0, !overflow, values.count == area else {
      throw PlotProblem("\(values.count) values are no picture of \(height) × \(width) pixels")
    }
    var range = Extent(low: 0)
    var missing = 0
    try values.forEach(isInterrupted) { _, value in
      if value.isFinite { range.cover(value) } else { missing += 1 }
    }
    let size = Self.fitted(width, height, Self.limit, Self.limit)
    var pixels: [Double] = []
    for row in 0..<size.rows {
      if isInterrupted() { throw .interrupted }
      pixels += Self.means(values, width, height, row, size)
    }
    self.init(size, pixels, caption, range, missing, [width, height])
  }

  private init(
    _ size: (columns: Int, rows: Int), _ values: [Double], _ caption: String, _ range: Extent,
    _ missing: Int, _ originalSize: [Int]
  ) {
    (width, height, self.values) = (size.columns, size.rows, values)
    (self.caption, self.range, self.missing) = (caption, range, missing)
    self.originalSize = originalSize
  }

  /// How many pixels there were, where it has fewer now.
  var sizeBefore: (width: Int, height: Int)? {
    originalSize == [width, height] ? nil : (originalSize[0], originalSize[1])
  }

  /// 0 … 1 from black to white.
  func share(_ x: Int, _ y: Int) -> Double {
    let value = values[y * width + x]
    return range.low < range.high && value.isFinite ? range.share(value) : 0
  }

  /// The picture in no more pixels than that: each is the mean of those that it stands for.
  func fitted(width limitX: Int, height limitY: Int) -> Picture {
    let size = Self.fitted(width, height, limitX, limitY)
    let all = PlotValues(values)
    let pixels = (0..<size.rows).flatMap { Self.means(all, width, height, $0, size) }
    return Picture(size, pixels, caption, range, missing, originalSize)
  }

  /// The largest size of the same proportions within the limits.
  private static func fitted(_ width: Int, _ height: Int, _ limitX: Int, _ limitY: Int)
    -> (columns: Int, rows: Int)
  {
    let scale = max(Double(width) / Double(limitX), Double(height) / Double(limitY))
    guard scale > 1 else { return (width, height) }
    return (
      min(width, max(1, Int(Double(width) / scale))),
      min(height, max(1, Int(Double(height) / scale)))
    )
  }

  private static func means(
    _ values: PlotValues, _ width: Int, _ height: Int, _ row: Int,
    _ size: (columns: Int, rows: Int)
  ) -> [Double] {
    if size == (width, height) { return (0..<width).map { values[row * width + $0] } }
    let ys = row * height / size.rows..<(row + 1) * height / size.rows
    return (0..<size.columns).map { column in
      let xs = column * width / size.columns..<(column + 1) * width / size.columns
      var mean = 0.0
      for y in ys {
        for x in xs where values[y * width + x].isFinite {
          mean += values[y * width + x] / Double(ys.count * xs.count)
        }
      }
      return mean
    }
  }
}

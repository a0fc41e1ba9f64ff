// The inner loops of convolutions that work on sixteen images at once: each lane of a vector is an
// image, so that windows may lie as they like and no vector has a tail.

/// How windows lie in memory. Distances are in vectors, of one element of sixteen images each.
package struct LaneWindows {
  /// Windows.
  package var rows: Int
  package var columns: Int
  /// Channels of what the windows make.
  package var channels: Int
  /// Elements that a window sees, in all channels.
  package var taps: Int
  /// In what they see, from one row of windows to the next, and from one window to the next.
  package var sourceRow: Int
  package var sourceColumn: Int
  /// In what they make, from one channel to the next, one row, and one window.
  package var resultChannel: Int
  package var resultRow: Int
  package var resultColumn: Int

  package init(
    rows: Int, columns: Int, channels: Int, taps: Int, source: (row: Int, column: Int),
    result: (channel: Int, row: Int, column: Int)
  ) {
    (self.rows, self.columns, self.channels, self.taps) = (rows, columns, channels, taps)
    (sourceRow, sourceColumn) = source
    (resultChannel, resultRow, resultColumn) = result
  }
}

/// Other targets compile this file for wider vectors; see `LaneVectors`.
package enum LaneLoops {
  /// Images in a vector.
  package static let images = 16
  private static let bytes = 64

  /// Calls `body` with the first channel and the number of channels of every tile.
  @inline(__always)
  package static func forEachTile(_ channels: Int, _ body: (_ first: Int, _ count: Int) -> Void) {
    var first = 0
    while first < channels {
      let rest = channels - first
      let count = rest >= 4 ? 4 : (rest >= 2 ? 2 : 1)
      body(first, count)
      first += count
    }
  }

  // MARK: - Windows

  /// y[channel, window] = Σ over some taps of w · x where the window meets it.
  ///
  /// - Parameters:
  ///   - windows: address of a `LaneWindows`.
  ///   - weights: tiles of four channels, at the end of two and of one: [taps, channels of the tile].
  ///   - taps: where a tap lies from a window's place on, in vectors.
  ///   - ranges: for each row of windows the first tap that it meets, and the end of them.
  @inline(never)
  package static func sums(
    _ windows: UnsafeRawPointer, _ y: UnsafeMutableRawPointer, _ x: UnsafeRawPointer,
    _ weights: UnsafePointer<Float>, _ taps: UnsafePointer<Int>, _ ranges: UnsafePointer<Int>
  ) {
    let shape = windows.load(as: LaneWindows.self)
    for row in 0..<shape.rows {
      let range = ranges[2 * row]..<ranges[2 * row + 1]
      let source = x + row * shape.sourceRow * bytes
      forEachTile(shape.channels) { channel, count in
        let result = y + (channel * shape.resultChannel + row * shape.resultRow) * bytes
        let weight = weights + channel * shape.taps
        switch count {
        case 4: sums(shape, range, result, source, weight, taps, Rows4.self)
        case 2: sums(shape, range, result, source, weight, taps, Rows2.self)
        default: sums(shape, range, result, source, weight, taps, Rows1.self)
        }
      }
    }
  }

  /// One row of windows, four of them at a time, for the channels of a tile.
  @inline(__always)
  private static func sums<Tile: LaneTile>(
    _ shape: LaneWindows, _ range: Range<Int>, _ result: UnsafeMutableRawPointer,
    _ source: UnsafeRawPointer, _ weights: UnsafePointer<Float>, _ taps: UnsafePointer<Int>,
    _: Tile.Type
  ) {
    let step = shape.sourceColumn * bytes
    var column = 0
    while true {
      let place = source + column * step
      var tile = Tile()
      var weight = weights + range.lowerBound * Tile.count
      for tap in range {
        tile.add(Row4(place + taps[tap] * bytes, step), weight)
        weight += Tile.count
      }
      tile.store(
        result + column * shape.resultColumn * bytes, shape.resultChannel * bytes,
        shape.resultColumn * bytes)
      if column + 4 >= shape.columns { return }
      // The last four may make some once more.
      column = min(column + 4, shape.columns - 4)
    }
  }

  // MARK: - Weights

  /// sums[channel, tap] += Σ over all windows of y · x where the window meets it, lane by lane; so
  /// many taps as make whole tiles of four.
  @inline(never)
  package static func weights(
    _ windows: UnsafeRawPointer, _ sums: UnsafeMutableRawPointer, _ y: UnsafeRawPointer,
    _ x: UnsafeRawPointer, _ taps: UnsafePointer<Int>
  ) {
    let shape = windows.load(as: LaneWindows.self)
    // As many rows as make the sums worth fetching.
    let band = max(1, min(shape.rows, 128 / shape.columns))
    for first in stride(from: 0, to: shape.rows, by: band) {
      let rows = first..<min(shape.rows, first + band)
      forEachTile(shape.channels) { channel, count in
        let source = y + channel * shape.resultChannel * bytes
        let target = sums + channel * shape.taps * bytes
        switch count {
        case 4: weights(shape, rows, target, source, x, taps, Rows4.self)
        case 2: weights(shape, rows, target, source, x, taps, Rows2.self)
        default: weights(shape, rows, target, source, x, taps, Rows1.self)
        }
      }
    }
  }

  @inline(__always)
  private static func weights<Tile: LaneTile>(
    _ shape: LaneWindows, _ rows: Range<Int>, _ sums: UnsafeMutableRawPointer,
    _ y: UnsafeRawPointer, _ x: UnsafeRawPointer, _ taps: UnsafePointer<Int>, _: Tile.Type
  ) {
    let (step, width) = (shape.sourceColumn * bytes, shape.resultColumn * bytes)
    for tap in stride(from: 0, to: shape.taps, by: 4) {
      var tile = Tile(sums + tap * bytes, shape.taps * bytes)
      let (a, b) = (taps[tap] * bytes, taps[tap + 1] * bytes)
      let (c, d) = (taps[tap + 2] * bytes, taps[tap + 3] * bytes)
      for row in rows {
        var source = x + row * shape.sourceRow * bytes
        var given = y + row * shape.resultRow * bytes
        for _ in 0..<shape.columns {
          tile.add(
            Row4(
              Float.load(source + a), Float.load(source + b), Float.load(source + c),
              Float.load(source + d)),
            given, shape.resultChannel * bytes)
          source += step
          given += width
        }
      }
      tile.store(sums + tap * bytes, shape.taps * bytes, bytes)
    }
  }

  /// y[i] = the sum of the lanes of x[i].
  @inline(never)
  package static func totals(_ y: UnsafeMutablePointer<Float>, _ x: UnsafeRawPointer, _ count: Int)
  {
    for place in 0..<count { y[place] = Float.total(Float.load(x + place * bytes)) }
  }

  // MARK: - Lanes

  /// x[places[i]] = element i of all images; zero in lanes without an image. At least sixteen
  /// elements; `step` is from one image to the next, in elements.
  @inline(never)
  package static func gather(
    _ x: UnsafeMutableRawPointer, _ source: UnsafePointer<Float>, images: Int, step: Int,
    count: Int, _ places: UnsafePointer<Int>
  ) {
    var first = 0
    while true {
      var block = Sixteen()
      for lane in 0..<images { block[lane] = Float.load(source + lane * step + first) }
      block = block.transposed
      for i in 0..<16 { Float.store(block[i], x + places[first + i] * bytes) }
      if first + 16 >= count { return }
      first = min(first + 16, count - 16)
    }
  }

  /// Element i of all images = y[i].
  @inline(never)
  package static func scatter(
    _ y: UnsafeRawPointer, _ target: UnsafeMutablePointer<Float>, images: Int, step: Int, count: Int
  ) {
    var first = 0
    while true {
      var block = Sixteen()
      for i in 0..<16 { block[i] = Float.load(y + (first + i) * bytes) }
      block = block.transposed
      for lane in 0..<images { Float.store(block[lane], target + lane * step + first) }
      if first + 16 >= count { return }
      first = min(first + 16, count - 16)
    }
  }
}

// MARK: - Registers

/// Four vectors beside each other.
private struct Row4 {
  var (a, b, c, d): (SIMD16<Float>, SIMD16<Float>, SIMD16<Float>, SIMD16<Float>)

  @inline(__always) init() { (a, b, c, d) = (.zero, .zero, .zero, .zero) }

  @inline(__always)
  init(_ a: SIMD16<Float>, _ b: SIMD16<Float>, _ c: SIMD16<Float>, _ d: SIMD16<Float>) {
    (self.a, self.b, self.c, self.d) = (a, b, c, d)
  }

  @inline(__always)
  init(_ place: UnsafeRawPointer, _ step: Int) {
    a = Float.load(place)
    b = Float.load(place + step)
    c = Float.load(place + 2 * step)
    d = Float.load(place + 3 * step)
  }

  @inline(__always)
  mutating func add(_ x: Row4, _ y: SIMD16<Float>) {
    a.addProduct(x.a, y)
    b.addProduct(x.b, y)
    c.addProduct(x.c, y)
    d.addProduct(x.d, y)
  }

  @inline(__always)
  func store(_ place: UnsafeMutableRawPointer, _ step: Int) {
    Float.store(a, place)
    Float.store(b, place + step)
    Float.store(c, place + 2 * step)
    Float.store(d, place + 3 * step)
  }
}

/// Sums of some channels that stay in registers, four for each.
private protocol LaneTile {
  static var count: Int { get }
  init()
  /// Rows that begin `step` bytes apart.
  init(_ place: UnsafeRawPointer, _ step: Int)
  /// Adds x times the number of each channel, which lie one after the other.
  mutating func add(_ x: Row4, _ numbers: UnsafePointer<Float>)
  /// Adds x times the vector of each channel, which lie `step` bytes apart.
  mutating func add(_ x: Row4, _ vectors: UnsafeRawPointer, _ step: Int)
  /// Writes rows that begin `row` bytes apart, of vectors that do `column` bytes apart.
  func store(_ place: UnsafeMutableRawPointer, _ row: Int, _ column: Int)
}

private struct Rows1: LaneTile {
  var a = Row4()
  static var count: Int { 1 }

  @inline(__always) init() {}
  @inline(__always) init(_ place: UnsafeRawPointer, _ step: Int) { a = Row4(place, 64) }
  @inline(__always) mutating func add(_ x: Row4, _ numbers: UnsafePointer<Float>) {
    a.add(x, SIMD16(repeating: numbers[0]))
  }
  @inline(__always) mutating func add(_ x: Row4, _ vectors: UnsafeRawPointer, _ step: Int) {
    a.add(x, Float.load(vectors))
  }
  @inline(__always) func store(_ place: UnsafeMutableRawPointer, _ row: Int, _ column: Int) {
    a.store(place, column)
  }
}

private struct Rows2: LaneTile {
  var (a, b) = (Rows1(), Rows1())
  static var count: Int { 2 }

  @inline(__always) init() {}
  @inline(__always) init(_ place: UnsafeRawPointer, _ step: Int) {
    (a, b) = (Rows1(place, step), Rows1(place + step, step))
  }
  @inline(__always) mutating func add(_ x: Row4, _ numbers: UnsafePointer<Float>) {
    a.add(x, numbers)
    b.add(x, numbers + 1)
  }
  @inline(__always) mutating func add(_ x: Row4, _ vectors: UnsafeRawPointer, _ step: Int) {
    a.add(x, vectors, step)
    b.add(x, vectors + step, step)
  }
  @inline(__always) func store(_ place: UnsafeMutableRawPointer, _ row: Int, _ column: Int) {
    a.store(place, row, column)
    b.store(place + row, row, column)
  }
}

private struct Rows4: LaneTile {
  var (a, b) = (Rows2(), Rows2())
  static var count: Int { 4 }

  @inline(__always) init() {}
  @inline(__always) init(_ place: UnsafeRawPointer, _ step: Int) {
    (a, b) = (Rows2(place, step), Rows2(place + 2 * step, step))
  }
  @inline(__always) mutating func add(_ x: Row4, _ numbers: UnsafePointer<Float>) {
    a.add(x, numbers)
    b.add(x, numbers + 2)
  }
  @inline(__always) mutating func add(_ x: Row4, _ vectors: UnsafeRawPointer, _ step: Int) {
    a.add(x, vectors, step)
    b.add(x, vectors + 2 * step, step)
  }
  @inline(__always) func store(_ place: UnsafeMutableRawPointer, _ row: Int, _ column: Int) {
    a.store(place, row, column)
    b.store(place + 2 * row, row, column)
  }
}

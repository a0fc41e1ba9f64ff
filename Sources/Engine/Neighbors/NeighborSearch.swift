// The nearest points of many queries, by blocked products.

/// |q − x|² = |q|² + |x|² − 2 q · x in floats rules out all but a few points of a query; the distances of
/// those are then made of doubles, so that the result is that of exact arithmetic. Points that are
/// equally far come by their index.
package enum NeighborSearch {
  private static let rowBlock = 128
  private static let pointBlock = 512

  /// The k nearest points of each query, the nearest first.
  ///
  /// An interrupt leaves the result unfinished.
  ///
  /// - Parameters:
  ///   - skipsOwn: whether point i is none of the neighbours of query i.
  ///   - distances: f64 [queries, k]; squared, times the square of the scale of the points.
  ///   - indices: i64 [queries, k]
  package static func nearest(
    _ points: PointSet, _ queries: PointSet, k: Int, skipsOwn: Bool = false, distances: Buffer,
    indices: Buffer
  ) {
    precondition(k >= 0 && k + (skipsOwn ? 1 : 0) <= points.count && points.width == queries.width)
    precondition(distances.count == queries.count * k && indices.count == queries.count * k)
    guard k > 0 else { return }
    let block = max(rowBlock, (queries.count + 32767) / 32768)
    let parts = (queries.count + block - 1) / block
    let (d, i) = (distances.pointer(as: Double.self), indices.pointer(as: Int64.self))
    ThreadPool.shared.run(parts: parts) { part in
      let rows = part * block..<min(queries.count, (part + 1) * block)
      let search = BlockSearch(points, queries, rows, k: k, skipsOwn: skipsOwn)
      search.run(d + rows.lowerBound * k, i + rows.lowerBound * k, pointBlock)
    }
  }
}

/// The search for some rows of the queries.
private final class BlockSearch {
  let points: PointSet
  let queries: PointSet
  let rows: Range<Int>
  let k: Int
  let skipsOwn: Bool
  /// How many candidates a row may have.
  let room: Int
  private let values: UnsafeMutablePointer<Float>
  private let places: UnsafeMutablePointer<Int32>
  /// −1 where a row is searched whole.
  private let counts: UnsafeMutablePointer<Int>
  /// The k smallest values of a row in order.
  private let best: UnsafeMutablePointer<Float>
  /// What is below may be a neighbour.
  private let limits: UnsafeMutablePointer<Float>
  let slacks: [Float]

  init(_ points: PointSet, _ queries: PointSet, _ rows: Range<Int>, k: Int, skipsOwn: Bool) {
    (self.points, self.queries, self.rows) = (points, queries, rows)
    (self.k, self.skipsOwn) = (k, skipsOwn)
    // Of few points, or where most are neighbours, all are looked at.
    room = points.count < 64 || k * 8 > points.count ? 0 : 8 * k + 64
    values = .allocate(capacity: rows.count * room)
    places = .allocate(capacity: rows.count * room)
    counts = .allocate(capacity: rows.count)
    counts.initialize(repeating: room == 0 ? -1 : 0, count: rows.count)
    let kept = room == 0 ? 0 : rows.count * k
    best = .allocate(capacity: kept)
    best.initialize(repeating: .infinity, count: kept)
    limits = .allocate(capacity: rows.count)
    limits.initialize(repeating: .infinity, count: rows.count)
    slacks = rows.map {
      PointSet.slack(queries.squares[$0], points.largestSquare, width: points.width)
    }
  }

  deinit {
    values.deallocate()
    places.deallocate()
    counts.deallocate()
    best.deallocate()
    limits.deallocate()
  }

  func run(
    _ distances: UnsafeMutablePointer<Double>, _ indices: UnsafeMutablePointer<Int64>,
    _ pointBlock: Int
  ) {
    if room > 0, points.width > 0, points.count < Int(Int32.max) { ruleOut(pointBlock) }
    var found: [(distance: Double, index: Int)] = []
    for row in 0..<rows.count {
      if Interrupts.isRequested { return }
      decide(row, &found)
      for (place, neighbor) in found.prefix(k).enumerated() {
        distances[row * k + place] = neighbor.distance
        indices[row * k + place] = Int64(neighbor.index)
      }
    }
  }

  private func ruleOut(_ pointBlock: Int) {
    let width = points.width
    let turned = queries.floats[rows.lowerBound * width..<rows.upperBound * width].map { -2 * $0 }
    let c = UnsafeMutablePointer<Float>.allocate(capacity: rows.count * pointBlock)
    defer { c.deallocate() }
    points.floats.withUnsafeBufferPointer { floats in
      points.squares.withUnsafeBufferPointer { squares in
        turned.withUnsafeBufferPointer { turned in
          guard let x = floats.baseAddress, let s = squares.baseAddress, let q = turned.baseAddress
          else { return }
          for start in stride(from: 0, to: points.count, by: pointBlock) {
            if Interrupts.isRequested { return }
            let count = min(pointBlock, points.count - start)
            MatrixProduct.multiply(
              q, x + start * width, c,
              MatrixProduct.Sizes(
                m: rows.count, n: count, k: width, isRightTransposed: true,
                resultWidth: pointBlock), isDouble: false, isAlone: false)
            for row in 0..<rows.count where counts[row] >= 0 {
              if mayHold(row, c + row * pointBlock, s + start, count) {
                scan(row, c + row * pointBlock, s + start, start, count)
              }
            }
          }
        }
      }
    }
  }

  /// Whether a block holds a value below the limit. The least values of its 16 lanes give a first
  /// limit: as many of them as neighbours are wanted are real values.
  @inline(__always)
  private func mayHold(
    _ row: Int, _ product: UnsafePointer<Float>, _ squares: UnsafePointer<Float>, _ count: Int
  ) -> Bool {
    var least = SIMD16<Float>(repeating: .infinity)
    var j = 0
    while j < count {
      let value =
        UnsafeRawPointer(product + j).loadUnaligned(as: SIMD16<Float>.self)
        + UnsafeRawPointer(squares + j).loadUnaligned(as: SIMD16<Float>.self)
      least.replace(with: value, where: value .< least)
      j &+= 16
    }
    // A row may be its own nearest one.
    let needed = skipsOwn ? k + 1 : k
    if limits[row] == .infinity, needed <= 12 { limits[row] = bound(least, needed) + slacks[row] }
    return any(least .< limits[row])
  }

  /// The n-th least of 16 numbers.
  private func bound(_ numbers: SIMD16<Float>, _ n: Int) -> Float {
    var rest = numbers
    for _ in 1..<max(n, 1) {
      let least = rest.min()
      for lane in 0..<16 where rest[lane] == least {
        rest[lane] = .infinity
        break
      }
    }
    return rest.min()
  }

  /// Takes the points of a block that may be neighbours. What lies behind the block's last point is
  /// infinitely far.
  @inline(__always)
  private func scan(
    _ row: Int, _ product: UnsafePointer<Float>, _ squares: UnsafePointer<Float>, _ start: Int,
    _ count: Int
  ) {
    var limit = limits[row]
    var j = 0
    while j < count {
      let value =
        UnsafeRawPointer(product + j).loadUnaligned(as: SIMD16<Float>.self)
        + UnsafeRawPointer(squares + j).loadUnaligned(as: SIMD16<Float>.self)
      if any(value .< limit) {
        for lane in 0..<min(16, count - j) where value[lane] < limit {
          limit = take(row, value[lane], start + j + lane)
          if limit == -.infinity { return }
        }
      }
      j += 16
    }
  }

  /// One more candidate. Returns the new limit; −∞ where there are too many.
  private func take(_ row: Int, _ value: Float, _ index: Int) -> Float {
    if skipsOwn, index == rows.lowerBound + row { return limits[row] }
    let last = row * k + k - 1
    if value < best[last] {
      var place = last
      while place > row * k, best[place - 1] > value {
        best[place] = best[place - 1]
        place -= 1
      }
      best[place] = value
      limits[row] = min(limits[row], best[last] + slacks[row])
    }
    if counts[row] == room { compact(row) }
    guard counts[row] >= 0 else {
      limits[row] = -.infinity
      return -.infinity
    }
    values[row * room + counts[row]] = value
    places[row * room + counts[row]] = Int32(index)
    counts[row] += 1
    return limits[row]
  }

  /// Drops the candidates beyond the limit; where more than half stay, the row is searched whole.
  private func compact(_ row: Int) {
    var kept = 0
    let start = row * room
    for place in 0..<room where values[start + place] < limits[row] {
      (values[start + kept], places[start + kept]) = (values[start + place], places[start + place])
      kept += 1
    }
    counts[row] = kept > room * 3 / 4 ? -1 : kept
  }

  /// The neighbours of a row by doubles, in order.
  private func decide(_ row: Int, _ found: inout [(distance: Double, index: Int)]) {
    found.removeAll(keepingCapacity: true)
    let own = skipsOwn ? rows.lowerBound + row : -1
    points.values.withUnsafeBufferPointer { x in
      queries.values.withUnsafeBufferPointer { q in
        let distance = { [self] (index: Int) -> Double in
          guard let x = x.baseAddress, let q = q.baseAddress else { return 0 }
          let width = points.width
          return Distance.squared(
            q + (rows.lowerBound + row) * width, x + index * width, width)
        }
        if counts[row] >= k {
          for place in 0..<counts[row] where values[row * room + place] < limits[row] {
            let index = Int(places[row * room + place])
            found.append((distance(index), index))
          }
        }
        if found.count < k {
          found.removeAll(keepingCapacity: true)
          for index in 0..<points.count where index != own {
            found.append((distance(index), index))
          }
        }
      }
    }
    found.sort { $0.distance < $1.distance || $0.distance == $1.distance && $0.index < $1.index }
  }
}

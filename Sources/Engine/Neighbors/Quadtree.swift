// The plane in squares in squares: points in the order of a curve that fills it, cells in an array.

/// Cells in the order in which they are met from the root down; each knows where to go on without
/// looking inside. Points are sorted along Morton's curve, so that a cell is a range of them.
struct Quadtree {
  private struct Cell {
    var x: Float
    var y: Float
    var mass: Float
    /// The square of its side.
    var side: Float
    var start: Int32
    var end: Int32
    /// The next cell that is not inside of this one.
    var next: Int32
    var isLeaf: Bool
  }
  private static let leafCount = 8
  private static let depth = 16

  private var cells: [Cell] = []
  private let count: Int
  private var order: [Int32] = []
  private var codes: [UInt32] = []
  /// Positions in order; the last one again up to the next multiple of 16.
  private var x: [Float] = []
  private var y: [Float] = []

  init(_ px: [Float], _ py: [Float], _ count: Int) {
    self.count = count
    let (xs, ys) = (px[0..<count], py[0..<count])
    let (left, bottom) = (xs.min() ?? 0, ys.min() ?? 0)
    let side = max((xs.max() ?? 0) - left, (ys.max() ?? 0) - bottom, .leastNormalMagnitude)
    var keys = [UInt64](repeating: 0, count: count)
    let factor = side.isFinite ? 65535.9 / side : 0
    for i in 0..<count {
      let (column, row) = (Self.cell(px[i] - left, factor), Self.cell(py[i] - bottom, factor))
      keys[i] = (Self.spread(column) | Self.spread(row) << 1) << 32 | UInt64(i)
    }
    Self.sort(&keys)
    order = keys.map { Int32(truncatingIfNeeded: $0 & 0xFFFF_FFFF) }
    codes = keys.map { UInt32($0 >> 32) }
    let padded = (count + 15) / 16 * 16
    x = (0..<padded).map { px[Int(order[min($0, count - 1)])] }
    y = (0..<padded).map { py[Int(order[min($0, count - 1)])] }
    cells.reserveCapacity(count)
    if count > 0 { build(0, count, level: 0, side) }
  }

  private static func cell(_ distance: Float, _ factor: Float) -> UInt64 {
    let place = distance * factor
    return place > 0 ? UInt64(min(place, 65535)) : 0
  }

  /// Sixteen bits with a gap behind each.
  private static func spread(_ bits: UInt64) -> UInt64 {
    var x = bits & 0xFFFF
    x = (x | x << 8) & 0x00FF_00FF
    x = (x | x << 4) & 0x0F0F_0F0F
    x = (x | x << 2) & 0x3333_3333
    return (x | x << 1) & 0x5555_5555
  }

  /// By the upper 32 bits, digit by digit; equal ones stay in order.
  private static func sort(_ keys: inout [UInt64]) {
    var other = keys
    for shift in stride(from: UInt64(32), to: 64, by: 11) {
      var places = [Int](repeating: 0, count: 2049)
      for key in keys { places[Int(key >> shift & 2047) + 1] += 1 }
      for digit in 0..<2048 { places[digit + 1] += places[digit] }
      for key in keys {
        let digit = Int(key >> shift & 2047)
        other[places[digit]] = key
        places[digit] += 1
      }
      swap(&keys, &other)
    }
  }

  /// The cell of points start..<end and all inside of it.
  private mutating func build(_ start: Int, _ end: Int, level: Int, _ side: Float) {
    let place = cells.count
    let isLeaf = end - start <= Quadtree.leafCount || level == Quadtree.depth
    var (sumX, sumY) = (0.0, 0.0)
    for i in start..<end {
      sumX += Double(x[i])
      sumY += Double(y[i])
    }
    let mass = Double(end - start)
    cells.append(
      Cell(
        x: Float(sumX / mass), y: Float(sumY / mass), mass: Float(mass), side: side * side,
        start: Int32(start), end: Int32(end), next: 0, isLeaf: isLeaf))
    if !isLeaf {
      let shift = UInt32(2 * (Quadtree.depth - 1 - level))
      var first = start
      while first < end {
        let quarter = codes[first] >> shift
        var (low, high) = (first + 1, end)
        while low < high {
          let middle = (low + high) / 2
          if codes[middle] >> shift == quarter { low = middle + 1 } else { high = middle }
        }
        build(first, low, level: level + 1, side / 2)
        first = low
      }
    }
    cells[place].next = Int32(cells.count)
  }

  /// The forces on 16 points that follow each other.
  func forces(_ group: Int, theta: Float, _ forces: Repulsion.Forces) {
    let first = group * 16
    let limit = theta * theta
    x.withUnsafeBufferPointer { x in
      y.withUnsafeBufferPointer { y in
        cells.withUnsafeBufferPointer { cells in
          guard let x = x.baseAddress, let y = y.baseAddress else { return }
          let px = UnsafeRawPointer(x + first).loadUnaligned(as: SIMD16<Float>.self)
          let py = UnsafeRawPointer(y + first).loadUnaligned(as: SIMD16<Float>.self)
          var (fx, fy, sum) = (SIMD16<Float>.zero, SIMD16<Float>.zero, SIMD16<Float>.zero)
          var next = 0
          while next < cells.count {
            let cell = cells[next]
            let (dx, dy) = (px - cell.x, py - cell.y)
            let distance = dx * dx + dy * dy
            let isApart = Int(cell.end) <= first || Int(cell.start) >= first + 16
            if isApart, all(limit * distance .> cell.side) {
              let q = 1 / (1 + distance)
              let pull = cell.mass * q
              sum += pull
              fx += pull * q * dx
              fy += pull * q * dy
              next = Int(cell.next)
            } else if cell.isLeaf {
              for i in Int(cell.start)..<Int(cell.end) {
                let (dx, dy) = (px - x[i], py - y[i])
                let q = 1 / (1 + dx * dx + dy * dy)
                sum += q
                fx += q * q * dx
                fy += q * q * dy
              }
              next = Int(cell.next)
            } else {
              next += 1
            }
          }
          for lane in 0..<min(16, count - first) {
            let point = Int(order[first + lane])
            (forces.x[point], forces.y[point]) = (fx[lane], fy[lane])
            forces.sums[point] = sum[lane] - 1
          }
        }
      }
    }
  }
}

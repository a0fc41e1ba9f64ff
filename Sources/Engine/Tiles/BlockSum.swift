// The one order in which floats are summed, whoever sums them: the bits depend on the length only,
// never on threads, tiles or what else stands beside.
//
// A row falls into blocks of 512. A block is summed by vectors of 64 bytes in four running sums,
// the sums of the blocks in the same way again; the error grows with the logarithm of the length.

enum BlockSum {
  static let block = 512

  /// The sum of at most 512 elements.
  @inline(__always)
  static func block<T: TileScalar>(_ address: UnsafePointer<T>, _ count: Int) -> T {
    let bytes = UnsafeRawPointer(address)
    var a = T.Lanes(repeating: 0)
    var i = 0
    if count >= 4 * T.width {
      var (b, c, d) = (a, a, a)
      repeat {
        let first = bytes + i * MemoryLayout<T>.size
        a = T.sum(a, T.load(first))
        b = T.sum(b, T.load(first + 64))
        c = T.sum(c, T.load(first + 128))
        d = T.sum(d, T.load(first + 192))
        i += 4 * T.width
      } while i + 4 * T.width <= count
      a = T.sum(T.sum(a, b), T.sum(c, d))
    }
    while i + T.width <= count {
      a = T.sum(a, T.load(bytes + i * MemoryLayout<T>.size))
      i += T.width
    }
    for lane in 0..<count - i { a[lane] += address[i + lane] }
    return T.total(a)
  }

  /// The sum of a row.
  static func sum<T: TileScalar>(_ x: UnsafePointer<T>, _ count: Int) -> T {
    if count <= block { return block(x, count) }
    let blocks = (count + block - 1) / block
    return withUnsafeTemporaryAllocation(of: T.self, capacity: blocks) { parts in
      guard let first = parts.baseAddress else { return 0 }
      var work = Work()
      for i in 0..<blocks {
        first[i] = block(x + i * block, min(block, count - i * block))
        if work.isOver(after: block) { return 0 }
      }
      return sum(UnsafePointer(first), blocks)
    }
  }
}

/// Sums of columns, a row at a time. Blocks of 128 rows are added up as a binary counter carries:
/// of `parts`, the first line is the present block, line l + 1 the sum of 2^l blocks.
enum ColumnSum<T: TileScalar> {
  static var block: Int { 128 }

  /// How many lines of scratch so many rows want.
  static func levels(_ rows: Int) -> Int {
    Int.bitWidth - (rows / block).leadingZeroBitCount + 2
  }

  @inline(__always)
  static func clear(_ parts: UnsafeMutablePointer<T>, width: Int) {
    for j in 0..<width { parts[j] = 0 }
  }

  /// Adds rows that lie one after the other, `after` of which were added before.
  @inline(__always)
  static func add(
    _ x: UnsafePointer<T>, rows: Int, after: Int, stride: Int? = nil,
    to parts: UnsafeMutablePointer<T>, width: Int
  ) {
    for row in 0..<rows {
      let line = x + row * (stride ?? width)
      for j in 0..<width { parts[j] += line[j] }
      if (after + row + 1) % block == 0 {
        carry(parts, blocks: (after + row) / block, width)
      }
    }
  }

  /// Moves a full block up, where so many were moved before.
  private static func carry(_ parts: UnsafeMutablePointer<T>, blocks: Int, _ width: Int) {
    var l = 0
    while blocks >> l & 1 == 1 {
      for j in 0..<width { parts[j] += parts[(l + 1) * width + j] }
      l += 1
    }
    for j in 0..<width {
      parts[(l + 1) * width + j] = parts[j]
      parts[j] = 0
    }
  }

  /// The sums of all rows.
  @inline(__always)
  static func finish(
    _ parts: UnsafeMutablePointer<T>, rows: Int, width: Int, _ y: UnsafeMutablePointer<T>
  ) {
    if rows < block {
      for j in 0..<width { y[j] = parts[j] }
      return
    }
    if rows % block > 0 { carry(parts, blocks: rows / block, width) }
    let blocks = (rows + block - 1) / block
    for j in 0..<width { y[j] = 0 }
    for l in 0..<Int.bitWidth where blocks >> l & 1 == 1 {
      for j in 0..<width { y[j] += parts[(l + 1) * width + j] }
    }
  }
}

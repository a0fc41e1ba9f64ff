// The inner loops of convolutions: rows of elements, copied and added up.

enum ConvolutionRows {
  /// Copies rows that begin `step` bytes apart one after the other: of each so many elements,
  /// `stride` elements apart. Reads and writes up to 63 bytes more than that.
  static func copy(
    _ target: UnsafeMutableRawPointer, _ source: UnsafeRawPointer, rows: Int, step: Int, count: Int,
    stride: Int, size: Int
  ) {
    if stride == 1 { return copy(target, source, rows, step, bytes: count * size) }
    if size == 4 {
      pick(target, source, rows, step, count, stride, UInt32.self)
    } else {
      pick(target, source, rows, step, count, stride, UInt64.self)
    }
  }

  private static func copy(
    _ target: UnsafeMutableRawPointer, _ source: UnsafeRawPointer, _ rows: Int, _ step: Int,
    bytes: Int
  ) {
    var (target, source) = (target, source)
    for _ in 0..<rows {
      for place in Swift.stride(from: 0, to: bytes, by: 64) {
        let lanes = (source + place).loadUnaligned(as: SIMD16<UInt32>.self)
        (target + place).storeBytes(of: lanes, as: SIMD16<UInt32>.self)
      }
      target += bytes
      source += step
    }
  }

  @inline(__always)
  private static func pick<T: BitwiseCopyable>(
    _ target: UnsafeMutableRawPointer, _ source: UnsafeRawPointer, _ rows: Int, _ step: Int,
    _ count: Int, _ stride: Int, _: T.Type
  ) {
    var source = source
    var to = target.assumingMemoryBound(to: T.self)
    for _ in 0..<rows {
      let from = source.assumingMemoryBound(to: T.self)
      for i in 0..<count { to[i] = from[i * stride] }
      to += count
      source += step
    }
  }

  /// Adds rows that lie one after the other to rows that begin `step` bytes apart. Touches up to 63
  /// bytes more than that, and leaves them as they are.
  static func add(
    _ target: UnsafeMutableRawPointer, _ source: UnsafeRawPointer, rows: Int, step: Int, count: Int,
    stride: Int, size: Int
  ) {
    if size == 4 {
      add(target, source, rows, step, count, stride, Float.self)
    } else {
      add(target, source, rows, step, count, stride, Double.self)
    }
  }

  @inline(__always)
  private static func add<T: TileScalar>(
    _ target: UnsafeMutableRawPointer, _ source: UnsafeRawPointer, _ rows: Int, _ step: Int,
    _ count: Int, _ stride: Int, _: T.Type
  ) {
    var (target, source) = (target, source)
    let bytes = count * MemoryLayout<T>.size
    let whole = bytes & ~63
    var places = T.Lanes()
    for lane in 0..<T.width { places[lane] = T(lane) }
    let limit = T.Lanes(repeating: T((bytes - whole) / MemoryLayout<T>.size))
    let zero = T.Lanes(repeating: 0)
    for _ in 0..<rows {
      if stride == 1 {
        for place in Swift.stride(from: 0, to: whole, by: 64) {
          T.store(T.sum(T.load(target + place), T.load(source + place)), target + place)
        }
        if whole < bytes {
          let rest = T.choose(T.load(source + whole), zero, where: places, isLess: limit)
          T.store(T.sum(T.load(target + whole), rest), target + whole)
        }
      } else {
        let from = source.assumingMemoryBound(to: T.self)
        let to = target.assumingMemoryBound(to: T.self)
        for i in 0..<count { to[i * stride] += from[i] }
      }
      target += step
      source += bytes
    }
  }

  /// total[i] = Σ sums[part][i], in the order of the parts.
  static func total(_ sums: Buffer, parts: Int, _ total: Buffer) {
    if total.dtype == .f32 {
      add(sums, parts, total, Float.self)
    } else {
      add(sums, parts, total, Double.self)
    }
  }

  @inline(__always)
  private static func add<T: TileScalar>(_ sums: Buffer, _ parts: Int, _ total: Buffer, _: T.Type) {
    let x = UnsafePointer(sums.pointer(as: T.self))
    let y = total.pointer(as: T.self)
    let count = total.count
    Work.rows((count + 1023) / 1024, of: 1024 * max(1, parts)) { rows in
      let range = rows.lowerBound * 1024..<min(count, rows.upperBound * 1024)
      for i in range { y[i] = parts == 0 ? 0 : x[i] }
      for part in 1..<max(1, parts) {
        let from = x + part * count
        for i in range { y[i] += from[i] }
      }
    }
  }
}

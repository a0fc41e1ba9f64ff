// Sorting of rows by the digits of their bits: stable, in time proportional to their length.

package enum Sorting {
  /// The elements of every row in order: NaN counts as the largest.
  package static func sort(_ x: Buffer, _ y: Buffer, length: Int, descending: Bool)
    throws(MemoryProblem)
  {
    switch x.dtype {
    case .f32: try sort(x, y, length, Float.self, UInt32.self, descending)
    case .f64: try sort(x, y, length, Double.self, UInt64.self, descending)
    case .i32: try sort(x, y, length, Int32.self, UInt32.self, descending)
    case .i64: try sort(x, y, length, Int64.self, UInt64.self, descending)
    case .bool: try sort(x, y, length, UInt8.self, UInt8.self, descending)
    }
  }

  /// For every row the indices (i64) that put it in order; equal elements keep theirs.
  package static func order(_ x: Buffer, _ places: Buffer, length: Int, descending: Bool)
    throws(MemoryProblem)
  {
    switch x.dtype {
    case .f32: try order(x, places, length, Float.self, UInt32.self, descending)
    case .f64: try order(x, places, length, Double.self, UInt64.self, descending)
    case .i32: try order(x, places, length, Int32.self, UInt32.self, descending)
    case .i64: try order(x, places, length, Int64.self, UInt64.self, descending)
    case .bool: try order(x, places, length, UInt8.self, UInt8.self, descending)
    }
  }

  private static func sort<T: Sortable>(
    _ x: Buffer, _ y: Buffer, _ length: Int, _: T.Type, _: T.Key.Type, _ descending: Bool
  ) throws(MemoryProblem) {
    guard length > 0 else { return }
    let other = try Buffer(x.dtype, count: length)
    defer { withExtendedLifetime(other) {} }
    let flip: T.Key = descending ? .max : 0
    let source = x.pointer(as: T.self)
    let target = y.pointer(as: T.self)
    let keys = y.address.assumingMemoryBound(to: T.Key.self)
    var work = Work()
    for start in stride(from: 0, to: x.count, by: length) {
      for piece in Work.pieces(length) {
        for i in piece { keys[start + i] = source[start + i].key ^ flip }
      }
      arrange(
        Rows(keys: keys + start, places: nil),
        Rows(keys: other.address.assumingMemoryBound(to: T.Key.self), places: nil), length)
      for piece in Work.pieces(length) {
        for i in piece { target[start + i] = T(key: keys[start + i] ^ flip) }
      }
      if work.isOver(after: length) { return }
    }
  }

  private static func order<T: Sortable>(
    _ x: Buffer, _ places: Buffer, _ length: Int, _: T.Type, _: T.Key.Type, _ descending: Bool
  ) throws(MemoryProblem) {
    guard length > 0 else { return }
    let buffers = [
      try Buffer(x.dtype, count: length), try Buffer(x.dtype, count: length),
      try Buffer(.i64, count: length),
    ]
    defer { withExtendedLifetime(buffers) {} }
    let flip: T.Key = descending ? .max : 0
    let source = x.pointer(as: T.self)
    let keys = buffers[0].address.assumingMemoryBound(to: T.Key.self)
    let other = Rows(
      keys: buffers[1].address.assumingMemoryBound(to: T.Key.self),
      places: buffers[2].pointer(as: Int64.self))
    var work = Work()
    for start in stride(from: 0, to: x.count, by: length) {
      let row = Rows(keys: keys, places: places.pointer(as: Int64.self) + start)
      for piece in Work.pieces(length) {
        for i in piece {
          // -0 and 0 are equal, and keep their order.
          keys[i] = (source[start + i] == 0 ? 0 : source[start + i]).key ^ flip
          row.places?[i] = Int64(i)
        }
      }
      arrange(row, other, length)
      if work.isOver(after: length) { return }
    }
  }

  /// Keys, and the indices that move with them.
  private struct Rows<Key> {
    let keys: UnsafeMutablePointer<Key>
    let places: UnsafeMutablePointer<Int64>?
  }

  @inline(__always)
  private static func arrange<Key: FixedWidthInteger & UnsignedInteger>(
    _ row: Rows<Key>, _ other: Rows<Key>, _ n: Int
  ) {
    if n <= 64 { insert(row, n) } else { distribute(row, other, n) }
  }

  /// Short rows: every key goes to its place among those before it.
  @inline(__always)
  private static func insert<Key: FixedWidthInteger>(_ row: Rows<Key>, _ n: Int) {
    for i in 1..<max(1, n) {
      let (key, place) = (row.keys[i], row.places?[i] ?? 0)
      var j = i
      while j > 0, row.keys[j - 1] > key {
        row.keys[j] = row.keys[j - 1]
        if let places = row.places { places[j] = places[j - 1] }
        j -= 1
      }
      row.keys[j] = key
      row.places?[j] = place
    }
  }

  /// Long rows: byte by byte from the lowest, a pass each (Hollerith's card sorter). Bytes in which
  /// all keys agree need none.
  @inline(__always)
  private static func distribute<Key: FixedWidthInteger & UnsignedInteger>(
    _ row: Rows<Key>, _ scratch: Rows<Key>, _ n: Int
  ) {
    let bytes = Key.bitWidth / 8
    withUnsafeTemporaryAllocation(of: Int.self, capacity: bytes * 256) { counts in
      counts.initialize(repeating: 0)
      for piece in Work.pieces(n) {
        for i in piece {
          for byte in 0..<bytes {
            counts[byte * 256 + Int(truncatingIfNeeded: row.keys[i] >> Key(byte * 8) & 0xFF)] += 1
          }
        }
      }
      if Interrupts.isRequested { return }
      var (from, to) = (row, scratch)
      for byte in 0..<bytes {
        let next = UnsafeMutableBufferPointer(rebasing: counts[byte * 256..<(byte + 1) * 256])
        if next.contains(n) { continue }
        var total = 0
        for value in 0..<256 { (next[value], total) = (total, total + next[value]) }
        pass(from, to, n, Key(byte * 8), next)
        if Interrupts.isRequested { return }
        (from, to) = (to, from)
      }
      guard from.keys != row.keys else { return }
      for piece in Work.pieces(n) { for i in piece { row.keys[i] = from.keys[i] } }
      guard let places = row.places, let moved = from.places else { return }
      for piece in Work.pieces(n) { for i in piece { places[i] = moved[i] } }
    }
  }

  /// Moves every key to the next place for its byte.
  @inline(__always)
  private static func pass<Key: FixedWidthInteger & UnsignedInteger>(
    _ from: Rows<Key>, _ to: Rows<Key>, _ n: Int, _ shift: Key,
    _ next: UnsafeMutableBufferPointer<Int>
  ) {
    for piece in Work.pieces(n) {
      for i in piece {
        let byte = Int(truncatingIfNeeded: from.keys[i] >> shift & 0xFF)
        let place = next[byte]
        next[byte] = place + 1
        to.keys[place] = from.keys[i]
        if let target = to.places, let source = from.places { target[place] = source[i] }
      }
    }
  }
}

/// A number whose bits can be turned into an unsigned number of the same order, and back.
private protocol Sortable: Comparable, ExpressibleByIntegerLiteral {
  associatedtype Key: FixedWidthInteger & UnsignedInteger
  var key: Key { get }
  init(key: Key)
}

extension Float: Sortable {
  var key: UInt32 {
    if self != self { return .max }
    return bitPattern >> 31 == 1 ? ~bitPattern : bitPattern | 1 << 31
  }
  init(key: UInt32) {
    self = key == .max ? .nan : Float(bitPattern: key >> 31 == 1 ? key ^ 1 << 31 : ~key)
  }
}

extension Double: Sortable {
  var key: UInt64 {
    if self != self { return .max }
    return bitPattern >> 63 == 1 ? ~bitPattern : bitPattern | 1 << 63
  }
  init(key: UInt64) {
    self = key == .max ? .nan : Double(bitPattern: key >> 63 == 1 ? key ^ 1 << 63 : ~key)
  }
}

extension Int32: Sortable {
  var key: UInt32 { UInt32(bitPattern: self) ^ 1 << 31 }
  init(key: UInt32) { self = Int32(bitPattern: key ^ 1 << 31) }
}

extension Int64: Sortable {
  var key: UInt64 { UInt64(bitPattern: self) ^ 1 << 63 }
  init(key: UInt64) { self = Int64(bitPattern: key ^ 1 << 63) }
}

extension UInt8: Sortable {
  var key: UInt8 { self }
  init(key: UInt8) { self = key }
}

// Deflated bytes, by zlib: files that gzip made (RFC 1952), and entries of zip archives.

import CZlib

enum Gzip {
  static func isCompressed(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B, 8]) }

  /// What a file holds, all its members one after the other; zeros behind the last are passed over.
  /// Throws where it is damaged, ends too early or holds more than `limit` bytes.
  static func inflate(
    _ bytes: [UInt8], _ path: String, limit: Int, isInterrupted: () -> Bool
  ) throws(DataProblem) -> [UInt8] {
    // 15 bits of window, and 16 for the header of gzip.
    let inflater = try Inflater(windowBits: 15 + 16, path)
    var (result, done) = ([UInt8](), 0)
    while true {
      let isEnd = try inflater.run(
        bytes, from: &done, to: bytes.count, into: &result, limit: limit, isInterrupted)
      guard isEnd else {
        let isShort = done == bytes.count
        throw DataProblem(
          isShort ? "\(path) ends in the middle" : "\(path) is damaged: gzip cannot read it")
      }
      if bytes[done...].allSatisfy({ $0 == 0 }) { return result }
      guard inflater.reset() else { throw DataProblem("zlib has no memory for \(path)") }
    }
  }

  /// What raw deflated bytes hold (RFC 1951): an entry of a zip archive, of a size that is known.
  static func inflate(
    raw bytes: [UInt8], _ range: Range<Int>, _ path: String, size: Int, isInterrupted: () -> Bool
  ) throws(DataProblem) -> [UInt8] {
    let inflater = try Inflater(windowBits: -15, path)
    var (result, done) = ([UInt8](), range.lowerBound)
    let isEnd = try inflater.run(
      bytes, from: &done, to: range.upperBound, into: &result, limit: size, isInterrupted)
    guard isEnd, done == range.upperBound, result.count == size else {
      throw DataProblem("\(path) is damaged: what it holds is not as long as it says")
    }
    return result
  }

  /// The check sum of zip and gzip (CRC-32).
  static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.withUnsafeBufferPointer { pointer in
      var sum = crc32(0, nil, 0)
      var done = 0
      while done < pointer.count {
        let count = min(pointer.count - done, 1 << 30)
        sum = crc32(sum, pointer.baseAddress.map { $0 + done }, UInt32(count))
        done += count
      }
      return UInt32(truncatingIfNeeded: sum)
    }
  }
}

/// A run of zlib's inflate, whose state knows where its stream lies.
private final class Inflater {
  private let stream: UnsafeMutablePointer<z_stream>
  private var chunk = [UInt8](repeating: 0, count: 1 << 18)
  private let path: String

  init(windowBits: Int32, _ path: String) throws(DataProblem) {
    self.path = path
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    guard
      inflateInit2_(stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { throw DataProblem("zlib has no memory for \(path)") }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  func reset() -> Bool { inflateReset(stream) == Z_OK }

  /// Inflates until a member ends; false where the input ends before that, or makes no sense.
  func run(
    _ input: [UInt8], from done: inout Int, to end: Int, into result: inout [UInt8],
    limit: Int, _ isInterrupted: () -> Bool
  ) throws(DataProblem) -> Bool {
    // With nothing left to read, zlib may still have something to write; then it says that it is stuck.
    while true {
      if isInterrupted() { throw .interrupted }
      let (status, read, made) = step(input, from: done, to: end)
      done += read
      result += chunk[..<made]
      guard result.count <= limit else {
        throw DataProblem("\(path) holds more than \(limit >> 20) MB")
      }
      if status == Z_STREAM_END { return true }
      if status != Z_OK { return false }
    }
  }

  /// Inflates into the chunk; what zlib said, how many bytes it took and how many it made.
  private func step(_ input: [UInt8], from: Int, to end: Int) -> (
    status: Int32, read: Int, made: Int
  ) {
    let given = min(end - from, 1 << 20)
    return input.withUnsafeBufferPointer { source in
      chunk.withUnsafeMutableBufferPointer { target in
        // zlib only reads there, whatever its type says.
        stream.pointee.next_in = UnsafeMutablePointer(
          mutating: source.baseAddress.map { $0 + from })
        stream.pointee.avail_in = UInt32(given)
        stream.pointee.next_out = target.baseAddress
        stream.pointee.avail_out = UInt32(target.count)
        let status = CZlib.inflate(stream, Z_NO_FLUSH)
        return (
          status, given - Int(stream.pointee.avail_in), target.count - Int(stream.pointee.avail_out)
        )
      }
    }
  }
}

// Files that gzip made (RFC 1952), by zlib.

import CZlib

enum Gzip {
  static func isCompressed(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B, 8]) }

  /// What a file holds, all its members one after the other; zeros behind the last are passed over.
  /// Throws where it is damaged, ends too early or holds more than `limit` bytes.
  static func inflate(
    _ bytes: [UInt8], _ path: String, limit: Int, isInterrupted: () -> Bool
  ) throws(DataProblem) -> [UInt8] {
    var stream = z_stream()
    // 15 bits of window, and 16 for the header of gzip.
    guard
      inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { throw DataProblem("zlib has no memory for \(path)") }
    defer { inflateEnd(&stream) }
    var result: [UInt8] = []
    var (input, chunk) = (bytes, [UInt8](repeating: 0, count: 1 << 18))
    var done = 0
    while done < bytes.count {
      if isInterrupted() { throw .interrupted }
      let (status, read, made) = step(&stream, &input, from: done, &chunk)
      done += read
      result += chunk[..<made]
      guard result.count <= limit else {
        throw DataProblem("\(path) holds more than \(limit >> 20) MB")
      }
      if status == Z_STREAM_END {
        if bytes[done...].allSatisfy({ $0 == 0 }) { return result }
        guard inflateReset(&stream) == Z_OK else { break }
      } else if status != Z_OK || read == 0 && made == 0 {
        break
      }
    }
    throw DataProblem(
      done == bytes.count ? "\(path) ends in the middle" : "\(path) is damaged: gzip cannot read it"
    )
  }

  /// Inflates into a chunk; what zlib said, how many bytes it took and how many it made.
  private static func step(
    _ stream: inout z_stream, _ input: inout [UInt8], from: Int, _ chunk: inout [UInt8]
  ) -> (status: Int32, read: Int, made: Int) {
    let given = min(input.count - from, 1 << 20)
    return input.withUnsafeMutableBufferPointer { source in
      chunk.withUnsafeMutableBufferPointer { target in
        stream.next_in = source.baseAddress.map { $0 + from }
        stream.avail_in = UInt32(given)
        stream.next_out = target.baseAddress
        stream.avail_out = UInt32(target.count)
        let status = CZlib.inflate(&stream, Z_NO_FLUSH)
        return (status, given - Int(stream.avail_in), target.count - Int(stream.avail_out))
      }
    }
  }
}

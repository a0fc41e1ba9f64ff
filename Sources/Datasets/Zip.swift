// Archives of files: as much of the format as NumPy's .npz needs.
// Source: APPNOTE.TXT, PKWARE's .ZIP file format specification, 6.3.

package enum Zip {
  /// A file in an archive.
  package struct Entry {
    package let name: String
    package let bytes: [UInt8]
    package init(name: String, bytes: [UInt8]) { (self.name, self.bytes) = (name, bytes) }
  }

  private static let (local, central, end) = (
    0x0403_4B50 as UInt64, 0x0201_4B50 as UInt64, 0x0605_4B50 as UInt64
  )
  private static let end64 = 0x0606_4B50 as UInt64

  // MARK: - Reading

  /// The files in the order of the directory, stored or deflated; all together at most `limit` bytes.
  package static func decode(
    _ bytes: [UInt8], _ path: String, limit: Int, isInterrupted: () -> Bool
  ) throws(DataProblem) -> [Entry] {
    let (count, start) = try directory(bytes, path)
    var (place, left) = (start, limit)
    var result: [Entry] = []
    var names: Set<String> = []
    for _ in 0..<count {
      let header = try Header(bytes, &place, path)
      guard names.insert(header.name).inserted else {
        throw DataProblem("\(path) holds \(header.name) twice")
      }
      guard header.size <= left else {
        throw DataProblem("\(path) holds more than \(limit >> 20) MB")
      }
      left -= header.size
      let content = try content(bytes, header, path, isInterrupted)
      result.append(Entry(name: header.name, bytes: content))
    }
    return result
  }

  /// How many files there are, and where their headers begin.
  private static func directory(_ bytes: [UInt8], _ path: String) throws(DataProblem) -> (
    count: Int, start: Int
  ) {
    // A comment of at most 65535 bytes may follow.
    var place = bytes.count - 22
    while place >= 0, place >= bytes.count - 22 - 65535 {
      if LittleEndian.number(bytes, place, 4) == end { break }
      place -= 1
    }
    guard place >= 0, LittleEndian.number(bytes, place, 4) == end else {
      throw DataProblem("\(path) is no zip archive, or it ends in the middle")
    }
    var count = LittleEndian.number(bytes, place + 10, 2)
    var start = LittleEndian.number(bytes, place + 16, 4)
    // Zip64: the real numbers are in a record of their own, and its place in a locator before this one.
    if count == 0xFFFF || start == 0xFFFF_FFFF, place >= 20 {
      let record = LittleEndian.number(bytes, place - 20 + 8, 8)
      guard record <= UInt64(bytes.count - 56),
        LittleEndian.number(bytes, Int(record), 4) == end64
      else { throw DataProblem("\(path) is damaged: its directory is not where it says") }
      count = LittleEndian.number(bytes, Int(record) + 32, 8)
      start = LittleEndian.number(bytes, Int(record) + 48, 8)
    }
    guard start <= UInt64(place), count <= UInt64(bytes.count / 46) else {
      throw DataProblem("\(path) is damaged: its directory is not where it says")
    }
    return (Int(count), Int(start))
  }

  /// An entry of the directory.
  private struct Header {
    let name: String
    let isDeflated: Bool
    let checksum: UInt32
    private(set) var packed: Int
    private(set) var size: Int
    private(set) var offset: Int

    /// Reads one and moves on to the next.
    init(_ bytes: [UInt8], _ place: inout Int, _ path: String) throws(DataProblem) {
      let damaged = DataProblem("\(path) is damaged: its directory makes no sense")
      guard place <= bytes.count - 46, LittleEndian.number(bytes, place, 4) == central else {
        throw damaged
      }
      let field = { [place] (offset: Int, size: Int) in
        LittleEndian.number(bytes, place + offset, size)
      }
      let (flags, method) = (field(8, 2), field(10, 2))
      checksum = UInt32(field(16, 4))
      let (nameLength, extraLength) = (Int(field(28, 2)), Int(field(30, 2)))
      let begin = place + 46
      let end = begin + nameLength + extraLength + Int(field(32, 2))
      guard end <= bytes.count,
        let name = String(validating: bytes[begin..<begin + nameLength], as: UTF8.self)
      else { throw damaged }
      guard flags & 1 == 0 else { throw DataProblem("\(path) is encrypted") }
      guard method == 0 || method == 8 else {
        throw DataProblem(
          "\(name) in \(path) is packed by method \(method), which nns does not read")
      }
      (self.name, isDeflated) = (name, method == 8)
      var sizes = [field(24, 4), field(20, 4), field(42, 4)]
      Self.widen(&sizes, bytes, begin + nameLength..<begin + nameLength + extraLength)
      guard sizes.allSatisfy({ $0 < 1 << 40 }) else { throw damaged }
      (size, packed, offset) = (Int(sizes[0]), Int(sizes[1]), Int(sizes[2]))
      place = end
    }

    /// Zip64: numbers that do not fit 32 bits are in an extra field, in this order.
    private static func widen(_ sizes: inout [UInt64], _ bytes: [UInt8], _ extra: Range<Int>) {
      var place = extra.lowerBound
      while place + 4 <= extra.upperBound {
        let (kind, length) = (
          LittleEndian.number(bytes, place, 2), Int(LittleEndian.number(bytes, place + 2, 2))
        )
        var next = place + 4
        place = min(next + length, extra.upperBound)
        guard kind == 1 else { continue }
        for index in sizes.indices where sizes[index] == 0xFFFF_FFFF && next + 8 <= place {
          sizes[index] = LittleEndian.number(bytes, next, 8)
          next += 8
        }
      }
    }
  }

  private static func content(
    _ bytes: [UInt8], _ header: Header, _ path: String, _ isInterrupted: () -> Bool
  ) throws(DataProblem) -> [UInt8] {
    let name = "\(header.name) in \(path)"
    guard header.offset <= bytes.count - 30,
      LittleEndian.number(bytes, header.offset, 4) == local
    else { throw DataProblem("\(name) is not where the directory says") }
    let begin =
      header.offset + 30 + Int(LittleEndian.number(bytes, header.offset + 26, 2))
      + Int(LittleEndian.number(bytes, header.offset + 28, 2))
    guard header.packed <= bytes.count - min(begin, bytes.count) else {
      throw DataProblem("\(name) ends in the middle")
    }
    let range = begin..<begin + header.packed
    let content: [UInt8]
    if header.isDeflated {
      content = try Gzip.inflate(
        raw: bytes, range, name, size: header.size, isInterrupted: isInterrupted)
    } else {
      guard header.packed == header.size else {
        throw DataProblem("\(name) is damaged: what it holds is not as long as it says")
      }
      content = Array(bytes[range])
    }
    guard Gzip.checksum(content[...]) == header.checksum else {
      throw DataProblem("\(name) is damaged: its check sum is another")
    }
    return content
  }

  // MARK: - Writing

  /// An archive of files as they are. Its time is that of the format's first day: the same files give
  /// the same bytes.
  package static func encode(_ entries: [Entry], _ path: String) throws(DataProblem) -> [UInt8] {
    var (result, directory) = ([UInt8](), [UInt8]())
    for entry in entries {
      let name = Array(entry.name.utf8)
      guard result.count + entry.bytes.count < 0xFFFF_0000, name.count <= 0xFFFF,
        entries.count < 0xFFFF
      else { throw DataProblem("\(path) would be larger than 4 GB, or have 65535 names") }
      let (size, offset) = (UInt64(entry.bytes.count), UInt64(result.count))
      // Version 2.0; names are UTF-8; stored; 1980-01-01 00:00.
      var shared: [UInt8] = [20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0]
      shared += LittleEndian.bytes(UInt64(Gzip.checksum(entry.bytes[...])), 4)
      shared += LittleEndian.bytes(size, 4) + LittleEndian.bytes(size, 4)
      shared += LittleEndian.bytes(UInt64(name.count), 2) + [0, 0]
      result += LittleEndian.bytes(local, 4) + shared + name + entry.bytes
      directory += LittleEndian.bytes(central, 4) + [20, 0] + shared
      directory += [UInt8](repeating: 0, count: 10) + LittleEndian.bytes(offset, 4) + name
    }
    let (start, count) = (UInt64(result.count), UInt64(entries.count))
    result += directory + LittleEndian.bytes(end, 4) + [0, 0, 0, 0]
    result += LittleEndian.bytes(count, 2) + LittleEndian.bytes(count, 2)
    result +=
      LittleEndian.bytes(UInt64(directory.count), 4) + LittleEndian.bytes(start, 4) + [0, 0]
    return result
  }
}

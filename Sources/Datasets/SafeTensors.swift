// The safetensors format: a JSON header, then the numbers. Writing goes to a temporary file that
// replaces the old one when it is complete.

import Engine
import Glibc

package struct NamedTensor {
  package let name: String
  package let shape: Shape
  package let buffer: Buffer
  package init(name: String, shape: Shape, buffer: Buffer) {
    (self.name, self.shape, self.buffer) = (name, shape, buffer)
  }
}

package enum SafeTensors {
  private static let maximumHeader = 100_000_000
  private static let types: [(name: String, dtype: DType)] = [
    ("F32", .f32), ("F64", .f64), ("I32", .i32), ("I64", .i64), ("BOOL", .bool),
  ]

  /// What a file holds.
  package struct File {
    package fileprivate(set) var tensors: [NamedTensor] = []
    /// Texts that whoever wrote the file put beside the tensors.
    package fileprivate(set) var metadata: [String: String] = [:]
  }

  /// Writes tensors in the order given; the old file stays until the new one is whole.
  package static func write(
    _ tensors: [NamedTensor], metadata: [(key: String, text: String)] = [], to path: String
  ) throws(DataProblem) {
    var header = "{"
    if !metadata.isEmpty {
      let pairs = metadata.map { "\(JSON.quoted($0.key)):\(JSON.quoted($0.text))" }
      header += "\"__metadata__\":{\(pairs.joined(separator: ","))}" + (tensors.isEmpty ? "" : ",")
    }
    var offset = 0
    for (index, tensor) in tensors.enumerated() {
      let bytes = tensor.buffer.count * tensor.buffer.dtype.size
      let type = types.first { $0.dtype == tensor.buffer.dtype }?.name ?? "F32"
      let dims = tensor.shape.dims.map(String.init).joined(separator: ",")
      header += index > 0 ? "," : ""
      header +=
        "\(JSON.quoted(tensor.name)):{\"dtype\":\"\(type)\",\"shape\":[\(dims)],"
        + "\"data_offsets\":[\(offset),\(offset + bytes)]}"
      offset += bytes
    }
    header += "}"
    while header.utf8.count % 8 != 0 { header += " " }
    var bytes = (0..<8).map {
      UInt8(truncatingIfNeeded: UInt64(header.utf8.count) >> (8 * UInt64($0)))
    }
    bytes += Array(header.utf8)
    for tensor in tensors {
      let size = tensor.buffer.count * tensor.buffer.dtype.size
      bytes += UnsafeRawBufferPointer(start: tensor.buffer.address, count: size)
    }
    try WholeFile.write(bytes, to: path)
  }

  /// Reads and checks every promise of the format.
  package static func read(_ path: String) throws(DataProblem) -> File {
    try WholeFile.checkOrdinary(path)
    guard let file = fopen(path, "r") else { throw WholeFile.failure("cannot be read") }
    defer { fclose(file) }
    var prefix = [UInt8](repeating: 0, count: 8)
    guard fread(&prefix, 1, 8, file) == 8 else {
      throw ferror(file) != 0
        ? WholeFile.failure("cannot be read") : DataProblem("it is shorter than 8 bytes")
    }
    let length = prefix.enumerated().reduce(UInt64(0)) {
      $0 | UInt64($1.element) << (8 * UInt64($1.offset))
    }
    guard length <= UInt64(maximumHeader) else {
      throw DataProblem("its header claims \(length) bytes, at most \(maximumHeader) are allowed")
    }
    var header = [UInt8](repeating: 0, count: Int(length))
    guard fread(&header, 1, header.count, file) == header.count else {
      throw DataProblem("it ends inside its header")
    }
    guard header.first == 0x7B else { throw DataProblem("its header does not begin with {") }
    var result = File()
    let entries = try entries(header, &result.metadata)
    var expected = 0
    for entry in entries.sorted(by: { $0.begin < $1.begin }) {
      guard let shape = entry.shape.flatMap({ Shape(checking: $0) }) else {
        throw DataProblem("the shape of \(entry.name) is impossible")
      }
      guard let (dtype, size) = element(entry.type) else {
        throw DataProblem(
          "\(entry.name) has the element type \(entry.type), which nns does not read")
      }
      guard entry.begin == expected, entry.end - entry.begin == shape.count * size else {
        throw DataProblem("the bytes of \(entry.name) do not fit its shape and place")
      }
      expected = entry.end
      let buffer: Buffer
      do { buffer = try Buffer(dtype, count: shape.count) } catch {
        throw DataProblem("\(entry.name) fits no memory")
      }
      guard fread(buffer.address, size, shape.count, file) == shape.count else {
        throw DataProblem("it ends inside the numbers of \(entry.name)")
      }
      if size == 2 { widen(buffer, isBrain: entry.type == "BF16") }
      if dtype == .bool {
        let values = buffer.pointer(as: UInt8.self)
        guard (0..<shape.count).allSatisfy({ values[$0] < 2 }) else {
          throw DataProblem("\(entry.name) has a byte that is no bool")
        }
      }
      result.tensors.append(NamedTensor(name: entry.name, shape: shape, buffer: buffer))
    }
    guard fgetc(file) == EOF else { throw DataProblem("there are bytes behind the last tensor") }
    return result
  }

  /// The element type in which nns holds a type of the format, and bytes in the file.
  private static func element(_ name: String) -> (DType, size: Int)? {
    if name == "F16" || name == "BF16" { return (.f32, 2) }
    return types.first { $0.name == name }.map { ($0.dtype, $0.dtype.size) }
  }

  /// Half floats at the beginning of a buffer become its floats, the last first.
  private static func widen(_ buffer: Buffer, isBrain: Bool) {
    let floats = buffer.pointer(as: Float.self)
    for index in (0..<buffer.count).reversed() {
      let bits = buffer.address.load(fromByteOffset: 2 * index, as: UInt16.self)
      floats[index] = isBrain ? Float(bitPattern: UInt32(bits) << 16) : HalfFloat.float(bits)
    }
  }

  private struct Entry {
    var name = ""
    var type = ""
    var shape: [Int]?
    var begin = -1
    var end = -1
  }

  private static func entries(_ header: [UInt8], _ metadata: inout [String: String])
    throws(DataProblem) -> [Entry]
  {
    var json = JSONReader(header)
    var result: [Entry] = []
    try json.object { (json: inout JSONReader, name) throws(DataProblem) in
      if name == "__metadata__" {
        return try json.object { (json: inout JSONReader, key) throws(DataProblem) in
          metadata[key] = try json.string()
        }
      }
      var entry = Entry(name: name)
      try json.object { (json: inout JSONReader, key) throws(DataProblem) in
        switch key {
        case "dtype": entry.type = try json.string()
        case "shape": entry.shape = try json.numbers()
        case "data_offsets":
          let offsets = try json.numbers()
          guard offsets.count == 2, offsets[0] <= offsets[1] else {
            throw DataProblem("the offsets of \(name) are wrong")
          }
          (entry.begin, entry.end) = (offsets[0], offsets[1])
        default: throw DataProblem("its header has the unknown key '\(key)'")
        }
      }
      guard entry.begin >= 0 else { throw DataProblem("\(name) has no offsets") }
      guard entry.shape != nil else { throw DataProblem("\(name) has no shape") }
      guard !entry.type.isEmpty else { throw DataProblem("\(name) has no dtype") }
      result.append(entry)
    }
    try json.end()
    return result
  }
}

/// As much of JSON as a safetensors header has: objects, strings, lists of whole numbers.
struct JSONReader {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  private mutating func space() {
    while position < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position]) {
      position += 1
    }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    space()
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ byte: UInt8) throws(DataProblem) {
    guard take(byte) else {
      throw DataProblem(
        "its header is no JSON: '\(Character(Unicode.Scalar(byte)))' is missing at byte \(position)"
      )
    }
  }

  mutating func object(_ entry: (inout JSONReader, String) throws(DataProblem) -> Void)
    throws(DataProblem)
  {
    try expect(0x7B)
    if take(0x7D) { return }
    var keys: Set<String> = []
    repeat {
      let key = try string()
      guard keys.insert(key).inserted else {
        throw DataProblem("its header names '\(key)' twice")
      }
      try expect(0x3A)
      try entry(&self, key)
    } while take(0x2C)
    try expect(0x7D)
  }

  mutating func string() throws(DataProblem) -> String {
    try expect(0x22)
    var content: [UInt8] = []
    while position < bytes.count, bytes[position] != 0x22 {
      if bytes[position] == 0x5C {
        content += try escape()
        continue
      }
      guard bytes[position] >= 0x20 else { throw DataProblem("its header has a control character") }
      content.append(bytes[position])
      position += 1
    }
    try expect(0x22)
    guard let text = String(validating: content, as: UTF8.self) else {
      throw DataProblem("its header is not UTF-8")
    }
    return text
  }

  /// The bytes that a backslash and what follows stand for.
  private mutating func escape() throws(DataProblem) -> [UInt8] {
    let kind = position + 1 < bytes.count ? bytes[position + 1] : 0
    position += 2
    switch kind {
    case 0x22, 0x5C, 0x2F: return [kind]
    case 0x62: return [0x08]
    case 0x66: return [0x0C]
    case 0x6E: return [0x0A]
    case 0x72: return [0x0D]
    case 0x74: return [0x09]
    case 0x75:
      var units = [try codeUnit()]
      if units[0] & 0xFC00 == 0xD800, position + 1 < bytes.count, bytes[position] == 0x5C,
        bytes[position + 1] == 0x75
      {
        position += 2
        units.append(try codeUnit())
      }
      guard let text = String(validating: units, as: UTF16.self) else {
        throw DataProblem("its header has half a character at byte \(position)")
      }
      return Array(text.utf8)
    default: throw DataProblem("its header has a wrong escape at byte \(position - 2)")
    }
  }

  private mutating func codeUnit() throws(DataProblem) -> UInt16 {
    let digits = bytes[position..<min(position + 4, bytes.count)]
    guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw DataProblem("its header has a wrong escape at byte \(position)") }
    position += 4
    return unit
  }

  mutating func numbers() throws(DataProblem) -> [Int] {
    try expect(0x5B)
    var result: [Int] = []
    if take(0x5D) { return result }
    repeat {
      space()
      let start = position
      while position < bytes.count, bytes[position] >= 0x30, bytes[position] <= 0x39 {
        position += 1
      }
      guard let number = Int(String(decoding: bytes[start..<position], as: UTF8.self)) else {
        throw DataProblem("its header has no whole number at byte \(start)")
      }
      result.append(number)
    } while take(0x2C)
    try expect(0x5D)
    return result
  }

  mutating func end() throws(DataProblem) {
    space()
    guard position == bytes.count else { throw DataProblem("its header goes on behind its end") }
  }
}

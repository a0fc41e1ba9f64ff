// NumPy's format of one array: a header, then the elements.
// Source: numpy.org/doc/stable/reference/generated/numpy.lib.format.html, versions 1.0 to 3.0.

import Engine

package enum NPY {
  private static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]  // \x93NUMPY

  /// A file of one array; `bytes` may be what `WholeFile` has read.
  package static func decode(_ bytes: [UInt8], _ path: String) throws(DataProblem) -> (
    buffer: Buffer, shape: Shape
  ) {
    guard bytes.count >= 10, bytes.starts(with: magic), (1...3).contains(bytes[6]) else {
      throw DataProblem("\(path) is no NPY file: it does not begin with \\x93NUMPY and a version")
    }
    let width = bytes[6] == 1 ? 2 : 4
    let start = 8 + width
    let length = bytes.count >= start ? Int(LittleEndian.number(bytes, 8, width)) : Int.max
    guard length <= bytes.count - min(start, bytes.count) else {
      throw DataProblem("\(path) ends inside its header")
    }
    let header = try NPYHeader(bytes[start..<start + length], path)
    guard let shape = Shape(checking: header.dims), shape.rank <= Shape.maximumRank else {
      throw DataProblem("\(path) says that its shape is \(header.dims), which is impossible")
    }
    let (type, size) = (header.type, header.type.size)
    let data = start + length
    guard shape.count <= bytes.count, bytes.count - data == shape.count * size else {
      throw DataProblem(
        "\(path) says that its shape is \(header.dims), but \(bytes.count - data) bytes follow, "
          + "\(size) for each element")
    }
    let elements = NPYElements(
      bytes: header.isBigEndian ? swapped(bytes[data...], size) : Array(bytes[data...]), type: type)
    let order = header.isFortran ? fortran(shape) : nil
    return (try elements.buffer(shape, order, path), shape)
  }

  /// The file of an array, in the order of C, little end first.
  package static func encode(_ buffer: Buffer, _ shape: Shape) -> [UInt8] {
    let dims = shape.dims.map { "\($0)" }.joined(separator: ", ") + (shape.rank == 1 ? "," : "")
    var header =
      "{'descr': '\(name(buffer.dtype))', 'fortran_order': False, 'shape': (\(dims)), }"
    // The elements begin at a multiple of 64 bytes.
    while (10 + header.utf8.count + 1) % 64 != 0 { header += " " }
    header += "\n"
    var bytes = magic + [1, 0] + LittleEndian.bytes(UInt64(header.utf8.count), 2)
    bytes += Array(header.utf8)
    bytes += UnsafeRawBufferPointer(
      start: buffer.address, count: shape.count * buffer.dtype.size)
    return bytes
  }

  private static func name(_ dtype: DType) -> String {
    switch dtype {
    case .f32: "<f4"
    case .f64: "<f8"
    case .i32: "<i4"
    case .i64: "<i8"
    case .bool: "|b1"
    }
  }

  private static func swapped(_ bytes: ArraySlice<UInt8>, _ size: Int) -> [UInt8] {
    var result = Array(bytes)
    for start in stride(from: 0, to: result.count - size + 1, by: size) where size > 1 {
      result[start..<start + size].reverse()
    }
    return result
  }

  /// Where in the file the elements of a row-major walk are, when the first index moves first there.
  private static func fortran(_ shape: Shape) -> (Int) -> Int {
    let dims = shape.dims
    return { place in
      var (rest, steps, index) = (place, 1, 0)
      var digits = [Int](repeating: 0, count: dims.count)
      for axis in dims.indices.reversed() {
        digits[axis] = rest % dims[axis]
        rest /= dims[axis]
      }
      for axis in dims.indices {
        index += digits[axis] * steps
        steps *= dims[axis]
      }
      return index
    }
  }
}

/// The element types of NumPy that nns reads, by their kind and size.
enum NPYType: String {
  case f2, f4, f8, i1, i2, i4, i8, u1, u2, u4, u8, b1

  var size: Int { Int(rawValue.dropFirst()) ?? 1 }

  /// What nns holds them as: the smallest type that has all their values.
  var dtype: DType {
    switch self {
    case .f2, .f4: .f32
    case .f8: .f64
    case .i1, .i2, .i4, .u1, .u2: .i32
    case .i8, .u4, .u8: .i64
    case .b1: .bool
    }
  }
}

/// Elements of a file, the little end first.
private struct NPYElements {
  let bytes: [UInt8]
  let type: NPYType

  func buffer(_ shape: Shape, _ order: ((Int) -> Int)?, _ path: String) throws(DataProblem)
    -> Buffer
  {
    if type == .b1, let place = bytes.firstIndex(where: { $0 > 1 }) {
      throw DataProblem("\(path) has the byte \(bytes[place]) as a bool")
    }
    if type == .u8, stride(from: 7, to: bytes.count, by: 8).contains(where: { bytes[$0] > 127 }) {
      throw DataProblem("\(path) has whole numbers above 2^63 − 1, which nns does not hold")
    }
    let buffer: Buffer
    do { buffer = try Buffer(type.dtype, count: shape.count) } catch {
      throw DataProblem("there is not enough memory for a tensor of shape \(shape)", .memory)
    }
    if type.size == buffer.dtype.size {
      copy(to: buffer, order)
    } else {
      buffer.fill { number(order?($0) ?? $0) }
    }
    return buffer
  }

  /// Elements of the same size go over bit by bit.
  private func copy(to buffer: Buffer, _ order: ((Int) -> Int)?) {
    let size = type.size
    bytes.withUnsafeBytes { source in
      guard let base = source.baseAddress, source.count > 0 else { return }
      guard let order else { return buffer.address.copyMemory(from: base, byteCount: source.count) }
      for place in 0..<buffer.count {
        (buffer.address + place * size).copyMemory(
          from: base + order(place) * size, byteCount: size)
      }
    }
  }

  private func number(_ index: Int) -> Double {
    let word = LittleEndian.number(bytes, index * type.size, type.size)
    return switch type {
    case .f2: Double(HalfFloat.float(UInt16(truncatingIfNeeded: word)))
    case .i1: Double(Int8(truncatingIfNeeded: word))
    case .i2: Double(Int16(truncatingIfNeeded: word))
    default: Double(word)
    }
  }
}

/// `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`, as Python writes a dictionary.
private struct NPYHeader {
  private(set) var type = NPYType.f4
  private(set) var isBigEndian = false
  private(set) var isFortran = false
  private(set) var dims: [Int] = []

  init(_ bytes: ArraySlice<UInt8>, _ path: String) throws(DataProblem) {
    let text = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
    guard text.hasPrefix("{"), text.hasSuffix("}"),
      let descr = Self.entry("descr", text), let order = Self.entry("fortran_order", text),
      let shape = Self.entry("shape", text)
    else {
      throw DataProblem("\(path) has a header that nns does not understand: \(text.prefix(80))")
    }
    let name = descr.filter { $0 != "'" && $0 != "\"" }
    guard let type = NPYType(rawValue: String(name.dropFirst())), let end = name.first,
      "<>|=".contains(end)
    else {
      throw DataProblem("\(path) has the element type \(name.prefix(40)), which nns does not read")
    }
    guard order == "True" || order == "False", shape.hasPrefix("("), shape.hasSuffix(")") else {
      throw DataProblem("\(path) has a header that nns does not understand: \(text.prefix(80))")
    }
    for part in shape.dropFirst().dropLast().split(separator: ",") {
      guard let size = Int(part), size >= 0 else {
        throw DataProblem("\(path) says that its shape is \(shape.prefix(80)), which is impossible")
      }
      dims.append(size)
    }
    (self.type, isBigEndian, isFortran) = (type, end == ">", order == "True")
  }

  /// What stands behind a key, as far as the comma that ends it.
  private static func entry(_ key: String, _ text: String) -> String? {
    for quote in ["'", "\""] {
      let start = "\(quote)\(key)\(quote):"
      guard let place = text.firstRange(of: start)?.upperBound else { continue }
      var (value, depth) = ("", 0)
      for character in text[place...] {
        if depth == 0, character == "," || character == "}" { return value }
        depth +=
          character == "(" || character == "[" ? 1 : character == ")" || character == "]" ? -1 : 0
        value.append(character)
      }
    }
    return nil
  }
}

/// Whole numbers as bytes, the little end first.
enum LittleEndian {
  static func number(_ bytes: [UInt8], _ start: Int, _ count: Int) -> UInt64 {
    var number: UInt64 = 0
    for place in (start..<start + count).reversed() { number = number << 8 | UInt64(bytes[place]) }
    return number
  }

  static func bytes(_ number: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
  }
}

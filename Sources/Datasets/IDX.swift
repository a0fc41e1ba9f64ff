// The format in which MNIST is handed on: a header, then the elements, big end first.
// Source: yann.lecun.com/exdb/mnist, "the IDX file format".

import Engine

package enum IDX {
  /// `digits.idx`, `train-images-idx3-ubyte`, also with .gz behind.
  package static func isName(_ path: String) -> Bool {
    let name = path.hasSuffix(".gz") ? path.dropLast(3) : path[...]
    return name.hasSuffix(".idx") || name.hasSuffix("-ubyte")
  }

  /// The element types by their code, with their size in bytes.
  private static let types: [UInt8: Int] = [8: 1, 9: 1, 11: 2, 12: 4, 13: 4, 14: 8]
  private static let largestFile = 1 << 30

  /// The tensor of a file. Whole numbers along one axis are class numbers, i64; other whole numbers
  /// and float become f32, double f64.
  package static func read(_ path: String, isInterrupted: () -> Bool) throws(DataProblem) -> (
    buffer: Buffer, shape: Shape
  ) {
    let bytes = try WholeFile.read(path, limit: largestFile, isInterrupted: isInterrupted)
    guard bytes.count >= 4, bytes[0] == 0, bytes[1] == 0, let size = types[bytes[2]] else {
      throw DataProblem("\(path) is no IDX file: it does not begin with 0, 0 and an element type")
    }
    let (code, rank) = (bytes[2], Int(bytes[3]))
    let start = 4 + 4 * rank
    guard rank <= Shape.maximumRank, bytes.count >= start else {
      throw DataProblem("\(path) says that it has \(rank) axes, which it cannot")
    }
    let dims = (0..<rank).map { Int(number(bytes, 4 + 4 * $0, 4)) }
    guard let shape = Shape(checking: dims), shape.count <= largestFile,
      bytes.count - start == shape.count * size
    else {
      throw DataProblem(
        "\(path) says that its shape is \(dims), but \(bytes.count - start) bytes follow, "
          + "\(size) for each element")
    }
    return (try tensor(bytes, start, shape, code, size), shape)
  }

  private static func tensor(
    _ bytes: [UInt8], _ start: Int, _ shape: Shape, _ code: UInt8, _ size: Int
  ) throws(DataProblem) -> Buffer {
    let isWhole = code < 13
    let dtype: DType = code == 14 ? .f64 : isWhole && shape.rank == 1 ? .i64 : .f32
    do {
      let buffer = try Buffer(dtype, count: shape.count)
      buffer.fill { index in
        let word = number(bytes, start + index * size, size)
        return switch code {
        case 8: Double(word)
        case 9: Double(Int8(truncatingIfNeeded: word))
        case 11: Double(Int16(truncatingIfNeeded: word))
        case 12: Double(Int32(truncatingIfNeeded: word))
        case 13: Double(Float(bitPattern: UInt32(truncatingIfNeeded: word)))
        default: Double(bitPattern: word)
        }
      }
      return buffer
    } catch {
      throw DataProblem("there is not enough memory for a tensor of shape \(shape)", .memory)
    }
  }

  /// Bytes as a number, the big end first.
  private static func number(_ bytes: [UInt8], _ start: Int, _ count: Int) -> UInt64 {
    var number: UInt64 = 0
    for place in start..<start + count { number = number << 8 | UInt64(bytes[place]) }
    return number
  }
}

// Short texts of whole numbers and strings of plain characters, put together byte by byte.

/// What interpolated strings in loops mostly are.
enum BriefText {
  /// Bytes.
  static let capacity = 64

  /// The text of some pieces; nil for what is longer, or takes more than copying bytes.
  static func text(of pieces: UnsafeBufferPointer<Slot>) -> String? {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity) { bytes in
      var count = 0
      for piece in pieces {
        let added =
          piece.isNumber
          ? add(piece.number, to: bytes, count) : add(string: piece, to: bytes, count)
        guard let added else { return nil }
        count += added
      }
      return String(decoding: UnsafeBufferPointer(rebasing: bytes[..<count]), as: UTF8.self)
    }
  }

  /// How many bytes a whole number takes, nil for another or where there is no room.
  private static func add(
    _ number: Double, to bytes: UnsafeMutableBufferPointer<UInt8>, _ start: Int
  ) -> Int? {
    guard number.magnitude < 0x1p53, number == number.rounded(.towardZero),
      number != 0 || number.sign == .plus, start + 17 <= bytes.count
    else { return nil }
    var rest = UInt64(number.magnitude)
    var count = number < 0 ? 1 : 0
    bytes[start] = UInt8(ascii: "-")
    var size = rest
    repeat {
      size /= 10
      count += 1
    } while size > 0
    var place = start + count
    repeat {
      place -= 1
      bytes[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    } while rest > 0
    return count
  }

  /// How many bytes a string takes, nil where it has other characters or there is no room.
  private static func add(
    string piece: Slot, to bytes: UnsafeMutableBufferPointer<UInt8>, _ start: Int
  ) -> Int? {
    guard piece.is(.string) else { return nil }
    return piece.unmanaged(as: StringObject.self)._withUnsafeGuaranteedRef { string in
      guard string.hasByteCharacters else { return nil }
      return string.text.utf8.withContiguousStorageIfAvailable { text -> Int? in
        guard start + text.count <= bytes.count else { return nil }
        for (index, byte) in text.enumerated() { bytes[start + index] = byte }
        return text.count
      } ?? nil
    }
  }
}

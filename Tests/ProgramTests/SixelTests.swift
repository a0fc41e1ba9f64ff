// Pictures in sixels, decoded again; what terminals answer.

import Testing

@testable import Datasets
@testable import Library

@Suite("Sixels")
struct SixelTests {
  /// What a terminal makes of a picture: for each pixel its colour in hundredths.
  private struct Decoded {
    var width = 0
    var height = 0
    var colors: [Int: [Int]] = [:]
    var pixels: [Int: [Int]] = [:]
    /// Pixels that were drawn twice, or outside.
    var faults = 0
  }

  private static func decode(_ text: String) throws -> Decoded {
    var bytes = Array(text.utf8)[...]
    try #require(bytes.starts(with: "\u{1B}P0;1;0q\"1;1;".utf8))
    try #require(text.hasSuffix("\u{1B}\\"))
    bytes = bytes.dropFirst(13).dropLast(2)
    var decoded = Decoded()
    let numbers = { () -> [Int] in
      let digits = bytes.prefix { ($0 >= 0x30 && $0 <= 0x39) || $0 == UInt8(ascii: ";") }
      bytes = bytes.dropFirst(digits.count)
      return digits.split(separator: UInt8(ascii: ";")).compactMap {
        Int(String(decoding: $0, as: UTF8.self))
      }
    }
    let size = numbers()
    try #require(size.count == 2)
    (decoded.width, decoded.height) = (size[0], size[1])
    var (x, y, color, count) = (0, 0, -1, 1)
    while let byte = bytes.popFirst() {
      switch byte {
      case UInt8(ascii: "#"):
        let parts = numbers()
        color = try #require(parts.first)
        if parts.count == 5 { decoded.colors[color] = Array(parts[2...]) }
      case UInt8(ascii: "!"): count = try #require(numbers().first)
      case UInt8(ascii: "$"): x = 0
      case UInt8(ascii: "-"): (x, y) = (0, y + 6)
      default:
        try #require(byte >= 63 && byte < 127)
        for column in x..<x + count {
          for bit in 0..<6 where (byte - 63) >> UInt8(bit) & 1 == 1 {
            let place = (y + bit) * decoded.width + column
            let isOutside = column >= decoded.width || y + bit >= decoded.height
            if isOutside || decoded.pixels[place] != nil { decoded.faults += 1 }
            decoded.pixels[place] = decoded.colors[color]
          }
        }
        (x, count) = (x + count, 1)
      }
    }
    return decoded
  }

  private static func picture(_ width: Int, _ height: Int, colors: Int) -> PNG.Image {
    var state: UInt32 = 7
    var bytes: [UInt8] = []
    for _ in 0..<width * height {
      state = state &* 1_664_525 &+ 1_013_904_223
      let color = Int(state >> 8) % colors
      bytes += [UInt8(color * 37 & 255), UInt8(color * 101 & 255), UInt8(color / 3 & 255)]
    }
    return PNG.Image(width: width, height: height, channels: 3, bytes: bytes)
  }

  @Test(
    "few colours come back as they were",
    arguments: [(1, 1, 1), (7, 5, 3), (16, 6, 2), (33, 13, 200), (64, 20, 256)])
  func exact(_ width: Int, _ height: Int, _ colors: Int) throws {
    let image = Self.picture(width, height, colors: colors)
    let decoded = try Self.decode(Sixel.encode(image, width: width))
    #expect(decoded.width == width && decoded.height == height && decoded.faults == 0)
    #expect(decoded.pixels.count == width * height)
    for place in 0..<width * height {
      let wanted = image.bytes[place * 3..<place * 3 + 3].map { (Int($0) * 100 + 127) / 255 }
      #expect(decoded.pixels[place] == wanted)
    }
  }

  @Test("of many colours at most 256 are left, each near its own")
  func reduced() throws {
    var bytes: [UInt8] = []
    for place in 0..<40 * 40 {
      bytes += [UInt8(place % 40 * 6), UInt8(place / 40 * 6), 128]
    }
    let image = PNG.Image(width: 40, height: 40, channels: 3, bytes: bytes)
    let decoded = try Self.decode(Sixel.encode(image, width: 40))
    #expect(decoded.colors.count <= 256 && decoded.pixels.count == 1600 && decoded.faults == 0)
    for place in 0..<1600 {
      let color = try #require(decoded.pixels[place])
      for (part, share) in zip(image.bytes[place * 3..<place * 3 + 3], color) {
        #expect(abs(Int(part) * 100 / 255 - share) <= 8)
      }
    }
  }

  @Test("a picture is made smaller, and never larger")
  func smaller() throws {
    let image = Self.picture(60, 30, colors: 2)
    let half = try Self.decode(Sixel.encode(image, width: 30))
    #expect(half.width == 30 && half.height == 15 && half.pixels.count == 450)
    let same = try Self.decode(Sixel.encode(image, width: 600))
    #expect(same.width == 60 && same.height == 30)
  }

  @Test("what a terminal answers is told from what is typed meanwhile")
  func answers() throws {
    let parsed = { (text: String) in TerminalQuestion.parsed(Array(text.utf8)) }
    let plain = try #require(parsed("\u{1B}[?62;4;22c"))
    #expect(plain.attributes == [62, 4, 22] && plain.rest.isEmpty)
    let typed = try #require(parsed("ab\u{1B}[A\u{1B}[?6ccd"))
    #expect(typed.attributes == [6])
    #expect(String(decoding: typed.rest, as: UTF8.self) == "ab\u{1B}[Acd")
    for text in ["", "\u{1B}", "\u{1B}[?", "\u{1B}[?62;4", "\u{1B}[?25h", "62;4c"] {
      #expect(parsed(text) == nil)
    }
  }
}

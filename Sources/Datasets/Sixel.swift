// Pictures as terminals of the line of DEC's VT340 take them: six rows of pixels at a time, a colour
// after the other (DEC, "VT330/VT340 Programmer Reference Manual", 1988, chapter 14).

package enum Sixel {
  /// Colours of one picture: as many registers as terminals have.
  private static let most = 256

  /// The escape sequence of an RGB picture, made so many pixels wide.
  package static func encode(_ image: PNG.Image, width: Int) -> String {
    let small = smaller(image, width)
    let (palette, pixels) = reduced(small)
    var text = "\u{1B}P0;1;0q\"1;1;\(small.width);\(small.height)"
    for (index, color) in palette.enumerated() {
      let share = { (part: Int) in (part * 100 + 127) / 255 }
      text += "#\(index);2;\(share(color >> 16));\(share(color >> 8 & 255));\(share(color & 255))"
    }
    for top in stride(from: 0, to: small.height, by: 6) {
      band(pixels, small.width, top..<min(top + 6, small.height), &text)
      text += "-"
    }
    return text + "\u{1B}\\"
  }

  /// Six rows: for each colour in them a line of signs, each with a bit a row.
  private static func band(
    _ pixels: [UInt8], _ width: Int, _ rows: Range<Int>, _ text: inout String
  ) {
    var masks: [UInt8: [UInt8]] = [:]
    for (bit, row) in rows.enumerated() {
      for column in 0..<width {
        masks[pixels[row * width + column], default: [UInt8](repeating: 0, count: width)][column] |=
          1 << UInt8(bit)
      }
    }
    for (number, color) in masks.keys.sorted().enumerated() {
      text += number == 0 ? "#\(color)" : "$#\(color)"
      let mask = masks[color] ?? []
      var start = 0
      while start < width {
        var end = start + 1
        while end < width, mask[end] == mask[start] { end += 1 }
        let sign = Character(Unicode.Scalar(63 + mask[start]))
        // What is left of the line stays as it is.
        if end < width || mask[start] != 0 {
          text +=
            end - start > 3 ? "!\(end - start)\(sign)" : String(repeating: sign, count: end - start)
        }
        start = end
      }
    }
  }

  /// The means of blocks of pixels; no picture is made larger.
  private static func smaller(_ image: PNG.Image, _ width: Int) -> PNG.Image {
    let wide = max(1, min(width, image.width))
    let high = max(1, image.height * wide / max(1, image.width))
    guard image.channels == 3, wide < image.width else { return image }
    var pixels = [UInt8](repeating: 0, count: wide * high * 3)
    for row in 0..<high {
      let rows =
        row * image.height
        / high..<max(row * image.height / high + 1, (row + 1) * image.height / high)
      for column in 0..<wide {
        let columns =
          column * image.width
          / wide..<max(
            column * image.width / wide + 1, (column + 1) * image.width / wide)
        for channel in 0..<3 {
          var sum = 0
          for y in rows {
            for x in columns { sum += Int(image.bytes[(y * image.width + x) * 3 + channel]) }
          }
          pixels[(row * wide + column) * 3 + channel] = UInt8(sum / (rows.count * columns.count))
        }
      }
    }
    return PNG.Image(width: wide, height: high, channels: 3, bytes: pixels)
  }

  /// The commonest colours, with four bits a part where there are more than registers, and for each
  /// pixel the nearest of them.
  private static func reduced(_ image: PNG.Image) -> (palette: [Int], pixels: [UInt8]) {
    let count = image.width * image.height
    var colors = (0..<count).map { index in
      (0..<3).reduce(0) { $0 << 8 | Int(image.bytes[index * 3 + $1]) }
    }
    if Set(colors).count > most { colors = colors.map { ($0 & 0xF0F0F0) | ($0 & 0xF0F0F0) >> 4 } }
    var tally: [Int: Int] = [:]
    for color in colors { tally[color, default: 0] += 1 }
    let palette = tally.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(most).map(\.key)
    var nearest = Dictionary(palette.enumerated().map { ($1, UInt8($0)) }) { first, _ in first }
    let pixels = colors.map { color in
      if let known = nearest[color] { return known }
      let best = palette.indices.min { distance(palette[$0], color) < distance(palette[$1], color) }
      nearest[color] = UInt8(best ?? 0)
      return UInt8(best ?? 0)
    }
    return (palette, pixels)
  }

  private static func distance(_ a: Int, _ b: Int) -> Int {
    [16, 8, 0].reduce(0) { sum, shift in
      let difference = (a >> shift & 255) - (b >> shift & 255)
      return sum + difference * difference
    }
  }
}

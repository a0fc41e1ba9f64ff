// Colours of plots: a palette that colour-blind readers can tell apart, names, and maps for values.

/// A colour in both faces: red, green and blue for SVG, one of 256 for terminals.
package struct PlotColor: Sendable, Hashable {
  package let red: UInt8
  package let green: UInt8
  package let blue: UInt8

  init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// A name, or `#rrggbb`.
  package init?(_ name: String) {
    if let known = PlotColor.named.first(where: { $0.name == name.lowercased() }) {
      self = known.color
      return
    }
    let digits = name.dropFirst()
    guard name.hasPrefix("#"), digits.count == 6, digits.allSatisfy(\.isASCII),
      let value = UInt32(digits, radix: 16), !digits.hasPrefix("+")
    else { return nil }
    self.init(
      UInt8(truncatingIfNeeded: value >> 16), UInt8(truncatingIfNeeded: value >> 8),
      UInt8(truncatingIfNeeded: value))
  }

  package static var names: [String] { named.map(\.name) }

  private static let named: [(name: String, color: PlotColor)] = [
    ("blue", PlotColor(0x2F, 0x7E, 0xC9)), ("orange", PlotColor(0xE0, 0x7B, 0x1A)),
    ("green", PlotColor(0x1F, 0x9E, 0x77)), ("red", PlotColor(0xD6, 0x45, 0x45)),
    ("purple", PlotColor(0x9B, 0x6F, 0xC9)), ("brown", PlotColor(0xA0, 0x6A, 0x4B)),
    ("pink", PlotColor(0xD8, 0x6A, 0xA8)), ("yellow", PlotColor(0xC9, 0xA2, 0x27)),
    ("cyan", PlotColor(0x2A, 0xA5, 0xB8)), ("gray", PlotColor(0x85, 0x85, 0x85)),
    ("grey", PlotColor(0x85, 0x85, 0x85)), ("black", PlotColor(0x22, 0x22, 0x22)),
    ("white", PlotColor(0xF0, 0xF0, 0xF0)),
  ]

  /// The colour of the n-th layer of a figure.
  static func series(_ index: Int) -> PlotColor { named[index % 8].color }

  /// The name of the colour of the n-th class; ten digits have ten.
  package static func className(_ index: Int) -> String {
    index % 10 == 9 ? "black" : named[index % 10].name
  }

  /// The colour of the n-th class.
  static func ofClass(_ index: Int) -> PlotColor { PlotColor(className(index)) ?? named[0].color }

  /// Mixed with white, for a ground under points of the same colour.
  var pale: PlotColor {
    let mixed = { (part: UInt8) in UInt8(255 - (255 - Int(part)) * 3 / 10) }
    return PlotColor(mixed(red), mixed(green), mixed(blue))
  }

  /// `#2f7ec9`
  var hex: String {
    "#"
      + [red, green, blue].map { part in
        let digits = String(part, radix: 16)
        return digits.count < 2 ? "0" + digits : digits
      }.joined()
  }

  /// The nearest of the 256 colours of terminals: the 6 × 6 × 6 cube, and 24 greys.
  var terminal: UInt8 {
    if red == green && green == blue {
      if red < 4 { return 16 }
      if red > 246 { return 231 }
      return UInt8(232 + min(23, max(0, (Int(red) - 3) / 10)))
    }
    let steps = [0, 95, 135, 175, 215, 255]
    let nearest = { (part: UInt8) in
      steps.indices.min { abs(steps[$0] - Int(part)) < abs(steps[$1] - Int(part)) } ?? 0
    }
    return UInt8(16 + 36 * nearest(red) + 6 * nearest(green) + nearest(blue))
  }

  /// Black to white for 0 … 1.
  static func grey(_ share: Double) -> PlotColor {
    let level = UInt8(min(255, max(0, (share * 255).rounded())))
    return PlotColor(level, level, level)
  }

  /// Dark blue over green to yellow for 0 … 1: points of Smith and van der Walt's viridis.
  static func map(_ share: Double) -> PlotColor {
    let stops: [(Double, Double, Double)] = [
      (68, 1, 84), (71, 45, 123), (59, 82, 139), (44, 114, 142), (33, 145, 140), (40, 174, 128),
      (94, 201, 98), (173, 220, 48), (253, 231, 37),
    ]
    let place = min(1, max(0, share)) * Double(stops.count - 1)
    let index = min(stops.count - 2, Int(place))
    let rest = place - Double(index)
    let (a, b) = (stops[index], stops[index + 1])
    let mix = { (a: Double, b: Double) in UInt8((a + (b - a) * rest).rounded()) }
    return PlotColor(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
  }
}

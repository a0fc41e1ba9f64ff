// How many columns of a terminal text takes: wide characters take two, combining marks none.

package enum TextWidth {
  /// Columns of a text without line ends and escape sequences; O(length).
  package static func columns(of text: String) -> Int {
    var isPlain = true
    for byte in text.utf8 where byte < 0x20 || byte >= 0x7F {
      isPlain = false
      break
    }
    return isPlain ? text.utf8.count : text.reduce(0) { $0 + columns(of: $1) }
  }

  /// Columns of what a reader sees as one character: 0, 1 or 2.
  package static func columns(of character: Character) -> Int {
    guard let first = character.unicodeScalars.first else { return 0 }
    if first.value < 0x300 { return first.value < 0x20 || first.value == 0x7F ? 0 : 1 }
    if character.unicodeScalars.dropFirst().contains("\u{FE0F}") { return 2 }
    return columns(of: first)
  }

  private static func columns(of scalar: Unicode.Scalar) -> Int {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .control: return 0
    default: return isWide(scalar) ? 2 : 1
    }
  }

  /// East Asian Width W and F (Unicode TR 11), by block, and emoji shown as pictures.
  private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
      0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19,
      0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
      true
    default: scalar.properties.isEmojiPresentation
    }
  }
}

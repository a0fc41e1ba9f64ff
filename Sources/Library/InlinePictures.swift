// Drawings as pictures in terminals that show them: kitty's protocol, that of iTerm2, which WezTerm
// understands too, and sixels.

import Datasets
import Diagnostics
@preconcurrency import Glibc
import Interpreter

package enum InlinePictures {
  /// How a terminal takes pictures.
  private enum Way: String, CaseIterable { case kitty, iterm, sixel }

  /// What is known of the terminal of this process.
  private enum Terminal {
    case takes(Way)
    case takesNone
    /// Its attributes say it.
    case isToAsk
  }

  /// What the environment says: names of terminals, or `NNS_PICTURES`, which is `none`, `kitty`,
  /// `iterm` or `sixel`.
  private static var environment: Terminal {
    let value = { (name: String) in getenv(name).map { String(cString: $0) } ?? "" }
    let wanted = value("NNS_PICTURES")
    guard wanted.isEmpty else { return Way(rawValue: wanted).map { .takes($0) } ?? .takesNone }
    // What a multiplexer passes on is not known.
    guard value("TMUX").isEmpty, value("STY").isEmpty else { return .takesNone }
    if !value("KITTY_WINDOW_ID").isEmpty
      || ["xterm-kitty", "xterm-ghostty"].contains(value("TERM"))
    {
      return .takes(.kitty)
    }
    let isKnown = ["iTerm.app", "WezTerm"].contains(value("TERM_PROGRAM"))
    if isKnown || value("LC_TERMINAL") == "iTerm2" { return .takes(.iterm) }
    return ["", "dumb", "linux"].contains(value("TERM")) ? .takesNone : .isToAsk
  }

  /// What is wrong with `NNS_PICTURES`, nil where nothing is: a word that nobody knows would leave
  /// figures characters, and nobody would know why.
  package static var complaint: String? {
    let wanted = getenv("NNS_PICTURES").map { String(cString: $0) } ?? ""
    guard !["", "none"].contains(wanted), Way(rawValue: wanted) == nil else { return nil }
    let words = ["none"] + Way.allCases.map(\.rawValue)
    return "NNS_PICTURES is one of \(words.joined(separator: ", ")), not \(wanted)"
  }

  /// What a terminal's attributes say: behind its class, 4 stands for sixels.
  private static func asked() -> Terminal {
    switch TerminalQuestion.attributes() {
    case .attributes(let attributes):
      attributes.dropFirst().contains(4) ? .takes(.sixel) : .takesNone
    case .silence: .takesNone
    case .busy: .isToAsk
    }
  }

  /// What draws for a session on such a terminal; nil for all others. The terminal is asked before the
  /// first picture; the drawer gives nil where it takes none, and no text where that is not known yet.
  package static func drawer() -> ((_ svg: String, _ columns: Int) -> String?)? {
    var terminal = environment
    if case .takesNone = terminal { return nil }
    return { svg, columns in
      if case .isToAsk = terminal { terminal = asked() }
      switch terminal {
      case .isToAsk: return ""
      case .takesNone: return nil
      case .takes(let way): return picture(svg, way, columns)
      }
    }
  }

  private static func picture(_ svg: String, _ way: Way, _ columns: Int) -> String? {
    guard let image = try? Drawing.picture(of: svg) else { return nil }
    guard way != .sixel else { return Sixel.encode(image, width: pixels(columns)) }
    return (try? PNG.encode(image, "a picture")).map { escape($0, way, columns) }
  }

  /// A drawing in characters that is a picture where the face shows pictures.
  static func over(_ text: StyledText, _ session: Session, _ svg: () -> String) -> StyledText {
    guard let draw = session.inlinePicture else { return text }
    guard let escape = draw(svg(), min(80, session.width - 1)) else {
      session.inlinePicture = nil
      return text
    }
    return escape.isEmpty ? text : StyledText(text.plain, .picture(escape: escape))
  }

  /// How many pixels so many columns are: as the terminal says, else eight each.
  private static func pixels(_ columns: Int) -> Int {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_xpixel > 0
    else {
      return columns * 8
    }
    return min(4096, columns * Int(size.ws_xpixel) / Int(size.ws_col))
  }

  private static func escape(_ bytes: [UInt8], _ way: Way, _ columns: Int) -> String {
    let text = Array(base64(bytes).utf8)
    switch way {
    case .sixel: return ""
    case .iterm:
      return "\u{1B}]1337;File=inline=1;size=\(bytes.count);width=\(columns):"
        + String(decoding: text, as: UTF8.self) + "\u{07}"
    case .kitty:
      // In pieces of at most 4096 bytes; the first says what it is.
      var result = ""
      for start in stride(from: 0, to: text.count, by: 4096) {
        let piece = text[start..<min(text.count, start + 4096)]
        let more = start + 4096 < text.count ? 1 : 0
        let head = start == 0 ? "f=100,a=T,c=\(columns),m=\(more)" : "m=\(more)"
        result += "\u{1B}_G\(head);" + String(decoding: piece, as: UTF8.self) + "\u{1B}\\"
      }
      return result
    }
  }

  /// RFC 4648.
  static func base64(_ bytes: [UInt8]) -> String {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var result: [UInt8] = []
    result.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let count = min(3, bytes.count - start)
      var word = 0
      for offset in 0..<3 { word = word << 8 | (offset < count ? Int(bytes[start + offset]) : 0) }
      for place in 0..<4 {
        result.append(
          place <= count ? letters[word >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}

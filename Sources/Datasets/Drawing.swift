// A drawing as a picture, by librsvg.

import CRSVG
import Glibc

package enum Drawing {
  /// Pixels of the picture for one of the drawing.
  private static let scale = 2.0

  /// The picture of an SVG on white, twice its size in pixels.
  package static func picture(of svg: String) throws(DataProblem) -> PNG.Image {
    let text = Array(svg.utf8)
    var (width, height): (Int32, Int32) = (0, 0)
    var problem = [CChar](repeating: 0, count: 256)
    let pixels = text.withUnsafeBytes { bytes in
      bytes.withMemoryRebound(to: CChar.self) { text in
        text.baseAddress.flatMap {
          nns_svg_draw($0, text.count, scale, &width, &height, &problem, problem.count)
        }
      }
    }
    guard let pixels else {
      let bytes = problem.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      throw DataProblem(String(decoding: bytes, as: UTF8.self))
    }
    defer { free(pixels) }
    let count = Int(width) * Int(height) * 3
    return PNG.Image(
      width: Int(width), height: Int(height), channels: 3,
      bytes: Array(UnsafeBufferPointer(start: pixels, count: count)))
  }
}

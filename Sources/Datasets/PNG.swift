// Pictures as PNG, by libpng's simplified interface, which handles every variant of the format.

import CPNG

package enum PNG {
  /// Rows of pixels from the top, `channels` bytes each: grey, grey and alpha, red green blue, or those
  /// and alpha; sRGB.
  package struct Image {
    package let (width, height, channels): (Int, Int, Int)
    package let bytes: [UInt8]

    package init(width: Int, height: Int, channels: Int, bytes: [UInt8]) {
      (self.width, self.height, self.channels, self.bytes) = (width, height, channels, bytes)
    }
  }

  /// The most numbers of a picture.
  private static let limit = 1 << 27

  /// A picture as it is in the file, or turned into 1 (grey) or 3 channels; black is behind what is
  /// transparent then.
  package static func decode(_ bytes: [UInt8], _ path: String, channels: Int? = nil)
    throws(DataProblem) -> Image
  {
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    defer { png_image_free(&image) }
    // The library looks at the bytes until it has read the picture.
    let result: Result<Image, DataProblem> = bytes.withUnsafeBytes { source in
      guard png_image_begin_read_from_memory(&image, source.baseAddress, source.count) != 0 else {
        return .failure(DataProblem("\(path) is no PNG: \(message(image))"))
      }
      let (format, count) = layout(image.format, channels)
      image.format = format
      let (width, height) = (Int(image.width), Int(image.height))
      guard width * height <= limit / count else {
        return .failure(DataProblem("\(path) has \(width) × \(height) pixels, too many for nns"))
      }
      var pixels = [UInt8](repeating: 0, count: width * height * count)
      var background = png_color()
      guard png_image_finish_read(&image, &background, &pixels, 0, nil) != 0 else {
        return .failure(DataProblem("\(path) is damaged: \(message(image))"))
      }
      return .success(Image(width: width, height: height, channels: count, bytes: pixels))
    }
    return try result.get()
  }

  private static func layout(_ format: UInt32, _ channels: Int?) -> (format: UInt32, count: Int) {
    if let channels { return (channels == 1 ? 0 : UInt32(PNG_FORMAT_FLAG_COLOR), channels) }
    let (color, alpha) = (UInt32(PNG_FORMAT_FLAG_COLOR), UInt32(PNG_FORMAT_FLAG_ALPHA))
    let kept = format & (color | alpha)
    return (kept, (kept & color == 0 ? 1 : 3) + (kept & alpha == 0 ? 0 : 1))
  }

  package static func encode(_ picture: Image, _ path: String) throws(DataProblem) -> [UInt8] {
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    (image.width, image.height) = (UInt32(picture.width), UInt32(picture.height))
    image.format =
      (picture.channels > 2 ? UInt32(PNG_FORMAT_FLAG_COLOR) : 0)
      | (picture.channels % 2 == 0 ? UInt32(PNG_FORMAT_FLAG_ALPHA) : 0)
    defer { png_image_free(&image) }
    var size = 0
    // Without a place to write to, it says how many bytes there will be.
    guard png_image_write_to_memory(&image, nil, &size, 0, picture.bytes, 0, nil) != 0 else {
      throw DataProblem("\(path) cannot be written as PNG: \(message(image))")
    }
    var bytes = [UInt8](repeating: 0, count: size)
    guard png_image_write_to_memory(&image, &bytes, &size, 0, picture.bytes, 0, nil) != 0 else {
      throw DataProblem("\(path) cannot be written as PNG: \(message(image))")
    }
    return Array(bytes[..<size])
  }

  private static func message(_ image: png_image) -> String {
    withUnsafeBytes(of: image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}

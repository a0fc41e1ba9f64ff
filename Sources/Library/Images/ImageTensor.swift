// Pictures as tensors: planes of numbers from 0 to 1, the first row on top.

import Autodiff
import Datasets
import Engine
import Interpreter

enum ImageTensor {
  /// A tensor that `fill` writes; an interrupt throws it away.
  static func made(
    _ dims: [Int], _ dtype: DType, _ session: Session, _ fill: (Buffer) throws -> Void
  ) throws -> Node {
    guard let shape = Shape(checking: dims) else {
      throw Problem(.memory, "pictures of the shape \(dims) are too many", argument: 0)
    }
    let buffer: Buffer
    do { buffer = try Buffer(dtype, count: shape.count) } catch {
      throw Problem(
        .memory, "there is not enough memory for pictures of the shape \(dims)", argument: 0)
    }
    try fill(buffer)
    try Graph.checkInterrupt()
    return session.graph.leaf(buffer, shape)
  }

  /// Pictures of one size, one after the other, as f32 of a shape.
  static func tensor(_ images: [PNG.Image], _ dims: [Int], _ session: Session) throws -> Node {
    try made(dims, .f32, session) { buffer in
      var start = 0
      for image in images {
        try Graph.checkInterrupt()
        let (area, channels) = (image.width * image.height, image.channels)
        buffer.fill(start..<start + image.bytes.count) { index in
          let place = index - start
          return Double(image.bytes[place % area * channels + place / area]) / 255
        }
        start += image.bytes.count
      }
    }
  }

  /// The picture that an argument is; throws for other shapes and for numbers outside of 0 to 1.
  static func image(_ call: Call, _ index: Int) throws -> PNG.Image {
    let node = try call.tensor(index)
    let dims = node.shape.dims
    guard dims.count == 2 || dims.count == 3 && (1...4).contains(dims[0]), node.shape.count > 0
    else {
      throw Problem(
        .shape,
        "a picture is [height, width] or [planes, height, width] with 1 to 4 planes, not \(node.shape)",
        argument: index, help: dims.count >= 3 ? "image_grid(x) puts several into one" : nil)
    }
    let (channels, height, width) = (
      dims.count == 2 ? 1 : dims[0], dims[dims.count - 2], dims[dims.count - 1]
    )
    let values = try call.session.graph.values(node)
    var bytes = [UInt8](repeating: 0, count: values.count)
    let area = height * width
    for (place, value) in values.enumerated() {
      guard value >= 0, value <= 1 else { throw outside(values, index) }
      bytes[place % area * channels + place / area] = UInt8((255 * value).rounded())
    }
    return PNG.Image(width: width, height: height, channels: channels, bytes: bytes)
  }

  /// A picture of another size; bytes stay bytes, what is between two of them is rounded.
  static func resized(_ image: PNG.Image, _ size: (height: Int, width: Int), _ session: Session)
    throws -> PNG.Image
  {
    if (image.height, image.width) == size { return image }
    let planes = image.channels
    let source = try tensor([image], [planes, image.height, image.width], session)
    let resize = ImageResize(
      planes: planes, height: image.height, width: image.width, newHeight: size.height,
      newWidth: size.width)
    let area = size.height * size.width
    let result = try made([planes, size.height, size.width], .f32, session) { target in
      if let buffer = source.buffer { resize.run(buffer, target) }
    }
    let values = try session.graph.values(result)
    let bytes = (0..<planes * area).map { place in
      UInt8((255 * values[place % planes * area + place / planes]).rounded())
    }
    return PNG.Image(width: size.width, height: size.height, channels: planes, bytes: bytes)
  }

  private static func outside(_ values: [Double], _ index: Int) -> Problem {
    let finite = values.filter(\.isFinite)
    guard finite.count == values.count, let low = finite.min(), let high = finite.max() else {
      return Problem(
        .value, "a picture has numbers from 0 to 1; \(values.count - finite.count) are not finite",
        argument: index)
    }
    let isBytes = low >= 0 && high <= 255 && high > 2
    return Problem(
      .value,
      "a picture has numbers from 0 to 1; these are from \(NumberFormat.significant(low, digits: 4)) "
        + "to \(NumberFormat.significant(high, digits: 4))", argument: index,
      help: isBytes ? "divide by 255" : "clip(x, 0, 1) cuts off what is outside")
  }
}

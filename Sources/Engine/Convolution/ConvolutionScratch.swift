// What a thread needs on the way of a convolution: images with their padding, and columns.

/// Memory for one block of a convolution.
///
/// Rows are moved by whole vectors of 64 bytes: what is written past the end of a row is where the next
/// row goes, and behind the last one is room.
struct ConvolutionScratch {
  private let shape: Convolution
  private let size: Int
  /// [images, channels, rows, width] with the padding: as many rows as a block sees, or all of them
  /// where images are put together.
  private let padded: Buffer
  /// [taps, windows]
  private let unrolled: Buffer
  /// [outputs, windows] where a block has several images.
  private let lines: Buffer
  private let paddedRows: Int
  private let paddedWidth: Int

  init(_ blocks: ConvolutionBlocks) throws(MemoryProblem) {
    (shape, size) = (blocks.shape, blocks.elementSize)
    let (v, h) = (shape.vertical, shape.horizontal)
    let isWhole = blocks.mostChannels > 0
    paddedRows =
      isWhole ? v.size + v.before + v.after : (blocks.rowsABlock - 1) * v.stride + v.reach
    paddedWidth = h.size + h.before + h.after
    let channels = isWhole ? blocks.mostChannels : shape.inputs
    let needsPadding = isWhole || !shape.isPointwise
    padded = try ConvolutionScratch.memory(
      needsPadding
        ? [blocks.imagesABlock, channels, paddedRows, paddedWidth, size] : [])
    unrolled = try ConvolutionScratch.memory(
      needsPadding ? [channels * shape.kernel, blocks.width, size] : [])
    lines = try ConvolutionScratch.memory(
      blocks.imagesABlock > 1 ? [shape.outputs, blocks.width, size] : [])
  }

  /// Bytes for so many elements, with room behind them.
  private static func memory(_ sizes: [Int]) throws(MemoryProblem) -> Buffer {
    var bytes = sizes.isEmpty ? 0 : 1
    for size in sizes {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: size)
      bytes = overflow ? Int.max / 2 : min(product, Int.max / 2)
    }
    return try Buffer(.bool, count: bytes + 64)
  }

  var columns: UnsafeMutableRawPointer { unrolled.address }

  // MARK: - What windows see

  /// The columns [taps, windows] of a block of x, and from one line of them to the next.
  func columns(_ x: Buffer, _ part: ConvolutionBlocks.Part) -> (UnsafeRawPointer, width: Int) {
    if shape.isPointwise {
      let start = part.images.lowerBound * shape.inputs * shape.area
      let row = part.rows.lowerBound * shape.horizontal.size
      return (UnsafeRawPointer(x.address + (start + row) * size), shape.area)
    }
    pad(x, part)
    unroll(part)
    return (UnsafeRawPointer(columns), part.width)
  }

  /// Copies what a block sees of its images; zeros around it.
  private func pad(_ x: Buffer, _ part: ConvolutionBlocks.Part) {
    let (v, h) = (shape.vertical, shape.horizontal)
    let first = part.rows.lowerBound * v.stride - v.before
    let (bytes, line) = (h.size * size, paddedWidth * size)
    let (left, right) = (h.before * size, h.after * size)
    for (place, image) in part.images.enumerated() {
      for channel in 0..<shape.inputs {
        let plane = x.address + (image * shape.inputs + channel) * shape.area * size
        var target =
          padded.address + (place * shape.inputs + channel) * paddedRows * line
        for row in first..<first + paddedRows {
          if row < 0 || row >= v.size {
            ConvolutionScratch.clear(target, line)
          } else {
            ConvolutionScratch.clear(target, left)
            (target + left).copyMemory(from: plane + row * bytes, byteCount: bytes)
            ConvolutionScratch.clear(target + left + bytes, right)
          }
          target += line
        }
      }
    }
  }

  /// Writes for every tap what it meets in all windows of the block.
  private func unroll(_ part: ConvolutionBlocks.Part) {
    let (v, h) = (shape.vertical, shape.horizontal)
    let line = paddedWidth * size
    var target = unrolled.address
    for channel in 0..<shape.inputs {
      for down in 0..<v.kernel {
        for across in 0..<h.kernel {
          for image in 0..<part.images.count {
            let row = (image * shape.inputs + channel) * paddedRows + down * v.dilation
            let source = padded.address + row * line + across * h.dilation * size
            ConvolutionRows.copy(
              target, source, rows: part.rows.count, step: v.stride * line, count: h.count,
              stride: h.stride, size: size)
            target += part.rows.count * h.count * size
          }
        }
      }
    }
  }

  // MARK: - What comes out

  /// Where the result of a block goes, and from one of its lines to the next.
  func lines(_ y: Buffer, _ part: ConvolutionBlocks.Part)
    -> (UnsafeMutableRawPointer, width: Int)
  {
    guard part.images.count == 1 else { return (lines.address, part.width) }
    return (y.address + start(part), shape.places)
  }

  private func start(_ part: ConvolutionBlocks.Part) -> Int {
    let row = part.rows.lowerBound * shape.horizontal.count
    return (part.images.lowerBound * shape.outputs * shape.places + row) * size
  }

  /// Copies the result of a block of several images to them.
  func putBack(_ y: Buffer, _ part: ConvolutionBlocks.Part) {
    exchange(y, part) { line, image, bytes in image.copyMemory(from: line, byteCount: bytes) }
  }

  /// The lines [outputs, windows] of a block of y, and from one to the next.
  func gathered(_ y: Buffer, _ part: ConvolutionBlocks.Part) -> (UnsafeRawPointer, width: Int) {
    guard part.images.count > 1 else {
      return (UnsafeRawPointer(y.address + start(part)), shape.places)
    }
    exchange(y, part) { line, image, bytes in line.copyMemory(from: image, byteCount: bytes) }
    return (UnsafeRawPointer(lines.address), part.width)
  }

  private func exchange(
    _ y: Buffer, _ part: ConvolutionBlocks.Part,
    _ body: (_ line: UnsafeMutableRawPointer, _ image: UnsafeMutableRawPointer, Int) -> Void
  ) {
    guard part.images.count > 1 else { return }
    let bytes = shape.places * size
    for (place, image) in part.images.enumerated() {
      for output in 0..<shape.outputs {
        body(
          lines.address + output * part.width * size + place * bytes,
          y.address + (image * shape.outputs + output) * bytes, bytes)
      }
    }
  }

  // MARK: - Putting images together

  func clear(images: Int, channels: Int) {
    ConvolutionScratch.clear(padded.address, images * channels * paddedRows * paddedWidth * size)
  }

  /// Adds the columns of a block where its windows see them.
  func addColumns(_ part: ConvolutionBlocks.Part, _ channels: Int) {
    let (v, h) = (shape.vertical, shape.horizontal)
    let line = paddedWidth * size
    var source = unrolled.address
    for channel in 0..<channels {
      for down in 0..<v.kernel {
        for across in 0..<h.kernel {
          for image in 0..<part.images.count {
            let row =
              (image * channels + channel) * paddedRows + part.rows.lowerBound * v.stride
              + down * v.dilation
            let target = padded.address + row * line + across * h.dilation * size
            ConvolutionRows.add(
              target, source, rows: part.rows.count, step: v.stride * line, count: h.count,
              stride: h.stride, size: size)
            source += part.rows.count * h.count * size
          }
        }
      }
    }
  }

  /// Copies the images without their padding to some channels of x.
  func putImages(_ x: Buffer, _ images: Range<Int>, _ channels: Range<Int>) {
    let (v, h) = (shape.vertical, shape.horizontal)
    let (bytes, line) = (h.size * size, paddedWidth * size)
    for (place, image) in images.enumerated() {
      for (index, channel) in channels.enumerated() {
        let plane = x.address + (image * shape.inputs + channel) * shape.area * size
        let source =
          padded.address + ((place * channels.count + index) * paddedRows + v.before) * line
          + h.before * size
        for row in 0..<v.size {
          (plane + row * bytes).copyMemory(from: source + row * line, byteCount: bytes)
        }
      }
    }
  }

  private static func clear(_ target: UnsafeMutableRawPointer, _ bytes: Int) {
    if bytes > 0 { target.initializeMemory(as: UInt8.self, repeating: 0, count: bytes) }
  }
}

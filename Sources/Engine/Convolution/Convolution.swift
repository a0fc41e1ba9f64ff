// Convolutions of images, and what they hand back: columns of what the windows see, and a matrix
// product with them, block by block (Chellapilla, Puri, Simard 2006).

/// y = x ∗ w: x [images, inputs, height, width], w [outputs, inputs, kernel height, kernel width],
/// y [images, outputs, windows down, windows across]. The kernel is not turned round.
package struct Convolution: Hashable, Sendable {
  package let images: Int
  package let inputs: Int
  package let outputs: Int
  package let vertical: WindowAxis
  package let horizontal: WindowAxis

  package init(
    images: Int, inputs: Int, outputs: Int, _ vertical: WindowAxis, _ horizontal: WindowAxis
  ) {
    (self.images, self.inputs, self.outputs) = (images, inputs, outputs)
    (self.vertical, self.horizontal) = (vertical, horizontal)
  }

  /// Windows of an image.
  var places: Int { vertical.count * horizontal.count }
  /// Elements of an image's channel.
  var area: Int { vertical.size * horizontal.size }
  /// Elements that a window sees in a channel, and in all of them.
  var kernel: Int { vertical.kernel * horizontal.kernel }
  var taps: Int { inputs * kernel }
  /// Whether windows are single elements, one after the other: what they see are the images.
  var isPointwise: Bool {
    [vertical, horizontal].allSatisfy {
      $0.kernel == 1 && $0.stride == 1 && $0.before == 0 && $0.after == 0
    } && places >= Convolution.fewPlaces
  }

  /// Images with fewer windows are taken several at a time.
  private static let fewPlaces = 64
  /// What the columns of a block take: about half of a core's second cache.
  private static let blockBytes = 1 << 19

  /// How many images, else how many rows of windows of one image, make a block.
  func block(elementSize: Int) -> (images: Int, rows: Int) {
    let line = max(1, taps * horizontal.count * elementSize)
    let rows = max(1, min(vertical.count, Convolution.blockBytes / line))
    guard rows == vertical.count, places < Convolution.fewPlaces else { return (1, rows) }
    let fitting = Convolution.blockBytes / max(1, line * rows)
    return (max(1, min(images, fitting, 2 * Convolution.fewPlaces / max(1, places))), rows)
  }

  // MARK: - The three products

  /// y = x ∗ w
  package func forward(
    _ x: Buffer, _ weight: Buffer, _ y: Buffer
  ) throws(MemoryProblem) {
    if let lanes = LaneConvolution(self, y.dtype) {
      return try lanes.forward(x, weight, y)
    }
    try run(ConvolutionBlocks(self, y.dtype)) { blocks, scratch in
      let isDouble = y.dtype == .f64
      for block in blocks.range {
        if Interrupts.isRequested { return }
        let part = blocks.all.part(block)
        let (columns, width) = scratch.columns(x, part)
        let (result, resultWidth) = scratch.lines(y, part)
        MatrixProduct.multiply(
          weight.address, columns, result,
          MatrixProduct.Sizes(
            m: outputs, n: part.width, k: taps, rightWidth: width, resultWidth: resultWidth),
          isDouble: isDouble, isAlone: false)
        scratch.putBack(y, part)
      }
    }
  }

  /// x = Σ over the windows of y that see it of w · y: what a convolution hands back to its images, and
  /// a transposed convolution gives.
  package func toImages(
    _ y: Buffer, _ weight: Buffer, _ x: Buffer
  ) throws(MemoryProblem) {
    if let lanes = LaneConvolution(self, x.dtype, toImages: true) {
      return try lanes.toImages(y, weight, x)
    }
    // Few images are cut into groups of channels.
    let groups = images >= 8 ? 1 : max(1, min(inputs, 8))
    try run(ConvolutionBlocks(self, x.dtype, groups: groups)) { blocks, scratch in
      let isDouble = x.dtype == .f64
      for image in blocks.range {
        let channels = blocks.all.channels(image)
        let group = blocks.all.images(image)
        scratch.clear(images: group.count, channels: channels.count)
        for block in blocks.all.blocks(of: image) {
          if Interrupts.isRequested { return }
          let part = blocks.all.part(block)
          let (lines, lineWidth) = scratch.gathered(y, part)
          MatrixProduct.multiply(
            weight.address + channels.lowerBound * kernel * x.dtype.size, lines, scratch.columns,
            MatrixProduct.Sizes(
              m: channels.count * kernel, n: part.width, k: outputs, isLeftTransposed: true,
              leftWidth: taps, rightWidth: lineWidth),
            isDouble: isDouble, isAlone: false)
          scratch.addColumns(part, channels.count)
        }
        scratch.putImages(x, group, channels)
      }
    }
  }

  /// w = Σ over all windows of y · what the window sees of x: what a convolution hands back to its
  /// weight.
  package func toWeight(
    _ x: Buffer, _ y: Buffer, _ weight: Buffer
  ) throws(MemoryProblem) {
    if let lanes = LaneConvolution(self, weight.dtype) {
      return try lanes.toWeight(x, y, weight)
    }
    let count = outputs * taps
    let blocks = ConvolutionBlocks(self, weight.dtype)
    // Each part adds up a weight of its own, and these are added up in order.
    let parts = max(1, min(16, blocks.count, max(2, (1 << 22) / max(1, count))))
    let sums = try Buffer(weight.dtype, count: count * parts)
    defer { withExtendedLifetime(sums) {} }
    try run(blocks, parts: parts) { blocks, scratch in
      let isDouble = weight.dtype == .f64
      let sum = sums.address + blocks.index * count * weight.dtype.size
      for block in blocks.range {
        if Interrupts.isRequested { return }
        let part = blocks.all.part(block)
        let (columns, width) = scratch.columns(x, part)
        let (lines, lineWidth) = scratch.gathered(y, part)
        MatrixProduct.multiply(
          lines, columns, sum,
          MatrixProduct.Sizes(
            m: outputs, n: taps, k: part.width, isRightTransposed: true, leftWidth: lineWidth,
            rightWidth: width),
          isDouble: isDouble, isAlone: false, adds: block > blocks.range.lowerBound)
      }
    }
    ConvolutionRows.total(sums, parts: blocks.count == 0 ? 0 : parts, weight)
  }

  // MARK: - Sharing

  /// What a thread works on.
  struct Share {
    let all: ConvolutionBlocks
    let index: Int
    let range: Range<Int>
  }

  /// Calls `body` with shares of the work and memory for each.
  private func run(
    _ blocks: ConvolutionBlocks, parts: Int? = nil,
    _ body: (_ share: Share, _ scratch: ConvolutionScratch) -> Void
  ) throws(MemoryProblem) {
    let parts = parts ?? max(1, min(16, blocks.count))
    try Failure.run(parts: parts) { part throws(MemoryProblem) in
      let range = blocks.count * part / parts..<blocks.count * (part + 1) / parts
      let scratch = try ConvolutionScratch(blocks)
      defer { withExtendedLifetime(scratch) {} }
      body(Share(all: blocks, index: part, range: range), scratch)
    }
  }
}

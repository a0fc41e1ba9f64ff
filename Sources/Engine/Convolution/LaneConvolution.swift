// Convolutions of many images with few channels: sixteen images at once, a lane of a vector for each.
// Nothing is unrolled into columns; images are turned round once on the way in and once on the way out.

/// How a convolution is cut for `LaneLoops`: blocks of sixteen images.
struct LaneConvolution {
  /// What a block may always take: as much as stays in a core's second cache.
  private static let smallBlock = 3 << 18
  /// What it may take, and its sums for the weight, where an element that is moved is part of enough
  /// products. Measured beside columns, from 8 × 8 to 64 × 64 elements and 1 to 128 channels.
  private static let (largeBlock, largeSums, products) = (1 << 25, 3 << 21, 32)

  private let shape: Convolution
  /// Blocks of sixteen images.
  private let blocks: Int

  /// nil where columns and products are ahead: few images, large blocks, few windows in a row.
  init?(_ shape: Convolution, _ dtype: DType, toImages: Bool = false) {
    (self.shape, blocks) = (shape, (shape.images + LaneLoops.images - 1) / LaneLoops.images)
    let (v, h) = (shape.vertical, shape.horizontal)
    guard dtype == .f32, LaneVectors.areFast, !shape.isPointwise,
      5 * shape.images >= 3 * blocks * LaneLoops.images, v.count > 0,
      h.count >= 4, !toImages || h.size / h.stride >= 4
    else { return nil }
    let sizes = [shape.inputs, shape.outputs, shape.area, shape.places, shape.kernel]
    guard sizes.allSatisfy({ 0 < $0 && $0 < 1 << 20 }), shape.inputs * shape.area >= 16,
      shape.outputs * shape.places >= 16
    else { return nil }
    guard isAhead else { return nil }
  }

  private var isAhead: Bool {
    let sums = shape.outputs * shape.taps
    let vectors = LaneGrid(seenBy: shape).count + LaneGrid(givenTo: shape).count + sums
    let bytes = vectors * LaneGrid.bytes
    if bytes <= LaneConvolution.smallBlock { return true }
    let moved = shape.inputs * shape.area + shape.outputs * shape.places
    return bytes <= LaneConvolution.largeBlock
      && sums * LaneGrid.bytes <= LaneConvolution.largeSums
      && shape.places * sums >= LaneConvolution.products * moved
  }

  // MARK: - The three sums

  /// y = x ∗ w
  func forward(_ x: Buffer, _ weight: Buffer, _ y: Buffer) throws(MemoryProblem) {
    let seen = LaneGrid(seenBy: shape)
    let sums = try LaneSums(LaneTaps(of: shape, seen), shape, weight)
    try run([sums], x, seen, y, count: shape.outputs * shape.places)
  }

  /// x = Σ over the windows of y that see it of w · y
  func toImages(_ y: Buffer, _ weight: Buffer, _ x: Buffer) throws(MemoryProblem) {
    let given = LaneGrid(givenTo: shape)
    // Elements that lie a stride apart are seen at the same places of windows.
    var phases: [LaneSums] = []
    for down in 0..<min(shape.vertical.stride, shape.vertical.size) {
      for across in 0..<shape.horizontal.stride {
        let taps = LaneTaps(of: shape, given, seenFrom: down, across)
        phases.append(try LaneSums(taps, shape, weight))
      }
    }
    try run(phases, y, given, x, count: shape.inputs * shape.area)
  }

  /// y = the sums of what the grid holds of x; so many elements of each image.
  private func run(
    _ sums: [LaneSums], _ x: Buffer, _ grid: LaneGrid, _ y: Buffer, count: Int
  ) throws(MemoryProblem) {
    let places = try grid.places()
    try run { range, _ throws(MemoryProblem) in
      let (source, result) = (try grid.memory(), try LaneGrid.memory(count))
      for block in range {
        if Interrupts.isRequested { return }
        gather(x, block, source, places)
        for part in sums { part.run(result, source) }
        scatter(result, y, block, count)
      }
    }
  }

  /// w = Σ over all windows of y · what the window sees of x
  func toWeight(_ x: Buffer, _ y: Buffer, _ weight: Buffer) throws(MemoryProblem) {
    let (seen, given) = (LaneGrid(seenBy: shape), LaneGrid(madeBy: shape))
    let places = (try seen.places(), try given.places())
    let taps = LaneTaps(of: shape, seen)
    // Whole tiles of four.
    let width = (taps.all.count + 3) / 4 * 4
    let offsets = try LaneGrid.table(
      taps.all.map(\.offset) + Array(repeating: 0, count: width - taps.all.count))
    let windows = LaneSums.windows(shape, seen, taps: width)
    let parts = partCount
    let sums = try Buffer(.f32, count: parts * shape.outputs * width)
    try run { range, part throws(MemoryProblem) in
      let (source, makes) = (try seen.memory(), try given.memory())
      let lanes = try LaneGrid.memory(shape.outputs * width)
      LaneGrid.clear(lanes)
      for block in range {
        if Interrupts.isRequested { return }
        gather(x, block, source, places.0)
        gather(y, block, makes, places.1)
        LaneVectors.weights(
          windows, lanes.address, makes.address, source.address, offsets.pointer(as: Int.self))
      }
      LaneLoops.totals(
        sums.pointer(as: Float.self) + part * shape.outputs * width, lanes.address,
        shape.outputs * width)
    }
    let (from, total) = (sums.pointer(as: Float.self), weight.pointer(as: Float.self))
    for output in 0..<shape.outputs {
      for (index, tap) in taps.all.enumerated() {
        var sum: Float = 0
        for part in 0..<parts { sum += from[(part * shape.outputs + output) * width + index] }
        total[shape.weight(output, tap.channel, tap.place)] = sum
      }
    }
    withExtendedLifetime(sums) {}
  }

  // MARK: - Blocks

  private var partCount: Int { max(1, min(16, blocks)) }

  /// Calls `body` with ranges of blocks, shared by threads, and the number of each.
  private func run(
    _ body: (_ blocks: Range<Int>, _ part: Int) throws(MemoryProblem) -> Void
  ) throws(MemoryProblem) {
    let parts = partCount
    try Failure.run(parts: parts) { part throws(MemoryProblem) in
      try body(blocks * part / parts..<blocks * (part + 1) / parts, part)
    }
  }

  private func images(of block: Int) -> Range<Int> {
    let first = block * LaneLoops.images
    return first..<min(shape.images, first + LaneLoops.images)
  }

  /// Images to lanes; places are those of an image's elements.
  private func gather(_ x: Buffer, _ block: Int, _ lanes: Buffer, _ places: Buffer) {
    let (images, count) = (images(of: block), places.count)
    LaneVectors.gather(
      lanes.address, x.pointer(as: Float.self) + images.lowerBound * count, images: images.count,
      step: count, count: count, places.pointer(as: Int.self))
  }

  /// Lanes to images, of so many elements each.
  private func scatter(_ lanes: Buffer, _ y: Buffer, _ block: Int, _ count: Int) {
    let images = images(of: block)
    LaneVectors.scatter(
      lanes.address, y.pointer(as: Float.self) + images.lowerBound * count, images: images.count,
      step: count, count: count)
  }
}

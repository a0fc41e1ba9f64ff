// How the work of a convolution is cut: by shape and element type alone.

import Synchronization

/// The pieces of a convolution.
struct ConvolutionBlocks: Sendable {
  /// Some images, or some rows of windows of one image.
  struct Part {
    let images: Range<Int>
    let rows: Range<Int>
    /// Windows of all of its images together.
    let width: Int
  }

  let shape: Convolution
  let elementSize: Int
  let imagesABlock: Int
  let rowsABlock: Int
  /// Blocks of an image, of which several in a block are one.
  let bands: Int
  private let groups: Int
  /// Pieces that know nothing of each other: blocks, or images (or groups of their channels), whose
  /// blocks are worked on in order.
  let count: Int

  /// - Parameter groups: how many parts of an image's channels are told apart; nil for blocks.
  init(_ shape: Convolution, _ dtype: DType, groups: Int? = nil) {
    self.shape = shape
    elementSize = dtype.size
    (imagesABlock, rowsABlock) = shape.block(elementSize: dtype.size)
    bands = (shape.vertical.count + rowsABlock - 1) / rowsABlock
    self.groups = groups ?? 0
    let images = (shape.images + imagesABlock - 1) / imagesABlock
    count = images * (groups ?? bands)
  }

  /// Windows of the largest block.
  var width: Int { imagesABlock * rowsABlock * shape.horizontal.count }

  func part(_ block: Int) -> Part {
    let first = block / bands * imagesABlock
    let images = first..<min(shape.images, first + imagesABlock)
    let row = block % bands * rowsABlock
    let rows = row..<min(shape.vertical.count, row + rowsABlock)
    return Part(
      images: images, rows: rows, width: images.count * rows.count * shape.horizontal.count)
  }

  // MARK: - Pieces of images

  func images(_ piece: Int) -> Range<Int> { part(piece / groups * bands).images }

  func channels(_ piece: Int) -> Range<Int> {
    let group = piece % groups
    return shape.inputs * group / groups..<shape.inputs * (group + 1) / groups
  }

  func blocks(of piece: Int) -> Range<Int> {
    let image = piece / groups
    return image * bands..<(image + 1) * bands
  }

  /// The channels of the largest piece.
  var mostChannels: Int { groups == 0 ? 0 : (shape.inputs + groups - 1) / groups }
}

/// What a thread could not get memory for.
final class Failure: Sendable {
  private let first = Mutex<MemoryProblem?>(nil)

  /// Shares parts of work that may find no memory; throws what the first of them lacked.
  static func run(
    parts: Int, _ body: (_ part: Int) throws(MemoryProblem) -> Void
  ) throws(MemoryProblem) {
    let failure = Failure()
    ThreadPool.shared.run(parts: parts) { part in
      do throws(MemoryProblem) { try body(part) } catch { failure.note(error) }
    }
    if let problem = failure.first.withLock({ $0 }) { throw problem }
  }

  private func note(_ problem: MemoryProblem) { first.withLock { $0 = $0 ?? problem } }
}

// A product and the loop over its elements, as bias and activation or an optimizer's update, part by
// part: what a thread made of the product is in its caches when its loop reads it.

/// A matrix product with the fused loop that follows it.
package final class ProductLoop: Sendable {
  package let sizes: MatrixProduct.Sizes
  package let program: TileProgram
  package let isDouble: Bool
  private let (left, right, result): (Int, Int, Int)

  /// `program` goes over the elements of the product in their order; operands are addresses.
  package init(
    _ sizes: MatrixProduct.Sizes, isDouble: Bool, left: Int, right: Int, result: Int,
    _ builder: TileBuilder
  ) {
    (self.sizes, self.isDouble) = (sizes, isDouble)
    (self.left, self.right, self.result) = (left, right, result)
    program = builder.build(threads: sizes.parts.count)
  }

  /// Whether a product is shared by threads, and in parts that a loop can follow: its sums, if it
  /// has some, must be of columns that one part holds.
  package static func suits(_ sizes: MatrixProduct.Sizes, _ order: TileOrder, hasSums: Bool) -> Bool
  {
    let (parts, isByColumns) = sizes.parts
    guard parts > 1, sizes.wantsLibrary else { return false }
    // Parts of rows of vectors of 64 bytes do not share one, and are worth a loop of their own.
    if isByColumns, sizes.n % 16 != 0 || sizes.range(0, of: parts, sizes.n).count < 128 {
      return false
    }
    switch order {
    case .flat: return !hasSums
    case .columns(let width): return isByColumns && width == sizes.n
    case .rows: return false
    }
  }

  /// `addresses` and `scratch` as for the program.
  package func run(
    _ addresses: UnsafePointer<UnsafeMutableRawPointer>, scratch: UnsafeMutableRawPointer
  ) {
    program.prepareBlocks(addresses, scratch: scratch)
    MatrixProduct.multiply(
      addresses[left], addresses[right], addresses[result], sizes, isDouble: isDouble
    ) { part, rows, columns in
      program.runBlock(
        part, rows: rows, columns: columns, of: sizes.n, addresses, scratch: scratch)
    }
  }
}

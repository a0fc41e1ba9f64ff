// Many products of matrices of the same sizes, one after the other in memory or at other distances.

/// Pairs of matrices along some axes, and where the matrices of each pair begin.
package final class BatchProduct: Sendable {
  /// An axis of the batch, with its steps in the operands' memory; 0 where one is stretched.
  package struct Axis: Equatable, Sendable {
    package let count: Int
    package let left: Int
    package let right: Int

    package init(count: Int, left: Int, right: Int) {
      (self.count, self.left, self.right) = (count, left, right)
    }
  }

  package let sizes: MatrixProduct.Sizes
  package let axes: [Axis]
  package let count: Int

  package init(_ sizes: MatrixProduct.Sizes, _ axes: [Axis]) {
    (self.sizes, self.axes) = (sizes, axes)
    count = axes.reduce(1) { $0 * $1.count }
  }

  /// Multiplications of all products together.
  package var work: Double {
    Double(count) * Double(sizes.m) * Double(sizes.n) * Double(sizes.k)
  }

  /// C[i] = A[i] · B[i] for every i of the batch; the matrices of C lie one after the other. Small
  /// products are shared by threads pair by pair, as shape and element type tell.
  package func multiply(
    _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ c: UnsafeMutableRawPointer, isDouble: Bool
  ) {
    let parts = work < 0x1p16 ? 1 : min(count, 16)
    let isAlone = parts == 1 || work / Double(count) > 0x1p24
    if isAlone { return multiply(0..<count, a, b, c, isDouble, isAlone: true) }
    ThreadPool.shared.run(parts: parts) { part in
      let pairs = count * part / parts..<count * (part + 1) / parts
      multiply(pairs, a, b, c, isDouble, isAlone: false)
    }
  }

  private func multiply(
    _ pairs: Range<Int>, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer,
    _ c: UnsafeMutableRawPointer, _ isDouble: Bool, isAlone: Bool
  ) {
    let size = isDouble ? 8 : 4
    var work = Work()
    for pair in pairs {
      var (rest, left, right) = (pair, 0, 0)
      for axis in axes.reversed() {
        let place = rest % axis.count
        rest /= axis.count
        left += place * axis.left
        right += place * axis.right
      }
      MatrixProduct.multiply(
        a + left * size, b + right * size, c + pair * sizes.m * sizes.n * size, sizes,
        isDouble: isDouble, isAlone: isAlone)
      if work.isOver(after: sizes.m * (sizes.n + sizes.k)) { return }
    }
  }
}

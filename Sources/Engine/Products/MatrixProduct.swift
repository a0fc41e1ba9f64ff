// Matrix products, block by block: by loops of our own, or by OpenBLAS on one thread.

import COpenBLAS

package enum MatrixProduct {
  /// Why there are no products of more than a few elements, nil where there are; loads OpenBLAS when
  /// it is first asked. Operators whose kernels need them ask while they are recorded.
  package static var problem: String? { openblas_problem().map { String(cString: $0) } }

  /// What a product is of: C[m, n] = A[m, k] · B[k, n]. All sizes and distances are at most
  /// `Int32.max`, but for m.
  package struct Sizes: Equatable, Sendable {
    package var m: Int
    package var n: Int
    package var k: Int
    /// Whether A lies in memory as [k, m].
    package var isLeftTransposed: Bool
    /// Whether B lies in memory as [n, k].
    package var isRightTransposed: Bool
    /// Elements from one line of A in memory to the next, of B, and of C.
    package var leftWidth: Int
    package var rightWidth: Int
    package var resultWidth: Int

    /// Without widths operands and result are contiguous.
    package init(
      m: Int, n: Int, k: Int, isLeftTransposed: Bool = false, isRightTransposed: Bool = false,
      leftWidth: Int? = nil, rightWidth: Int? = nil, resultWidth: Int? = nil
    ) {
      (self.m, self.n, self.k) = (m, n, k)
      (self.isLeftTransposed, self.isRightTransposed) = (isLeftTransposed, isRightTransposed)
      self.leftWidth = leftWidth ?? (isLeftTransposed ? m : k)
      self.rightWidth = rightWidth ?? (isRightTransposed ? k : n)
      self.resultWidth = resultWidth ?? n
    }

    /// Whether the library makes the product.
    package var wantsLibrary: Bool { m > 0 && n > 0 && k > 0 && !SmallProduct.takes(self) }

    /// Halves the largest size until a block takes no more than some 10 ms: multiplications, and
    /// elements, which come from memory, at the price of 32.
    fileprivate func block(_ isDouble: Bool) -> Sizes {
      var block = self
      let most = isDouble ? 0x1p28 : 0x1p29
      while block.cost > most {
        if block.m >= max(block.n, block.k) {
          block.m = (block.m + 1) / 2
        } else if block.n >= block.k {
          block.n = (block.n + 1) / 2
        } else {
          block.k = (block.k + 1) / 2
        }
      }
      return block
    }

    /// Into how many parts, along which side, a product is cut for threads.
    var parts: (count: Int, isByColumns: Bool) {
      let work = Double(m) * Double(n) * Double(k)
      // The gradient of weights falls into rows, as the loop that updates them does.
      let isByColumns = isLeftTransposed ? n > m : n >= m
      let most = (isByColumns ? n : m) / 32
      let wanted = work < 0x1p18 ? 1 : (work < 0x1p28 ? 2 : 4)
      return (max(1, min(wanted, most)), isByColumns)
    }

    /// A part of a side, in multiples of 32.
    func range(_ part: Int, of parts: Int, _ side: Int) -> Range<Int> {
      let step = ((side + parts - 1) / parts + 31) / 32 * 32
      return min(side, part * step)..<min(side, (part + 1) * step)
    }

    private var cost: Double {
      let (m, n, k) = (Double(m), Double(n), Double(k))
      return m * n * k + 32 * (m * k + k * n + m * n)
    }
  }

  /// C = A · B at element offsets of buffers.
  package static func multiply(
    _ a: Buffer, _ aOffset: Int, _ b: Buffer, _ bOffset: Int, _ c: Buffer, _ cOffset: Int,
    m: Int, n: Int, k: Int
  ) {
    let size = c.dtype.size
    multiply(
      a.address + aOffset * size, b.address + bOffset * size, c.address + cOffset * size,
      Sizes(m: m, n: n, k: k), isDouble: c.dtype == .f64)
  }

  /// C = A · B, or C += A · B where it adds.
  ///
  /// A call of the library cannot be interrupted, so large products are made in blocks; and they
  /// are shared by threads, where they are no part of shared work. All of this depends on shape and
  /// element type only.
  package static func multiply(
    _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ c: UnsafeMutableRawPointer, _ sizes: Sizes,
    isDouble: Bool, isAlone: Bool = true, adds: Bool = false
  ) {
    let (m, n) = (sizes.m, sizes.n)
    guard m > 0, n > 0 else { return }
    if sizes.k == 0 { return adds ? () : clear(c, sizes, isDouble: isDouble) }
    if SmallProduct.takes(sizes) {
      return SmallProduct.multiply(a, b, c, sizes, isDouble: isDouble, adds: adds)
    }
    let (parts, isByColumns) = isAlone ? sizes.parts : (1, false)
    if parts == 1 { return multiply(a, b, c, sizes, (0..<m, 0..<n), isDouble, adds: adds) }
    ThreadPool.shared.run(parts: parts) { part in
      let range = sizes.range(part, of: parts, isByColumns ? n : m)
      multiply(a, b, c, sizes, isByColumns ? (0..<m, range) : (range, 0..<n), isDouble, adds: adds)
    }
  }

  /// C = 0
  private static func clear(_ c: UnsafeMutableRawPointer, _ sizes: Sizes, isDouble: Bool) {
    let size = isDouble ? 8 : 4
    for row in 0..<sizes.m {
      (c + row * sizes.resultWidth * size).initializeMemory(
        as: UInt8.self, repeating: 0, count: sizes.n * size)
    }
  }

  /// C = A · B, where each part is handed on by the thread that made it: `body` gets its number, its
  /// rows and its columns.
  static func multiply(
    _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ c: UnsafeMutableRawPointer, _ sizes: Sizes,
    isDouble: Bool, then body: (_ part: Int, _ rows: Range<Int>, _ columns: Range<Int>) -> Void
  ) {
    let (m, n) = (sizes.m, sizes.n)
    let (parts, isByColumns) = sizes.parts
    ThreadPool.shared.run(parts: parts) { part in
      let range = sizes.range(part, of: parts, isByColumns ? n : m)
      guard !range.isEmpty else { return }
      let (rows, columns) = isByColumns ? (0..<m, range) : (range, 0..<n)
      multiply(a, b, c, sizes, (rows, columns), isDouble)
      body(part, rows, columns)
    }
  }

  /// Some rows and columns of C, block by block.
  private static func multiply(
    _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ c: UnsafeMutableRawPointer, _ sizes: Sizes,
    _ region: (rows: Range<Int>, columns: Range<Int>), _ isDouble: Bool, adds: Bool = false
  ) {
    let size = isDouble ? 8 : 4
    var all = sizes
    (all.m, all.n) = (region.rows.count, region.columns.count)
    let block = all.block(isDouble)
    for row in stride(from: region.rows.lowerBound, to: region.rows.upperBound, by: block.m) {
      for column in stride(
        from: region.columns.lowerBound, to: region.columns.upperBound, by: block.n)
      {
        for inner in stride(from: 0, to: sizes.k, by: block.k) {
          var part = sizes
          part.m = min(block.m, region.rows.upperBound - row)
          part.n = min(block.n, region.columns.upperBound - column)
          part.k = min(block.k, sizes.k - inner)
          let (lead, width) = (sizes.leftWidth, sizes.rightWidth)
          let left = sizes.isLeftTransposed ? inner * lead + row : row * lead + inner
          let right = sizes.isRightTransposed ? column * width + inner : inner * width + column
          multiply(
            part, of: sizes, a + left * size, b + right * size,
            c + (row * sizes.resultWidth + column) * size, adds: adds || inner > 0,
            isDouble: isDouble)
          if block != all, Interrupts.isRequested { return }
        }
      }
    }
  }

  /// C (+)= A · B for blocks of the matrices of a whole product.
  private static func multiply(
    _ block: Sizes, of whole: Sizes, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer,
    _ c: UnsafeMutableRawPointer, adds: Bool, isDouble: Bool
  ) {
    if !isDouble, PanelProduct.takes(block) {
      return PanelProduct.multiply(
        block, a.assumingMemoryBound(to: Float.self), b.assumingMemoryBound(to: Float.self),
        c.assumingMemoryBound(to: Float.self), adds: adds)
    }
    let (m, n, k) = (Int32(block.m), Int32(block.n), Int32(block.k))
    let left = whole.isLeftTransposed ? CblasTrans : CblasNoTrans
    let right = whole.isRightTransposed ? CblasTrans : CblasNoTrans
    let (leftWidth, rightWidth) = (Int32(whole.leftWidth), Int32(whole.rightWidth))
    if isDouble {
      cblas_dgemm(
        CblasRowMajor, left, right, m, n, k, 1, a.assumingMemoryBound(to: Double.self), leftWidth,
        b.assumingMemoryBound(to: Double.self), rightWidth, adds ? 1 : 0,
        c.assumingMemoryBound(to: Double.self), Int32(whole.resultWidth))
    } else {
      cblas_sgemm(
        CblasRowMajor, left, right, m, n, k, 1, a.assumingMemoryBound(to: Float.self), leftWidth,
        b.assumingMemoryBound(to: Float.self), rightWidth, adds ? 1 : 0,
        c.assumingMemoryBound(to: Float.self), Int32(whole.resultWidth))
    }
  }
}

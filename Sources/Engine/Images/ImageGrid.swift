// Several pictures side by side in one.

/// Pictures of one size in rows of so many, with a gap of zeros between them.
package struct ImageGrid: Sendable {
  package let (count, planes, height, width): (Int, Int, Int, Int)
  package let (columns, gap): (Int, Int)

  /// - Parameters:
  ///   - count: pictures, each of `planes` planes of height · width elements.
  ///   - gap: elements between two pictures.
  package init(count: Int, planes: Int, height: Int, width: Int, columns: Int, gap: Int) {
    (self.count, self.planes, self.height, self.width) = (count, planes, height, width)
    (self.columns, self.gap) = (min(columns, max(1, count)), gap)
  }

  private var rows: Int { (count + columns - 1) / columns }

  /// Height and width of the result; nil where they do not fit any memory.
  package var size: (height: Int, width: Int)? {
    let (high, overflow) = (height + gap).multipliedReportingOverflow(by: rows)
    let (wide, overflows) = (width + gap).multipliedReportingOverflow(by: columns)
    return overflow || overflows ? nil : (max(0, high - gap), max(0, wide - gap))
  }

  /// y [planes, size] = the pictures x [count, planes, height, width], any element type.
  package func run(_ x: Buffer, _ y: Buffer) {
    guard let size else { return }
    let bytes = x.dtype.size
    precondition(x.count == count * planes * height * width)
    precondition(y.count == planes * size.height * size.width && y.dtype == x.dtype)
    y.address.initializeMemory(as: UInt8.self, repeating: 0, count: y.count * bytes)
    for index in 0..<count {
      let (top, left) = (index / columns * (height + gap), index % columns * (width + gap))
      for plane in 0..<planes {
        for row in 0..<height {
          let from = ((index * planes + plane) * height + row) * width
          let to = (plane * size.height + top + row) * size.width + left
          (y.address + to * bytes).copyMemory(
            from: x.address + from * bytes, byteCount: width * bytes)
        }
      }
    }
  }
}

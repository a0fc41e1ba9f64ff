// Pictures of another size.

/// Planes of one size made to another with a triangle as filter: linear between pixels where the result
/// is larger, the weighted mean of all that a pixel covers where it is smaller (Pillow's BILINEAR).
package struct ImageResize: Sendable {
  package let (planes, height, width): (Int, Int, Int)
  package let (newHeight, newWidth): (Int, Int)

  package init(planes: Int, height: Int, width: Int, newHeight: Int, newWidth: Int) {
    (self.planes, self.height, self.width) = (planes, height, width)
    (self.newHeight, self.newWidth) = (newHeight, newWidth)
  }

  /// What one place of the result is made of: elements from `first`, their shares sum to 1.
  private struct Taps {
    let first: Int
    let shares: [Double]
  }

  private static func taps(_ count: Int, _ new: Int) -> [Taps] {
    let scale = Double(count) / Double(new)
    let reach = max(1, scale)
    return (0..<new).map { place in
      let middle = (Double(place) + 0.5) * scale
      let first = max(0, Int((middle - reach + 0.5).rounded(.down)))
      let end = min(count, Int((middle + reach + 0.5).rounded(.down)))
      var shares = (first..<end).map { max(0, 1 - abs((Double($0) + 0.5 - middle) / reach)) }
      let sum = shares.reduce(0, +)
      for index in shares.indices { shares[index] /= sum }
      return Taps(first: first, shares: shares)
    }
  }

  /// y [planes, newHeight, newWidth] = x [planes, height, width]; both f32 or both f64, sums in f64.
  package func run(_ x: Buffer, _ y: Buffer) {
    precondition(x.count == planes * height * width && y.count == planes * newHeight * newWidth)
    let (across, down) = (Self.taps(width, newWidth), Self.taps(height, newHeight))
    if x.dtype == .f32 {
      run(x, y, across, down, Float.self)
    } else {
      run(x, y, across, down, Double.self)
    }
  }

  private func run<T: TileScalar>(
    _ x: Buffer, _ y: Buffer, _ across: [Taps], _ down: [Taps], _: T.Type
  ) {
    let (source, target) = (UnsafePointer(x.pointer(as: T.self)), y.pointer(as: T.self))
    Work.rows(planes, of: (height + newHeight) * newWidth * 4) { range in
      // The rows of a plane, made as wide as the result.
      var lines = [Double](repeating: 0, count: height * newWidth)
      var done = Work()
      for plane in range {
        narrow(source + plane * height * width, &lines, across)
        let result = target + plane * newHeight * newWidth
        for row in 0..<newHeight {
          for column in 0..<newWidth {
            var sum = 0.0
            for (index, share) in down[row].shares.enumerated() {
              sum += share * lines[(down[row].first + index) * newWidth + column]
            }
            result[row * newWidth + column] = T(sum)
          }
        }
        if done.isOver(after: height * width + newHeight * newWidth) { return }
      }
    }
  }

  @inline(__always)
  private func narrow<T: TileScalar>(
    _ x: UnsafePointer<T>, _ lines: inout [Double], _ across: [Taps]
  ) {
    for row in 0..<height {
      for column in 0..<newWidth {
        var sum = 0.0
        for (index, share) in across[column].shares.enumerated() {
          sum += share * Double(x[row * width + across[column].first + index])
        }
        lines[row * newWidth + column] = sum
      }
    }
  }
}

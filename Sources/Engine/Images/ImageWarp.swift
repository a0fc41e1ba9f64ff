// Pictures shifted, turned and stretched: every pixel of the result is looked up in the source.

/// Planes of height · width elements, mapped by one map a picture.
package struct ImageWarp: Sendable {
  /// Where the pixel (y, x) of the result comes from: (yy · y + yx · x + y0, xy · y + xx · x + x0).
  package struct Map: Sendable {
    package var (yy, yx, y0): (Double, Double, Double)
    package var (xy, xx, x0): (Double, Double, Double)

    /// A turn by an angle (against the clock as the picture is looked at) and a magnification about the
    /// middle of a picture, then a shift down and to the right; before that its mirror image, if wanted.
    package init(
      height: Int, width: Int, cosine: Double, sine: Double, zoom: Double, down: Double,
      right: Double, isMirrored: Bool
    ) {
      let (cy, cx) = (Double(height - 1) / 2, Double(width - 1) / 2)
      let (c, s) = (cosine / zoom, sine / zoom)
      let side = isMirrored ? -1.0 : 1
      (yy, yx) = (c, s)
      (xy, xx) = (-s * side, c * side)
      y0 = cy - yy * (cy + down) - yx * (cx + right)
      x0 = cx - xy * (cy + down) - xx * (cx + right)
    }
  }

  package let (planes, height, width): (Int, Int, Int)

  package init(planes: Int, height: Int, width: Int) {
    (self.planes, self.height, self.width) = (planes, height, width)
  }

  /// y = x mapped, one map for each picture of `planes` planes: bilinear between the four pixels around
  /// a place, zero outside. Both f32 or both f64.
  package func run(_ x: Buffer, _ y: Buffer, _ maps: [Map]) {
    precondition(x.count == maps.count * planes * height * width && y.count == x.count)
    if x.dtype == .f32 { run(x, y, maps, Float.self) } else { run(x, y, maps, Double.self) }
  }

  private func run<T: TileScalar>(_ x: Buffer, _ y: Buffer, _ maps: [Map], _: T.Type) {
    let area = height * width
    let (source, target) = (UnsafePointer(x.pointer(as: T.self)), y.pointer(as: T.self))
    Work.rows(maps.count, of: planes * area * 8) { pictures in
      var done = Work()
      for picture in pictures {
        let start = picture * planes * area
        warp(source + start, target + start, maps[picture])
        if done.isOver(after: planes * area * 8) { return }
      }
    }
  }

  @inline(__always)
  private func warp<T: TileScalar>(_ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ map: Map)
  {
    let area = height * width
    for row in 0..<height {
      for column in 0..<width {
        let py = map.yy * Double(row) + map.yx * Double(column) + map.y0
        let px = map.xy * Double(row) + map.xx * Double(column) + map.x0
        let place = row * width + column
        guard py > -1, px > -1, py < Double(height), px < Double(width) else {
          for plane in 0..<planes { y[plane * area + place] = T(0) }
          continue
        }
        let (top, left) = (Int(py.rounded(.down)), Int(px.rounded(.down)))
        let (fy, fx) = (T(py - Double(top)), T(px - Double(left)))
        for plane in 0..<planes {
          let at = x + plane * area
          let upper = mixed(at, top, left, fx)
          let lower = mixed(at, top + 1, left, fx)
          y[plane * area + place] = upper + fy * (lower - upper)
        }
      }
    }
  }

  /// Between two pixels of a row; 0 outside of the picture.
  @inline(__always)
  private func mixed<T: TileScalar>(_ x: UnsafePointer<T>, _ row: Int, _ column: Int, _ share: T)
    -> T
  {
    guard row >= 0, row < height else { return T(0) }
    let left = column >= 0 ? x[row * width + column] : T(0)
    let right = column + 1 < width ? x[row * width + column + 1] : T(0)
    return left + share * (right - left)
  }
}

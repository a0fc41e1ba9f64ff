// Pools: the largest element or the mean of what windows see, and what they hand back.

/// Windows over planes of height · width elements.
package struct Pooling: Hashable, Sendable {
  package let planes: Int
  package let vertical: WindowAxis
  package let horizontal: WindowAxis

  package init(planes: Int, _ vertical: WindowAxis, _ horizontal: WindowAxis) {
    (self.planes, self.vertical, self.horizontal) = (planes, vertical, horizontal)
  }

  var area: Int { vertical.size * horizontal.size }
  var places: Int { vertical.count * horizontal.count }
  /// Elements that all windows of a plane look at together.
  fileprivate var work: Int {
    let (product, overflow) = places.multipliedReportingOverflow(
      by: vertical.kernel * horizontal.kernel)
    return overflow ? 1 << 40 : min(1 << 40, product)
  }

  /// y[window] = the largest element that it sees; NaN where there is one.
  package func largest(_ x: Buffer, _ y: Buffer) throws(MemoryProblem) {
    if isOfPairs, x.dtype == .f32 { return largestOfPairs(x, y) }
    // Rows of the largest elements down, one for each plane that is worked on.
    let line = horizontal.size + horizontal.before + horizontal.after
    let lines = try Buffer(x.dtype, count: line * min(planes, 16) + 16)
    defer { withExtendedLifetime(lines) {} }
    if x.dtype == .f32 {
      largest(x, y, lines, line, Float.self)
    } else {
      largest(x, y, lines, line, Double.self)
    }
  }

  /// z[window] = the element of y where the first of the largest elements of x that it sees is.
  package func chosen(_ x: Buffer, _ y: Buffer, _ z: Buffer) {
    if x.dtype == .f32 { chosen(x, y, z, Float.self) } else { chosen(x, y, z, Double.self) }
  }

  /// y = 0 but where a window's first of the largest elements of x is: there the sum of its g.
  package func returned(_ x: Buffer, _ g: Buffer, _ y: Buffer) {
    if isOfPairs, x.dtype == .f32 { return returnedOfPairs(x, g, y) }
    if x.dtype == .f32 { returned(x, g, y, Float.self) } else { returned(x, g, y, Double.self) }
  }

  /// y[window] = the mean of what it sees; the padding counts as zeros.
  package func mean(_ x: Buffer, _ y: Buffer) {
    if x.dtype == .f32 { mean(x, y, Float.self) } else { mean(x, y, Double.self) }
  }

  /// y = for every element the sum of the g of the windows that see it, divided by their size.
  package func spread(_ g: Buffer, _ y: Buffer) {
    if g.dtype == .f32 { spread(g, y, Float.self) } else { spread(g, y, Double.self) }
  }

  // MARK: - Planes

  /// Calls `body` for every plane, with the part of the work that it belongs to.
  @inline(__always)
  func forEachPlane(_ body: (_ part: Int, _ plane: Int) -> Void) {
    let parts = planes > 1 && planes * work >= 1 << 14 ? min(planes, 16) : 1
    ThreadPool.shared.run(parts: parts) { part in
      var done = Work()
      for plane in planes * part / parts..<planes * (part + 1) / parts {
        body(part, plane)
        if done.isOver(after: work) { return }
      }
    }
  }

  /// Calls `body` with the elements of a plane that a window sees, in order.
  @inline(__always)
  private func forEachElement(_ down: Int, _ across: Int, _ body: (_ element: Int) -> Void) {
    let (rows, columns) = (vertical.inside(down), horizontal.inside(across))
    let top = down * vertical.stride - vertical.before
    let left = across * horizontal.stride - horizontal.before
    for row in rows {
      let start = (top + row * vertical.dilation) * horizontal.size + left
      for column in columns { body(start + column * horizontal.dilation) }
    }
  }

  /// Down first, row by row, which is vectorised, then across.
  @inline(__always)
  private func largest<T: TileScalar>(
    _ x: Buffer, _ y: Buffer, _ lines: Buffer, _ line: Int, _: T.Type
  ) {
    forEachPlane { part, plane in
      let source = UnsafePointer(x.pointer(as: T.self)) + plane * area
      let target = y.pointer(as: T.self) + plane * places
      let row = lines.pointer(as: T.self) + part * line
      for i in 0..<line { row[i] = -.infinity }
      for down in 0..<vertical.count {
        let top = down * vertical.stride - vertical.before
        let to = row + horizontal.before
        let rows = vertical.inside(down)
        if rows.isEmpty { to.update(repeating: -.infinity, count: horizontal.size) }
        for place in rows {
          let from = source + (top + place * vertical.dilation) * horizontal.size
          if place == rows.lowerBound {
            to.update(from: from, count: horizontal.size)
          } else {
            Pooling.larger(to, from, horizontal.size)
          }
        }
        let result = target + down * horizontal.count
        for across in 0..<horizontal.count {
          let first = row + across * horizontal.stride
          var best = first[0]
          for place in 1..<max(1, horizontal.kernel) {
            let other = first[place * horizontal.dilation]
            best = other > best || other != other ? other : best
          }
          result[across] = best
        }
      }
    }
  }

  /// x = the larger of x and y, element by element.
  @inline(__always)
  private static func larger<T: TileScalar>(
    _ x: UnsafeMutablePointer<T>, _ y: UnsafePointer<T>, _ count: Int
  ) {
    let whole = count / T.width * T.width
    for i in stride(from: 0, to: whole, by: T.width) {
      T.store(T.larger(T.load(x + i), T.load(y + i)), x + i)
    }
    for i in whole..<count { x[i] = y[i] > x[i] || y[i] != y[i] ? y[i] : x[i] }
  }

  /// The first of the largest elements that a window sees; the first NaN where there is one.
  @inline(__always)
  private func best<T: TileScalar>(_ x: UnsafePointer<T>, _ down: Int, _ across: Int) -> Int? {
    var best = -1
    forEachElement(down, across) { element in
      if best < 0 || x[element] > x[best] || x[element] != x[element] && x[best] == x[best] {
        best = element
      }
    }
    return best < 0 ? nil : best
  }

  @inline(__always)
  private func chosen<T: TileScalar>(_ x: Buffer, _ y: Buffer, _ z: Buffer, _: T.Type) {
    forEachPlane { _, plane in
      chosen(
        UnsafePointer(x.pointer(as: T.self)) + plane * area,
        UnsafePointer(y.pointer(as: T.self)) + plane * area,
        z.pointer(as: T.self) + plane * places)
    }
  }

  /// Of one plane.
  @inline(__always)
  func chosen<T: TileScalar>(
    _ source: UnsafePointer<T>, _ values: UnsafePointer<T>, _ target: UnsafeMutablePointer<T>
  ) {
    for down in 0..<vertical.count {
      for across in 0..<horizontal.count {
        let place = best(source, down, across)
        target[down * horizontal.count + across] = place.map { values[$0] } ?? 0
      }
    }
  }

  @inline(__always)
  private func returned<T: TileScalar>(_ x: Buffer, _ g: Buffer, _ y: Buffer, _: T.Type) {
    forEachPlane { _, plane in
      returned(
        UnsafePointer(x.pointer(as: T.self)) + plane * area,
        UnsafePointer(g.pointer(as: T.self)) + plane * places,
        y.pointer(as: T.self) + plane * area)
    }
  }

  /// Of one plane.
  @inline(__always)
  func returned<T: TileScalar>(
    _ source: UnsafePointer<T>, _ values: UnsafePointer<T>, _ target: UnsafeMutablePointer<T>
  ) {
    target.update(repeating: 0, count: area)
    for down in 0..<vertical.count {
      for across in 0..<horizontal.count {
        guard let place = best(source, down, across) else { continue }
        target[place] += values[down * horizontal.count + across]
      }
    }
  }

  @inline(__always)
  private func mean<T: TileScalar>(_ x: Buffer, _ y: Buffer, _: T.Type) {
    let share = 1 / T(vertical.kernel * horizontal.kernel)
    forEachPlane { _, plane in
      let source = UnsafePointer(x.pointer(as: T.self)) + plane * area
      let target = y.pointer(as: T.self) + plane * places
      for down in 0..<vertical.count {
        for across in 0..<horizontal.count {
          var total: T = 0
          forEachElement(down, across) { total += source[$0] }
          target[down * horizontal.count + across] = total * share
        }
      }
    }
  }

  @inline(__always)
  private func spread<T: TileScalar>(_ g: Buffer, _ y: Buffer, _: T.Type) {
    let share = 1 / T(vertical.kernel * horizontal.kernel)
    forEachPlane { _, plane in
      let values = UnsafePointer(g.pointer(as: T.self)) + plane * places
      let target = y.pointer(as: T.self) + plane * area
      target.update(repeating: 0, count: area)
      for down in 0..<vertical.count {
        for across in 0..<horizontal.count {
          let part = values[down * horizontal.count + across] * share
          forEachElement(down, across) { target[$0] += part }
        }
      }
    }
  }
}

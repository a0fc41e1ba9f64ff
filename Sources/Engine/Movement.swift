// Kernels that move elements without changing them. They work on bytes by element size, so one
// piece of code serves all element types.

package enum Movement {
  /// Calls `body` with pointers typed by the element's size.
  @inline(__always)
  private static func bySize(
    _ x: Buffer, _ y: Buffer, _ one: (UnsafePointer<UInt8>, UnsafeMutablePointer<UInt8>) -> Void,
    _ four: (UnsafePointer<UInt32>, UnsafeMutablePointer<UInt32>) -> Void,
    _ eight: (UnsafePointer<UInt64>, UnsafeMutablePointer<UInt64>) -> Void
  ) {
    switch x.dtype.size {
    case 1: one(UnsafePointer(x.pointer()), y.pointer())
    case 4: four(UnsafePointer(x.pointer()), y.pointer())
    default: eight(UnsafePointer(x.pointer()), y.pointer())
    }
  }

  /// y = x; nothing is done where both have the same memory.
  package static func copy(_ x: Buffer, _ y: Buffer) {
    precondition(x.count == y.count && x.dtype == y.dtype)
    guard x.address != y.address else { return }
    let size = x.dtype.size
    for piece in Work.pieces(x.count, of: 1 << 18) {
      (y.address + piece.lowerBound * size).copyMemory(
        from: x.address + piece.lowerBound * size, byteCount: piece.count * size)
    }
  }

  /// y[i] = x[rows[i]], each a row of `width` elements; rows are those of x.
  package static func takeRows(_ x: Buffer, _ rows: ArraySlice<Int>, width: Int, _ y: Buffer) {
    precondition(y.count == rows.count * width && x.dtype == y.dtype)
    guard width > 0 else { return }
    let limit = x.count / width
    func run<T>(_ source: UnsafePointer<T>, _ target: UnsafeMutablePointer<T>) {
      for (i, row) in rows.enumerated() {
        precondition(row >= 0 && row < limit)
        let (from, to) = (source + row * width, target + i * width)
        if width == 1 { to.pointee = from.pointee } else { to.update(from: from, count: width) }
      }
    }
    bySize(x, y, run, run, run)
  }

  /// y[result index] = x[offset + Σ index · stride]: transposes, slices, stretches, flips.
  package static func strided(
    _ x: Buffer, _ y: Buffer, _ shape: Shape, offset: Int, strides: [Int]
  ) {
    guard y.count > 0 else { return }
    let lines = Lines(shape, strides)
    func run<T>(_ source: UnsafePointer<T>, _ target: UnsafeMutablePointer<T>) {
      lines.forEach { place, start, length in
        let (from, to, step) = (source + offset + start, target + place, lines.step)
        switch step {
        case 1: to.update(from: from, count: length)
        case 0: to.update(repeating: from[0], count: length)
        default: for j in 0..<length { to[j] = from[j * step] }
        }
      }
    }
    bySize(x, y, run, run, run)
  }

  /// y[offset + Σ index · stride] = x[index]
  package static func scatterStrided(
    _ x: Buffer, _ y: Buffer, _ shape: Shape, offset: Int, strides: [Int]
  ) {
    guard x.count > 0 else { return }
    let lines = Lines(shape, strides)
    func run<T>(_ source: UnsafePointer<T>, _ target: UnsafeMutablePointer<T>) {
      lines.forEach { place, start, length in
        let (from, to, step) = (source + place, target + offset + start, lines.step)
        if step == 1 {
          to.update(from: from, count: length)
        } else {
          for j in 0..<length { to[j * step] = from[j] }
        }
      }
    }
    bySize(x, y, run, run, run)
  }

  /// y[offset + Σ index · stride] += x[index], for floats.
  package static func addStrided(
    _ x: Buffer, _ y: Buffer, _ shape: Shape, offset: Int, strides: [Int]
  ) {
    precondition(x.dtype == y.dtype && x.dtype.isFloat)
    guard x.count > 0 else { return }
    let lines = Lines(shape, strides)
    func run<T: BinaryFloatingPoint>(_: T.Type) {
      let (source, target) = (x.pointer(as: T.self), y.pointer(as: T.self))
      lines.forEach { place, start, length in
        let (from, to, step) = (source + place, target + offset + start, lines.step)
        if step == 1 {
          for j in 0..<length { to[j] += from[j] }
        } else {
          for j in 0..<length { to[j * step] += from[j] }
        }
      }
    }
    if x.dtype == .f32 { run(Float.self) } else { run(Double.self) }
  }

  /// Lines of a strided view of memory, in the order of its elements.
  private struct Lines {
    /// Axes, neighbours joined; the last one is that of the lines.
    private let sizes: [Int]
    private let steps: [Int]
    private let length: Int
    private let count: Int
    /// From one element of a line to the next.
    let step: Int

    init(_ shape: Shape, _ strides: [Int]) {
      let layout = TileLayout(sizes: shape.dims, steps: strides)
      sizes = layout.sizes.dropLast()
      steps = layout.steps.dropLast()
      length = layout.sizes.last ?? 1
      step = layout.steps.last ?? 1
      count = sizes.reduce(1, *)
    }

    /// Calls `body` with the place of a part of a line among all elements, where it begins in the
    /// strided memory, and how many elements it has. Large views are shared by threads, long lines
    /// cut.
    func forEach(_ body: (_ place: Int, _ start: Int, _ length: Int) -> Void) {
      let elements = count * length
      if elements < 1 << 15 { return run(0..<count, body) }
      if count < 16 {
        let parts = min(16, (elements + 4095) / 4096)
        return ThreadPool.shared.run(parts: parts * count) { part in
          let (line, piece) = part.quotientAndRemainder(dividingBy: parts)
          let (first, end) = (length * piece / parts, length * (piece + 1) / parts)
          run(line..<line + 1, first..<end, body)
        }
      }
      ThreadPool.shared.run(parts: 16) { part in
        run(count * part / 16..<count * (part + 1) / 16, body)
      }
    }

    private func run(_ lines: Range<Int>, _ body: (Int, Int, Int) -> Void) {
      run(lines, 0..<length, body)
    }

    /// Some lines, of each the elements of a range, in pieces.
    private func run(
      _ lines: Range<Int>, _ part: Range<Int>, _ body: (Int, Int, Int) -> Void
    ) {
      guard !lines.isEmpty, !part.isEmpty else { return }
      var index = [Int](repeating: 0, count: sizes.count)
      var (rest, start) = (lines.lowerBound, 0)
      for axis in sizes.indices.reversed() {
        index[axis] = rest % sizes[axis]
        rest /= sizes[axis]
        start += index[axis] * steps[axis]
      }
      var work = Work()
      for line in lines {
        for piece in Work.pieces(part.count) {
          let first = part.lowerBound + piece.lowerBound
          body(line * length + first, start + first * step, piece.count)
        }
        if work.isOver(after: part.count) { return }
        for axis in sizes.indices.reversed() {
          index[axis] += 1
          start += steps[axis]
          if index[axis] < sizes[axis] { break }
          start -= steps[axis] * sizes[axis]
          index[axis] = 0
        }
      }
    }
  }

  /// y = 0
  package static func clear(_ y: Buffer) {
    let size = y.dtype.size
    for piece in Work.pieces(y.count, of: 1 << 18) {
      (y.address + piece.lowerBound * size).initializeMemory(
        as: UInt8.self, repeating: 0, count: piece.count * size)
    }
  }

  /// y = x with its axes in the order `permutation`.
  package static func permute(_ x: Buffer, _ xShape: Shape, _ y: Buffer, _ permutation: [Int]) {
    let own = xShape.strides
    let shape = Shape(permutation.map { xShape[$0] })
    strided(x, y, shape, offset: 0, strides: permutation.map { own[$0] })
  }
}

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

  /// y = x
  package static func copy(_ x: Buffer, _ y: Buffer) {
    precondition(x.count == y.count && x.dtype == y.dtype)
    let size = x.dtype.size
    for piece in Work.pieces(x.count, of: 1 << 18) {
      (y.address + piece.lowerBound * size).copyMemory(
        from: x.address + piece.lowerBound * size, byteCount: piece.count * size)
    }
  }

  /// y[result index] = x[offset + Σ index · stride]: transposes, slices, stretches, flips.
  package static func strided(
    _ x: Buffer, _ y: Buffer, _ shape: Shape, offset: Int, strides: [Int]
  ) {
    guard y.count > 0 else { return }
    func run<T>(_ source: UnsafePointer<T>, _ target: UnsafeMutablePointer<T>) {
      var i = 0
      walk(shape, strides, offset) { start, step, length in
        for piece in Work.pieces(length) {
          for j in piece { target[i + j] = source[start + j * step] }
        }
        i += length
      }
    }
    bySize(x, y, run, run, run)
  }

  /// y[offset + Σ index · stride] = x[index]
  package static func scatterStrided(
    _ x: Buffer, _ y: Buffer, _ shape: Shape, offset: Int, strides: [Int]
  ) {
    guard x.count > 0 else { return }
    func run<T>(_ source: UnsafePointer<T>, _ target: UnsafeMutablePointer<T>) {
      var i = 0
      walk(shape, strides, offset) { start, step, length in
        for piece in Work.pieces(length) {
          for j in piece { target[start + j * step] = source[i + j] }
        }
        i += length
      }
    }
    bySize(x, y, run, run, run)
  }

  /// Rows of a strided view: start, step and length of each.
  private static func walk(
    _ shape: Shape, _ strides: [Int], _ offset: Int, _ body: (Int, Int, Int) -> Void
  ) {
    let rank = shape.rank
    guard rank > 0 else { return body(offset, 0, 1) }
    let length = shape[rank - 1]
    let step = strides[rank - 1]
    var index = [Int](repeating: 0, count: rank)
    var start = offset
    var work = Work()
    while true {
      body(start, step, length)
      if work.isOver(after: length) { return }
      var axis = rank - 2
      while axis >= 0 {
        index[axis] += 1
        start += strides[axis]
        if index[axis] < shape[axis] { break }
        start -= strides[axis] * shape[axis]
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
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

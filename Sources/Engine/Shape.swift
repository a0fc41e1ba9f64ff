/// The sizes of a tensor's axes, row-major, at most eight axes, stored inline.
///
/// The number of elements is checked when the shape is made, so `count` never overflows.
package struct Shape: Sendable {
  package static let maximumRank = 8
  package static let scalar = Shape()

  private var sizes: InlineArray<8, Int>
  package private(set) var rank: Int
  /// The number of elements; 1 for a scalar.
  package private(set) var count: Int

  /// The shape of a 0-dimensional tensor.
  package init() {
    sizes = InlineArray(repeating: 1)
    rank = 0
    count = 1
  }

  /// Nil when there are more than eight axes, a size is negative, or the product of the sizes
  /// (zeros taken as ones) overflows.
  package init?(checking dims: some Collection<Int>) {
    guard dims.count <= Shape.maximumRank else { return nil }
    self.init()
    var bound = 1
    for size in dims {
      guard size >= 0 else { return nil }
      let (product, overflow) = bound.multipliedReportingOverflow(by: max(1, size))
      guard !overflow, product <= Int.max / 16 else { return nil }
      bound = product
      sizes[rank] = size
      rank += 1
      count *= size
    }
  }

  /// For sizes that are known to be valid (taken from other shapes); traps otherwise.
  package init(_ dims: [Int]) {
    guard let shape = Shape(checking: dims) else { preconditionFailure("invalid shape \(dims)") }
    self = shape
  }

  package subscript(axis: Int) -> Int {
    precondition(axis >= 0 && axis < rank)
    return sizes[axis]
  }

  package var dims: [Int] { (0..<rank).map { sizes[$0] } }

  /// Row-major strides in elements.
  package var strides: [Int] {
    var result = [Int](repeating: 1, count: rank)
    var stride = 1
    for axis in (0..<rank).reversed() {
      result[axis] = stride
      stride *= sizes[axis]
    }
    return result
  }

  /// `[2, 3]`; `[]` for a scalar.
  package var description: String {
    "[" + dims.map(String.init).joined(separator: ", ") + "]"
  }

  /// The shape that array-programming broadcasting gives, nil when two sizes disagree.
  package func broadcast(with other: Shape) -> Shape? {
    let rank = max(self.rank, other.rank)
    var dims = [Int](repeating: 1, count: rank)
    for offset in 1...max(1, rank) where offset <= rank {
      let a = offset <= self.rank ? self[self.rank - offset] : 1
      let b = offset <= other.rank ? other[other.rank - offset] : 1
      guard a == b || a == 1 || b == 1 else { return nil }
      dims[rank - offset] = a == 1 ? b : a
    }
    return Shape(checking: dims)
  }
}

extension Shape: Hashable, CustomStringConvertible {
  package static func == (a: Shape, b: Shape) -> Bool {
    guard a.rank == b.rank, a.count == b.count else { return false }
    for axis in 0..<a.rank where a.sizes[axis] != b.sizes[axis] { return false }
    return true
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(rank)
    for axis in 0..<rank { hasher.combine(sizes[axis]) }
  }
}

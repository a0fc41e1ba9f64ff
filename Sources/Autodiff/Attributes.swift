import Engine

/// What an operator was told besides its operands. Part of a plan's key, so only what the source
/// spells out belongs here; numbers that change from step to step are operands.
package struct Attributes: Hashable, Sendable {
  /// The axes to work on, normalised to 0..<rank, ascending; nil means all.
  package var axes: [Int]?
  /// Whether reduced axes stay as size 1.
  package var keep = false
  /// Sizes, a permutation, lengths of a slice: whole numbers in an order the operator defines.
  package var sizes: [Int] = []
  /// Numbers of the source: a literal's value, clip's bounds, an epsilon.
  package var reals: [Double] = []
  package var dtype: DType?
  /// An equation (einsum) or the like.
  package var text = ""

  package init(
    axes: [Int]? = nil, keep: Bool = false, sizes: [Int] = [], reals: [Double] = [],
    dtype: DType? = nil, text: String = ""
  ) {
    self.axes = axes
    self.keep = keep
    self.sizes = sizes
    self.reals = reals
    self.dtype = dtype
    self.text = text
  }
}

/// Where in the source a node was recorded. Opaque here: the interpreter numbers its sources.
package struct Origin: Hashable, Sendable {
  package static let unknown = Origin(source: -1, lower: 0, upper: 0)
  package var source: Int32
  package var lower: Int32
  package var upper: Int32

  package init(source: Int32, lower: Int32, upper: Int32) {
    self.source = source
    self.lower = lower
    self.upper = upper
  }
}

/// Shape and element type.
package struct TensorType: Hashable, Sendable {
  package var shape: Shape
  package var dtype: DType

  package init(_ shape: Shape, _ dtype: DType) {
    self.shape = shape
    self.dtype = dtype
  }
}

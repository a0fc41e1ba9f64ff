import Engine

/// What an operator was told besides its operands. Part of a plan's key, so only what the source
/// spells out belongs here; numbers that change from step to step are operands.
///
/// Most operators are told nothing: then it is one empty reference, cheap to hand round.
package struct Attributes: Hashable, Sendable {
  private struct Fields: Hashable {
    var axes: [Int]?
    var keep = false
    var flag = false
    var sizes: [Int] = []
    var reals: [Double] = []
    var dtype: DType?
    var text = ""
  }

  /// Changed only while one `Attributes` holds it.
  private final class Storage: @unchecked Sendable {
    var fields: Fields
    init(_ fields: Fields) { self.fields = fields }
  }

  private static let nothing = Fields()
  private var storage: Storage?

  private var fields: Fields {
    get { storage?.fields ?? Attributes.nothing }
    set {
      if isKnownUniquelyReferenced(&storage) {
        storage?.fields = newValue
      } else {
        storage = Storage(newValue)
      }
    }
  }

  /// The axes to work on, normalised to 0..<rank, ascending; nil means all.
  package var axes: [Int]? {
    get { fields.axes }
    set { fields.axes = newValue }
  }
  /// Whether reduced axes stay as size 1.
  package var keep: Bool {
    get { fields.keep }
    set { fields.keep = newValue }
  }
  /// Whether something else that the operator offers is wanted: the other direction.
  package var flag: Bool {
    get { fields.flag }
    set { fields.flag = newValue }
  }
  /// Sizes, a permutation, lengths of a slice: whole numbers in an order the operator defines.
  package var sizes: [Int] {
    get { fields.sizes }
    set { fields.sizes = newValue }
  }
  /// Numbers of the source: a literal's value, clip's bounds, an epsilon.
  package var reals: [Double] {
    get { fields.reals }
    set { fields.reals = newValue }
  }
  package var dtype: DType? {
    get { fields.dtype }
    set { fields.dtype = newValue }
  }
  /// An equation (einsum) or the like.
  package var text: String {
    get { fields.text }
    set { fields.text = newValue }
  }

  package init() {}

  package init(
    axes: [Int]? = nil, keep: Bool = false, flag: Bool = false, sizes: [Int] = [],
    reals: [Double] = [],
    dtype: DType? = nil, text: String = ""
  ) {
    fields = Fields(
      axes: axes, keep: keep, flag: flag, sizes: sizes, reals: reals, dtype: dtype, text: text)
  }

  package static func == (a: Attributes, b: Attributes) -> Bool {
    a.storage === b.storage || a.fields == b.fields
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(fields) }
}

extension Attributes: CustomStringConvertible {
  package var description: String { "\(fields)" }
}

extension Attributes {
  /// Axes counted from 0 and in order, where negative ones count from the end. `{0}` is the tensor.
  package static func axes(_ wanted: [Int], rank: Int) throws(OperatorProblem) -> [Int] {
    var axes: [Int] = []
    for axis in wanted {
      let place = axis < 0 ? axis + rank : axis
      guard place >= 0, place < rank else {
        let all = rank == 0 ? "" : " (" + (0..<rank).map(String.init).joined(separator: ", ") + ")"
        throw OperatorProblem(
          .index, "{0} has \(rank == 1 ? "1 axis" : "\(rank) axes")\(all), not an axis \(axis)",
          operands: [0])
      }
      guard !axes.contains(place) else {
        throw OperatorProblem(.value, "axis \(axis) of {0} is named twice", operands: [0])
      }
      axes.append(place)
    }
    return axes
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

// Elements repeated, turned round, moved on, and put on diagonals: made of slices and stretches, which
// have their gradients.

import Autodiff
import Engine
import Interpreter

enum ArrangementFunctions {
  static let all: [HostFunction] = [
    tile, repeated, flip, roll, diag, tril, triu, meshgrid, scatterAdd,
  ]
  private typealias P = HostFunction.Parameter

  private static func function(
    _ name: String, _ summary: String, _ parameters: [HostFunction.Parameter],
    details: [String] = [], examples: [String],
    _ body: @escaping @Sendable (_ f: Composed, _ x: Node) throws -> Node
  ) -> HostFunction {
    HostFunction(
      name: name, summary: summary, category: "Tensors",
      parameters: [P("x", "a tensor")] + parameters, details: details, examples: examples,
      isOperator: true,
      action: { call in
        let f = try Composed(call)
        return .tensor(try body(f, f[0]))
      })
  }

  static let tile: HostFunction = function(
    "tile", "Whole copies side by side, so many along each axis.",
    [P("counts", "one for each of the last axes, or one list", default: .rest)],
    details: ["More counts than axes add leading axes."],
    examples: [
      "tile([1, 2], 3)  # => [1, 2, 1, 2, 1, 2]", "tile([1, 2], 2, 1)  # => [[1, 2], [1, 2]]",
    ]
  ) { f, x in
    let given = try f.call.sizes(1)
    guard !given.isEmpty, given.allSatisfy({ $0 >= 0 }) else {
      throw Problem(.value, "tile wants how many copies there are along each axis, 0 or more")
    }
    guard Swift.max(given.count, x.shape.rank) <= Shape.maximumRank else {
      throw Problem(.shape, "a tensor has at most \(Shape.maximumRank) axes")
    }
    let rank = Swift.max(given.count, x.shape.rank)
    var dims = [Int](repeating: 1, count: rank - x.shape.rank) + x.shape.dims
    var y = x
    for (axis, count) in zip(rank - given.count..<rank, given) {
      y = try f.copies(
        y, before: dims.prefix(axis).reduce(1, *), after: dims.dropFirst(axis).reduce(1, *), count)
      dims[axis] *= count
    }
    return try f(.reshape, y, with: Attributes(sizes: dims))
  }

  static let repeated: HostFunction = function(
    "repeat", "Every row so many times, or every element along an axis.",
    [P("count", "how often"), P("axis", "an axis", default: .optional("0"))],
    examples: [
      "repeat([1, 2], 2)  # => [1, 1, 2, 2]", "repeat([[1, 2]], 2, axis: 1)  # => [[1, 1, 2, 2]]",
    ]
  ) { f, x in
    let count = try f.call.int(1)
    guard count >= 0 else {
      throw Problem(.value, "repeat wants a count of 0 or more, not \(count)", argument: 1)
    }
    let axis = try f.axis(2, standard: 0)
    var dims = x.shape.dims
    let y = try f.copies(
      x, before: dims.prefix(axis + 1).reduce(1, *), after: dims.dropFirst(axis + 1).reduce(1, *),
      count)
    dims[axis] *= count
    return try f(.reshape, y, with: Attributes(sizes: dims))
  }

  static let flip: HostFunction = function(
    "flip", "The elements from the end, along an axis, several, or all.",
    [P("axis", "an axis, several, or none for all", default: .optional("none"))],
    examples: [
      "flip([1, 2, 3])  # => [3, 2, 1]", "flip([[1, 2], [3, 4]], axis: 0)  # => [[3, 4], [1, 2]]",
    ]
  ) { f, x in
    let rank = x.shape.rank
    let axes = try f.call.axes(1, rank: rank, .none) ?? Array(0..<rank)
    var (starts, steps) = ([Int](repeating: 0, count: rank), [Int](repeating: 1, count: rank))
    for axis in axes { (starts[axis], steps[axis]) = (Swift.max(0, x.shape[axis] - 1), -1) }
    return try f.block(x, starts, x.shape.dims, steps: steps)
  }

  static let roll: HostFunction = function(
    "roll", "Elements moved on along an axis; what leaves at the end comes in at the start.",
    [
      P("shift", "by how many places; negative: towards the start"),
      P("axis", "an axis, or none for all elements in one row", default: .optional("none")),
    ],
    examples: [
      "roll([1, 2, 3, 4], 1)  # => [4, 1, 2, 3]",
      "roll([[1, 2, 3]], -1, axis: 1)  # => [[2, 3, 1]]",
    ]
  ) { f, x in
    let shift = try f.call.int(1)
    guard f.call.isGiven(2) else {
      let row = try f(.reshape, x, with: Attributes(sizes: [x.shape.count]))
      return try f(.reshape, f.rolled(row, shift, 0), with: Attributes(sizes: x.shape.dims))
    }
    return try f.rolled(x, shift, f.axis(2, standard: 0))
  }

  static let diag: HostFunction = function(
    "diag", "The diagonal of a matrix, or a matrix with a vector on its diagonal.",
    [P("offset", "how far above the main diagonal; negative: below", default: .optional("0"))],
    examples: [
      "diag([[1, 2], [3, 4]])  # => [1, 4]", "diag([1, 2])  # => [[1, 0], [0, 2]]",
      "diag([5], 1)  # => [[0, 5], [0, 0]]",
    ]
  ) { f, x in
    let offset = try f.call.int(1, default: 0)
    let dims = x.shape.dims
    guard dims.count == 1 || dims.count == 2 else {
      throw Problem(
        .shape, "diag wants a vector or a matrix, not a tensor of shape \(x.shape)", argument: 0)
    }
    try checkOffset(offset, "diag")
    let (right, down) = (Swift.max(0, offset), Swift.max(0, -offset))
    if dims.count == 2 {
      let length = Swift.max(0, Swift.min(dims[0] - down, dims[1] - right))
      let row = try f(.reshape, x, with: Attributes(sizes: [x.shape.count]))
      let start = length > 0 ? down * dims[1] + right : 0
      return try f.block(row, [start], [length], steps: [dims[1] + 1])
    }
    let size = dims[0] + right + down
    let zeros = try f(.full, f.graph.constant(0, x.dtype), with: Attributes(sizes: [size, size]))
    guard dims[0] > 0 else { return zeros }
    let row = try f(.reshape, zeros, with: Attributes(sizes: [size * size]))
    let start = try f.graph.steps(from: Double(down * size + right), by: 1, count: 1, .i64)
    let filled = try f.graph.record(
      .sliceUpdate, [row, x, start], Attributes(sizes: [dims[0], size + 1]))
    return try f(.reshape, filled, with: Attributes(sizes: [size, size]))
  }

  /// Throws where a diagonal lies farther out than any matrix reaches: places of elements would overflow.
  private static func checkOffset(_ offset: Int, _ name: String) throws {
    guard offset.magnitude >= 1 << 30 else { return }
    throw Problem(
      .value, "offset of \(name) is a number between -2^30 and 2^30, not \(offset)", argument: 1)
  }

  private static func triangle(_ name: String, _ summary: String, _ op: Operator, _ example: String)
    -> HostFunction
  {
    function(
      name, summary,
      [P("offset", "the last diagonal kept, counted upwards", default: .optional("0"))],
      examples: [example]
    ) { f, x in
      let (offset, rank) = (try f.call.int(1, default: 0), x.shape.rank)
      guard rank >= 2 else {
        throw Problem(
          .shape, "\(name) wants a matrix, or several, not a tensor of shape \(x.shape)",
          argument: 0)
      }
      try checkOffset(offset, name)
      let (height, width) = (x.shape[rank - 2], x.shape[rank - 1])
      let rows = try f.graph.steps(from: Double(offset), by: 1, count: height, .i64)
      let columns = try f.graph.steps(from: 0, by: 1, count: width, .i64)
      let isKept = try f(
        op, f(.reshape, columns, with: Attributes(sizes: [1, width])),
        f(.reshape, rows, with: Attributes(sizes: [height, 1])))
      return try f(.whereOperator, isKept, x, f.graph.constant(0, x.dtype))
    }
  }

  static let tril: HostFunction = triangle(
    "tril", "The lower triangle of a matrix, 0 above it.", .lessOrEqual,
    "tril([[1, 2], [3, 4]])  # => [[1, 0], [3, 4]]")
  static let triu: HostFunction = triangle(
    "triu", "The upper triangle of a matrix, 0 below it.", .greaterOrEqual,
    "triu([[1, 2], [3, 4]])  # => [[1, 2], [0, 4]]")

  static let meshgrid: HostFunction = HostFunction(
    name: "meshgrid", summary: "The coordinates of all points of a grid, one tensor for each axis.",
    category: "Tensors",
    parameters: [P("vectors", "the coordinates along each axis", default: .rest)],
    details: [
      "The first vector runs along axis 0, the second along axis 1, and so on; NumPy's own order, for",
      "pictures, has the first two exchanged: meshgrid(x, y)[0]'.",
    ],
    examples: [
      "let (a, b) = meshgrid([1, 2], [3, 4, 5])\na  # => [[1, 1, 1], [2, 2, 2]]\nb  # => [[3, 4, 5], [3, 4, 5]]"
    ], isOperator: true,
    action: { call in
      let vectors = try call.spread(0)
      if let wrong = vectors.first(where: { $0.shape.rank != 1 }) {
        throw Problem(.shape, "meshgrid wants vectors, not a tensor of shape \(wrong.shape)")
      }
      guard vectors.count <= Shape.maximumRank else {
        throw Problem(.shape, "a tensor has at most \(Shape.maximumRank) axes")
      }
      let (graph, dims) = (call.session.graph, vectors.map { $0.shape.count })
      return .tuple(
        try vectors.enumerated().map { axis, vector in
          var own = [Int](repeating: 1, count: dims.count)
          own[axis] = dims[axis]
          let turned = try graph.record(.reshape, [vector], Attributes(sizes: own))
          return .tensor(try graph.record(.expand, [turned], Attributes(sizes: dims)))
        })
    })

  static let scatterAdd: HostFunction = HostFunction(
    name: "scatter_add", summary: "A tensor with rows added at indices; equal indices add up.",
    category: "Tensors",
    parameters: [
      P("x", "a tensor of floats"), P("indices", "whole numbers, negative ones from the end"),
      P("rows", "what is added: shaped as gather(x, indices, axis: axis) is"),
      P("axis", "along which indices count", default: .optional("0")),
    ], details: ["derivative: upstream;  in the rows: gather(upstream, indices)"],
    examples: [
      "scatter_add([0, 0, 0], [2, 0, 2], [1, 2, 3])  # => [2, 0, 4]",
      "scatter_add(zeros(1, 2), [1], [[5]], axis: 1)  # => [[0, 5]]",
    ], isOperator: true,
    action: { call in
      let f = try Composed(call, [0, 1, 2])
      let dtype = Promotion.meet(f[0], f[2], floats: true)
      let (x, rows) = (try f[0].converted(to: dtype), try f[2].converted(to: dtype))
      let axes = [try f.axis(3, standard: 0)]
      return try call.recording([0, 2, 1]) {
        .tensor(try f.graph.record(.scatterAdd, [x, rows, f[1]], Attributes(axes: axes)))
      }
    })
}

extension Composed {
  /// One axis of operand 0 by its argument.
  func axis(_ place: Int, standard: Double) throws -> Int {
    guard let axis = try call.axes(place, rank: self[0].shape.rank, .number(standard))?.first else {
      throw Problem(.shape, "\(call.name) wants a tensor with axes, not a number", argument: 0)
    }
    return axis
  }

  /// Everything behind the first axes, which have so many elements, so often one after the other.
  fileprivate func copies(_ x: Node, before: Int, after rest: Int, _ count: Int) throws -> Node {
    let rows = try self(.reshape, x, with: Attributes(sizes: [before, 1, rest]))
    return try self(.expand, rows, with: Attributes(sizes: [before, count, rest]))
  }

  fileprivate func rolled(_ x: Node, _ shift: Int, _ axis: Int) throws -> Node {
    let size = x.shape[axis]
    let moved = size == 0 ? 0 : (shift % size + size) % size
    if moved == 0 { return x }
    var (starts, lengths) = ([Int](repeating: 0, count: x.shape.rank), x.shape.dims)
    lengths[axis] = size - moved
    let first = try block(x, starts, lengths)
    (starts[axis], lengths[axis]) = (size - moved, moved)
    return try self(
      .concat, block(x, starts, lengths), first, with: Attributes(axes: [axis]))
  }
}

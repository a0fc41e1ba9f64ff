// Operands for the gradient check: at least twelve for each operator that has a gradient.

import Engine

enum Samples {
  typealias Sample = Operator.Sample

  /// Shapes for functions of one tensor.
  static let unary: [Sample] = [
    [], [1], [2], [3], [5], [1, 1], [2, 3], [3, 1], [1, 4], [2, 2, 2], [0], [2, 0, 3], [17],
  ].map { Sample([$0]) }

  /// Pairs of shapes that broadcast.
  static let binary: [Sample] = [
    [[], []], [[3], [3]], [[3], []], [[], [3]], [[2, 3], [3]], [[3], [2, 3]], [[2, 1], [2, 3]],
    [[2, 3], [2, 1]], [[2, 3], [2, 3]], [[4, 1], [1, 3]], [[0], [0]], [[2, 0], [1, 1]],
    [[2, 3, 4], [3, 1]], [[1], [1]], [[1], [0]], [[2, 1, 2], [1, 3, 1]],
  ].map { Sample($0) }

  /// Pairs of equal shape, for losses.
  static let pairs: [Sample] = [
    [], [1], [2], [4], [9], [2, 3], [3, 1], [1, 3], [1, 1], [2, 2, 2], [0], [0, 3], [2, 0], [17],
  ].map { Sample([$0, $0]) }

  /// One tensor with axes to reduce; none of them is empty.
  static let reduction: [Sample] = [
    Sample([[]]), Sample([[4]]), Sample([[1]]), Sample([[2, 3]]),
    Sample([[2, 3]], Attributes(axes: [0])), Sample([[2, 3]], Attributes(axes: [1])),
    Sample([[2, 3]], Attributes(axes: [1], keep: true)),
    Sample([[2, 3]], Attributes(axes: [0, 1], keep: true)),
    Sample([[2, 3, 2]], Attributes(axes: [1])), Sample([[2, 3, 2]], Attributes(axes: [0, 2])),
    Sample([[3, 1]], Attributes(axes: [1])), Sample([[130]]),
    Sample([[1, 1, 4]], Attributes(axes: [2])), Sample([[0, 3]], Attributes(axes: [1])),
    Sample([[2, 0]], Attributes(axes: [0], keep: true)), Sample([[2, 2]], Attributes(axes: [])),
  ]

  /// One tensor with an axis along which the operator runs; the result keeps the shape.
  static let axis: [Sample] = [
    Sample([[]]), Sample([[3]]), Sample([[1]]), Sample([[2, 3]]),
    Sample([[2, 3]], Attributes(axes: [0])), Sample([[2, 3]], Attributes(axes: [1])),
    Sample([[2, 3, 2]], Attributes(axes: [1])), Sample([[2, 3, 2]], Attributes(axes: [0])),
    Sample([[4, 1]], Attributes(axes: [1])), Sample([[1, 4]], Attributes(axes: [0])),
    Sample([[5, 2]], Attributes(axes: [1])), Sample([[2, 2, 3]], Attributes(axes: [2])),
    Sample([[0, 3]], Attributes(axes: [1])), Sample([[3, 0]], Attributes(axes: [1])),
    Sample([[17]], Attributes(axes: [0])),
  ]

  /// Rows of several lengths, for operators along the last axis.
  static let rows: [[Int]] = [
    [1], [2], [3], [7], [2, 4], [1, 3], [4, 1], [2, 2, 3], [0, 3], [2, 0, 3], [1, 1, 5], [3, 2],
    [17],
  ]

  static func indices(_ values: [Double], _ shape: [Int]? = nil) -> Sample.Operand {
    .fixed(shape ?? [values.count], values, .i64)
  }

  static func mask(_ values: [Double], _ shape: [Int]? = nil) -> Sample.Operand {
    .fixed(shape ?? [values.count], values, .bool)
  }
}

// MARK: - Movement

extension Samples {
  private static func sizes(_ from: [Int], _ to: [Int]) -> Sample {
    Sample([from], Attributes(sizes: to))
  }

  static let reshape: [Sample] = [
    sizes([6], [2, 3]), sizes([2, 3], [3, 2]), sizes([1], []), sizes([], [1]),
    sizes([], [1, 1, 1]), sizes([0], [0, 3]), sizes([2, 0], [0]), sizes([2, 2], [-1]),
    sizes([2, 6], [3, -1]), sizes([2, 3], [2, 1, 3]), sizes([1, 4, 1], [4]),
    sizes([2, 3, 4], [4, 3, 2]), sizes([5], [5]),
  ]

  static let transpose: [Sample] = [
    sizes([2, 3], [1, 0]), sizes([2, 3], [0, 1]), sizes([2, 3, 4], [2, 0, 1]),
    sizes([2, 3, 4], [1, 2, 0]), sizes([2, 3, 4], [0, 2, 1]), sizes([3], [0]),
    sizes([0, 2], [1, 0]), sizes([], []), sizes([1, 4], [1, 0]), sizes([1, 1], [1, 0]),
    sizes([2, 1, 3], [2, 1, 0]), sizes([2, 2, 2, 2], [3, 0, 2, 1]), sizes([5, 1], [1, 0]),
  ]

  static let expand: [Sample] = [
    sizes([], [2, 3]), sizes([], []), sizes([], [0]), sizes([3], [2, 3]), sizes([2, 1], [2, 3]),
    sizes([1, 3], [2, 3]), sizes([1], [0]), sizes([1], [5]), sizes([2, 3], [2, 3]),
    sizes([1, 1], [4, 2]), sizes([2, 1, 3], [2, 4, 3]), sizes([3, 1], [2, 3, 2]),
    sizes([0, 1], [0, 3]),
  ]

  static let full: [Sample] = [
    [], [1], [0], [3], [2, 3], [2, 0], [0, 0], [1, 1], [2, 1, 3], [4, 1], [1, 5], [2, 2, 2, 2],
  ].map { sizes([], $0) }

  static let squeeze: [Sample] = [
    Sample([[1, 3]]), Sample([[2, 1, 3]], Attributes(axes: [1])), Sample([[2]]), Sample([[1, 1]]),
    Sample([[]]), Sample([[1]]), Sample([[1]], Attributes(axes: [0])),
    Sample([[1, 2, 1]], Attributes(axes: [0])), Sample([[1, 2, 1]], Attributes(axes: [2])),
    Sample([[1, 2, 1]], Attributes(axes: [0, 2])), Sample([[1, 0]]),
    Sample([[2, 3]], Attributes(axes: [])), Sample([[1, 2, 1, 3]]),
  ]

  static let concat: [Sample] = [
    Sample([[2], [3]], Attributes(axes: [0])), Sample([[2]], Attributes(axes: [0])),
    Sample([[1], [1], [1]], Attributes(axes: [0])), Sample([[0], [2]], Attributes(axes: [0])),
    Sample([[0], [0]], Attributes(axes: [0])), Sample([[2, 3], [1, 3]], Attributes(axes: [0])),
    Sample([[2, 3], [2, 1]], Attributes(axes: [1])),
    Sample([[2, 0], [2, 2]], Attributes(axes: [1])),
    Sample([[0, 2], [0, 3]], Attributes(axes: [1])),
    Sample([[2, 2], [2, 2], [2, 2]], Attributes(axes: [1])),
    Sample([[2, 1, 2], [2, 3, 2]], Attributes(axes: [1])),
    Sample([[2, 2, 1], [2, 2, 2]], Attributes(axes: [2])), Sample([[4], [1], [0], [2]]),
  ]

  static let stack: [Sample] = [
    Sample([[2], [2]], Attributes(sizes: [0])), Sample([[2, 3], [2, 3]], Attributes(sizes: [1])),
    Sample([[], []], Attributes(sizes: [0])), Sample([[]], Attributes(sizes: [0])),
    Sample([[2], [2], [2]], Attributes(sizes: [1])), Sample([[3]], Attributes(sizes: [1])),
    Sample([[0], [0]], Attributes(sizes: [0])), Sample([[0], [0]], Attributes(sizes: [1])),
    Sample([[2, 3], [2, 3]], Attributes(sizes: [0])),
    Sample([[2, 3], [2, 3]], Attributes(sizes: [2])),
    Sample([[1, 1], [1, 1], [1, 1]], Attributes(sizes: [1])),
    Sample([[2, 1, 2], [2, 1, 2]], Attributes(sizes: [3])), Sample([[4], [4]]),
  ]
}

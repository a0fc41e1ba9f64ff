// Operands for the gradient check of operators that choose or place elements, of products and of
// reductions with points of their own.

import Engine

extension Samples {
  /// A block: from where, how many, and in which steps.
  private struct Block {
    var shape: [Int]
    var starts: [Int]
    var lengths: [Int]
    var steps: [Int]

    init(_ shape: [Int], _ starts: [Int], _ lengths: [Int], _ steps: [Int]? = nil) {
      self.shape = shape
      self.starts = starts
      self.lengths = lengths
      self.steps = steps ?? shape.map { _ in 1 }
    }

    var attributes: Attributes { Attributes(sizes: lengths + steps) }
    var place: Sample.Operand { Samples.indices(starts.map(Double.init)) }
  }

  private static let blocks: [Block] = [
    Block([5], [0], [5]), Block([5], [1], [3]), Block([5], [4], [1]), Block([5], [2], [0]),
    Block([5], [4], [5], [-1]), Block([6], [0], [3], [2]), Block([6], [5], [3], [-2]),
    Block([2, 3], [1, 0], [1, 3]), Block([2, 3], [0, 1], [2, 2]),
    Block([2, 3], [1, 2], [2, 3], [-1, -1]), Block([2, 3, 4], [0, 1, 3], [2, 2, 2], [1, 1, -2]),
    Block([1, 3], [0, 2], [1, 1]), Block([0, 3], [0, 0], [0, 2]), Block([3, 1], [1, 0], [2, 1]),
    Block([], [], []),
  ]

  static let slice: [Sample] = blocks.map {
    Sample(operands: [.varied($0.shape), $0.place], $0.attributes)
  }

  static let sliceUpdate: [Sample] = blocks.map {
    Sample(operands: [.varied($0.shape), .varied($0.lengths), $0.place], $0.attributes)
  }

  /// Shapes of a tensor, and indices of its rows: none, repeated, counted from the end, a matrix.
  private static let picks: [(shape: [Int], indices: Sample.Operand)] = [
    ([3], indices([2, 0])), ([3], indices([1])), ([3], indices([])), ([3], indices([1], [])),
    ([3], indices([-1, -3])), ([3], indices([1, 1, 1])), ([1], indices([0, 0])),
    ([4, 2], indices([3, 1])), ([4, 2], indices([0, 3, 0, -4])), ([3, 2], indices([2], [])),
    ([3, 2], indices([0, 1, 2, 0], [2, 2])), ([2, 3, 2], indices([1, 1])),
    ([3, 0], indices([2, 0])), ([0, 2], indices([])), ([3, 1], indices([2, 1], [1, 2])),
  ]

  /// The same along other axes; negative ones count from the end, as in the language.
  private static let picksAlong: [(shape: [Int], indices: Sample.Operand, axis: Int)] = [
    ([2, 3], indices([2, 0]), -1), ([2, 3], indices([1, 1, -3]), 1),
    ([2, 3], indices([0], []), -1),
    ([2, 3, 2], indices([0, 2, 2, 1], [2, 2]), -2), ([2, 3, 2], indices([1]), 2),
    ([2, 0], indices([]), 1), ([0, 3], indices([2]), -1),
  ]

  static let gather: [Sample] =
    picks.map { Sample(operands: [.varied($0.shape), $0.indices]) }
    + picksAlong.map {
      Sample(operands: [.varied($0.shape), $0.indices], Attributes(axes: [$0.axis]))
    }

  static let scatterAdd: [Sample] =
    rowUpdates
    + picksAlong.map { shape, indices, axis in
      let place = axis < 0 ? axis + shape.count : axis
      let rows = Array(shape.prefix(place)) + indices.shape + Array(shape.dropFirst(place + 1))
      return Sample(
        operands: [.varied(shape), .varied(rows), indices], Attributes(axes: [axis]))
    }

  /// A tensor, rows for the places of the indices, and the indices.
  static let rowUpdates: [Sample] = picks.map {
    Sample(operands: [
      .varied($0.shape), .varied($0.indices.shape + $0.shape.dropFirst()), $0.indices,
    ])
  }

  /// A tensor, and indices along its last axis.
  private static let along: [(shape: [Int], indices: Sample.Operand)] = [
    ([3], indices([2, 0])), ([3], indices([1, 1, 1, 1])), ([3], indices([])), ([1], indices([0])),
    ([3], indices([2, 1, 0])), ([2, 3], indices([0, 2], [2, 1])),
    ([2, 3], indices([0, 1, 1, 2], [2, 2])), ([1, 4], indices([3, 0], [1, 2])),
    ([2, 1], indices([0, 0, 0, 0], [2, 2])), ([0, 3], indices([], [0, 2])),
    ([2, 3], indices([], [2, 0])), ([2, 2, 2], indices([1, 0, 0, 1], [2, 2, 1])),
    ([5], indices([4, 4, 0])),
  ]

  static let takeAlong: [Sample] = along.map {
    Sample(operands: [.varied($0.shape), $0.indices])
  }

  static let addAlong: [Sample] = along.map {
    Sample(operands: [.varied($0.shape), .varied($0.indices.shape), $0.indices])
  }

  static let topk: [Sample] =
    [
      ([3], 2), ([3], 0), ([3], 3), ([1], 1), ([5], 1), ([2, 3], 2), ([2, 4], 1), ([1, 3], 3),
      ([4, 1], 1), ([2, 2, 3], 2), ([0, 3], 2), ([2, 0], 0), ([17], 5),
    ].map { Sample([$0.0], Attributes(sizes: [$0.1])) }
    + [
      ([3, 2], 2, 0), ([3, 2], 1, -2), ([2, 3, 2], 2, 1), ([2, 3], 2, -1), ([0, 3], 0, 0),
    ].map { Sample([$0.0], Attributes(axes: [$0.2], sizes: [$0.1])) }

  static let sort: [Sample] =
    unary + unary.map { Sample($0.shapes, Attributes(flag: true)) }
    + [([3, 2], 0), ([3, 2], -2), ([2, 3, 2], 1), ([2, 3], -1), ([2, 0], 0), ([70, 2], 0)].flatMap {
      [
        Sample([$0.0], Attributes(axes: [$0.1])),
        Sample([$0.0], Attributes(axes: [$0.1], flag: true)),
      ]
    }

  static let whereChoice: [Sample] = [
    choice(mask([1], []), [], []), choice(mask([0], []), [3], [3]),
    choice(mask([1, 0, 1]), [3], [3]), choice(mask([1, 0, 1]), [], []),
    choice(mask([0, 1, 0]), [3], []), choice(mask([0, 1, 1]), [], [3]),
    choice(mask([1, 1, 1]), [2, 3], [3]), choice(mask([1, 0], [2, 1]), [2, 3], [3]),
    choice(mask([1, 0], [2, 1]), [3], [1, 1]), choice(mask([1, 0, 0, 1], [2, 2]), [2], [2, 1]),
    choice(mask([0], [1]), [1], [1]), choice(mask([]), [0], [1]),
    choice(mask([], [2, 0]), [1, 1], []), choice(mask([1, 0, 1]), [2, 1, 3], [1, 2, 1]),
  ]

  private static func choice(_ mask: Sample.Operand, _ a: [Int], _ b: [Int]) -> Sample {
    Sample(operands: [mask, .varied(a), .varied(b)])
  }

  /// Logits with class numbers, and with rows of weights for the classes.
  static let crossEntropy: [Sample] = [
    classes([1, 3], [0]), classes([2, 3], [2, 0]), classes([4, 2], [1, 1, 0, 1]),
    classes([3, 1], [0, 0, 0]), classes([5, 4], [3, 2, 1, 0, 3]), classes([0, 3], []),
    Sample(operands: [.varied([3]), indices([1], [])]),
    Sample(operands: [.varied([2, 2, 3]), indices([0, 1, 2, 2], [2, 2])]),
    Sample(operands: [.varied([2, 3]), .fixed([2], [1, 2], .f64)]),
    Sample(operands: [.varied([2, 3]), .fixed([2, 3], [1, 0, 0, 0, 0, 1], .f64)]),
    Sample([[2, 3], [2, 3]]), Sample([[3], [3]]), Sample([[1, 1], [1, 1]]),
    Sample([[2, 2, 3], [2, 2, 3]]), Sample([[0, 3], [0, 3]]),
  ]

  private static func classes(_ shape: [Int], _ classes: [Double]) -> Sample {
    Sample(operands: [.varied(shape), indices(classes)])
  }
}

// MARK: - Products and reductions

extension Samples {
  static let matmul: [Sample] = [
    [[2, 3], [3, 4]], [[1, 1], [1, 1]], [[3], [3]], [[3], [3, 2]], [[2, 3], [3]],
    [[2, 2, 3], [3, 2]], [[2, 2, 3], [2, 3, 1]], [[2, 3], [2, 3, 2]], [[2, 1, 2, 3], [3, 3, 2]],
    [[0, 3], [3, 2]], [[2, 0], [0, 2]], [[5, 1], [1, 5]], [[2, 2, 3], [3]], [[3], [2, 3, 2]],
    [[0, 2, 3], [3, 2]], [[0, 2, 3], [1, 3, 2]], [[0, 1, 2], [0, 2, 3]], [[0], [0]],
    [[2, 1, 1, 2], [1, 3, 2, 1]], [[1, 2, 3], [2, 3, 2]],
  ].map { Sample($0) }

  static let outer: [Sample] = [
    [2, 3], [1, 1], [4, 1], [1, 4], [0, 3], [3, 0], [0, 0], [3, 3], [5, 2], [2, 5], [1, 0], [7, 6],
  ].map { Sample([[$0[0]], [$0[1]]]) }

  /// Stacks of matrices and of right sides, one of them stretched.
  private static let batchedSolve: [Sample] = [
    ([2], [2, 2, 1]), ([2], [2, 2]), ([3], [2]), ([1], [3, 2, 2]), ([], [3, 2, 1]),
    ([2, 1], [3, 2, 1]), ([0], [2, 1]),
  ].map { batch, right in
    let count = batch.reduce(1, *)
    let matrix = (0..<count * 4).map { [3, 1, -0.5, 2][$0 % 4] + Double($0 / 4) / 4 }
    return Sample(operands: [.near(batch + [2, 2], matrix), .varied(right)])
  }

  /// Matrices with a strong diagonal, so that differences stay accurate.
  static let solve: [Sample] =
    batchedSolve
    + [
      (1, [1]), (1, [1, 1]), (1, [1, 3]), (2, [2]), (2, [2, 1]), (2, [2, 3]), (3, [3]),
      (3, [3, 1]),
      (3, [3, 2]), (4, [4, 2]), (5, [5]), (2, [2, 0]), (0, [0]), (0, [0, 2]), (6, [6, 1]),
    ].map { n, right in
      let matrix = (0..<n * n).map { (i: Int) -> Double in
        if i / n == i % n { return Double(n) + 1 }
        return Double(i * 7 % 5 - 2) / 2.5
      }
      return Sample(operands: [.near([n, n], matrix), .varied(right)])
    }

  /// Products with one factor of zero, with two, and of nothing.
  static let prod: [Sample] =
    reduction + [
      Sample(operands: [.near([3], [2, 0, 3])]), Sample(operands: [.near([3], [0, 0, 3])]),
      Sample(operands: [.near([3], [0, 0, 0])]), Sample(operands: [.near([1], [0])]),
      Sample(operands: [.near([2, 2], [0, 1, -1, 2])], Attributes(axes: [0])),
      Sample(operands: [.near([2, 3], [0, 1, -1, 2, 0, 0])], Attributes(axes: [1])),
      Sample([[0]]), Sample([[2, 0]], Attributes(axes: [1])),
    ]

  /// Lengths and deviations, one of them 0 wherever a single element is its own mean.
  static let lengths: [Sample] =
    reduction + [
      Sample([[0, 3]], Attributes(axes: [1], keep: true)), Sample([[2, 2, 2]]),
    ]

  /// Sums and the like, which nothing but zero elements have too.
  static let emptyReduction: [Sample] =
    reduction + [
      Sample([[0]]), Sample([[2, 0, 3]]), Sample([[2, 0]], Attributes(axes: [1], keep: true)),
      Sample([[0, 3]], Attributes(axes: [0])),
    ]
}

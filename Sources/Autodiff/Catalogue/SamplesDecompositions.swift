// Matrices on which the gradients of decompositions are checked: no two eigenvalues are near each other.

extension Samples {
  private static func matrix(_ m: Int, _ n: Int, from first: Int = 0) -> [Double] {
    (0..<m * n).map { i in
      let bend = Double((i + first) * 7 % 5 - 2) / 5
      return i / n == i % n ? Double(2 + 2 * (i / n)) + bend : bend
    }
  }

  private static func batch(_ count: Int, _ m: Int, _ n: Int) -> [Double] {
    (0..<count).flatMap { matrix(m, n, from: $0) }
  }

  private static func sample(_ batch: [Int], _ m: Int, _ n: Int) -> Operator.Sample {
    let count = batch.reduce(1, *)
    return Operator.Sample(operands: [.near(batch + [m, n], self.batch(count, m, n))])
  }

  static let square: [Operator.Sample] = [
    ([], 1), ([], 2), ([], 3), ([], 4), ([], 5), ([2], 2), ([3], 1), ([1], 3), ([2, 2], 2),
    ([2, 1], 3), ([0], 2), ([], 0), ([2], 0),
  ].map { sample($0.0, $0.1, $0.1) }

  /// Their diagonals are larger than everything else in their rows.
  static let definite: [Operator.Sample] = square

  static let tall: [Operator.Sample] = [
    ([], 1, 1), ([], 3, 2), ([], 2, 3), ([], 4, 4), ([], 5, 3), ([], 3, 5), ([], 3, 1), ([], 1, 3),
    ([2], 3, 2), ([2, 1], 2, 2), ([2], 1, 3), ([0], 2, 3), ([], 0, 0), ([2], 3, 0),
  ].map { sample($0.0, $0.1, $0.2) }
}

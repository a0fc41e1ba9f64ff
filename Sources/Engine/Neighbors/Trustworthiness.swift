// How far the neighbours in an embedding are neighbours in the data.

/// 1 − 2 / (n k (2n − 3k − 1)) Σ_i Σ_j max(0, r(i, j) − k) over the k neighbours j of i in the embedding,
/// with r the rank of j among the neighbours of i in the data (Venna and Kaski 2001).
package enum Trustworthiness {
  /// - Parameters:
  ///   - indices: i64 [n, k], the neighbours in the embedding.
  package static func of(_ points: PointSet, indices: Buffer, k: Int) -> Double {
    let (n, width) = (points.count, points.width)
    var penalties = [Int](repeating: 0, count: n)
    penalties.withUnsafeMutableBufferPointer { penalties in
      points.values.withUnsafeBufferPointer { x in
        guard let out = penalties.baseAddress, let x = x.baseAddress else { return }
        let near = indices.pointer(as: Int64.self)
        Work.rows(n, of: min(1 << 20, n * (width + k))) { rows in
          var distances = [Double](repeating: 0, count: n)
          for row in rows {
            if Interrupts.isRequested { return }
            for j in 0..<n {
              distances[j] = Distance.squared(x + row * width, x + j * width, width)
            }
            distances[row] = .infinity
            for place in row * k..<(row + 1) * k {
              out[row] += max(0, rank(Int(near[place]), distances) - k)
            }
          }
        }
      }
    }
    let (count, k) = (Double(n), Double(k))
    let sum = Double(penalties.reduce(0, +))
    return 1 - sum * 2 / (count * k * (2 * count - 3 * k - 1))
  }

  /// From 1; equal distances come by their index.
  private static func rank(_ place: Int, _ distances: [Double]) -> Int {
    let own = distances[place]
    var below = 0
    for j in 0..<place { below += distances[j] <= own ? 1 : 0 }
    for j in place..<distances.count { below += distances[j] < own ? 1 : 0 }
    return below + 1
  }
}

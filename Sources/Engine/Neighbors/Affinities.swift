// How likely points are to be neighbours: what t-SNE keeps of the data.

import Glibc

/// Symmetric probabilities of pairs, as rows of a sparse matrix: p_ij = (p_j|i + p_i|j) / 2n, with p_j|i a
/// Gaussian around i whose width gives the wanted perplexity.
struct Affinities {
  /// Where each row begins, and where the last one ends.
  private(set) var starts: [Int]
  private(set) var places: [Int32]
  private(set) var values: [Float]

  /// - Parameters:
  ///   - distances: f64 [n, width], squared, of the neighbours of each point.
  ///   - indices: i64 [n, width]
  init(distances: Buffer, indices: Buffer, count n: Int, perplexity: Double) {
    let width = n > 0 ? distances.count / n : 0
    let near = indices.pointer(as: Int64.self)
    let conditional = Affinities.conditional(distances, n, width, perplexity)
    var fill = [Int](repeating: 0, count: n + 1)
    for i in 0..<n {
      fill[i + 1] += width
      for place in 0..<width { fill[Int(near[i * width + place]) + 1] += 1 }
    }
    for i in 0..<n { fill[i + 1] += fill[i] }
    let rows = fill
    var entries = [(place: Int32, value: Double)](repeating: (0, 0), count: fill[n])
    for i in 0..<n {
      for place in i * width..<(i + 1) * width {
        let (j, value) = (Int(near[place]), conditional[place])
        entries[fill[i]] = (Int32(j), value)
        entries[fill[j]] = (Int32(i), value)
        fill[i] += 1
        fill[j] += 1
      }
    }
    (starts, places) = ([0], [])
    var joined: [Double] = []
    for i in 0..<n {
      for entry in entries[rows[i]..<rows[i + 1]].sorted(by: { $0.place < $1.place }) {
        if places.count > starts[i], places[places.count - 1] == entry.place {
          joined[joined.count - 1] += entry.value
        } else {
          places.append(entry.place)
          joined.append(entry.value)
        }
      }
      starts.append(places.count)
      if i & 1023 == 0, Interrupts.isRequested { break }
    }
    // After an interrupt the rows that are missing are empty.
    starts += repeatElement(places.count, count: n + 1 - starts.count)
    let total = max(joined.reduce(0, +), .leastNormalMagnitude)
    values = joined.map { Float($0 / total) }
  }

  /// p_j|i for the neighbours of each point.
  private static func conditional(_ distances: Buffer, _ n: Int, _ width: Int, _ perplexity: Double)
    -> [Double]
  {
    var result = [Double](repeating: 0, count: n * width)
    result.withUnsafeMutableBufferPointer { result in
      guard let to = result.baseAddress else { return }
      let from = distances.pointer(as: Double.self)
      let wanted = log(perplexity)
      Work.rows(n, of: width * 16) { rows in
        for row in rows {
          if Interrupts.isRequested { return }
          gaussian(from + row * width, to + row * width, width, entropy: wanted)
        }
      }
    }
    return result
  }

  /// exp(−β d) / Σ, with β found by halving so that the entropy is right to 1e-5.
  private static func gaussian(
    _ d: UnsafePointer<Double>, _ p: UnsafeMutablePointer<Double>, _ width: Int, entropy: Double
  ) {
    var (beta, low, high) = (1.0, -Double.infinity, Double.infinity)
    // From the nearest, so that far points leave no sum of 0.
    let nearest = width > 0 ? d[0] : 0
    for _ in 0..<100 {
      var (sum, weighted) = (0.0, 0.0)
      for j in 0..<width {
        let distance = d[j] - nearest
        p[j] = exp(-beta * distance)
        sum += p[j]
        weighted += distance * p[j]
      }
      for j in 0..<width { p[j] /= sum }
      let difference = log(sum) + beta * weighted / sum - entropy
      if abs(difference) <= 1e-5 { break }
      if difference > 0 {
        low = beta
        beta = high == .infinity ? beta * 2 : (beta + high) / 2
      } else {
        high = beta
        beta = low == -.infinity ? beta / 2 : (beta + low) / 2
      }
      guard beta.isFinite else { break }
    }
  }
}

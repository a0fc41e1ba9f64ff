// Clusters around k centres: the method of Lloyd from a start by k-means++.

import Glibc

/// Lloyd, "Least squares quantization in PCM" (1982); Arthur and Vassilvitskii, "k-means++" (2007), with
/// the best of 2 + ln k candidates a step, as scikit-learn does.
package struct KMeans {
  /// [k, width], in what the points were given in.
  package private(set) var centers: [Double]
  /// The cluster of each point.
  package private(set) var labels: [Int32]
  /// Σ |x − its centre|²
  package private(set) var inertia: Double
  package private(set) var iterations: Int

  /// One run; nil where it was interrupted.
  ///
  /// It ends when no point changes its cluster, when the centres move less than `tolerance` times the
  /// mean variance of the columns (squared), or after so many iterations.
  package init?(
    _ points: PointSet, k: Int, start: [Double], iterations: Int, tolerance: Double
  ) {
    precondition(k > 0 && k <= points.count && start.count == k * points.width)
    let limit = tolerance * KMeans.meanVariance(points)
    var run = LloydRun(points, k: k, centers: start.map { $0 * points.scale })
    var isStrict = false
    var done = 0
    while done < iterations {
      let changed = run.assign()
      if Interrupts.isRequested { return nil }
      let shift = run.move()
      done += 1
      if changed == 0, done > 1 {
        isStrict = true
        break
      }
      if shift <= limit { break }
    }
    if !isStrict { _ = run.assign() }
    if Interrupts.isRequested { return nil }
    inertia = run.inertia / (points.scale * points.scale)
    centers = run.centers.map { $0 / points.scale }
    (labels, self.iterations) = (run.labels, done)
  }

  /// The nearest centre of each point, the first of equally near ones; unfinished after an interrupt.
  package static func nearest(_ points: PointSet, centers: [Double], k: Int) -> [Int32] {
    var run = LloydRun(points, k: k, centers: centers.map { $0 * points.scale })
    _ = run.assign()
    return run.labels
  }

  private static func meanVariance(_ points: PointSet) -> Double {
    guard points.width > 0 else { return 0 }
    var sum = 0.0
    let mean = points.center
    for row in 0..<points.count {
      for j in 0..<points.width {
        let difference = points.values[row * points.width + j] - mean[j]
        sum += difference * difference
      }
    }
    return sum / Double(points.count * points.width)
  }

  /// Centres by k-means++: each next one is a point, likely in proportion to its squared distance from
  /// the centres so far. Unfinished after an interrupt.
  package static func start(_ points: PointSet, k: Int, random: inout RandomStream) -> [Double] {
    let (n, width) = (points.count, points.width)
    let trials = 2 + Int(log(Double(k)))
    var chosen = [min(n - 1, Int(random.nextUniform() * Double(n)))]
    var nearest = distances(points, [chosen[0]], below: nil)
    while chosen.count < k, !Interrupts.isRequested {
      let total = nearest.reduce(0, +)
      let candidates = pick(trials, nearest, total, &random)
      let reached = distances(points, candidates, below: nearest)
      var (best, least) = (0, Double.infinity)
      for trial in 0..<trials {
        var sum = 0.0
        for row in 0..<n { sum += reached[trial * n + row] }
        if sum < least { (best, least) = (trial, sum) }
      }
      chosen.append(candidates[best])
      nearest = Array(reached[best * n..<(best + 1) * n])
    }
    return chosen.flatMap { points.values[$0 * width..<($0 + 1) * width] }
      .map { $0 / points.scale }
  }

  /// Points that stand where random shares of the running sum lie.
  private static func pick(
    _ count: Int, _ weights: [Double], _ total: Double, _ random: inout RandomStream
  ) -> [Int] {
    let goals = (0..<count).map { _ in random.nextUniform() * total }
    var found = [Int](repeating: weights.count - 1, count: count)
    var isOpen = [Bool](repeating: true, count: count)
    var (sum, open) = (0.0, count)
    for (index, weight) in weights.enumerated() {
      sum += weight
      for trial in 0..<count where isOpen[trial] && sum >= goals[trial] {
        (found[trial], isOpen[trial]) = (index, false)
        open -= 1
      }
      if open == 0 { break }
    }
    return found
  }

  /// Squared distances of all points from some of them [candidates, n], at most those of `below`.
  private static func distances(_ points: PointSet, _ candidates: [Int], below: [Double]?)
    -> [Double]
  {
    let (n, width) = (points.count, points.width)
    var result = [Double](repeating: 0, count: n * candidates.count)
    result.withUnsafeMutableBufferPointer { result in
      points.values.withUnsafeBufferPointer { x in
        guard let from = x.baseAddress, let to = result.baseAddress else { return }
        Work.rows(n, of: width * candidates.count) { rows in
          for row in rows {
            if row & 255 == 0, Interrupts.isRequested { return }
            for (trial, candidate) in candidates.enumerated() {
              let distance = Distance.squared(from + row * width, from + candidate * width, width)
              to[trial * n + row] = below.map { min($0[row], distance) } ?? distance
            }
          }
        }
      }
    }
    return result
  }
}

/// Labels and centres on the way.
private struct LloydRun {
  let points: PointSet
  let k: Int
  private(set) var centers: [Double]
  private(set) var labels: [Int32]
  /// Of the points of each cluster, as the labels of the last move have it.
  private var sums: [Double]
  private var counts: [Int]
  private var summed: [Int32]
  private static let block = 256

  init(_ points: PointSet, k: Int, centers: [Double]) {
    (self.points, self.k, self.centers) = (points, k, centers)
    labels = [Int32](repeating: -1, count: points.count)
    summed = labels
    sums = [Double](repeating: 0, count: k * points.width)
    counts = [Int](repeating: 0, count: k)
  }

  /// Gives each point its nearest centre, by floats where they can tell. Returns how many changed.
  mutating func assign() -> Int {
    let (n, width, k) = (points.count, points.width, k)
    let before = labels
    let lengths = floatCenters()
    let largest = lengths.squares.max() ?? 0
    let set = points
    labels.withUnsafeMutableBufferPointer { labels in
      centers.withUnsafeBufferPointer { exact in
        guard let to = labels.baseAddress, let doubles = exact.baseAddress else { return }
        let block = max(LloydRun.block, (n + 32767) / 32768)
        ThreadPool.shared.run(parts: (n + block - 1) / block) { part in
          if Interrupts.isRequested { return }
          let rows = part * block..<min(n, (part + 1) * block)
          var product = [Float](repeating: 0, count: rows.count * k)
          LloydRun.multiply(set, rows, lengths.turned, k, &product)
          for row in rows {
            let start = (row - rows.lowerBound) * k
            let slack = PointSet.slack(set.squares[row], largest, width: width)
            let label = LloydRun.least(product, start, lengths.squares, slack)
            to[row] = Int32(label ?? LloydRun.exact(set, row, doubles, k))
          }
        }
      }
    }
    var changed = 0
    for row in 0..<n where labels[row] != before[row] { changed += 1 }
    return changed
  }

  /// The centres as floats times −2, and their squared lengths.
  private func floatCenters() -> (turned: [Float], squares: [Float]) {
    let width = points.width
    var turned = [Float](repeating: 0, count: k * width)
    var squares = [Float](repeating: 0, count: k)
    for c in 0..<k {
      for j in 0..<width {
        let value = Float(centers[c * width + j] - points.center[j])
        turned[c * width + j] = -2 * value
        squares[c] += value * value
      }
    }
    return (turned, squares)
  }

  private static func multiply(
    _ points: PointSet, _ rows: Range<Int>, _ centers: [Float], _ k: Int, _ product: inout [Float]
  ) {
    let width = points.width
    guard width > 0 else { return }
    points.floats.withUnsafeBufferPointer { x in
      centers.withUnsafeBufferPointer { c in
        product.withUnsafeMutableBufferPointer { y in
          guard let x = x.baseAddress, let c = c.baseAddress, let y = y.baseAddress else { return }
          MatrixProduct.multiply(
            x + rows.lowerBound * width, c, y,
            MatrixProduct.Sizes(m: rows.count, n: k, k: width, isRightTransposed: true),
            isDouble: false, isAlone: false)
        }
      }
    }
  }

  /// The place of the least distance; nil where floats cannot tell.
  @inline(__always)
  private static func least(_ product: [Float], _ start: Int, _ squares: [Float], _ slack: Float)
    -> Int?
  {
    var (best, second, place) = (Float.infinity, Float.infinity, 0)
    for c in 0..<squares.count {
      let value = product[start + c] + squares[c]
      if value < best {
        (second, best, place) = (best, value, c)
      } else if value < second {
        second = value
      }
    }
    return best < .infinity && second - best > slack ? place : nil
  }

  private static func exact(
    _ points: PointSet, _ row: Int, _ centers: UnsafePointer<Double>, _ k: Int
  ) -> Int {
    points.values.withUnsafeBufferPointer { x in
      guard let x = x.baseAddress else { return 0 }
      let width = points.width
      var (best, least) = (0, Double.infinity)
      for c in 0..<k {
        let distance = Distance.squared(x + row * width, centers + c * width, width)
        if distance < least { (best, least) = (c, distance) }
      }
      return best
    }
  }

  /// Puts each centre in the middle of its points. Returns Σ |movement|².
  mutating func move() -> Double {
    let width = points.width
    updateSums()
    var (next, sizes) = (sums, counts.map(Double.init))
    relocateEmpty(&next, &sizes)
    let fullest = sizes.indices.max { sizes[$0] < sizes[$1] } ?? 0
    for c in 0..<k where sizes[c] > 0 {
      for j in 0..<width { next[c * width + j] /= sizes[c] }
    }
    for c in 0..<k where sizes[c] <= 0 {
      for j in 0..<width { next[c * width + j] = next[fullest * width + j] }
    }
    var shift = 0.0
    for i in next.indices {
      let difference = next[i] - centers[i]
      shift += difference * difference
    }
    centers = next
    return shift
  }

  /// Only points that changed their cluster are added and taken off.
  private mutating func updateSums() {
    let width = points.width
    for row in 0..<points.count where labels[row] != summed[row] {
      let (to, from) = (Int(labels[row]), Int(summed[row]))
      for j in 0..<width { sums[to * width + j] += points.values[row * width + j] }
      counts[to] += 1
      if from >= 0 {
        for j in 0..<width { sums[from * width + j] -= points.values[row * width + j] }
        counts[from] -= 1
      }
      summed[row] = labels[row]
    }
  }

  /// A cluster without points gets the point that is farthest from its centre, which leaves its own.
  private func relocateEmpty(_ sums: inout [Double], _ sizes: inout [Double]) {
    let empty = sizes.indices.filter { sizes[$0] == 0 }
    guard !empty.isEmpty else { return }
    let (distances, width) = (ownDistances(), points.width)
    guard distances.contains(where: { $0 > 0 }) else { return }
    let farthest = distances.indices.sorted {
      distances[$0] > distances[$1] || distances[$0] == distances[$1] && $0 < $1
    }
    for (c, row) in zip(empty, farthest) {
      let from = Int(labels[row])
      for j in 0..<width {
        let value = points.values[row * width + j]
        sums[from * width + j] -= value
        sums[c * width + j] = value
      }
      (sizes[c], sizes[from]) = (1, sizes[from] - 1)
    }
  }

  /// Squared, of each point from the centre of its cluster.
  private func ownDistances() -> [Double] {
    let width = points.width
    return points.values.withUnsafeBufferPointer { x in
      centers.withUnsafeBufferPointer { c in
        guard let x = x.baseAddress, let c = c.baseAddress else { return [] }
        return labels.indices.map {
          Distance.squared(x + $0 * width, c + Int(labels[$0]) * width, width)
        }
      }
    }
  }

  var inertia: Double { ownDistances().reduce(0, +) }
}

// t-SNE: points of a plane whose neighbourhoods are those of the data.

import Glibc

/// van der Maaten and Hinton, "Visualizing Data using t-SNE" (2008), with the tree of van der Maaten,
/// "Accelerating t-SNE using Tree-Based Algorithms" (2014), step by step as scikit-learn has it.
package final class Embedding {
  package struct Options: Sendable {
    package var perplexity = 30.0
    package var iterations = 1000
    package var exaggeration = 12.0
    /// nil: n / exaggeration / 4, at least 50.
    package var rate: Double?
    package var theta = 0.5
    package init() {}
  }

  /// As long as near pairs attract each other more than they should.
  private static let explored = 250
  private static let lookEvery = 50
  private static let patience = (early: 250, late: 300)

  package let count: Int
  private let options: Options
  private let rate: Float
  private let affinities: Affinities
  private var repulsion: Repulsion
  /// Positions, and far away up to the next multiple of 16.
  private var x: [Float]
  private var y: [Float]
  private var pullX: [Float]
  private var pullY: [Float]
  private var updates: [Float]
  private var gains: [Float]
  package private(set) var iteration = 0
  /// When it was looked at last; with the exaggeration of that time.
  package private(set) var divergence = Double.nan
  package private(set) var isDone = false
  private var best = (error: Double.infinity, iteration: 0)

  /// - Parameters:
  ///   - distances: f64 [n, neighbours], squared.
  ///   - indices: i64 [n, neighbours]
  ///   - start: [n, 2]
  package init(distances: Buffer, indices: Buffer, start: [Double], _ options: Options) {
    let n = start.count / 2
    (count, self.options) = (n, options)
    rate = Float(options.rate ?? max(50, Double(n) / options.exaggeration / 4))
    affinities = Affinities(
      distances: distances, indices: indices, count: n, perplexity: options.perplexity)
    repulsion = Repulsion(count: n, theta: Float(options.theta))
    let padded = (n + 15) / 16 * 16
    x = (0..<padded).map { $0 < n ? Float(start[2 * $0]) : 1e15 }
    y = (0..<padded).map { $0 < n ? Float(start[2 * $0 + 1]) : 1e15 }
    pullX = [Float](repeating: 0, count: n)
    pullY = pullX
    updates = [Float](repeating: 0, count: 2 * n)
    gains = [Float](repeating: 1, count: 2 * n)
    isDone = options.iterations == 0
  }

  /// [n, 2]
  package var positions: [Double] {
    (0..<2 * count).map { Double($0 % 2 == 0 ? x[$0 / 2] : y[$0 / 2]) }
  }

  /// One step of the descent; nothing to rely on after an interrupt.
  package func step() {
    guard !isDone else { return }
    let isEarly = iteration < Embedding.explored
    let scale = Float(isEarly ? options.exaggeration : 1)
    if iteration == Embedding.explored { restart() }
    repulsion.update(x, y)
    attract(scale)
    if Interrupts.isRequested { return }
    let total = max(repulsion.sums.reduce(0) { $0 + Double($1) }, .leastNormalMagnitude)
    let isLast = iteration + 1 == options.iterations
    let looks = (iteration + 1) % Embedding.lookEvery == 0 || isLast
    if looks { divergence = error(total, scale) }
    let length = descend(Float(1 / total), momentum: isEarly ? 0.5 : 0.8)
    iteration += 1
    if looks { judge(length, isEarly) }
    if isLast { isDone = true }
    if isDone { finish() }
  }

  /// The second descent begins without momentum.
  private func restart() {
    for i in updates.indices { (updates[i], gains[i]) = (0, 1) }
    best = (.infinity, iteration)
  }

  private func judge(_ length: Double, _ isEarly: Bool) {
    let patience = isEarly ? Embedding.patience.early : Embedding.patience.late
    var ends = length <= 1e-7
    if divergence < best.error {
      best = (divergence, iteration)
    } else if iteration - best.iteration > patience {
      ends = true
    }
    guard ends else { return }
    if isEarly, options.iterations > Embedding.explored {
      iteration = Embedding.explored
    } else {
      isDone = true
    }
  }

  /// The divergence of where it ended.
  private func finish() {
    repulsion.update(x, y)
    let total = max(repulsion.sums.reduce(0) { $0 + Double($1) }, .leastNormalMagnitude)
    divergence = error(total, 1)
  }

  /// Σ p q (y_i − y_j) over the neighbours in the data.
  private func attract(_ scale: Float) {
    let affinities = affinities
    let n = count
    pullX.withUnsafeMutableBufferPointer { pullX in
      pullY.withUnsafeMutableBufferPointer { pullY in
        x.withUnsafeBufferPointer { x in
          y.withUnsafeBufferPointer { y in
            guard let fx = pullX.baseAddress, let fy = pullY.baseAddress, let x = x.baseAddress,
              let y = y.baseAddress
            else { return }
            Work.rows(n, of: 1 + affinities.values.count / n) { rows in
              affinities.pull(rows, x, y, fx, fy, scale)
            }
          }
        }
      }
    }
  }

  /// Moves the points along 4 (attraction − repulsion / Σ q), each coordinate with a gain of its own.
  /// Returns the length of the gradient.
  private func descend(_ share: Float, momentum: Float) -> Double {
    var length = 0.0
    for i in 0..<count {
      length += descend(&x[i], 2 * i, 4 * (pullX[i] - repulsion.x[i] * share), momentum)
      length += descend(&y[i], 2 * i + 1, 4 * (pullY[i] - repulsion.y[i] * share), momentum)
    }
    return length.squareRoot()
  }

  @inline(__always)
  private func descend(_ position: inout Float, _ place: Int, _ slope: Float, _ momentum: Float)
    -> Double
  {
    let gain = updates[place] * slope < 0 ? gains[place] + 0.2 : gains[place] * 0.8
    gains[place] = max(gain, 0.01)
    let scaled = slope * gains[place]
    updates[place] = momentum * updates[place] - rate * scaled
    position += updates[place]
    return Double(scaled) * Double(scaled)
  }

  /// KL(P ‖ Q) = Σ p ln (p / q)
  private func error(_ total: Double, _ scale: Float) -> Double {
    var sum = 0.0
    for i in 0..<count {
      for place in affinities.starts[i]..<affinities.starts[i + 1] {
        let j = Int(affinities.places[place])
        let (dx, dy) = (Double(x[i] - x[j]), Double(y[i] - y[j]))
        let p = max(Double(affinities.values[place] * scale), 0x1p-52)
        let q = max(1 / ((1 + dx * dx + dy * dy) * total), 0x1p-52)
        sum += Double(affinities.values[place] * scale) * log(p / q)
      }
    }
    return sum
  }
}

extension Affinities {
  /// The attraction on some points.
  func pull(
    _ rows: Range<Int>, _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>,
    _ fx: UnsafeMutablePointer<Float>, _ fy: UnsafeMutablePointer<Float>, _ scale: Float
  ) {
    starts.withUnsafeBufferPointer { starts in
      places.withUnsafeBufferPointer { places in
        values.withUnsafeBufferPointer { values in
          for i in rows {
            var (sumX, sumY) = (Float(0), Float(0))
            for place in starts[i]..<starts[i + 1] {
              let j = Int(places[place])
              let (dx, dy) = (x[i] - x[j], y[i] - y[j])
              let force = values[place] / (1 + dx * dx + dy * dy)
              sumX += force * dx
              sumY += force * dy
            }
            (fx[i], fy[i]) = (sumX * scale, sumY * scale)
          }
        }
      }
    }
  }
}

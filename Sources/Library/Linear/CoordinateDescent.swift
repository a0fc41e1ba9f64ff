// Least squares with an elastic penalty, one weight after the other.

import Autodiff

/// Minimises w' G w / 2 − m' w + l1 |w| + l2 |w|² / 2, G = X'X, m = X'y (Friedman, Hastie, Tibshirani
/// 2010, "covariance updates").
struct CoordinateDescent {
  /// G row by row.
  let gram: [Double]
  let columns: Int
  let l1: Double
  let l2: Double

  private static let sweeps = 100_000

  func weights(_ moments: [Double]) throws -> [Double] {
    var w = [Double](repeating: 0, count: columns)
    /// m − G w
    var rest = moments
    for _ in 0..<CoordinateDescent.sweeps {
      try Graph.checkInterrupt()
      var largest = 0.0
      var change = 0.0
      for j in 0..<columns {
        let own = gram[j * columns + j]
        guard own + l2 > 0 else { continue }
        let pull = rest[j] + own * w[j]
        let size = max(0, pull.magnitude - l1) / (own + l2)
        let new = pull < 0 ? -size : size
        let step = new - w[j]
        // Weights are compared by what they do: in deviations of their columns.
        largest = max(largest, new.magnitude * own.squareRoot())
        guard step != 0 else { continue }
        change = max(change, step.magnitude * own.squareRoot())
        w[j] = new
        for i in 0..<columns { rest[i] -= gram[j * columns + i] * step }
      }
      if change <= 1e-12 * largest { break }
    }
    return w
  }
}

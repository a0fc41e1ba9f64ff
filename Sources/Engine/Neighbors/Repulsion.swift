// How points of a plane push each other away in t-SNE: Σ q² (y_i − y_j) and Σ q with q = 1 / (1 + d²).

/// Forces on the points [n], and for each the sum of its q.
///
/// All pairs by vectors of 16 where there are few points: that is exact, and quicker than a tree. Else
/// by the method of Barnes and Hut (1986): 16 points that lie near each other go through the tree
/// together and take a cell as one point where it is small for all of them.
struct Repulsion {
  /// Up to so many points all pairs are quicker than the tree.
  static let mostPairs = 3000
  private let count: Int
  private let theta: Float
  private(set) var x: [Float]
  private(set) var y: [Float]
  private(set) var sums: [Float]

  init(count: Int, theta: Float) {
    (self.count, self.theta) = (count, theta)
    x = [Float](repeating: 0, count: count)
    (y, sums) = (x, x)
  }

  /// - Parameters:
  ///   - px: positions, and so far away that nothing is felt up to the next multiple of 16.
  mutating func update(_ px: [Float], _ py: [Float]) {
    let tree = count > Repulsion.mostPairs && theta > 0 ? Quadtree(px, py, count) : nil
    let (n, theta) = (count, theta)
    x.withUnsafeMutableBufferPointer { x in
      y.withUnsafeMutableBufferPointer { y in
        sums.withUnsafeMutableBufferPointer { sums in
          guard let x = x.baseAddress, let y = y.baseAddress, let s = sums.baseAddress else {
            return
          }
          let forces = Forces(x: x, y: y, sums: s)
          if let tree {
            let groups = (n + 15) / 16
            Work.rows(groups, of: 1 << 14) { groups in
              for group in groups {
                if Interrupts.isRequested { return }
                tree.forces(group, theta: theta, forces)
              }
            }
          } else {
            px.withUnsafeBufferPointer { px in
              py.withUnsafeBufferPointer { py in
                guard let px = px.baseAddress, let py = py.baseAddress else { return }
                Work.rows(n, of: n) { Repulsion.pairs(px, py, n, $0, forces) }
              }
            }
          }
        }
      }
    }
  }

  /// Where forces are written.
  struct Forces {
    let x: UnsafeMutablePointer<Float>
    let y: UnsafeMutablePointer<Float>
    let sums: UnsafeMutablePointer<Float>
  }

  private static func pairs(
    _ px: UnsafePointer<Float>, _ py: UnsafePointer<Float>, _ n: Int, _ rows: Range<Int>,
    _ forces: Forces
  ) {
    for row in rows {
      let (x, y) = (SIMD16(repeating: px[row]), SIMD16(repeating: py[row]))
      var (fx, fy, sum) = (SIMD16<Float>.zero, SIMD16<Float>.zero, SIMD16<Float>.zero)
      var j = 0
      while j < n {
        let dx = x - UnsafeRawPointer(px + j).loadUnaligned(as: SIMD16<Float>.self)
        let dy = y - UnsafeRawPointer(py + j).loadUnaligned(as: SIMD16<Float>.self)
        let q = 1 / (1 + dx * dx + dy * dy)
        sum += q
        let squared = q * q
        fx += squared * dx
        fy += squared * dy
        j &+= 16
      }
      (forces.x[row], forces.y[row]) = (fx.sum(), fy.sum())
      // Without the point itself.
      forces.sums[row] = sum.sum() - 1
    }
  }
}

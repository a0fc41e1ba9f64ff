// Many trees, each grown on rows drawn with replacement (Breiman 2001).

package enum Forest {
  /// Trees that grow side by side; each has a random stream of its own, so that their number of threads
  /// changes nothing.
  ///
  /// - Returns: the trees, unfinished and empty ones among them after an interrupt, and for every row
  ///   the mean of those that did not see it: `width` numbers, and how many trees they are.
  package static func grow(
    _ data: TreeData, _ options: TreeOptions, trees: Int, isDrawn: Bool, x: [Double], seed: UInt64
  ) -> (trees: [GrownTree], unseen: [Double], counts: [Double]) {
    let rows = data.rows
    let width = max(1, data.classCount)
    var grown = [GrownTree](repeating: GrownTree(width: width), count: trees)
    var drawn = [[Int32]](repeating: [], count: trees)
    grown.withUnsafeMutableBufferPointer { grown in
      drawn.withUnsafeMutableBufferPointer { drawn in
        ThreadPool.shared.run(parts: trees) { tree in
          // Rows are not even drawn for what nobody will see.
          if Interrupts.isRequested { return }
          var random = RandomStream(seed: seed, position: UInt64(tree) << 40)
          var weights = [Int32](repeating: isDrawn ? 0 : 1, count: rows)
          if isDrawn {
            for _ in 0..<rows {
              weights[min(rows - 1, Int(random.nextUniform() * Double(rows)))] += 1
            }
          }
          grown[tree] = TreeGrower.grow(data, options, weights: weights, random: random)
          drawn[tree] = weights
        }
      }
    }
    var unseen = [Double](repeating: 0, count: isDrawn ? rows * width : 0)
    var counts = [Double](repeating: 0, count: rows)
    guard isDrawn, !Interrupts.isRequested else { return (grown, unseen, counts) }
    x.withUnsafeBufferPointer { x in
      guard let start = x.baseAddress else { return }
      for (tree, weights) in zip(grown, drawn) {
        for row in 0..<rows where weights[row] == 0 {
          let leaf = tree.leaf(of: start + row * data.columns)
          counts[row] += 1
          for place in 0..<width { unseen[row * width + place] += tree.value[leaf * width + place] }
        }
      }
    }
    return (grown, unseen, counts)
  }

  /// The mean of the trees for every row, `width` numbers each.
  package static func predict(_ trees: [GrownTree], _ x: [Double], columns: Int, width: Int)
    -> [Double]
  {
    let rows = x.count / max(1, columns)
    var result = [Double](repeating: 0, count: rows * width)
    x.withUnsafeBufferPointer { x in
      result.withUnsafeMutableBufferPointer { result in
        guard let start = x.baseAddress else { return }
        Work.rows(rows, of: columns * trees.count) { range in
          for row in range {
            if row & 255 == 0, Interrupts.isRequested { return }
            for tree in trees {
              let leaf = tree.leaf(of: start + row * columns)
              for place in 0..<width {
                result[row * width + place] += tree.value[leaf * width + place]
              }
            }
            for place in 0..<width { result[row * width + place] /= Double(trees.count) }
          }
        }
      }
    }
    return result
  }
}

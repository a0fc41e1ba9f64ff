// Growing a tree: the best split of the rows of a node, again and again (CART, Breiman et al. 1984).

import Glibc

/// Grows one tree. Splits are compared by how much less impure they make the rows; of equal ones that of
/// the column is taken where the gap between both sides is the larger part of the column's range, then the
/// lower threshold.
package final class TreeGrower {
  private let data: TreeData
  private let options: TreeOptions
  private var random: RandomStream
  private let columnCount: Int
  private let rowCount: Int
  private let isOfClasses: Bool
  private let width: Int
  /// Classes, or weight, sum and sum of squares.
  private let statistics: Int
  private var columnOrder: [Int]
  private var tree: GrownTree
  // What every node uses again, where it lies: no counting of references in the loops.
  private let ranks: UnsafePointer<Int32>
  private let classes: UnsafePointer<Int32>
  private let targets: UnsafePointer<Double>
  /// How often each row counts.
  private let weights: UnsafeMutablePointer<Double>
  /// The rows, those of a node side by side.
  private let order: UnsafeMutablePointer<Int32>
  private let spare: UnsafeMutablePointer<Int32>
  private let keys: UnsafeMutablePointer<UInt64>
  private let left: UnsafeMutablePointer<Double>
  private let totals: UnsafeMutablePointer<Double>
  private let counts: UnsafeMutablePointer<Double>
  private let orderCount: Int
  /// What is taken off each target of the node: squares of large numbers would hide small differences.
  private var center = 0.0
  /// Rows of at most this impurity are alike.
  private var pureImpurity = 1e-15

  private struct Split {
    var column = -1
    /// Rows with this rank or a lower one go left.
    var rank: Int32 = 0
    var next: Int32 = 0
    var gain = -Double.infinity
  }

  /// Ranks that are counted in a table rather than sorted.
  private static let tableSize = 256

  private init(
    _ data: TreeData, _ options: TreeOptions, _ weights: [Int32], _ random: RandomStream,
    _ ranks: UnsafePointer<Int32>, _ classes: UnsafePointer<Int32>, _ targets: UnsafePointer<Double>
  ) {
    (self.data, self.options, self.random) = (data, options, random)
    (self.ranks, self.classes, self.targets) = (ranks, classes, targets)
    (columnCount, rowCount, isOfClasses) = (data.columns, data.rows, data.classCount > 0)
    width = max(1, data.classCount)
    statistics = isOfClasses ? data.classCount : 3
    columnOrder = Array(0..<data.columns)
    tree = GrownTree(width: width)
    self.weights = .allocate(capacity: max(1, rowCount))
    order = .allocate(capacity: max(1, rowCount))
    spare = .allocate(capacity: max(1, rowCount))
    keys = .allocate(capacity: max(1, rowCount))
    left = .allocate(capacity: statistics)
    totals = .allocate(capacity: statistics)
    counts = .allocate(capacity: TreeGrower.tableSize * (statistics + 1))
    var count = 0
    for row in 0..<rowCount {
      self.weights[row] = Double(weights[row])
      guard weights[row] > 0 else { continue }
      order[count] = Int32(row)
      count += 1
    }
    orderCount = count
  }

  deinit {
    weights.deallocate()
    order.deallocate()
    spare.deallocate()
    keys.deallocate()
    left.deallocate()
    totals.deallocate()
    counts.deallocate()
  }

  /// - Parameter weights: how often each row counts; all once where it is left out.
  package static func grow(
    _ data: TreeData, _ options: TreeOptions, weights: [Int32]? = nil, random: RandomStream
  ) -> GrownTree {
    let weights = weights ?? [Int32](repeating: 1, count: data.rows)
    let classes = data.classCount > 0 ? data.classes : [0]
    let targets = data.classCount > 0 ? [0] : data.targets
    return data.ranks.withUnsafeBufferPointer { ranks in
      classes.withUnsafeBufferPointer { classes in
        targets.withUnsafeBufferPointer { targets in
          guard let ranks = ranks.baseAddress, let classes = classes.baseAddress,
            let targets = targets.baseAddress
          else { return GrownTree(width: 1) }
          let grower = TreeGrower(data, options, weights, random, ranks, classes, targets)
          grower.grow()
          return grower.tree.pruned(options.pruning)
        }
      }
    }
  }

  private func grow() {
    var stack: [(range: Range<Int>, depth: Int, parent: Int)] = [(0..<orderCount, 0, -1)]
    while let (range, depth, parent) = stack.popLast() {
      let node = tree.count
      if parent >= 0 { tree.right[parent] = Int32(node) }
      let (weight, impurity) = append(range)
      if node == 0, !isOfClasses { pureImpurity = 1e-15 * impurity }
      let isLeaf =
        depth >= options.depth || impurity <= pureImpurity || weight < Double(options.split)
        || weight < 2 * Double(options.leaf) || Interrupts.isRequested
      guard !isLeaf, let split = best(range, weight) else { continue }
      let middle = partition(range, split)
      let values = data.values[split.column]
      let (a, b) = (values[Int(split.rank)], values[Int(split.next)])
      let half = a / 2 + b / 2
      tree.feature[node] = Int32(split.column)
      // Where rounding takes the middle to the upper value, the lower one divides as well.
      tree.threshold[node] = half < b ? half : a
      stack.append((middle..<range.upperBound, depth + 1, node))
      stack.append((range.lowerBound..<middle, depth + 1, -1))
    }
  }

  /// A leaf of some rows; gives their weight and impurity.
  private func append(_ range: Range<Int>) -> (Double, Double) {
    for place in 0..<statistics { totals[place] = 0 }
    if !isOfClasses { center = mean(range) }
    for place in range { add(Int(order[place]), to: totals) }
    var weight = totals[0]
    if isOfClasses { for place in 1..<max(1, statistics) { weight += totals[place] } }
    tree.feature.append(-1)
    tree.threshold.append(0)
    tree.right.append(0)
    tree.weight.append(weight)
    if isOfClasses {
      for place in 0..<statistics { tree.value.append(totals[place] / weight) }
    } else {
      tree.value.append(center + totals[1] / weight)
    }
    let impurity = self.impurity(weight)
    tree.impurity.append(impurity)
    return (weight, impurity)
  }

  /// The mean target of rows; exactly that of all where they are equal.
  private func mean(_ range: Range<Int>) -> Double {
    guard let first = range.first else { return 0 }
    let start = targets[Int(order[first])]
    var (sum, weight) = (0.0, 0.0)
    for place in range {
      let row = Int(order[place])
      sum += weights[row] * (targets[row] - start)
      weight += weights[row]
    }
    return start + sum / weight
  }

  @inline(__always)
  private func add(_ row: Int, to sums: UnsafeMutablePointer<Double>) {
    let weight = weights[row]
    if isOfClasses {
      sums[Int(classes[row])] += weight
    } else {
      let target = targets[row] - center
      sums[0] += weight
      sums[1] += weight * target
      sums[2] += weight * target * target
    }
  }

  private func impurity(_ weight: Double) -> Double {
    let sums = UnsafeBufferPointer(start: totals, count: statistics)
    switch options.criterion {
    case .gini: return 1 - sums.reduce(0) { $0 + $1 * $1 } / (weight * weight)
    case .entropy:
      return -sums.reduce(0) { $0 + ($1 > 0 ? $1 / weight * log2($1 / weight) : 0) }
    case .squared: return max(0, sums[2] / weight - sums[1] / weight * (sums[1] / weight))
    }
  }

  // MARK: - Splits

  /// The best split of a node, whose sums are `totals`; nil where all rows are alike.
  private func best(_ range: Range<Int>, _ weight: Double) -> Split? {
    var best = Split()
    let all = columnCount
    guard options.features < all else {
      for column in 0..<all { consider(column, range, weight, &best) }
      return best.column >= 0 ? best : nil
    }
    // Columns in a random order, as many as are wanted, more only where none of them divides the rows.
    for drawn in 0..<all {
      if drawn >= options.features, best.column >= 0 { break }
      let pick = drawn + min(all - drawn - 1, Int(random.nextUniform() * Double(all - drawn)))
      columnOrder.swapAt(drawn, pick)
      consider(columnOrder[drawn], range, weight, &best)
    }
    return best.column >= 0 ? best : nil
  }

  private func consider(
    _ column: Int, _ range: Range<Int>, _ weight: Double, _ best: inout Split
  ) {
    let own = ranks + column * rowCount
    var (low, high) = (Int32.max, Int32.min)
    for place in range {
      let rank = own[Int(order[place])]
      low = min(low, rank)
      high = max(high, rank)
    }
    guard low < high else { return }
    let different = Int(high - low) + 1
    if different <= TreeGrower.tableSize, different <= 4 * range.count {
      counted(column, own, range, weight, low, different, &best)
    } else {
      sorted(column, own, range, weight, &best)
    }
  }

  /// The sums of all rows of each rank, then one way over the ranks.
  private func counted(
    _ column: Int, _ own: UnsafePointer<Int32>, _ range: Range<Int>, _ weight: Double, _ low: Int32,
    _ different: Int, _ best: inout Split
  ) {
    let size = statistics + 1
    counts.update(repeating: 0, count: different * size)
    for place in range {
      let row = Int(order[place])
      let sums = counts + Int(own[row] - low) * size
      add(row, to: sums)
      sums[statistics] += weights[row]
    }
    left.update(repeating: 0, count: statistics)
    var (before, leftWeight): (Int32, Double) = (-1, 0)
    for rank in 0..<different {
      let sums = counts + rank * size
      guard sums[statistics] > 0 else { continue }
      let now = low + Int32(rank)
      if before >= 0 { compare(column, before, now, leftWeight, weight, &best) }
      for place in 0..<statistics { left[place] += sums[place] }
      leftWeight += sums[statistics]
      before = now
    }
  }

  /// The rows in order of their ranks.
  private func sorted(
    _ column: Int, _ own: UnsafePointer<Int32>, _ range: Range<Int>, _ weight: Double,
    _ best: inout Split
  ) {
    for (index, place) in range.enumerated() {
      let row = order[place]
      keys[index] = UInt64(UInt32(own[Int(row)])) << 32 | UInt64(UInt32(row))
    }
    var sorted = UnsafeMutableBufferPointer(start: keys, count: range.count)
    if range.count > 24 { sorted.sort() } else { insert(sorted) }
    left.update(repeating: 0, count: statistics)
    var (before, leftWeight): (Int32, Double) = (-1, 0)
    for key in sorted {
      let rank = Int32(truncatingIfNeeded: key >> 32)
      if before >= 0, rank != before { compare(column, before, rank, leftWeight, weight, &best) }
      let row = Int(key & 0xFFFF_FFFF)
      add(row, to: left)
      leftWeight += weights[row]
      before = rank
    }
  }

  /// Insertion sort: few keys need no more.
  private func insert(_ keys: UnsafeMutableBufferPointer<UInt64>) {
    for index in keys.indices.dropFirst() {
      let key = keys[index]
      var place = index
      while place > 0, keys[place - 1] > key {
        keys[place] = keys[place - 1]
        place -= 1
      }
      keys[place] = key
    }
  }

  /// What is to be as large as can be: the less impure both sides are, weighed, the larger.
  @inline(__always)
  private func compare(
    _ column: Int, _ rank: Int32, _ next: Int32, _ leftWeight: Double, _ weight: Double,
    _ best: inout Split
  ) {
    let rightWeight = weight - leftWeight
    let least = Double(options.leaf)
    guard leftWeight >= least, rightWeight >= least else { return }
    var gain = 0.0
    switch options.criterion {
    case .gini:
      var (a, b) = (0.0, 0.0)
      for place in 0..<statistics {
        let rest = totals[place] - left[place]
        a += left[place] * left[place]
        b += rest * rest
      }
      gain = a / leftWeight + b / rightWeight
    case .entropy:
      for place in 0..<statistics {
        let rest = totals[place] - left[place]
        if left[place] > 0 { gain += left[place] * log2(left[place] / leftWeight) }
        if rest > 0 { gain += rest * log2(rest / rightWeight) }
      }
    case .squared:
      let rest = totals[1] - left[1]
      gain = left[1] * left[1] / leftWeight + rest * rest / rightWeight
    }
    // Rounding must not decide between equal ones.
    let tolerance = 1e-12 * gain.magnitude
    if gain > best.gain + tolerance {
      best = Split(column: column, rank: rank, next: next, gain: gain)
    } else if gain >= best.gain - tolerance, column != best.column {
      let other = Split(column: column, rank: rank, next: next, gain: best.gain)
      if margin(other) > margin(best) { best = other }
    }
  }

  /// The gap between both sides of a split, as a part of the column's range.
  @inline(never)
  private func margin(_ split: Split) -> Double {
    let values = data.values[split.column]
    let range = (values.last ?? 0) - (values.first ?? 0)
    return (values[Int(split.next)] - values[Int(split.rank)]) / range
  }

  /// Rows that go left first, each side in the order in which it was; gives where the right ones begin.
  private func partition(_ range: Range<Int>, _ split: Split) -> Int {
    let own = ranks + split.column * rowCount
    var (lower, upper) = (range.lowerBound, 0)
    for place in range {
      let row = order[place]
      if own[Int(row)] <= split.rank {
        order[lower] = row
        lower += 1
      } else {
        spare[upper] = row
        upper += 1
      }
    }
    for place in 0..<upper { order[lower + place] = spare[place] }
    return lower
  }
}

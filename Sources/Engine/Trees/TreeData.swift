// Rows that trees are grown on, by columns, each value as its rank in the column.

/// Rows of a decision tree's training set.
package struct TreeData: Sendable {
  package let rows: Int
  package let columns: Int
  /// Of column c, row r at c · rows + r: the place of the value among the different ones.
  let ranks: [Int32]
  /// The different values of each column, ascending.
  let values: [[Double]]
  /// Class numbers, or none for regression.
  let classes: [Int32]
  /// How many classes; 0 for regression.
  package let classCount: Int
  let targets: [Double]

  /// - Parameters:
  ///   - x: finite values, row by row.
  ///   - classes: 0 … classCount − 1, or empty for regression.
  package init(
    _ x: [Double], columns: Int, classes: [Int] = [], classCount: Int = 0, targets: [Double] = []
  ) {
    let rows = x.count / max(1, columns)
    (self.rows, self.columns, self.classCount) = (rows, columns, classCount)
    (self.classes, self.targets) = (classes.map { Int32($0) }, targets)
    var ranks = [Int32](repeating: 0, count: x.count)
    var all: [[Double]] = []
    var table = ValueTable(rows)
    for column in 0..<columns {
      table.clear()
      for row in 0..<rows {
        ranks[column * rows + row] = table.number(of: x[row * columns + column])
      }
      let order = table.values.indices.sorted { table.values[$0] < table.values[$1] }
      var places = [Int32](repeating: 0, count: order.count)
      for (rank, number) in order.enumerated() { places[number] = Int32(rank) }
      for row in column * rows..<(column + 1) * rows { ranks[row] = places[Int(ranks[row])] }
      all.append(order.map { table.values[$0] })
      if Interrupts.isRequested { break }
    }
    (self.ranks, values) = (ranks, all)
  }
}

/// Different values in the order in which they were met (open addressing).
private struct ValueTable {
  private(set) var values: [Double] = []
  private var slots: [Int32]
  private let mask: Int

  init(_ count: Int) {
    var size = 16
    while size < 2 * count { size *= 2 }
    (slots, mask) = ([Int32](repeating: -1, count: size), size - 1)
  }

  mutating func clear() {
    for place in slots.indices { slots[place] = -1 }
    values.removeAll(keepingCapacity: true)
  }

  private func slot(of value: Double) -> Int {
    // −0 is 0.
    let bits = (value + 0).bitPattern &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: bits >> 32) & mask
  }

  mutating func number(of value: Double) -> Int32 {
    var slot = slot(of: value)
    while slots[slot] >= 0 {
      if values[Int(slots[slot])] == value { return slots[slot] }
      slot = (slot + 1) & mask
    }
    slots[slot] = Int32(values.count)
    values.append(value)
    return slots[slot]
  }
}

/// How trees grow.
package struct TreeOptions: Sendable {
  package enum Criterion: String, Sendable, CaseIterable { case gini, entropy, squared }

  package var criterion: Criterion
  package var depth: Int
  /// Rows that a leaf has at least, and a node that is split.
  package var leaf: Int
  package var split: Int
  /// Columns that are looked at for a split, drawn anew each time; all where there are no more.
  package var features: Int
  /// What a leaf costs in pruning, in units of impurity, as scikit-learn's ccp_alpha.
  package var pruning: Double

  package init(
    criterion: Criterion, depth: Int = .max, leaf: Int = 1, split: Int = 2, features: Int = .max,
    pruning: Double = 0
  ) {
    (self.criterion, self.depth, self.leaf, self.split) = (criterion, depth, leaf, split)
    (self.features, self.pruning) = (features, pruning)
  }
}

/// A tree: nodes in preorder, so that a left child follows its parent.
package struct GrownTree: Sendable {
  /// The column that is asked for, −1 at a leaf.
  package var feature: [Int32] = []
  /// Rows of at most so much go left.
  package var threshold: [Double] = []
  package var right: [Int32] = []
  /// The weight of the rows that came here, and their impurity.
  package var weight: [Double] = []
  package var impurity: [Double] = []
  /// Shares of classes, or the mean, `width` numbers a node.
  package var value: [Double] = []
  package let width: Int

  package init(width: Int) { self.width = width }

  package var count: Int { feature.count }
  package var leaves: Int { feature.lazy.filter { $0 < 0 }.count }

  package var depth: Int { count > 0 ? extent(below: 0).depth : 0 }

  /// How many leaves there are from a node on, and how many questions lead to the deepest.
  package func extent(below root: Int) -> (leaves: Int, depth: Int) {
    var waiting = [(node: root, level: 0)]
    var (leaves, deepest) = (0, 0)
    while let (node, level) = waiting.popLast() {
      deepest = max(deepest, level)
      if feature[node] < 0 {
        leaves += 1
      } else {
        waiting.append((Int(right[node]), level + 1))
        waiting.append((node + 1, level + 1))
      }
    }
    return (leaves, deepest)
  }

  /// The leaf of a row whose columns begin at a place.
  @inline(__always)
  package func leaf(of x: UnsafePointer<Double>) -> Int {
    var node = 0
    while feature[node] >= 0 {
      node = x[Int(feature[node])] <= threshold[node] ? node + 1 : Int(right[node])
    }
    return node
  }

  /// How much less impure each column that is asked for made the rows, as shares of what all did
  /// (Breiman et al. 1984).
  package var importances: [(column: Int, share: Double)] {
    var sums: [Int: Double] = [:]
    for node in 0..<count where feature[node] >= 0 {
      let (a, b) = (node + 1, Int(right[node]))
      sums[Int(feature[node]), default: 0] +=
        weight[node] * impurity[node] - weight[a] * impurity[a] - weight[b] * impurity[b]
    }
    // In the order of the columns, so that the sum has the same bits every time.
    let ordered = sums.sorted { $0.key < $1.key }
    let total = ordered.reduce(0) { $0 + $1.value }
    return ordered.map { (column: $0.key, share: total > 0 ? $0.value / total : $0.value) }
  }

  /// The nodes that are left where each leaf costs `alpha`: of the subtrees whose risk and leaves cost
  /// least the smallest (Breiman et al. 1984, section 3.3; scikit-learn's ccp_alpha).
  package func pruned(_ alpha: Double) -> GrownTree {
    guard alpha > 0, count > 1 else { return self }
    let total = weight[0]
    var isLeaf = feature.map { $0 < 0 }
    var cost = [Double](repeating: 0, count: count)
    // Children stand behind their parents.
    for node in (0..<count).reversed() {
      let own = weight[node] / total * impurity[node] + alpha
      let below = isLeaf[node] ? own : cost[node + 1] + cost[Int(right[node])]
      if own <= below * (1 + 1e-12) { isLeaf[node] = true }
      cost[node] = min(own, below)
    }
    return kept(isLeaf)
  }

  private func kept(_ isLeaf: [Bool]) -> GrownTree {
    var result = GrownTree(width: width)
    // What is to be copied, and whose right child it becomes.
    var stack: [(node: Int, parent: Int)] = [(0, -1)]
    while let (node, parent) = stack.popLast() {
      let new = result.count
      if parent >= 0 { result.right[parent] = Int32(new) }
      result.feature.append(isLeaf[node] ? -1 : feature[node])
      result.threshold.append(isLeaf[node] ? 0 : threshold[node])
      result.right.append(0)
      result.weight.append(weight[node])
      result.impurity.append(impurity[node])
      result.value += value[node * width..<(node + 1) * width]
      guard !isLeaf[node] else { continue }
      stack.append((Int(right[node]), new))
      stack.append((node + 1, -1))
    }
    return result
  }
}

// The labels of steps, the same in every view of one loss.

import Autodiff

/// The walk with everything folded numbers its steps 1, 2, 3; what step 3 opens into is 3.1, 3.2,
/// and what 3.1 opens into 3.1.1.
struct StepLabels {
  private(set) var labels: [Int: String] = [:]

  /// - Parameter views: the values of the forward lines of each view, from folded to open.
  init(_ views: [[Node]]) {
    for (index, node) in (views.first ?? []).enumerated() {
      labels[node.serial] = String(index + 1)
    }
    for (outer, inner) in zip(views, views.dropFirst()) { open(outer, inner) }
  }

  /// Labels what a finer view shows inside the steps of a coarser one.
  private mutating func open(_ outer: [Node], _ inner: [Node]) {
    let visible = Set(inner.map(\.serial))
    var seen: Set<Int> = []
    for step in outer {
      guard let label = labels[step.serial] else { continue }
      var found: [Node] = []
      var stack = step.inputs
      while let node = stack.popLast() {
        guard labels[node.serial] == nil, node.version == nil, seen.insert(node.serial).inserted
        else { continue }
        if visible.contains(node.serial) { found.append(node) }
        stack += node.inputs
      }
      for (index, node) in found.sorted(by: { $0.serial < $1.serial }).enumerated() {
        labels[node.serial] = "\(label).\(index + 1)"
      }
    }
  }
}

// What the walk calls values and gradients: the user's names, numbers of steps, textbook letters.

import Autodiff
import Engine

/// How values are named.
package enum WalkNotation: String, CaseIterable, Sendable {
  /// As the user named them.
  case names
  /// z⁽ˡ⁾ before an activation, a⁽ˡ⁾ after it, δ⁽ˡ⁾ for the gradient of z⁽ˡ⁾.
  case delta
}

struct WalkNames {
  private var values: [Int: String] = [:]
  private var gradients: [Int: String] = [:]
  /// Names that are not the user's, and what they stand for.
  private(set) var legend: [(symbol: String, meaning: String)] = []
  let lossName: String
  /// The labels of steps by the serial of their value.
  let labels: [Int: String]
  /// The shapes of gradients that stand for those of values inside a step.
  private var shapes: [Int: Shape] = [:]

  init(
    _ order: [Node], labels: [Int: String], folding: Folding, lossName: String,
    notation: WalkNotation
  ) {
    self.lossName = lossName
    self.labels = labels
    let all = order + order.flatMap(\.inputs)
    let owners = WalkNames.owners(all)
    for node in all where values[node.serial] == nil {
      values[node.serial] = userName(node, owners)
    }
    for (name, nodes) in owners.sorted(by: { $0.key < $1.key }) where nodes.count > 1 {
      let first = WalkNames.lowered(1)
      let last = WalkNames.lowered(nodes.count)
      legend.append(("\(name)\(first) … \(name)\(last)", "the values of \(name) in order"))
    }
    if let loss = order.last { values[loss.serial] = lossName }
    if notation == .delta { useLetters(order, folding) }
    nameFolded(order, folding)
  }

  /// The values that share a name, operands first; a param and its updates are one.
  private static func owners(_ all: [Node]) -> [String: [Node]] {
    var owners: [String: [Node]] = [:]
    var seen: Set<Int> = []
    for node in all.sorted(by: { $0.serial < $1.serial }) {
      guard seen.insert(node.serial).inserted, let name = own(node) else { continue }
      owners[name, default: []].append(node)
    }
    return owners
  }

  /// The user's name; data in another element type keeps it.
  static func own(_ node: Node) -> String? {
    if let name = node.version?.parameter?.name ?? node.name { return name }
    guard node.op === Operator.convert, !node.isTracked, let source = node.inputs.first else {
      return nil
    }
    return own(source)
  }

  /// A few numbers of the source, written out: `[0, 2, 0]`.
  static func short(_ node: Node) -> String? {
    guard node.isLeaf, !node.isTracked, node.shape.rank == 1, node.shape.count <= 6,
      let buffer = node.buffer
    else { return nil }
    let isSingle = node.dtype == .f32
    let numbers = buffer.doubles.map { NumberText.written($0, digits: 6, isSingle: isSingle) }
    return "[\(numbers.joined(separator: ", "))]"
  }

  private func userName(_ node: Node, _ owners: [String: [Node]]) -> String {
    if let name = WalkNames.own(node) {
      let nodes = owners[name] ?? []
      guard nodes.count > 1, let place = nodes.firstIndex(where: { $0 === node }) else {
        return name
      }
      return name + WalkNames.lowered(place + 1)
    }
    if let label = labels[node.serial] { return "⟨\(label)⟩" }
    return WalkNames.literal(node)
  }

  /// How a number without a name is written.
  static func literal(_ node: Node) -> String {
    if node.shape.rank == 0, let value = node.buffer?[0] {
      let exact = node.isNumber ? node.exact : value
      return NumberText.written(
        exact, digits: 17, isSingle: node.dtype == .f32 && !node.isNumber)
    }
    return short(node) ?? "data \(node.shape)"
  }

  /// Characters of a value that is written out.
  private static let longest = 160

  /// Values inside a step are written out; their gradients are those of the step where they are
  /// equal to it.
  private mutating func nameFolded(_ order: [Node], _ folding: Folding) {
    for node in order where folding.isFolded(node) {
      let operands = node.inputs.map { name($0) }
      let text = RecordText.forward(node, operands, name(node))
      // What is used twice would double the text with every step of a recurrent layer.
      values[node.serial] = text.count <= WalkNames.longest ? text : "\(node.op.name)(…)"
    }
    for node in order {
      guard let carrier = folding.carrier(node) else { continue }
      gradients[node.serial] = gradients[carrier.serial] ?? "∂\(lossName)/∂\(name(carrier))"
      shapes[node.serial] = carrier.shape
    }
  }

  func name(_ node: Node) -> String {
    values[node.serial] ?? WalkNames.own(node) ?? WalkNames.literal(node)
  }

  /// `∂loss/∂h`; nil for a value inside a step that has a gradient of its own.
  func gradient(_ node: Node) -> String? { gradients[node.serial] }

  /// `h[0, 1]`
  func element(_ node: Node, _ index: Int) -> String {
    name(node) + WalkNames.suffix(node.shape, index)
  }

  func gradient(_ node: Node, _ index: Int) -> String? {
    gradient(node).map { $0 + WalkNames.suffix(shapes[node.serial] ?? node.shape, index) }
  }

  static func suffix(_ shape: Shape, _ index: Int) -> String {
    guard shape.rank > 0 else { return "" }
    var rest = index
    var places: [String] = []
    for stride in shape.strides {
      places.append(String(rest / max(1, stride)))
      rest %= max(1, stride)
    }
    return "[\(places.joined(separator: ", "))]"
  }

  static func lowered(_ number: Int) -> String {
    let digits: [Character] = ["₀", "₁", "₂", "₃", "₄", "₅", "₆", "₇", "₈", "₉"]
    return String(String(number).compactMap { $0.wholeNumberValue.map { digits[$0] } })
  }

  static func raised(_ number: Int) -> String {
    let digits: [Character] = ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"]
    return String(String(number).compactMap { $0.wholeNumberValue.map { digits[$0] } })
  }
}

// MARK: - Textbook letters

extension WalkNames {
  /// z⁽ˡ⁾ for what a layer's weights give, a⁽ˡ⁾ for the activation of it, a⁽⁰⁾ for what enters.
  private mutating func useLetters(_ order: [Node], _ folding: Folding) {
    var layer = 0
    for node in order where node.op === Operator.matmul {
      let isWeighted = node.inputs.contains { $0.version != nil }
      guard isWeighted, let sum = sum(of: node, folding), sum !== order.last else { continue }
      layer += 1
      let level = "⁽\(WalkNames.raised(layer))⁾"
      if layer == 1, let input = node.inputs.first(where: { $0.version == nil }) {
        rename(input, "a⁽⁰⁾")
      }
      rename(sum, "z" + level)
      gradients[sum.serial] = "δ" + level
      legend.append(("δ" + level, "∂\(lossName)/∂z" + level))
      if let activation = activation(of: sum, folding), activation !== order.last {
        rename(activation, "a" + level)
      }
    }
  }

  private mutating func rename(_ node: Node, _ name: String) {
    if let old = values[node.serial], !old.hasPrefix("⟨") { legend.append((name, old)) }
    values[node.serial] = name
  }

  /// The value of the layer that a product begins: itself, or the sum with the bias.
  private func sum(of product: Node, _ folding: Folding) -> Node? {
    if let user = folding.onlyUser(product), user.op === Operator.add, user.shape == product.shape {
      return user
    }
    return product
  }

  /// What an activation makes of a layer's value.
  private func activation(of sum: Node, _ folding: Folding) -> Node? {
    guard let user = folding.onlyUser(sum), user.shape == sum.shape, user.inputs.count == 1 else {
      return nil
    }
    if case .each = user.op.elements { return user }
    return user.op === Operator.softmax ? user : nil
  }
}

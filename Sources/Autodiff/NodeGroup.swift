// Which call of a layer recorded a node, so that the walk can fold the call into one step.

import Engine

/// What a layer is called: the path under which the user holds it, `net[0]`, else its source.
package final class LayerLabel {
  private let source: String
  private let owners: [ParameterOwner]
  /// How many names the first param's path in the layer has.
  private let depth: Int

  /// - Parameter parameters: its params by their paths in it, `weight` or `norm1.gain`.
  package init(source: String, parameters: [(name: String, parameter: Parameter)]) {
    (self.source, owners) = (source, parameters.map(\.parameter.owner))
    depth = parameters.first.map { $0.name.split(separator: ".").count } ?? 1
  }

  /// Whether a param is one of the layer's own.
  package func owns(_ parameter: Parameter) -> Bool {
    owners.contains { $0 === parameter.owner }
  }

  package var text: String {
    guard var name = owners.first?.parameter?.name[...] else { return source }
    for _ in 0..<depth {
      guard let dot = name.lastIndex(of: ".") else { return source }
      name = name[..<dot]
    }
    return String(name)
  }
}

/// One call of a layer: the nodes that it recorded.
package final class NodeGroup {
  package let label: LayerLabel

  package init(_ label: LayerLabel) { self.label = label }
}

extension Graph {
  /// Runs a call of a layer; what it records belongs to one group. Inside another group nothing
  /// changes: the outermost layer is the step.
  package func grouped<T>(_ label: LayerLabel, _ body: () throws -> T) rethrows -> T {
    guard group == nil else { return try body() }
    group = NodeGroup(label)
    defer { group = nil }
    return try body()
  }
}

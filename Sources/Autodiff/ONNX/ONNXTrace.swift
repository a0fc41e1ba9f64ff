// A model as an ONNX graph: what it recorded for two numbers of rows, node by node.

import Engine

package enum ONNXTrace {
  /// The two numbers of rows with which a model is recorded; such that a model seldom has for itself.
  package static let rows = 7
  package static let otherRows = 11

  /// The graph of what a model recorded.
  ///
  /// - Parameters:
  ///   - inputs: its inputs with `rows` rows, and with `otherRows`: variables of the graph.
  ///   - outputs: what it gave for both.
  ///   - names: of its params, and of inputs and outputs.
  /// - Throws: where an operator has no form in ONNX, or the two recordings are not the same computation.
  package static func graph(
    inputs: [(name: String, node: Node, twin: Node)],
    outputs: [(name: String, node: Node, twin: Node)],
    names: @escaping (Parameter) -> String?
  ) throws(OperatorProblem) -> ONNXGraph {
    let graph = ONNXGraph()
    var writer = Writer(graph: graph, names: names)
    for (name, node, twin) in inputs {
      let name = graph.name(name)
      writer.known[ObjectIdentifier(node)] = name
      writer.depends.insert(ObjectIdentifier(node))
      graph.inputs.append(
        ONNXValue(name: name, dtype: node.dtype, dims: ONNXCall.dims(node, twin)))
    }
    let nodes = reached(outputs.map(\.node))
    let twins = reached(outputs.map(\.twin))
    try writer.write(nodes, twins)
    for (name, node, twin) in outputs {
      guard writer.depends.contains(ObjectIdentifier(node)),
        let value = writer.known[ObjectIdentifier(node)]
      else {
        throw OperatorProblem(
          .value, "\(name) does not depend on the input: there is nothing to write to a file")
      }
      graph.output(value, node.dtype, ONNXCall.dims(node, twin), name: name)
    }
    return graph
  }

  /// Everything that values are made of, operands first.
  private static func reached(_ roots: [Node]) -> [Node] {
    var (seen, found, open): (Set<ObjectIdentifier>, [Node], [Node]) = ([], [], roots)
    while let node = open.popLast() {
      guard seen.insert(ObjectIdentifier(node)).inserted else { continue }
      found.append(node)
      if node.version?.parameter == nil { open += node.inputs }
    }
    return found.sorted { $0.serial < $1.serial }
  }

  private struct Writer {
    let graph: ONNXGraph
    let names: (Parameter) -> String?
    var known: [ObjectIdentifier: String] = [:]
    /// What depends on the inputs.
    var depends: Set<ObjectIdentifier> = []

    mutating func write(_ nodes: [Node], _ twins: [Node]) throws(OperatorProblem) {
      var places: [ObjectIdentifier: Int] = [:]
      for (place, node) in twins.enumerated() { places[ObjectIdentifier(node)] = place }
      guard nodes.count == twins.count else { throw different() }
      var own: [ObjectIdentifier: Int] = [:]
      for (place, node) in nodes.enumerated() { own[ObjectIdentifier(node)] = place }
      for (node, twin) in zip(nodes, twins) {
        let isSame =
          node.op === twin.op && node.dtype == twin.dtype && node.shape.rank == twin.shape.rank
          && node.inputs.map { own[ObjectIdentifier($0)] }
            == twin.inputs.map { places[ObjectIdentifier($0)] }
        guard isSame else { throw different(node) }
        if node.inputs.contains(where: { depends.contains(ObjectIdentifier($0)) }) {
          depends.insert(ObjectIdentifier(node))
        }
        try note(node, twin)
      }
    }

    private func different(_ node: Node? = nil) -> OperatorProblem {
      OperatorProblem(
        .value,
        "the model computes something else for \(ONNXTrace.otherRows) rows than for "
          + "\(ONNXTrace.rows): it has no one ONNX graph", origin: node?.origin ?? .unknown)
    }

    /// Gives a node its name, once its operands have theirs.
    private mutating func note(_ node: Node, _ twin: Node) throws(OperatorProblem) {
      let id = ObjectIdentifier(node)
      guard known[id] == nil else { return }
      guard !node.op.isRandom else {
        throw ONNXCall(graph: graph, node: node, twin: twin, operands: []).problem(
          "it draws random numbers")
      }
      let isOpen = node.shape != twin.shape
      if !depends.contains(id), !isOpen {
        // Written only where something reads it that stays open.
        return
      }
      guard !node.isLeaf else { throw different(node) }
      var operands: [String] = []
      let count = ONNXForms.form(of: node.op).isOfFirst ? 1 : node.inputs.count
      for (input, other) in zip(node.inputs, twin.inputs).prefix(count) {
        operands.append(try value(input, other))
      }
      known[id] = try write(ONNXCall(graph: graph, node: node, twin: twin, operands: operands))
    }

    /// The name of an operand; one that does not depend on the inputs is a tensor of the file.
    private mutating func value(_ node: Node, _ twin: Node) throws(OperatorProblem) -> String {
      let id = ObjectIdentifier(node)
      if let name = known[id] { return name }
      if let parameter = node.version?.parameter, let name = names(parameter) {
        known[id] = try tensor(node, name)
      } else {
        try node.graph.force([node, twin])
        guard let buffer = node.buffer, let other = twin.buffer, buffer.hasSameBytes(as: other)
        else {
          throw different(node)
        }
        known[id] = try tensor(node, node.name ?? "constant")
      }
      return known[id] ?? ""
    }

    private func tensor(_ node: Node, _ name: String) throws(OperatorProblem) -> String {
      try node.graph.force([node])
      guard let buffer = node.buffer else {
        throw OperatorProblem(.value, "\(name) has no numbers", origin: node.origin)
      }
      return graph.add(buffer, node.shape, name: name)
    }

    private func write(_ call: ONNXCall) throws(OperatorProblem) -> String {
      switch ONNXForms.form(of: call.node.op) {
      case .same(let op): return call.add(op, call.operands)
      case .made(let body), .ofFirst(let body): return try body(call)
      case .none(let because): throw call.problem(because)
      case .composed: return try composed(call)
      }
    }

    /// The operator in simpler ones, recorded for both numbers of rows.
    private func composed(_ call: ONNXCall) throws(OperatorProblem) -> String {
      guard let composition = call.node.op.composition else {
        throw call.problem("it has no form there")
      }
      var inner = Writer(graph: graph, names: names)
      func stand(_ nodes: [Node]) throws(OperatorProblem) -> [Node] {
        var variables: [Node] = []
        for node in nodes {
          let buffer = try Graph.buffer(
            node.dtype, values: [Double](repeating: 0, count: node.shape.count))
          variables.append(try node.graph.variable(node.graph.leaf(buffer, node.shape)))
        }
        return variables
      }
      let (own, other) = (try stand(call.node.inputs), try stand(call.twin.inputs))
      for (variable, name) in zip(own, call.operands) {
        inner.known[ObjectIdentifier(variable)] = name
        inner.depends.insert(ObjectIdentifier(variable))
      }
      let graph = call.node.graph
      let root = try graph.rule { composition(own, call.node) }
      let twin = try graph.rule { composition(other, call.twin) }
      try inner.write(ONNXTrace.reached([root]), ONNXTrace.reached([twin]))
      for variable in own + other { graph.end(variable) }
      return try inner.value(root, twin)
    }
  }
}

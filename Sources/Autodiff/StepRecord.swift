// How an optimizer made the present value of a parameter, for explanations.

/// One step of an optimizer for one parameter, to be gone through again.
package final class StepRecord {
  /// What a step was made of and what it made.
  package struct Replay {
    /// The old value, the gradient, the old state; they have names.
    package let inputs: [Node]
    /// New states by name, then the new value.
    package let results: [(name: String, node: Node)]
  }

  /// `adam, step 3: lr = 0.1, …`
  package let rule: String
  private var operands: [(name: String, node: Node)]
  private let record: (_ inputs: [Node]) -> [(name: String, node: Node)]

  /// - Parameters:
  ///   - operands: the old value, the gradient, the old state.
  ///   - record: records the rule for such operands; new states by name, then the new value.
  package init(
    rule: String, operands: [(name: String, node: Node)],
    record: @escaping (_ inputs: [Node]) -> [(name: String, node: Node)]
  ) {
    (self.rule, self.operands, self.record) = (rule, operands, record)
  }

  /// Keeps the operands' numbers without what they were made from, which would be all steps before.
  package func settle() {
    let kept = operands.compactMap { name, node in
      node.buffer.map { (name, node.graph.leaf($0, node.shape)) }
    }
    operands = kept.count == operands.count ? kept : []
  }

  /// The rule over variables with the values of that moment; nil where they are not known.
  package func replay() throws(OperatorProblem) -> Replay? {
    guard let graph = operands.first?.node.graph else { return nil }
    var inputs: [Node] = []
    for (name, node) in operands {
      let input = try graph.variable(graph.detach(node))
      input.name = name
      inputs.append(input)
    }
    let results = try graph.rule { record(inputs) }
    return Replay(
      inputs: inputs, results: results.filter { result in !inputs.contains { $0 === result.node } })
  }
}

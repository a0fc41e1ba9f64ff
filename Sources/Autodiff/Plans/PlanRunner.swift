// Plans: what to compute in which order, made once for a structure and run many times.

import Engine

/// One operator call of a plan.
final class PlanStep {
  let op: Operator
  let attributes: Attributes
  let type: TensorType
  /// Slots of the operands; −1 − i for the i-th leaf.
  let operands: [Int32]
  let inputShapes: [Shape]
  /// Slots whose last reader it is.
  let releases: [Int]

  init(_ node: Node, operands: [Int32], releases: [Int]) {
    (op, attributes, type) = (node.op, node.attributes, node.type)
    inputShapes = node.inputs.map(\.shape)
    (self.operands, self.releases) = (operands, releases)
  }
}

/// Steps in order.
final class Plan {
  let entries: [PlanEntry]
  let leafTypes: [TensorType]
  private let steps: [PlanStep]
  /// What the last run computed: the numbers of the roots by slot, nil for all other slots.
  private(set) var outputs: [Buffer?]

  init(_ key: PlanKey) {
    entries = key.entries
    leafTypes = key.leafTypes
    outputs = [Buffer?](repeating: nil, count: entries.count)
    var lastUse = [Int](repeating: -1, count: key.entries.count)
    for (step, entry) in key.entries.enumerated() {
      for operand in entry.operands where operand >= 0 { lastUse[Int(operand)] = step }
    }
    var releases = [[Int]](repeating: [], count: key.entries.count)
    for (slot, step) in lastUse.enumerated() where step >= 0 && !key.entries[slot].isRoot {
      releases[step].append(slot)
    }
    steps = key.nodes.enumerated().map { index, node in
      PlanStep(node, operands: key.entries[index].operands, releases: releases[index])
    }
  }

  func matches(_ key: PlanKey) -> Bool {
    entries == key.entries && leafTypes == key.leafTypes
  }

  /// Computes the roots into `outputs`, which the caller lets go with `releaseOutputs`.
  func run(_ leaves: [Buffer], node: (_ slot: Int) -> Node?) throws(OperatorProblem) {
    for index in steps.indices {
      do throws(OperatorProblem) {
        outputs[index] = try run(steps[index], leaves)
      } catch {
        var problem = error
        if problem.kind != .memory, let node = node(index) {
          problem.origin = node.origin
          problem.made = node.inputs.map { ($0.knownName, $0.origin) }
        }
        throw problem
      }
      for slot in steps[index].releases { outputs[slot] = nil }
    }
  }

  /// Holds the numbers of the last run no longer.
  func releaseOutputs() {
    for slot in outputs.indices { outputs[slot] = nil }
  }

  private func run(_ step: PlanStep, _ leaves: [Buffer]) throws(OperatorProblem) -> Buffer {
    var inputs: [Buffer] = []
    inputs.reserveCapacity(step.operands.count)
    for operand in step.operands {
      guard let buffer = operand >= 0 ? outputs[Int(operand)] : leaves[Int(-1 - operand)] else {
        throw OperatorProblem(.memory, "an operand of \(step.op.name) was let go too early")
      }
      inputs.append(buffer)
    }
    if step.op.isAlias { return inputs[0] }
    let output: Buffer
    do { output = try Buffer(step.type.dtype, count: step.type.shape.count) } catch {
      throw Graph.memoryProblem(error)
    }
    do throws(OperatorProblem) {
      try step.op.kernel(
        KernelCall(
          inputs: inputs, inputShapes: step.inputShapes, output: output, shape: step.type.shape,
          attributes: step.attributes))
    } catch {
      // What an interrupted kernel complains about may be its own half of the work.
      try Graph.checkInterrupt()
      throw error
    }
    try Graph.checkInterrupt()
    return output
  }
}

extension Graph {
  /// Throws where work was interrupted: kernels that were just end.
  package static func checkInterrupt() throws(OperatorProblem) {
    if Interrupts.isRequested { throw OperatorProblem(.interrupt, "interrupted") }
  }
}

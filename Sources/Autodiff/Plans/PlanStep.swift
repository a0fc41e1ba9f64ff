// What a plan does in one go.

import Engine

/// One step of a plan.
final class PlanStep {
  enum Work {
    /// A fused loop.
    case loop(TileProgram)
    case product(MatrixProduct.Sizes, isDouble: Bool, a: Int, b: Int, c: Int)
    /// A product with the fused loop over its elements.
    case productLoop(ProductLoop)
    /// A product for each place of a batch.
    case products(BatchProduct, isDouble: Bool, a: Int, b: Int, c: Int)
    /// The kernel of a single operator.
    case kernel(PlanKernel)
  }

  let work: Work
  /// The slots that it computes, in order.
  let slots: [Int]

  init(_ work: Work, slots: [Int]) { (self.work, self.slots) = (work, slots) }

  /// Whether it takes denormals as zeros: it has nothing to do with f64. That is told by its operators
  /// alone, whatever they share a step with.
  var flushesToZero: Bool {
    switch work {
    case .loop(let program): !program.isDouble
    case .product(_, let isDouble, _, _, _), .products(_, let isDouble, _, _, _): !isDouble
    case .productLoop(let product): !product.isDouble
    case .kernel(let kernel):
      !(kernel.call.inputs + [kernel.call.output]).contains { $0.dtype == .f64 }
    }
  }
}

/// A call of a kernel that is made once; only where its operands and its result lie changes.
final class PlanKernel {
  let kernel: Operator.Kernel
  let call: KernelCall
  /// For the operands and then the result: which address.
  private let addresses: [Int]
  private let views: [Buffer]

  init(_ slot: PlanSlot, operands: [Int], result: Int) {
    kernel = slot.op.kernel
    let inputs = slot.inputTypes.map { Buffer(viewing: $0.dtype, count: $0.shape.count) }
    let output = Buffer(viewing: slot.type.dtype, count: slot.type.shape.count)
    call = KernelCall(
      inputs: inputs, inputShapes: slot.inputTypes.map(\.shape), output: output,
      shape: slot.type.shape, attributes: slot.attributes)
    addresses = operands + [result]
    views = inputs + [output]
  }

  func run(_ places: UnsafePointer<UnsafeMutableRawPointer>) throws(OperatorProblem) {
    for index in views.indices { views[index].show(places[addresses[index]]) }
    do throws(OperatorProblem) { try kernel(call) } catch {
      // What an interrupted kernel complains about may be its own half of the work.
      try Graph.checkInterrupt()
      throw error
    }
  }
}

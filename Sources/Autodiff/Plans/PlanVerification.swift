// Fused against unfused: with NNS_VERIFY=1 every step of every plan is followed by the kernels of
// its operators one by one, and what both made is compared.

import Engine
import Glibc

/// A run of a plan that looks over its own shoulder.
struct PlanVerification {
  static let isOn = getenv("NNS_VERIFY").map { String(cString: $0) == "1" } ?? false

  private let plan: Plan
  private let places: UnsafePointer<UnsafeMutableRawPointer>

  init(_ plan: Plan, _ places: UnsafePointer<UnsafeMutableRawPointer>) {
    (self.plan, self.places) = (plan, places)
  }

  /// Throws where a step that just ran differs from the kernels of its operators.
  func check(_ step: PlanStep) throws(OperatorProblem) {
    if case .kernel = step.work { return }
    var made: [Int: Buffer] = [:]
    for index in step.slots {
      let slot = plan.values.slots[index]
      var operands = slot.operands.indices.map { plan.values.reading(slot, operand: $0).value }
      if let product = PlanProduct(plan.values, slot) { operands = [product.left, product.right] }
      let plain = try compute(index, reads: operands, made)
      made[index] = plain
      guard plan.lowering.hasMemory(index) else { continue }
      let fused = view(index)
      // A loop over a product begins from the numbers that the library made.
      if case .product = slot.op.role { made[index] = fused }
      if let element = difference(plain, fused, tolerance(slot, operands)) {
        throw OperatorProblem(
          .value,
          "\(slot.op.name) of shape \(slot.type.shape) differs at element \(element): fused "
            + "\(fused[element]), alone \(plain[element])")
      }
    }
  }

  private func view(_ value: Int) -> Buffer {
    let type = plan.values.type(value)
    let view = Buffer(viewing: type.dtype, count: type.shape.count)
    view.show(places[plan.lowering.address(value)])
    return view
  }

  /// A slot by its kernel. `reads` are the values that the step looks at instead of the operands.
  private func compute(_ index: Int, reads: [Int], _ made: [Int: Buffer]) throws(OperatorProblem)
    -> Buffer
  {
    let slot = plan.values.slots[index]
    var inputs: [Buffer] = []
    for (operand, read) in zip(slot.operands, reads) {
      if let buffer = made[operand] {
        inputs.append(buffer)
      } else if operand == read {
        inputs.append(view(operand))
      } else {
        let below = plan.values.slots[operand]
        let reading = plan.values.reading(below.operands[0], below.inputTypes[0].shape)
        inputs.append(try compute(operand, reads: [reading.value], made))
      }
    }
    let output = try Kernels.buffer(slot.type.dtype, slot.type.shape.count)
    try slot.op.kernel(
      KernelCall(
        inputs: inputs, inputShapes: slot.inputTypes.map(\.shape), output: output,
        shape: slot.type.shape, attributes: slot.attributes))
    return output
  }

  /// The library may add up a product in another order when an operand lies transposed; everything
  /// else has the same bits.
  private func tolerance(_ slot: PlanSlot, _ reads: [Int]) -> Double {
    guard case .product = slot.op.role, let product = PlanProduct(plan.values, slot) else {
      return 0
    }
    let largest = reads.map { value in
      view(value).doubles.reduce(0) { max($0, $1.magnitude) }
    }
    let precision = slot.type.dtype == .f64 ? 0x1p-52 : 0x1p-23
    let k = Double(product.sizes.k)
    return precision * (k + 1) * k.squareRoot() * largest[0] * largest[1]
  }

  private func difference(_ a: Buffer, _ b: Buffer, _ tolerance: Double) -> Int? {
    (0..<a.count).first { i in
      let (x, y) = (a[i], b[i])
      if x.isNaN || y.isNaN { return x.isNaN != y.isNaN }
      return x != y && !((x - y).magnitude <= tolerance)
    }
  }
}

// Which element type a result has: in one place.

import Engine

package enum Promotion {
  /// Operators that take bools as the whole numbers 0 and 1.
  static let counting: [Operator] = [
    .add, .subtract, .multiply, .floorDivide, .remainder, .power, .matmul,
  ]

  /// The common type of two tensors: f64 before f32, floats before integers, i64 before i32.
  package static func common(_ a: DType, _ b: DType) -> DType {
    let order: [DType] = [.bool, .i32, .i64, .f32, .f64]
    let rank = { (dtype: DType) in order.firstIndex(of: dtype) ?? 0 }
    return rank(a) >= rank(b) ? a : b
  }

  /// The type in which two operands meet; a number takes the type of the tensor, a fractional one
  /// makes an integer tensor a float.
  package static func meet(_ a: Node, _ b: Node, floats: Bool) -> DType {
    let graph = a.graph
    var result: DType
    switch (a.isNumber, b.isNumber) {
    case (true, false): result = number(a, meets: b)
    case (false, true): result = number(b, meets: a)
    default: result = common(a.dtype, b.dtype)
    }
    if floats, !result.isFloat { result = graph.defaultDType }
    return result
  }

  /// A whole tensor and a number that is none of its element type are compared in f64, and a number
  /// beyond all that it may hold as an infinite one; nil where nothing of that kind is at hand.
  static func comparable(_ op: Operator, _ a: Node, _ b: Node) throws(OperatorProblem)
    -> [Node]?
  {
    guard Catalogue.comparisons.contains(where: { $0 === op }), a.isNumber != b.isNumber else {
      return nil
    }
    let (number, tensor) = a.isNumber ? (a, b) : (b, a)
    guard tensor.dtype.isInteger, !Graph.fits(number.exact, tensor.dtype) else { return nil }
    let isWhole = number.exact == number.exact.rounded()
    let bound = isWhole ? (number.exact > 0 ? Double.infinity : -.infinity) : number.exact
    let other = tensor.graph.input(bound, .f64)
    let wide = try tensor.converted(to: .f64)
    return a.isNumber ? [other, wide] : [wide, other]
  }

  private static func number(_ number: Node, meets tensor: Node) -> DType {
    if tensor.dtype.isFloat { return tensor.dtype }
    let value = number.exact
    if value != value.rounded() || !value.isFinite { return number.graph.defaultDType }
    return tensor.dtype == .bool ? .i64 : tensor.dtype
  }
}

extension Node {
  /// Whole numbers and bools as floats; floats as they are.
  package var floats: Node {
    get throws(OperatorProblem) {
      dtype.isFloat ? self : try converted(to: graph.defaultDType)
    }
  }

  /// The same values in another element type; itself where it has it.
  package func converted(to dtype: DType) throws(OperatorProblem) -> Node {
    if dtype == self.dtype { return self }
    if isNumber {
      guard Graph.fits(exact, dtype) else {
        throw OperatorProblem(
          .value,
          "\(NumberFormat.shortest(exact)) does not fit \(dtype.name), the element type here",
          help: "make the tensor f64 first, with .f64")
      }
      return op === Operator.constant ? graph.constant(exact, dtype) : graph.input(exact, dtype)
    }
    return try graph.record(.convert, [self], Attributes(dtype: dtype))
  }

  /// Its sum over the axes along which `shape` was stretched to give this node's shape.
  package func summed(to shape: Shape) throws(OperatorProblem) -> Node {
    if self.shape == shape { return self }
    let extra = self.shape.rank - shape.rank
    guard extra >= 0 else {
      return try graph.record(.expand, [self], Attributes(sizes: shape.dims))
    }
    var axes = Array(0..<extra)
    for axis in 0..<shape.rank where shape[axis] == 1 && self.shape[axis + extra] != 1 {
      axes.append(axis + extra)
    }
    var result = self
    if Reductions.order(self.shape, axes: axes) == nil {
      // Those at the end first: both sums go over the elements as they lie.
      let kept = (0..<self.shape.rank).last { self.shape[$0] != 1 && !axes.contains($0) } ?? -1
      let last = axes.filter { $0 > kept }
      result =
        last.isEmpty ? self : try graph.record(.sum, [self], Attributes(axes: last, keep: true))
      axes.removeAll { $0 > kept }
    }
    if !axes.isEmpty {
      result = try graph.record(.sum, [result], Attributes(axes: axes, keep: true))
    }
    if result.shape != shape {
      result = try graph.record(.reshape, [result], Attributes(sizes: shape.dims))
    }
    return result
  }
}

extension Graph {
  /// Records an operator of two operands in their common element type.
  package func binary(_ op: Operator, _ a: Node, _ b: Node, floats: Bool = false)
    throws(OperatorProblem) -> Node
  {
    if let pair = try Promotion.comparable(op, a, b) { return try record(op, pair) }
    var dtype = Promotion.meet(a, b, floats: floats)
    if dtype == .bool, Promotion.counting.contains(where: { $0 === op }) { dtype = .i64 }
    return try record(op, [a.converted(to: dtype), b.converted(to: dtype)])
  }
}

// Counting whole numbers, and finding places in sorted numbers.

import Engine

extension Operator {
  /// sizes: how many counts; flag: numbers that have none are left out, else they are an error.
  package static let bincount: Operator = Operator(
    name: "bincount", summary: "How often every whole number occurs.", parameters: [],
    formula: "bincount({0})",
    infer: { _, attributes throws(OperatorProblem) in
      guard let count = attributes.sizes.first, count >= 0, let shape = Shape(checking: [count])
      else { throw OperatorProblem(.value, "bincount wants a size of 0 or more") }
      return TensorType(shape, .i64)
    },
    kernel: { call throws(OperatorProblem) in
      Movement.clear(call.output)
      let counts = call.output.pointer(as: Int64.self)
      let size = call.shape[0]
      for piece in Work.pieces(call.inputs[0].count) {
        for i in piece {
          if let number = call.inputs[0].whole(i), number >= 0, number < size {
            counts[number] += 1
          } else if !call.attributes.flag {
            throw OperatorProblem(
              .value,
              "bincount counts whole numbers of 0 … \(size - 1), not "
                + NumberFormat.shortest(call.inputs[0][i]), operands: [0])
          }
        }
      }
    }, gradient: .none(because: "a count jumps"), isHidden: true)

  /// inputs: sorted [n], values; flag: behind equal elements instead of before them.
  package static let searchsorted: Operator = Operator(
    name: "searchsorted", summary: "Where values would go in sorted numbers.", parameters: [],
    formula: "searchsorted({0}, {1})",
    infer: { types, _ throws(OperatorProblem) in
      guard types[0].shape.rank == 1 else {
        throw OperatorProblem(
          .shape, "searchsorted wants a sorted vector, {0} has the shape \(types[0].shape)",
          operands: [0])
      }
      return TensorType(types[1].shape, .i64)
    },
    kernel: { call throws(OperatorProblem) in
      switch call.inputs[0].dtype {
      // NaN counts as the largest, as in sort.
      case .f32: search(call, Float.self) { $0 < $1 || $1.isNaN && !$0.isNaN }
      case .f64: search(call, Double.self) { $0 < $1 || $1.isNaN && !$0.isNaN }
      case .i64: search(call, Int64.self, <)
      case .i32: search(call, Int32.self, <)
      case .bool: search(call, UInt8.self, <)
      }
    }, gradient: .none(because: "an index jumps"), isHidden: true)

  @inline(__always)
  private static func search<T>(_ call: KernelCall, _: T.Type, _ isLess: (T, T) -> Bool) {
    let sorted = call.inputs[0].pointer(as: T.self)
    let values = call.inputs[1].pointer(as: T.self)
    let places = call.output.pointer(as: Int64.self)
    for piece in Work.pieces(call.shape.count) {
      for i in piece {
        var (low, high) = (0, call.inputs[0].count)
        while low < high {
          let middle = (low + high) / 2
          let isBehind =
            call.attributes.flag
            ? !isLess(values[i], sorted[middle]) : isLess(sorted[middle], values[i])
          if isBehind { low = middle + 1 } else { high = middle }
        }
        places[i] = Int64(low)
      }
    }
  }
}

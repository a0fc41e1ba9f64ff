/// The rows of a broadcast of two operands: for each row of the result its offset in both.
package struct BroadcastWalk {
  package let inner: Int
  package let stepA: Int
  package let stepB: Int
  let outer: [Int]
  let stridesA: [Int]
  let stridesB: [Int]

  package init(_ a: Shape, _ b: Shape, _ shape: Shape) {
    let strideA = BroadcastWalk.strides(a, in: shape)
    let strideB = BroadcastWalk.strides(b, in: shape)
    let last = shape.rank - 1
    inner = last >= 0 ? shape[last] : 1
    stepA = last >= 0 ? strideA[last] : 0
    stepB = last >= 0 ? strideB[last] : 0
    outer = Array(shape.dims.dropLast())
    stridesA = Array(strideA.dropLast())
    stridesB = Array(strideB.dropLast())
  }

  /// Strides of an operand seen with the result's axes: 0 where it is stretched.
  package static func strides(_ operand: Shape, in shape: Shape) -> [Int] {
    var result = [Int](repeating: 0, count: shape.rank)
    let own = operand.strides
    let offset = shape.rank - operand.rank
    for axis in 0..<operand.rank where operand[axis] != 1 { result[axis + offset] = own[axis] }
    return result
  }

  package func forEachRow(_ body: (_ a: Int, _ b: Int) -> Void) {
    var rows = Rows(self)
    repeat { body(rows.a, rows.b) } while rows.advance()
  }

  /// Where the rows of both operands begin, one after the other; there is at least one.
  package struct Rows {
    package private(set) var a = 0
    package private(set) var b = 0
    private let walk: BroadcastWalk
    private var index: [Int]

    package init(_ walk: BroadcastWalk) {
      self.walk = walk
      index = [Int](repeating: 0, count: walk.outer.count)
    }

    /// Goes to the next row; false when there is none.
    package mutating func advance() -> Bool {
      for axis in walk.outer.indices.reversed() {
        index[axis] += 1
        a += walk.stridesA[axis]
        b += walk.stridesB[axis]
        if index[axis] < walk.outer[axis] { return true }
        a -= walk.stridesA[axis] * walk.outer[axis]
        b -= walk.stridesB[axis] * walk.outer[axis]
        index[axis] = 0
      }
      return false
    }
  }
}

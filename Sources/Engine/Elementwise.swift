// Element-wise kernels: one loop for one operand, one for two with broadcasting. Inlined into the
// operator records, so that the scalar function becomes part of a vectorised loop.

package enum Elementwise {
  /// y[i] = f(x[i])
  @inlinable @inline(__always)
  package static func map<T, U>(
    _ x: Buffer, _ y: Buffer, _ from: T.Type, _ to: U.Type, _ f: (T) -> U
  ) {
    let source = UnsafePointer(x.pointer(as: T.self))
    let target = y.pointer(as: U.self)
    for i in 0..<y.count { target[i] = f(source[i]) }
  }

  /// y[i] = f(a[…], b[…]) with array-programming broadcasting of both operands to `shape`.
  @inlinable @inline(__always)
  package static func zip<A, B, U>(
    _ a: Buffer, _ aShape: Shape, _ b: Buffer, _ bShape: Shape, _ y: Buffer, _ shape: Shape,
    _ types: (A.Type, B.Type, U.Type), _ f: (A, B) -> U
  ) {
    let x = UnsafePointer(a.pointer(as: A.self))
    let z = UnsafePointer(b.pointer(as: B.self))
    let target = y.pointer(as: U.self)
    if a.count == y.count && b.count == y.count {
      for i in 0..<y.count { target[i] = f(x[i], z[i]) }
    } else if b.count == 1, a.count == y.count {
      let scalar = z[0]
      for i in 0..<y.count { target[i] = f(x[i], scalar) }
    } else if a.count == 1, b.count == y.count {
      let scalar = x[0]
      for i in 0..<y.count { target[i] = f(scalar, z[i]) }
    } else if y.count > 0 {
      let walk = BroadcastWalk(aShape, bShape, shape)
      let length = walk.inner
      var i = 0
      walk.forEachRow { offsetA, offsetB in
        for j in 0..<length {
          target[i] = f(x[offsetA + j * walk.stepA], z[offsetB + j * walk.stepB])
          i += 1
        }
      }
    }
  }
}

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
    var index = [Int](repeating: 0, count: outer.count)
    var a = 0
    var b = 0
    while true {
      body(a, b)
      var axis = outer.count - 1
      while axis >= 0 {
        index[axis] += 1
        a += stridesA[axis]
        b += stridesB[axis]
        if index[axis] < outer[axis] { break }
        a -= stridesA[axis] * outer[axis]
        b -= stridesB[axis] * outer[axis]
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }
}

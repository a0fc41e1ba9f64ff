// Element-wise loops: one for one operand, one for two with broadcasting. They are part of this
// module and inlined into the operator records, so that the scalar function becomes part of a
// vectorised loop; from another module they would be called as generic code, 30 times slower.

import Engine

enum Elementwise {
  /// y[i] = f(x[i])
  @inline(__always)
  static func map<T, U>(
    _ x: Buffer, _ y: Buffer, _ from: T.Type, _ to: U.Type, _ f: (T) -> U
  ) {
    let source = UnsafePointer(x.pointer(as: T.self))
    let target = y.pointer(as: U.self)
    for piece in Work.pieces(y.count) { for i in piece { target[i] = f(source[i]) } }
  }

  /// y[i] = f(a[…], b[…]) with array-programming broadcasting of both operands to `shape`.
  @inline(__always)
  static func zip<A, B, U>(
    _ a: Buffer, _ aShape: Shape, _ b: Buffer, _ bShape: Shape, _ y: Buffer, _ shape: Shape,
    _ types: (A.Type, B.Type, U.Type), _ f: (A, B) -> U
  ) {
    let x = UnsafePointer(a.pointer(as: A.self))
    let z = UnsafePointer(b.pointer(as: B.self))
    let target = y.pointer(as: U.self)
    if a.count == y.count && b.count == y.count {
      for piece in Work.pieces(y.count) { for i in piece { target[i] = f(x[i], z[i]) } }
    } else if b.count == 1, a.count == y.count {
      let scalar = z[0]
      for piece in Work.pieces(y.count) { for i in piece { target[i] = f(x[i], scalar) } }
    } else if a.count == 1, b.count == y.count {
      let scalar = x[0]
      for piece in Work.pieces(y.count) { for i in piece { target[i] = f(scalar, z[i]) } }
    } else if y.count > 0 {
      let walk = BroadcastWalk(aShape, bShape, shape)
      let length = walk.inner
      var start = 0
      var rows = BroadcastWalk.Rows(walk)
      var work = Work()
      repeat {
        let (p, q, r) = (x + rows.a, z + rows.b, target + start)
        for piece in Work.pieces(length) {
          switch (walk.stepA, walk.stepB) {
          case (1, 1): for j in piece { r[j] = f(p[j], q[j]) }
          case (1, 0): for j in piece { r[j] = f(p[j], q[0]) }
          case (0, 1): for j in piece { r[j] = f(p[0], q[j]) }
          default: for j in piece { r[j] = f(p[j * walk.stepA], q[j * walk.stepB]) }
          }
        }
        start += length
      } while rows.advance() && !work.isOver(after: length)
    }
  }
}

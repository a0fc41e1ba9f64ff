// Sixteen vectors of sixteen lanes, turned round in registers.

struct Sixteen {
  private var vectors = InlineArray<16, SIMD16<Float>> { _ in .zero }

  @inline(__always) init() {}

  @inline(__always) subscript(_ i: Int) -> SIMD16<Float> {
    get { vectors[unchecked: i] }
    set { vectors[unchecked: i] = newValue }
  }

  /// Rows become columns.
  @inline(__always) var transposed: Sixteen { zipped.zipped.zipped.zipped }

  /// What lies in one half put between what lies in the other.
  @inline(__always) private var zipped: Sixteen {
    var next = Sixteen()
    for i in 0..<8 {
      let (a, b) = (self[i], self[i + 8])
      (next[2 * i].evenHalf, next[2 * i].oddHalf) = (a.lowHalf, b.lowHalf)
      (next[2 * i + 1].evenHalf, next[2 * i + 1].oddHalf) = (a.highHalf, b.highHalf)
    }
    return next
  }
}

import Engine
import Testing

@Suite("Shapes")
struct ShapeTests {
  @Test(
    "broadcasting",
    arguments: [
      ([], [], []), ([3], [], [3]), ([], [3], [3]), ([3], [3], [3]), ([2, 3], [3], [2, 3]),
      ([2, 1], [3], [2, 3]), ([1], [0], [0]), ([0], [1], [0]), ([2, 0], [1, 1], [2, 0]),
      ([4, 1, 2], [3, 1], [4, 3, 2]), ([1, 1, 1], [2], [1, 1, 2]),
      ([2, 3], [2], nil), ([3], [0], nil), ([2, 3], [3, 3], nil), ([2, 1, 3], [2], nil),
    ] as [([Int], [Int], [Int]?)])
  func broadcasting(_ a: [Int], _ b: [Int], _ result: [Int]?) {
    #expect(Shape(a).broadcast(with: Shape(b))?.dims == result)
    #expect(Shape(b).broadcast(with: Shape(a))?.dims == result)
  }

  @Test("what is no shape is nil, not a trap")
  func invalid() {
    #expect(Shape(checking: [-1]) == nil)
    #expect(Shape(checking: [Int](repeating: 1, count: 9)) == nil)
    #expect(Shape(checking: [.max, 2]) == nil)
    #expect(Shape(checking: [1 << 40, 1 << 40]) == nil)
    #expect(Shape(checking: [0, .max, 2]) == nil)
    #expect(Shape([1 << 31, 1]).broadcast(with: Shape([1, 1 << 31])) == nil)
  }

  @Test("count, strides, equality, text")
  func properties() {
    let shape = Shape([2, 3, 4])
    #expect(shape.count == 24 && shape.rank == 3)
    #expect(shape.strides == [12, 4, 1])
    #expect(Shape([2, 0, 3]).count == 0)
    #expect(Shape.scalar.count == 1 && Shape.scalar.strides.isEmpty)
    #expect(Shape([1]) != Shape.scalar)
    #expect(Shape([2, 3]) != Shape([3, 2]))
    #expect(Shape([0, 2]) != Shape([0, 3]))
    #expect(shape.description == "[2, 3, 4]" && Shape.scalar.description == "[]")
    #expect(Set([Shape([2, 3]), Shape([2, 3]), Shape([6])]).count == 2)
  }

  @Test("a broadcast walk meets every pair of elements in order")
  func walk() {
    let (a, b) = (Shape([2, 1, 3]), Shape([4, 1]))
    let walk = BroadcastWalk(a, b, Shape([2, 4, 3]))
    var pairs: [[Int]] = []
    walk.forEachRow { x, y in
      for j in 0..<walk.inner { pairs.append([x + j * walk.stepA, y + j * walk.stepB]) }
    }
    var expected: [[Int]] = []
    for i in 0..<2 {
      for j in 0..<4 { for k in 0..<3 { expected.append([i * 3 + k, j]) } }
    }
    #expect(pairs == expected)
  }
}

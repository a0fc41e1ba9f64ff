// Matrix products of f32, of sizes around those of tiles and panels, against sums in f64.

import Testing

@testable import Engine

@Suite(.serialized) struct PanelProductTests {
  private static let sizes = [
    (8, 16, 8), (9, 17, 9), (15, 31, 40), (16, 32, 256), (23, 33, 257), (64, 64, 64),
    (127, 48, 300), (520, 40, 10), (33, 100, 520), (8, 784, 13),
  ]

  @Test(arguments: sizes.indices, [0, 1, 2, 3])
  func sumsAreThoseOfTheDefinition(_ index: Int, _ kind: Int) throws {
    let (m, n, k) = Self.sizes[index]
    let (left, right) = (kind & 1 == 1, kind & 2 == 2)
    // Lines with room behind them, so that distances and sizes differ.
    let sizes = MatrixProduct.Sizes(
      m: m, n: n, k: k, isLeftTransposed: left, isRightTransposed: right,
      leftWidth: (left ? m : k) + 3, rightWidth: (right ? k : n) + 5, resultWidth: n + 7)
    let a = try numbers((left ? k : m) * sizes.leftWidth, 1)
    let b = try numbers((right ? n : k) * sizes.rightWidth, 2)
    let c = try numbers(m * sizes.resultWidth, 3)
    for adds in [false, true] {
      let before = (0..<c.count).map { c[$0] }
      MatrixProduct.multiply(
        a.address, b.address, c.address, sizes, isDouble: false, adds: adds)
      var worst = 0.0
      for row in 0..<m {
        for column in 0..<n {
          let place = row * sizes.resultWidth + column
          var sum = adds ? before[place] : 0
          for i in 0..<k {
            sum +=
              a[left ? i * sizes.leftWidth + row : row * sizes.leftWidth + i]
              * b[right ? column * sizes.rightWidth + i : i * sizes.rightWidth + column]
          }
          worst = max(worst, abs(c[place] - sum) / (1 + abs(sum)))
        }
      }
      #expect(worst < 1e-5, "\(sizes) adds \(adds)")
      // What lies between the lines stays.
      let kept = (0..<c.count).allSatisfy { $0 % sizes.resultWidth < n || c[$0] == before[$0] }
      #expect(kept, "\(sizes) adds \(adds)")
    }
  }

  @Test func theyAreMadeByTheLoopsWhereThereAreVectorsForThem() {
    let taken = Self.sizes.allSatisfy { PanelProduct.takes(.init(m: $0.0, n: $0.1, k: $0.2)) }
    #expect(taken == (TileVectors.available == 2))
    #expect(!PanelProduct.takes(.init(m: 128, n: 10, k: 512)))
    #expect(!PanelProduct.takes(.init(m: 1, n: 512, k: 512)))
  }

  /// Parts of a product have the bits of the whole: whatever thread makes them.
  @Test func partsHaveTheBitsOfTheWhole() throws {
    let (m, n, k) = (200, 160, 300)
    let (a, b) = (try numbers(m * k, 4), try numbers(k * n, 5))
    let (whole, parts) = (try Buffer(.f32, count: m * n), try Buffer(.f32, count: m * n))
    MatrixProduct.multiply(
      a.address, b.address, whole.address, .init(m: m, n: n, k: k), isDouble: false)
    for row in stride(from: 0, to: m, by: 40) {
      MatrixProduct.multiply(
        a.address + row * k * 4, b.address, parts.address + row * n * 4,
        .init(m: 40, n: n, k: k), isDouble: false, isAlone: false)
    }
    #expect(whole.hasSameBytes(as: parts))
  }

  private func numbers(_ count: Int, _ seed: Int) throws -> Buffer {
    let buffer = try Buffer(.f32, count: count)
    let p = buffer.pointer(as: Float.self)
    for i in 0..<count { p[i] = Float((i &* 7919 &+ seed &* 104_729) % 1013) / 1013 - 0.5 }
    return buffer
  }
}

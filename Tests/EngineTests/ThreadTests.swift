// Work that is shared by threads: every part once, and the same bits for any number of them.

import Engine
import Synchronization
import Testing

@Suite("Threads")
struct ThreadTests {
  @Test("every part is done once, job after job")
  func parts() {
    let counts = (0..<50).map { _ in Counter() }
    for _ in 0..<2000 { ThreadPool.shared.run(parts: 50) { counts[$0].add() } }
    #expect(counts.allSatisfy { $0.value == 2000 })
  }

  private final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    var value: Int { count.load(ordering: .relaxed) }
    func add() { count.add(1, ordering: .relaxed) }
  }

  /// exp(x) · y with its sum, in memory.
  private func bits(
    _ sizes: [Int], _ order: TileOrder, _ dtype: DType, results: Int, threads: Int
  ) throws -> [UInt64] {
    let count = sizes.reduce(1, *)
    let philox = Philox(seed: 1)
    let x = try Buffer(dtype, values: (0..<count).map { philox.normal(UInt64($0)) })
    let row = try Buffer(dtype, values: (0..<sizes[sizes.count - 1]).map { Double($0) / 7 })
    let (y, sum) = (try Buffer(dtype, count: count), try Buffer(dtype, count: results))
    var builder = TileBuilder(sizes: sizes, isDouble: dtype == .f64, order: order)
    let steps = Shape(sizes).strides
    let stretched = steps.indices.map { $0 == steps.count - 1 ? 1 : 0 }
    let product = builder.apply(
      .multiply,
      [
        builder.apply(.exp, [builder.operand(0, steps: steps)]),
        builder.operand(1, steps: stretched),
      ])
    builder.output(product, address: 2)
    builder.sum(product, address: 3, isMean: true)
    let program = builder.build(threads: threads)
    let scratch = try Buffer(.bool, count: program.scratchBytes)
    let addresses = [x.address, row.address, y.address, sum.address]
    try addresses.withUnsafeBufferPointer {
      program.run(try #require($0.baseAddress), scratch: scratch.address)
    }
    return withExtendedLifetime((x, row, y, sum, scratch)) {
      (y.doubles + sum.doubles).map(\.bitPattern)
    }
  }

  @Test("the same bits for any number of threads", arguments: [DType.f32, .f64])
  func sameBits(_ dtype: DType) throws {
    let cases: [([Int], TileOrder, Int)] = [
      ([20_001], .flat, 1), ([300, 67], .flat, 1), ([300, 67], .rows(67), 300),
      ([7, 3000], .rows(3000), 7), ([300, 67], .columns(67), 67), ([300, 640], .columns(640), 640),
      ([150, 1601], .columns(1601), 1601),
    ]
    for (sizes, order, results) in cases {
      let alone = try bits(sizes, order, dtype, results: results, threads: 1)
      for threads in [2, 3, 7] {
        let shared = try bits(sizes, order, dtype, results: results, threads: threads)
        #expect(shared == alone, "\(sizes), \(order), \(threads) threads")
      }
    }
  }
}

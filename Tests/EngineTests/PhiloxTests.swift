import Engine
import Testing

@Suite("The random stream")
struct PhiloxTests {
  @Test(
    "known answers of Random123 1.09, philox4x32 with ten rounds",
    arguments: [
      ([0, 0, 0, 0], [0, 0], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
      (
        [0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff], [0xffff_ffff, 0xffff_ffff],
        [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
      ),
      (
        [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0],
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
      ),
    ] as [([UInt32], [UInt32], [UInt32])])
  func knownAnswers(_ counter: [UInt32], _ key: [UInt32], _ expected: [UInt32]) {
    let philox = Philox(seed: UInt64(key[1]) << 32 | UInt64(key[0]))
    let words = philox.words((counter[0], counter[1], counter[2], counter[3]))
    #expect((0..<4).map { words[$0] } == expected)
  }

  @Test("uniform numbers: range, mean, variance, no repetition")
  func uniform() {
    let philox = Philox(seed: 7)
    let draws = (0..<20_000).map { philox.uniform(UInt64($0)) }
    #expect(draws.allSatisfy { $0 >= 0 && $0 < 1 })
    let mean = draws.reduce(0, +) / 20_000
    let variance = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000
    #expect((mean - 0.5).magnitude < 0.01 && (variance - 1.0 / 12).magnitude < 0.003)
    #expect(Set(draws).count == draws.count)
  }

  @Test("normal numbers: mean, variance, kurtosis")
  func normal() {
    let philox = Philox(seed: 8)
    let draws = (0..<50_000).map { philox.normal(UInt64($0)) }
    let moment = { (power: Int) in
      draws.reduce(0) { total, x in total + (0..<power).reduce(1) { p, _ in p * x } } / 50_000
    }
    #expect(draws.allSatisfy { $0.isFinite })
    #expect(moment(1).magnitude < 0.02 && (moment(2) - 1).magnitude < 0.03)
    #expect((moment(4) - 3).magnitude < 0.2)
  }

  @Test("a stream goes on where it stood, and is a value")
  func stream() {
    var a = RandomStream(seed: 1)
    let start = a
    #expect(a.reserve(5) == 0 && a.reserve(-1) == 5 && a.reserve(2) == 5 && a.position == 7)
    var b = start
    #expect(b.nextUniform() == Philox(seed: 1).uniform(0) && b.position == 1)
    #expect(start.position == 0)
  }

  @Test("permutations hold every number once", arguments: [-1, 0, 1, 2, 1000])
  func permutation(_ count: Int) {
    var stream = RandomStream(seed: 2)
    let order = stream.permutation(count)
    #expect(order.sorted() == Array(0..<max(0, count)))
    #expect(count < 1000 || order != Array(0..<count))
  }
}

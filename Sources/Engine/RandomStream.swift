// The one random stream of a session: counter-based, so that element i of a draw depends only on
// the seed and its position, never on the order or the number of threads.

import Glibc

/// Philox4x32-10 of Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3",
/// SC 2011.
package struct Philox: Sendable {
  package let key: (UInt32, UInt32)

  package init(seed: UInt64) { key = (UInt32(truncatingIfNeeded: seed), UInt32(seed >> 32)) }

  /// Four random words for a 128-bit counter.
  @inline(__always)
  package func words(_ counter: (UInt32, UInt32, UInt32, UInt32)) -> SIMD4<UInt32> {
    var c = counter
    var k = key
    for _ in 0..<10 {
      let a = UInt64(c.0) * 0xD251_1F53
      let b = UInt64(c.2) * 0xCD9E_8D57
      c = (
        UInt32(b >> 32) ^ c.1 ^ k.0, UInt32(truncatingIfNeeded: b),
        UInt32(a >> 32) ^ c.3 ^ k.1, UInt32(truncatingIfNeeded: a)
      )
      k = (k.0 &+ 0x9E37_79B9, k.1 &+ 0xBB67_AE85)
    }
    return SIMD4(c.0, c.1, c.2, c.3)
  }

  /// 53 random bits as a number in [0, 1).
  @inline(__always)
  package func uniform(_ position: UInt64) -> Double {
    let w = words((UInt32(truncatingIfNeeded: position), UInt32(position >> 32), 0, 0))
    let bits = (UInt64(w[0]) << 21) ^ UInt64(w[1] >> 11)
    return Double(bits & ((1 << 53) - 1)) * 0x1p-53
  }

  /// A normal number by Box and Muller's method (1958).
  @inline(__always)
  package func normal(_ position: UInt64) -> Double {
    let w = words((UInt32(truncatingIfNeeded: position), UInt32(position >> 32), 1, 0))
    let u = (Double((UInt64(w[0]) << 21) ^ UInt64(w[1] >> 11)) + 0.5) * 0x1p-53
    let v = (Double(w[2]) + 0.5) * 0x1p-32
    return (-2 * log(u)).squareRoot() * cos(2 * Double.pi * v)
  }
}

/// Seed and position of the stream; a value, so that undo is an assignment.
package struct RandomStream: Sendable, Equatable {
  package private(set) var seed: UInt64
  package private(set) var position: UInt64 = 0

  package init(seed: UInt64, position: UInt64 = 0) {
    (self.seed, self.position) = (seed, position)
  }

  /// The position from which `count` draws may be taken; the stream moves on.
  package mutating func reserve(_ count: Int) -> UInt64 {
    defer { position &+= UInt64(max(0, count)) }
    return position
  }

  /// A number in [0, 1).
  package mutating func nextUniform() -> Double {
    Philox(seed: seed).uniform(reserve(1))
  }

  /// A random order of 0..<count (Fisher and Yates); nothing when it was interrupted.
  package mutating func permutation(_ count: Int) -> [Int] {
    let start = reserve(count)
    return [Int](unsafeUninitializedCapacity: max(0, count)) { order, filled in
      guard let first = order.baseAddress else { return }
      shuffled(first, max(0, count), from: start)
      filled = Interrupts.isRequested ? 0 : max(0, count)
    }
  }

  /// The same in the memory of an i64 tensor.
  package mutating func permutation(in order: Buffer) {
    order.address.withMemoryRebound(to: Int.self, capacity: order.count) {
      shuffled($0, order.count, from: reserve(order.count))
    }
  }

  private func shuffled(_ order: UnsafeMutablePointer<Int>, _ count: Int, from start: UInt64) {
    for piece in Work.pieces(count) { for i in piece { order[i] = i } }
    let philox = Philox(seed: seed)
    for piece in Work.pieces(max(0, count - 1)) {
      for place in piece {
        let i = count - 1 - place
        let j = min(i, Int(philox.uniform(start &+ UInt64(i)) * Double(i + 1)))
        (order[i], order[j]) = (order[j], order[i])
      }
    }
  }
}

// What the machine can do: what the speed of a step is compared with.

import COpenBLAS
import Glibc

package struct MachineSpeed: Sendable {
  package let threads: Int
  /// FLOP a second in products of f32 matrices, on all threads together and on one.
  package let product: Double
  package let productOfOneThread: Double
  /// Bytes a second that all threads together read from memory, and read and write in copies.
  package let read: Double
  package let copy: Double

  package init(
    threads: Int, product: Double, productOfOneThread: Double, read: Double, copy: Double
  ) {
    (self.threads, self.product, self.productOfOneThread) = (threads, product, productOfOneThread)
    (self.read, self.copy) = (read, copy)
  }

  /// Measures for about so many seconds; throws where there is no memory for it. There are products
  /// (`MatrixProduct.problem`).
  package static func measured(seconds: Double) throws(MemoryProblem) -> MachineSpeed {
    let threads = ThreadPool.shared.threads
    let one = try product(threads: 1, seconds / 4)
    let all = threads == 1 ? one : try product(threads: threads, seconds / 4)
    let (read, copy) = try memory(threads, seconds / 2)
    return MachineSpeed(
      threads: threads, product: max(one, all), productOfOneThread: one, read: read, copy: copy)
  }

  /// Every thread multiplies matrices of its own.
  private static func product(threads: Int, _ seconds: Double) throws(MemoryProblem) -> Double {
    let n = 512
    let operands = try ones(count: 2 * n * n)
    let results = try ones(count: threads * n * n)
    let a = operands.pointer(as: Float.self)
    let c = results.pointer(as: Float.self)
    defer { withExtendedLifetime((operands, results)) {} }
    let best = try Stopwatch.best(within: seconds) {
      ThreadPool.shared.run(parts: threads) { part in
        let n32 = Int32(n)
        cblas_sgemm(
          CblasRowMajor, CblasNoTrans, CblasNoTrans, n32, n32, n32, 1, a, n32, a + n * n, n32, 0,
          c + part * n * n, n32)
      }
    }
    return 2 * Double(n * n * n * threads) / best
  }

  /// Arrays that no cache holds: 64 MiB each.
  private static func memory(_ threads: Int, _ seconds: Double) throws(MemoryProblem)
    -> (read: Double, copy: Double)
  {
    let share = (16 << 20) / threads
    let bytes = share * threads * 4
    let (source, target) = (try ones(count: share * threads), try ones(count: share * threads))
    let (from, to) = (source.pointer(as: Float.self), target.pointer(as: Float.self))
    defer { withExtendedLifetime((source, target)) {} }
    let read = try Stopwatch.best(within: seconds / 2) {
      ThreadPool.shared.run(parts: threads) { part in
        to[part * share] = BlockSum.sum(from + part * share, share)
      }
    }
    let copy = try Stopwatch.best(within: seconds / 2) {
      ThreadPool.shared.run(parts: threads) { part in
        memcpy(to + part * share, from + part * share, share * 4)
      }
    }
    return (Double(bytes) / read, 2 * Double(bytes) / copy)
  }

  private static func ones(count: Int) throws(MemoryProblem) -> Buffer {
    let buffer = try Buffer(.f32, count: count)
    buffer.fill { _ in 1 }
    return buffer
  }
}

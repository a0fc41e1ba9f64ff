import CProcessor
import Glibc
import Synchronization

/// The pool from which buffers come, with one count and one limit for all of them.
///
/// Blocks are rounded up to a size class and kept for reuse; large ones ask for huge pages.
package enum Memory {
  private struct Pool: ~Copyable {
    /// Addresses by capacity.
    var free: [Int: [UInt]] = [:]
    var inUse = 0
    var pooled = 0
    var peak = 0
    var limit = Memory.defaultLimit()
  }

  private static let pool = Mutex<Pool>(Pool())

  /// Bytes in buffers that are alive.
  package static var bytesInUse: Int { pool.withLock { $0.inUse } }
  /// The most bytes that were alive at one time.
  package static var peakBytes: Int { pool.withLock { $0.peak } }
  /// Bytes of buffers that nobody holds any more, kept to be given out again.
  package static var pooledBytes: Int { pool.withLock { $0.pooled } }
  package static var limit: Int { pool.withLock { $0.limit } }

  /// Bytes of the machine's memory that the process holds, buffers and everything else; what the
  /// pool could give back does not count.
  package static var residentBytes: Int {
    let (inUse, pooled) = pool.withLock { ($0.inUse, $0.pooled) }
    guard let file = fopen("/proc/self/statm", "r") else { return inUse }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, 128, file) != nil else { return inUse }
    let text = String(
      decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let fields = text.split(separator: " ")
    guard fields.count > 1, let pages = Int(fields[1]) else { return inUse }
    return max(inUse, pages * sysconf(Int32(_SC_PAGESIZE)) - pooled)
  }

  package static func setLimit(_ bytes: Int) { pool.withLock { $0.limit = bytes } }

  /// All threads share one arena of malloc: one of its own would grow by single pages, with a call
  /// of the system for each.
  package static func useOneArena() { malloc_one_arena() }

  static func allocate(bytes: Int) throws(MemoryProblem) -> (UnsafeMutableRawPointer, Int) {
    guard bytes <= min(limit, Int.max / 8) else { throw MemoryProblem(bytes: bytes, limit: limit) }
    let capacity = sizeClass(max(1, bytes))
    let (address, limit): (UInt, Int) = pool.withLock { pool in
      guard pool.inUse + capacity <= pool.limit else { return (0, pool.limit) }
      if let address = pool.free[capacity]?.popLast() {
        pool.pooled -= capacity
        pool.inUse += capacity
        pool.peak = max(pool.peak, pool.inUse)
        return (address, pool.limit)
      }
      if pool.inUse + pool.pooled + capacity > pool.limit { drain(&pool) }
      var block: UnsafeMutableRawPointer?
      let large = capacity >= hugePage
      guard posix_memalign(&block, large ? hugePage : 64, capacity) == 0, let block else {
        return (0, pool.limit)
      }
      if large { madvise(block, capacity, MADV_HUGEPAGE) }
      pool.inUse += capacity
      pool.peak = max(pool.peak, pool.inUse)
      return (UInt(bitPattern: block), pool.limit)
    }
    guard let block = UnsafeMutableRawPointer(bitPattern: address) else {
      throw MemoryProblem(bytes: bytes, limit: limit)
    }
    return (block, capacity)
  }

  static func release(_ block: UnsafeMutableRawPointer, capacity: Int) {
    let address = UInt(bitPattern: block)
    pool.withLock { pool in
      pool.inUse -= capacity
      pool.pooled += capacity
      pool.free[capacity, default: []].append(address)
      if pool.pooled > pooledLimit { drain(&pool) }
    }
  }

  private static let hugePage = 2 << 20
  /// What the pool may keep for reuse before everything in it goes back to the system.
  private static let pooledLimit = 1 << 30

  private static func drain(_ pool: inout Pool) {
    for blocks in pool.free.values {
      for block in blocks { Glibc.free(UnsafeMutableRawPointer(bitPattern: block)) }
    }
    pool.free.removeAll(keepingCapacity: true)
    pool.pooled = 0
  }

  /// Powers of two up to a page, then quarters of a power of two: at most a quarter is wasted.
  private static func sizeClass(_ bytes: Int) -> Int {
    if bytes <= 64 { return 64 }
    let power = 1 << (Int.bitWidth - (bytes - 1).leadingZeroBitCount)
    if power <= 4096 { return power }
    let quarter = power / 8
    return (bytes + quarter - 1) / quarter * quarter
  }

  /// 80 % of the machine's memory or of the control group's limit, whichever is less.
  private static func defaultLimit() -> Int {
    var bytes = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    if let file = fopen("/sys/fs/cgroup/memory.max", "r") {
      var line = [CChar](repeating: 0, count: 64)
      if fgets(&line, 64, file) != nil, let end = line.firstIndex(of: 10) {
        let text = String(decoding: line[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if let group = Int(text), group > 0 { bytes = min(bytes, group) }
      }
      fclose(file)
    }
    return bytes / 10 * 8
  }
}

// Memory that plans work in. All plans of a graph share it, because they run one after the other.

/// An arena for what a plan computes on the way, and scratch for its fused loops.
package final class PlanMemory {
  /// What is kept from one run to the next; more goes back to the pool.
  private static let kept = 4 << 20
  private var arena: Buffer?
  private var scratch: Buffer?

  package init() {}

  /// Bytes that are kept for the next run.
  package var bytes: Int { (arena?.count ?? 0) + (scratch?.count ?? 0) }

  /// Memory of at least so many bytes, aligned to 64.
  package func arena(_ bytes: Int) throws(MemoryProblem) -> UnsafeMutableRawPointer {
    try PlanMemory.grown(&arena, bytes)
  }

  package func scratch(_ bytes: Int) throws(MemoryProblem) -> UnsafeMutableRawPointer {
    try PlanMemory.grown(&scratch, bytes)
  }

  /// A run is over.
  package func release() {
    if let arena, arena.count > PlanMemory.kept { self.arena = nil }
    if let scratch, scratch.count > PlanMemory.kept { self.scratch = nil }
  }

  private static func grown(_ buffer: inout Buffer?, _ bytes: Int) throws(MemoryProblem)
    -> UnsafeMutableRawPointer
  {
    if let buffer, buffer.count >= bytes { return buffer.address }
    // The old one goes back first: the pool may give it out again.
    buffer = nil
    let grown = try Buffer(.bool, count: max(bytes, 64))
    buffer = grown
    return grown.address
  }
}

// Memory for what a plan computes on the way.

/// Where values lie in the arena of a plan: one takes the place of others that are not read again.
enum PlanArena {
  /// Sets the offsets of all storages that lie in no root's memory; the bytes of the arena.
  static func assign(_ storages: inout [Lowering.Storage]) -> Int {
    var free: [(offset: Int, bytes: Int)] = []
    var total = 0
    let order = storages.indices.filter { !storages[$0].isRoot && storages[$0].host == nil }
    let starting = order.sorted { storages[$0].first < storages[$1].first }
    let ending = order.sorted { storages[$0].last < storages[$1].last }
    var ended = 0
    for index in starting {
      while ended < ending.count, storages[ending[ended]].last < storages[index].first {
        let over = storages[ending[ended]]
        release(&free, over.offset, rounded(over.bytes))
        ended += 1
      }
      let bytes = rounded(storages[index].bytes)
      storages[index].offset = take(&free, bytes, &total)
    }
    return total
  }

  private static func rounded(_ bytes: Int) -> Int { (max(bytes, 1) + 63) & ~63 }

  /// The smallest gap that is large enough, else the end.
  private static func take(
    _ free: inout [(offset: Int, bytes: Int)], _ bytes: Int, _ total: inout Int
  ) -> Int {
    let fitting = free.indices.filter { free[$0].bytes >= bytes }
    if let best = fitting.min(by: { free[$0].bytes < free[$1].bytes }) {
      let offset = free[best].offset
      free[best].offset += bytes
      free[best].bytes -= bytes
      if free[best].bytes == 0 { free.remove(at: best) }
      return offset
    }
    // A gap at the end grows.
    if let last = free.last, last.offset + last.bytes == total {
      free.removeLast()
      total = last.offset + bytes
      return last.offset
    }
    total += bytes
    return total - bytes
  }

  private static func release(
    _ free: inout [(offset: Int, bytes: Int)], _ offset: Int, _ bytes: Int
  ) {
    var place = free.firstIndex { $0.offset > offset } ?? free.count
    free.insert((offset, bytes), at: place)
    if place + 1 < free.count, offset + bytes == free[place + 1].offset {
      free[place].bytes += free.remove(at: place + 1).bytes
    }
    if place > 0, free[place - 1].offset + free[place - 1].bytes == offset {
      free[place - 1].bytes += free.remove(at: place).bytes
      place -= 1
    }
  }
}

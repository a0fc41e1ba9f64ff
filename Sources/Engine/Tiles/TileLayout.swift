// Operands that are stretched or turned: for each axis of the loop a step in their memory.

/// Where the element at a place of the loop stands in an operand.
struct TileLayout {
  /// Sizes and steps of the axes, neighbours joined where they are one piece of memory.
  let sizes: [Int]
  let steps: [Int]

  init(sizes: [Int], steps: [Int]) {
    var (joinedSizes, joinedSteps): ([Int], [Int]) = ([], [])
    for (size, step) in zip(sizes, steps) where size != 1 {
      if let (lastSize, lastStep) = zip(joinedSizes, joinedSteps).reversed().first,
        lastStep == step * size
      {
        joinedSizes[joinedSizes.count - 1] = lastSize * size
        joinedSteps[joinedSteps.count - 1] = step
      } else {
        joinedSizes.append(size)
        joinedSteps.append(step)
      }
    }
    (self.sizes, self.steps) = (joinedSizes, joinedSteps)
  }

  /// Whether the operand's memory is in the order of the loop.
  var isPlain: Bool { steps.isEmpty || steps == [1] }
  /// Whether one number stands for all.
  var isNumber: Bool { steps.allSatisfy { $0 == 0 } }

  /// Sizes and steps, one after the other, for loops that may not count references.
  var flat: [Int] { sizes + steps }

  /// y[i] = convert(x[place of start + i])
  @inline(__always)
  static func gather<S, T>(
    _ x: UnsafePointer<S>, _ y: UnsafeMutablePointer<T>, _ start: Int, _ count: Int,
    _ layout: UnsafePointer<Int>, rank: Int, _ convert: (S) -> T
  ) {
    let (sizes, steps) = (layout, layout + rank)
    withUnsafeTemporaryAllocation(of: Int.self, capacity: Shape.maximumRank) { storage in
      guard let index = storage.baseAddress else { return }
      var (rest, offset) = (start, 0)
      for axis in (0..<rank).reversed() {
        index[axis] = rest % sizes[axis]
        rest /= sizes[axis]
        offset += index[axis] * steps[axis]
      }
      let last = rank - 1
      let (length, step) = (sizes[last], steps[last])
      var done = 0
      while true {
        let run = min(length - index[last], count - done)
        let (source, target) = (x + offset, y + done)
        switch step {
        case 0:
          let number = convert(source[0])
          for i in 0..<run { target[i] = number }
        case 1: for i in 0..<run { target[i] = convert(source[i]) }
        default: for i in 0..<run { target[i] = convert(source[i * step]) }
        }
        done += run
        if done == count { return }
        offset -= index[last] * step
        index[last] = 0
        var axis = last - 1
        while axis >= 0 {
          index[axis] += 1
          offset += steps[axis]
          if index[axis] < sizes[axis] { break }
          offset -= steps[axis] * sizes[axis]
          index[axis] = 0
          axis -= 1
        }
      }
    }
  }
}

// The tiles of a program one after the other, and its sums.

extension TileProgram {
  /// Brings operands into place, runs the instructions over one tile and writes what they made.
  @inline(__always)
  private func tile<T: TileScalar>(
    _ addresses: UnsafePointer<UnsafeMutableRawPointer>, _ start: Int, _ count: Int, _: T.Type
  ) {
    let size = MemoryLayout<T>.size
    for input in inputs {
      let memory = addresses[Int(input.address)]
      if input.layout < 0, !input.isTruth {
        let place = memory + start * size
        let padded = start + (count + T.width - 1) / T.width * T.width
        if isAligned || padded <= self.count {
          table[Int(input.place)] = place
        } else {
          let register = table[Int(input.register)]
          register.copyMemory(from: place, byteCount: count * size)
          table[Int(input.place)] = register
        }
      } else {
        gather(input, memory, start, count, T.self)
      }
    }
    for output in outputs where !output.isCopied {
      table[Int(output.place)] = addresses[Int(output.address)] + start * size
    }
    TileLoops.run(
      UnsafeBufferPointer(instructions), UnsafePointer(table), count,
      isDouble: isDouble)
    for output in outputs where output.isCopied {
      write(output, addresses[Int(output.address)], start, count, T.self)
    }
  }

  private func gather<T: TileScalar>(
    _ input: Input, _ memory: UnsafeMutableRawPointer, _ start: Int, _ count: Int, _: T.Type
  ) {
    let target = table[Int(input.place)].assumingMemoryBound(to: T.self)
    guard input.layout >= 0, let layout = layouts.baseAddress.map({ $0 + Int(input.layout) }) else {
      let source = memory.assumingMemoryBound(to: UInt8.self) + start
      for i in 0..<count { target[i] = source[i] == 0 ? 0 : 1 }
      return
    }
    let rank = Int(input.rank)
    if input.isTruth {
      TileLayout.gather(
        memory.assumingMemoryBound(to: UInt8.self), target, start, count, layout, rank: rank
      ) { $0 == 0 ? T(0) : T(1) }
    } else {
      TileLayout.gather(
        UnsafePointer(memory.assumingMemoryBound(to: T.self)), target, start, count, layout,
        rank: rank
      ) { $0 }
    }
  }

  private func write<T: TileScalar>(
    _ output: Output, _ memory: UnsafeMutableRawPointer, _ start: Int, _ count: Int, _: T.Type
  ) {
    let made = table[Int(output.place)].assumingMemoryBound(to: T.self)
    if output.isTruth {
      let target = memory.assumingMemoryBound(to: UInt8.self) + start
      for i in 0..<count { target[i] = made[i] == 0 ? 0 : 1 }
    } else {
      (memory + start * MemoryLayout<T>.size).copyMemory(
        from: made, byteCount: count * MemoryLayout<T>.size)
    }
  }

  @inline(__always)
  private func made<T>(_ sum: Sum, _: T.Type) -> UnsafePointer<T> {
    UnsafePointer(table[Int(sum.place)].assumingMemoryBound(to: T.self))
  }

  @inline(__always)
  private func store<T: TileScalar>(
    _ total: T, _ sum: Sum, _ addresses: UnsafePointer<UnsafeMutableRawPointer>, at index: Int,
    of length: Int
  ) {
    addresses[Int(sum.address)].assumingMemoryBound(to: T.self)[index] =
      sum.isMean ? total / T(length) : total
  }

  /// Tile by tile; sums are over everything.
  @inline(__always)
  func flat<T: TileScalar>(
    _ addresses: UnsafePointer<UnsafeMutableRawPointer>, _ partials: UnsafeMutablePointer<T>
  ) {
    let blocks = (count + TileProgram.tile - 1) / TileProgram.tile
    var work = Work()
    for block in 0..<blocks {
      let start = block * TileProgram.tile
      let length = min(TileProgram.tile, count - start)
      tile(addresses, start, length, T.self)
      for (index, sum) in sums.enumerated() {
        partials[index * blocks + block] = BlockSum.block(made(sum, T.self), length)
      }
      if work.isOver(after: length) { return }
    }
    for (index, sum) in sums.enumerated() {
      let parts = UnsafePointer(partials + index * blocks)
      store(blocks == 1 ? parts[0] : BlockSum.sum(parts, blocks), sum, addresses, at: 0, of: count)
    }
  }

  /// As many whole rows as fit a tile.
  @inline(__always)
  func shortRows<T: TileScalar>(
    _ addresses: UnsafePointer<UnsafeMutableRawPointer>, _ length: Int, _: T.Type
  ) {
    let rows = TileProgram.tile / length
    var work = Work()
    for start in stride(from: 0, to: count, by: rows * length) {
      let elements = min(rows * length, count - start)
      tile(addresses, start, elements, T.self)
      for sum in sums {
        let made = made(sum, T.self)
        for row in 0..<elements / length {
          store(
            BlockSum.block(made + row * length, length), sum, addresses, at: start / length + row,
            of: length)
        }
      }
      if work.isOver(after: elements) { return }
    }
  }

  /// Several tiles a row.
  @inline(__always)
  func longRows<T: TileScalar>(
    _ addresses: UnsafePointer<UnsafeMutableRawPointer>, _ length: Int,
    _ partials: UnsafeMutablePointer<T>
  ) {
    let blocks = (length + TileProgram.tile - 1) / TileProgram.tile
    var work = Work()
    for row in 0..<count / length {
      for block in 0..<blocks {
        let start = block * TileProgram.tile
        let elements = min(TileProgram.tile, length - start)
        tile(addresses, row * length + start, elements, T.self)
        for (index, sum) in sums.enumerated() {
          partials[index * blocks + block] = BlockSum.block(made(sum, T.self), elements)
        }
        if work.isOver(after: elements) { return }
      }
      for (index, sum) in sums.enumerated() {
        store(
          BlockSum.sum(UnsafePointer(partials + index * blocks), blocks), sum, addresses, at: row,
          of: length)
      }
    }
  }

  /// Rows of at most a tile's width, one below the other, a strip of columns at a time.
  @inline(__always)
  func columns<T: TileScalar>(
    _ addresses: UnsafePointer<UnsafeMutableRawPointer>, _ width: Int,
    _ partials: UnsafeMutablePointer<T>
  ) {
    let rows = count / width
    let scratch = ColumnSum<T>.levels(rows) * min(width, TileProgram.tile)
    var work = Work()
    for first in stride(from: 0, to: width, by: TileProgram.tile) {
      let strip = min(TileProgram.tile, width - first)
      // Whole rows are one piece of memory.
      let most = strip == width ? TileProgram.tile / width : 1
      for index in sums.indices { ColumnSum.clear(partials + index * scratch, width: strip) }
      var row = 0
      while row < rows {
        let height = min(most, rows - row)
        tile(addresses, row * width + first, height * strip, T.self)
        for (index, sum) in sums.enumerated() {
          ColumnSum.add(
            made(sum, T.self), rows: height, after: row, to: partials + index * scratch,
            width: strip)
        }
        row += height
        if work.isOver(after: height * strip) { return }
      }
      for (index, sum) in sums.enumerated() {
        let target = addresses[Int(sum.address)].assumingMemoryBound(to: T.self) + first
        ColumnSum.finish(partials + index * scratch, rows: rows, width: strip, target)
        if sum.isMean { for j in 0..<strip { target[j] /= T(rows) } }
      }
    }
  }
}

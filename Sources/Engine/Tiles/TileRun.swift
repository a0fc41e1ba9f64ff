// The tiles of a program one after the other, and its sums.

import CProcessor

/// A run of a program by one thread.
struct TileRun<T: TileScalar> {
  private let program: TileProgram
  private let table: UnsafeMutablePointer<UnsafeMutableRawPointer>
  private let addresses: UnsafePointer<UnsafeMutableRawPointer>
  private let partials: UnsafeMutablePointer<T>

  @inline(__always)
  init(
    _ program: TileProgram, _ table: UnsafeMutablePointer<UnsafeMutableRawPointer>,
    _ addresses: UnsafePointer<UnsafeMutableRawPointer>, _ partials: UnsafeMutablePointer<T>
  ) {
    (self.program, self.table) = (program, table)
    (self.addresses, self.partials) = (addresses, partials)
  }

  /// Runs some of the units of work: tiles, or rows, or strips of columns.
  @inline(__always)
  func run(_ units: Range<Int>) {
    switch program.order {
    case .flat: flat(units)
    case .rows(let length):
      if length <= TileProgram.tile { shortRows(units, length) } else { longRows(units, length) }
    case .columns(let width): columns(units, width)
    }
  }

  /// The only element of a program.
  @inline(__always)
  func number() {
    for input in program.inputs { table[Int(input.place)] = addresses[Int(input.address)] }
    for output in program.outputs { table[Int(output.place)] = addresses[Int(output.address)] }
    TileNumbers.run(program.instructions, UnsafePointer(table), T.self)
    // Sums begin with 0.
    for sum in program.sums { store(0 + made(sum)[0], sum, at: 0, of: 1) }
  }

  /// Brings operands into place, runs the instructions over one tile and writes what they made.
  @inline(__always)
  private func tile(_ start: Int, _ count: Int) {
    let size = MemoryLayout<T>.size
    for input in program.inputs {
      let memory = addresses[Int(input.address)]
      if input.layout < 0, !input.isTruth {
        let place = memory + start * size
        let padded = start + (count + T.width - 1) / T.width * T.width
        if program.isAligned || padded <= program.count {
          table[Int(input.place)] = place
        } else {
          let register = table[Int(input.register)]
          register.copyMemory(from: place, byteCount: count * size)
          table[Int(input.place)] = register
        }
      } else {
        gather(input, memory, start, count)
      }
    }
    for output in program.outputs where !output.isCopied {
      table[Int(output.place)] = addresses[Int(output.address)] + start * size
    }
    compute(count, start + count)
    for output in program.outputs where output.isCopied {
      write(output, addresses[Int(output.address)], start, count)
    }
  }

  /// Runs the instructions over the tile that is in place. Where operands come from memory, the tile
  /// that begins at `next` is asked for meanwhile, operand by operand: the processor would notice
  /// the end of a tile but not that there is another one.
  @inline(__always)
  private func compute(_ count: Int, _ next: Int) {
    let all = program.instructions
    guard program.isFromMemory, next + TileProgram.tile <= program.count else {
      return TileVectors.run(all[...], UnsafePointer(table), count, isDouble: program.isDouble)
    }
    let streams = program.inputs.count + program.outputs.count
    var done = 0
    for stream in 0..<streams {
      ask(stream, count, next)
      let end = all.count * (stream + 1) / streams
      guard end > done else { continue }
      TileVectors.run(
        all[done..<end], UnsafePointer(table), count, isDouble: program.isDouble)
      done = end
    }
  }

  /// Asks for the memory of an operand or of a result.
  @inline(__always)
  private func ask(_ stream: Int, _ count: Int, _ next: Int) {
    let bytes = count * MemoryLayout<T>.size
    if stream < program.inputs.count {
      let input = program.inputs[stream]
      guard input.layout < 0, !input.isTruth else { return }
      let memory = addresses[Int(input.address)] + next * MemoryLayout<T>.size
      for place in Swift.stride(from: 0, to: bytes, by: 64) { processor_will_read(memory + place) }
    } else {
      let output = program.outputs[stream - program.inputs.count]
      guard !output.isTruth else { return }
      let memory = addresses[Int(output.address)] + next * MemoryLayout<T>.size
      for place in Swift.stride(from: 0, to: bytes, by: 64) { processor_will_write(memory + place) }
    }
  }

  private func gather(
    _ input: TileProgram.Input, _ memory: UnsafeMutableRawPointer, _ start: Int, _ count: Int
  ) {
    let target = table[Int(input.place)].assumingMemoryBound(to: T.self)
    guard input.layout >= 0,
      let layout = program.layouts.baseAddress.map({ $0 + Int(input.layout) })
    else {
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

  private func write(
    _ output: TileProgram.Output, _ memory: UnsafeMutableRawPointer, _ start: Int, _ count: Int
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
  private func made(_ sum: TileProgram.Sum) -> UnsafePointer<T> {
    UnsafePointer(table[Int(sum.place)].assumingMemoryBound(to: T.self))
  }

  @inline(__always)
  private func store(_ total: T, _ sum: TileProgram.Sum, at index: Int, of length: Int) {
    addresses[Int(sum.address)].assumingMemoryBound(to: T.self)[index] =
      sum.isMean ? total / T(length) : total
  }

  /// Tile by tile; `finishFlat` makes the sums, which are over everything.
  @inline(__always)
  private func flat(_ blocks: Range<Int>) {
    let all = (program.count + TileProgram.tile - 1) / TileProgram.tile
    var work = Work()
    for block in blocks {
      let start = block * TileProgram.tile
      let length = min(TileProgram.tile, program.count - start)
      tile(start, length)
      for (index, sum) in program.sums.enumerated() {
        partials[index * all + block] = BlockSum.block(made(sum), length)
      }
      if work.isOver(after: length) { return }
    }
  }

  /// Adds up what the blocks came to.
  @inline(__always)
  func finishFlat() {
    let blocks = (program.count + TileProgram.tile - 1) / TileProgram.tile
    for (index, sum) in program.sums.enumerated() {
      let parts = UnsafePointer(partials + index * blocks)
      let total = blocks == 1 ? parts[0] : BlockSum.sum(parts, blocks)
      store(total, sum, at: 0, of: program.count)
    }
  }

  /// As many whole rows as fit a tile.
  @inline(__always)
  private func shortRows(_ units: Range<Int>, _ length: Int) {
    let most = TileProgram.tile / length * length
    var work = Work()
    for unit in units {
      let start = unit * most
      let elements = min(most, program.count - start)
      tile(start, elements)
      for sum in program.sums {
        let made = made(sum)
        for row in 0..<elements / length {
          store(
            BlockSum.block(made + row * length, length), sum, at: start / length + row, of: length)
        }
      }
      if work.isOver(after: elements) { return }
    }
  }

  /// Several tiles a row.
  @inline(__always)
  private func longRows(_ rows: Range<Int>, _ length: Int) {
    let blocks = (length + TileProgram.tile - 1) / TileProgram.tile
    var work = Work()
    for row in rows {
      for block in 0..<blocks {
        let start = block * TileProgram.tile
        let elements = min(TileProgram.tile, length - start)
        tile(row * length + start, elements)
        for (index, sum) in program.sums.enumerated() {
          partials[index * blocks + block] = BlockSum.block(made(sum), elements)
        }
        if work.isOver(after: elements) { return }
      }
      for (index, sum) in program.sums.enumerated() {
        let parts = UnsafePointer(partials + index * blocks)
        store(BlockSum.sum(parts, blocks), sum, at: row, of: length)
      }
    }
  }

  /// Rows of at most a tile's width, one below the other, a strip of columns at a time.
  @inline(__always)
  private func columns(_ strips: Range<Int>, _ width: Int) {
    for unit in strips {
      let first = unit * program.strip
      if !column(first, min(program.strip, width - first), width) { return }
    }
  }

  /// A strip of columns from its first on; false where it was interrupted.
  @inline(__always)
  private func column(_ first: Int, _ strip: Int, _ width: Int) -> Bool {
    let rows = program.count / width
    let scratch = ColumnSum<T>.levels(rows) * program.strip
    var work = Work()
    // Whole rows are one piece of memory.
    let most = strip == width ? TileProgram.tile / width : 1
    for index in program.sums.indices {
      ColumnSum.clear(partials + index * scratch, width: strip)
    }
    for row in stride(from: 0, to: rows, by: most) {
      let height = min(most, rows - row)
      tile(row * width + first, height * strip)
      for (index, sum) in program.sums.enumerated() {
        ColumnSum.add(
          made(sum), rows: height, after: row, to: partials + index * scratch, width: strip)
      }
      if work.isOver(after: height * strip) { return false }
    }
    finishColumns(first, strip, rows, scratch)
    return true
  }

  /// Some rows and columns of elements in rows of `width`. There are no sums but those of columns,
  /// of which a block has all rows.
  func block(_ rows: Range<Int>, _ columns: Range<Int>, _ width: Int) {
    if case .columns = program.order {
      for first in stride(from: columns.lowerBound, to: columns.upperBound, by: program.strip) {
        if !column(first, min(program.strip, columns.upperBound - first), width) { return }
      }
      return
    }
    if columns.count == width {
      return elements(rows.lowerBound * width..<rows.upperBound * width)
    }
    for row in rows where !Interrupts.isRequested {
      elements(row * width + columns.lowerBound..<row * width + columns.upperBound)
    }
  }

  private func elements(_ range: Range<Int>) {
    var work = Work()
    for start in stride(from: range.lowerBound, to: range.upperBound, by: TileProgram.tile) {
      let length = min(TileProgram.tile, range.upperBound - start)
      tile(start, length)
      if work.isOver(after: length) { return }
    }
  }

  @inline(__always)
  private func finishColumns(_ first: Int, _ strip: Int, _ rows: Int, _ scratch: Int) {
    for (index, sum) in program.sums.enumerated() {
      let target = addresses[Int(sum.address)].assumingMemoryBound(to: T.self) + first
      ColumnSum.finish(partials + index * scratch, rows: rows, width: strip, target)
      if sum.isMean { for j in 0..<strip { target[j] /= T(rows) } }
    }
  }
}

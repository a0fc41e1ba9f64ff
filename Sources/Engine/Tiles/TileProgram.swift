// A fused loop: instructions that run over tiles of at most 512 elements, which stay in the first
// cache, with operands and results in memory and sums at the end.

/// How a loop over rows and columns is cut into tiles; sums decide.
package enum TileOrder: Sendable, Equatable {
  /// Whatever the axes; sums are over everything.
  case flat
  /// Every row of so many elements has its sum.
  case rows(Int)
  /// Every one of so many columns has its sum.
  case columns(Int)
}

/// A loop that is ready to run; `TileBuilder` makes it.
package final class TileProgram: @unchecked Sendable {
  struct Input {
    /// Which of the addresses the run is given, and the place in the table.
    var address: Int32
    var place: Int32
    /// Where it is read tile by tile from memory as it is: the register for the end of the memory.
    var register: Int32
    /// Where its layout begins, negative where it needs none, and how many axes it has.
    var layout: Int32
    var rank: Int32
    var isTruth: Bool
  }

  struct Output {
    var address: Int32
    var place: Int32
    /// Whether it is made in a register first.
    var isCopied: Bool
    var isTruth: Bool
  }

  struct Sum {
    var address: Int32
    var place: Int32
    var isMean: Bool
  }

  static let tile = BlockSum.block
  package let isDouble: Bool
  package let count: Int
  package let order: TileOrder
  package let flopsPerElement: Int
  /// Bytes of scratch that a run needs.
  package let scratchBytes: Int
  package var instructionCount: Int { instructions.count }
  /// Whether tiles begin at multiples of 64 bytes.
  let isAligned: Bool
  let registers: Int
  let instructions: UnsafeMutableBufferPointer<TileInstruction>
  let inputs: UnsafeMutableBufferPointer<Input>
  let numbers: UnsafeMutableBufferPointer<Input>
  let outputs: UnsafeMutableBufferPointer<Output>
  let sums: UnsafeMutableBufferPointer<Sum>
  let layouts: UnsafeMutableBufferPointer<Int>
  /// Numbers that belong to the program, 8 bytes each.
  let constants: UnsafeMutableBufferPointer<UInt64>
  /// For every thread, where registers, operands, numbers and results are at its present tile.
  private let tables: UnsafeMutablePointer<UnsafeMutableRawPointer>
  private let places: Int
  /// Threads that share it; 1 for a small loop.
  let threads: Int
  /// Whether operands and results are so large that they do not stay in the second cache.
  let isFromMemory: Bool
  /// Whether it is a single element; see `TileNumbers`.
  let isOfNumbers: Bool
  /// Columns that are summed at a time.
  let strip: Int
  /// Elements of scratch that the sums of a thread want, or all threads together for flat sums.
  private let partials: Int
  private var scratch: UnsafeMutableRawPointer?

  init(_ parts: TileBuilder.Parts, threads wanted: Int?) {
    (isDouble, count, order) = (parts.isDouble, parts.count, parts.order)
    (registers, isAligned, places) = (parts.registers, parts.isAligned, parts.places)
    instructions = .allocating(parts.instructions)
    inputs = .allocating(parts.inputs)
    numbers = .allocating(parts.numbers)
    outputs = .allocating(parts.outputs)
    sums = .allocating(parts.sums)
    layouts = .allocating(parts.layouts)
    constants = .allocating(parts.constants)
    flopsPerElement =
      parts.instructions.reduce(0) { $0 + $1.operation.flops } + parts.sums.count
    threads =
      wanted ?? (TileProgram.isLarge(parts, flopsPerElement) ? ThreadPool.shared.threads : 1)
    isFromMemory =
      parts.count * (parts.inputs.count + parts.outputs.count) * (isDouble ? 8 : 4) > 1 << 20
    isOfNumbers = TileNumbers.suits(parts)
    strip = TileProgram.strip(order, threads)
    partials = parts.sums.count * TileProgram.partials(count, order, strip)
    let shares = order == .flat ? 1 : threads
    scratchBytes =
      (threads * registers * TileProgram.tile + shares * partials) * (isDouble ? 8 : 4)
    // Every place has some address, so that instructions may load all three.
    tables = .allocate(capacity: max(1, threads * places))
    tables.initialize(
      repeating: UnsafeMutableRawPointer(TileProgram.nowhere), count: threads * places)
    for thread in 0..<threads {
      for (index, place) in parts.constantPlaces.enumerated() {
        if let constant = constants.baseAddress.map({ $0 + index }) {
          tables[thread * places + place] = UnsafeMutableRawPointer(constant)
        }
      }
    }
  }

  /// Whether it is some microseconds of work, worth to be handed to other threads.
  private static func isLarge(_ parts: TileBuilder.Parts, _ flops: Int) -> Bool {
    let passes = parts.instructions.count + parts.inputs.count + parts.outputs.count
    return Double(parts.count) * (Double(passes) * 0.08 + Double(flops) * 0.01) > 4000
  }

  private static func strip(_ order: TileOrder, _ threads: Int) -> Int {
    guard case .columns(let width) = order, width > 0 else { return 0 }
    if threads == 1 || width < 128 { return min(width, tile) }
    return min(((width + threads - 1) / threads + 15) & ~15, tile)
  }

  private static func partials(_ count: Int, _ order: TileOrder, _ strip: Int) -> Int {
    switch order {
    case .flat: (count + tile - 1) / tile
    case .rows(let length): (length + tile - 1) / tile
    case .columns(let width): ColumnSum<Float>.levels(count / max(1, width)) * strip
    }
  }

  nonisolated(unsafe) private static let nowhere = UnsafeMutablePointer<UInt64>.allocate(
    capacity: 8)

  deinit {
    instructions.deallocate()
    inputs.deallocate()
    numbers.deallocate()
    outputs.deallocate()
    sums.deallocate()
    layouts.deallocate()
    constants.deallocate()
    tables.deallocate()
  }

  /// Runs over everything. `addresses` are those of operands and results by number; `scratch` is
  /// memory of `scratchBytes`, aligned to 64 bytes.
  package func run(
    _ addresses: UnsafePointer<UnsafeMutableRawPointer>, scratch: UnsafeMutableRawPointer
  ) {
    guard count > 0 else { return }
    prepareBlocks(addresses, scratch: scratch)
    if isDouble {
      run(addresses, scratch, Double.self)
    } else {
      run(addresses, scratch, Float.self)
    }
  }

  /// Gets ready to run, in one go or block by block.
  func prepareBlocks(
    _ addresses: UnsafePointer<UnsafeMutableRawPointer>, scratch: UnsafeMutableRawPointer
  ) {
    if self.scratch != scratch { place(scratch) }
    for thread in 0..<threads {
      let table = tables + thread * places
      for number in numbers { table[Int(number.place)] = addresses[Int(number.address)] }
    }
  }

  /// Runs over some rows and columns of elements that lie in rows of `width`, as one of as many
  /// parts as the program has threads.
  func runBlock(
    _ part: Int, rows: Range<Int>, columns: Range<Int>, of width: Int,
    _ addresses: UnsafePointer<UnsafeMutableRawPointer>, scratch: UnsafeMutableRawPointer
  ) {
    let table = tables + part * places
    let sums = scratch + threads * registers * TileProgram.tile * (isDouble ? 8 : 4)
    if isDouble {
      let share = sums.assumingMemoryBound(to: Double.self) + part * partials
      TileRun<Double>(self, table, addresses, share).block(rows, columns, width)
    } else {
      let share = sums.assumingMemoryBound(to: Float.self) + part * partials
      TileRun<Float>(self, table, addresses, share).block(rows, columns, width)
    }
  }

  private func place(_ scratch: UnsafeMutableRawPointer) {
    self.scratch = scratch
    let bytes = TileProgram.tile * (isDouble ? 8 : 4)
    for thread in 0..<threads {
      for register in 0..<registers {
        tables[thread * places + register] = scratch + (thread * registers + register) * bytes
      }
    }
  }

  /// How many pieces of work there are: tiles, or rows, or strips of columns.
  private var units: Int {
    switch order {
    case .flat: (count + TileProgram.tile - 1) / TileProgram.tile
    case .rows(let length):
      length > TileProgram.tile
        ? count / length
        : (count + TileProgram.tile / length * length - 1) / (TileProgram.tile / length * length)
    case .columns(let width): (width + strip - 1) / strip
    }
  }

  @inline(__always)
  private func run<T: TileScalar>(
    _ addresses: UnsafePointer<UnsafeMutableRawPointer>, _ scratch: UnsafeMutableRawPointer,
    _: T.Type
  ) {
    let sums = (scratch + threads * registers * TileProgram.tile * MemoryLayout<T>.size)
      .assumingMemoryBound(to: T.self)
    if isOfNumbers { return TileRun<T>(self, tables, addresses, sums).number() }
    if threads == 1 {
      TileRun<T>(self, tables, addresses, sums).run(0..<units)
    } else {
      let (units, threads, order) = (units, threads, order)
      ThreadPool.shared.run(parts: threads) { thread in
        let share = order == .flat ? sums : sums + thread * partials
        TileRun<T>(self, tables + thread * places, addresses, share)
          .run(units * thread / threads..<units * (thread + 1) / threads)
      }
    }
    if order == .flat, !Interrupts.isRequested {
      TileRun<T>(self, tables, addresses, sums).finishFlat()
    }
  }
}

extension UnsafeMutableBufferPointer {
  /// Memory with these elements; whoever holds it lets it go.
  static func allocating(_ elements: [Element]) -> UnsafeMutableBufferPointer {
    let memory = UnsafeMutableBufferPointer.allocate(capacity: elements.count)
    _ = memory.initialize(from: elements)
    return memory
  }
}

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
  let isDouble: Bool
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
  /// Where registers, operands, numbers and results are at the present tile.
  let table: UnsafeMutablePointer<UnsafeMutableRawPointer>
  private var scratch: UnsafeMutableRawPointer?

  init(_ parts: TileBuilder.Parts) {
    (isDouble, count, order) = (parts.isDouble, parts.count, parts.order)
    (registers, isAligned) = (parts.registers, parts.isAligned)
    instructions = .allocating(parts.instructions)
    inputs = .allocating(parts.inputs)
    numbers = .allocating(parts.numbers)
    outputs = .allocating(parts.outputs)
    sums = .allocating(parts.sums)
    layouts = .allocating(parts.layouts)
    constants = .allocating(parts.constants)
    flopsPerElement =
      parts.instructions.reduce(0) { $0 + $1.operation.flops } + parts.sums.count
    let size = isDouble ? 8 : 4
    let partials =
      switch order {
      case .flat: (count + TileProgram.tile - 1) / TileProgram.tile
      case .rows(let length): (length + TileProgram.tile - 1) / TileProgram.tile
      case .columns(let width):
        ColumnSum<Float>.levels(count / max(1, width)) * min(width, TileProgram.tile)
      }
    scratchBytes = (registers * TileProgram.tile + sums.count * partials) * size
    // Every place has some address, so that instructions may load all three.
    let nowhere = UnsafeMutableRawPointer(TileProgram.nowhere)
    table = .allocate(capacity: max(1, parts.places))
    table.initialize(repeating: nowhere, count: parts.places)
    for (index, place) in parts.constantPlaces.enumerated() {
      table[place] = UnsafeMutableRawPointer(
        constants.baseAddress.map { $0 + index } ?? TileProgram.nowhere)
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
    table.deallocate()
  }

  /// Runs over everything. `addresses` are those of operands and results by number; `scratch` is
  /// memory of `scratchBytes`, aligned to 64 bytes.
  package func run(
    _ addresses: UnsafePointer<UnsafeMutableRawPointer>, scratch: UnsafeMutableRawPointer
  ) {
    if self.scratch != scratch { place(scratch) }
    for number in numbers { table[Int(number.place)] = addresses[Int(number.address)] }
    if isDouble {
      run(addresses, Double.self)
    } else {
      run(addresses, Float.self)
    }
  }

  private func place(_ scratch: UnsafeMutableRawPointer) {
    self.scratch = scratch
    let bytes = TileProgram.tile * (isDouble ? 8 : 4)
    for register in 0..<registers { table[register] = scratch + register * bytes }
  }

  @inline(__always)
  private func run<T: TileScalar>(
    _ addresses: UnsafePointer<UnsafeMutableRawPointer>, _: T.Type
  ) {
    guard count > 0, let scratch else { return }
    let partials = (scratch + registers * TileProgram.tile * MemoryLayout<T>.size)
      .assumingMemoryBound(to: T.self)
    switch order {
    case .flat: flat(addresses, partials)
    case .rows(let length):
      if length <= TileProgram.tile {
        shortRows(addresses, length, T.self)
      } else {
        longRows(addresses, length, partials)
      }
    case .columns(let width): columns(addresses, width, partials)
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

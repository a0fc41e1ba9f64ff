// The compilations of the tile loops for other vectors beside the one of the baseline.

import Testing

@testable import Engine

@Suite("Vectors of the processor")
struct VectorTests {
  private static let count = 511
  /// Numbers of every size, and what is no number.
  private static let samples: [Double] = {
    let philox = Philox(seed: 3)
    let special = [0, -0.0, 1, -1, .infinity, -.infinity, .nan, 1e-45, 88.8, -88.8, 1e30, -1e30]
    return special + (special.count..<512).map { philox.normal(UInt64($0)) * Double(1 + $0 % 9) }
  }()

  /// The bits that an operation gives with loops for vectors of a width.
  private func bits<T: BinaryFloatingPoint>(
    _ operation: TileOperation, _ form: TileInstruction.Form, _ width: TileVectors.Width, _: T.Type
  ) -> [UInt64] {
    let tiles = UnsafeMutablePointer<T>.allocate(capacity: 4 * 512)
    defer { tiles.deallocate() }
    for (index, x) in Self.samples.enumerated() {
      tiles[index] = T(x)
      tiles[512 + index] = T(Self.samples[(index * 7 + 3) % 512])
      tiles[1024 + index] = T(Self.samples[(index * 5 + 1) % 512])
      tiles[1536 + index] = 0
    }
    let instructions = UnsafeMutableBufferPointer<TileInstruction>.allocate(capacity: 1)
    defer { instructions.deallocate() }
    instructions.initialize(
      repeating: TileInstruction(
        operation: operation, form: form, result: 3, operands: (0, 1, 2)))
    var table = (0..<4).map { UnsafeMutableRawPointer(tiles + $0 * 512) }
    table.withUnsafeMutableBufferPointer { table in
      guard let table = table.baseAddress else { return }
      TileVectors.run(
        instructions[...], UnsafePointer(table), Self.count, isDouble: T.self == Double.self,
        with: width)
    }
    return (0..<Self.count).map { index in
      let x = Double(tiles[1536 + index])
      return x.isNaN ? UInt64.max : x.bitPattern
    }
  }

  /// The bits that an operation gives number by number.
  private func numberBits<T: TileScalar>(_ operation: TileOperation, _: T.Type) -> [UInt64] {
    let numbers = UnsafeMutablePointer<T>.allocate(capacity: 4)
    let instructions = UnsafeMutableBufferPointer<TileInstruction>.allocate(capacity: 1)
    defer {
      numbers.deallocate()
      instructions.deallocate()
    }
    instructions.initialize(
      repeating: TileInstruction(
        operation: operation, form: .secondIsNumber, result: 3, operands: (0, 1, 2)))
    var table = (0..<4).map { UnsafeMutableRawPointer(numbers + $0) }
    return (0..<Self.count).map { index in
      numbers[0] = T(Self.samples[index])
      numbers[1] = T(Self.samples[(index * 7 + 3) % 512])
      numbers[2] = T(Self.samples[(index * 5 + 1) % 512])
      numbers[3] = 0
      table.withUnsafeMutableBufferPointer { table in
        guard let table = table.baseAddress else { return }
        TileNumbers.run(instructions, UnsafePointer(table), T.self)
      }
      let x = Double(numbers[3])
      return x.isNaN ? UInt64.max : x.bitPattern
    }
  }

  @Test("give the bits of single numbers", arguments: TileOperation.allCases)
  func sameBitsAsNumbers(_ operation: TileOperation) {
    guard operation.isOfNumbers else { return }
    #expect(
      numberBits(operation, Float.self) == bits(operation, .tiles, .baseline, Float.self))
    #expect(
      numberBits(operation, Double.self) == bits(operation, .tiles, .baseline, Double.self))
  }

  @Test("give the same bits in every operation", arguments: TileOperation.allCases)
  func sameBits(_ operation: TileOperation) {
    let forms: [TileInstruction.Form] =
      operation.operands == 2 ? [.tiles, .secondIsNumber, .firstIsNumber] : [.tiles]
    // A wider one than the processor has cannot be run.
    for width in TileVectors.Width.allCases where width.rawValue <= TileVectors.available {
      for form in forms {
        #expect(
          bits(operation, form, width, Float.self) == bits(operation, form, .baseline, Float.self))
        #expect(
          bits(operation, form, width, Double.self) == bits(operation, form, .baseline, Double.self)
        )
      }
    }
  }
}

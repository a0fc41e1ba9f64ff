// The compilation of the tile loops for the processor at hand, chosen once at start.
//
// The loops are compiled for the baseline here, and in targets of their own, from the same files, for
// the vectors of AVX2 and of AVX-512. No operation is contracted or reordered, so that all of them
// give the same bits.

import CProcessor

#if arch(x86_64)
  import TilesAVX2
  import TilesAVX512
#endif

enum TileVectors {
  /// Which vectors the loops use.
  enum Width: Int32, CaseIterable { case baseline, avx2, avx512 }

  /// What the processor has.
  static let available = processor_vector_level()

  /// What is used; the loops of this target where they were compiled for no less.
  static let width: Width =
    available > processor_compiled_vector_level()
    ? Width(rawValue: available) ?? .baseline : .baseline

  /// Runs instructions over the `count` elements of the tiles in the table.
  @inline(__always)
  static func run(
    _ instructions: Slice<UnsafeMutableBufferPointer<TileInstruction>>,
    _ table: UnsafePointer<UnsafeMutableRawPointer>, _ count: Int, isDouble: Bool,
    with width: Width = width
  ) {
    guard let start = instructions.base.baseAddress else { return }
    let (address, length) = (UnsafeRawPointer(start + instructions.startIndex), instructions.count)
    #if arch(x86_64)
      switch width {
      case .baseline: TileLoops.run(address, length, table, count, isDouble: isDouble)
      case .avx2: TilesAVX2.TileLoops.run(address, length, table, count, isDouble: isDouble)
      case .avx512: TilesAVX512.TileLoops.run(address, length, table, count, isDouble: isDouble)
      }
    #else
      TileLoops.run(address, length, table, count, isDouble: isDouble)
    #endif
  }
}

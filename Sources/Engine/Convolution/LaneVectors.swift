// The compilation of the loops of `LaneLoops` for the processor at hand.

#if arch(x86_64)
  import TilesAVX2
  import TilesAVX512
#endif

enum LaneVectors {
  /// Whether the processor multiplies and adds in one step: without that the library's products are
  /// ahead.
  static let areFast = TileVectors.available > 0

  static func sums(
    _ windows: LaneWindows, _ y: UnsafeMutableRawPointer, _ x: UnsafeRawPointer,
    _ weights: UnsafePointer<Float>, _ taps: UnsafePointer<Int>, _ ranges: UnsafePointer<Int>
  ) {
    withUnsafeBytes(of: windows) { bytes in
      guard let windows = bytes.baseAddress else { return }
      #if arch(x86_64)
        switch TileVectors.width {
        case .baseline: LaneLoops.sums(windows, y, x, weights, taps, ranges)
        case .avx2: TilesAVX2.LaneLoops.sums(windows, y, x, weights, taps, ranges)
        case .avx512: TilesAVX512.LaneLoops.sums(windows, y, x, weights, taps, ranges)
        }
      #else
        LaneLoops.sums(windows, y, x, weights, taps, ranges)
      #endif
    }
  }

  static func weights(
    _ windows: LaneWindows, _ sums: UnsafeMutableRawPointer, _ y: UnsafeRawPointer,
    _ x: UnsafeRawPointer, _ taps: UnsafePointer<Int>
  ) {
    withUnsafeBytes(of: windows) { bytes in
      guard let windows = bytes.baseAddress else { return }
      #if arch(x86_64)
        switch TileVectors.width {
        case .baseline: LaneLoops.weights(windows, sums, y, x, taps)
        case .avx2: TilesAVX2.LaneLoops.weights(windows, sums, y, x, taps)
        case .avx512: TilesAVX512.LaneLoops.weights(windows, sums, y, x, taps)
        }
      #else
        LaneLoops.weights(windows, sums, y, x, taps)
      #endif
    }
  }

  static func gather(
    _ x: UnsafeMutableRawPointer, _ source: UnsafePointer<Float>, images: Int, step: Int,
    count: Int, _ places: UnsafePointer<Int>
  ) {
    #if arch(x86_64)
      switch TileVectors.width {
      case .baseline:
        LaneLoops.gather(x, source, images: images, step: step, count: count, places)
      case .avx2:
        TilesAVX2.LaneLoops.gather(x, source, images: images, step: step, count: count, places)
      case .avx512:
        TilesAVX512.LaneLoops.gather(x, source, images: images, step: step, count: count, places)
      }
    #else
      LaneLoops.gather(x, source, images: images, step: step, count: count, places)
    #endif
  }

  static func scatter(
    _ y: UnsafeRawPointer, _ target: UnsafeMutablePointer<Float>, images: Int, step: Int, count: Int
  ) {
    #if arch(x86_64)
      switch TileVectors.width {
      case .baseline: LaneLoops.scatter(y, target, images: images, step: step, count: count)
      case .avx2:
        TilesAVX2.LaneLoops.scatter(y, target, images: images, step: step, count: count)
      case .avx512:
        TilesAVX512.LaneLoops.scatter(y, target, images: images, step: step, count: count)
      }
    #else
      LaneLoops.scatter(y, target, images: images, step: step, count: count)
    #endif
  }
}

import Engine
import Testing

@Suite("Pictures")
struct ImageTests {
  private static func buffer(_ values: [Double], _ dtype: DType = .f32) throws -> Buffer {
    let buffer = try Buffer(dtype, count: values.count)
    buffer.fill { values[$0] }
    return buffer
  }

  private static func warped(
    _ values: [Double], height: Int, width: Int, turn: (cosine: Double, sine: Double) = (1, 0),
    zoom: Double = 1, down: Double = 0, right: Double = 0, isMirrored: Bool = false,
    _ dtype: DType = .f32
  ) throws -> [Double] {
    let map = ImageWarp.Map(
      height: height, width: width, cosine: turn.cosine, sine: turn.sine, zoom: zoom, down: down,
      right: right, isMirrored: isMirrored)
    let result = try buffer([Double](repeating: -1, count: values.count), dtype)
    ImageWarp(planes: 1, height: height, width: width).run(try buffer(values, dtype), result, [map])
    return (0..<result.count).map { result[$0] }
  }

  @Test("turns, shifts and mirrors by whole pixels move elements", arguments: [DType.f32, .f64])
  func moves(_ dtype: DType) throws {
    let x: [Double] = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    let turned = try Self.warped(x, height: 3, width: 3, turn: (0, 1), dtype)
    #expect(turned == [3, 6, 9, 2, 5, 8, 1, 4, 7])
    #expect(try Self.warped(x, height: 3, width: 3, down: 1, dtype) == [0, 0, 0, 1, 2, 3, 4, 5, 6])
    #expect(
      try Self.warped(x, height: 3, width: 3, right: -1, dtype) == [2, 3, 0, 5, 6, 0, 8, 9, 0])
    #expect(
      try Self.warped(x, height: 3, width: 3, isMirrored: true, dtype) == [
        3, 2, 1, 6, 5, 4, 9, 8, 7,
      ])
    #expect(
      try Self.warped(x, height: 3, width: 3, right: 1, isMirrored: true, dtype)
        == [0, 3, 2, 0, 6, 5, 0, 9, 8])
  }

  @Test("places between pixels are between their values")
  func between() throws {
    #expect(try Self.warped([0, 2, 4, 8], height: 1, width: 4, right: 0.5) == [0, 1, 3, 6])
    #expect(try Self.warped([0, 0, 4, 0, 0], height: 1, width: 5, zoom: 2) == [0, 2, 4, 2, 0])
  }

  @Test("a grid of pictures has gaps of zeros")
  func grid() throws {
    let grid = ImageGrid(count: 3, planes: 1, height: 1, width: 2, columns: 2, gap: 1)
    let size = try #require(grid.size)
    #expect(size == (3, 5))
    let result = try Self.buffer([Double](repeating: -1, count: 15))
    grid.run(try Self.buffer([1, 2, 3, 4, 5, 6]), result)
    #expect((0..<15).map { result[$0] } == [1, 2, 0, 3, 4, 0, 0, 0, 0, 0, 5, 6, 0, 0, 0])
  }
}

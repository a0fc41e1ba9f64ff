import Testing

@testable import Engine

@Suite("Memory", .serialized)
struct MemoryTests {
  @Test("buffers are aligned, small and large", arguments: [0, 1, 3, 16, 1000, 1 << 12, 1 << 20])
  func alignment(_ count: Int) throws {
    for dtype in DType.allCases {
      let buffer = try Buffer(dtype, count: count)
      #expect(UInt(bitPattern: buffer.address) % 64 == 0)
      if count * dtype.size > 2 << 20 {
        #expect(UInt(bitPattern: buffer.address) % (2 << 20) == 0, "huge pages")
      }
    }
  }

  @Test("a block that was let go is used again for one of its size")
  func reuse() throws {
    // A size that no other test asks for.
    let count = 5_701_001
    var first: Buffer? = try Buffer(.bool, count: count)
    let address = try #require(first).address
    first = nil
    let second = try Buffer(.bool, count: count - 100)
    #expect(second.address == address)
    let third = try Buffer(.bool, count: count)
    #expect(third.address != address)
  }

  @Test("bytes are counted while a buffer lives")
  func counting() throws {
    let (block, capacity) = try Memory.allocate(bytes: 3 << 20)
    #expect(capacity >= 3 << 20 && capacity <= 4 << 20)
    #expect(Memory.bytesInUse >= capacity)
    #expect(Memory.peakBytes >= capacity)
    Memory.release(block, capacity: capacity)
  }

  @Test("at most a quarter of a block is wasted above a page")
  func waste() throws {
    for bytes in [4097, 5000, 6145, 10_000, 100_001, 1_000_003, 33_333_333] {
      let (block, capacity) = try Memory.allocate(bytes: bytes)
      #expect(capacity >= bytes && capacity <= bytes * 5 / 4 + 64, "\(bytes)")
      Memory.release(block, capacity: capacity)
    }
  }

  @Test(
    "more than the limit is a problem, not a trap",
    arguments: [1 << 50, Int.max / 8, Int.max / 4, Int.max / 2, Int.max - 1, Int.max])
  func limit(_ count: Int) {
    for dtype in [DType.bool, .f32, .f64] {
      do {
        _ = try Buffer(dtype, count: count)
        Issue.record("\(count) of \(dtype) were given")
      } catch {
        #expect(error.limit == Memory.limit)
        #expect(error.bytes > error.limit)
      }
    }
  }

  @Test("buffers hold what they were given", arguments: DType.allCases)
  func values(_ dtype: DType) throws {
    let values = dtype == .bool ? [0, 1, 1] : [0.0, -3, 7]
    let buffer = try Buffer(dtype, values: values)
    #expect(buffer.doubles == values)
    #expect((0..<3).map { buffer.whole($0) } == values.map { Int($0) })
  }

  @Test("whole numbers are read exactly, and only whole ones")
  func whole() throws {
    let wide = try Buffer(.i64, count: 2)
    wide.pointer(as: Int64.self)[0] = .max
    wide.pointer(as: Int64.self)[1] = 1 << 53 + 1
    #expect(wide.whole(0) == .max && wide.whole(1) == 1 << 53 + 1)
    let odd = try Buffer(.f64, values: [0.5, .nan, .infinity, 1e300, -2])
    #expect((0..<5).map { odd.whole($0) } == [nil, nil, nil, nil, -2])
  }
}

import Glibc
import Synchronization

/// Memory of a tensor: contiguous, row-major, 64-byte aligned, from the pool.
///
/// There is memory up to the next multiple of 64 bytes, so that loops over vectors have no tail.
/// A buffer is written once by the kernel that makes it and never changed while anybody else
/// holds it. All buffers count towards one limit (`Memory`).
package final class Buffer: @unchecked Sendable {
  package let dtype: DType
  /// Elements.
  package let count: Int
  /// At least one byte is always there, so that empty tensors have an address.
  package private(set) var address: UnsafeMutableRawPointer
  /// 0 where the memory belongs to somebody else.
  private let capacity: Int
  /// Whose memory it is a part of.
  private let whole: Buffer?

  /// Uninitialised memory; throws when the limit or the system refuses it.
  package init(_ dtype: DType, count: Int) throws(MemoryProblem) {
    precondition(count >= 0)
    self.dtype = dtype
    self.count = count
    let (bytes, overflow) = count.multipliedReportingOverflow(by: dtype.size)
    (address, capacity) = try Memory.allocate(bytes: overflow ? .max : bytes)
    whole = nil
  }

  /// Elements of another buffer, which stays as it is as long as this one is there; nil where they do not
  /// begin at a multiple of 64 bytes.
  package init?(_ range: Range<Int>, of other: Buffer) {
    precondition(range.lowerBound >= 0 && range.upperBound <= other.count)
    let offset = range.lowerBound * other.dtype.size
    guard offset % 64 == 0, other.capacity > 0 || other.whole != nil else { return nil }
    (dtype, count, capacity) = (other.dtype, range.count, 0)
    address = other.address + offset
    whole = other.whole ?? other
  }

  /// A view of memory that somebody else holds; `show` says where it is.
  package init(viewing dtype: DType, count: Int) {
    self.dtype = dtype
    self.count = count
    address = Buffer.nowhere
    capacity = 0
    whole = nil
  }

  nonisolated(unsafe) private static let nowhere = UnsafeMutableRawPointer.allocate(
    byteCount: 64, alignment: 64)

  /// Moves a view to other memory, which holds as many elements.
  package func show(_ address: UnsafeMutableRawPointer) {
    precondition(capacity == 0, "a buffer with memory of its own stays where it is")
    self.address = address
  }

  /// Whether the memory is its own.
  package var ownsMemory: Bool { capacity > 0 }

  deinit { if capacity > 0 { Memory.release(address, capacity: capacity) } }
}

/// More memory was asked for than the limit or the system allows.
package struct MemoryProblem: Error, Sendable {
  package var bytes: Int
  package var limit: Int
}

extension Buffer {
  /// Whether elements in some memory are all finite; those that are no floats are.
  package static func isFinite(_ address: UnsafeRawPointer, _ dtype: DType, count: Int) -> Bool {
    let piece = 1 << 12
    if count <= 4 * piece { return isFinite(address, dtype, 0..<count) }
    let result = Atomic<Bool>(true)
    Work.rows((count + piece - 1) / piece, of: piece) { pieces in
      let part = pieces.lowerBound * piece..<min(pieces.upperBound * piece, count)
      if !isFinite(address, dtype, part) { result.store(false, ordering: .relaxed) }
    }
    return result.load(ordering: .relaxed)
  }

  private static func isFinite(_ address: UnsafeRawPointer, _ dtype: DType, _ part: Range<Int>)
    -> Bool
  {
    switch dtype {
    case .f32:
      let x = address.assumingMemoryBound(to: Float.self)
      // The exponent of what is not finite has all bits.
      var largest: UInt32 = 0
      for index in part { largest = max(largest, x[index].bitPattern & 0x7F80_0000) }
      return largest < 0x7F80_0000
    case .f64:
      let x = address.assumingMemoryBound(to: Double.self)
      var largest: UInt64 = 0
      for index in part { largest = max(largest, x[index].bitPattern & 0x7FF0 << 48) }
      return largest < 0x7FF0 << 48
    default: return true
    }
  }

  /// The first element in some memory, as a Double.
  package static func number(_ address: UnsafeRawPointer, _ dtype: DType) -> Double {
    switch dtype {
    case .f32: Double(address.assumingMemoryBound(to: Float.self)[0])
    case .f64: address.assumingMemoryBound(to: Double.self)[0]
    case .i32: Double(address.assumingMemoryBound(to: Int32.self)[0])
    case .i64: Double(address.assumingMemoryBound(to: Int64.self)[0])
    case .bool: address.assumingMemoryBound(to: UInt8.self)[0] == 0 ? 0 : 1
    }
  }

  /// Whether another one of its type and size holds the same bits.
  package func hasSameBytes(as other: Buffer) -> Bool {
    dtype == other.dtype && count == other.count
      && memcmp(address, other.address, count * dtype.size) == 0
  }

  /// Takes the elements of another one of its type and size; nobody else may hold it.
  package func copy(from other: Buffer) {
    precondition(dtype == other.dtype && count == other.count)
    copy(from: other.address)
  }

  /// Takes as many elements of its type from some memory.
  package func copy(from other: UnsafeRawPointer) {
    address.copyMemory(from: other, byteCount: count * dtype.size)
  }

  /// The elements as `T`; the caller has checked the dtype, and keeps the buffer alive: one that is
  /// a local variable wants `defer { withExtendedLifetime(buffer) {} }`.
  package func pointer<T>(as type: T.Type = T.self) -> UnsafeMutablePointer<T> {
    precondition(MemoryLayout<T>.size == dtype.size)
    return address.assumingMemoryBound(to: type)
  }

  /// Element `index` as a Double (i64 beyond 2^53 is rounded), checked.
  package subscript(index: Int) -> Double {
    precondition(index >= 0 && index < count)
    switch dtype {
    case .f32: return Double(pointer(as: Float.self)[index])
    case .f64: return pointer(as: Double.self)[index]
    case .i32: return Double(pointer(as: Int32.self)[index])
    case .i64: return Double(pointer(as: Int64.self)[index])
    case .bool: return pointer(as: UInt8.self)[index] == 0 ? 0 : 1
    }
  }

  /// Element `index` as a whole number, exactly; nil when it is none.
  package func whole(_ index: Int) -> Int? {
    precondition(index >= 0 && index < count)
    switch dtype {
    case .f32: return Int(exactly: pointer(as: Float.self)[index])
    case .f64: return Int(exactly: pointer(as: Double.self)[index])
    case .i32: return Int(pointer(as: Int32.self)[index])
    case .i64: return Int(pointer(as: Int64.self)[index])
    case .bool: return pointer(as: UInt8.self)[index] == 0 ? 0 : 1
    }
  }

  /// All elements as Doubles.
  package var doubles: [Double] { (0..<count).map { self[$0] } }

  /// A new buffer with these values, converted; the caller has checked that they fit.
  package convenience init(_ dtype: DType, values: [Double]) throws(MemoryProblem) {
    try self.init(dtype, count: values.count)
    fill { values[$0] }
  }

  /// Element i becomes value(i), converted; the caller has checked that whole numbers fit.
  package func fill(_ value: (_ index: Int) -> Double) { fill(0..<count, value) }

  /// The same for some of the elements.
  package func fill(_ range: Range<Int>, _ value: (_ index: Int) -> Double) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    let first = range.lowerBound
    for piece in Work.pieces(range.count) {
      let places = first + piece.lowerBound..<first + piece.upperBound
      switch dtype {
      case .f32: for i in places { pointer(as: Float.self)[i] = Float(value(i)) }
      case .f64: for i in places { pointer(as: Double.self)[i] = value(i) }
      case .i32: for i in places { pointer(as: Int32.self)[i] = Int32(value(i)) }
      case .i64: for i in places { pointer(as: Int64.self)[i] = Int64(value(i)) }
      case .bool: for i in places { pointer(as: UInt8.self)[i] = value(i) != 0 ? 1 : 0 }
      }
    }
  }
}

// A value in eight bytes, as registers, variables and constants hold it (NaN boxing: Gudeman,
// "Representing Type Information in Dynamically Typed Languages", 1993).

/// A number as its own bits; everything else in the bit patterns of NaNs that no arithmetic makes.
///
/// A slot that holds an object owns one count of it: `retained` and `release` are called by hand,
/// in the files of this folder only. Elsewhere values are `Value`s.
struct Slot: BitwiseCopyable {
  let bits: UInt64

  private static let firstTag: UInt64 = 0xFFFC << 48
  private static let objectTag: UInt64 = 0xFFFF << 48

  /// A name that has no value yet.
  static let undefined = Slot(bits: firstTag)
  static let none = Slot(bits: 0xFFFD << 48)

  @inline(__always) init(bits: UInt64) { self.bits = bits }

  /// A result of arithmetic: its NaN, if it is one, is the processor's.
  @inline(__always) init(_ number: Double) { bits = number.bitPattern }
  /// A result of any function: a NaN may have any bits.
  @inline(__always) init(number: Double) {
    bits = number == number ? number.bitPattern : Double.nan.bitPattern
  }
  @inline(__always) init(_ flag: Bool) { bits = 0xFFFE << 48 | (flag ? 1 : 0) }

  /// Takes over one count of the object.
  @inline(__always) init<T: Object>(owning object: Unmanaged<T>) {
    bits = Slot.objectTag | UInt64(UInt(bitPattern: object.toOpaque()))
  }

  @inline(__always) var isNumber: Bool { bits < Slot.firstTag }
  @inline(__always) var isObject: Bool { bits >= Slot.objectTag }
  @inline(__always) var isBool: Bool { bits & ~1 == 0xFFFE << 48 }
  /// The truth value, nil for what is none.
  var flag: Bool? { isBool ? isTrue : nil }
  @inline(__always) var isTrue: Bool { bits == 0xFFFE << 48 | 1 }
  @inline(__always) var isUndefined: Bool { bits == Slot.firstTag }
  @inline(__always) var number: Double { Double(bitPattern: bits) }

  /// Whether both are numbers.
  @inline(__always) static func areNumbers(_ a: Slot, _ b: Slot) -> Bool {
    max(a.bits, b.bits) < firstTag
  }
}

// MARK: - Objects

extension Slot {
  /// The object; only where `isObject`.
  @inline(__always) var object: Unmanaged<Object> {
    let address = UInt(truncatingIfNeeded: bits & 0xFFFF_FFFF_FFFF)
    return .fromOpaque(UnsafeRawPointer(bitPattern: address).unsafelyUnwrapped)
  }

  /// The kind of the object, nil for what is none.
  @inline(__always) var kind: Object.Kind? {
    isObject ? object._withUnsafeGuaranteedRef { $0.kind } : nil
  }

  @inline(__always) func `is`(_ kind: Object.Kind) -> Bool {
    isObject && object._withUnsafeGuaranteedRef { $0.kind == kind }
  }

  /// The object as what its kind says it is.
  @inline(__always) func unmanaged<T: Object>(as type: T.Type) -> Unmanaged<T> {
    .fromOpaque(object.toOpaque())
  }

  /// Whether this slot alone holds the object.
  @inline(__always)
  func isAlone<T: Object>(as type: T.Type) -> Bool {
    guard object._withUnsafeGuaranteedRef({ $0.slots }) == 1 else { return false }
    var address = object.toOpaque()
    return withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: T.self, capacity: 1) { isKnownUniquelyReferenced(&$0.pointee) }
    }
  }

  /// Counts one holder more; only where `isObject`.
  @inline(__always) func retain() { object._withUnsafeGuaranteedRef { $0.slots &+= 1 } }

  /// The slot with one holder more.
  @inline(__always) var retained: Slot {
    if isObject { retain() }
    return self
  }

  /// Counts one holder less; the last one lets go of the object.
  @inline(__always) func release() {
    guard isObject else { return }
    let left = object._withUnsafeGuaranteedRef { object in
      object.slots &-= 1
      return object.slots
    }
    if left == 0 { releaseObject() }
  }

  @inline(never) private func releaseObject() { object.release() }

  /// A slot with one count of an object.
  init(_ object: Object) {
    if object.slots == 0 { _ = Unmanaged.passRetained(object) }
    object.slots &+= 1
    self.init(owning: Unmanaged.passUnretained(object))
  }
}

// MARK: - Values

extension Slot {
  /// A slot with one count of what the value holds.
  init(_ value: Value) {
    switch value {
    case .none: self = .none
    case .bool(let flag): self.init(flag)
    case .number(let x): self.init(number: x)
    case .string(let object): self.init(object)
    case .tensor(let object): self.init(object)
    case .tuple(let object): self.init(object)
    case .list(let object): self.init(object)
    case .record(let object): self.init(object)
    case .range(let object): self.init(object)
    case .function(let object): self.init(object)
    case .foreign(let object): self.init(ForeignBox(object))
    }
  }

  /// The value, counted by Swift from here on.
  var value: Value {
    if isNumber { return .number(number) }
    guard isObject else { return isBool ? .bool(isTrue) : .none }
    // Not `takeUnretainedValue`, which counts as if there were other threads.
    return self.object._withUnsafeGuaranteedRef { object -> Value in
      switch object.kind {
      case .string: return .string(unsafeDowncast(object, to: StringObject.self))
      case .tensor: return .tensor(unsafeDowncast(object, to: TensorObject.self))
      case .tuple: return .tuple(unsafeDowncast(object, to: TupleObject.self))
      case .list: return .list(unsafeDowncast(object, to: ListObject.self))
      case .record: return .record(unsafeDowncast(object, to: RecordObject.self))
      case .range: return .range(unsafeDowncast(object, to: RangeObject.self))
      case .closure, .function: return .function(unsafeDowncast(object, to: FunctionObject.self))
      case .foreign: return .foreign(unsafeDowncast(object, to: ForeignBox.self).object)
      case .cell, .iterator: return .none
      }
    }
  }
}

extension UnsafeMutablePointer<Slot> {
  /// Replaces what a register holds by a slot that is already counted.
  @inline(__always) func put(_ index: Int, _ slot: Slot) {
    let old = self[index]
    self[index] = slot
    old.release()
  }

  /// The register as a value, for everything that takes longer than its conversion.
  subscript(value index: Int) -> Value {
    get { self[index].value }
    nonmutating set { put(index, Slot(newValue)) }
  }

  /// Whether one of so many registers holds more than a number, a bool or none.
  @inline(__always) func holdObjects(_ count: Int) -> Bool {
    var index = 0
    while index < count {
      if self[index].isObject { return true }
      index += 1
    }
    return false
  }

  /// Lets go of a stretch of registers; numbers may stay, nobody reads them.
  @inline(__always) func clear(_ count: Int) {
    var place = self
    let end = self + count
    while place < end {
      let old = place.pointee
      if old.isObject {
        place.pointee = .none
        old.release()
      }
      place += 1
    }
  }
}

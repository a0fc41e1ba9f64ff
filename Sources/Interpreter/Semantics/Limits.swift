// What programs may take outside of tensors: memory for lists, strings and compositions, which counts
// against the same limit, and time until an interrupt is seen.

import Autodiff
import Diagnostics
import Engine

extension Session {
  /// How much may be made between two looks at what is in use.
  private static let portion = 16 << 20

  /// Asks for room for so many elements of a list, string or composition before they are made.
  ///
  /// Everything that is alive counts, not only this.
  package func reserve(_ count: Int, _ bytesEach: Int = MemoryLayout<Value>.stride) throws {
    discards.makeRoom(for: count)
    let (bytes, overflows) = count.multipliedReportingOverflow(by: bytesEach)
    // The limit stands behind a lock, and a single value asks for room at every slow instruction.
    guard !overflows, bytes <= 64 || bytes <= Memory.limit else {
      throw outOfMemory(count, bytesEach)
    }
    unchecked += bytes
    guard unchecked >= Session.portion else { return }
    unchecked = 0
    if Memory.residentBytes + bytes > Memory.limit { discards.letGoOfAll() }
    guard Memory.residentBytes + bytes <= Memory.limit else {
      throw outOfMemory(count, bytesEach)
    }
  }

  private func outOfMemory(_ count: Int, _ bytesEach: Int) -> Problem {
    let gigabytes = { (x: Double, digits: Int) in NumberFormat.fixed(x / 1e9, digits: digits) }
    let (bytes, limit) = (Double(count) * Double(bytesEach), gigabytes(Double(Memory.limit), 1))
    return Problem(
      .memory,
      bytes < 1e6
        ? "nothing more fits: the limit of \(limit) GB is reached"
        : "\(gigabytes(bytes, 3)) GB more do not fit: the limit is \(limit) GB")
  }

  /// To be called again and again by native code that may take long.
  package func poll() throws {
    if Interrupts.isRequested { throw Problem(.interrupt, "interrupted") }
  }

  /// The numbers of a range.
  func numbers(_ range: RangeObject) throws -> [Double] {
    let count = max(0, range.upper - range.lower)
    try reserve(count, 3 * MemoryLayout<Double>.stride)
    var numbers: [Double] = []
    numbers.reserveCapacity(count)
    for index in 0..<count {
      if index & 0xFFFFF == 0 { try poll() }
      numbers.append(Double(range.lower + index))
    }
    return numbers
  }

  /// The elements of what has some, in a list; nil for what has none.
  package func elements(_ value: Value) throws -> [Value]? {
    switch read(value) {
    case .list(let list): return list.elements
    case .tuple(let tuple): return tuple.elements
    case .string(let string):
      try reserve(string.text.utf8.count, 64)
      return string.text.map { .string(String($0)) }
    default: break
    }
    guard let count = length(value) else { return nil }
    try reserve(count)
    return try collect { elements in
      elements.reserveCapacity(count)
      for index in 0..<count {
        if index & 0xFFF == 0 { try poll() }
        elements.append(try element(value, index))
      }
    }
  }

  /// A comprehension is about to go over a value and keep every element.
  func reserveElements(of value: Value) throws {
    if let count = length(value) { try reserve(count) }
  }

  /// A list that grows has got another element: now and then somebody looks.
  func checkGrowth(_ count: Int) throws {
    if count & 0xFFFF == 0 { try reserve(0x10000) }
    // The storage is about to double.
    if count >= 0x10000, count & (count - 1) == 0 { try reserve(2 * count) }
  }
}

extension Session {
  /// Turns and calls that programs may still take; for programs that nobody watches.
  package var instructionLimit: Int {
    get { machine.budget }
    set { machine.budget = newValue }
  }

  /// How many turns of loops ran specialised.
  package var specializedTurns: Int { machine.specializedTurns }
}

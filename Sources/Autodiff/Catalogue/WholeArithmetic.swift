// Arithmetic of whole numbers by typed loops: exact, or reported as not fitting.

import Engine

/// An operation on two whole numbers.
enum WholeArithmetic: Sendable {
  case add, subtract, multiply, quotient, floorQuotient, floorRemainder, maximum, minimum

  /// Fills the result; false where some element has none. The switch stands outside of the loops.
  func run<T: FixedWidthInteger>(_ call: KernelCall, _ type: T.Type) -> Bool {
    // The sign bit of `wrong` collects overflow without a branch.
    var wrong: T = 0
    switch self {
    case .add:
      Kernels.zip(call, type, type) { a, b in
        let sum = a &+ b
        wrong |= (a ^ sum) & (b ^ sum)
        return sum
      }
    case .subtract:
      Kernels.zip(call, type, type) { a, b in
        let difference = a &- b
        wrong |= (a ^ b) & (a ^ difference)
        return difference
      }
    case .multiply: return checked(call, type) { $0.multipliedReportingOverflow(by: $1) }
    case .quotient: return checked(call, type) { $0.dividedReportingOverflow(by: $1) }
    case .floorQuotient: return checked(call, type) { WholeArithmetic.floorQuotient($0, $1) }
    case .floorRemainder: return checked(call, type) { WholeArithmetic.floorRemainder($0, $1) }
    case .maximum: Kernels.zip(call, type, type) { $0 > $1 ? $0 : $1 }
    case .minimum: Kernels.zip(call, type, type) { $0 < $1 ? $0 : $1 }
    }
    return wrong >= 0
  }

  @inline(__always)
  private func checked<T: FixedWidthInteger>(
    _ call: KernelCall, _ type: T.Type, _ f: (T, T) -> (T, Bool)
  ) -> Bool {
    var failed = false
    Kernels.zip(call, type, type) { a, b in
      let (result, overflow) = f(a, b)
      failed = failed || overflow
      return result
    }
    return !failed
  }

  @inline(__always)
  private static func floorQuotient<T: FixedWidthInteger>(_ a: T, _ b: T) -> (T, Bool) {
    let (q, overflow) = a.dividedReportingOverflow(by: b)
    if overflow { return (0, true) }
    return (q &* b != a && (a < 0) != (b < 0) ? q - 1 : q, false)
  }

  @inline(__always)
  private static func floorRemainder<T: FixedWidthInteger>(_ a: T, _ b: T) -> (T, Bool) {
    if b == 0 { return (0, true) }
    let r = a.remainderReportingOverflow(dividingBy: b).partialValue
    return (r != 0 && (r < 0) != (b < 0) ? r + b : r, false)
  }
}

/// A function of one whole number.
enum WholeFunction: Sendable {
  case magnitude, sign, itself

  /// The kernel of an operator on whole numbers.
  func kernel(_ call: KernelCall, _ name: String) throws(OperatorProblem) {
    let isSound = call.output.dtype == .i64 ? run(call, Int64.self) : run(call, Int32.self)
    if !isSound { throw Kernels.overflow(name, call.output.dtype) }
  }

  /// Fills the result; false where some element has none.
  private func run<T: FixedWidthInteger>(_ call: KernelCall, _: T.Type) -> Bool {
    var failed = false
    let (x, y) = (call.inputs[0], call.output)
    switch self {
    case .magnitude:
      Elementwise.map(x, y, T.self, T.self) { x in
        failed = failed || x == T.min
        return x < 0 ? 0 &- x : x
      }
    case .sign: Elementwise.map(x, y, T.self, T.self) { $0.signum() }
    case .itself: Elementwise.map(x, y, T.self, T.self) { $0 }
    }
    return !failed
  }
}

extension WholeArithmetic {
  /// Only the result has to fit: a factor of zero makes it zero, however large the others.
  static func product<T: FixedWidthInteger>(_ x: UnsafePointer<T>, _ n: Int) -> T? {
    var magnitude: UInt64 = 1
    var (isNegative, isTooLarge) = (false, false)
    var isZero = false
    for piece in Work.pieces(n) {
      for i in piece where !isZero {
        let (product, overflow) = magnitude.multipliedReportingOverflow(by: UInt64(x[i].magnitude))
        magnitude = product
        isZero = x[i] == 0
        isTooLarge = isTooLarge || overflow
        isNegative = isNegative != (x[i] < 0)
      }
    }
    if isZero { return 0 }
    if isTooLarge { return nil }
    return T(exactly: isNegative ? -Int128(magnitude) : Int128(magnitude))
  }

  static func products<T: FixedWidthInteger>(_ x: Buffer, _ y: Buffer, _ length: Int, _: T.Type)
    throws(OperatorProblem)
  {
    var failed = false
    Reductions.rows(x, y, length, T.self, T.self) { row, n in
      guard let result = product(row, n) else {
        failed = true
        return 0
      }
      return result
    }
    if failed { throw Kernels.overflow("prod", y.dtype) }
  }

  /// y[i] = x[i] + y[i − inner] within blocks, and x[i] where a block begins.
  static func runningSums<T: FixedWidthInteger>(
    _ x: Buffer, _ y: Buffer, inner: Int, block: Int, _: T.Type
  ) throws(OperatorProblem) {
    let (source, target) = (x.pointer(as: T.self), y.pointer(as: T.self))
    var failed = false
    for piece in Work.pieces(y.count) {
      for i in piece {
        let (sum, overflow) = source[i].addingReportingOverflow(
          i % block >= inner ? target[i - inner] : 0)
        target[i] = sum
        failed = failed || overflow
      }
    }
    if failed { throw Kernels.overflow("cumsum", y.dtype) }
  }

  static func clip<T: FixedWidthInteger>(_ call: KernelCall, _: T.Type) {
    let (low, high) = (call.attributes.reals[0], call.attributes.reals[1])
    let (least, most) = (T(clamping: low), T(clamping: high))
    Elementwise.map(call.inputs[0], call.output, T.self, T.self) {
      $0 < least ? least : ($0 > most ? most : $0)
    }
  }

  /// C = A · B at offsets; only the results have to fit, not the sums on the way.
  static func matmul<T: FixedWidthInteger>(
    _ call: KernelCall, _ offset: (a: Int, b: Int, c: Int), _ size: (m: Int, n: Int, k: Int),
    _: T.Type
  ) throws(OperatorProblem) {
    let a = call.inputs[0].pointer(as: T.self) + offset.a
    let b = call.inputs[1].pointer(as: T.self) + offset.b
    let c = call.output.pointer(as: T.self) + offset.c
    var failed = false
    var work = Work()
    for row in 0..<size.m {
      for column in 0..<size.n {
        var total: Int128 = 0
        for piece in Work.pieces(size.k) {
          for i in piece {
            total &+= Int128(a[row * size.k + i]) &* Int128(b[i * size.n + column])
          }
        }
        let result = T(truncatingIfNeeded: total)
        failed = failed || Int128(result) != total
        c[row * size.n + column] = result
        if work.isOver(after: size.k) { return }
      }
    }
    if failed { throw Kernels.overflow("@", call.output.dtype) }
  }

  static func negate<T: FixedWidthInteger>(_ call: KernelCall, _: T.Type) throws(OperatorProblem) {
    var failed = false
    Elementwise.map(call.inputs[0], call.output, T.self, T.self) { x in
      failed = failed || x == T.min
      return 0 &- x
    }
    if failed { throw Kernels.overflow("-", call.output.dtype) }
  }

  static func power<T: FixedWidthInteger>(_ call: KernelCall, _ type: T.Type)
    throws(OperatorProblem)
  {
    var (failed, isFraction) = (false, false)
    Kernels.zip(call, type, type) { a, b in
      guard let result = power(a, b) else {
        if b < 0 { isFraction = true } else { failed = true }
        return 0
      }
      return result
    }
    if isFraction {
      throw OperatorProblem(
        .value,
        "a negative power of whole numbers is a fraction, which \(call.output.dtype.name) "
          + "cannot hold", help: "make the base a tensor of floats first, with .f32")
    }
    if failed { throw Kernels.overflow("^", call.output.dtype) }
  }

  /// By squaring; nil where the result is a fraction or too large.
  @inline(__always)
  private static func power<T: FixedWidthInteger>(_ base: T, _ exponent: T) -> T? {
    if exponent < 0 { return base == 1 ? 1 : (base == -1 ? (exponent & 1 == 0 ? 1 : -1) : nil) }
    var (result, factor, rest): (T, T, T) = (1, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 {
        let (product, overflow) = result.multipliedReportingOverflow(by: factor)
        if overflow { return nil }
        result = product
      }
      rest >>= 1
      if rest > 0 {
        let (square, overflow) = factor.multipliedReportingOverflow(by: factor)
        if overflow { return nil }
        factor = square
      }
    }
    return result
  }
}

extension FixedWidthInteger {
  /// A whole or infinite number, or the nearest that there is.
  fileprivate init(clamping x: Double) {
    self = Self(exactly: x) ?? (x > 0 ? .max : .min)
  }
}

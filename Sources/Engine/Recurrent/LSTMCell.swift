// The arithmetic of one step of an LSTM for one sequence: over vectors, and over what is left of a row.

/// A number or a vector of numbers.
protocol StepNumber: BitwiseCopyable {
  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
  static var one: Self { get }
}

extension Float: StepNumber { @inline(__always) static var one: Float { 1 } }
extension Double: StepNumber { @inline(__always) static var one: Double { 1 } }
extension SIMD16: StepNumber where Scalar == Float {
  @inline(__always) static var one: SIMD16<Float> { SIMD16(repeating: 1) }
}
extension SIMD8: StepNumber where Scalar == Double {
  @inline(__always) static var one: SIMD8<Double> { SIMD8(repeating: 1) }
}

/// A float type whose vectors have the same arithmetic.
protocol StepScalar: TileScalar, StepNumber where Lanes: StepNumber {}
extension Float: StepScalar {}
extension Double: StepScalar {}

/// What is done at a place of a row, so many bytes from its begin.
protocol StepBody {
  func run<V: StepNumber>(_: V.Type, _ place: Int)
}

extension StepBody {
  @inline(__always)
  func overRow<T: StepScalar>(of count: Int, _: T.Type) {
    let size = MemoryLayout<T>.size
    let whole = count / T.width * T.width
    for j in stride(from: 0, to: whole, by: T.width) { run(T.Lanes.self, j * size) }
    for j in whole..<count { run(T.self, j * size) }
  }

  @inline(__always)
  func load<V: StepNumber>(_ address: UnsafeRawPointer, _: V.Type) -> V {
    address.loadUnaligned(as: V.self)
  }
}

/// c = f · c' + i · g, from rows of the gates i, f, g, o.
struct LSTMAdvance: StepBody {
  /// Bytes of a row.
  let row: Int
  let gates: UnsafeRawPointer
  /// The cell before; nil where it is zeros.
  let before: UnsafeRawPointer?
  let cell: UnsafeMutableRawPointer

  @inline(__always)
  func run<V: StepNumber>(_: V.Type, _ place: Int) {
    var new = load(gates + place, V.self) * load(gates + 2 * row + place, V.self)
    if let before { new = load(gates + row + place, V.self) * load(before + place, V.self) + new }
    (cell + place).storeBytes(of: new, as: V.self)
  }
}

/// y = o · tanh c
struct LSTMOutput: StepBody {
  let output: UnsafeRawPointer
  let squashed: UnsafeRawPointer
  let state: UnsafeMutableRawPointer

  @inline(__always)
  func run<V: StepNumber>(_: V.Type, _ place: Int) {
    (state + place).storeBytes(
      of: load(output + place, V.self) * load(squashed + place, V.self), as: V.self)
  }
}

/// The gradients of a step's sums, and of the cell before.
struct LSTMStepBack: StepBody {
  /// Bytes of a row.
  let row: Int
  /// The gradient of y, or of y, c, i, f, g, o.
  let upstream: UnsafeRawPointer
  let isWhole: Bool
  /// The gradient of y by the next step.
  let carried: UnsafeRawPointer
  /// The gradient of c by the next step, and then that of the cell before.
  let cells: UnsafeMutableRawPointer
  /// tanh c
  let squashed: UnsafeRawPointer
  /// y, c, i, f, g, o
  let state: UnsafeRawPointer
  /// The cell before; nil where it is zeros.
  let before: UnsafeRawPointer?
  let delta: UnsafeMutableRawPointer

  /// The gradient of a part of what is kept, added to what came another way.
  @inline(__always)
  private func added<V: StepNumber>(_ x: V, _ part: Int, _ place: Int) -> V {
    isWhole ? x + load(upstream + part * row + place, V.self) : x
  }

  @inline(__always)
  func run<V: StepNumber>(_: V.Type, _ place: Int) {
    let part = { (index: Int) in load(state + index * row + place, V.self) }
    let (i, f, new, o) = (part(2), part(3), part(4), part(5))
    let t = load(squashed + place, V.self)
    let arriving = load(upstream + place, V.self) + load(carried + place, V.self)
    let inner = arriving * o * (V.one - t * t) + load(UnsafeRawPointer(cells) + place, V.self)
    let cell = added(inner, 1, place)
    let store = { (x: V, gate: Int) in
      (delta + gate * row + place).storeBytes(of: x, as: V.self)
    }
    store(added(cell * new, 2, place) * (i * (V.one - i)), 0)
    if let before {
      store(added(cell * load(before + place, V.self), 3, place) * (f * (V.one - f)), 1)
    } else {
      let zero = f - f
      store(added(zero, 3, place) * (f * (V.one - f)), 1)
    }
    store(added(cell * i, 4, place) * (V.one - new * new), 2)
    store(added(arriving * t, 5, place) * (o * (V.one - o)), 3)
    (cells + place).storeBytes(of: cell * f, as: V.self)
  }
}
